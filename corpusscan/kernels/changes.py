"""Where a text turns into something else: at which words a stretch of noise begins, and how much of it there is.

Each word has so many bits for noise (`profile`), mostly negative in text.  The largest sum of any stretch that begins at
a word (Bentley 1984, from behind) says how surely noise follows there, wherever it ends: chance gives a sum of b bits
to one text in 2^b.  It is a change only where what stands before is text.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from corpusscan.kernels.profile import UNKNOWN, Floats, Profile, known_pair, looked_up, mixed
from corpusscan.kernels.uncounted import uncounted
from corpusscan.kernels.words import Hashes, Offsets

BEFORE = 40  # words before a place that must be text
CLEAR = (0.0, 0.4)  # bits a word of each kind of noise: they are; order is told less surely than words
BEGINNING = 8  # words that are too few to say what they are
LEVELS = (60.0, 120.0, 240.0, 480.0)  # bits: how sure a change is

def bits(hashes: Hashes, bounds: Offsets, profile: Profile) -> Floats:
    """Bits for each kind of noise of each word, NOISES x words; documents are hashes[bounds[i]:bounds[i + 1]]."""
    return _bits(hashes, bounds, profile.slots, profile.pairs, profile.odds)  # type: ignore[no-any-return]


def following(bits: Floats, bounds: Offsets) -> Floats:
    """How many bits of noise follow at each word where what stands before it is text, 0 elsewhere; NOISES x words."""
    found = np.empty_like(bits)
    for kind in range(len(bits)):
        _following(bits[kind], bounds, CLEAR[kind], found[kind])
    return found


def end(bits: Floats, begin: int, last: int) -> int:
    """Where the stretch with most bits that begins at a word ends; the document ends at `last`."""
    sums = np.cumsum(bits[begin:last])
    return begin + int(np.argmax(sums)) + 1 if len(sums) else begin


@njit(cache=True, nogil=True)
def _bits(hashes, bounds, slots, pairs, odds):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    bits = np.zeros((len(odds), len(hashes)), np.float32)
    rarity, known = np.empty(len(hashes), np.uint8), np.zeros(len(hashes), np.uint8)
    for i in range(len(hashes)):
        rarity[i] = looked_up(slots, hashes[i])[0]
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
    return bits


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
