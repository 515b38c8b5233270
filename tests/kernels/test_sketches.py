"""Sketches: what they say of the similarity of documents, and how surely a pair of them meets."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from corpusscan import schema
from corpusscan.detector import Batch
from corpusscan.kernels.components import equal_bins
from corpusscan.kernels.sketches import (
    BANDS,
    BINS,
    ROWS,
    SHINGLE,
    Sketches,
    document_words,
    recall,
    similarity,
    sketched,
    sketched_words,
)
from corpusscan.kernels.words import words

Hashes = npt.NDArray[np.uint64]
LAP = SHINGLE - 1  # words that a shingle reaches on


def sketches(documents: list[Hashes]) -> Sketches:
    return sketched(np.concatenate(documents), np.cumsum([0, *map(len, documents)]))


def drawn(seed: int, *shape: int) -> Hashes:
    return np.random.default_rng(seed).integers(0, 2**64, shape, np.uint64)


def pairs(wanted: float, shingles: int, count: int) -> tuple[float, Sketches]:
    """So many pairs of documents that begin alike, one after the other, and their Jaccard similarity."""
    shared = round(2 * shingles * wanted / (1 + wanted))
    both = drawn(shingles, count, 2, shingles + LAP)
    both[:, 1, : shared + LAP * (shared > 0)] = both[:, 0, : shared + LAP * (shared > 0)]
    return shared / (2 * shingles - shared), sketches([*both.reshape(2 * count, -1)])


@pytest.mark.parametrize("shingles", [1, 2, 7, 50, 128, 1000])
@pytest.mark.parametrize("wanted", [0.0, 0.25, 0.5, 0.8, 0.95])
def test_estimates_are_right_on_average(wanted: float, shingles: int) -> None:
    """However short or long the documents are; single estimates are off as those of 128 draws at most."""
    exact, found = pairs(wanted, shingles, 400)
    left = np.arange(0, 800, 2)
    estimates = similarity(equal_bins(found.checks, left, left + 1))
    assert abs(estimates.mean() - exact) < 0.02
    assert estimates.std() < 0.06


@pytest.mark.parametrize("wanted", [0.3, 0.5, 0.7, 0.8, 0.9])
def test_pairs_share_a_band_as_often_as_promised(wanted: float) -> None:
    """`recall` is the share of pairs that meet."""
    exact, found = pairs(wanted, 150, 2000)
    share = (found.bands[::2] == found.bands[1::2]).any(axis=1).mean()
    assert abs(share - recall(exact)) < 0.05


def test_bands_meet_only_in_their_own_place() -> None:
    """Equal sketches have equal bands, and no two bands of a document are the same."""
    document = drawn(1, 300)
    found = sketches([document, document.copy(), drawn(2, 300)])
    assert (found.bands[0] == found.bands[1]).all()
    assert (found.checks[0] == found.checks[1]).all()
    assert len(np.unique(found.bands)) == 2 * BANDS


@pytest.mark.parametrize("length", range(SHINGLE))
def test_a_document_without_a_shingle_has_no_sketch(length: int) -> None:
    """Nothing is said of it, and nothing of its neighbours is said differently."""
    long = drawn(3, 40)
    found, alone = sketches([long, drawn(4, length), long]), sketches([long])
    assert found.shingles.tolist() == [40 - LAP, 0, 40 - LAP]
    assert not found.bands[1].any()
    assert not found.checks[1].any()
    for i in (0, 2):
        assert (found.bands[i] == alone.bands[0]).all()
        assert (found.checks[i] == alone.checks[0]).all()


def test_no_documents() -> None:
    """An empty batch has empty sketches."""
    found = sketched(np.zeros(0, np.uint64), np.zeros(1, np.int64))
    assert (found.bands.shape, found.checks.shape, found.shingles.shape) == ((0, BANDS), (0, BINS), (0,))


@pytest.mark.parametrize("period", [1, 5, 60, 200])
def test_order_and_repetition_of_shingles_do_not_matter(period: int) -> None:
    """Only which shingles a document has."""
    turn = np.tile(drawn(period, period), 8)
    found = sketches([turn[: 2 * period + LAP], turn[: 5 * period + LAP], turn[period // 2 :]])
    assert (found.bands == found.bands[0]).all()
    assert (found.checks == found.checks[0]).all()


def test_similarity_of_so_many_equal_bins() -> None:
    """Nothing to nothing, all to all, and chance is taken off in between."""
    assert similarity(np.array([0, BINS])).tolist() == [0, 1]
    assert 0.49 < similarity(np.array([BINS // 2]))[0] < 0.5
    assert [round(recall(value), 3) for value in (0.0, 0.5, 0.8, 1.0)] == [0, 0.132, 0.986, 1]


def test_words_of_documents() -> None:
    """The texts of a document count as one, in order; a document without texts has no words."""
    top = 2**64 - 2
    texts = [(3, "a b"), (3, "c"), (3, ""), (9, "d e"), (top, "f")]
    rows = [{"row": row, "field": "text", "start": 0, "text": text} for row, text in texts]
    batch = Batch(
        pa.Table.from_pylist([{"row": row} for row in (3, 4, 9, top - 1, top)], schema=schema.DOCUMENTS),
        pa.Table.from_pylist(rows, schema=schema.TEXTS),
        schema.ANOMALIES.empty_table(),
        bytes(range(32)),
    )
    hashes, bounds = document_words(batch)
    assert bounds.tolist() == [0, 3, 3, 5, 5, 6]
    assert hashes.tolist() == batch.feature(words).hashes.tolist()
    empty = Batch(batch.documents.slice(0, 0), batch.texts.slice(0, 0), batch.anomalies, batch.key)
    assert [part.tolist() for part in document_words(empty)] == [[], [0]]


def test_the_curve_is_what_sketches_of_that_likeness_do() -> None:
    """Of ten thousand pairs whose bins are equal with a probability of J, as many are found as the curve says."""
    draw = np.random.default_rng(7)
    for true, least in ((0.6, 0.0), (0.75, 0.73), (0.8, 0.73), (0.8, 0.85)):
        equal = draw.random((10_000, BINS)) < true
        whole = np.all(equal[:, : BANDS * ROWS].reshape(-1, BANDS, ROWS), axis=2)
        banded = np.any(whole, axis=1)
        alike = (equal.mean(axis=1) - 1 / 256) / (1 - 1 / 256) >= least
        assert abs((banded & alike).mean() - recall(true, least)) < 0.02


def test_sketches_of_words_know_neither_order_nor_repetition() -> None:
    """The same words in another order, some twice, have the same sketch; one of ten exchanged leaves J = 9/11."""
    own = drawn(1, 10)
    other = np.append(own[:9], drawn(2, 1))
    documents = [own, np.concatenate([own[::-1], own[:3]]), other]
    found = sketched_words(np.concatenate(documents), np.cumsum([0, *map(len, documents)]))
    assert found.shingles.tolist() == [10, 10, 10]
    assert np.array_equal(found.checks[0], found.checks[1])
    assert np.array_equal(found.bands[0], found.bands[1])
    alike = similarity(equal_bins(found.checks, np.array([0]), np.array([2])))[0]
    assert abs(alike - 9 / 11) < 0.15
