"""Too many hits: which are kept, and what is said of the others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpusscan.kernels.caps import capped, room, shares

HITS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from("abc"), st.integers(0, 2)), max_size=40)


def test_the_gravest_are_kept_in_their_order() -> None:
    """Graver ones before others, earlier ones before later ones, and what was cut is told per rule and per row."""
    hits = [(0, "a", 0), (0, "a", 0), (0, "b", 2), (0, "a", 1), (1, "a", 0)]
    assert [tuple(one) for one in capped(hits, 2, 9)] == [
        (0, True, False), (2, False, False), (3, True, False), (4, False, False),
    ]  # fmt: skip
    assert [tuple(one) for one in capped(hits, 9, 2)] == [(2, False, True), (3, False, True), (4, False, False)]


@given(HITS, st.integers(1, 4), st.integers(1, 6))
def test_limits_hold_and_nothing_graver_is_left_out(
    hits: list[tuple[int, str, int]], per_rule: int, per_row: int
) -> None:
    """Both limits hold; a hit is left out only where a limit is full of hits that are as grave."""
    kept = capped(hits, per_rule, per_row)
    places = [one.place for one in kept]
    assert places == sorted(places)
    for i, (row, rule, rank) in enumerate(hits):
        own = [hits[k] for k in places if hits[k][0] == row]
        same = [hit for hit in own if hit[1] == rule]
        assert len(own) <= per_row
        assert len(same) <= per_rule
        if i not in places:
            full = same if len(same) == per_rule else own if len(own) == per_row else []
            assert full
            assert all(hit[2] >= rank for hit in full)


@given(st.lists(st.integers(1, 40), max_size=30), st.integers(0, 300), st.integers(1, 10))
def test_shares_are_fair_and_within_the_budget(sizes: list[int], budget: int, fewest: int) -> None:
    """All where they fit; else nobody has more than another could have; `fewest` at least for those in front."""
    sizes.sort(reverse=True)
    taken = shares(np.array(sizes, np.int64), budget, fewest).tolist()
    assert sum(taken) <= budget
    if sum(sizes) <= budget:
        assert taken == sizes
    elif sum(min(size, fewest) for size in sizes) <= budget:
        level = max(taken)
        assert taken == [min(size, level) for size in sizes]
        assert sum(min(size, level + 1) for size in sizes) > budget
    else:
        some = sum(one > 0 for one in taken)
        assert taken == [min(size, fewest) for size in sizes[:some]] + [0] * (len(sizes) - some)


def test_room_is_the_share_of_the_range() -> None:
    """A sixteenth of the range has a sixteenth of the room; values so few that they tell nothing have all."""
    values = np.random.default_rng(1).integers(3 << 60, 4 << 60, 2000, np.uint64)
    assert room(values, 1600) == pytest.approx(100, rel=0.01)
    assert room(values[:20], 1600) == room(np.full(30_000, 7, np.uint64), 1600) == room(values[:0], 1600) == 1600
