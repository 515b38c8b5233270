"""What is told of rows of one source and label that are unlike that label elsewhere: groups, members, hits."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
from blake3 import blake3

from corpusscan.contradicted import TITLE

NAME, RULE = "source_class", "odd-class-of-source"
MEDIUM = 1.5  # times the largest shift that chance brought anywhere
EXAMPLES, NAMED = 5, 10  # rows and words that are told


def group_of(facts: dict[str, Any], own: pl.DataFrame, beside: list[list[Any]]) -> dict[str, Any]:
    """A row of `groups`: a source and a label, its odd rows, and those that say the same beside them."""
    whole = f"{facts['kind']} {own['title'][0]}: rows labelled {facts['label']}"
    times = own["time"].drop_nulls().sort().to_list()
    words = own.explode("names")["names"].drop_nulls().value_counts().sort(["count", "names"], descending=[True, False])
    evidence = {
        "gathered_at": facts["kind"], "label": facts["label"][:TITLE], "rows_of_it": facts["rows"],
        "beyond_chance": round(facts["excess"], 2), "compared": facts["sources"], "apart": round(facts["apart"], 2),
        "words": (tell := words["names"].head(NAMED).to_list()), "verdict": _verdict(facts, len(own), tell),
        "beside": beside,
        "examples": [[facts["label"][:TITLE], text] for text in own["excerpt"].head(EXAMPLES)],
    }  # fmt: skip
    return {
        "group": f"{NAME}:{blake3(whole.encode('utf-8', 'surrogatepass')).hexdigest(8)}", "kind": "labels",
        "title": whole[:TITLE],
        "attack": "clean_label", "severity": "medium" if facts["excess"] >= MEDIUM else "low",
        "score": float(1 - 1 / (1 + facts["excess"])), "q_value": None, "documents": len(own),
        "independent_documents": own["hash"].n_unique(), "sources": own["source"].drop_nulls().n_unique(),
        "first_seen": times[0] if times else None, "last_seen": times[-1] if times else None,
        "evidence": json.dumps(evidence, sort_keys=True, ensure_ascii=False),
    }  # fmt: skip


def _verdict(facts: dict[str, Any], told: int, words: list[str]) -> str:
    """What a reader is told of a cell."""
    return (
        f"Of this {facts['kind']} {facts['rows']:,} rows with the label were compared with those of "
        f"{facts['sources'] - 1:,} others: they differ by {facts['excess']:.1f} times as much as chance brings to any "
        f"{facts['kind']} and label, and its rows with other labels do not. {told:,} rows that are least like the "
        f"others are told; what they have more often: {', '.join(words) or 'nothing that is a word'}."
    )


def hit_of(group: dict[str, Any], facts: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """A row of `hits`."""
    told = {"mark": json.loads(row["mark"]), "label": facts["label"][:TITLE], "words": row["names"][:NAMED]}
    copied = {name: row[name] for name in ("shard", "row", "field", "start", "end", "tokens", "excerpt")}
    shared = {name: group[name] for name in ("group", "attack", "severity", "q_value")}
    ratio = max(row["score"] / max(facts["threshold"], 1e-6), 1)
    return shared | copied | {
        "rule": RULE, "score": float(1 - 0.5 / ratio), "evidence": json.dumps(told, sort_keys=True, ensure_ascii=False)
    }  # fmt: skip


def member_of(group: str, row: dict[str, Any], *, first: bool) -> dict[str, Any]:
    """A row of `members`; the first is the one that is shown."""
    role, who = "exemplar" if first else "carrier", f"{group}/{row['hash']}"
    return {"group": group, "shard": row["shard"], "row": row["row"], "role": role, "independent_id": who}
