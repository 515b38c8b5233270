"""Sketches of documents, from which the Jaccard similarity of their shingles can be read, and bands of them.

A shingle is `SHINGLE` words in a row.  The sketch is fast similarity sketching (Dahlgaard, Knudsen and
Thorup, FOCS 2017): one value for each of `BINS` bins, equal in two documents with a probability that is
their Jaccard similarity; its errors are smaller than MinHash's for short texts, and it takes one pass for
long ones.  Banding: Indyk and Motwani 1998; Leskovec, Rajaraman and Ullman, "Mining of Massive
Datasets", chapter 3.
"""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from corpusscan.detector import Batch
from corpusscan.kernels.words import Hashes, Offsets, words

SHINGLE = 5  # words
BINS = 128
BANDS, ROWS = 18, 7  # a pair of J = 0.8 shares a band with a probability of 0.986, one of 0.5 with 0.13
# What sketches must share to be compared, beside the key.
SCHEME = {"scheme": "fss-2", "shingle": SHINGLE, "bins": BINS, "bands": BANDS, "rows": ROWS, "unicode": "15.0"}
_MIX = (np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53))
_STEP = np.uint64(0x9E3779B97F4A7C15)
_EMPTY = np.uint32(0xFFFFFFFF)
_TURN = 13  # bits

Bands = npt.NDArray[np.uint64]
Checks = npt.NDArray[np.uint8]


class Sketches(NamedTuple):
    """Of each document: hashes of its bands, and of each bin a byte; both nothing where it is too short."""

    bands: Bands  # documents x BANDS
    checks: Checks  # documents x BINS
    shingles: npt.NDArray[np.int64]  # how many it has, with repetitions; of words, each once


def document_words(batch: Batch) -> tuple[Hashes, Offsets]:
    """The words of the documents of a batch, whose texts count as one, and the len + 1 bounds of documents."""
    found = batch.feature(words)
    return found.hashes, found.bounds[texts_of(batch)]


def texts_of(batch: Batch) -> Offsets:
    """Which texts of a batch each document has: those of document i are from told[i] to told[i + 1]."""
    rows = batch.documents["row"].to_numpy()
    told: Offsets = np.searchsorted(batch.texts["row"].to_numpy(), [*rows, np.iinfo(np.uint64).max])
    return told


def sketched(hashes: Hashes, bounds: Offsets) -> Sketches:
    """Sketches of documents whose words are hashes[bounds[i]:bounds[i + 1]]."""
    return Sketches(*_sketches(hashes, bounds, False))


def sketched_words(hashes: Hashes, bounds: Offsets) -> Sketches:
    """Sketches of the words themselves, in whatever order: of short texts hardly a shingle outlives a change."""
    return Sketches(*_sketches(hashes, bounds, True))


def similarity(equal: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Estimated Jaccard similarity of pairs with so many equal check bytes; a byte is equal by chance in 1 of 256."""
    return np.clip((equal / BINS - 1 / 256) / (1 - 1 / 256), 0, 1)


def recall(similarity: float, least: float = 0.0) -> float:
    """With what probability a pair of that Jaccard similarity shares a band, and is estimated as `least` or more.

    Exact where equal bins are independent: of m equal ones a band is among them by inclusion and exclusion.
    """
    found: float = sum(
        math.comb(BINS, m) * similarity**m * (1 - similarity) ** (BINS - m) * _share_a_band(m)
        for m in range(BINS + 1)
        if (m / BINS - 1 / 256) / (1 - 1 / 256) >= least
    )
    return found


@cache
def _share_a_band(equal: int) -> float:
    """With what probability so many equal bins, wherever they are, fill a band."""
    ways = sum(
        (-1) ** (bands + 1) * math.comb(BANDS, bands) * math.comb(BINS - ROWS * bands, equal - ROWS * bands)
        for bands in range(1, equal // ROWS + 1)
        if bands <= BANDS
    )
    return float(ways / math.comb(BINS, equal))


@njit(cache=True, nogil=True, inline="always")
def mixed(value):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """All bits of a hash, stirred: the finaliser of MurmurHash3."""
    value = (value ^ (value >> np.uint64(33))) * _MIX[0]
    value = (value ^ (value >> np.uint64(33))) * _MIX[1]
    return value ^ (value >> np.uint64(33))


@njit(cache=True, nogil=True, inline="always")
def turned(word, place):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """The hash of a word as it counts at that place of a shingle."""
    bits = np.uint64(_TURN * place & 63)
    return word << bits | word >> (np.uint64(64) - bits & np.uint64(63))


@njit(cache=True, nogil=True)
def shingles(words, out):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Writes the hashes of the shingles of some words; how many.

    Words are turned by where they stand and added up: no step waits for another, so it runs in vectors.
    """
    count = max(len(words) - SHINGLE + 1, 0)
    for i in range(count):
        value = np.uint64(0)
        for j in range(SHINGLE):
            value += turned(words[i + j], j)
        out[i] = mixed(value)
    return count


@njit(cache=True, nogil=True)
def _distinct(words, out):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Writes the hashes of some words, each once; how many."""
    own = np.unique(words)
    for i in range(len(own)):
        out[i] = mixed(own[i])
    return len(own)


@njit(cache=True, nogil=True)
def _fill(values, bins):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """The sketch of hashes: of bin b its least value in the first throw that fills it; throw k < BINS throws all
    values into bins by chance, throw BINS + b into bin b.  Three throws are made of each hash."""
    bins[:] = _EMPTY
    for turn in range(2 * BINS):
        if turn and turn % 3 == 0:
            for i in range(len(values)):
                values[i] = mixed(values[i] + _STEP)
        shift, said = np.uint64(turn % 3 * 21), np.uint32(turn << 24)
        if turn < BINS:
            for i in range(len(values)):  # without a branch: which bins change cannot be foreseen
                drawn = values[i] << shift
                place = np.int64(drawn >> np.uint64(64 - 7))
                bins[place] = min(bins[place], said | np.uint32(drawn >> np.uint64(33) & np.uint64(0xFFFFFF)))
        else:
            for i in range(len(values)):
                drawn = values[i] << shift >> np.uint64(33) & np.uint64(0xFFFFFF)
                bins[turn - BINS] = min(bins[turn - BINS], said | np.uint32(drawn))
        left = 0
        for b in range(BINS):
            left += 1 if bins[b] == _EMPTY else 0
        if not left:
            return


@njit(cache=True, nogil=True)
def _sketches(hashes, bounds, single):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    documents = len(bounds) - 1
    bands, checks = np.zeros((documents, BANDS), np.uint64), np.zeros((documents, BINS), np.uint8)
    counts, longest = np.zeros(documents, np.int64), 0
    for i in range(documents):
        longest = max(longest, bounds[i + 1] - bounds[i])
    values, bins = np.empty(longest, np.uint64), np.empty(BINS, np.uint32)
    for i in range(documents):
        own = hashes[bounds[i] : bounds[i + 1]]
        counts[i] = _distinct(own, values) if single else shingles(own, values)
        if not counts[i]:
            continue
        _fill(values[: counts[i]], bins)
        for band in range(BANDS):
            value = np.uint64(band)
            for row in range(ROWS):
                value = value * _STEP + np.uint64(bins[band * ROWS + row])
            bands[i, band] = mixed(value)
        for b in range(BINS):
            checks[i, b] = np.uint8(mixed(np.uint64(bins[b])) >> np.uint64(56))
    return bands, checks, counts
