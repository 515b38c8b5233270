"""Sentences of a column of texts, and what a classifier knows of each: hashed n-grams, sorts of cue words.

Characters are folded one by one (`folding`): no case, no accents, no look-alikes.  Words are runs of letters; where a
script has no spaces each character is a word, and cue words are rows of them.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from corpusscan.kernels import alphabet, characters, folding
from corpusscan.kernels.alphabet import ALONE, GAP, WORD
from corpusscan.kernels.folding import Bytes, decode

Places = npt.NDArray[np.int64]
Masks = npt.NDArray[np.uint16]
SORTS = 16
PROSE = 0.6  # share of letters that a sentence has at least, spaces aside
LONG, LONGEST = 400, 600  # bytes of a sentence: from here on it ends at a space, here it ends
WRAPPED = 48  # bytes of a line from which on it may go on in the next one
CLOSE = 6  # words between two cues whose order counts
VALUE = 0.5  # of a feature of sorts; one of n n-grams is 1 / sqrt(n)
ROOM = 1 << 13  # features of one part of a text: more of it is not read
_PER_STEP = 32  # at most so many come of one character, but for pairs of cues
_FACTOR, _STEP, _SKIP = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93), 4
_WHOLE, _BEGUN, _ROW = np.uint64(0x5157), np.uint64(0xBE65), np.uint64(0xA105)  # kinds of cues
_MOST_IN_ROW = 4
_PLANES = 0x20000


class Table(NamedTuple):
    """Cue words: a table of hashes with open addresses, and the sorts of each."""

    keys: npt.NDArray[np.uint64]
    sorts: Masks


def table(cues: npt.NDArray[np.uint64], sorts: Masks) -> Table:
    """Cues, ready to be looked up; one that is told twice has the sorts of both."""
    room = 1 << max(int(4 * len(cues)).bit_length(), 4)
    keys, values = np.zeros(room, np.uint64), np.zeros(room, np.uint16)
    for cue, sort in zip(cues.tolist(), sorts.tolist(), strict=True):
        at = cue & (room - 1)
        while keys[at] not in (0, cue):
            at = (at + 1) & (room - 1)
        keys[at], values[at] = cue, int(values[at]) | sort
    return Table(keys, values)


def cue(word: str) -> int:
    """The hash of a cue word; with a star behind it, of all words that begin so."""
    begun = word.endswith("*")
    data = np.frombuffer(word.rstrip("*").encode(), np.uint8)
    return int(_cue(data, begun, _plane()))


@cache
def _plane() -> npt.NDArray[np.uint32]:
    """Of each code point of the first two planes what it folds to where that is one character, and its kind above."""
    entries = alphabet._entries(folding.table())[:_PLANES].astype(np.int64)
    _, _, start, pool = folding.table()
    codes = characters.codes(pool.tobytes().decode())
    bounds = np.concatenate([[0], np.cumsum((pool & 0xC0) != 0x80)])[start]
    own = np.arange(_PLANES, dtype=np.int64)
    own[65:91] += 32
    sizes = np.diff(bounds)[np.minimum(entries, len(bounds) - 2)]
    single = codes[np.minimum(bounds[entries], len(codes) - 1)].astype(np.int64)
    folded = np.where((entries > 0) & (sizes == 1), single, own)
    kinds = alphabet.kinds()[:_PLANES].astype(np.int64)
    kinds[(kinds == alphabet.SEVERAL) | ((own >= 0xAC00) & (own <= 0xD7A3))] = WORD
    kinds[(entries > 0) & (sizes == 0)] = _SKIP
    return (folded | kinds << 24).astype(np.uint32)


def sentences(data: Bytes, offsets: Places) -> tuple[Places, Places, Places]:
    """The sentences of texts: number of the text, and the bytes of the column it takes, half-open."""
    return _sentences(data, offsets)  # type: ignore[no-any-return]


def sums(
    data: Bytes, begin: Places, end: Places, weights: npt.NDArray[np.float32], cues: Table
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], Masks]:
    """Of each part of a column the sum of the weights of its n-grams, how many it has, and its mask of sorts."""
    return _sums(data, begin, end, weights, _shift(weights), *cues, _plane())  # type: ignore[no-any-return]


def rows(
    data: Bytes, begin: Places, end: Places, bits: int, cues: Table
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32], Places]:
    """Buckets and values of the features of each part, and where its own begin: a matrix, as CSR."""
    return _rows(data, begin, end, np.uint64(64 - bits), *cues, _plane())  # type: ignore[no-any-return]


def words(data: Bytes, weights: npt.NDArray[np.float32], cues: Table) -> tuple[Places, Places, Places]:
    """The words of a text, begin and end in bytes, and the sum of the weights of the n-grams that end in each."""
    return _words(data, weights, _shift(weights), *cues, _plane())  # type: ignore[no-any-return]


def of_masks(weights: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """What the sorts of each possible mask say together: themselves, their pairs and triples."""
    return _of_masks(weights, _shift(weights))  # type: ignore[no-any-return]


def _shift(weights: npt.NDArray[np.float32]) -> np.uint64:
    return np.uint64(65 - len(weights).bit_length())


@njit(cache=True, nogil=True, inline="always")
def _mix(value, part):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    value = (value ^ np.uint64(part)) * _FACTOR
    return value ^ (value >> np.uint64(29))


@njit(cache=True, nogil=True, inline="always")
def _last(value, kind):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """The hash of a feature of some kind; its upper bits are its bucket."""
    value = (value ^ np.uint64(kind)) * _STEP
    value = (value ^ (value >> np.uint64(32))) * _FACTOR
    return value ^ (value >> np.uint64(31))


@njit(cache=True, nogil=True, inline="always")
def _character(data, i, end, plane):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """The folded character at i, its kind and its length in bytes."""
    code, length = decode(data, i, end)
    code = np.int64(data[i]) if code < 0 and data[i] < 128 else code
    if code < 0:
        return np.uint64(0), np.int64(GAP), length
    if code >= _PLANES:
        return np.uint64(code), np.int64(ALONE), length
    told = plane[code]
    return np.uint64(told & np.uint32(0xFFFFFF)), np.int64(told >> np.uint32(24)), length


@njit(cache=True, nogil=True, inline="always")
def _found(keys, sorts, key):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """The sorts of a cue, 0 where it is none."""
    room = np.uint64(len(keys) - 1)
    at = key & room
    while keys[at] != 0:
        if keys[at] == key:
            return sorts[at]
        at = (at + np.uint64(1)) & room
    return np.uint16(0)


@njit(cache=True, nogil=True)
def _cue(data, begun, plane):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    value, i, alone = np.uint64(0), 0, False
    while i < len(data):
        char, kind, length = _character(data, i, len(data), plane)
        if kind == WORD or kind == ALONE:
            value = _mix(value, char)
            alone = alone or kind == ALONE
        i += length
    return _last(value, _ROW if alone else _BEGUN if begun else _WHOLE) | np.uint64(1)


@njit(cache=True, nogil=True)
def _walk(data, begin, end, keys, sorts, plane, out, at):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Writes the hashes of the n-grams of data[begin:end], and the byte at which each begins; their number, and the mask.

    `w1` and `w2` are the words before, `c1` to `c4` the letters of the word before the one at hand (1: its edge).
    """
    size, mask, i = 0, np.uint16(0), begin
    none = np.uint64(0)
    word, w1, w2, c1, c2, c3, c4 = none, none, none, none, none, none, none
    row1, row2, row3 = none, none, none  # characters without spaces before this one
    own, count, start = np.uint16(0), 0, begin  # cues of the word at hand, words so far, where it begins
    cue_before, cue_at, sign = np.uint16(0), -CLOSE - 1, none
    room = len(out) - _PER_STEP - 2 * SORTS * SORTS
    while i <= end and size < room:
        if i < end:
            char, kind, length = _character(data, i, end, plane)
        else:
            char, kind, length = none, np.int64(GAP), 1
        if kind == _SKIP:
            i += length
            continue
        if kind == WORD:
            if word == 0:
                start, c1, c2, c3, c4 = i, np.uint64(1), none, none, none
                row1, row2, row3 = none, none, none
            word = _mix(word, char)
            own |= _found(keys, sorts, _last(word, _BEGUN) | np.uint64(1))
        if kind == WORD or (word != 0 and kind != WORD):
            last = char if kind == WORD else np.uint64(1)
            two = _mix(_mix(none, last), c1)
            if c2:
                three = _mix(two, c2)
                out[size], at[size] = _last(three, 3), start
                size += 1
                if c3:
                    four = _mix(three, c3)
                    out[size], at[size] = _last(four, 4), start
                    size += 1
                    if c4:
                        out[size], at[size] = _last(_mix(four, c4), 5), start
                        size += 1
            c4, c3, c2, c1 = c3, c2, c1, last
        for turn in range(2):  # the word that ends here, and the character that is one
            if turn == 0:
                if kind == WORD or word == 0:
                    continue
                done = word
                own |= _found(keys, sorts, _last(word, _WHOLE) | np.uint64(1))
            else:
                if kind != ALONE:
                    continue
                done, start, own = _mix(none, char), i, np.uint16(0)
                reach = _mix(none, char)
                own |= _found(keys, sorts, _last(reach, _ROW) | np.uint64(1))
                if row1:
                    own |= _found(keys, sorts, _last(_mix(_mix(none, row1), char), _ROW) | np.uint64(1))
                    if row2:
                        own |= _found(keys, sorts, _last(_mix(_mix(_mix(none, row2), row1), char), _ROW) | np.uint64(1))
                        if row3:
                            reach = _mix(_mix(_mix(_mix(none, row3), row2), row1), char)
                            own |= _found(keys, sorts, _last(reach, _ROW) | np.uint64(1))
                row3, row2, row1 = row2, row1, char
            out[size], at[size] = _last(done, 11), start
            two = _mix(done * _STEP, w1)
            out[size + 1], at[size + 1] = _last(two, 12), start
            out[size + 2], at[size + 2] = _last(_mix(two, w2), 13), start
            out[size + 3], at[size + 3] = _last(_mix(done * _STEP, w2), 14), start
            size += 4
            if sign:
                out[size], at[size] = _last(_mix(done, sign), 15), start
                size += 1
            if own:
                mask |= own
                if count - cue_at <= CLOSE:
                    for a in range(SORTS):
                        if cue_before >> np.uint16(a) & np.uint16(1):
                            for b in range(SORTS):
                                if own >> np.uint16(b) & np.uint16(1):
                                    out[size], at[size] = _last(np.uint64(a * SORTS + b), 16), start
                                    size += 1
                cue_before, cue_at, own = own, count, np.uint16(0)
            count, w2, w1, word, sign = count + 1, w1, done, none, none
        if kind == GAP:
            own = np.uint16(0)
            if i < end and data[i] > 32:  # a sign
                sign = np.uint64(data[i])
                out[size], at[size] = _last(_mix(sign, min(count, 1)), 17), start
                size += 1
                row1, row2, row3 = none, none, none
        i += length
    for step in (4, 8, 16, 32):  # about how long it is
        if count >= step and size:
            out[size], at[size] = _last(np.uint64(step), 18), start
            size += 1
    return size, mask


@njit(cache=True, nogil=True, inline="always")
def _of_sorts(a, b, c, shift):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """The bucket of a sort (a), a pair (a, b) or a triple; -1 is none."""
    return np.int64(_last(np.uint64((a + 1) * 1024 + (b + 1) * 32 + c + 1), 19) >> shift)


@njit(cache=True, nogil=True)
def _sort_features(mask, shift, out):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Writes the buckets of all sorts of a mask, their pairs and triples; the number."""
    size = 0
    for a in range(SORTS):
        if not mask >> a & 1:
            continue
        out[size] = _of_sorts(a, -1, -1, shift)
        size += 1
        for b in range(a + 1, SORTS):
            if not mask >> b & 1:
                continue
            out[size] = _of_sorts(a, b, -1, shift)
            size += 1
            for c in range(b + 1, SORTS):
                if mask >> c & 1:
                    out[size] = _of_sorts(a, b, c, shift)
                    size += 1
    return size


@njit(cache=True, nogil=True)
def _of_masks(weights, shift):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    values, out = np.empty(1 << SORTS, np.float32), np.empty(ROOM, np.int64)
    for mask in range(1 << SORTS):
        total = 0.0
        for k in range(_sort_features(mask, shift, out)):
            total += weights[out[k]]
        values[mask] = VALUE * total
    return values


@njit(cache=True, nogil=True)
def _sums(data, begin, end, weights, shift, keys, sorts, plane):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    totals, counts = np.empty(len(begin), np.float32), np.empty(len(begin), np.float32)
    masks, out, at = np.empty(len(begin), np.uint16), np.empty(ROOM, np.uint64), np.empty(ROOM, np.int64)
    last = np.full(len(weights), -1, np.int64)
    for n in range(len(begin)):
        size, masks[n] = _walk(data, begin[n], end[n], keys, sorts, plane, out, at)
        total, count = np.float32(0), 0
        for k in range(size):
            bucket = out[k] >> shift
            if last[bucket] != n:  # repetition adds nothing
                last[bucket] = n
                total += weights[bucket]
                count += 1
        totals[n], counts[n] = total, count
    return totals, counts, masks


@njit(cache=True, nogil=True)
def _once(out, size, shift):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Makes buckets of hashes, each once; the number."""
    found = np.unique(out[:size] >> shift)
    out[: len(found)] = found
    return len(found)


@njit(cache=True, nogil=True)
def _rows(data, begin, end, shift, keys, sorts, plane):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    bounds, out, at = np.zeros(len(begin) + 1, np.int64), np.empty(ROOM, np.uint64), np.empty(ROOM, np.int64)
    some = np.empty(ROOM, np.int64)
    buckets, values = np.empty(1 << 16, np.int32), np.empty(1 << 16, np.float32)
    for n in range(len(begin)):
        size, mask = _walk(data, begin[n], end[n], keys, sorts, plane, out, at)
        size = _once(out, size, shift)
        more = _sort_features(mask, shift, some)
        first = bounds[n]
        if first + size + more > len(buckets):
            buckets, values = np.append(buckets, np.empty_like(buckets)), np.append(values, np.empty_like(values))
        for k in range(size):
            buckets[first + k], values[first + k] = out[k], 1 / np.sqrt(size)
        for k in range(more):
            buckets[first + size + k], values[first + size + k] = some[k], VALUE
        bounds[n + 1] = first + size + more
    return buckets[: bounds[-1]], values[: bounds[-1]], bounds


@njit(cache=True, nogil=True)
def _words(data, weights, shift, keys, sorts, plane):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    out, at = np.empty(ROOM, np.uint64), np.empty(ROOM, np.int64)
    size, _ = _walk(data, 0, len(data), keys, sorts, plane, out, at)
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
            _, kind, length = _character(data, i, len(data), plane)
            if kind == GAP or (kind == ALONE and i > begin[n]):
                break
            i += length
        end[n] = i
    return begin[: count + 1], end, value[: count + 1]


@njit(cache=True, nogil=True, inline="always")
def _ends(data, i, stop, line):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """How many bytes a sign at i that ends a sentence takes; 0: there is none.  `line` is where the line begins."""
    byte = data[i]
    if byte == 10:
        after = data[i + 1] if i + 1 < stop else np.uint8(10)
        plain = after >= 128 or 97 <= after | 32 <= 122 or after == 40 or after == 34
        return 0 if i - line >= WRAPPED and plain else 1
    if byte == 124 or byte == 9:  # a cell of a table
        return 1
    if byte == 46 or byte == 33 or byte == 63:
        j = i + 1
        while j < stop and (data[j] in (46, 33, 63, 34, 39, 41, 93)):  # more of them, and what closes
            j += 1
        return j - i if j >= stop or data[j] <= 32 or data[j] == 60 else 0
    if byte >= 0xD8 and i + 2 < stop:
        three = np.int64(byte) << 16 | np.int64(data[i + 1]) << 8 | np.int64(data[i + 2])
        if three in (0xE38082, 0xEFBC81, 0xEFBC9F, 0xE0A5A4):  # ideographic stop, wide ! and ?, danda
            return 3
        if byte == 0xD8 and data[i + 1] == 0x9F or byte == 0xDB and data[i + 1] == 0x94:  # Arabic ? and stop
            return 2
    return 0


@njit(cache=True, nogil=True, inline="always")
def _added(parts, size, text, begin, end, letters, spaces):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Writes down a sentence, if it is one: rows of signs and figures are none."""
    if letters < 4 or letters < PROSE * (end - begin - spaces):
        return parts, size
    if size == parts.shape[1]:
        parts = np.concatenate((parts, np.empty_like(parts)), axis=1)
    parts[0, size], parts[1, size], parts[2, size] = text, begin, end
    return parts, size + 1


@njit(cache=True, nogil=True)
def _sentences(data, offsets):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    parts, size = np.empty((3, 1024 + (offsets[-1] - offsets[0]) // 32), np.int64), 0
    for n in range(len(offsets) - 1):
        i, stop = offsets[n], offsets[n + 1]
        first, line, letters, spaces = i, i, 0, 0
        while i < stop:
            byte, width = data[i], 0
            if byte < 48 or byte == 63 or byte == 124 or byte >= 0xD8:
                width = _ends(data, i, stop, line)
            line = i + 1 if byte == 10 else line
            long = i - first >= LONG and (byte == 32 or byte == 10 or (i - first >= LONGEST and byte & 0xC0 != 0x80))
            if width == 0 and not long:
                low = byte | 32
                letters += (97 <= low and low <= 122) or byte >= 128
                spaces += byte <= 32
                i += 1
                continue
            i += max(width, 1) if width or byte <= 32 else 0
            parts, size = _added(parts, size, n, first, i, letters, spaces + 1)
            first, letters, spaces = i, 0, 0
        parts, size = _added(parts, size, n, first, stop, letters, spaces)
    return parts[0, :size].copy(), parts[1, :size].copy(), parts[2, :size].copy()
