"""Hashes in buckets, against NumPy."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from corpusscan.kernels.buckets import BUCKETS, bucketed, frequent

untimed = settings(deadline=None)  # the first call compiles
VALUES = st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 5).map(lambda n: n << 60), max_size=60)


@untimed
@given(VALUES)
def test_buckets_are_a_stable_sort_by_the_top_byte(values: list[int]) -> None:
    """Every value stands in the bucket of its top byte, with its row, in the order in which it came."""
    given_values = np.array(values, np.uint64)
    rows, found, bounds = bucketed(np.arange(len(values), dtype=np.uint32), given_values)
    order = np.argsort(given_values >> np.uint64(56), kind="stable")
    assert found.tolist() == given_values[order].tolist()
    assert rows.tolist() == order.tolist()
    assert bounds.tolist() == np.searchsorted((found >> np.uint64(56)).astype(int), np.arange(BUCKETS + 1)).tolist()


@untimed
@given(st.lists(st.tuples(st.integers(0, 2**44 - 1), st.sampled_from([1, 2, 3, 5, 254, 255, 256, 300]))))
def test_no_frequent_value_is_lost(runs: list[tuple[int, int]]) -> None:
    """What occurs so often is kept, also where more is asked for than a byte can count."""
    values = [value for value, times in runs for _ in range(times)]
    counts = Counter(values)
    for least in (0, 1, 2, 4, 255, 256, 300):
        kept = frequent(np.array(values, np.uint64), least).tolist()
        assert all(keep for value, keep in zip(values, kept, strict=True) if counts[value] >= least)


def test_rare_values_are_dropped() -> None:
    """Of two hundred thousand different values few are taken for such that occur four times; of none, none."""
    values = np.random.default_rng(1).integers(0, 2**63, 200_000, dtype=np.uint64)
    kept = frequent(np.concatenate([values, np.repeat(values[:100] + np.uint64(1), 4)]), 4)
    assert kept[-400:].all()
    assert kept[:-400].mean() < 0.05
    assert frequent(values[:0], 2).tolist() == []
