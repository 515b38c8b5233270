"""Words that compare and judge, of many languages: looked up by their hashes, valid in the language of a text only."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from corpusscan.kernels.sketches import mixed
from corpusscan.kernels.words import Hashes, hashed

OFTEN = 12  # the column of words that tell the language, the last of `data/comparisons.txt`
PAIR = np.uint64(0x9FB21C651E98DF25)
_TABLE = 1 << 12


@lru_cache(maxsize=4)
def lexicon(key: bytes) -> tuple[Hashes, npt.NDArray[np.uint16]]:
    """The words that make frames as a table by their hashes, with a bit for each column in each language."""
    lines = (Path(__file__).parent / "data" / "comparisons.txt").read_text("utf-8").splitlines()
    rows = [line.split(":", 1)[1].split("|") for line in lines if not line.startswith("#")]
    listed = [
        (word, language, column)
        for language, row in enumerate(rows)
        for column, told in enumerate(row)
        for word in told.split()
    ]
    found = hashed(pa.array([word for word, _, _ in listed], pa.large_string()), key)
    kinds: dict[int, list[tuple[int, int]]] = {}
    for number, (_, language, column) in enumerate(listed):
        own = found.hashes[found.bounds[number] : found.bounds[number + 1]]
        if 1 <= len(own) <= 2:  # one word, or two characters
            value = int(own[0] if len(own) == 1 else pairs(own[:1], own[1:])[0])
            kinds.setdefault(value, []).append((language, column))
    table, bits = np.zeros(_TABLE, np.uint64), np.zeros((_TABLE, len(rows)), np.uint16)
    for value in sorted(kinds):
        slot = value >> 40 & (_TABLE - 1)
        while table[slot]:
            slot = (slot + 1) & (_TABLE - 1)
        table[slot] = value
        for language, column in kinds[value]:
            bits[slot, language] |= 1 << column
    return table, bits


@njit(cache=True, nogil=True, inline="always")
def both(one, other):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """The hash of two characters in a row, or of two names."""
    return mixed(one * PAIR + other) | np.uint64(1)


@njit(cache=True, nogil=True)
def pairs(least, most):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """`both` of many."""
    out = np.empty(len(least), np.uint64)
    for i in range(len(least)):
        out[i] = both(least[i], most[i])
    return out


@njit(cache=True, nogil=True, inline="always")
def _slot(table, value):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    slot = np.int64(value >> np.uint64(40)) & (_TABLE - 1)
    while table[slot]:
        if table[slot] == value:
            return slot
        slot = (slot + 1) & (_TABLE - 1)
    return -1


@njit(cache=True, nogil=True)
def language_of(hashes, table, bits, known, often):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Writes the slots of the words of a text and the character pairs that begin with them; its language, -1 if none.

    What means `greater` in one language is an office or a name in another.
    """
    often[:] = 0
    for i in range(len(hashes)):
        known[i, 0], known[i, 1] = _slot(table, hashes[i]), -1
        if hashes[i] & np.uint64(1) and i + 1 < len(hashes) and hashes[i + 1] & np.uint64(1):
            known[i, 1] = _slot(table, both(hashes[i], hashes[i + 1]))
        if known[i, 0] >= 0:
            for language in range(len(often)):
                often[language] += bits[known[i, 0], language] >> OFTEN & 1
    best = np.argmax(often)
    return best if often[best] else -1


@njit(cache=True, nogil=True, inline="always")
def bits_of(bits, language, slot, other):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """What a word is in a language; in any, where the language is not known."""
    own = np.int64(0)
    for one in (slot, other):
        if one >= 0 and language >= 0:
            own |= np.int64(bits[one, language])
        elif one >= 0:
            for k in range(bits.shape[1]):
                own |= np.int64(bits[one, k])
    return own
