"""Honest groups of copies as a scan ranks them: which are held for campaigns, and why the others are let pass."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

PER = 250_000
SEVERITIES = {"info": 0, "low": 1, "medium": 2, "high": 3, "critical": 4}
WHY = {
    "site_talk": "speaks of the site it stands on as software does",
    "notice": "a notice from end to end",
    "placeholder": "calls itself a page in the place of another",
    "names_itself": "speaks of a site, and names its own",
    "list_footer": "what a mailing list puts below letters",
    "statute": "cites laws as laws do",
    "syndication": "has a dateline",
    "mail": "quotes letters",
    "known_sources": "its sources say much else, or are no more than chance makes new",
    "short_text": "short",
    "few_sources": "from one or two sources",
    "no_provenance": "names no source",
    "own_text": "the frame of a site",
}


def show(report: Path, kinds: Sequence[str], honest: int, shown: int) -> None:
    """False groups per 250,000 honest documents; of them and of those let pass the ones that rank best."""
    members = pl.read_parquet(report / "members.parquet")
    of = pl.DataFrame({"row": pl.Series(range(len(kinds)), dtype=pl.UInt64), "kind": kinds})
    kind = members.join(of, on="row").group_by("group").agg(pl.col("kind").mode().sort().first(), pl.col("row").min())
    groups = pl.read_parquet(report / "groups.parquet").drop("kind").join(kind, on="group")
    groups = groups.filter(pl.col("row") < honest).with_columns(level=pl.col("severity").replace_strict(SEVERITIES))
    groups = groups.sort("level", "score", "documents", "group", descending=True)
    false, passed = groups.filter(pl.col("level") >= 2), groups.filter(pl.col("level") < 2)
    print(f"{honest:,} honest documents, {len(groups):,} groups of copies, at medium or above {len(false)}", end="")
    print(f" = {PER * len(false) / honest:.2f} per {PER:,}")
    for name, some in (("held for campaigns", false), ("let pass", passed)):
        print(f"{name}, the {min(shown, len(some))} that rank best:")
        print("  kind              copies sources new days   odds  severity score why | title")
        for row in some.head(shown).to_dicts():
            print(_line(row))
    for severity, some in groups.group_by("severity", maintain_order=True):
        print(f"  {severity[0]}: {len(some)}, by kind {dict(some['kind'].value_counts(sort=True).iter_rows())}")


def _line(row: dict[str, Any]) -> str:
    told = json.loads(row["evidence"])
    why = "; ".join(WHY.get(story, story) for story in told["forgiven"]) or "-"
    return (
        f"  {row['kind'] or 'pages':17.17} {told['copies']:6} {told['sources']:7} {told['new_sources']:3}"
        f" {told['days']:4} {told['odds']:6.0e}  {row['severity']:8} {row['score']:.2f} {why} | {row['title'][:60]!r}"
    )
