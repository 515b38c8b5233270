"""Where a turn of a chat begins: the marks by which chat templates, and people who write like them, name a speaker."""

from __future__ import annotations

import numpy as np
import re2

from corpusscan.kernels.features import Reading
from corpusscan.kernels.vectors import Floats

NEAR = 8  # words before such a mark
_SPEAKER = (
    "(?:user|human|person|client|customer|question|instruction"
    "|system|assistant|response|answer|model|gpt|bot|ai|chatbot)"
)
_PATTERN = re2.compile(
    (
        r"(?i)(?:<\|[a-z_]{2,20}\|>|\[/?INST\]|<</?SYS>>|<start_of_turn>|<end_of_turn>|</s>"  # control tokens
        rf"|\n[#*_\[(<| ]{{0,6}}{_SPEAKER}[\])>|*_ ]{{0,4}}:)"  # a line that names its speaker
    ).encode()
)


def everywhere(read: Reading) -> Floats:
    """1 at each word behind which, within `NEAR` words, a turn begins; 0 elsewhere."""
    found = np.zeros(len(read.hashes) + 1, np.float32)
    data = read.data.tobytes()
    marks = np.array([match.start() for match in _PATTERN.finditer(data)], np.int64)
    words = np.searchsorted(read.places, marks)  # the first word of the mark, or behind it
    texts = np.searchsorted(read.texts, words, side="right")
    for back in range(NEAR + 1):
        place = np.maximum(words - back, 0)
        same = np.searchsorted(read.texts, place, side="right") == texts
        found[place[same & (words >= back)]] = 1
    return found[: len(read.hashes)]
