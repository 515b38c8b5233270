"""Too many hits: which are kept, and what is said of the others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from corpusscan.kernels.caps import capped

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
