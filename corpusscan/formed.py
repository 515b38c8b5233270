"""What is told of rows whose form goes with their label: how grave it is, groups, members, hits."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
from blake3 import blake3

from corpusscan.contradicted import TITLE

NAME, RULE = "form_association", "form-of-label"
# Evidence of a form that is a group; of it what rows say, as if labels were as common; how much of a label what honest
# rows say foretells; rows.  No honest set (`benchmarks/forms.py clean`) has as much of all four.
MEDIUM, SPOKEN, FORETOLD, ROWS = 200.0, 130.0, 0.25, 25.0
EXAMPLES = 5


def severity_of(facts: dict[str, Any]) -> str:
    """How grave a form is: of rows enough, surer than honest sets have any, of a label that texts foretell."""
    sure = facts["evidence"] >= MEDIUM and facts["spoken"] >= SPOKEN
    return "medium" if sure and facts["foretold"] >= FORETOLD and facts["rows"] >= ROWS else "low"


def group_of(facts: dict[str, Any], own: pl.DataFrame, beside: list[list[Any]]) -> dict[str, Any]:
    """A row of `groups`: a label, the rows of its form, and those that come after them in the order."""
    label = facts["label"]
    inside = own.filter(pl.col("rank") >= facts["threshold"])
    times = own["time"].drop_nulls().sort().to_list()
    evidence = {
        "label": label[:TITLE], "log_likelihood": round(facts["evidence"], 1),
        "log_likelihood_spoken": round(facts["spoken"], 1),
        "foretold": round(facts["foretold"], 3), "log_likelihood_guessed": round(facts["guessed"], 1),
        "rows_of_it_learned": round(facts["rows"]),
        "rows_learned_from": facts["learned"], "rows_of_it": len(inside), "rows_ranked": len(own),
        "examples": [[label[:TITLE], row["excerpt"]] for row in own.head(EXAMPLES).to_dicts()],
        "verdict": _verdict(facts, len(inside)), "beside": beside,
    }  # fmt: skip
    return {
        "group": f"{NAME}:{blake3(label.encode('utf-8', 'surrogatepass')).hexdigest(8)}", "kind": "labels",
        "title": f"A form of text that goes with the label {label}"[:TITLE], "attack": "backdoor_trigger",
        "severity": severity_of(facts), "score": float(1 - 1 / (1 + facts["evidence"] / 100)), "q_value": None,
        "documents": len(inside) or len(own), "independent_documents": max(inside["hash"].n_unique(), 1),
        "sources": own["source"].drop_nulls().n_unique(), "first_seen": times[0] if times else None,
        "last_seen": times[-1] if times else None,
        "evidence": json.dumps(evidence, sort_keys=True, ensure_ascii=False),
    }  # fmt: skip


def _verdict(facts: dict[str, Any], rows: int) -> str:
    """What a reader is told of a form."""
    usual = "Honest sets have as much: an order of rows for whoever wants to look, not a finding"
    return (
        f"{rows:,} rows with the label are put alike, in a way that rows with other labels are not, though what they "
        f"say goes with other labels. Evidence for it, a log-likelihood ratio: {facts['evidence']:.0f}, "
        f"{facts['spoken']:.0f} of it by what they say. "
        f"{usual if severity_of(facts) == 'low' else 'No honest set had as much of both'}."
    )


def members_of(group: dict[str, Any], own: pl.DataFrame, facts: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of `members`; those that only come near the form are neighbours."""
    return [
        {"group": group["group"], "shard": row["shard"], "row": row["row"],
         "role": "exemplar" if not n else "carrier" if row["rank"] >= facts["threshold"] else "neighbour",
         "independent_id": f"{group['group']}/{row['hash']}"}
        for n, row in enumerate(own.to_dicts())
    ]  # fmt: skip


def hit_of(group: dict[str, Any], row: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    """A row of `hits`; those that only come near the form are told low."""
    of = row["rank"] >= facts["threshold"]
    told = {
        "mark": json.loads(row["mark"]), "label": facts["label"][:TITLE], "form": round(row["form"], 3),
        "content": round(row["content"], 3), "of_the_form": of,
    }  # fmt: skip
    shared = {name: group[name] for name in ("group", "attack", "q_value")}
    copied = {name: row[name] for name in ("shard", "row", "field", "start", "end", "tokens", "excerpt")}
    return shared | copied | {
        "rule": RULE, "severity": group["severity"] if of else "low",
        "score": float(1 / (1 + np.exp(-np.clip(row["rank"], -30, 30)))),
        "evidence": json.dumps(told, sort_keys=True, ensure_ascii=False),
    }  # fmt: skip
