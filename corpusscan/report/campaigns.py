"""Groups of different detectors that share most of their documents are one campaign."""

from __future__ import annotations

import json
from collections import Counter

import polars as pl

from corpusscan.kernels.splits import rank, split_of
from corpusscan.report.summary import is_flagged

MOST = 0.5  # of the documents of each of the two groups


def across_splits(groups: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """The groups; of those that are flagged and stand in two splits of a dataset the evidence says so (`splits`)."""
    flagged = groups.filter(is_flagged())["group"].to_list()
    counted = members.filter(pl.col("group").is_in(flagged)).unique(["group", "file", "row"], maintain_order=True)
    told: dict[str, Counter[tuple[str, str]]] = {}
    for group, file, count in counted.group_by("group", "file", maintain_order=True).len().iter_rows():
        if split := split_of(file):
            told.setdefault(group, Counter())[split] += count
    spans = {group: text for group, counts in told.items() if (text := _told(counts))}
    if not spans:
        return groups
    evidence = [
        json.dumps({**json.loads(known or "{}"), "splits": spans[group]}, sort_keys=True, ensure_ascii=False)
        if group in spans else known
        for group, known in groups.select("group", "evidence").iter_rows()
    ]  # fmt: skip
    return groups.with_columns(evidence=pl.Series(evidence, dtype=pl.String))


def _told(counts: Counter[tuple[str, str]]) -> str:
    """`train 30, test 4` where a dataset has it in two splits; empty where none has."""
    of_scope: dict[str, dict[str, int]] = {}
    for (scope, split), count in counts.items():
        of_scope.setdefault(scope, {})[split] = count
    spread = next((splits for _, splits in sorted(of_scope.items()) if len(splits) > 1), {})
    return ", ".join(f"{split} {spread[split]}" for split in sorted(spread, key=rank))


def campaigns(groups: pl.DataFrame, members: pl.DataFrame) -> dict[str, str]:
    """The campaign of every group, named after the first of its groups; groups of one document stay alone."""
    sizes = dict(members.group_by("group").agg(pl.struct("file", "row").n_unique()).iter_rows())
    shared = [name for name in groups["group"] if sizes.get(name, 0) > 1]
    rows = members.filter(pl.col("group").is_in(shared)).select("group", "file", "row").unique()
    pairs = rows.join(rows, on=["file", "row"], suffix="_other").filter(pl.col("group") < pl.col("group_other"))
    counted = pairs.group_by("group", "group_other").len().sort("group", "group_other")
    parent: dict[str, str] = {name: name for name in groups["group"]}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for one, other, both in counted.iter_rows():
        if both >= MOST * max(sizes[one], sizes[other]):
            first, second = sorted((root(one), root(other)))
            parent[second] = first
    return {name: root(name) for name in parent}
