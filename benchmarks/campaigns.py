"""Real campaigns among other documents: how many are found, and whether they rank above what is benign.

The truth is simple: documents of one file that are marked `is_attack` and say the same words (links aside), or in
files of at most 2,000 such documents share most of their word 5-shingles (Jaccard 0.8, by brute force), are one
campaign where they come from at least five sources.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import polars as pl

SOURCES, FEW, SIMILAR, SHINGLE = 5, 2_000, 0.8, 5
SEVERITIES = ("info", "low", "medium", "high", "critical")
_LINK = re.compile(r"https?://\S+")


def coordinated(records: Iterable[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """The marked records as rows of a corpus, with file and number of their campaign, or None, as `kind`."""
    rows = []
    for number, record in enumerate(records):
        meta = record.get("meta") or {}
        sender = str(meta.get("sender") or "").rpartition("@")[2].strip("<> ")
        if record.get("is_attack") is True:
            source = record.get("group") or sender or f"unknown{number}"
            rows.append({"text": record["text"], "source": source, "date": meta.get("date"), "kind": None})
    for number, campaign in enumerate(campaigns(rows)):
        for i in campaign:
            rows[i]["kind"] = f"{name} {number}"
    return rows


def campaigns(rows: Sequence[dict[str, Any]]) -> list[list[int]]:
    """Which rows say the same, from at least five sources."""
    words = [re.findall(r"\w+", _LINK.sub("", row["text"]).casefold()) for row in rows]
    same = defaultdict(list)
    for i, said in enumerate(words):
        same[" ".join(said)].append(i)
    same.pop("", None)
    found = [*same.values()]
    if len(rows) <= FEW:
        found = _united(found, [{tuple(said[i : i + SHINGLE]) for i in range(len(said))} for said in words])
    return [one for one in found if len({rows[i]["source"] for i in one}) >= SOURCES]


def _united(found: list[list[int]], shingles: list[set[tuple[str, ...]]]) -> list[list[int]]:
    """Lists whose first documents are near-copies, as one (single linkage)."""
    united: list[list[int]] = []
    for own in found:
        alike = [one for one in united if any(_jaccard(shingles[own[0]], shingles[i]) >= SIMILAR for i in one)]
        united = [one for one in united if one not in alike] + [[i for one in [own, *alike] for i in one]]
    return united


def _jaccard(one: set[Any], other: set[Any]) -> float:
    return len(one & other) / max(len(one | other), 1)


def score(report: Path, first: int, real: Sequence[dict[str, Any]]) -> None:
    """Print how many campaigns are found, and how the coordinated groups rank; `real` are the rows from `first` on."""
    members = pl.read_parquet(report / "members.parquet")
    groups = pl.read_parquet(report / "groups.parquet")
    rank = {name: i for i, name in enumerate(SEVERITIES)}
    level = dict(zip(groups["group"], groups["severity"].replace_strict(rank), strict=True))
    of_row = defaultdict(set)
    for group, row in members.select("group", "row").iter_rows():
        of_row[row].add(group)
    wanted: dict[str, list[int]] = defaultdict(list)
    for i, row in enumerate(real):
        if row["kind"] is not None:
            wanted[row["kind"]].append(first + i)
    best = {kind: _best(rows, of_row, level) for kind, rows in wanted.items()}
    print(f"\n{len(real):,} coordinated documents; campaigns with half of their copies in one group, at or above:")
    for file in sorted({kind.split()[0] for kind in best}):
        own = [one for kind, one in best.items() if kind.split()[0] == file]
        found = ", ".join(f"{name} {sum(one >= i for one in own)}" for i, name in enumerate(SEVERITIES[:3]))
        print(f"  {file}: {len(own)} campaigns, {found}")
    truly = {
        name: share >= 0.5
        for name, share in members.group_by("group").agg((pl.col("row") >= first).mean()).iter_rows()
    }  # fmt: skip
    order = groups.sort(pl.col("severity").replace_strict(rank), "score", "documents", "group", descending=True)
    hits = [truly[name] for name in order["group"]]
    precision = [sum(hits[: i + 1]) / (i + 1) for i, hit in enumerate(hits) if hit]
    print(f"{sum(hits):,} of {len(hits):,} groups are coordinated: average precision", end=" ")
    print(f"{sum(precision) / max(len(precision), 1):.3f}", end="")
    print(", ".join(f"; of the first {n} {sum(hits[:n])}" for n in (20, 100, 500) if n <= len(hits)))
    for name in SEVERITIES[:3]:
        here = [truly[group] for group in order.filter(pl.col("severity") == name)["group"]]
        print(f"  {name}: {sum(here):,} coordinated, {len(here) - sum(here):,} benign")


def _best(rows: Sequence[int], of_row: dict[int, set[str]], level: dict[str, int]) -> int:
    """The highest severity of the groups that hold half of a campaign; -1 where there is none."""
    counts: dict[str, int] = defaultdict(int)
    for row in rows:
        for group in of_row.get(row, ()):
            counts[group] += 1
    return max((level[group] for group, count in counts.items() if 2 * count >= len(rows)), default=-1)
