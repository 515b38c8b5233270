"""Timelines: every day is counted once, gaps are seen, and bars stay few."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpusscan.kernels.timelines import BARS, STEPS, timeline


@given(st.dictionaries(st.dates(), st.integers(1, 9), max_size=20))
def test_any_days(counts: dict[dt.date, int]) -> None:
    """From year 1 to 9999: at most so many bars, ascending, that hold all, and no bar of nothing at an end."""
    step, bars = timeline(counts)
    assert len(bars) <= BARS
    assert [day for day, _ in bars] == sorted({day for day, _ in bars})
    assert sum(count for _, count in bars) == sum(counts.values())
    if counts:
        assert dt.date.fromisoformat(bars[0][0]) <= min(counts)
        assert bars[0][1] > 0
        assert bars[-1][1] > 0
        assert step in STEPS


@given(st.dates(), st.sampled_from(sorted(STEPS)))
def test_a_step_begins_with_its_first_day(day: dt.date, name: str) -> None:
    """The day with which a step begins lies in it and not after any of its days; the day before lies in another."""
    number, begins = STEPS[name]
    first = begins(number(day))
    assert first <= day
    assert number(first) == number(day)
    assert first == dt.date.min or number(first - dt.timedelta(1)) == number(day) - 1


@pytest.mark.parametrize(
    ("days", "step", "bars"),
    [
        ([], "", []),
        ([(2025, 3, 1)], "1d", [("2025-03-01", 1)]),
        ([(2025, 3, 1), (2025, 3, 3)], "1d", [("2025-03-01", 1), ("2025-03-02", 0), ("2025-03-03", 1)]),
        ([(2025, 1, 1), (2025, 3, 3)], "1w", None),
        ([(2024, 1, 15), (2024, 12, 31)], "1mo", None),
    ],
)
def test_the_finest_step(days: list[tuple[int, int, int]], step: str, bars: list[tuple[str, int]] | None) -> None:
    """Days while they are few, then weeks from Monday on, then months; gaps are bars of nothing."""
    told = timeline({dt.date(*day): 1 for day in days})
    assert told.step == step
    assert told.bars == bars if bars is not None else told.bars[0][0] in ("2024-12-30", "2024-01-01")
