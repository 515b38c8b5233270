"""What the page shows beyond the summary: a bounded number of rows, chosen from tables of any length."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl

from corpusscan.kernels import timelines
from corpusscan.report import reading
from corpusscan.report.summary import is_flagged, plausible_time, scan

EXCERPTS = 4  # per group
CANDIDATES = 24  # findings looked at per group, to find excerpts that differ
HOLES = 40
SCORE_BINS = 20
SIZES = (1, 2, 5, 10, 25, 50, 100, 250, 1_000)  # 250 documents poison a model of any size


def excerpts(out_tables: Path, groups: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """Per group the surest unaccepted findings whose excerpts differ, at most `EXCERPTS`; ties in table order."""
    findings = scan(out_tables, "findings").with_row_index("n")
    # Choose on narrow columns, then fetch the wide rows: millions of excerpts never meet in memory.
    live = ~pl.col("accepted").fill_null(value=False)
    asked = findings.filter(live, pl.col("group").is_in(list(groups))).select("n", "group", "score")
    ordered = asked.sort("score", "n", descending=[True, False], nulls_last=True)
    chosen = ordered.group_by("group", maintain_order=True).head(CANDIDATES).select("n")
    rows = findings.join(chosen, on="n", how="semi").sort("score", "n", descending=[True, False], nulls_last=True)
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows.collect(engine="streaming").iter_rows(named=True):
        found.setdefault(row["group"], []).append(row)
    return {group: _different(candidates) for group, candidates in found.items()}


def _different(candidates: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first `EXCERPTS` that say something new: from other documents where there are any, never the same twice."""
    told = {row["excerpt"]: row for row in reversed(candidates)}
    distinct = [row for row in candidates if told[row["excerpt"]] is row]
    firsts = {(row["file"], row["row"]): row["n"] for row in reversed(distinct)}
    again = [firsts[row["file"], row["row"]] != row["n"] for row in distinct]
    ordered = sorted(zip(again, range(len(distinct)), strict=True))
    return [distinct[place] for _, place in ordered[:EXCERPTS]]


def scores(out_tables: Path) -> list[int]:
    """How many unaccepted findings have a score in each twentieth of [0, 1]."""
    place = (pl.col("score").fill_nan(0).clip(0, 1) * SCORE_BINS).cast(pl.Int32).clip(0, SCORE_BINS - 1)
    live = scan(out_tables, "findings").filter(~pl.col("accepted").fill_null(value=False))
    return _bins(live.select(place=place).drop_nulls(), SCORE_BINS)


def sizes(out_tables: Path) -> list[tuple[str, int]]:
    """How many groups have how many documents: (label, groups) per class of size."""
    place = pl.sum_horizontal(*[(pl.col("documents") >= edge).cast(pl.Int32) for edge in SIZES]) - 1
    counted = _bins(scan(out_tables, "groups").filter(pl.col("documents") > 0).select(place=place), len(SIZES))
    classes = [str(a) if a == b - 1 else f"{a}–{b - 1}" for a, b in pairwise(SIZES)]
    return list(zip([*classes, f"{SIZES[-1]:,}+"], counted, strict=True))


def timeline(out_tables: Path) -> dict[str, Any]:
    """Flagged documents over time: `bars` [(first day, documents)] with gaps as zeros, their `step`, the `undated`."""
    times = scan(out_tables, "documents").filter(is_flagged()).select(day=plausible_time("timestamp").dt.date())
    counted = times.group_by("day").len().collect(engine="streaming")
    undated = counted.filter(pl.col("day").is_null())["len"].sum()
    step, bars = timelines.timeline(dict(counted.drop_nulls().iter_rows()))
    return {"bars": bars, "step": step, "undated": undated}


def holes(out_tables: Path) -> list[dict[str, Any]]:
    """Files that were not fully read, the largest loss first, with their merged reasons; at most `HOLES`."""
    shards = scan(out_tables, "coverage")
    lost = reading.files(shards).filter(~pl.col("whole"))
    worst = lost.sort("lost", "file", descending=[True, False]).head(HOLES).collect(engine="streaming")
    named = shards.join(worst.lazy(), on="file", how="semi").group_by("file", "reasons").len()
    texts: dict[str, dict[str, int]] = {}
    for file, text, n in named.collect(engine="streaming").iter_rows():
        texts.setdefault(file, {})[text or "{}"] = n
    return [row | {"reasons": reading.merge_reasons(texts.get(row["file"], {}))} for row in worst.to_dicts()]


def _bins(places: pl.LazyFrame, count: int) -> list[int]:
    bins = [0] * count
    for place, n in places.group_by("place").len().collect(engine="streaming").iter_rows():
        bins[place] = n
    return bins
