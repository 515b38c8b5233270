"""Where a turn of a chat begins: the marks by which chat templates, and people who write like them, name a speaker."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import re2

from corpusscan.kernels.features import Reading
from corpusscan.kernels.latent import Floats

NEAR = 8  # words before such a mark
_SPEAKER = (
    "(?:user|human|person|client|customer|question|instruction"
    "|system|assistant|response|answer|model|gpt|bot|ai|chatbot)"
)
_PATTERN = re2.compile(
    (
        r"(?i)(?:(?:<\|[a-z_]{2,20}\|>|\[/?INST\]|<</?SYS>>|<start_of_turn>|<end_of_turn>|</s>)"  # control tokens
        rf"(?:{_SPEAKER}\b)?"
        rf"|\n[#*_\[(<| ]{{0,6}}{_SPEAKER}[\])>|*_ ]{{0,4}}:)"  # a line that names its speaker
    ).encode()
)


def everywhere(read: Reading) -> Floats:
    """1 at each word behind which, within `NEAR` words, a turn begins; 0 elsewhere."""
    found = np.zeros(len(read.hashes) + 1, np.float32)
    words = np.searchsorted(read.places, _marks(read)[:, 0])  # the first word of the mark, or behind it
    texts = np.searchsorted(read.texts, words, side="right")
    for back in range(NEAR + 1):
        place = np.maximum(words - back, 0)
        same = np.searchsorted(read.texts, place, side="right") == texts
        found[place[same & (words >= back)]] = 1
    return found[: len(read.hashes)]


def marks(read: Reading) -> npt.NDArray[np.bool_]:
    """Whether each word is part of a mark."""
    first, behind = np.searchsorted(read.places, _marks(read)).T
    steps = np.zeros(len(read.hashes) + 1, np.int64)
    np.add.at(steps, first, 1)
    np.add.at(steps, behind, -1)
    return np.cumsum(steps)[:-1] > 0


def before(text: str) -> str:
    """What stands before the first mark; all of the text where nothing does, or where there is none."""
    data = text.encode("utf-8", "surrogatepass")
    found = _PATTERN.search(data)
    said = data[: found.start()].decode("utf-8", "surrogatepass").rstrip() if found else text
    return said or text


def _marks(read: Reading) -> npt.NDArray[np.int64]:
    """Bytes at which each mark begins and ends."""
    return np.array([match.span() for match in _PATTERN.finditer(read.data.tobytes())], np.int64).reshape(-1, 2)
