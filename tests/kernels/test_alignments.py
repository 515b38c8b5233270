"""Stretches against plain Python, and which documents are rough copies of one another."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from corpusscan.kernels.alignments import APART, groups, stretches

untimed = settings(deadline=None)  # the first call compiles
SHARED = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 200), st.integers(-5, 5)), max_size=40)


@untimed
@given(SHARED)
def test_stretches_equal_plain_python(rows: list[tuple[int, int, int]]) -> None:
    """Of every group, in their order: how many, how long, from where to where, and how shifted."""
    group, at, shift = (np.array(column) for column in zip(*rows, strict=True)) if rows else (np.zeros(0, int),) * 3
    found = stretches(group.astype(np.uint64) << np.uint64(24), at.astype(np.int32), shift.astype(np.int32))
    expected = []
    for one in sorted({row[0] for row in rows}):
        places = sorted(at for group, at, _ in rows if group == one)
        gaps = [b - a for a, b in pairwise(places) if b - a > APART]
        shifts = [shift for group, _, shift in rows if group == one]
        extent = places[-1] - places[0] - sum(gaps)
        expected.append((len(gaps) + 1, extent, places[0], places[-1], min(shifts), max(shifts)))
    assert list(zip(*(column.tolist() for column in found[1:]), strict=True)) == expected


def shared(*pairs: tuple[int, int, list[tuple[int, int]]]) -> pl.DataFrame:
    """What pairs of documents share: (left, right, [(at, shift)])."""
    rows: list[dict[str, Any]] = [
        {"left": left, "right": right, "at": at, "shift": shift} for left, right, own in pairs for at, shift in own
    ]
    return pl.DataFrame(rows, schema={"left": pl.UInt64, "right": pl.UInt64, "at": pl.Int32, "shift": pl.Int32})


def clusters(frame: pl.DataFrame) -> list[set[int]]:
    """The groups, each as its documents."""
    found = groups(frame).group_by("cluster").agg("place")
    return sorted(map(set, found["place"].to_list()), key=min)


DRIFTING = [(40, 0), (110, 2), (180, -1), (260, 3)]


def test_short_stretches_all_along_make_copies() -> None:
    """Pairs of the same passage are one group; of another passage of the same document another."""
    later = [(at + 5_000, shift) for at, shift in DRIFTING]
    found = clusters(shared((1, 2, DRIFTING), (2, 3, DRIFTING), (2, 9, later)))
    assert found == [{1, 2, 3}, {2, 9}]


def test_what_is_quoted_is_no_rough_copy() -> None:
    """Long stretches, few of them, a long way apart, or all at one distance and long: none of these."""
    assert clusters(shared((1, 2, [(at, at % 3) for at in range(0, 300, 10)]))) == []
    assert clusters(shared((1, 2, DRIFTING[:2]))) == []
    assert clusters(shared((1, 2, [(40 * at, shift) for at, shift in DRIFTING]))) == []
    assert clusters(shared((1, 2, [(at + n, 0) for at, _ in DRIFTING for n in (0, 12)]))) == []
    assert clusters(shared((1, 2, [(at, 0) for at, _ in DRIFTING]))) == [{1, 2}]


def test_where_copies_begin_alike_no_border_parts_them() -> None:
    """Shifts round 0 lie together, wherever the borders between shifts are."""
    assert clusters(shared((1, 2, [(40, -1), (110, 1), (180, 1)]))) == [{1, 2}]


def test_who_shares_a_little_with_each_of_a_group_belongs_to_it() -> None:
    """One stretch with each of four members is enough, in a passage that they share; elsewhere it is nothing."""
    pairs = [(1, 2, DRIFTING), (2, 3, DRIFTING), (3, 4, DRIFTING)]
    little = [(one, 7, [(at, 5)]) for one, (at, _) in zip((1, 2, 3, 4), DRIFTING, strict=True)]
    assert clusters(shared(*pairs, *little)) == [{1, 2, 3, 4, 7}]
    elsewhere = [(one, 7, [(at + 900, 5)]) for one, (at, _) in zip((1, 2, 3, 4), DRIFTING, strict=True)]
    assert clusters(shared(*pairs, *elsewhere)) == [{1, 2, 3, 4}]


def test_the_order_of_what_is_shared_does_not_show() -> None:
    """However reduces come back, groups and passages are the same."""
    draw = random.Random(4)
    rows = shared(*((n, n + 1 + n % 2, [(at + n, shift * n) for at, shift in DRIFTING]) for n in range(1, 30)))
    expected = groups(rows).sort("cluster", "place")
    for _ in range(5):
        order = draw.sample(range(len(rows)), len(rows))
        assert groups(rows[order]).sort("cluster", "place").equals(expected)


def test_nothing_shared_is_no_group() -> None:
    """An empty table, as a corpus without copies leaves it."""
    assert clusters(shared()) == []
