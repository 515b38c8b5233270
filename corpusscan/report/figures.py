"""Which figures the page shows, from which counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from corpusscan.report import charts, exhibits, words
from corpusscan.report.summary import Summary

ROWS = 15  # of a figure by attack, source or detector


@dataclass(frozen=True)
class Figure:
    """A picture of counts and the same counts as rows, for who cannot or will not see it."""

    title: str
    head: tuple[str, str]
    rows: charts.Bars
    svg: Markup
    note: str = ""


def figures(out_tables: Path, summary: Summary) -> list[Figure]:
    """All figures that have something to show."""
    drawn = [*_by_name(summary), *_by_amount(out_tables)]
    return [figure for figure in drawn if any(count for _, count in figure.rows)]


def _by_name(summary: Summary) -> Iterator[Figure]:
    counts = summary["counts"]
    severities = [(name, row["findings"]) for name, row in counts["severity"].items()]
    title = "Findings by severity"
    kinds = [f"sev-{name}" for name, _ in severities]
    yield Figure(title, ("severity", "findings"), severities, charts.bars(severities, title, kinds))
    attacks = [(words.attack(name), row["documents"]) for name, row in counts["attack"].items()]
    yield _documents("attack", attacks)
    sources = [(row["source"] or "(no source)", row["documents"]) for row in counts["source"]]
    shown = f" The {ROWS} largest are shown." if len(sources) > ROWS else ""
    yield _documents("source", sources, f"{words.plural(summary['sources'], 'named source')} in all.{shown}")
    yield _documents("detector", [(name, row["documents"]) for name, row in counts["detector"].items()])


def _documents(by: str, rows: charts.Bars, note: str = "") -> Figure:
    title = f"Flagged documents by {by}"
    return Figure(title, (by, "documents"), rows[:ROWS], charts.bars(rows[:ROWS], title), note)


def _by_amount(out_tables: Path) -> Iterator[Figure]:
    over_time = exhibits.timeline(out_tables)
    bars, title = over_time["bars"], "Flagged documents over time"
    yield Figure(title, ("from", "documents"), bars, charts.columns(bars, title), _dates(over_time))
    sizes, title = exhibits.sizes(out_tables), "Groups by number of documents"
    note = "About 250 documents have been enough to backdoor a model of any size."
    yield Figure(title, ("documents", "groups"), sizes, charts.columns(sizes, title), note)
    counted, title = exhibits.scores(out_tables), "Findings by score"
    scores = [(f"{place / len(counted):.2f}", count) for place, count in enumerate(counted)]
    yield Figure(title, ("score from", "findings"), scores, charts.columns(scores, title))


def _dates(over_time: dict[str, Any]) -> str:
    return (
        f"Per {words.step(over_time['step'])}. {words.plural(over_time['undated'], 'flagged document')} without a time."
    )
