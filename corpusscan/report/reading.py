"""Was everything read?  The coverage table, added up and checked.

A shard accounts for itself when it is complete and rows = scanned + skipped + errored; a file
does when all its shards do and, where they are byte ranges, the ranges cover the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import orjson
import polars as pl

FATES = ("scanned", "skipped", "errored")


def coverage(shards: pl.LazyFrame) -> tuple[dict[str, Any], dict[str, int]]:
    """`coverage` and `totals` of a summary, from the table `schema.COVERAGE`."""
    sums = [pl.col(name).sum() for name in ("rows", *FATES, "text_bytes", "tokens")]
    total = shards.select(*sums, shards=pl.len()).collect(engine="streaming").row(0, named=True)
    per_file = files(shards)
    read = per_file.select(
        files=pl.len(),
        files_incomplete=(~pl.col("whole")).sum(),
        files_unexplained=(~pl.col("explained")).sum(),
    )
    totals = {"documents": total["scanned"], "tokens": total["tokens"], "bytes": total["text_bytes"]}
    counted = {name: total[name] for name in ("rows", *FATES, "shards")}
    return counted | {"reasons": _reasons(shards)} | read.collect(engine="streaming").row(0, named=True), totals


def files(shards: pl.LazyFrame) -> pl.LazyFrame:
    """One row per file: the three counts, `lost` records, `whole` (all accounted for and read), `explained` if not."""
    lost = pl.col("skipped") + pl.col("errored")
    accounted = (pl.col("rows") == pl.col("scanned") + lost).fill_null(value=False)
    told = _told()
    bad = ~accounted | (pl.col("status") != "complete") | (lost > 0) | told
    length = pl.col("stop").cast(pl.Int64, strict=False) - pl.col("start").cast(pl.Int64, strict=False)
    in_bytes = (pl.col("unit") == "byte").fill_null(value=False).any()
    covered = ~in_bytes | (length.sum() >= pl.col("bytes_total").max().fill_null(0))
    return shards.group_by("file").agg(
        *[pl.col(name).sum() for name in FATES],
        lost=lost.sum(),
        whole=~bad.any() & covered,
        explained=(~bad | told).all() & (covered | told.any()),
    )


def _told() -> pl.Expr:
    """A reason for a loss is counted; where a whole file is lost, that is one reason and no known record."""
    paths = (pl.col("reasons").str.json_path_match(f"$.{fate}").fill_null("{}") for fate in FATES[1:])
    return pl.any_horizontal(path != "{}" for path in paths)


def incomplete(counted: Mapping[str, Any], allowed: Mapping[str, int]) -> bool:
    """Whether anything was left unread beyond what the user allowed, reason by reason."""
    reasons = Counter(counted["reasons"]["skipped"]) + Counter(counted["reasons"]["errored"])
    beyond = any(n > allowed.get(reason, 0) for reason, n in reasons.items())
    return beyond or counted["files_unexplained"] > 0


def merge_reasons(texts: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Adds up JSON reasons, each standing for as many shards as its value says; most frequent first."""
    merged: dict[str, Counter[str]] = {fate: Counter() for fate in FATES}
    for text, times in texts.items():
        for fate, counts in orjson.loads(text).items():
            for reason, n in counts.items():
                merged[fate][reason] += n * times
    return {fate: dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))) for fate, counts in merged.items()}


def _reasons(shards: pl.LazyFrame) -> dict[str, dict[str, int]]:
    alike = shards.filter(pl.col("reasons").is_not_null()).group_by("reasons").len()
    return merge_reasons(dict(alike.collect(engine="streaming").iter_rows()))
