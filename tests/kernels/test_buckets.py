"""Hashes in buckets, against NumPy."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from corpusscan.kernels.buckets import BUCKETS, bucketed, frequent

VALUES = st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 5).map(lambda n: n << 60), max_size=60)


@given(VALUES)
def test_buckets_are_a_stable_sort_by_the_top_byte(values: list[int]) -> None:
    """Every value stands in the bucket of its top byte, with its row, in the order in which it came."""
    given_values = np.array(values, np.uint64)
    rows, found, bounds = bucketed(np.arange(len(values), dtype=np.uint32), given_values)
    order = np.argsort(given_values >> np.uint64(56), kind="stable")
    assert found.tolist() == given_values[order].tolist()
    assert rows.tolist() == order.tolist()
    assert bounds.tolist() == np.searchsorted((found >> np.uint64(56)).astype(int), np.arange(BUCKETS + 1)).tolist()


@given(VALUES, st.integers(1, 4))
def test_no_frequent_value_is_lost(values: list[int], least: int) -> None:
    """What occurs so often is kept; and where there are few values, nearly nothing else is."""
    kept = frequent(np.array(values, np.uint64), least)
    assert all(kept[i] for i, value in enumerate(values) if values.count(value) >= least)


def test_rare_values_are_dropped() -> None:
    """Of a hundred thousand different values few are taken for repeated ones."""
    values = np.random.default_rng(1).integers(0, 2**63, 100_000, dtype=np.uint64)
    assert frequent(values, 2).mean() < 0.5
    assert frequent(values, 5).mean() < 0.01
