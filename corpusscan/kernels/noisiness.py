"""How much of a document is noise: whether its bytes can be foreseen, its words stand in order, and how they recur.

Each look is one pass.  `written` and `ordered` are cheap and meant for every document, `apart` and `repeated` for those
in doubt.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from corpusscan.kernels.profile import LEVELS, UNKNOWN, Profile, Rarities, known_pair, mixed
from corpusscan.kernels.uncounted import uncounted
from corpusscan.kernels.words import Hashes, Offsets

APART = 4  # words: what stands so far apart is no pair, whatever the language
RECUR = 2_000  # words of a document in which repetitions are counted: as many as the tables below can hold
FEWEST = 150  # bytes from which it can be told what can be foreseen
_TABLE_BITS, _CONTEXT_BITS = 12, 14
_MARK, _CONTEXT = np.uint64(0x9E3779B97F4A7C15), np.uint32(0x9E3779B1)

Bytes = npt.NDArray[np.uint8]
Shares = npt.NDArray[np.floating[Any]]


class Written(NamedTuple):
    """Of the bytes of each document; all but the first are shares of them."""

    size: Shares
    foreseen: Shares  # what stood behind the four bytes before, the last time; a run of spaces is one
    digits: Shares
    signs: Shares  # of ASCII
    spaces: Shares  # line ends too
    lines: Shares  # line ends
    beyond: Shares  # of characters that are not ASCII


class Ordered(NamedTuple):
    """Of the words of each document, against what the profile knows."""

    words: Shares  # how many
    unknown: Shares  # share
    alone: Shares  # share of words that are one character of a script without spaces
    pairs: Shares  # known words that follow one another
    known: Shares  # share of these pairs that the profile knows
    bits: Shares  # a word, for words of a page in another order


class Repeated(NamedTuple):
    """How the first `RECUR` words of each document recur."""

    again: Shares  # share of words that were there before
    pairs: Shares  # times that two pairs of words are equal
    by_chance: Shares  # times that they would be, were the same words drawn one by one


def written(data: Bytes, bounds: Offsets) -> Written:
    """What the bytes data[bounds[i]:bounds[i + 1]] are, and whether each can be foreseen (LZP: Bloom 1996)."""
    counts = np.zeros((len(Written._fields) + 1, len(bounds) - 1), np.float32)
    _written(data, bounds, _classes(), np.zeros(1 << _CONTEXT_BITS, np.uint32), np.zeros((4, 256), np.int64), counts)
    size, foreseen, *others, skipped = counts
    return Written(size, foreseen / np.maximum(size - skipped, FEWEST), *(one / np.maximum(size, 1) for one in others))


def _classes() -> npt.NDArray[np.int64]:
    """The row of `Written` that each byte counts for."""
    fields = {name: number for number, name in enumerate(Written._fields)}
    kinds = np.full(256, fields["beyond"], np.int64)
    kinds[:128] = fields["signs"]
    kinds[[9, 13, 32]] = fields["spaces"]
    kinds[10] = fields["lines"]
    kinds[48:58] = fields["digits"]
    kinds[np.r_[:9, 11, 12, 14:32, 65:91, 97:123, 127]] = len(fields)
    return kinds


@uncounted
def _written(data, bounds, classes, table, own, counts):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    for document in range(len(bounds) - 1):
        own[:] = 0
        foreseen = skipped = 0
        context, mark = np.uint32(0), np.uint32(document + 1) << np.uint32(8)
        for i in range(bounds[document], bounds[document + 1]):
            byte = np.uint32(data[i])
            own[i & 3, byte] += 1  # of four counters in turn, none waits for the one before
            if byte <= 32 and context & np.uint32(255) <= 32 and i > bounds[document]:
                skipped += 1
                continue
            place = np.uint32(context * _CONTEXT) >> np.uint32(32 - _CONTEXT_BITS)
            here = np.uint32(mark | byte)
            foreseen += table[place] == here
            table[place] = here
            context = np.uint32(np.uint32(context << np.uint32(8)) | byte)
        for value in range(256):
            counts[classes[value], document] += own[0, value] + own[1, value] + own[2, value] + own[3, value]
        counts[0, document], counts[1, document] = bounds[document + 1] - bounds[document], foreseen
        counts[4, document] += counts[5, document]
        counts[-1, document] = skipped  # until here of bytes that are none of these


def ordered(hashes: Hashes, rarity: Rarities, bounds: Offsets, known: Profile) -> Ordered:
    """How the words hashes[bounds[i]:bounds[i + 1]], of these levels of rarity, stand in each document."""
    counts = np.zeros((6, len(bounds) - 1), np.float32)
    _ordered(hashes, rarity, bounds, known.pairs, known.odds[1].ravel(), counts)
    words, unknown, alone, pairs, joined, bits = counts
    many = np.maximum(words, 1)
    return Ordered(words, unknown / many, alone / many, pairs, joined / np.maximum(pairs, 1), bits / many)


@njit(cache=True, nogil=True)
def _ordered(hashes, rarity, bounds, pairs, odds, counts):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    for document in range(len(bounds) - 1):
        first, last = bounds[document], bounds[document + 1]
        unknown = alone = pair = known = np.int64(0)
        bits = np.float32(0)
        for i in range(first, last):
            here = np.int64(rarity[i])
            unknown += here == UNKNOWN
            alone += np.int64(hashes[i] & np.uint64(1))
            if i == first:
                continue
            before, both = np.int64(rarity[i - 1]), np.int64(0)
            if here < UNKNOWN and before < UNKNOWN:
                both = np.int64(known_pair(pairs, mixed(hashes[i - 1], hashes[i])))
                pair += 1
                known += both
            bits += odds[(before * LEVELS + here) * 2 + both]
        counts[0, document], counts[1, document], counts[2, document] = last - first, unknown, alone
        counts[3, document], counts[4, document], counts[5, document] = pair, known, bits


def apart(hashes: Hashes, rarity: Rarities, bounds: Offsets, known: Profile) -> Shares:
    """The share of pairs of known words, `APART` words apart, that the profile knows as if they stood together."""
    counts = np.zeros((2, len(bounds) - 1), np.float32)
    _apart(hashes, rarity, bounds, known.pairs, counts)
    found: Shares = counts[1] / np.maximum(counts[0], 1)
    return found


@uncounted
def _apart(hashes, rarity, bounds, pairs, counts):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    for document in range(len(bounds) - 1):
        for i in range(bounds[document] + APART, bounds[document + 1]):
            if rarity[i] < UNKNOWN and rarity[i - APART] < UNKNOWN:
                counts[0, document] += 1
                counts[1, document] += np.float32(known_pair(pairs, mixed(hashes[i - APART], hashes[i])))


def repeated(hashes: Hashes, bounds: Offsets) -> Repeated:
    """How words recur in each document; where they are drawn, two pairs are equal as often as two words are, twice."""
    counts = np.zeros((3, len(bounds) - 1), np.float64)
    tables = np.zeros((2, 1 << _TABLE_BITS), np.uint64), np.zeros((2, 1 << _TABLE_BITS), np.int64)
    _repeated(hashes, bounds, *tables, counts)
    words = np.minimum(np.diff(bounds), RECUR).astype(np.float64)
    again, equal, pairs = counts
    by_chance = 2 * equal**2 / np.maximum(words * (words - 1), 1)
    return Repeated(again / np.maximum(words, 1), pairs, by_chance)


@uncounted
def _repeated(hashes, bounds, seen, times, counts):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    for document in range(len(bounds) - 1):
        mark = np.uint64(document + 1) * _MARK
        first = bounds[document]
        for i in range(first, min(first + RECUR, bounds[document + 1])):
            for pair in range(min(i - first, 1) + 1):
                value = (mixed(hashes[i - 1], hashes[i]) if pair else hashes[i] * _MARK) ^ mark
                place = np.int64(value >> np.uint64(64 - _TABLE_BITS))
                if seen[pair, place] != value:
                    seen[pair, place], times[pair, place] = value, 0
                counts[1 + pair, document] += times[pair, place]
                counts[0, document] += (1 - pair) * (times[pair, place] > 0)
                times[pair, place] += 1
