"""What each character is to words, once folded; and of most of them what they fold to, in one look."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from corpusscan.kernels import characters, folding
from corpusscan.kernels.characters import Kind, Script

GAP, WORD, ALONE, SEVERAL = 0, 1, 2, 3  # a character parts words, belongs to one, is one, folds to several of these
SHORT, SIZE_BIT, KIND_BIT = 3, 24, 26  # bytes that `plane` holds, and the bits where it tells how many, and the kind
# Written without spaces, beside what `Script.EAST_ASIAN` holds: Thai and Lao, Myanmar, Khmer, Tai, signs of kana,
# extensions.
_UNSPACED = ((0xE00, 0xEFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x1950, 0x1AAF), (0x3031, 0x30FF), (0xA9E0, 0xA9FF),
             (0xAA60, 0xAADF))  # fmt: skip


@cache
def kinds() -> npt.NDArray[np.uint8]:
    """What each code point is to words, once folded."""
    what, script = characters.classes(np.arange(0x110000, dtype=np.uint32))
    spoken = np.isin(what, (Kind.LETTER, Kind.MARK, Kind.DIGIT))
    told = np.where(spoken, np.where(script == Script.EAST_ASIAN, ALONE, WORD), GAP).astype(np.uint8)
    for first, last in _UNSPACED:
        own = told[first : last + 1]
        own[own == WORD] = ALONE
    _, _, start, pool = folding.table()
    bounds = np.concatenate([[0], np.cumsum((pool & 0xC0) != 0x80)])[start]
    parts, sizes = told[characters.codes(pool.tobytes().decode())], np.diff(bounds)
    some = np.flatnonzero(sizes)
    least, most = np.minimum.reduceat(parts, bounds[some]), np.maximum.reduceat(parts, bounds[some])
    folded = np.full(len(sizes), WORD, np.uint8)  # of a word where nothing is left of it: it parts none
    folded[some] = np.where((least == most) & ((least != ALONE) | (sizes[some] == 1)), least, SEVERAL)
    entries = _entries(folding.table())
    return np.where(entries, folded[entries], told)


def _entries(table: folding.Table) -> npt.NDArray[Any]:
    """Of each code point what the folding table holds, 0 where nothing changes."""
    entries: npt.NDArray[Any] = table.entry[table.page.astype(np.int64)[:, None] * 128 + np.arange(128)]
    return entries.ravel()


@cache
def plane() -> npt.NDArray[np.uint32]:
    """Of each code point of the first plane the bytes it folds to (three at most), their number and its kind."""
    _, _, start, pool = table = folding.table()
    codes = np.arange(1 << 16, dtype=np.int64)
    entries = _entries(table)[: 1 << 16].astype(np.int64)
    lengths = np.diff(start.astype(np.int64))
    sizes = np.where(entries, lengths[np.minimum(entries, len(lengths) - 1)], 2 + (codes >> 11 > 0))
    three = np.stack([0xE0 | codes >> 12, 0x80 | codes >> 6 & 0x3F, 0x80 | codes & 0x3F])
    own = np.where(codes >> 11, three, np.stack([0xC0 | codes >> 6, three[2], np.zeros_like(codes)]))
    found = np.zeros(len(codes), np.uint32)
    for at in range(SHORT):
        folded = pool[np.minimum(start[entries] + at, len(pool) - 1)].astype(np.int64)
        byte = np.where(entries, folded | np.where(folded < 128, 0x20, 0), own[at])
        found |= (np.where(at < sizes, byte, 0) << (8 * at)).astype(np.uint32)
    told = np.where((sizes > SHORT) | (codes < 128), SEVERAL, kinds()[: 1 << 16])
    return found | (np.minimum(sizes, SHORT) << SIZE_BIT | told.astype(np.int64) << KIND_BIT).astype(np.uint32)
