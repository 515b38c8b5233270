"""Where a text begins to speak of something else, or in another language: how unlike the words on both sides are.

Words are known by their vectors (`vectors`); a side is the sum of its words.  A cosine of 1 is the same, of 0 is what
two texts from anywhere have.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from corpusscan.kernels.latent import Floats
from corpusscan.kernels.vectors import BLOCK, DIMENSIONS, Blocks, Numbers, Vectors, add, cosine_of, firsts, take
from corpusscan.kernels.words import Offsets

SIDE = 64  # words of each side
FEWEST = 12  # of these, that have a vector


def everywhere(of: Blocks, bounds: Offsets) -> Floats:
    """One less the cosine at every word with which a block of its document begins; 0 elsewhere."""
    found = np.zeros(bounds[-1], np.float32)
    found[firsts(of, bounds)] = of_blocks(of, SIDE, FEWEST)
    return found


def of_blocks(of: Blocks, side: int, fewest: int) -> Floats:
    """One less the cosine at every block, of sides of so many words, so few of which may have a vector."""
    told = np.zeros(len(of.heard), np.float32)
    _everywhere(of.sums, of.heard, of.bounds, side // BLOCK, fewest, told)
    return told


def at(number: Numbers, bounds: Offsets, vectors: Vectors, words: Offsets) -> Floats:
    """One less the cosine at some words (ascending)."""
    found = np.zeros(len(words), np.float32)
    _at(number, bounds, vectors, words, found)
    return found


@njit(cache=True, nogil=True)
def _everywhere(sums, heard, bounds, side, fewest, found):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    left, right = np.zeros(DIMENSIONS, np.int32), np.zeros(DIMENSIONS, np.int32)
    for d in range(len(bounds) - 1):
        left[:], right[:] = 0, 0
        before = behind = 0
        for b in range(bounds[d], min(bounds[d] + side, bounds[d + 1])):
            add(right, sums, b)
            behind += heard[b]
        for b in range(bounds[d] + 1, bounds[d + 1]):
            add(left, sums, b - 1)
            take(right, sums, b - 1)
            before, behind = before + heard[b - 1], behind - heard[b - 1]
            if b - 1 - side >= bounds[d]:
                take(left, sums, b - 1 - side)
                before -= heard[b - 1 - side]
            if b - 1 + side < bounds[d + 1]:
                add(right, sums, b - 1 + side)
                behind += heard[b - 1 + side]
            if min(before, behind) >= fewest:
                found[b] = np.float32(1) - cosine_of(left, right)


@njit(cache=True, nogil=True)
def _at(number, bounds, vectors, words, found):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    left, right = np.zeros(DIMENSIONS, np.int32), np.zeros(DIMENSIONS, np.int32)
    d = 0
    for n in range(len(words)):
        while bounds[d + 1] <= words[n]:
            d += 1
        left[:], right[:] = 0, 0
        before = behind = 0
        for i in range(max(bounds[d], words[n] - SIDE), words[n]):
            if number[i]:
                before += 1
                add(left, vectors, number[i])
        for i in range(words[n], min(bounds[d + 1], words[n] + SIDE)):
            if number[i]:
                behind += 1
                add(right, vectors, number[i])
        if min(before, behind) >= FEWEST:
            found[n] = np.float32(1) - cosine_of(left, right)
