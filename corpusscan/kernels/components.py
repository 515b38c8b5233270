"""Pairs that may be copies, checked, and the groups that the checked ones make.

Pairs come from buckets as stars and chains, never all against all: a bucket of n costs 2 n, whoever
filled it.  Every pair is checked before it unites anything; unchecked closure has made groups of
hundreds of thousands of unrelated books elsewhere.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from corpusscan.kernels.sketches import BINS, Checks

Indices = npt.NDArray[np.int64]


def bucket_pairs(values: npt.NDArray[np.uint64]) -> tuple[Indices, Indices]:
    """Places of equal values, paired: each with the first of its bucket, and with the one before it."""
    order = np.argsort(values, kind="stable")
    same = np.flatnonzero(values[order[1:]] == values[order[:-1]]) + 1
    begins = np.ones(len(order), bool)
    begins[same] = False
    first = np.maximum.accumulate(np.where(begins, np.arange(len(order)), 0))[same]
    chained = same[first < same - 1]
    return order[np.concatenate([first, chained - 1])], order[np.concatenate([same, chained])]


def distinct(left: Indices, right: Indices) -> tuple[Indices, Indices]:
    """Each pair of two different things (numbered below 2^32) once, the lesser first, in order."""
    low, high = np.minimum(left, right).astype(np.uint64), np.maximum(left, right).astype(np.uint64)
    packed = low[low < high] << np.uint64(32) | high[low < high]
    packed.sort(kind="stable")  # of large buckets they come in long runs
    packed = packed[np.append(True, packed[1:] != packed[:-1])[: len(packed)]]
    return (packed >> np.uint64(32)).astype(np.int64), (packed & np.uint64(0xFFFFFFFF)).astype(np.int64)


def equal_bins(checks: Checks, left: Indices, right: Indices) -> Indices:
    """How many check bytes the documents of each pair share, of `BINS`."""
    return _equal_bins(checks, left, right)  # type: ignore[no-any-return]


def components(count: int, left: Indices, right: Indices) -> Indices:
    """The least member of the group that each of `count` things belongs to, where pairs unite."""
    return _components(count, left, right)  # type: ignore[no-any-return]


@njit(cache=True, nogil=True)
def _equal_bins(checks, left, right):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    equal = np.zeros(len(left), np.int64)
    for pair in range(len(left)):
        a, b = checks[left[pair]], checks[right[pair]]
        for bin_ in range(BINS):
            equal[pair] += a[bin_] == b[bin_]
    return equal


@njit(cache=True, nogil=True)
def _components(count, left, right):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    parent = np.arange(count)
    for pair in range(len(left)):
        a, b = left[pair], right[pair]
        while parent[a] != a:  # path halving (Tarjan and van Leeuwen 1984)
            parent[a] = parent[parent[a]]
            a = parent[a]
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = parent[b]
        parent[max(a, b)] = min(a, b)
    for i in range(count):
        parent[i] = parent[parent[i]]  # a parent is never greater than its child
    return parent
