"""Groups that are nearer to one another than to anything else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpusscan.kernels.density import Group, groups
from corpusscan.kernels.neighbours import FLOOR

LEAST, MOST, GAP = 4, 50, 0.05


def joined(pairs: list[tuple[int, int, float]], count: int) -> list[Group]:
    """The groups that pairs with their cosine make."""
    left, right = (np.array([pair[n] for pair in pairs], np.int64) for n in (0, 1))
    cosine = np.array([pair[2] for pair in pairs], np.float32)
    return groups(left, right, cosine, count, LEAST, MOST, GAP)


def among(members: range, cosine: float) -> list[tuple[int, int, float]]:
    """All pairs of some."""
    return [(one, other, cosine) for one in members for other in members if one < other]


def test_two_dense_groups_in_a_thin_crowd() -> None:
    """Each is told with the cosine at which it holds together and that at which it joins others, the clearer first."""
    crowd = [(one, other, 0.3) for one in range(20) for other in range(20, 30)]
    found = joined([*among(range(5), 0.8), *among(range(5, 11), 0.5), *crowd], 30)
    assert [(one.members.tolist(), round(one.inside, 3), round(one.outside, 3)) for one in found] == [
        ([0, 1, 2, 3, 4], 0.8, 0.3),
        ([5, 6, 7, 8, 9, 10], 0.5, 0.3),
    ]


def test_what_nothing_is_near_to_stands_out() -> None:
    """A group without outer pairs is told: others are nearer than the floor to none of it."""
    (group,) = joined(among(range(5), 0.4), 9)
    assert (group.members.tolist(), group.outside) == ([0, 1, 2, 3, 4], FLOOR)


def test_a_chain_is_no_group() -> None:
    """Who has fewer than three near others holds together with nobody."""
    assert joined([(n, n + 1, 0.9) for n in range(20)], 21) == []


@pytest.mark.parametrize("size", [LEAST - 1, MOST + 1])
def test_too_few_and_too_many_are_no_group(size: int) -> None:
    """What more say is a topic, what fewer say is nobody's campaign."""
    assert joined(among(range(size), 0.9), size) == []


def test_nothing_makes_no_groups() -> None:
    """No pairs, no error."""
    assert joined([], 5) == []


@settings(deadline=None, max_examples=60)  # the first call compiles
@given(st.lists(st.tuples(st.integers(0, 24), st.integers(0, 24), st.floats(0.25, 1)), max_size=150))
def test_groups_are_apart_and_hold_together(pairs: list[tuple[int, int, float]]) -> None:
    """Whatever the pairs: groups are disjoint, of their size, by falling gap, and their members are joined inside."""
    pairs = [*{(min(a, b), max(a, b)): (min(a, b), max(a, b), c) for a, b, c in pairs if a != b}.values()]
    found = joined(pairs, 25)
    every = [member for one in found for member in one.members.tolist()]
    assert len(every) == len({*every})
    gaps = [one.inside - one.outside for one in found]
    assert gaps == sorted(gaps, reverse=True)
    for one in found:
        assert LEAST <= len(one.members) <= MOST
        assert one.inside - one.outside >= GAP - 1e-6
        own, reached = {*one.members.tolist()}, {int(one.members[0])}
        for _ in own:
            reached |= {
                x for a, b, c in pairs if c >= one.inside - 1e-6 and {a, b} & reached for x in (a, b) if x in own
            }
        assert reached == own
