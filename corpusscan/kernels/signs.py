"""Words and signs of documents in one row: a comma, a question mark, the end of a text each stand as a word does.

How a text is put shows in its signs as much as in its common words.  Only signs near the beginning of a text are read.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
from blake3 import blake3

from corpusscan.detector import Batch
from corpusscan.kernels import letters
from corpusscan.kernels.words import Hashes, Offsets, words

BYTES = 4_096  # of a text, its first ones, in which signs are sought
_SIGN = re.compile(  # ASCII; Latin, Arabic and Indic ones; general and ideographic punctuation; full-width ones
    rb"[!-/:-@\[-`{-~]|\xc2[\xa1\xa7\xab\xbb\xbf]|\xd8[\x8c\x9b\x9f]|\xe0\xa5[\xa4\xa5]|\xe2\x80[\x90-\xbf]"
    rb"|\xe3\x80[\x81-\x9f]|\xef\xbc[\x81-\x8f\x9a-\xa0]"
)
_MASK = (1 << 40) - (1 << 24)  # nothing above: so a sign is told from a word; nothing below: as features are known
END = np.uint64(1 << 24)  # what stands behind a text


def are(hashes: Hashes) -> npt.NDArray[np.bool_]:
    """Which of these are signs, or ends of texts."""
    found: npt.NDArray[np.bool_] = hashes >> np.uint64(40) == 0
    return found


def document_tokens(batch: Batch) -> tuple[Hashes, Offsets]:
    """Words, signs and ends of texts of the documents of a batch, whose texts count as one, and their bounds."""
    found = batch.feature(words)
    data, bounds = letters.contents(batch.texts["text"])
    content, count = data.tobytes(), len(batch.texts)
    told = [
        (text, match.start() - head, int.from_bytes(blake3(match[0], key=batch.key).digest(8)) & _MASK)
        for text, (head, tail) in enumerate(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True))
        for match in _SIGN.finditer(content, head, min(tail, head + BYTES))
    ]
    text, begin, code = (np.array(part, np.uint64) for part in zip(*told, strict=True)) if told else _NOTHING
    owner = np.concatenate(
        [np.repeat(np.arange(count), np.diff(found.bounds)), text.astype(np.int64), np.arange(count)]
    )
    begins = np.concatenate([found.begins, begin.astype(np.int64), np.diff(bounds)])
    order = np.lexsort((begins, owner))
    hashes = np.concatenate([found.hashes, code, np.full(count, END)])[order]
    ends = np.append(0, np.cumsum(np.bincount(owner, minlength=count)))
    rows = batch.documents["row"].to_numpy()
    return hashes, ends[np.searchsorted(batch.texts["row"].to_numpy(), [*rows, np.iinfo(np.uint64).max])]


_NOTHING = (np.zeros(0, np.uint64),) * 3
