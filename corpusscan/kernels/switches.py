"""Where a text begins to speak of something else, or in another language: how unlike the words on both sides are.

Words are known by their vectors (`profile`); a side is the mean of its words.  A cosine of 1 is the same, of 0 is what
two texts from anywhere have.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from corpusscan.kernels.profile import DIMENSIONS, Floats, Profile, looked_up
from corpusscan.kernels.words import Hashes, Offsets

SIDE = 64  # words of each side
FEWEST = 12  # of these, that have a vector
STEP = 8  # words from place to place, where all places are looked at


def everywhere(hashes: Hashes, bounds: Offsets, known: Profile) -> Floats:
    """One less the cosine at every word whose place in its document is a multiple of `STEP`; 0 elsewhere."""
    found = np.zeros(len(hashes), np.float32)
    _everywhere(hashes, bounds, known.slots, known.vectors, found)
    return found


def at(hashes: Hashes, bounds: Offsets, known: Profile, words: Offsets) -> Floats:
    """One less the cosine at some words (ascending)."""
    found = np.zeros(len(words), np.float32)
    _at(hashes, bounds, known.slots, known.vectors, words, found)
    return found


@njit(cache=True, nogil=True)
def _unlike(left, right, few):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    if few:
        return np.float32(0)
    dot = one = other = np.float32(0)
    for k in range(DIMENSIONS):
        dot += left[k] * right[k]
        one += left[k] * left[k]
        other += right[k] * right[k]
    return np.float32(1 - dot / np.sqrt(max(one * other, np.float32(1e-12))))


@njit(cache=True, nogil=True)
def _add(total, vectors, number, sign):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    for k in range(DIMENSIONS):
        total[k] += sign * np.float32(vectors[number, k])
    return sign if number else 0


@njit(cache=True, nogil=True)
def _everywhere(hashes, bounds, slots, vectors, found):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Sums of blocks of `STEP` words, of which a side is so many."""
    longest = 0
    for d in range(len(bounds) - 1):
        longest = max(longest, (bounds[d + 1] - bounds[d]) // STEP + 1)
    blocks, told = np.zeros((longest, DIMENSIONS), np.float32), np.zeros(longest, np.int64)
    left, right = np.zeros(DIMENSIONS, np.float32), np.zeros(DIMENSIONS, np.float32)
    side = SIDE // STEP
    for d in range(len(bounds) - 1):
        first, count = bounds[d], (bounds[d + 1] - bounds[d]) // STEP
        if count < 4:
            continue
        for b in range(count):
            blocks[b], told[b] = 0, 0
            for i in range(first + b * STEP, first + (b + 1) * STEP):
                told[b] += _add(blocks[b], vectors, looked_up(slots, hashes[i])[1], 1)
        left[:], right[:] = 0, 0
        before = behind = 0
        for b in range(min(side, count)):
            right += blocks[b]
            behind += told[b]
        for b in range(1, count):
            left += blocks[b - 1]
            right -= blocks[b - 1]
            before, behind = before + told[b - 1], behind - told[b - 1]
            if b > side:
                left -= blocks[b - 1 - side]
                before -= told[b - 1 - side]
            if b - 1 + side < count:
                right += blocks[b - 1 + side]
                behind += told[b - 1 + side]
            found[first + b * STEP] = _unlike(left, right, min(before, behind) < FEWEST)


@njit(cache=True, nogil=True)
def _at(hashes, bounds, slots, vectors, words, found):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    left, right = np.zeros(DIMENSIONS, np.float32), np.zeros(DIMENSIONS, np.float32)
    d = 0
    for n in range(len(words)):
        while bounds[d + 1] <= words[n]:
            d += 1
        left[:], right[:] = 0, 0
        before = behind = 0
        for i in range(max(bounds[d], words[n] - SIDE), words[n]):
            before += _add(left, vectors, looked_up(slots, hashes[i])[1], 1)
        for i in range(words[n], min(bounds[d + 1], words[n] + SIDE)):
            behind += _add(right, vectors, looked_up(slots, hashes[i])[1], 1)
        found[n] = _unlike(left, right, min(before, behind) < FEWEST)
