"""Days in bars: one to a day, a week, a month or more, as the span asks, and a bar of nothing for each gap."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import NamedTuple

BARS = 48  # of a timeline, at most


class Timeline(NamedTuple):
    """How often something was seen, from the first day to the last."""

    step: str  # of `STEPS`; empty where there is no day
    bars: list[tuple[str, int]]  # the first day of each step, as ISO 8601 writes it, and the count


def _months(day: dt.date) -> int:
    return 12 * day.year + day.month - 1


def _first_of_month(months: int) -> dt.date:
    return dt.date(max(months // 12, 1), months % 12 + 1, 1)


# By name: the number of the step in which a day lies, and the day with which a step of that number begins.
STEPS: dict[str, tuple[Callable[[dt.date], int], Callable[[int], dt.date]]] = {
    "1d": (dt.date.toordinal, dt.date.fromordinal),
    "1w": (lambda day: (day.toordinal() - 1) // 7, lambda week: dt.date.fromordinal(7 * week + 1)),  # from Monday on
    **{
        name: (lambda day, n=n: _months(day) // n, lambda step, n=n: _first_of_month(step * n))  # type: ignore[misc]
        for name, n in {"1mo": 1, "3mo": 3, "1y": 12, "10y": 120, "100y": 1_200, "1000y": 12_000}.items()
    },
}


def timeline(counts: Mapping[dt.date, int]) -> Timeline:
    """The finest timeline of at most `BARS` bars for so many things on each day."""
    if not counts:
        return Timeline("", [])
    first, last = min(counts), max(counts)
    step, (number, begins) = next(
        (name, how) for name, how in STEPS.items() if name == "1000y" or how[0](last) - how[0](first) < BARS
    )
    bars = dict.fromkeys(range(number(first), number(last) + 1), 0)
    for day, count in counts.items():
        bars[number(day)] += count
    return Timeline(step, [(begins(one).isoformat(), count) for one, count in bars.items()])
