"""Folded text: what is left when case, accents, invisible and look-alike characters are set aside.

Every code point is mapped alone (NFKD, case folding, no U+0300-036F, no default ignorables,
confusables to ASCII; Unicode 15.0, see data/build.py), so folding commutes with cutting and joining.
The table is shipped, because results must not depend on the Unicode data of the Python at hand.
"""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from corpusscan.kernels.registers import eight, first_high
from corpusscan.kernels.uncounted import uncounted

Bytes = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int64]
Places = npt.NDArray[np.int32]
LONGEST_FOLD = 32  # bytes that one character may become
BLOCK = 4096  # bytes of which suspects are collected before any is looked at
_HIGH = np.uint64(0x8080808080808080)


class Table(NamedTuple):
    """Two-stage lookup: entry[page[code >> 7] * 128 + (code & 127)] -> pool[start[e]:start[e + 1]]; 0 is identity."""

    page: npt.NDArray[np.uint16]
    entry: npt.NDArray[np.uint16]
    start: npt.NDArray[np.uint32]
    pool: Bytes


@cache
def table() -> Table:
    """The folding table, read once per process."""
    with np.load(Path(__file__).parent / "data" / "folding.npz", allow_pickle=False) as data:
        return Table(*(data[name] for name in Table._fields))


def fold(text: str) -> str:
    """One string, folded; for phrases and patterns."""
    return text.lower() if text.isascii() else "".join(map(_fold_character, text))


@lru_cache(maxsize=1 << 12)
def _fold_character(char: str) -> str:
    """Without the compiled code: few short strings do not pay for it."""
    page, entry, start, pool = table()
    code = ord(char)
    e = int(entry[int(page[code >> 7]) * 128 + (code & 127)])
    if e == 0:
        return char.lower() if char.isascii() else char
    return pool[start[e] : start[e + 1]].tobytes().decode()


def fold_bytes(text: bytes) -> bytes:
    """One UTF-8 text, folded."""
    return _folded(np.frombuffer(text, np.uint8), _suspects(), *table()).tobytes()  # type: ignore[no-any-return]


def folded_code_points(text: bytes) -> Places:
    """For each byte of the folded text, the index of the code point of the text that it stands for."""
    return _places(np.frombuffer(text, np.uint8), len(fold_bytes(text)), *table()[:3])  # type: ignore[no-any-return]


def changed(data: Bytes, begin: int, reach: int) -> tuple[Bytes, Offsets]:
    """What lies in data[begin:] within reach of a character that folding changes, and where each byte of it is from.

    Such characters are folded; the rest is as it was, be it capitals, and what lies far apart stands side by side.
    """
    return _changed(data, begin, reach, _suspects(), *table())  # type: ignore[no-any-return]


@cache
def _suspects() -> npt.NDArray[np.bool_]:
    """By two bytes, the first one higher: whether a character that folding changes begins with them, but for ASCII."""
    page, entry, *_ = table()
    found = np.zeros(1 << 16, np.bool_)
    changing = np.flatnonzero(entry.reshape(-1, 128)[page])
    found[[int.from_bytes(chr(code).encode()[:2], "big") for code in changing if code > 127]] = True
    return found


def code_points(text: bytes) -> Places:
    """For each byte of a UTF-8 text, the index of the code point it belongs to."""
    return np.cumsum((np.frombuffer(text, np.uint8) & 0xC0) != 0x80, dtype=np.int32) - np.int32(1)


@njit(cache=True, nogil=True, inline="always")
def decode(data: Bytes, i: int, end: int) -> tuple[int, int]:
    """The code point at i and its length in bytes; malformed bytes stand alone and fold to themselves."""
    lead: Any = np.int64(data[i])
    length = 4 if lead >= 0xF0 else 3 if lead >= 0xE0 else 2 if lead >= 0xC0 else 1
    if length == 1 or i + length > end or lead >= 0xF8:
        return -1, 1
    code = lead & (0x7F >> length)
    for j in range(i + 1, i + length):
        code = (code << 6) | (np.int64(data[j]) & 0x3F)
    return (code, length) if code < 0x110000 else (-1, 1)


@njit(cache=True, nogil=True, inline="always")
def entry_at(data, i, end, page, entry):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """What the table holds for the character at i, 0 where nothing changes, and its length in bytes."""
    code, length = decode(data, i, end)
    return np.int64(entry[np.int64(page[code >> 7]) * 128 + (code & 127)] if code >= 0 else 0), length


@njit(cache=True, nogil=True)
def _places(data, size, page, entry, start):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    places = np.empty(size, np.int32)
    i = written = point = 0
    while i < len(data):
        e, length = entry_at(data, i, len(data), page, entry)
        width: Any = np.int64(start[e + 1]) - np.int64(start[e]) if e else length
        for j in range(written, written + width):
            places[j] = point
        written += width
        point += 1
        i += length
    return places


@njit(cache=True, nogil=True, inline="always")
def is_space(byte):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Whether a byte is white space, as `literals` counts it."""
    return byte == 32 or (9 <= byte <= 13)


@uncounted
def _leads(data, begin, end, suspect, places):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Writes where in [begin, end) two suspect bytes begin; the count."""
    count = np.uint64(0)
    end = min(end, len(data) - 1)  # one byte more is no character
    whole = begin + (max(end - begin, 0) & -8)
    for at in range(begin, whole, 8):
        word = eight(data, at)
        leads = word & (word << np.uint64(1)) & _HIGH
        while leads:
            i = np.uint64(at + first_high(leads))
            places[count] = i
            count += np.uint64(suspect[np.uint64(data[i]) << np.uint64(8) | data[i + np.uint64(1)]])
            leads &= leads - np.uint64(1)
    for at in range(whole, end):
        i = np.uint64(at)
        places[count] = at
        count += np.uint64(suspect[np.uint64(data[i]) << np.uint64(8) | data[i + np.uint64(1)]])
    return np.int64(count)


@njit(cache=True, nogil=True, inline="always")
def _lowered(data, begin, end, out, size):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Writes data[begin:end] without capitals; the new size."""
    if end <= begin:
        return size
    here, there = data[begin:end], out[size : size + end - begin]  # slices: loops over them run in vectors
    for j in range(len(here)):
        capital = (here[j] >= np.uint8(65)) & (here[j] <= np.uint8(90))
        there[j] = here[j] | np.uint8(np.uint8(capital) << np.uint8(5))
    return size + len(here)


@njit(cache=True, nogil=True)
def _written(data, places, done, end, out, size, page, entry, start, pool):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Writes data[done:end], folded, where only characters in these places may change; how far it came."""
    for i in places:
        e, length = entry_at(data, i, len(data), page, entry)
        if e:
            size = _lowered(data, done, i, out, size)
            for j in range(np.int64(start[e]), np.int64(start[e + 1])):
                out[size] = pool[j]
                size += 1
            done = i + length
    return max(done, end), _lowered(data, done, end, out, size)


@njit(cache=True, nogil=True)
def _folded(data, suspect, page, entry, start, pool):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    out = np.empty(len(data) + LONGEST_FOLD, np.uint8)
    places = np.empty(min(BLOCK, len(data)) + 1, np.int64)
    done, size = np.int64(0), np.int64(0)
    for low in range(0, len(data), BLOCK):
        high = min(low + BLOCK, len(data))
        count = _leads(data, low, high, suspect, places)
        room = size + len(data) - done + count * LONGEST_FOLD
        if room > len(out):
            out = np.append(out, np.empty(room, np.uint8))
        done, size = _written(data, places[:count], done, high, out, size, page, entry, start, pool)
    return out[:size]


@njit(cache=True, nogil=True)
def _around(data, places, state, reach, out, source, page, entry, start, pool):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Writes what lies around those of some characters that change; `state`: bytes copied, wanted, and written."""
    done, end, size = state
    for i in places:
        e, length = entry_at(data, i, len(data), page, entry)
        if e == 0:
            continue
        end = min(end, i)
        for j in range(done, end):
            out[size], source[size] = data[j], j
            size += 1
        for j in range(max(done, end, i - reach), i):
            out[size], source[size] = data[j], j
            size += 1
        for j in range(np.int64(start[e]), np.int64(start[e + 1])):
            out[size], source[size] = pool[j], i
            size += 1
        done = i + length
        end = min(done + reach, len(data))
    return done, end, size


@njit(cache=True, nogil=True)
def _changed(data, begin, reach, suspect, page, entry, start, pool):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    room = BLOCK * (2 * reach + LONGEST_FOLD)  # for what a block may need
    likely = max(room, (len(data) - begin) // 4)  # more than German needs
    out, source = np.empty(likely, np.uint8), np.empty(likely, np.int64)
    places = np.empty(BLOCK + 1, np.int64)
    state = (np.int64(begin), np.int64(begin), np.int64(0))
    for low in range(begin, len(data), BLOCK):
        count = _leads(data, low, min(low + BLOCK, len(data)), suspect, places)
        if state[2] + room > len(out):
            out, source = np.append(out, out), np.append(source, source)
        state = _around(data, places[:count], state, reach, out, source, page, entry, start, pool)
    done, end, size = state
    for j in range(done, end):
        out[size], source[size] = data[j], j
        size += 1
    return out[:size], source[:size]


@njit(cache=True, nogil=True)
def origins(source, places):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Where places of what was `changed` are in the data, and how many bytes of the same character come before each."""
    inside = np.zeros(len(places), np.int64)
    for n in range(len(places)):
        while inside[n] < places[n] and source[places[n] - inside[n] - 1] == source[places[n]]:
            inside[n] += 1
    return source[places], inside
