"""Pairs out of buckets, checks of pairs, and the groups they make, against brute force."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpusscan.kernels.components import bucket_pairs, components, distinct, equal_bins
from corpusscan.kernels.sketches import BINS

untimed = settings(deadline=None)  # the first call compiles
PAIRS = st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=60)


def columns(pairs: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    both = np.array(pairs, np.int64).reshape(-1, 2)
    return both[:, 0].copy(), both[:, 1].copy()


def least_members(count: int, pairs: list[tuple[int, int]]) -> list[int]:
    """By giving both ends of a pair the lesser label until nothing changes."""
    label, changed = list(range(count)), True
    while changed:
        changed = False
        for a, b in pairs:
            if label[a] != label[b]:
                label[a] = label[b] = min(label[a], label[b])
                changed = True
    return label


@untimed
@given(PAIRS)
def test_groups_are_those_of_brute_force(pairs: list[tuple[int, int]]) -> None:
    """Each thing is told the least member of its group; pairs with itself and repeated pairs do nothing."""
    assert components(30, *columns(pairs)).tolist() == least_members(30, pairs)


@pytest.mark.parametrize("step", [1, -1])
def test_a_long_chain_is_one_group(step: int) -> None:
    """From whichever end it is told."""
    pairs = [*pairwise(range(20_000))][::step]
    assert not components(20_000, *columns(pairs)).any()


def test_no_pairs() -> None:
    """Everything is alone, and nothing is nothing."""
    assert components(3, *columns([])).tolist() == [0, 1, 2]
    assert components(0, *columns([])).tolist() == []


@untimed
@given(st.lists(st.integers(0, 6).map(lambda value: 2**64 - 1 - value), max_size=50))
def test_buckets_unite_what_is_equal(values: list[int]) -> None:
    """All that is equal and nothing else, with two pairs for each value at most, none of them twice."""
    left, right = bucket_pairs(np.array(values, np.uint64))
    pairs = [*zip(left.tolist(), right.tolist(), strict=True)]
    assert all(values[a] == values[b] and a < b for a, b in pairs)
    assert len({*pairs}) == len(pairs) <= 2 * len(values)
    assert components(len(values), left, right).tolist() == [values.index(value) for value in values]


def test_every_member_meets_the_first_and_the_one_before() -> None:
    """So that a pair whose check fails parts no bucket that holds together otherwise."""
    left, right = bucket_pairs(np.array([5, 9, 5, 5, 5], np.uint64))
    assert {*zip(left.tolist(), right.tolist(), strict=True)} == {(0, 2), (0, 3), (0, 4), (2, 3), (3, 4)}


def test_equal_values_cost_two_pairs_each() -> None:
    """A bucket that somebody filled is no more expensive than others."""
    left, _ = bucket_pairs(np.full(10_000, 7, np.uint64))
    assert len(left) == 2 * 10_000 - 3


def test_equal_bins_are_counted() -> None:
    """For each pair, in order, as numpy counts them."""
    draw = np.random.default_rng(1)
    checks = draw.integers(0, 3, (20, BINS), np.uint8)
    left, right = draw.integers(0, 20, (2, 100))
    assert equal_bins(checks, left, right).tolist() == (checks[left] == checks[right]).sum(axis=1).tolist()
    assert equal_bins(checks, left[:0], right[:0]).tolist() == []


@untimed
@given(PAIRS)
def test_pairs_are_told_once(pairs: list[tuple[int, int]]) -> None:
    """Each pair of different things once, the lesser first, in order."""
    left, right = distinct(*columns(pairs))
    assert list(zip(left.tolist(), right.tolist(), strict=True)) == sorted(
        {(min(p), max(p)) for p in pairs if p[0] != p[1]}
    )
