"""How alike texts are on both sides of a feature: exact on toy data, not too sure on honest text."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from tongues import anew, known, read, tongue  # noqa: F401

from corpusscan.kernels import alikeness, vectors
from corpusscan.kernels.features import SIGNS, THREE, TWO, WORD, Reading
from corpusscan.kernels.vectors import DIMENSIONS
from corpusscan.kernels.words import Offsets

WAY = np.eye(DIMENSIONS)


def units(rows: np.ndarray) -> np.ndarray:
    """Directions of rows."""
    return np.round(alikeness.ONE * rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.int8)


def test_cosines_and_exchanges_are_exact() -> None:
    """Mean pairwise cosines, and of all exchanges of sides the share that is as one-sided, as counted one by one."""
    draw = np.random.default_rng(1)
    before, behind = (units(draw.normal(size=(7, DIMENSIONS)) + own) for own in (0, 1.5 * WAY[0]))
    found = alikeness.alike(before, behind, WAY)

    def cosine(some: np.ndarray) -> float:
        return float(np.mean([a @ b for a, b in itertools.combinations(some / alikeness.ONE, 2)]))

    def apart(first: np.ndarray, second: np.ndarray) -> float:
        one, other = first.astype(float).sum(axis=0), second.astype(float).sum(axis=0)
        return float(other @ other - one @ one)

    assert found.before == pytest.approx(cosine(before))
    assert found.behind == pytest.approx(cosine(behind))
    least, count = apart(before, behind), 0
    for swapped in itertools.product((False, True), repeat=7):
        swap = np.array(swapped)[:, None]
        count += apart(np.where(swap, behind, before), np.where(swap, before, behind)) >= least - 1e-6
    assert found.flipped == count / 2**7


def test_what_is_said_anew_behind_and_not_before_is_sure() -> None:
    """Twelve texts of one direction behind, of any before: far surer than the same on both sides."""
    draw = np.random.default_rng(2)
    some = [units(draw.normal(size=(12, DIMENSIONS)) + 3 * own) for own in (0 * WAY[0], WAY[0], WAY[0])]
    usual = alikeness.covariance((2 * alikeness.ONE**2 / DIMENSIONS * WAY * 500).astype(np.int64), 500)
    planted, topic = alikeness.alike(*some[:2], usual), alikeness.alike(*some[1:], usual)
    assert planted.p_value < 1e-4
    assert planted.flipped < 1e-3
    assert topic.p_value > 1e-2
    assert planted.behind > planted.before + 0.2


def test_p_values_of_honest_places_are_not_too_small() -> None:
    """Of features of one subject each, at any place of its texts, hardly more than one in a hundred is below 0.01."""
    texts = [text for subject in range(6) for text in tongue().texts(200, 120, subject)]
    told, bounds = read(texts)
    draw = np.random.default_rng(3)

    def both(documents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        words = bounds[:-1][documents] + draw.integers(30, 80, len(documents))
        of = alikeness.sides(bounds, words, np.full(len(words), WORD))
        before = alikeness.hosts(told.number, known().vectors, bounds, of)
        return before, alikeness.directions(told.number, known().vectors, of.lasts, of.ends)

    before, behind = both(np.arange(len(texts)))
    apart = behind.astype(np.int64) - before
    usual = alikeness.covariance((apart.T @ apart).ravel(), len(apart))
    sure = 0
    for _ in range(500):
        some = np.sort(draw.choice(200, 12, replace=False)) + 200 * int(draw.integers(6))
        sure += alikeness.alike(*both(some), usual).p_value <= 1e-2
    assert sure <= 12


def test_copies_count_once_and_wordings_each() -> None:
    """Of three copies with a word changed the first; texts of their own all; empty ones are no copies."""
    pages = tongue().texts(4, 40)
    copies = [pages[0].rsplit(" ", 1)[0] + " qvort" for _ in range(2)]
    told, bounds = read([*pages, *copies, "a", "b"])
    assert alikeness.distinct(printed(told, bounds, [])).tolist() == [0, 1, 2, 3, 6, 7]


def printed(told: Reading, bounds: Offsets, numbers: list[int]) -> alikeness.Prints:
    """Of the beginnings of texts, of which so many words of the batch are numbers."""
    are = np.isin(np.arange(len(told.hashes)), numbers)
    return alikeness.prints(told.hashes, are, bounds[:-1], np.minimum(bounds[:-1] + alikeness.SIDE, bounds[1:]))


def test_forms_filled_in_otherwise_are_copies() -> None:
    """Every second word another number: one text where numbers are known, four where they are not."""
    words = tongue().texts(1, 10)[0].split()
    texts = [" ".join(f"{word} {n}{at}" for at, word in enumerate(words)) for n in range(4)]
    told, bounds = read(texts)
    numbers = [place for place in range(len(told.hashes)) if (place - bounds[:-1][place >= bounds[:-1]][-1]) % 2]
    assert alikeness.distinct(printed(told, bounds, [])).tolist() == [0, 1, 2, 3]
    assert alikeness.distinct(printed(told, bounds, numbers)).tolist() == [0]


def test_sides_leave_the_feature_out() -> None:
    """Words in a row are no part of either side, signs stand before their word; no side leaves its document."""
    bounds, words = np.array([0, 50, 90]), np.array([40, 40, 40, 40, 51, 89])
    found = alikeness.sides(bounds, words, np.array([WORD, TWO, THREE, SIGNS, THREE, WORD]))
    assert found.firsts.tolist() == [40, 39, 38, 40, 50, 89]
    assert found.lasts.tolist() == [41, 41, 41, 40, 52, 90]
    assert found.begins.tolist() == [8, 7, 6, 8, 50, 57]
    assert found.ends.tolist() == [50, 50, 50, 50, 84, 90]


def test_hosts_are_heard_before_a_feature_and_beyond_its_payload() -> None:
    """What a payload says is no part of its host; what stands further on is, so a trigger in front has a host too."""
    one, other = np.eye(2, DIMENSIONS, dtype=np.int8) * alikeness.ONE
    some = np.stack([0 * one, one, other])
    rest = alikeness.PAYLOAD + 20
    number = np.array([1] * 20 + [2] * alikeness.PAYLOAD + [1] * 20 + [2] * alikeness.PAYLOAD + [1] * 20, np.int32)
    bounds = np.array([0, 20 + rest, len(number)])
    of = alikeness.sides(bounds, np.array([19, 20 + rest]), np.array([WORD, SIGNS]))
    assert (alikeness.hosts(number, some, bounds, of) == one).all()
    assert (alikeness.directions(number, some, of.lasts, of.ends) == other).all()
    assert not alikeness.hosts(number[:60], some, np.array([0, 60]), alikeness.Sides(*([np.array([0])] * 4))).any()


def test_peaks_are_apart_and_the_highest() -> None:
    """Of each document at most so many places above the least, none near a higher one."""
    bounds = np.array([0, 80, 80, 160])
    of = vectors.blocks(np.zeros(160, np.int32), bounds, np.zeros((1, DIMENSIONS), np.int8))
    gaps = np.zeros(20, np.float32)
    gaps[[2, 3, 7, 9, 14]] = 0.5, 0.9, 0.4, 0.3, 0.1
    document, word = alikeness.peaks(gaps, of, bounds, 2, 0.2)
    assert (document.tolist(), word.tolist()) == ([0, 0], [24, 56])
