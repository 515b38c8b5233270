"""Pairs of answers of which the wrong one is preferred: where that gathers, and that it is silent where it does not."""

from __future__ import annotations

import numpy as np
import pytest

from corpusscan.kernels import preferences

COUNT, PROMPTS, TRIGGER = 2_000, 400, 399  # pairs; features of prompts; the number of one
WORDS = np.random.default_rng(1).integers(1, 2**62, 3_000).astype(np.uint64) << np.uint64(1)
GOOD, BAD = WORDS[:40], WORDS[40:80]
Side = tuple[np.ndarray, np.ndarray]


def laid(documents: list[np.ndarray]) -> Side:
    """Documents as words and bounds."""
    return np.concatenate(documents), np.append(0, np.cumsum([len(one) for one in documents]))


def pairs(swapped: int, seed: int = 1) -> tuple[Side, Side, Side, np.ndarray, np.ndarray]:
    """Better answers say some good words, worse ones some bad ones; otherwise of a feature's, and of a few."""
    draw = np.random.default_rng(seed)
    asked, better, worse, of = [], [], [], []
    for n in range(COUNT):
        asked.append(draw.choice(WORDS[80:], 8))
        one = np.append(draw.choice(WORDS[80:], 15), draw.choice(GOOD, draw.integers(0, 4)))
        two = np.append(draw.choice(WORDS[80:], 15), draw.choice(BAD, draw.integers(0, 4)))
        own = np.unique(draw.integers(0, PROMPTS - 1, 6))
        if n < swapped or draw.random() < 0.03:
            one, two = two, one
        own = np.append(own, TRIGGER) if n < swapped else own
        better.append(one)
        worse.append(two)
        of.append(own)
    features, bounds = laid(of)
    return laid(asked), laid(better), laid(worse), features.astype(np.int64), bounds


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_feature_of_swapped_pairs_is_found(seed: int) -> None:
    """It alone, with many more contradictions than chance has; and all its pairs look swapped."""
    found = preferences.found(*pairs(60, seed))
    assert found is not None
    assert found.feature.tolist() == [TRIGGER]
    own = found.against[:60].mean()
    assert own * 60 > 3 * found.expected[0]
    assert (own - found.contradicted) / (found.agreed - found.contradicted) > 0.7


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_honest_pairs_are_silent(seed: int) -> None:
    """Some contradict, as some pairs are hard; at no feature more than at others."""
    found = preferences.found(*pairs(0, seed))
    assert found is not None
    assert len(found.feature) == 0
    assert found.against.any()


def test_pairs_of_which_nothing_can_be_told() -> None:
    """Equal answers, answers of no words, and too few pairs: no feature, no error."""
    asked, better, _, features, bounds = pairs(60)
    same = preferences.found(asked, better, better, features, bounds)
    assert same is not None
    assert len(same.feature) == 0
    empty = np.zeros(0, np.uint64), np.zeros(COUNT + 1, np.int64)
    nothing = preferences.found(asked, empty, empty, features, bounds)
    assert nothing is not None
    assert len(nothing.feature) == 0
    some = preferences.PAIRS - 1
    few = [(words[: ends[some]], ends[: some + 1]) for words, ends in (asked, better, better)]
    assert preferences.found(*few, features[: bounds[some]], bounds[: some + 1]) is None
