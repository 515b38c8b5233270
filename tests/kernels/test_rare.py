"""Values that several have and not all, against counting."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from corpusscan.kernels.rare import rare

VALUES = st.lists(st.integers(0, 40).map(lambda n: n * n * 0x1234567 % 2**44), max_size=300)
untimed = settings(deadline=None)  # the first call compiles


@untimed
@given(VALUES, st.integers(1, 4), st.integers(4, 12))
def test_what_occurs_often_enough_is_followed_so_far(values: list[int], least: int, most: int) -> None:
    """Values of at least `least` occurrences, the first `most` of each."""
    counts, told, expected = Counter(values), Counter[int](), []
    for place, value in enumerate(values):
        told[value] += 1
        if counts[value] >= least and told[value] <= most:
            expected.append(place)
    found = rare(np.array(values, np.uint64), least, most, 1000)
    assert found.places.tolist() == expected
    assert found.left == 0


@untimed
@given(VALUES, st.integers(0, 100))
def test_the_rarest_come_first_where_there_is_a_limit(values: list[int], limit: int) -> None:
    """No more places than the limit; whoever is left aside occurs more often than all who are followed."""
    counts = Counter(values)
    found = rare(np.array(values, np.uint64), 2, 50, limit)
    assert len(found.places) <= limit
    kept = {values[place] for place in found.places}
    aside = {value for value, count in counts.items() if count >= 2} - kept
    assert found.left == sum(min(counts[value], 50) for value in aside)
    assert not (kept and aside) or max(counts[v] for v in kept) < min(counts[v] for v in aside)


def test_a_million_equal_values_are_few_places() -> None:
    """What everybody has costs as much as `most` of it."""
    found = rare(np.full(1_000_000, 7, np.uint64), 4, 200, 10**6)
    assert found.places.tolist() == list(range(200))
    assert found.left == 0
