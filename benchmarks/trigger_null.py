"""How often honest text alone raises an alarm: a clean corpus in many parts that share no source, each scanned."""

from __future__ import annotations

import argparse
import heapq
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl
from copies import Found
from scipy.stats import beta
from trigger_scores import false_groups, scanned

from corpusscan.redteam import kept
from corpusscan.redteam.evaluate import rate


def split(sizes: Mapping[str, int], parts: int) -> dict[str, int]:
    """The part of each source: the largest first, each to the part that has least so far, so that all are alike."""
    heap = [(0, part) for part in range(parts)]
    placed = {}
    for source in sorted(sizes, key=lambda name: (-sizes[name], name)):
        held, part = heapq.heappop(heap)
        placed[source] = part
        heapq.heappush(heap, (held + sizes[source], part))
    return placed


def results(chosen: argparse.Namespace, folder: Path, tell: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    """Scan each part; what fired there.  Parts that an earlier run scanned are taken from `folder`."""
    frame = pl.read_parquet(sorted(chosen.corpus.rglob("*.parquet"))).with_columns(pl.col("source").fill_null(""))
    placed = split(dict(frame["source"].value_counts().iter_rows()), chosen.null)
    part_of = frame["source"].replace_strict(placed, return_dtype=pl.Int64)
    path = folder / "null.jsonl"
    done = kept.read(path)
    for part in range(chosen.null):
        key = str([part, chosen.null, chosen.seed, chosen.detectors, len(frame)])
        if (row := done.get(key)) is None:
            row = {"key": key} | scored(frame.filter(part_of == part), folder / f"null-{part}", chosen)
            kept.add(path, row)
        tell(f"{part + 1} of {chosen.null}: {row['documents']:,} documents, {len(row['false'])} groups")
        yield row


def scored(frame: pl.DataFrame, place: Path, chosen: argparse.Namespace) -> dict[str, Any]:
    """Scan one part; its groups at medium or above."""
    shutil.rmtree(place, ignore_errors=True)
    (place / "corpus").mkdir(parents=True)
    frame.write_parquet(place / "corpus/part.parquet", row_group_size=20_000)
    cost = scanned(place / "corpus", place / "report", chosen.detectors, chosen.seed, chosen.workers)
    false = [vars(one) for one in false_groups(Found.of(place / "report"), set())]
    if not chosen.keep:
        shutil.rmtree(place)
    return {"documents": len(frame), "sources": frame["source"].n_unique(), "seconds": cost.wall, "false": false}


def show(rows: list[dict[str, Any]]) -> None:
    """How many parts raised an alarm, with exact bounds, and every group that did."""
    fired, parts = sum(bool(row["false"]) for row in rows), len(rows)
    found = rate(fired, parts)
    bound = float(beta.ppf(0.95, fired + 1, parts - fired)) if fired < parts else 1.0
    sizes = sorted(row["documents"] for row in rows)
    print(f"{parts} clean corpora of {sizes[0]:,} to {sizes[-1]:,} documents (median {sizes[parts // 2]:,}), by source")
    print(f"with a group at medium or above: {fired} = {found.rate:.1%} [{found.low:.1%}, {found.high:.1%}]", end="")
    print(f"; below {bound:.1%} with 95 % confidence (Clopper-Pearson, one-sided)")
    for row in rows:
        for one in row["false"]:
            print(f"  corpus {row['of'][0] + 1} ({row['documents']:,} documents): {one['severity']} {one['title']!r}")
            print(f"    {one['documents']} documents, {one['evidence']}")
