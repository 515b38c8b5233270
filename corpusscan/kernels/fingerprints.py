"""Fingerprints of passages: some of the shingles of a text, chosen by their hash, so that copies choose the same.

Sampling by hash: Manber 1994; Schleimer, Wilkerson and Aiken (winnowing), SIGMOD 2003.  A fingerprint is
one number with the place where it stands, so that it can travel as one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from corpusscan.kernels import sketches
from corpusscan.kernels.sketches import mixed, shingles, turned
from corpusscan.kernels.words import Hashes, Offsets

SHINGLE = sketches.SHINGLE  # words, or half as many more characters of scripts without spaces
DENSITY = 4  # one shingle of so many is chosen
SCHEME = "winnowed-1"  # to be raised where the same text gives other fingerprints: an index holds them
PLACE_BITS = 20  # of the word at which it begins; later words count as the last
PLACES = np.uint64((1 << PLACE_BITS) - 1)

Values = npt.NDArray[np.uint64]


def fingerprints(hashes: Hashes, bounds: Offsets) -> tuple[Values, Offsets]:
    """Fingerprints of documents whose words are hashes[bounds[i]:bounds[i + 1]], and the len + 1 bounds of these.

    The upper bits are the fingerprint, the lower `PLACE_BITS` the word of the document at which it begins.
    """
    return _fingerprints(hashes, bounds)  # type: ignore[no-any-return]


@njit(cache=True, nogil=True)
def _fingerprints(hashes, bounds):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    found, size, longest = np.empty(len(hashes) // DENSITY + 64, np.uint64), 0, 0
    offsets = np.zeros(len(bounds), np.int64)
    for document in range(len(bounds) - 1):
        longest = max(longest, bounds[document + 1] - bounds[document])
    values, places = np.empty(longest, np.uint64), np.empty(longest, np.uint64)
    for document in range(len(bounds) - 1):
        words = hashes[bounds[document] : bounds[document + 1]]
        count = shingles(words, values) if _spaced(words) else _weighed(words, values)
        chosen = 0
        for i in range(count):  # without a branch: which are chosen cannot be foreseen
            value = values[i]
            values[chosen], places[chosen] = value, min(np.uint64(i), PLACES)
            chosen += 1 if value & np.uint64(DENSITY - 1) == 0 else 0
        if size + chosen > len(found):
            found = np.append(found, np.empty(max(len(found), chosen), np.uint64))
        for i in range(chosen):
            found[size + i] = mixed(values[i]) & ~PLACES | places[i]
        size += chosen
        offsets[document + 1] = size
    return found[:size].copy(), offsets


@njit(cache=True, nogil=True)
def _spaced(words):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Whether no word is a character."""
    alone = np.uint64(0)
    for i in range(len(words)):
        alone |= words[i]
    return alone & np.uint64(1) == 0


@njit(cache=True, nogil=True)
def _weighed(words, values):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Writes the hashes of shingles in which characters that are words weigh less; how many."""
    for i in range(len(words)):
        value, weight, j = np.uint64(0), 0, i
        while j < len(words) and weight < 3 * SHINGLE:
            value += turned(words[j], j - i)
            weight += 2 if words[j] & np.uint64(1) else 3
            j += 1
        if weight < 3 * SHINGLE:
            return i
        values[i] = mixed(value)
    return len(words)
