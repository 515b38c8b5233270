"""Cue words: hashed, by their beginnings or whole, each of some sort; and the folded characters of words."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from corpusscan.kernels import alphabet, characters, folding
from corpusscan.kernels.alphabet import ALONE, GAP, WORD
from corpusscan.kernels.folding import decode

Sorts = npt.NDArray[np.uint16]  # a number below `structure.SORTS`
Masks = npt.NDArray[np.uint32]
SKIP = 4  # kind of a character of which nothing is left when it is folded
WHOLE, BEGUN, ROW = np.uint64(0x5157), np.uint64(0xBE65), np.uint64(0xA105)  # kinds of cues
_FACTOR, _STEP = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)
_PLANES = 0x20000


class Table(NamedTuple):
    """Cue words: a table of hashes with open addresses, and the sorts of each."""

    keys: npt.NDArray[np.uint64]
    sorts: Masks


def table(cues: npt.NDArray[np.uint64], sorts: Sorts) -> Table:
    """Cues, ready to be looked up, each of one sort; one that is told twice is of both."""
    room = 1 << max(int(4 * len(cues)).bit_length(), 4)
    keys, values = np.zeros(room, np.uint64), np.zeros(room, np.uint32)
    for cue, sort in zip(cues.tolist(), sorts.tolist(), strict=True):
        at = cue & (room - 1)
        while keys[at] not in (0, cue):
            at = (at + 1) & (room - 1)
        keys[at], values[at] = cue, int(values[at]) | 1 << sort
    return Table(keys, values)


def cue(word: str) -> int:
    """The hash of a cue word; with a star behind it, of all words that begin so."""
    begun = word.endswith("*")
    data = np.frombuffer(word.rstrip("*").encode(), np.uint8)
    return int(_cue(data, begun, planes()))


@cache
def planes() -> npt.NDArray[np.uint32]:
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
    kinds[(entries > 0) & (sizes == 0)] = SKIP
    told: npt.NDArray[np.uint32] = (folded | kinds << 24).astype(np.uint32)
    return told


@njit(cache=True, nogil=True, inline="always")
def mixed(value, part):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """The hash of what was before, with one more part."""
    value = (value ^ np.uint64(part)) * _FACTOR
    return value ^ (value >> np.uint64(29))


@njit(cache=True, nogil=True, inline="always")
def last(value, kind):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """The hash of a feature of some kind; its upper bits are its bucket."""
    value = (value ^ np.uint64(kind)) * _STEP
    value = (value ^ (value >> np.uint64(32))) * _FACTOR
    return value ^ (value >> np.uint64(31))


@njit(cache=True, nogil=True, inline="always")
def character(data, i, end, plane):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """The folded character at i, its kind and its length in bytes."""
    read, length = decode(data, i, end)
    code: Any = np.int64(data[i]) if read < 0 and data[i] < 128 else read
    if code < 0:
        return np.uint64(0), np.int64(GAP), length
    if code >= _PLANES:
        return np.uint64(code), np.int64(ALONE), length
    told = plane[code]
    return np.uint64(told & np.uint32(0xFFFFFF)), np.int64(told >> np.uint32(24)), length


@njit(cache=True, nogil=True, inline="always")
def found(keys, sorts, key):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """The sorts of a cue, 0 where it is none."""
    room = np.uint64(len(keys) - 1)
    at = key & room
    while keys[at] != 0:
        if keys[at] == key:
            return sorts[at]
        at = (at + np.uint64(1)) & room
    return np.uint32(0)


@njit(cache=True, nogil=True)
def _cue(data, begun, plane):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    value, i, alone = np.uint64(0), 0, False
    while i < len(data):
        char, kind, length = character(data, i, len(data), plane)
        if kind in (WORD, ALONE):
            value = mixed(value, char)
            alone = alone or kind == ALONE
        i += length
    return last(value, ROW if alone else BEGUN if begun else WHOLE) | np.uint64(1)
