"""Vectors of words: sums, means and cosines are those of NumPy, and words of one subject are near one another."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from tongues import SUBJECTS, anew, known, read, tongue  # noqa: F401

from corpusscan.kernels import vectors
from corpusscan.kernels.vectors import BINS, BLOCK, CONTEXT, DIMENSIONS, HEARD, NO_BIN, PART, SURE, TOLD

LENGTHS = (0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 40, 0, 100, 63)


def drawn(seed: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64], npt.NDArray[np.int8]]:
    """Words of documents, their bounds, and vectors; every third word has none."""
    draw = np.random.default_rng(seed)
    table = draw.integers(-127, 128, (50, DIMENSIONS)).astype(np.int8)
    table[0] = 0
    number = draw.integers(0, 50, sum(LENGTHS)).astype(np.int32)
    number[::3] = 0
    return number, np.cumsum([0, *LENGTHS]), table


def test_blocks_are_sums_of_their_words() -> None:
    """Block after block of each document, from its first word; what is left over is in none."""
    number, bounds, table = drawn(1)
    found = vectors.blocks(number, bounds, table)
    firsts = vectors.firsts(found, bounds)
    wanted = [b + at for b, n in zip(bounds[:-1], LENGTHS, strict=True) for at in range(0, n // BLOCK * BLOCK, BLOCK)]
    assert firsts.tolist() == wanted
    assert np.diff(found.bounds).tolist() == [n // BLOCK for n in LENGTHS]
    for first, total, heard in zip(wanted, found.sums, found.heard, strict=True):
        own = number[first : first + BLOCK]
        assert total.tolist() == table[own].astype(int).sum(axis=0).tolist()
        assert heard == (own > 0).sum()


def test_means_are_directions_of_beginnings() -> None:
    """Of so many words more for each part, the last of `TOLD`; zero where none has a vector."""
    number, bounds, table = drawn(2)
    number[bounds[2] : bounds[3]] = 0
    for parts, first, last in zip(vectors.means(number, bounds, table), bounds[:-1], bounds[1:], strict=True):
        for found, length in zip(parts, range(PART, TOLD + 1, PART), strict=True):
            total = table[number[first : min(last, first + length)]].astype(float).sum(axis=0)
            assert np.allclose(found, total / max(np.linalg.norm(total), 1e-9), atol=1e-5)


def test_cosines_are_those_of_numpy() -> None:
    """Also of the largest sums there may be, and of a sum of nothing, which is like nothing."""
    draw = np.random.default_rng(3)
    for one, other in draw.integers(-127 * 64, 127 * 64, (50, 2, DIMENSIONS)).astype(np.int32):
        wanted = one @ other.astype(float) / np.linalg.norm(one.astype(float)) / np.linalg.norm(other.astype(float))
        assert vectors.cosine_of(one, other) == pytest.approx(wanted, abs=1e-4)
    largest = np.full(DIMENSIONS, 127 * 64, np.int32)
    largest[1:] = 0
    assert vectors.cosine_of(largest, -largest) == pytest.approx(-1)
    assert vectors.cosine_of(largest, np.zeros(DIMENSIONS, np.int32)) == 0


def test_likeness_is_the_cosine_with_what_stands_before() -> None:
    """With the blocks before it, `CONTEXT` at most; what cannot be told has a place of its own."""
    number, bounds, table = drawn(4)
    of = vectors.blocks(number, bounds, table)
    told = 0
    for document in range(len(LENGTHS)):
        for block in range(of.bounds[document], of.bounds[document + 1]):
            before = slice(max(block - CONTEXT, of.bounds[document]), block)
            found = vectors.likeness(of)[block]
            if not of.heard[block] or of.heard[before].sum() < HEARD:
                assert found == NO_BIN
                continue
            told += 1
            total, own = of.sums[before].sum(axis=0).astype(float), of.sums[block].astype(float)
            cosine = total @ own / np.linalg.norm(total) / np.linalg.norm(own)
            place = found % BINS
            assert place / BINS * 1.5 - 0.5 - 1e-4 <= max(cosine, -0.5) <= (place + 1) / BINS * 1.5 - 0.5 + 1e-4
            assert found // BINS == (min(of.heard[block], SURE) - 1) // 2
    assert told > 10


def test_words_of_one_subject_are_near_one_another() -> None:
    """A text is nearest to the other texts of its subject, and texts of another language are unlike all of them."""
    means = whole([text for subject in range(SUBJECTS) for text in tongue(0).texts(10, subject=subject)])
    near = np.abs(means @ means.T - 2 * np.eye(len(means))) * (1 - np.eye(len(means)))
    subject = np.arange(len(means)) // 10
    assert (subject[near.argmax(axis=1)] == subject).mean() > 0.9
    assert (means @ whole(tongue(1).texts(10)).T).max() < 0.5


def whole(texts: list[str]) -> vectors.Floats:
    """Directions of texts by the longest beginning."""
    told, bounds = read(texts)
    return vectors.means(told.number, bounds, known().vectors)[:, -1]


def test_what_stands_everywhere_says_nothing_of_a_subject() -> None:
    """The commonest words have no vector, words of a subject have one, and what nobody says has none."""
    numbers = read([" ".join(tongue().words[:3]), "qqxz"])[0].number.tolist()
    assert numbers == [0, 0, 0, 0]
    assert (read(tongue().texts(5))[0].number > 0).mean() > 0.2
    assert not known().vectors[0].any()


def test_centres_are_directions() -> None:
    """Of unit length, also where there are fewer texts than centres; of nothing there are none."""
    for count in (1, 5, 300):
        draw = np.random.default_rng(count).standard_normal((count, DIMENSIONS)).astype(np.float32)
        found = vectors.gathered(draw / np.linalg.norm(draw, axis=1, keepdims=True))
        assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-4)
    assert not vectors.gathered(np.zeros((4, DIMENSIONS), np.float32)).any()
