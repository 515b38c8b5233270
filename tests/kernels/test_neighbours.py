"""Neighbours by the words that they share, against a search of everything; centres by faiss."""

from __future__ import annotations

import numpy as np
import pytest

from corpusscan.kernels import embedding, neighbours
from corpusscan.kernels.embedding import DIMENSIONS, WORDS
from corpusscan.kernels.neighbours import FLOOR, NEAREST

Told = tuple[np.ndarray, np.ndarray, np.ndarray]


@pytest.fixture
def told() -> Told:
    """300 vectors round 30 centres, a word for each centre and one of twenty others, and whose they are."""
    draw = np.random.default_rng(1)
    centres = draw.standard_normal((30, DIMENSIONS))
    own = np.arange(300) % 30
    vectors = centres[own] + draw.standard_normal((300, DIMENSIONS))
    codes = np.round(vectors / np.abs(vectors).max(axis=1, keepdims=True) * 127).astype(np.int8)
    words = np.zeros((300, WORDS), np.uint64)
    words[:, 0], words[:, 1] = own + 1, 100 + np.arange(300) % 20
    return codes, words, np.arange(300) // 2  # two stretches of each document


def exact(codes: np.ndarray, words: np.ndarray, owner: np.ndarray) -> dict[tuple[int, int], float]:
    """Every pair that shares a word and is near enough, by looking at all of them."""
    vectors = embedding.directions(codes)
    cosine = vectors @ vectors.T
    shared = np.zeros(cosine.shape, bool)
    for word in np.unique(words[words > 0]):
        has = (words == word).any(axis=1)
        shared |= has[:, None] & has
    cosine[~shared | (owner[:, None] == owner) | (cosine <= FLOOR)] = -1
    found = {}
    for one, row in enumerate(cosine):
        for other in np.argsort(-row, kind="stable")[:NEAREST].tolist():
            if row[other] > 0:
                found[min(one, other), max(one, other)] = float(row[other])
    return found


def test_they_are_the_nearest_that_share_a_word(told: Told) -> None:
    """Each pair once, with its cosine, none of one document."""
    found = neighbours.neighbours(*told)
    pairs = dict(zip(zip(found.left.tolist(), found.right.tolist(), strict=True), found.cosine.tolist(), strict=True))
    wanted = exact(*told)
    assert pairs.keys() == wanted.keys()
    assert len(pairs) > 1_000
    assert np.allclose([pairs[pair] for pair in wanted], [*wanted.values()], atol=1e-5)
    assert found.left_out == 0


def test_too_common_a_word_is_told(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """Comparisons beyond the bound are counted: nothing is left out in silence."""
    codes, words, owner = told
    words = np.ones_like(words) * np.uint64(7)
    words[:, 1:] = 0
    found = neighbours._compared.py_func
    monkeypatch.setitem(found.__globals__, "SHARING", 100)
    near = np.full((300, NEAREST), -1)
    cosine = np.full((300, NEAREST), FLOOR, np.float32)
    out = found(np.arange(300), np.array([0, 300]), codes, np.ones(300, np.float32), owner, near, cosine)
    assert out == 200 * 200 // 2


def test_nothing_has_no_neighbours() -> None:
    """No vectors, and vectors without words."""
    for count in (0, 3):
        codes, words = np.ones((count, DIMENSIONS), np.int8), np.zeros((count, WORDS), np.uint64)
        found = neighbours.neighbours(codes, words, np.arange(count))
        assert (len(found.left), found.left_out) == (0, 0)


def test_centres_are_where_vectors_gather(told: Told) -> None:
    """With as many centres as there are groups, those of a group are closest to one that is theirs alone."""
    vectors = embedding.directions(told[0])
    centres = neighbours.centres(vectors, 30)
    again = neighbours.centres(vectors, 30)
    closest = neighbours.closest(vectors, centres, 1)[:, 0]
    assert np.array_equal(centres, again)
    assert sum(len({*closest[np.arange(300) % 30 == group].tolist()}) == 1 for group in range(30)) >= 20
    assert neighbours.closest(vectors, centres[:1], 2).tolist() == [[0]] * 300


@pytest.mark.parametrize("flat", [1_000, 10])
def test_an_exact_search_needs_no_words(told: Told, monkeypatch: pytest.MonkeyPatch, flat: int) -> None:
    """Of centred vectors those nearest of other documents; lists find nearly all of them, and the same every time."""
    monkeypatch.setattr(neighbours, "FLAT", flat)
    codes, _, owner = told
    vectors = embedding.directions(codes)
    vectors -= vectors.mean(axis=0)
    cosine = vectors @ vectors.T / np.linalg.norm(vectors, axis=1) / np.linalg.norm(vectors, axis=1)[:, None]
    cosine[owner[:, None] == owner] = -1
    order = np.argsort(-cosine, kind="stable")[:, :NEAREST]
    wanted = {
        (min(one, other), max(one, other))
        for one, row in enumerate(order.tolist()) for other in row if cosine[one, other] > FLOOR
    }  # fmt: skip
    found = neighbours.exact(codes, owner)
    pairs = {*zip(found.left.tolist(), found.right.tolist(), strict=True)}
    assert len(pairs & wanted) >= (1 if flat > 300 else 0.9) * len(wanted)
    assert found.cosine == pytest.approx(cosine[found.left, found.right], abs=1e-4)
    assert all(np.array_equal(*both) for both in zip(found[:3], neighbours.exact(codes, owner)[:3], strict=True))


def test_the_second_neighbour_is_told() -> None:
    """By falling cosine; who has fewer has none."""
    left, right = np.array([0, 0, 1]), np.array([1, 2, 2])
    cosine = np.array([0.5, 0.9, 0.7], np.float32)
    assert neighbours.nth(left, right, cosine, 4, 2) == pytest.approx([0.5, 0.5, 0.7, 0])
    assert neighbours.nth(left, right, cosine, 4, 3).tolist() == [0] * 4
