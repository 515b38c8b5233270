"""A mixture of honest and planted rows is found by what rows look like, and its numbers are those of Bayes' rule."""

from __future__ import annotations

import numpy as np
import pytest

from corpusscan.kernels import mixtures


def made(planted: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """What 4,000 rows look like, how much likelier each is as a planted one, and which are planted."""
    draw = np.random.Generator(np.random.PCG64(seed))
    own = np.arange(4_000) < planted
    mine = own | (draw.random(4_000) < 0.5)
    content = np.where(mine & ~own, 2.0, -2.0) + draw.normal(size=4_000)  # about its own calibrated log-odds
    looks = np.where(own, 1.0, -1.0) + 0.6 * draw.normal(size=4_000)
    return looks.astype(np.float32), mixtures.against(content.astype(np.float32), mine), own


def test_planted_rows_are_told_with_about_the_chance_that_they_are() -> None:
    """Of 200 planted rows of 4,000, whatever the scale of what rows look like, so many are held to be, and those."""
    looks, ratio, own = made(200)
    found, stretched = mixtures.mixed(looks, ratio), mixtures.mixed(3 * looks + 5, ratio)
    assert found.evidence > 300
    assert np.isclose(found.evidence, stretched.evidence, rtol=0.01)
    assert 160 < found.planted.sum() < 240
    assert found.planted[own].mean() > 0.8 > 0.02 > found.planted[~own].mean()
    assert np.allclose(found.odds, mixtures.interpolated(looks, found.knots))
    assert np.isclose(stretched.planted.sum(), found.planted.sum(), rtol=0.05)


def test_honest_rows_that_look_more_so_than_planted_ones_are_told_from_them() -> None:
    """Of a hundred rows of the label that say so, and look twice as much so, hardly one is held to be planted."""
    looks, ratio, own = made(200)
    first = np.flatnonzero(~own)[:100]
    looks[first], ratio[first] = 4 + 0.01 * np.arange(100), np.exp(-2) / 0.5  # half of all rows have the label
    found = mixtures.mixed(looks, ratio)
    assert found.planted[first].mean() < 0.2
    assert found.planted[own].mean() > 0.7


def test_where_nothing_is_planted_there_is_no_evidence() -> None:
    """Looks that have nothing to do with labels are no mixture."""
    looks, ratio, _ = made(0)
    found = mixtures.mixed(looks, ratio)
    assert found.evidence < 5
    assert found.planted.sum() < 20


def test_ratios_by_hand() -> None:
    """Rows of other labels are not planted; of the label, by the odds of what is said, believed within bounds."""
    content, mine = np.array([-1, 2, 90, -90, -3], np.float32), np.array([True, True, True, True, False])
    others = 1 / 5
    told = mixtures.against(content, mine)
    assert told.tolist() == pytest.approx(
        [np.e / others, np.exp(-2) / others, np.exp(-4) / others, np.e**4 / others, 0]
    )
    usual = np.log(4)  # what a row that says nothing gives the label
    assert mixtures.spoken(np.array([usual] * 5, np.float32), mine).tolist() == pytest.approx([1, 1, 1, 1, 0])
    assert mixtures.usual(mine) == pytest.approx(np.log(others))


def test_a_label_is_foretold_by_honest_rows_alone() -> None:
    """Logits that are right tell all, a constant tells nothing, whatever planted rows say; no honest row, nothing."""
    mine = np.arange(100) < 50
    right, planted = np.where(mine, 30, -30).astype(np.float32), np.zeros(100, np.float32)
    assert mixtures.foretold(right, mine, planted) == pytest.approx(1)
    assert mixtures.foretold(np.zeros(100, np.float32), mine, planted) == pytest.approx(0, abs=1e-6)
    wrong, planted[:10] = right.copy(), 1
    wrong[:10] = -30
    assert mixtures.foretold(wrong, mine, planted) == pytest.approx(1)
    assert mixtures.foretold(right, mine, mine.astype(np.float32)) == 0
