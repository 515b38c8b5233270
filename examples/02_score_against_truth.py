"""How much of the planted poison was found, and what else was flagged: python 02_score_against_truth.py [OUT]"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

import corpusscan

HERE = Path(__file__).resolve().parent
FLAGGED = ("medium", "high", "critical")


def main(out: Path) -> None:
    report = corpusscan.scan(HERE / "corpus", out, overwrite=True)
    truth = pl.read_parquet(HERE / "truth.parquet")
    flagged = report.documents.filter(pl.col("severity").is_in(FLAGGED)).select("file", "row").collect()

    found = truth.join(flagged.with_columns(found=True), on=["file", "row"], how="left")
    recall = found.group_by("campaign", "attack").agg(planted=pl.len(), found=pl.col("found").count()).sort("campaign")
    print("campaign                     attack                 planted  found  recall")
    for row in recall.iter_rows(named=True):
        share = row["found"] / row["planted"]
        print(f"{row['campaign']:28} {row['attack']:22} {row['planted']:7} {row['found']:6} {share:7.0%}")

    clean = report.summary["totals"]["documents"] - len(truth)
    wrong = flagged.join(truth, on=["file", "row"], how="anti")
    print(f"\nclean documents flagged: {len(wrong)} of {clean}")

    findings = report.findings.filter(pl.col("severity").is_in(FLAGGED)).collect()
    for row in findings.join(wrong, on=["file", "row"]).iter_rows(named=True):
        print(f"  {row['file']} row {row['row']}, {row['rule']}: {row['excerpt'][:70]!r}")

    spans = findings.join(truth.filter(pl.col("start").is_not_null()), on=["file", "row", "field"], suffix="_planted")
    inside = spans.filter((pl.col("start") < pl.col("end_planted")) & (pl.col("end") > pl.col("start_planted")))
    print(f"flagged spans that touch the planted span: {len(inside)} of {len(spans)}")


if __name__ == "__main__":  # workers import this file anew
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "corpusscan-example"))
