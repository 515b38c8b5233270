"""Character references of HTML (`&amp;`, `&#x41;`), as the HTML standard decodes them in text (section 13.2.5.72)."""

from __future__ import annotations

import html.entities
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from corpusscan.kernels.strings import _encode as encode

_SLOTS = 1 << 13
_SEED, _PRIME = 0xCBF29CE484222325, 0x100000001B3  # FNV-1a
_LONGEST = 32  # letters of a name, with its semicolon
# What numbers between 0x80 and 0x9F stand for: Windows-1252, as the standard has it.
_C1 = np.arange(0x80, 0xA0, dtype=np.int64)
for _place in range(32):
    _C1[_place] = ord(bytes([0x80 + _place]).decode("cp1252", "ignore") or chr(0x80 + _place))
_MOST = 0x110000


class Table(NamedTuple):
    """Names by their hash: slot -> hash, 0 where free; what it stands for is pool[start:start + size]."""

    key: npt.NDArray[np.uint64]
    start: npt.NDArray[np.int32]
    size: npt.NDArray[np.int32]
    pool: npt.NDArray[np.uint8]


@cache
def table() -> Table:
    """The names of the standard, made once per process."""
    key = np.zeros(_SLOTS, np.uint64)
    start, size = np.zeros(_SLOTS, np.int32), np.zeros(_SLOTS, np.int32)
    pool = bytearray()
    for name, text in html.entities.html5.items():
        value = _SEED
        for letter in name.encode():
            value = (value ^ letter) * _PRIME & 0xFFFFFFFFFFFFFFFF
        slot = value % _SLOTS
        while key[slot]:
            slot = (slot + 1) % _SLOTS
        key[slot], start[slot], size[slot] = value, len(pool), len(text.encode())
        pool += text.encode()
    return Table(key, start, size, np.frombuffer(bytes(pool), np.uint8))


@njit(cache=True, nogil=True)
def decoded(data: Any, at: int, end: int, names: Any, out: Any, to: int) -> Any:
    """Write what the reference at `at` stands for to `out[to:]`; where it ends, and where that ends.

    The first is `at` where there is no reference.
    """
    i = at + 1
    if i < end and data[i] == 0x23:  # a number sign
        return _number(data, at, end, out, to)
    value, best, found = np.uint64(_SEED), at, np.int64(-1)
    while i < end and i <= at + _LONGEST:
        c = data[i]
        if not (0x30 <= c <= 0x39 or 0x41 <= c <= 0x5A or 0x61 <= c <= 0x7A or c == 0x3B):
            break
        value = (value ^ np.uint64(c)) * np.uint64(_PRIME)
        i += 1
        slot = np.int64(value % np.uint64(_SLOTS))
        while names.key[slot] != 0 and names.key[slot] != value:
            slot = (slot + 1) % _SLOTS
        if names.key[slot] == value:  # without a semicolon only where the standard knows it so
            best, found = i, slot
        if c == 0x3B:
            break
    if found < 0:
        return at, to
    for k in range(names.size[found]):
        out[to + k] = names.pool[names.start[found] + k]
    return best, to + names.size[found]


@njit(cache=True, nogil=True)
def _number(data: Any, at: int, end: int, out: Any, to: int) -> Any:
    i, base, value = at + 2, 10, np.int64(0)
    if i < end and (data[i] | 0x20) == 0x78:  # x
        i, base = i + 1, 16
    first = i
    while i < end:
        c = np.int64(data[i])
        digit = c - 0x30 if 0x30 <= c <= 0x39 else (c | 0x20) - 0x57 if 0x61 <= (c | 0x20) <= 0x66 else 99
        if digit >= base:
            break
        value = min(value * base + digit, np.int64(_MOST))
        i += 1
    if i == first:
        return at, to
    if 0x80 <= value < 0xA0:
        value = _C1[value - 0x80]
    if value == 0 or 0xD800 <= value < 0xE000 or value >= _MOST:
        value = np.int64(0xFFFD)
    if i < end and data[i] == 0x3B:
        i += 1
    return i, encode(value, out, to)
