"""Words and signs of texts in one row: a comma, a run of brackets, the end of a text each stand as a word does."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
from blake3 import blake3
from numba import njit

from corpusscan.detector import Batch
from corpusscan.kernels import columns, sketches
from corpusscan.kernels.folding import decode
from corpusscan.kernels.words import Hashes, Offsets, Words, words

BYTES = 4_096  # of a text, its first ones, in which single signs are sought: how a text is put shows early
SINGLE, ODD, SYMBOLS, RUNS = 1, 2, 4, 8  # classes: of the last two, several in a row are one
LONGEST = 24  # signs of ASCII that are told as one
_ASCII = ((0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E))
_CLASSES = {  # code points, first and last
    SINGLE: (  # ASCII; Latin, Arabic and Indic ones; general and ideographic punctuation; full-width ones
        *_ASCII, (0xA1, 0xA1), (0xA7, 0xA7), (0xAB, 0xAB), (0xBB, 0xBB), (0xBF, 0xBF), (0x60C, 0x60C), (0x61B, 0x61B),
        (0x61F, 0x61F), (0x964, 0x965), (0x2010, 0x203F), (0x3001, 0x301F), (0xFF01, 0xFF0F), (0xFF1A, 0xFF20),
    ),
    ODD: tuple((ord(sign), ord(sign)) for sign in "#$%&*+<=>@\\^_`{|}~"),  # signs that no sentence needs
    SYMBOLS: (  # and emoji, and what is invisible
        (0xA2, 0xA9), (0xAC, 0xB1), (0xB4, 0xB4), (0xB6, 0xB8), (0x200B, 0x200F), (0x2060, 0x2064),
        (0x2100, 0x2BFF), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0x1F000, 0x1FFFF),
    ),
    RUNS: _ASCII,
}  # fmt: skip
_MASK = (1 << 40) - (1 << 24)  # nothing above: so a sign is told from a word; nothing below: as features are known
END = 1 << 24  # what stands behind a text


def are(hashes: Hashes) -> npt.NDArray[np.bool_]:
    """Which of these are signs, or ends of texts, as `document_tokens` has them."""
    found: npt.NDArray[np.bool_] = hashes >> np.uint64(40) == 0
    return found


def tokens(batch: Batch, sought: int, mask: int, end: int | None = None, most: int | None = None) -> Words:
    """The words of the texts of a batch, signs of the classes `sought` among them, and behind each text its `end`.

    Signs are known by those bits of their keyed hash that are in `mask`; they are sought in the first `most` bytes of a
    text.  Where an end stands is the byte behind the text.
    """
    found = batch.feature(words)
    data, bounds = columns.contents(batch.texts["text"])
    content, count = data.tobytes(), len(batch.texts)
    tails = bounds[1:] if most is None else np.minimum(bounds[1:], bounds[:-1] + most)
    text, head, tail = _spans(data, bounds, tails, sought, _classes()).T
    said = [content[begin:stop] for begin, stop in zip(head.tolist(), tail.tolist(), strict=True)]
    known = {one: int.from_bytes(blake3(one, key=batch.key).digest(8)) & mask for one in set(said)}
    ends = np.arange(0 if end is None else count)
    hashes = [found.hashes, np.array([known[one] for one in said], np.uint64), np.full(len(ends), end or 0, np.uint64)]
    begins = [found.begins, head - bounds[text], np.diff(bounds)[ends]]
    owner = np.concatenate([np.repeat(np.arange(count), np.diff(found.bounds)), text, ends])
    begin = np.concatenate(begins)
    order = np.argsort(owner << 32 | begin, kind="stable")  # three runs in order, which such a sort puts together
    return Words(
        np.concatenate(hashes)[order],
        begin[order].astype(np.int32),
        np.append(0, np.cumsum(np.bincount(owner, minlength=count))).astype(np.int64),
    )


def odd(batch: Batch) -> Words:
    """The words of the texts of a batch, and among them the signs that no sentence needs."""
    return tokens(batch, SYMBOLS | RUNS | ODD, ~1)


def document_tokens(batch: Batch) -> tuple[Hashes, Offsets]:
    """Words, signs and ends of texts of the documents of a batch, whose texts count as one, and their bounds."""
    found = tokens(batch, SINGLE, _MASK, END, BYTES)
    return found.hashes, found.bounds[sketches.texts_of(batch)]


@cache
def _classes() -> npt.NDArray[np.uint8]:
    """The classes of each code point."""
    found = np.zeros(0x20000, np.uint8)
    for kind, ranges in _CLASSES.items():
        for first, last in ranges:
            found[first : last + 1] |= kind
    return found


@njit(cache=True, nogil=True, inline="always")
def _class(data, at, stop, classes):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """The classes of the character at a byte, and its length."""
    code, length = (np.int64(data[at]), 1) if data[at] < 0x80 else decode(data, at, stop)
    return (classes[code] if 0 <= code < len(classes) else 0), length


@njit(cache=True, nogil=True)
def _end(data, at, stop, sought, classes):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Where the sign that begins at a byte ends, at that byte where none does, and where the next one may begin."""
    kind, length = _class(data, at, stop, classes)
    several, end = kind & sought & (SYMBOLS | RUNS), at + length
    while end < stop and (several == SYMBOLS or (several == RUNS and end - at < LONGEST)):
        other, width = _class(data, end, stop, classes)
        if not other & several:
            break
        end += width
    if several == SYMBOLS or end > at + length or kind & sought & (SINGLE | ODD):
        return end, end
    return at, at + length


@njit(cache=True, nogil=True)
def _spans(data, bounds, tails, sought, classes):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """The text, the first byte and the byte behind each sign."""
    found, size = np.empty((1_024, 3), np.int64), 0
    for row in range(len(tails)):
        at = bounds[row]
        while at < tails[row]:
            end, following = _end(data, at, tails[row], sought, classes)
            if end > at:
                if size == len(found):
                    found = np.concatenate((found, np.empty_like(found)))
                found[size] = row, at, end
                size += 1
            at = following
    return found[:size]
