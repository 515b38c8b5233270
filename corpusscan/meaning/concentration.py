"""What is said of a claim that documents assert: how many do, from how many sources, against how many that deny it."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from corpusscan import schema
from corpusscan.detector import EARLIER, Context
from corpusscan.kernels import timelines
from corpusscan.meaning.claims import Claim
from corpusscan.provenance import members, most_first

ATTACK = "misinformation"
STANCES = ("asserts", "debunks", "reports", "asks")
SCORES = {"stable": 0.9, "test": 0.7, "experimental": 0.5}
CONCENTRATED = 5  # independent documents that assert a claim
SEVERAL = 3  # sources that they are from, where the corpus names any
OUTNUMBER = 3  # times as many as deny it
TRIPLE = "unknown-triple"
SOURCES = 10  # with most documents that assert a claim, that are told


def alone(claim: Claim) -> str:
    """The severity of one document that asserts a claim: a step below that of a campaign."""
    return schema.SEVERITIES[max(schema.SEVERITIES.index(claim.severity) - 1, 0)]


def counts_of(rows: pl.DataFrame) -> dict[str, dict[str, int]]:
    """By stance: documents, independent ones, and sources."""
    told = {}
    for stance in STANCES:
        own = rows.filter(pl.col("stance") == stance)
        told[stance] = {
            "documents": own.select("shard", "row").n_unique() if len(own) else 0,
            "independent": _independent(own),
            "sources": own["source"].drop_nulls().n_unique(),
        }
    return told


def _independent(rows: pl.DataFrame) -> int:
    """Documents, those of one source and those that say it in the same sentence each counted once."""
    from_somewhere = rows["source"].drop_nulls().n_unique()
    from_nowhere = rows.filter(pl.col("source").is_null())["hash"].n_unique() if len(rows) else 0
    return min(from_somewhere + from_nowhere, rows["said"].n_unique())


def group_of(claim: Claim, counts: dict[str, dict[str, int]], rows: pl.DataFrame, context: Context) -> dict[str, Any]:
    """Those who assert a claim, as a row of `groups`: a campaign where many do, and far more than deny it."""
    asserts, denies = counts["asserts"], counts["debunks"]
    documents = rows.unique(["shard", "row"], keep="first", maintain_order=True)
    times = documents["time"].drop_nulls().sort().to_list()
    top = most_first(documents["source"])[:SOURCES]
    known = context.sources.documents_of([name for name, _ in top])
    several = asserts["sources"] >= SEVERAL or not asserts["sources"]
    campaign = (
        asserts["independent"] >= CONCENTRATED
        and several
        and asserts["independent"] >= OUTNUMBER * denies["independent"]
    )
    manner = round(float(np.median(documents["manner"].to_numpy())), 2)
    evidence = {
        "claim": claim.claim, "truth": claim.truth, "references": claim.references, "topic": claim.topic,
        "stances": counts, "concentrated": campaign, "reads_false": manner,
        "top_sources": [(name[:200], count, known[name]) for name, count in top],
        "timeline": timelines.timeline(Counter(one.date() for one in times))._asdict()
        | {"undated": len(documents) - len(times)},
    }  # fmt: skip
    return {
        "group": f"claim:{claim.id if claim.id != TRIPLE else claim.claim}", "kind": "claim", "title": claim.claim,
        "attack": ATTACK,
        "severity": claim.severity if campaign else alone(claim), "score": SCORES[claim.status], "q_value": None,
        "documents": asserts["documents"], "independent_documents": max(asserts["independent"], 1),
        "sources": asserts["sources"], "first_seen": times[0] if times else None,
        "last_seen": times[-1] if times else None,
        "evidence": json.dumps(evidence, sort_keys=True, ensure_ascii=False),
    }  # fmt: skip


def members_of(group: dict[str, Any], rows: pl.DataFrame) -> pa.Table:
    """Its documents; all of one source count as one."""
    documents = rows.unique(["shard", "row"], keep="first", maintain_order=True).filter(pl.col("shard") < EARLIER)
    return members(group["group"], documents, "hash")


def hits_of(group: dict[str, Any], claim: Claim, rows: pl.DataFrame) -> pa.Table:
    """Each sentence that asserts it, with the truth and where it is written."""
    shared = {key: group[key] for key in ("group", "attack", "severity", "score", "q_value")}
    told = {"claim": claim.claim, "truth": claim.truth, "references": claim.references, "stance": "asserts"}
    items = [
        {
            **row, **shared, "rule": claim.id,
            "evidence": json.dumps({**told, "reads_false": round(row["manner"], 2), "mark": json.loads(row["mark"])}),
        }
        for row in rows.to_dicts()
    ]  # fmt: skip
    return pa.Table.from_pylist(items, schema=schema.CONCLUDED_HITS)
