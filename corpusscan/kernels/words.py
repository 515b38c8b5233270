"""Words of texts as keyed 64-bit hashes: the same word, however it is cased, accented, disguised or split.

A word is a run of letters, marks and digits of the folded text (`folding`: case, accents, invisible and
look-alike characters set aside); where a script is written without spaces, every character is one.
ASCII is read eight bytes at a time.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from corpusscan.detector import Batch
from corpusscan.kernels import alphabet, columns, folding
from corpusscan.kernels.alphabet import ALONE, GAP, KIND_BIT, SEVERAL, SIZE_BIT, WORD
from corpusscan.kernels.registers import eight, lowest
from corpusscan.kernels.uncounted import uncounted

Hashes = npt.NDArray[np.uint64]
Offsets = npt.NDArray[np.int64]

_ONES, _HIGH = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
_CASE = _ONES * np.uint64(0x20)
_CASE_BIT, _A, _LETTERS, _ZERO, _DIGITS, _BEYOND = (np.uint8(n) for n in (0x20, 97, 26, 48, 10, 128))
_ALL = ~np.uint64(0)
_GATHER = np.uint64(0x0102040810204080)  # brings the lowest bits of eight bytes together, in the highest byte
_BLOCK, _WINDOW = 64, 512  # bytes that are looked at together, and blocks whose words are
_ALONE_BIT = np.uint64(1)
_MIX = np.uint64(0xD6E8FEB86659FD93)


class Words(NamedTuple):
    """Words of a column of texts."""

    hashes: Hashes  # of all words, text after text; odd where a character is a word
    begins: npt.NDArray[np.int32]  # UTF-8 byte of its text at which each word begins
    bounds: Offsets  # words of text i are those from bounds[i] to bounds[i + 1]


def words(batch: Batch) -> Words:
    """The words of the texts of a batch, keyed with the run's key; shared by all who ask."""
    column = batch.texts["text"]
    return _joined([hashed(chunk, batch.key) for chunk in column.chunks])


def hashed(texts: pa.LargeStringArray, key: bytes) -> Words:
    """The words of an Arrow array of texts; a null text has none."""
    content, offsets = columns.content(texts)
    if not len(texts):
        return Words(np.zeros(0, np.uint64), np.zeros(0, np.int32), offsets)
    first, last = int(offsets[0]), int(offsets[-1])
    data = np.empty((last - first + 2 * _BLOCK) & -_BLOCK, np.uint8)  # so that no read goes beyond it
    data[: last - first] = content[first:last]
    data[last - first :] = 0
    seeds = np.frombuffer(key[:16], np.uint64) | np.array([0, 1], np.uint64)  # a factor is odd
    tables = alphabet.plane(), alphabet.kinds(), *folding.table()
    return Words(*_words(data, data.view(np.uint64), offsets - first, seeds, *tables))


def _joined(parts: list[Words]) -> Words:
    if len(parts) == 1:
        return parts[0]
    shifts = np.cumsum([0, *(part.bounds[-1] for part in parts)])
    bounds = [part.bounds[:-1] + shift for part, shift in zip(parts, shifts, strict=False)]
    return Words(
        np.concatenate([np.zeros(0, np.uint64), *(part.hashes for part in parts)]),
        np.concatenate([np.zeros(0, np.int32), *(part.begins for part in parts)]),
        np.concatenate([*bounds, shifts[-1:]]).astype(np.int64),
    )


@njit(cache=True, nogil=True, inline="always")
def _mixed(value, part, factor):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """The hash of a word so far with eight more of its bytes."""
    value = (value ^ part) * factor
    value = (value ^ (value >> np.uint64(32))) * factor  # once is not enough: high bits of the next part could undo it
    return value ^ (value >> np.uint64(29))


@njit(cache=True, nogil=True, inline="always")
def _done(value):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    value = value * _MIX
    return (value ^ (value >> np.uint64(32))) & ~_ALONE_BIT


@njit(cache=True, nogil=True)
def _spoken(data, kept):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Writes 1 for every byte that is no ASCII gap, else 0; without a branch, so that it runs in vectors."""
    for i in range(len(data)):
        byte = data[i]
        letter = np.uint8(np.uint8(byte | _CASE_BIT) - _A) < _LETTERS
        digit = np.uint8(byte - _ZERO) < _DIGITS
        kept[i] = np.uint8(letter) | np.uint8(digit) | np.uint8(byte >= _BEYOND)


@uncounted
def _edges(spoken, block, count, carry, begins, ends, begun):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Where runs of what is no ASCII gap begin and end in some blocks; returns how many of each, and the carry."""
    ended = 0
    for at in range(count):
        inside = np.uint64(0)
        for k in range(8):
            inside |= (spoken[at * 8 + k] * _GATHER >> np.uint64(56)) << np.uint64(8 * k)
        before = inside << np.uint64(1) | carry
        carry = inside >> np.uint64(63)
        opening, closing = inside & ~before, before & ~inside
        while opening:
            begins[begun] = (block + at) * _BLOCK + lowest(opening)
            opening &= opening - np.uint64(1)
            begun += 1
        while closing:
            ends[ended] = (block + at) * _BLOCK + lowest(closing)
            closing &= closing - np.uint64(1)
            ended += 1
    return begun, ended, carry


@njit(cache=True, nogil=True)
def _words(data, wide, offsets, seeds, plane, kinds, page, entry, start, pool):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    hashes, begins = np.empty(len(data) // 4 + 64, np.uint64), np.empty(len(data) // 4 + 64, np.int32)
    bounds = np.zeros(len(offsets), np.int64)
    first, last = np.empty(_WINDOW * _BLOCK // 2 + 2, np.int64), np.empty(_WINDOW * _BLOCK // 2 + 2, np.int64)
    size, text, begun, carry = np.int64(0), np.int64(0), np.int64(0), np.uint64(0)
    spoken = np.empty(_WINDOW * _BLOCK, np.uint8)
    parts = spoken.view(np.uint64)
    for block in range(0, len(data) // _BLOCK, _WINDOW):
        count = min(_WINDOW, len(data) // _BLOCK - block)
        _spoken(data[block * _BLOCK : (block + count) * _BLOCK], spoken)
        begun, ended, carry = _edges(parts, block, count, carry, first, last, begun)
        if ended and size + 2 * (last[ended - 1] - first[0]) > len(hashes):  # three bytes fold to six words at most
            room = 2 * (len(hashes) + last[ended - 1] - first[0])
            hashes, begins = grown(hashes, size, room), grown(begins, size, room)
        size, text = _hashed(data, wide, offsets, text, first, last, ended, seeds[0], seeds[1], hashes, begins, size,
                             bounds, plane, kinds, page, entry, start, pool)  # fmt: skip
        if begun > ended:
            first[0] = first[ended]
        begun -= ended
    bounds[text + 1 :] = size
    return hashes[:size], begins[:size], bounds


@njit(cache=True, nogil=True)
def grown(values, size, room):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """The first `size` of some values, with room for so many."""
    more = np.empty(room, values.dtype)
    more[:size] = values[:size]
    return more


@uncounted
def _hashed(  # type: ignore[no-untyped-def] # noqa: ANN202
    data, wide, offsets, text, first, last, runs, seed, factor, hashes, begins, size, bounds,  # noqa: ANN001
    plane, kinds, page, entry, start, pool,  # noqa: ANN001
):  # fmt: skip
    """Writes the words of some runs; returns how many there are now, and the text at hand."""
    for run in range(runs):
        i, end = first[run], last[run]
        while i < end:  # a run may go on over the end of a text, a word does not
            while offsets[text + 1] <= i:
                text += 1
                bounds[text] = size
            stop = min(end, offsets[text + 1])
            value, plain = _plain(wide, i, stop, seed, factor)
            if plain:
                hashes[size], begins[size] = value, i - offsets[text]
                size += 1
            else:
                size = _other(data, wide, i, stop, offsets[text], seed, factor, hashes, begins, size,
                              plane, kinds, page, entry, start, pool)  # fmt: skip
            i = stop
    return size, text


@njit(cache=True, nogil=True, inline="always")
def _plain(wide, i, stop, seed, factor):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """The hash of the ASCII word from i to stop, and whether it is one."""
    length = stop - i
    first = min(length, 8)
    second = min(length - first, 8)  # two steps at least: most words take as many
    one = eight(wide, i) & (_ALL >> np.uint64(64 - 8 * first))
    two = eight(wide, i + 8) & ((_ALL >> np.uint64(64 - 8 * second)) if second else np.uint64(0))
    others = one | two
    value = _mixed(_mixed(seed, one | _CASE, factor), two | _CASE, factor)
    for at in range(i + 16, stop, 8):
        part = eight(wide, at) & (_ALL >> np.uint64(64 - 8 * min(stop - at, 8)))
        others |= part
        value = _mixed(value, part | _CASE, factor)
    return _done(value), others & _HIGH == 0


@uncounted
def _other(data, wide, i, stop, origin, seed, factor, hashes, begins, size, plane, kinds, page, entry, start, pool):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """The words of a run with other characters than ASCII ones, character by character."""
    value, held, count, begin = seed, np.uint64(0), 0, i
    while i < stop:
        if data[i] < 128:  # up to eight letters at once
            width: Any = min(np.int64(lowest(eight(wide, i) & _HIGH) >> 3), stop - i)
            part = (eight(wide, i) | _CASE) & (_ALL >> np.uint64(64 - 8 * width))
            begin = begin if count else i
            value, held, count = _longer(value, held, count, part, width, factor)
            i += width
            continue
        short = _looked_up(wide, i, stop, plane)
        kind: Any = np.int64(short >> np.uint32(KIND_BIT))
        if kind != SEVERAL:
            part, width = np.uint64(short & np.uint32(0xFFFFFF)), np.int64(short >> np.uint32(SIZE_BIT)) & 3
            size, value, held, count, begin = _added(
                hashes, begins, size, begin, i, origin, value, held, count, seed, factor, part, width, kind
            )
            i += 3 if data[i] >= 0xE0 else 2
            continue
        code, length = folding.decode(data, i, stop)
        e = np.int64(entry[np.int64(page[code >> 7]) * 128 + (code & 127)]) if code >= 0 else 0
        low, high, width, lead = i, i + length, length, np.int64(0)
        if e:
            low, high = np.int64(start[e]), np.int64(start[e + 1])
        while low < high:
            if e:
                (code, width), lead = folding.decode(pool, low, high), np.int64(pool[low])
            kind, part = np.int64(kinds[code if code >= 0 else lead]) if code >= 0 or e else GAP, np.uint64(0)
            for j in range(width):
                byte: Any = pool[low + j] if e else data[low + j]
                part |= np.uint64(byte | _CASE_BIT if byte < _BEYOND else byte) << np.uint64(8 * j)
            size, value, held, count, begin = _added(
                hashes, begins, size, begin, i, origin, value, held, count, seed, factor, part, width, kind
            )
            low += width
        i += length
    if count:
        size = _told(hashes, begins, size, begin - origin, value, held, count, factor, 0)
    return size


@njit(cache=True, nogil=True, inline="always")
def _looked_up(wide, i, stop, plane):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """What `plane` holds of the character at i; of one of another plane, or none at all, that it is not so simple."""
    three = eight(wide, i)
    lead, code = np.int64(three & np.uint64(0xFF)), np.int64(three >> np.uint64(8) & np.uint64(0x3F))
    if lead < 0xC0 or lead >= 0xF0 or i + 2 + (lead >= 0xE0) > stop:
        return np.uint32(SEVERAL << KIND_BIT)
    if lead < 0xE0:
        return plane[(lead & 0x1F) << 6 | code]
    return plane[(lead & 0xF) << 12 | code << 6 | np.int64(three >> np.uint64(16) & np.uint64(0x3F))]


@njit(cache=True, nogil=True, inline="always")
def _longer(value, held, count, part, width, factor):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """The word at hand with up to eight more bytes."""
    at = count & 7
    held |= part << np.uint64(8 * at)
    if at + width >= 8:
        value = _mixed(value, held, factor)
        held = part >> np.uint64(8 * (8 - at)) if at else np.uint64(0)
    return value, held, count + width


@njit(cache=True, nogil=True, inline="always")
def _added(hashes, begins, size, begin, i, origin, value, held, count, seed, factor, part, width, kind):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """The character at i, of some kind, is of the word at hand, ends it, or is one itself."""
    if kind != WORD and count:
        size = _told(hashes, begins, size, begin - origin, value, held, count, factor, 0)
        value, held, count = seed, np.uint64(0), 0
    if kind != GAP:
        begin = begin if count else i
        value, held, count = _longer(value, held, count, part, width, factor)
    if kind == ALONE:
        size = _told(hashes, begins, size, begin - origin, value, held, count, factor, 1)
        value, held, count = seed, np.uint64(0), 0
    return size, value, held, count, begin


@njit(cache=True, nogil=True, inline="always")
def _told(hashes, begins, size, begin, value, held, count, factor, alone):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Write down the word at hand."""
    if count & 7:
        value = _mixed(value, held | _CASE << np.uint64(8 * (count & 7)), factor)
    if count <= 8:
        value = _mixed(value, _CASE, factor)
    hashes[size], begins[size] = _done(value) | np.uint64(alone), begin
    return size + 1
