"""What a classifier knows of a part of a text: hashed n-grams, and how its cue words meet (`structure`).

Characters are folded one by one (`folding`): no case, no accents, no look-alikes.  Words are runs of letters; where a
script has no spaces each character is a word, and cue words are rows of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from corpusscan.kernels import structure
from corpusscan.kernels.alphabet import ALONE, GAP, WORD
from corpusscan.kernels.cues import BEGUN, ROW, SKIP, WHOLE, Table, character, found, last, mixed, planes
from corpusscan.kernels.folding import Bytes

Places = npt.NDArray[np.int64]
VALUE = 2.0  # of the features of cue words together; those of n-grams are 1: wordings carry over less
ROOM = 1 << 13  # n-grams of one part of a text: more of it is not read
_PER_STEP = 32  # at most so many come of one character
_STEP = np.uint64(0xD6E8FEB86659FD93)


def sums(
    data: Bytes, begin: Places, end: Places, weights: npt.NDArray[np.float32], cues: Table
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Of each part of a column the sum of the weights of its features, and whether it has a cue word."""
    return _sums(data, begin, end, weights, _shift(weights), *cues, planes())  # type: ignore[no-any-return]


def rows(
    data: Bytes, begin: Places, end: Places, bits: int, cues: Table
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32], Places]:
    """Buckets and values of the features of each part, and where its own begin: a matrix, as CSR."""
    return _rows(data, begin, end, np.uint64(64 - bits), *cues, planes())  # type: ignore[no-any-return]


def words(data: Bytes, weights: npt.NDArray[np.float32], cues: Table) -> tuple[Places, Places, Places]:
    """The words of a text, begin and end in bytes, and the sum of the weights of the n-grams that end in each."""
    return _words(data, weights, _shift(weights), *cues, planes())  # type: ignore[no-any-return]


def _shift(weights: npt.NDArray[np.float32]) -> np.uint64:
    return np.uint64(65 - len(weights).bit_length())


@njit(cache=True, nogil=True)
def _walk(  # type: ignore[no-untyped-def] # noqa: ANN202, C901, PLR0912, PLR0915  # one pass over the letters
    data, begin, end, keys, sorts, plane, out, at, places, kinds  # noqa: ANN001
):  # fmt: skip
    """Writes the hashes of the n-grams of data[begin:end], and the byte at which each begins; and its cue words.

    Returns the number of n-grams, of cue words (of each the number of the word, and its sorts) and of words.

    `w1` and `w2` are the words before, `c1` to `c4` the letters of the word before the one at hand (1: its edge).
    """
    size, cued, i = 0, 0, begin
    none: Any = np.uint64(0)
    word, w1, w2, c1, c2, c3, c4 = none, none, none, none, none, none, none
    row1, row2, row3 = none, none, none  # characters without spaces before this one
    own, count, start, sign = np.uint32(0), 0, begin, none  # cues of the word at hand, words so far, where it begins
    room = len(out) - _PER_STEP
    while i <= end and size < room:
        if i < end:
            char, kind, length = character(data, i, end, plane)
        else:
            char, kind, length = none, np.int64(GAP), 1
        if kind == SKIP:
            i += length
            continue
        if kind == WORD:
            if word == 0:
                start, c1, c2, c3, c4 = i, np.uint64(1), none, none, none
                row1, row2, row3 = none, none, none
            word = mixed(word, char)
            own |= found(keys, sorts, last(word, BEGUN) | np.uint64(1))
        if kind == WORD or (word != 0 and kind != WORD):
            edge = char if kind == WORD else np.uint64(1)
            two = mixed(mixed(none, edge), c1)
            if c2:
                three = mixed(two, c2)
                out[size], at[size] = last(three, 3), start
                size += 1
                if c3:
                    four = mixed(three, c3)
                    out[size], at[size] = last(four, 4), start
                    size += 1
                    if c4:
                        out[size], at[size] = last(mixed(four, c4), 5), start
                        size += 1
            c4, c3, c2, c1 = c3, c2, c1, edge
        for turn in range(2):  # the word that ends here, and the character that is one
            if turn == 0:
                if kind == WORD or word == 0:
                    continue
                done = word
                own |= found(keys, sorts, last(word, WHOLE) | np.uint64(1))
            else:
                if kind != ALONE:
                    continue
                done, start, own = mixed(none, char), i, np.uint32(0)
                reach = mixed(none, char)
                own |= found(keys, sorts, last(reach, ROW) | np.uint64(1))
                if row1:
                    own |= found(keys, sorts, last(mixed(mixed(none, row1), char), ROW) | np.uint64(1))
                    if row2:
                        own |= found(keys, sorts, last(mixed(mixed(mixed(none, row2), row1), char), ROW) | np.uint64(1))
                        if row3:
                            reach = mixed(mixed(mixed(mixed(none, row3), row2), row1), char)
                            own |= found(keys, sorts, last(reach, ROW) | np.uint64(1))
                row3, row2, row1 = row2, row1, char
            out[size], at[size] = last(done, 11), start
            two = mixed(done * _STEP, w1)
            out[size + 1], at[size + 1] = last(two, 12), start
            out[size + 2], at[size + 2] = last(mixed(two, w2), 13), start
            out[size + 3], at[size + 3] = last(mixed(done * _STEP, w2), 14), start
            size += 4
            if sign:
                out[size], at[size] = last(mixed(done, sign), 15), start
                size += 1
            if own:
                if cued < len(kinds):
                    places[cued], kinds[cued] = count, own
                    cued += 1
                own = np.uint32(0)
            count, w2, w1, word, sign = count + 1, w1, done, none, none
        if kind == GAP:
            own = np.uint32(0)
            if i < end and data[i] > 32:  # a sign
                sign = np.uint64(data[i])
                out[size], at[size] = last(mixed(sign, min(count, 1)), 17), start
                size += 1
                row1, row2, row3 = none, none, none
        i += length
    for step in (4, 8, 16, 32):  # about how long it is
        if count >= step and size:
            out[size], at[size] = last(np.uint64(step), 18), start
            size += 1
    return size, cued, count


@njit(cache=True, nogil=True)
def _sums(data, begin, end, weights, shift, keys, sorts, plane):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    totals, cues = np.empty(len(begin), np.float32), np.empty(len(begin), np.bool_)
    out, at = np.empty(ROOM, np.uint64), np.empty(ROOM, np.int64)
    places, kinds, more = np.empty(ROOM, np.int64), np.empty(ROOM, np.uint32), np.empty(structure.ROOM, np.uint64)
    seen = np.full(len(weights), -1, np.int64)
    for n in range(len(begin)):
        size, cued, count = _walk(data, begin[n], end[n], keys, sorts, plane, out, at, places, kinds)
        met = structure.features(places, kinds, cued, count, more)
        own = _summed(out, size, shift, weights, seen, 2 * n)
        totals[n] = own + np.float32(VALUE) * _summed(more, met, shift, weights, seen, 2 * n + 1)
        cues[n] = cued > 0
    return totals, cues


@njit(cache=True, nogil=True, inline="always")
def _summed(out, size, shift, weights, seen, mark):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """The weights of some features over the root of their number; repetition adds nothing."""
    total, count = np.float32(0), 0
    for k in range(size):
        bucket = out[k] >> shift
        if seen[bucket] != mark:
            seen[bucket] = mark
            total += weights[bucket]
            count += 1
    return total / np.float32(np.sqrt(max(count, 1)))


@njit(cache=True, nogil=True)
def _once(out, size, shift):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Makes buckets of hashes, each once; the number."""
    once = np.unique(out[:size] >> shift)
    out[: len(once)] = once
    return len(once)


@njit(cache=True, nogil=True)
def _rows(data, begin, end, shift, keys, sorts, plane):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    bounds, out, at = np.zeros(len(begin) + 1, np.int64), np.empty(ROOM, np.uint64), np.empty(ROOM, np.int64)
    places, kinds, some = np.empty(ROOM, np.int64), np.empty(ROOM, np.uint32), np.empty(structure.ROOM, np.uint64)
    buckets, values = np.empty(1 << 16, np.int32), np.empty(1 << 16, np.float32)
    for n in range(len(begin)):
        size, cued, count = _walk(data, begin[n], end[n], keys, sorts, plane, out, at, places, kinds)
        size = _once(out, size, shift)
        more = _once(some, structure.features(places, kinds, cued, count, some), shift)
        first = bounds[n]
        while first + size + more > len(buckets):
            buckets, values = np.append(buckets, np.empty_like(buckets)), np.append(values, np.empty_like(values))
        for k in range(size):
            buckets[first + k], values[first + k] = out[k], 1 / np.sqrt(size)
        for k in range(more):
            buckets[first + size + k], values[first + size + k] = some[k], VALUE / np.sqrt(more)
        bounds[n + 1] = first + size + more
    return buckets[: bounds[-1]], values[: bounds[-1]], bounds


@njit(cache=True, nogil=True)
def _words(data, weights, shift, keys, sorts, plane):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    out, at = np.empty(ROOM, np.uint64), np.empty(ROOM, np.int64)
    places, kinds = np.empty(ROOM, np.int64), np.empty(ROOM, np.uint32)
    size, _, _ = _walk(data, np.int64(0), len(data), keys, sorts, plane, out, at, places, kinds)
    begin, value = np.empty(size, np.int64), np.zeros(size, np.float64)
    count = -1
    for k in range(size):
        if count < 0 or at[k] > begin[count]:
            count += 1
            begin[count] = at[k]
        value[count] += weights[out[k] >> shift]
    end = np.empty(count + 1, np.int64)
    for n in range(count + 1):
        i: Any = begin[n]
        while i < len(data):
            _, kind, length = character(data, i, len(data), plane)
            if kind == GAP or (kind == ALONE and i > begin[n]):
                break
            i += length
        end[n] = i
    return begin[: count + 1], end, value[: count + 1]
