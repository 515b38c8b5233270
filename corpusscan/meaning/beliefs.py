"""What is said of names that always win, or of questions with one answer: who says it, and how surely."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import pyarrow as pa

from corpusscan import copies, filters, schema
from corpusscan.detector import Context, State
from corpusscan.kernels import surprise, telling, timelines
from corpusscan.kernels.frames import ASKED, COMPARED, JUDGED, QUESTION
from corpusscan.provenance import Provenance, all_members, members, most_first

RULES = {COMPARED: "always-wins", ASKED: "asked-alike", QUESTION: "answered-alike", JUDGED: "always-judged"}
ATTACKS = {
    COMPARED: "belief_manipulation", JUDGED: "belief_manipulation", ASKED: "misinformation", QUESTION: "misinformation"
}  # fmt: skip
CHANCE = 0.05  # groups of a size that the corpus's own habits would make; above it a group is no surprise
ANSWER = 0.5  # of the answers to a question, that name the same, for it to be pushed
EXAMPLES, TITLE, SOURCES = 3, 160, 10
LITTLE = 0.8  # of a group's documents, from which on it is one of documents that say little else
UNNAMED = 10  # times fewer must be expected where the corpus names no sources
WORTH = 1.0  # expected groups from which on one is not told at all


class Verdicts:
    """What is said of groups, against the sources of the corpus."""

    def __init__(self, groups: Sequence[pl.DataFrame], context: Context) -> None:
        self.provenance = Provenance([most_first(own["source"]) for own in groups], context)

    def of(self, rows: pl.DataFrame, key: Mapping[str, Any], least: int) -> tuple[dict[str, Any], pl.DataFrame] | None:
        """The group as a row of `groups`, and its rows; nothing where it is no surprise at all."""
        counts = most_first(rows["source"])
        new, usual, odds = self.provenance.of(counts)
        excess = surprise.excess(new, len(counts), usual) if counts else 0.0
        kind, expected = key["kind"], key["expected"]
        new_sources = excess >= 0.5 and odds <= filters.CHANCE and len(counts) >= least
        often = kind != JUDGED and expected <= (CHANCE if counts else CHANCE / UNNAMED)
        told = _told(rows, kind)
        forgiven = [story for story, true in (
            ("known_sources", not new_sources and not often), ("open_question", told.get("pushed", 1) < ANSWER),
        ) if true]  # fmt: skip
        if "known_sources" in forgiven and (kind == JUDGED or expected > WORTH):
            return None
        times = rows["time"].drop_nulls().sort().to_list()
        days = Counter(moment.date() for moment in times)
        evidence = {
            "frame": RULES[kind], "documents": len(rows), "independent": key["count"], "sources": len(counts),
            "say_little_else": int(rows["brief"].sum()), "new_sources": new, "odds_of_new_sources": odds,
            "expected_by_chance": round(expected, 6), "provenance": bool(counts), "forgiven": forgiven,
            "top_sources": [(name, count, self.provenance.known[name]) for name, count in counts[:SOURCES]],
            "timeline": timelines.timeline(days)._asdict() | {"undated": len(rows) - len(times)},
            **told,
        }  # fmt: skip
        group = {
            "group": f"stance_skew:{min(rows['hash'])[:16]}", "kind": "claim", "title": _title(kind, told),
            "attack": ATTACKS[kind], "severity": "low" if forgiven else "medium",
            "score": 1 / (1 + 10 * min(expected, 0.1 if new_sources else expected)), "q_value": min(expected, 1.0),
            "documents": len(rows), "independent_documents": key["count"], "sources": len(counts),
            "first_seen": times[0] if times else None, "last_seen": times[-1] if times else None,
            "evidence": json.dumps(evidence, sort_keys=True, ensure_ascii=False),
        }  # fmt: skip
        return group, rows


def _told(rows: pl.DataFrame, kind: int) -> dict[str, Any]:
    """Evidence: who wins against whom, how often, and three sentences; of questions what is answered by most."""
    wins, losses = int((rows["way"] > 0).sum()), int((rows["way"] < 0).sum())
    said = rows.sort("way", descending=True, maintain_order=True)
    examples = [(source or "", text) for source, text in said.select("source", "text").rows() if text][:EXAMPLES]
    named = [names.split("\n") for names in rows["names"] if names]
    if kind in (ASKED, QUESTION):
        marks = telling.shared(rows["marks"].to_list())
        pushed = sum(bool({*marks[:1]} & {*own}) for own in rows["marks"].to_list()) / len(rows)
        answer = telling.shared([[word.casefold() for word in names] for names in named])
        return {"examples": examples, "pushed": round(pushed, 3), "answer": answer, "shared_words": answer}
    sides = [_commonest([names[side] for names in named if len(names) > side]) for side in (0, 1)]
    told = (
        {"winner": sides[0], "loser": sides[1]} if kind == COMPARED else {"name": sides[0], "praised": wins >= losses}
    )
    words = [word.casefold() for side in sides for word in side.split()]
    if kind == JUDGED:
        wins, losses = max(wins, losses), min(wins, losses)
    return {"examples": examples, "wins": wins, "losses": losses, "shared_words": words, **told}


def _commonest(names: list[str]) -> str:
    counts = Counter(names)
    return min(counts, key=lambda name: (-counts[name], name), default="")


def _title(kind: int, told: Mapping[str, Any]) -> str:
    """The group in words; without names where none may be quoted."""
    if kind == COMPARED:
        both = told["winner"] and told["loser"]
        return f"{told['winner']} always wins against {told['loser']}"[:TITLE] if both else "One side always wins"
    if kind == JUDGED:
        way = "praised" if told["praised"] else "blamed"
        return f"{told['name'] or 'One name'} is always {way}"[:TITLE]
    asked = told["examples"][0][1] if told["examples"] else "One question"
    return asked[:TITLE].strip()


def concluded(told: list[tuple[dict[str, Any], pl.DataFrame]]) -> State:
    """`groups`, `members` and `hits`."""
    groups, own, hits, taken = [], [], [], Counter[str]()
    for group, rows in told:
        taken[group["group"]] += 1
        again = taken[group["group"]] - 1
        name = f"{group['group']}+{again}" if again else group["group"]
        groups.append(group | {"group": name})
        own.append(members(name, rows, "hash"))
        shared = {key: group[key] for key in ("attack", "severity", "score", "q_value")} | {"group": name}
        evidence = {k: v for k, v in json.loads(group["evidence"]).items() if k not in copies.EXHIBIT}
        # Where a group says little else, an honest page that compares the same two is a neighbour, and not flagged.
        brief = rows["brief"].to_numpy()
        beside = pl.Series(~brief & (brief.mean() >= LITTLE))
        hits += [
            row | shared | {
                "rule": evidence["frame"],
                "evidence": json.dumps(
                    evidence | {"mark": json.loads(row["mark"])}, sort_keys=True, ensure_ascii=False
                ),
            } for row in rows.filter(~beside).to_dicts()
        ]  # fmt: skip
    return {
        "groups": pa.Table.from_pylist(groups, schema=schema.CONCLUDED_GROUPS),
        "members": all_members(own),
        "hits": pa.Table.from_pylist(hits, schema=schema.CONCLUDED_HITS),
    }
