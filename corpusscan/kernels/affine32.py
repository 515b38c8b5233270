"""MinHash as datasketch 2.0 makes it by default, bit for bit, so that signatures can be exchanged.

Scheme "affine32": a 32-bit hash h of each shingle is stirred once (the finaliser of MurmurHash3), and value k of a
signature is the least of a_k * h + b_k mod 2^32 over all shingles (Broder, SEQUENCES 1997; the arithmetic is that
of https://github.com/ekzhu/datasketch, datasketch/minhash.py).  The permutations are public, so what goes in must
be keyed: it is the upper half of the keyed 64-bit hashes of our shingles.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from corpusscan.kernels import sketches
from corpusscan.kernels.sketches import BANDS, BINS, ROWS, Bands, Checks, mixed
from corpusscan.kernels.words import Hashes, Offsets

NAME = "affine32"
SEED = 1  # datasketch's default
# What signatures must share to be compared, beside the key; hashes of shingles are those that our own sketch takes.
SCHEME = {**sketches.SCHEME, "scheme": NAME, "hashes": sketches.SCHEME["scheme"]}
SCHEMES = {"fss": sketches.SCHEME, NAME: SCHEME}  # by the setting `sketch`
NOTHING = np.uint32(0xFFFFFFFF)  # every value of the signature of no shingles
_UPPER = np.uint64(32)
_STEP = np.uint64(0x9E3779B97F4A7C15)

Values = npt.NDArray[np.uint32]


class Signatures(NamedTuple):
    """Of each document: its signature, and how many shingles it has, with repetitions."""

    values: Values  # documents x BINS
    shingles: npt.NDArray[np.int64]


@cache
def permutations(seed: int = SEED, count: int = BINS) -> Values:
    """The factors and the summands that datasketch draws: 2 x count."""
    draw = np.random.RandomState(seed)
    factors = draw.randint(0, 1 << 31, count, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return np.stack([factors, draw.randint(0, 1 << 32, count, dtype=np.uint32)])


def shingle_hashes(words: Hashes) -> Values:
    """The 32-bit hashes of the shingles of a document's words: what `MinHash` is to be fed with."""
    found = np.empty(len(words), np.uint64)
    return (found[: sketches.shingles(words, found)] >> _UPPER).astype(np.uint32)


def signatures(hashes: Hashes, bounds: Offsets) -> Signatures:
    """Signatures of documents whose words are hashes[bounds[i]:bounds[i + 1]]."""
    return Signatures(*_signatures(hashes, bounds, *permutations()))


def banded(values: Values) -> tuple[Bands, Checks]:
    """Bands and check bytes of signatures, as `sketches.Sketches` has them."""
    return _banded(values)  # type: ignore[no-any-return]


def packed(values: Values) -> pa.FixedSizeBinaryArray:
    """Signatures as bytes: BINS little-endian numbers each."""
    buffer = pa.py_buffer(np.ascontiguousarray(values, "<u4"))
    return pa.Array.from_buffers(pa.binary(4 * BINS), len(values), [None, buffer])


def unpacked(column: pa.FixedSizeBinaryArray) -> Values:
    """What `packed` packed."""
    values = np.frombuffer(column.buffers()[1] or b"", "<u4").reshape(-1, BINS)
    return values[column.offset : column.offset + len(column)]


@njit(cache=True, nogil=True)
def _signatures(hashes, bounds, factors, summands):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    documents, longest = len(bounds) - 1, 0
    for i in range(documents):
        longest = max(longest, bounds[i + 1] - bounds[i])
    values, counts = np.full((documents, len(factors)), NOTHING, np.uint32), np.zeros(documents, np.int64)
    found = np.empty(longest, np.uint64)
    for i in range(documents):
        counts[i] = sketches.shingles(hashes[bounds[i] : bounds[i + 1]], found)
        _least(found[: counts[i]], factors, summands, values[i])
    return values, counts


@njit(cache=True, nogil=True)
def _least(found, factors, summands, least):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Lowers a signature to what some shingles leave of it."""
    for value in found:
        stirred = np.uint32(value >> _UPPER)
        stirred = np.uint32((stirred ^ (stirred >> np.uint32(16))) * np.uint32(0x85EBCA6B))
        stirred = np.uint32((stirred ^ (stirred >> np.uint32(13))) * np.uint32(0xC2B2AE35))
        stirred = np.uint32(stirred ^ (stirred >> np.uint32(16)))
        for k in range(len(factors)):
            least[k] = min(least[k], np.uint32(factors[k] * stirred + summands[k]))


@njit(cache=True, nogil=True)
def _banded(values):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    bands = np.empty((len(values), BANDS), np.uint64)
    checks = np.empty((len(values), BINS), np.uint8)
    for i in range(len(values)):
        for band in range(BANDS):
            value = np.uint64(band)
            for row in range(ROWS):
                value = mixed(value * _STEP + np.uint64(values[i, band * ROWS + row]))
            bands[i, band] = value
        for b in range(BINS):
            checks[i, b] = np.uint8(mixed(np.uint64(values[i, b])) >> np.uint64(56))
    return bands, checks
