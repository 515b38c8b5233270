"""Which groups a log shows, and where each of them lies: bounded numbers, chosen from tables of any length."""

from __future__ import annotations

from bisect import bisect_left
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from corpusscan.report.summary import scan, severity_rank

GROUPS = 5_000  # GitHub takes 25,000 results and shows 5,000
PLACES = 20  # of a group
ALL_PLACES = 10_000
BATCH = 16_384  # findings

Row = dict[str, Any]


def groups(out_tables: Path) -> tuple[list[Row], int]:
    """The gravest groups with findings, at most `GROUPS`, and how many there are.

    `rank` is the severity of what nobody accepted; a `closed` group, all of it accepted, comes last.
    Groups that a benign story explains have members and no findings: nobody needs to act on them.
    """
    accepted = pl.col("accepted").fill_null(value=False)
    counted = (
        scan(out_tables, "findings")
        .group_by("group")
        .agg(findings=pl.len(), accepted=accepted.sum(), gravest=severity_rank().filter(~accepted).max())
    )
    columns = ["group", "kind", "detector", "title", "attack", "severity", "score", "documents", "sources"]
    told = pl.when(pl.col("kind") == "trigger").then("evidence").alias("evidence")
    joined = scan(out_tables, "groups").select(*columns, "independent_documents", told).join(counted, on="group")
    ranked = joined.with_columns(
        rank=pl.coalesce("gravest", severity_rank()),
        size=pl.col("documents").fill_null(0),
        closed=pl.col("findings") == pl.col("accepted"),
    )
    keys, down = ["closed", "rank", "size", "score", "group"], [False, True, True, True, False]
    first = ranked.sort(keys, descending=down, nulls_last=True).head(GROUPS)
    return first.collect(engine="streaming").to_dicts(), joined.select(pl.len()).collect(engine="streaming").item()


def places(out_tables: Path, chosen: list[Row]) -> dict[str, list[Row]]:
    """By group some of its documents, each with one finding: unaccepted and surest first, ties in table order."""
    each = max(1, min(PLACES, ALL_PLACES // max(1, len(chosen))))
    asked = pl.LazyFrame({"group": [group["group"] for group in chosen]}, schema={"group": pl.String})
    findings = scan(out_tables, "findings").with_row_index("n")
    document = pl.struct("file", "row").rle_id()
    narrow = findings.select("n", "group", "score", pl.col("accepted").fill_null(value=False), document=document)
    known = narrow.join(asked, on="group", how="semi")
    ordered = known.sort("accepted", "score", "n", descending=[False, True, False], nulls_last=True)
    apart = ordered.unique(["group", "document"], keep="first", maintain_order=True)
    few = apart.group_by("group", maintain_order=True).head(each).select("n").collect(engine="streaming")["n"].to_list()
    rows = _rows(out_tables / "findings.parquet", ["group", "file", "row", "field", "excerpt"], sorted(few))
    found: dict[str, list[Row]] = {}
    for n in few:
        if rows[n]["file"] is not None and rows[n]["row"] is not None:
            found.setdefault(rows[n]["group"], []).append(rows[n])
    return found


def _rows(table: Path, columns: list[str], numbers: list[int]) -> dict[int, Row]:
    """These rows of a table, read a batch at a time: millions of excerpts never meet in memory."""
    rows: dict[int, Row] = {}
    first = 0
    with pq.ParquetFile(table) as file:
        for batch in file.iter_batches(BATCH, columns=columns, use_threads=False):
            own = numbers[bisect_left(numbers, first) : bisect_left(numbers, first + len(batch))]
            rows.update(zip(own, batch.take(pa.array([n - first for n in own], pa.int64())).to_pylist(), strict=True))
            first += len(batch)
    return rows
