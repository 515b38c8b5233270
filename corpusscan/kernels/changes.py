"""Where a text turns into something else: at which words a stretch of noise begins, and how much of it there is.

Each word has so many bits for noise (`profile`), mostly negative in text.  The largest sum of any stretch that begins
at a word (Bentley 1984, from behind) says how surely noise follows there, wherever it ends: chance gives a sum of b
bits to one text in 2^b.  It is a change only where what stands before is text.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from corpusscan.kernels import vectors
from corpusscan.kernels.latent import Floats
from corpusscan.kernels.profile import NOISES, UNKNOWN, Profile, Rarities, known_pair, mixed
from corpusscan.kernels.uncounted import uncounted
from corpusscan.kernels.vectors import Blocks
from corpusscan.kernels.words import Hashes, Offsets

BEFORE = 40  # words before a place that must be text
CLEAR = (0.0, 0.4, 0.1, 0.0)  # bits a word of each kind of noise: they are; order is told less surely than words
BEGINNING = 8  # words that are too few to say what they are
_SEEN_BITS, _MARK = 16, np.uint64(0x9E3779B97F4A7C15)


def bits(hashes: Hashes, rarity: Rarities, of: Blocks, bounds: Offsets, known: Profile) -> Floats:
    """Bits of each word for each kind of noise, and for what was said before: kinds x words.

    Documents are hashes[bounds[i]:bounds[i + 1]].
    """
    found = np.zeros((NOISES + 1, len(hashes)), np.float32)
    _bits(hashes, bounds, rarity, known.pairs, known.odds, found)
    _shared(known.strange[vectors.likeness(of)] / np.float32(vectors.BLOCK), vectors.firsts(of, bounds), found[2])
    _said_before(hashes, bounds, found[NOISES])
    return found


def following(bits: Floats, bounds: Offsets) -> Floats:
    """How many bits of noise follow at each word where what stands before it is text, 0 elsewhere; kinds x words."""
    found = np.empty_like(bits)
    for kind in range(len(bits)):
        _following(bits[kind], bounds, CLEAR[kind], found[kind])
    return found


def end(bits: Floats, begin: int, last: int) -> int:
    """Where the stretch with most bits that begins at a word ends; the document ends at `last`."""
    sums = np.cumsum(bits[begin:last])
    return begin + int(np.argmax(sums)) + 1 if len(sums) else begin


@njit(cache=True, nogil=True)
def _bits(hashes, bounds, rarity, pairs, odds, bits):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Writes the bits of the first two kinds."""
    known = np.zeros(len(hashes), np.uint8)
    for i in range(1, len(hashes)):
        if rarity[i] < UNKNOWN and rarity[i - 1] < UNKNOWN:  # else no pair is known
            known[i] = known_pair(pairs, mixed(hashes[i - 1], hashes[i]))
    for kind in range(len(odds)):
        own = odds[kind].ravel()
        for i in range(1, len(hashes)):
            bits[kind, i] = own[(np.int64(rarity[i - 1]) * (UNKNOWN + 1) + rarity[i]) * 2 + known[i]]
    for document in range(len(bounds) - 1):
        if bounds[document] < bounds[document + 1]:
            bits[:, bounds[document]] = 0  # nothing stands before it


@njit(cache=True, nogil=True)
def _said_before(hashes, bounds, bits):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Writes 1 for a word that ends three words which the document said before, else -1; a table remembers hashes."""
    seen, shift = np.zeros(1 << _SEEN_BITS, np.uint64), np.uint64(64 - _SEEN_BITS)
    for document in range(len(bounds) - 1):
        mark = np.uint64(document + 1) * _MARK
        for i in range(bounds[document], bounds[document + 1]):
            bits[i] = -1
            if i < bounds[document] + 2:
                continue
            value = mixed(mixed(hashes[i - 2], hashes[i - 1]), hashes[i]) ^ mark
            place = value >> shift
            bits[i] = 1 if seen[place] == value else -1
            seen[place] = value


@uncounted
def _shared(bits, firsts, found):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Gives each word of a block its share of the block's bits."""
    for block in range(len(firsts)):
        for i in range(firsts[block], firsts[block] + vectors.BLOCK):
            found[i] = bits[block]


@uncounted
def _following(bits, bounds, clear, found):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    for document in range(len(bounds) - 1):
        first, last = bounds[document], bounds[document + 1]
        most = np.float32(0)
        for i in range(last - 1, first - 1, -1):
            most = max(most + bits[i], np.float32(0))
            found[i] = most
        before = np.float32(0)  # bits of the words before i
        for i in range(first, last):
            if i - first >= BEGINNING and before > clear * min(i - first, BEFORE):
                found[i] = 0
            before += bits[i]
            if i - first >= BEFORE:
                before -= bits[i - BEFORE]
