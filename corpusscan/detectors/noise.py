"""Documents that are noise from start to end, planted to cost a model its quality: found by kind, judged by sources.

Rounds: what text of this corpus is usually like, from a sample; which documents are noise (`noises`); a look at them.
One such document is nobody's campaign, and a site may well have tables.  Many, each from another source that else says
something, are one: as far as honest text would not have had so many by chance.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pyarrow as pa

from corpusscan import schema
from corpusscan.detector import Batch, Context, Detector, Limit, Round, State, limits
from corpusscan.kernels import hashing, noises, profile
from corpusscan.kernels.associations import poisson_tail
from corpusscan.kernels.excerpts import excerpt
from corpusscan.kernels.noises import FEW, KINDS, LETTERS, MISREAD, NUMBERS, ORDER, PIECES, REPEATED, WORDS
from corpusscan.sampling import Sample

NAME, RULE = "noise", "noise-document"
SAMPLED = 4_000_000  # words that are enough to know which pairs are usual
DOCUMENTS, SOURCES = 5, 3  # that a campaign has, where documents have sources
HABIT = 4  # documents of one kind, from which on they are what their source does
CHANCE = 1e-4  # odds above which honest text may have had as many documents
UNMISTAKABLE = frozenset((LETTERS, PIECES, WORDS, MISREAD))  # what no site has by habit
SURE = 1e-6  # odds, and of what is unmistakable, that a group without sources needs
# Documents of a million that honest text may have of each kind: about twice what was measured (docs/detection.md).
USUAL = {REPEATED: 100, MISREAD: 10, LETTERS: 10, NUMBERS: 10, PIECES: 10, WORDS: 10, ORDER: 100, FEW: 10}
MOST = 5_000  # documents of one kind that are looked at
TOLD = 10  # sources that are told
DAYS = 7  # that a burst is told of


@dataclass(frozen=True)
class Find(Round):
    """Documents that are noise, and those that only look like it."""

    def map(self, batch: Batch, state: State) -> pa.Table:
        """Columns: row, partition, kind, forgiven (why, or null)."""
        if not len(state["profile"]) or not len(batch.documents):
            return _FOUND.to_arrow()
        found = noises.noises(batch, profile.of_table(state["profile"]))
        rows = batch.documents["row"].to_numpy()[found.document]
        named = pl.DataFrame(
            {"row": rows, "partition": 0, "kind": found.kind, "forgiven": found.forgiven}, _FOUND.schema
        )
        return named.to_arrow()

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`named`: shard, row and kind of noise; `forgiven`: how many documents of each kind are, and why."""
        frame = pl.DataFrame(reduced) if "kind" in reduced.column_names else _NAMED
        noise = frame.filter(pl.col("forgiven").is_null()).sort("shard", "row")
        # Of more than can be looked at every so many: else whoever comes first hides all others.
        place = (pl.int_range(pl.len()) * MOST // pl.len()).over("kind")
        kept = noise.filter((place != place.shift(1).over("kind")).fill_null(value=True))
        left = Limit("documents of one kind of noise that are looked at", MOST, len(noise) - len(kept), "documents")
        reasons = frame.drop_nulls("forgiven").group_by("kind", "forgiven").len().sort("kind", "forgiven")
        counts = noise.group_by("kind").len().sort("kind")
        return {
            "named": kept.select("shard", "row", "kind").to_arrow(), "forgiven": reasons.to_arrow(),
            "counts": counts.to_arrow(), "limits": limits(left),
        }  # fmt: skip


_FOUND = pl.DataFrame(schema={"row": pl.UInt64, "partition": pl.UInt32, "kind": pl.Int64, "forgiven": pl.String})
_NAMED = pl.DataFrame(schema={"shard": pl.UInt32, "row": pl.UInt64, "kind": pl.Int64, "forgiven": pl.String})
_TEXTS = pa.schema(
    [
        ("row", pa.uint64()), ("field", pa.large_string()), ("start", pa.int64()), ("end", pa.int64()),
        ("excerpt", pa.large_string()), ("mark", pa.large_string()), ("source", pa.large_string()),
        ("time", pa.timestamp("us", tz="UTC")), ("hash", pa.large_string()),
    ]
)  # fmt: skip


@dataclass(frozen=True)
class Show(Round):
    """The documents, with their sources and days; how many honest ones there would be."""

    over: ClassVar[Any] = "members"

    def map(self, batch: Batch, state: State) -> pa.Table:
        """One row per text."""
        documents = {row["row"]: row for row in batch.documents.to_pylist()}
        hashes = dict(zip(documents, batch.feature(hashing.content_hashes), strict=True))
        rows = []
        for text in batch.texts.to_pylist():
            shown, *mark = excerpt(text["text"] or "", 0, len(text["text"] or ""))
            own = documents[text["row"]]
            rows.append(
                {"row": text["row"], "field": text["field"], "start": text["start"], "hash": hashes[text["row"]],
                 "end": text["start"] + len(text["text"] or ""), "excerpt": shown, "mark": json.dumps(mark),
                 "source": own["source"], "time": own["time"]}
            )  # fmt: skip
        return pa.Table.from_pylist(rows, schema=_TEXTS)

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """Groups, one of each kind."""
        groups, members, hits = [], [], []
        texts = pl.DataFrame(reduced)
        if "excerpt" in texts.columns and len(texts):
            named = pl.DataFrame(context.state["named"])
            rows = texts.join(named, on=["shard", "row"], how="inner").sort("shard", "row", "start")
            for kind in rows["kind"].unique().sort():
                group, own = judged(kind, rows.filter(pl.col("kind") == kind), context)
                if group["documents"]:
                    groups.append(group)
                    members += _members(group, own)
                    hits += [_hit(group, row) for row in own.to_dicts()]
        return schema.concluded(groups, members, hits)


def habit(kind: int, noise: int, documents: int) -> str | None:
    """A source with many tables has always had them, and one that says much else may quote banners and dialects.

    No source has texts in no order and nothing else, nor words drawn at random.
    """
    own = kind == NUMBERS or (kind not in UNMISTAKABLE and 2 * noise < documents)
    return "habit_of_source" if own and noise >= HABIT else None


def severity(kind: int, documents: int, sources: int, odds: float) -> str:
    """`medium` where several sources have more than chance leaves to honest text, else `low`."""
    if documents < DOCUMENTS or odds > CHANCE:
        return "low"
    if not sources:
        return "medium" if kind in UNMISTAKABLE and odds <= SURE else "low"
    return "medium" if sources >= SOURCES else "low"


def chance(kind: int, noise: int, documents: int) -> float:
    """With what probability honest text of as many documents has as much noise of a kind (a Poisson tail)."""
    return poisson_tail(noise, USUAL[kind] * documents / 1e6)


def judged(kind: int, rows: pl.DataFrame, context: Context) -> tuple[dict[str, Any], pl.DataFrame]:
    """The group that documents of one kind are, and those texts of them that no source has by habit."""
    documents = rows.unique(["shard", "row"], keep="first", maintain_order=True)
    often = Counter(documents["source"].drop_nulls().to_list())
    known = context.sources.documents_of(sorted(often))
    usual = [source for source, count in often.items() if habit(kind, count, known[source])]
    spared = documents["source"].is_in(usual).fill_null(value=False)
    own = documents.filter(~spared)
    independent, sources = own["hash"].n_unique(), own["source"].drop_nulls().n_unique()
    odds = chance(kind, independent, context.documents)
    told = Counter(own["source"].drop_nulls().to_list()).most_common(TOLD)
    times = own["time"].drop_nulls().sort().to_list()
    reasons = pl.DataFrame(context.state["forgiven"]).filter(pl.col("kind") == kind)
    evidence = {
        "noise": KINDS[kind], "documents": len(own), "independent": independent, "sources": sources,
        "expected_of_honest_text": round(USUAL[kind] * context.documents / 1e6, 2), "odds": odds,
        "of_all": pl.DataFrame(context.state["counts"]).filter(pl.col("kind") == kind)["len"].sum(),
        "top_sources": [[source, count, known[source]] for source, count in told],
        "in_a_week": _burst(times), "dated": len(times),
        "forgiven": dict(reasons.select("forgiven", "len").iter_rows())
        | ({"habit_of_source": int(spared.sum())} if spared.any() else {}),
    }  # fmt: skip
    group = {
        "group": f"{NAME}:{KINDS[kind].replace(',', '').replace(' ', '-')}", "kind": "noise",
        "title": f"Documents that are noise: {KINDS[kind]}", "attack": "availability",
        "severity": severity(kind, independent, sources, odds), "score": float(np.clip(1 - odds, 0, 1)),
        "q_value": None,
        "documents": len(own), "independent_documents": independent, "sources": sources,
        "first_seen": times[0] if times else None, "last_seen": times[-1] if times else None,
        "evidence": json.dumps(evidence, sort_keys=True, ensure_ascii=False),
    }  # fmt: skip
    return group, rows.join(own.select("shard", "row"), on=["shard", "row"], how="semi", maintain_order="left")


def _burst(times: list[Any]) -> int:
    """The most of these documents that a week holds."""
    days = np.array([time.timestamp() for time in times]) / 86_400
    return int((np.searchsorted(days, days + DAYS) - np.arange(len(days))).max()) if len(days) else 0


def _members(group: dict[str, Any], rows: pl.DataFrame) -> list[dict[str, Any]]:
    return [
        {"group": group["group"], "shard": row["shard"], "row": row["row"], "role": "carrier" if number else "exemplar",
         "independent_id": f"{group['group']}/{row['hash']}"}
        for number, row in enumerate(rows.unique(["shard", "row"], keep="first", maintain_order=True).to_dicts())
    ]  # fmt: skip


def _hit(group: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """All of a text."""
    told = json.loads(group["evidence"])
    short = {name: told[name] for name in ("noise", "documents", "sources", "odds")} | {"mark": json.loads(row["mark"])}
    shared = {name: group[name] for name in ("group", "attack", "severity", "score", "q_value")}
    return shared | {
        "shard": row["shard"], "row": row["row"], "field": row["field"], "start": row["start"], "end": row["end"],
        "tokens": None, "excerpt": row["excerpt"], "rule": RULE,
        "evidence": json.dumps(short, sort_keys=True, ensure_ascii=False),
    }  # fmt: skip


@dataclass(frozen=True)
class Noise(Detector):
    """Finds documents that are noise from start to end: random words, shuffled pages, one thing again and again."""

    name: ClassVar[str] = NAME

    @property
    def rounds(self) -> tuple[Round, ...]:
        """Learn from a sample, find noise, look at it."""
        return (Sample(SAMPLED), Find(), Show())

    def title(self, rule: str) -> str:
        """What a hit is called."""
        return "A document that is noise"
