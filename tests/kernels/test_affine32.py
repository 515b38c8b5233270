"""The second sketch is datasketch's, bit for bit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from datasketch import LeanMinHash, MinHash
from hypothesis import given, settings
from hypothesis import strategies as st

from corpusscan.config import SKETCHES
from corpusscan.kernels import affine32
from corpusscan.kernels.components import equal_bins
from corpusscan.kernels.sketches import BANDS, BINS, ROWS, SHINGLE, recall, similarity
from corpusscan.kernels.words import hashed

Hashes = npt.NDArray[np.uint64]
LAP = SHINGLE - 1
KEY = bytes(range(32))


def stirred(value: int) -> int:
    """The finaliser of MurmurHash3, 32 bits, in plain Python."""
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        value = (value ^ value >> shift) * factor % 2**32
    return value


def reference(found: list[int]) -> list[int]:
    """The signature of 32-bit hashes, in plain Python."""
    factors, summands = affine32.permutations().tolist()
    values = [stirred(value) for value in found]
    return [
        min([2**32 - 1, *((a * value + b) % 2**32 for value in values)])
        for a, b in zip(factors, summands, strict=True)
    ]  # fmt: skip


def drawn(seed: int, *shape: int) -> Hashes:
    return np.random.default_rng(seed).integers(0, 2**64, shape, np.uint64)


def signatures(documents: list[Hashes]) -> affine32.Signatures:
    return affine32.signatures(np.concatenate(documents), np.cumsum([0, *map(len, documents)]))


def by_datasketch(found: npt.NDArray[np.uint32]) -> MinHash:
    """What datasketch makes of the same 32-bit hashes, with all its defaults."""
    minhash = MinHash(hashfunc=int)
    minhash.update_batch(found)
    return minhash


def test_the_defaults_of_datasketch_are_ours() -> None:
    """Scheme, seed, number and permutations of a `MinHash()` are those that we use; the names fit the setting."""
    theirs = MinHash()
    assert (theirs.scheme, theirs.seed, theirs.num_perm) == (affine32.NAME, affine32.SEED, BINS)
    assert np.array_equal(theirs.permutations, affine32.permutations())
    assert tuple(affine32.SCHEMES) == SKETCHES


@pytest.mark.parametrize(("seed", "count"), [(0, 1), (7, 200), (2**32 - 1, 128)])
def test_permutations_are_those_of_any_seed(seed: int, count: int) -> None:
    """Drawn as datasketch draws them, not only for the default seed."""
    assert np.array_equal(MinHash(count, seed).permutations, affine32.permutations(seed, count))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(max_size=200), max_size=4))
def test_signatures_are_equal_bit_for_bit(texts: list[str]) -> None:
    """Of any Unicode text: ours, those of plain Python and those of datasketch."""
    words = hashed(pa.array(texts, pa.large_string()), KEY)
    found = affine32.signatures(words.hashes, words.bounds)
    for text in range(len(texts)):
        fed = affine32.shingle_hashes(words.hashes[words.bounds[text] : words.bounds[text + 1]])
        assert len(fed) == found.shingles[text]
        assert found.values[text].tolist() == reference(fed.tolist())
        assert np.array_equal(found.values[text], by_datasketch(fed).hashvalues)


def test_long_documents_are_equal_too() -> None:
    """A document of twenty thousand shingles beside short ones."""
    documents = [drawn(n, length) for n, length in enumerate((3, 20_000, 5, 0, 700))]
    found = signatures(documents)
    assert found.values.dtype == np.uint32
    for document, values in zip(documents, found.values, strict=True):
        assert np.array_equal(values, by_datasketch(affine32.shingle_hashes(document)).hashvalues)


@pytest.mark.parametrize("wanted", [0.0, 0.5, 0.8, 0.95])
def test_similarity_and_bands_are_as_promised(wanted: float) -> None:
    """Pairs share check bytes and bands as the curve of the detector says; bins are what datasketch estimates by."""
    shared = round(300 * wanted / (1 + wanted))
    both = drawn(5, 1000, 2, 150 + LAP)
    both[:, 1, : shared + LAP * (shared > 0)] = both[:, 0, : shared + LAP * (shared > 0)]
    exact = shared / (300 - shared)
    values = signatures([*both.reshape(2000, -1)]).values
    bands, checks = affine32.banded(values)
    left = np.arange(0, 2000, 2)
    estimates = similarity(equal_bins(checks, left, left + 1))
    assert abs(estimates.mean() - exact) < 0.02
    assert abs((bands[::2] == bands[1::2]).any(axis=1).mean() - recall(exact)) < 0.06
    for one in (0, 1, 2):
        pair = [LeanMinHash(seed=1, hashvalues=values[2 * one + n], scheme="affine32") for n in (0, 1)]
        assert abs(pair[0].jaccard(pair[1]) - estimates[one]) < 0.02


def test_bands_meet_only_in_their_own_place() -> None:
    """A signature of equal values has bands of their own each, and no band depends on what lies outside its rows."""
    values = np.full((2, BINS), 7, np.uint32)
    values[1, ROWS] = 8
    bands, _ = affine32.banded(values)
    assert len(np.unique(bands[0])) == BANDS
    assert (bands[0] != bands[1]).nonzero()[0].tolist() == [1]


def test_packed_signatures_are_read_again() -> None:
    """Also of a slice, and of nothing."""
    values = signatures([drawn(n, 40) for n in range(5)]).values
    packed = affine32.packed(values)
    assert np.array_equal(affine32.unpacked(packed.slice(1, 3)), values[1:4])
    assert affine32.unpacked(affine32.packed(values[:0])).shape == (0, BINS)


def test_no_documents() -> None:
    """An empty batch has no signatures; a document without a shingle has the one of nothing."""
    found = affine32.signatures(np.zeros(0, np.uint64), np.zeros(1, np.int64))
    assert (found.values.shape, found.shingles.shape) == ((0, BINS), (0,))
    assert (signatures([drawn(1, LAP)]).values == affine32.NOTHING).all()
    assert len(affine32.shingle_hashes(drawn(1, LAP))) == 0
