"""Groups of different detectors that share most of their documents are one campaign."""

from __future__ import annotations

import polars as pl

MOST = 0.5  # of the documents of each of the two groups


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
