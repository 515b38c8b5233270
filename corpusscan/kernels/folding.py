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

Bytes = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int64]
Places = npt.NDArray[np.int32]


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


def fold_pieces(data: Bytes, begins: Offsets, ends: Offsets) -> tuple[Bytes, Offsets]:
    """The folded bytes of data[begin:end] for each pair, one after another, and their len + 1 offsets."""
    return _fold_pieces(data, begins, ends, *table())  # type: ignore[no-any-return]


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
    return fold_pieces(np.frombuffer(text, np.uint8), np.array([0]), np.array([len(text)]))[0].tobytes()


def folded_code_points(text: bytes) -> Places:
    """For each byte of the folded text, the index of the code point of the text that it stands for."""
    return _places(np.frombuffer(text, np.uint8), len(fold_bytes(text)), *table()[:3])  # type: ignore[no-any-return]


def origins(data: Bytes, begins: Offsets, ends: Offsets, folded: Offsets, places: Offsets) -> Offsets:
    """Where in `data` ascending places of its folded pieces come from; `folded` are the offsets of the pieces."""
    return _origins(data, begins, ends, folded, places, *table()[:3])  # type: ignore[no-any-return]


def code_points(text: bytes) -> Places:
    """For each byte of a UTF-8 text, the index of the code point it belongs to."""
    return np.cumsum((np.frombuffer(text, np.uint8) & 0xC0) != 0x80, dtype=np.int32) - np.int32(1)


@njit(cache=True, nogil=True, inline="always")
def _decode(data: Bytes, i: int, end: int) -> tuple[int, int]:
    """The code point at i and its length in bytes; malformed bytes stand alone and fold to themselves."""
    lead: Any = np.int64(data[i])
    length = 4 if lead >= 0xF0 else 3 if lead >= 0xE0 else 2 if lead >= 0xC0 else 1
    if length == 1 or i + length > end or lead >= 0xF8:
        return -1, 1
    code = lead & (0x7F >> length)
    for j in range(i + 1, i + length):
        code = (code << 6) | (np.int64(data[j]) & 0x3F)
    return (code, length) if code < 0x110000 else (-1, 1)


@njit(cache=True, nogil=True)
def _fold_pieces(data, begins, ends, page, entry, start, pool):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    left = np.int64((ends - begins).sum())  # bytes still to read: `out` always has room for them as they are
    out = np.empty(left + 64, np.uint8)
    offsets = np.zeros(len(begins) + 1, np.int64)
    size = 0
    for k in range(len(begins)):
        i, end = begins[k], ends[k]
        while i < end:
            run = i
            while run < end and data[run] < 128:
                run += 1
            for j in range(i, run):
                out[size + j - i] = data[j] + (np.uint8(32) if 65 <= data[j] <= 90 else np.uint8(0))
            size += run - i
            left -= run - i
            i = run
            if i == end:
                break
            code, length = _decode(data, i, end)
            e = entry[np.int64(page[code >> 7]) * 128 + (code & 127)] if code >= 0 else np.uint16(0)
            left -= length
            if e == 0:
                for j in range(i, i + length):
                    out[size] = data[j]
                    size += 1
            else:
                first, stop = np.int64(start[e]), np.int64(start[e + 1])
                if size + stop - first + left > len(out):
                    grown = np.empty(2 * (size + stop - first + left), np.uint8)
                    grown[:size] = out[:size]
                    out = grown
                for j in range(first, stop):
                    out[size] = pool[j]
                    size += 1
            i += length
        offsets[k + 1] = size
    return out[:size], offsets


@njit(cache=True, nogil=True)
def _places(data, size, page, entry, start):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    places = np.empty(size, np.int32)
    i = written = point = 0
    while i < len(data):
        code, length = _decode(data, i, len(data))
        e = entry[np.int64(page[code >> 7]) * 128 + (code & 127)] if code >= 0 else np.uint16(0)
        width: Any = np.int64(start[e + 1]) - np.int64(start[e]) if e else length
        for j in range(written, written + width):
            places[j] = point
        written += width
        point += 1
        i += length
    return places


@njit(cache=True, nogil=True)
def _origins(data, begins, ends, folded, places, page, entry, start):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    found = np.empty(len(places), np.int64)
    piece: Any = 0
    i: Any = 0
    written: Any = 0
    for n in range(len(places)):
        if folded[piece + 1] <= places[n] or n == 0:
            piece = np.searchsorted(folded, places[n], side="right") - 1
            i, written = begins[piece], folded[piece]
        while i < ends[piece]:
            code, length = _decode(data, i, ends[piece])
            e = entry[np.int64(page[code >> 7]) * 128 + (code & 127)] if code >= 0 else np.uint16(0)
            width: Any = np.int64(start[e + 1]) - np.int64(start[e]) if e else length
            if written + width > places[n]:
                break
            written += width
            i += length
        found[n] = i
    return found


@njit(cache=True, nogil=True, inline="always")
def is_space(byte):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Whether a byte is white space, as `literals` counts it."""
    return byte == 32 or (9 <= byte <= 13)


@njit(cache=True, nogil=True)
def _other(data, i, limit):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """The first non-ASCII byte from i on, or the limit; blocks that have none are passed at once."""
    while i < limit:
        stop = min(i + 256, limit)
        here, some = data[i:stop], np.uint8(0)
        for j in range(len(here)):
            some = np.uint8(some | here[j])
        if some >= 128:
            while data[i] < 128:
                i += 1
            return i
        i = stop
    return limit


@njit(cache=True, nogil=True)
def _within(data, i, limit, reach, step):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """How far from i `reach` bytes lead towards the limit; a run of white space counts once."""
    while i != limit and reach > 0:
        gap = False
        while i != limit and is_space(data[i] if step > 0 else data[i - 1]):
            i, gap = i + step, True
        if not gap:
            i += step
        reach -= 1
    return i


@njit(cache=True, nogil=True)
def near_others(data, offsets, reach):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Pieces (text, begin, end) of all that lies within reach of a non-ASCII byte of its text."""
    texts, begins, ends, size = np.empty(256, np.int64), np.empty(256, np.int64), np.empty(256, np.int64), 0
    for text in range(len(offsets) - 1):
        end = offsets[text]  # of the last piece; what comes before is in it, or near nothing
        opened = False
        i, limit = offsets[text], offsets[text + 1]
        while True:
            i = _other(data, i, limit)
            if i == limit:
                break
            if not opened or i > end:
                begin = _within(data, i, end, reach, -1)
                if not opened or begin > end:
                    if size == len(texts):
                        texts, begins, ends = np.append(texts, texts), np.append(begins, begins), np.append(ends, ends)
                    texts[size], begins[size] = text, begin
                    size, opened = size + 1, True
            i += 1
            while i < limit and data[i] >= 128:
                i += 1
            end = _within(data, i, limit, reach, 1)
            ends[size - 1] = end
    return texts[:size], begins[:size], ends[:size]
