"""Vectors as a picture: what is near is drawn near."""

from __future__ import annotations

import numpy as np
import pytest

from corpusscan.kernels import maps


def test_groups_that_lie_apart_are_drawn_apart() -> None:
    """Two bunches of directions of many dimensions: every point is nearer to its own bunch's middle."""
    draw = np.random.default_rng(3)
    middles = draw.normal(size=(2, 64))
    of = np.repeat([0, 1], 20)
    points = maps.plane(middles[of] + 0.3 * draw.normal(size=(40, 64)))
    centres = np.stack([points[of == one].mean(axis=0) for one in (0, 1)])
    nearest = np.argmin(((points[:, None] - centres) ** 2).sum(axis=2), axis=1)
    assert nearest.tolist() == of.tolist()


def test_points_are_within_the_picture_and_in_proportion() -> None:
    """The longer side is the whole picture; a plane that is drawn keeps its distances."""
    flat = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 1.0], [0.0, 1.0]])
    points = maps.plane(np.hstack([flat, np.zeros((4, 5))]))
    assert points.min() >= 0
    assert points.max() <= 1
    assert np.ptp(points[:, 0]) == pytest.approx(1)
    assert np.ptp(points[:, 1]) == pytest.approx(0.25)


@pytest.mark.parametrize("vectors", [np.zeros((0, 8)), np.ones((1, 8)), np.ones((3, 8)), np.ones((2, 1))])
def test_what_has_no_spread_is_in_the_middle(vectors) -> None:
    """No vector, one, or equal ones: no division by nothing."""
    points = maps.plane(vectors)
    assert points.shape == (len(vectors), 2)
    assert np.all(points == 0.5)


def test_the_order_of_vectors_does_not_turn_the_picture() -> None:
    """The same vectors in another order are drawn at the same places."""
    draw = np.random.default_rng(4)
    vectors, order = draw.normal(size=(30, 16)), draw.permutation(30)
    assert np.allclose(maps.plane(vectors)[order], maps.plane(vectors[order]))
