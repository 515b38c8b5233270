"""Words and signs of texts in one row: a comma, a run of brackets, the end of a text each stand as a word does."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
from blake3 import blake3

from corpusscan.detector import Batch
from corpusscan.kernels import letters, sketches
from corpusscan.kernels.words import Hashes, Offsets, Words, words

BYTES = 4_096  # of a text, its first ones, in which single signs are sought: how a text is put shows early
_SIGN = re.compile(  # ASCII; Latin, Arabic and Indic ones; general and ideographic punctuation; full-width ones
    rb"[!-/:-@\[-`{-~]|\xc2[\xa1\xa7\xab\xbb\xbf]|\xd8[\x8c\x9b\x9f]|\xe0\xa5[\xa4\xa5]|\xe2\x80[\x90-\xbf]"
    rb"|\xe3\x80[\x81-\x9f]|\xef\xbc[\x81-\x8f\x9a-\xa0]"
)
SYMBOLS = (  # and emoji, and what is invisible, several in a row as one
    rb"(?:\xf0\x9f[\x80-\xbf]{2}|\xe2[\x84-\xaf][\x80-\xbf]|\xe2\x80[\x8b-\x8f]|\xe2\x81[\xa0-\xa4]|\xef\xb8[\x80-\x8f]"
    rb"|\xef\xbb\xbf|\xc2[\xa2-\xa9\xac-\xb1\xb4\xb6-\xb8])+"
)
RUNS = rb"[!-/:-@\[-`{-~]{2,24}"  # of signs of ASCII
_ODD = re.compile(SYMBOLS + rb"|" + RUNS + rb"|[#$%&*+<=>@\\^_`{|}~]")  # signs that no sentence needs
_MASK = (1 << 40) - (1 << 24)  # nothing above: so a sign is told from a word; nothing below: as features are known
END = 1 << 24  # what stands behind a text


def are(hashes: Hashes) -> npt.NDArray[np.bool_]:
    """Which of these are signs, or ends of texts, as `document_tokens` has them."""
    found: npt.NDArray[np.bool_] = hashes >> np.uint64(40) == 0
    return found


def tokens(batch: Batch, sign: re.Pattern[bytes], mask: int, end: int | None = None, most: int | None = None) -> Words:
    """The words of the texts of a batch, matches of `sign` among them, and behind each text one that is its `end`.

    A match is known by those bits of its keyed hash that are in `mask`; they are sought in the first `most` bytes of a
    text.  Where an end stands is the byte behind the text.
    """
    found = batch.feature(words)
    data, bounds = letters.contents(batch.texts["text"])
    content, count = data.tobytes(), len(batch.texts)
    tails = bounds[1:] if most is None else np.minimum(bounds[1:], bounds[:-1] + most)
    spans = [
        (text, *match.span())
        for text, (head, tail) in enumerate(zip(bounds[:-1].tolist(), tails.tolist(), strict=True))
        for match in sign.finditer(content, head, tail)
    ]
    said = [content[head:tail] for _, head, tail in spans]
    known = {one: int.from_bytes(blake3(one, key=batch.key).digest(8)) & mask for one in set(said)}
    text, head, _ = np.array(spans, np.int64).reshape(-1, 3).T
    ends = np.arange(0 if end is None else count)
    hashes = [found.hashes, np.array([known[one] for one in said], np.uint64), np.full(len(ends), end or 0, np.uint64)]
    begins = [found.begins, head - bounds[text], np.diff(bounds)[ends]]
    owner = np.concatenate([np.repeat(np.arange(count), np.diff(found.bounds)), text, ends])
    order = np.lexsort((np.concatenate(begins), owner))
    return Words(
        np.concatenate(hashes)[order],
        np.concatenate(begins)[order].astype(np.int32),
        np.append(0, np.cumsum(np.bincount(owner, minlength=count))).astype(np.int64),
    )


def odd(batch: Batch) -> Words:
    """The words of the texts of a batch, and among them the signs that no sentence needs."""
    return tokens(batch, _ODD, ~1)


def document_tokens(batch: Batch) -> tuple[Hashes, Offsets]:
    """Words, signs and ends of texts of the documents of a batch, whose texts count as one, and their bounds."""
    found = tokens(batch, _SIGN, _MASK, END, BYTES)
    return found.hashes, found.bounds[sketches.texts_of(batch)]
