"""Fingerprints of passages: some of the shingles of a text, chosen by their hash, so that copies choose the same.

Sampling by hash: Manber 1994; Schleimer, Wilkerson and Aiken (winnowing), SIGMOD 2003.  A fingerprint is
one number with the place where it stands, so that it can travel as one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from corpusscan.kernels.sketches import mixed
from corpusscan.kernels.words import Hashes, Offsets

SHINGLE = 5  # words, or half as many more characters of scripts without spaces
DENSITY = 4  # one shingle of so many is chosen
PLACE_BITS = 20  # of the word at which it begins; later words count as the last
PLACES = np.uint64((1 << PLACE_BITS) - 1)
_STEP = np.uint64(0x9E3779B97F4A7C15)

Values = npt.NDArray[np.uint64]


def fingerprints(hashes: Hashes, bounds: Offsets) -> tuple[Values, Offsets]:
    """Fingerprints of documents whose words are hashes[bounds[i]:bounds[i + 1]], and the len + 1 bounds of these.

    The upper bits are the fingerprint, the lower `PLACE_BITS` the word of the document at which it begins.
    """
    return _fingerprints(hashes, bounds)  # type: ignore[no-any-return]


@njit(cache=True, nogil=True)
def _fingerprints(hashes, bounds):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    found, offsets, size = np.empty(len(hashes) // DENSITY + 64, np.uint64), np.zeros(len(bounds), np.int64), 0
    for document in range(len(bounds) - 1):
        begin, end = bounds[document], bounds[document + 1]
        for i in range(begin, end):
            value, weight, j = np.uint64(0), 0, i
            while j < end and weight < 3 * SHINGLE:
                value = value * _STEP + hashes[j]
                weight += 2 if hashes[j] & np.uint64(1) else 3  # characters that are words weigh less
                j += 1
            if weight < 3 * SHINGLE:
                break
            value = mixed(value)
            if value & np.uint64(DENSITY - 1):
                continue
            if size == len(found):
                found = np.append(found, np.empty_like(found))
            found[size] = mixed(value) & ~PLACES | min(np.uint64(i - begin), PLACES)
            size += 1
        offsets[document + 1] = size
    return found[:size].copy(), offsets
