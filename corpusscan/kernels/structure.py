"""How cue words meet in a sentence: which sorts, in what order, how far apart, and which one it begins with.

Wordings differ from source to source and from language to language; that a sentence begins with a verb of overriding,
speaks of what "you" will answer and forbids something differs less.  Sorts of cue words are features alone, in pairs
and triples, and in order where they stand close together.  And an order that was smuggled into a text stands alone
there: `contrast` takes from a sentence what its document says elsewhere, for manuals are full of orders.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from corpusscan.kernels.cues import last

SORTS = 32
ROOM = 1 << 13  # features of one sentence
NEXT, CLOSE = 5, 8  # cue words after one, and words, that count as close to it
APART = 6  # sentences on either side that are left out where one is held against its document
FROM, MOST = -3.0, 2.0  # the logit of a sentence elsewhere from which on it speaks against one, and how much at most
NONE = -15.0  # the logit of a sentence without a cue word
_COUNTS = (3, 5, 8, 12, 18, 26, 40, 60)  # words
_SIZE = np.array(_COUNTS, np.int64)

Floats = npt.NDArray[np.float32]


def contrast(text: npt.NDArray[np.int64], logit: Floats) -> Floats:
    """Logits of sentences, each less that by which another one far from it in the same text exceeds `FROM`.

    It is less by at most `MOST`, so that no text hides an order by repeating it.  `text` is the number of the text of
    each sentence, ascending.  Linear in their number.
    """
    return _contrast(text, logit)  # type: ignore[no-any-return]


@njit(cache=True, nogil=True)
def _contrast(text, logit):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    out, size, first = logit.copy(), len(logit), 0
    while first < size:
        stop = first
        while stop < size and text[stop] == text[first]:
            stop += 1
        most: Any = np.float32(FROM)
        for i in range(first, stop):  # what stands before it
            if i - APART - 1 >= first:
                most = max(most, logit[i - APART - 1])
            out[i] = most
        most = np.float32(FROM)
        for i in range(stop - 1, first - 1, -1):  # and behind
            if i + APART + 1 < stop:
                most = max(most, logit[i + APART + 1])
            out[i] = logit[i] - min(max(out[i], most) - np.float32(FROM), np.float32(MOST))
        first = stop
    return out


@njit(cache=True, nogil=True, inline="always")
def _one(kind, a, b, c):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    return last(np.uint64((a * 64 + b) * 64 + c), kind)


@njit(cache=True, nogil=True)
def features(places, kinds, count, words, out):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Writes hashes of the features of `count` cue words at these places, of these sorts, among `words`; the number."""
    if count == 0:
        return 0
    mask = np.uint32(0)
    for k in range(count):
        mask |= kinds[k]
    own, sorts = np.empty(SORTS, np.int64), np.int64(0)
    for a in range(SORTS):
        if mask >> np.uint32(a) & np.uint32(1):
            own[sorts] = a
            sorts += 1
    steps = 0
    for step in _SIZE:
        steps += words >= step
    out[0], out[1] = _one(32, min(sorts, 10), 0, 0), _one(33, min(8 * count // max(words, 1), 8), 0, 0)
    out[2], size = _one(34, steps, 0, 0), 3
    size = _met(own, sorts, out, size)
    for k in range(count):
        size = _ordered(places, kinds, k, count, out, size)
    return size


@njit(cache=True, nogil=True)
def _met(own, sorts, out, size):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Sorts alone, in pairs and in triples."""
    for i in range(sorts):
        out[size] = _one(35, own[i], 0, 0)
        size += 1
        for j in range(i + 1, sorts):
            out[size] = _one(36, own[i], own[j], 0)
            size += 1
            for k in range(j + 1, sorts):
                out[size] = _one(37, own[i], own[j], own[k])
                size += 1
    return size


@njit(cache=True, nogil=True)
def _ordered(places, kinds, k, count, out, size):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """The cue word k where the sentence begins with it, and with each that follows close to it."""
    for a in range(SORTS):
        if size + SORTS * NEXT >= len(out) or not kinds[k] >> np.uint32(a) & np.uint32(1):
            continue
        if places[k] <= 2:
            out[size] = _one(38, a, min(places[k], 1), 0)
            size += 1
        for j in range(k + 1, min(count, k + 1 + NEXT)):
            apart = places[j] - places[k]
            if apart > CLOSE:
                break
            near = 0 if apart <= 1 else 1 if apart <= 3 else 2
            for b in range(SORTS):
                if kinds[j] >> np.uint32(b) & np.uint32(1):
                    out[size] = _one(39, a, b, near)
                    size += 1
    return size
