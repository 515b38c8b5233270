"""Where places gather in a sequence."""

from __future__ import annotations

import numpy as np

from corpusscan.kernels.stretches import densest


def test_a_run_among_places_spread_evenly_is_the_best_stretch() -> None:
    """From its first to its last place, though a third of it is not marked."""
    run = [n for n in range(5_000, 5_060) if n % 3]
    marked = np.unique([*range(100, 10_000, 250), *run])
    assert densest(marked, 10_000) == (5_000, 5_059)


def test_a_run_at_either_end_is_whole() -> None:
    """Nothing is cut off where the sequence begins or ends."""
    assert densest(np.array([0, 1, 2, 3, 500, 900]), 1_000) == (0, 3)
    assert densest(np.array([100, 400, 996, 997, 998, 999]), 1_000) == (996, 999)


def test_one_place_is_a_stretch() -> None:
    """A single marked place is where it is."""
    assert densest(np.array([7]), 10) == (7, 7)
