"""Which planted campaigns a scan found, and what counting them shows.

A campaign counts as found when a group at medium or above (a cluster, a trigger) consists to at least half of its
documents: then a reviewer who opens that group sees the campaign.  Attacks that rules recognise make no group of their
own, so it also counts when at least half of its documents are flagged by rules.  Documents flagged by other groups do
not count: many campaigns share a scan, and one that is swept up in another's group would not have been found alone.

Bounds are those of Clopper and Pearson (1934), exact and one-sided where only the worst case is asked for.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from corpusscan import schema
from corpusscan.kernels.intervals import interval

CERTAIN = 0.95
MOST = 10**12  # documents of a campaign
CARRIERS = 5  # documents that a campaign must keep in a sample of the shards to be found there


def found(report: Path, truth: Path) -> dict[str, bool]:
    """By campaign of a truth file: whether the report in a folder shows it.  Records taken out show nothing."""
    planted = pl.read_parquet(truth).filter(pl.col("row").is_not_null())
    own = planted.select("campaign", "file", "row").unique()
    findings = pl.read_parquet(report / "findings.parquet").filter(pl.col("severity").is_in(schema.FLAGGED))
    groups = pl.read_parquet(report / "groups.parquet").filter(pl.col("severity").is_in(schema.FLAGGED))
    rules = groups.filter(pl.col("kind") == "rule")["group"].implode()
    flagged = findings.filter(pl.col("group").is_in(rules)).select("file", "row").unique()
    by_rules = _counted(own.join(flagged, on=["file", "row"]), "campaign")
    members = pl.read_parquet(report / "members.parquet").select("group", "file", "row").unique()
    members = members.join(groups.filter(pl.col("kind") != "rule").select("group"), on="group")
    sizes = _counted(members, "group")
    shared = own.join(members, on=["file", "row"]).group_by("campaign", "group").len().iter_rows()
    seen = {campaign for campaign, group, count in shared if 2 * count >= sizes[group]}
    return {name: name in seen or 2 * by_rules.get(name, 0) >= size for name, size in _counted(own, "campaign").items()}


def _counted(frame: pl.DataFrame, column: str) -> dict[str, int]:
    return dict(frame.group_by(column).len().iter_rows())


def at_least(hits: int, trials: int) -> float:
    """What the rate behind `hits` of `trials` is at least, with a confidence of 95 %."""
    return interval(hits, trials, 1 - CERTAIN)[0]


def smallest(rates: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Of the rates of one family: the size from which on 95 % were found, as `power` of a summary tells it.

    `documents` is null where not even of the largest were so many found; the counts are then those of the largest.
    """
    ordered = sorted(rates, key=lambda rate: -rate["documents"])
    kept = None
    for rate in ordered:
        if rate["found"] < CERTAIN * rate["campaigns"]:
            break
        kept = rate
    told = kept or ordered[0]
    return {
        "family": told["family"], "documents": kept["documents"] if kept else None,
        "largest": ordered[0]["documents"], "found": told["found"], "campaigns": told["campaigns"],
        "at_least": at_least(told["found"], told["campaigns"]),
    }  # fmt: skip


def kept(documents: int, share: float, carriers: int = CARRIERS) -> float:
    """Chance that of a campaign spread evenly so many documents lie in a sample of a share of the shards."""
    from scipy.special import bdtrc  # noqa: PLC0415  # takes a third of a second

    return float(bdtrc(carriers - 1, documents, share)) if documents >= carriers else 0.0


def certain(share: float, carriers: int = CARRIERS) -> int:
    """The smallest campaign of which so many documents lie in the sample with 95 % probability."""
    return bisect_left(range(MOST), CERTAIN, key=lambda documents: kept(documents, share, carriers))
