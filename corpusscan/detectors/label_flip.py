"""Labels that their texts contradict: which rows, and whether they gather at a name, a source, an annotator, a month.

Three steps.  A model of the labels is learned from a sample, every document judged by what others taught (`labels`,
`kernels.outoffold`); every labelled document is looked at; then those that stand out.  That some labels are wrong is so
everywhere: such rows are ranked (confident learning, Northcutt, Jiang and Chuang 2021), not flagged.  A targeted flip
(Wan et al. 2023) is another thing: labels of what names one entity, wrong far more often than those of anything else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pyarrow as pa

from corpusscan import gathering, labels, schema
from corpusscan.contradicted import (
    AGREES,
    ALL,
    COUNT,
    COUNTERPARTS,
    NAME,
    ROW,
    SHOWN,
    TITLE,
    Carriers,
    Shower,
    group_of,
    hits_of,
    members_of,
    spread,
)  # fmt: skip
from corpusscan.detector import Batch, Context, Detector, Limit, Round, State, limits
from corpusscan.gathering import KINDS
from corpusscan.kernels import contradictions, outoffold
from corpusscan.kernels.contradictions import Foreseen
from corpusscan.kernels.outoffold import Numbers
from corpusscan.nearby import ASKED, Near

HELD = 4_000  # rows of a part of the corpus that may be among those that are told
MEMBERS = 2_000  # documents of a group that are looked at
MEDIUM, HIGH = (15, 1e-5), (20, 1e-10)  # contradictions that are no copies, and of tests those that chance would bring
CELLS = 12  # of a confusion that are told
_PARTS = 1 << 24  # expectations are whole numbers of these, so that they add up alike in any order

_SCORED = pa.schema(
    [
        ("row", pa.uint64()), ("partition", pa.uint32()), ("kind", pa.uint8()), ("suspect", pa.uint16()),
        ("given", pa.uint16()), ("top", pa.uint16()), ("chance", pa.float32()), ("most", pa.float32()),
        ("odds", pa.float32()), ("content", pa.uint64()), ("count", pa.uint32()), ("expected", pa.int64()),
        ("strength", pa.int64()),
    ]
)  # fmt: skip
_AGAINST = pl.col("odds") >= np.log(contradictions.ODDS)
_NAMED = pa.schema([("shard", pa.uint32()), ("row", pa.uint64()), ("suspect", pa.uint16())])


@dataclass(frozen=True)
class Score(Round):
    """Every labelled document: whether its label contradicts it, and which suspects it carries."""

    keeps: ClassVar[tuple[str, ...]] = ("model", "facts")

    def map(self, batch: Batch, state: State) -> pa.Table:
        """Rows of `_SCORED`: documents that contradict (`ROW`), some that agree, and counts of all."""
        known = labels.state_of(state)
        if known is None or batch.documents["label"].null_count == len(batch.documents):
            return _SCORED.empty_table()
        told = list(_scored(batch, *known))
        return pl.concat(told).sort("row", "kind", "suspect", "given", "top").to_arrow().cast(_SCORED) if told else (
            _SCORED.empty_table()
        )  # fmt: skip

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """Of the rows those that contradict most, of each suspect; counts added up."""
        told = pl.DataFrame(rows)
        added = told.filter(pl.col("kind") == COUNT).group_by("kind", "suspect", "given", "top").agg(
            pl.col("count", "expected", "strength").sum()
        ).sort("suspect", "given", "top")  # fmt: skip
        single = told.filter(pl.col("kind") != COUNT).sort("chance", "shard", "row")
        single = single.filter(pl.int_range(pl.len()).over("kind", "suspect") < HELD)
        return pl.concat([single.drop("partition"), added], how="diagonal").to_arrow()

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`named`: shard, row and suspect of what is looked at; `found`: groups; `scored`: what is told of members."""
        known = labels.state_of(context.state)
        if known is None or not reduced.num_rows:
            return {"named": _NAMED.empty_table(), "found": pa.table({}), "scored": pa.table({})}
        told, facts = pl.DataFrame(reduced), known[2]
        found = [_ranked(told, facts)]
        found += [_suspected(told, n + 1, one, facts) for n, one in enumerate(facts["suspects"])]
        kept = [one for one in found if one]
        own = told.filter(pl.col("kind") == ROW, pl.col("suspect").is_in([one["suspect"] for one in kept]))
        place = pl.int_range(pl.len()).over("suspect")
        chosen = own.sort("suspect", "chance", "shard", "row").filter(
            pl.when(pl.col("suspect") == ALL).then(place < ASKED).otherwise(place < MEMBERS)
        )
        agree = told.filter(pl.col("kind") == AGREES, pl.col("suspect").is_in([one["suspect"] for one in kept]))
        agree = agree.sort("suspect", "content", "shard", "row").filter(place < COUNTERPARTS)
        looked = pl.concat([chosen, agree]).unique(["shard", "row", "suspect"], keep="first", maintain_order=True)
        looked = looked.sort("shard", "row", "suspect")
        left = len(own.filter(pl.col("suspect") != ALL)) - len(chosen.filter(pl.col("suspect") != ALL))
        return {
            "named": looked.select(_NAMED.names).to_arrow().cast(_NAMED),
            "found": pa.table({"told": [json.dumps(kept, sort_keys=True)]}),
            "scored": looked.select("shard", "row", *_SCORED.names[2:9]).to_arrow(),
            "limits": limits(
                Limit("rows of one feature with contradicted labels that are told", MEMBERS, left, "rows")
            ),
        }


def _scored(batch: Batch, model: Any, chance: Any, facts: Any) -> Iterator[pl.DataFrame]:
    """The rows of a batch for `Score`."""
    own = labels.labelled(batch)
    label = labels.numbers(batch.documents["label"].take(pa.array(own.document)), facts["classes"])
    whole = np.flatnonzero(label >= 0)
    if not len(whole):
        return
    fold, seen = (
        outoffold.folds(own.hashes, own.bounds),
        outoffold.read(own.hashes, own.bounds, (model.features, model.rarity)),
    )
    logits = outoffold.logits(model, seen, fold)
    content, rows = outoffold.contents(own.hashes, own.bounds), batch.documents["row"].to_numpy()[own.document]
    # By each class's own confidence, as confident learning has it: a class that is seldom sure is not therefore wrong.
    bare = outoffold.wide(model.bias[fold])
    found = contradictions.foreseen(logits[whole], label[whole], bare[whole])
    sure = outoffold.chances(logits[whole]) / np.maximum(facts["thresholds"], 1e-6)
    counted = np.where(sure.max(axis=1) >= 1, sure.argmax(axis=1), label[whole])
    yield from _rows(ALL, rows[whole], content[whole], label[whole], found, counted, chance, len(facts["classes"]))
    carrying = Carriers(batch, own)
    for place, one in enumerate(facts["suspects"], 1):
        mine, logit = carrying.of(one, model, seen, fold, logits)
        some = mine[label[mine] >= 0]
        if len(some):
            found = contradictions.foreseen(logit[label[mine] >= 0], label[some], bare[some])
            yield from _rows(place, rows[some], content[some], label[some], found, found.top, chance, one["label"])


def _rows(
    suspect: int, rows: Any, content: Any, label: Numbers, found: Foreseen, counted: Numbers, chance: Any, asked: int
) -> Iterator[pl.DataFrame]:
    """Documents of a suspect, or of all, that contradict; those that agree, if a suspect's; and their counts."""
    expected, strength = (
        np.rint(contradictions.toward(part[found.stratum], asked) * _PARTS).astype(np.int64)
        for part in (chance.rates, chance.strengths)
    )
    told = pl.DataFrame(
        {"row": rows, "suspect": suspect, "given": label, "top": found.top, "chance": found.given, "most": found.chance,
         "odds": found.odds, "content": content, "counted": counted, "expected": expected, "strength": strength}
    ).with_columns(partition=(pl.col("content") // 2**32).cast(pl.UInt32), count=pl.lit(1))  # fmt: skip
    yield _as(told.filter(_AGAINST if suspect == ALL else pl.col("given") != pl.col("top")), ROW)
    if suspect != ALL:
        yield _as(told.filter(pl.col("given") == pl.col("top")).sort("content", "row").head(COUNTERPARTS), AGREES)
    counts = told.group_by("suspect", "given", "counted").agg(
        pl.col("row").min(), pl.len().alias("count"), pl.col("expected", "strength").sum(),
        partition=pl.lit(suspect, pl.UInt32),
    )  # fmt: skip
    counts = counts.with_columns(
        top=pl.col("counted"), chance=pl.lit(0.0), most=pl.lit(0.0), odds=pl.lit(0.0), content=pl.lit(0)
    )
    yield _as(counts, COUNT)


def _as(told: pl.DataFrame, kind: int) -> pl.DataFrame:
    """Rows as `_SCORED`."""
    full = told.with_columns(kind=pl.lit(kind)).select(_SCORED.names)
    return full.cast(dict(zip(_SCORED.names, pl.DataFrame(_SCORED.empty_table()).dtypes, strict=True)))


def _confusion(counts: pl.DataFrame, facts: dict[str, Any]) -> list[list[Any]]:
    """Labels given and foreseen that differ, with how many documents, most first."""
    unlike = counts.filter(pl.col("given") != pl.col("top")).sort(
        ["count", "given", "top"], descending=[True, False, False]
    )
    names = facts["classes"]
    return [
        [names[g][:TITLE], names[t][:TITLE], n]
        for g, t, n in unlike.select("given", "top", "count").head(CELLS).iter_rows()
    ]


def _counts(told: pl.DataFrame, suspect: int) -> pl.DataFrame:
    own = told.filter(pl.col("kind") == COUNT, pl.col("suspect") == suspect)
    return own.group_by("given", "top").agg(pl.col("count", "expected", "strength").sum()).sort("given", "top")


def _ranked(told: pl.DataFrame, facts: dict[str, Any]) -> dict[str, Any] | None:
    """Single rows whose labels contradict them, wherever they are."""
    counts, rows = _counts(told, ALL), told.filter(pl.col("kind") == ROW, pl.col("suspect") == ALL)
    if not len(rows):
        return None
    total = int(counts["count"].sum())
    unlike = int(counts.filter(pl.col("given") != pl.col("top"))["count"].sum())
    evidence = {
        "labelled": total, "estimated_errors": unlike, "share": round(unlike / total, 4),
        "foretold": round(facts["foretold"], 3), "confusion": _confusion(counts, facts),
        **spread(facts["surest"], facts["classes"]),
    }  # fmt: skip
    return {
        "suspect": ALL,
        "severity": "low",
        "q": None,
        "evidence": evidence,
        "independent": rows["content"].n_unique(),
    }


def _suspected(told: pl.DataFrame, number: int, one: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any] | None:
    """A feature, judged over all documents; nothing where they do not bear out what the sample said."""
    rows = told.filter(pl.col("kind") == ROW, pl.col("suspect") == number)
    rows = rows.filter((pl.col("given") == one["label"]) | (one["label"] == len(facts["classes"])))
    counts, wrong = _counts(told, number), rows.filter(_AGAINST)
    against, expected = wrong["content"].n_unique(), counts["expected"].sum() / _PARTS
    odds = rows.group_by("content").agg(pl.col("odds").max())["odds"].sort().to_numpy()  # copies count once
    strong = float(contradictions.strength(odds).sum(dtype=np.float64)) / one["unit"]
    q = float(contradictions.tails(strong, counts["strength"].sum() / _PARTS / one["unit"], one["spread"]))
    q *= one["tests"]
    if q > gathering.SUSPECT or against < gathering.FEWEST:
        return None
    severity = (
        "high"
        if against >= HIGH[0] and q <= HIGH[1]
        else "medium"
        if against >= MEDIUM[0] and q <= MEDIUM[1]
        else "low"
    )
    given = wrong.group_by("given").len().sort(["len", "given"], descending=[True, False])
    evidence = {
        "gathered_at": KINDS[one["kind"]], "documents_with_it": int(counts["count"].sum()), "contradicted": against,
        "expected_by_chance": round(expected, 2), "q_value": q, "label": facts["classes"][given["given"][0]][:TITLE],
        "confusion": _confusion(counts, facts),
    }  # fmt: skip
    return {"suspect": number, "severity": severity, "q": min(q, 1.0), "evidence": evidence, "independent": against,
            "label": int(given["given"][0])}  # fmt: skip


@dataclass(frozen=True)
class Show(Round):
    """The documents: where the name stands in them, what they say, what their labels are and should be."""

    over: ClassVar[Any] = "members"

    def map(self, batch: Batch, state: State) -> pa.Table:
        """A row for each suspect of a document that a row of that number has in any shard, as `SHOWN`."""
        known = labels.state_of(state)
        if known is None:
            return SHOWN.empty_table()
        own = labels.labelled(batch)
        place = {row: n for n, row in enumerate(batch.documents["row"].to_pylist())}
        number = {document: n for n, document in enumerate(own.document.tolist())}
        named = pl.DataFrame(state["named"]).filter(pl.col("row").is_in(list(place)))
        shower = Shower(batch, own, known[2]["suspects"])
        told = [
            shower.row(place[row], number[place[row]], suspect)
            for row, suspect in named.select("row", "suspect").unique().sort("row", "suspect").iter_rows()
            if place[row] in number
        ]
        return pa.Table.from_pylist([one for one in told if one], schema=SHOWN)

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """The rows that are meant in their own shards, with what was found of them."""
        if not rows.num_rows:
            return pa.table({})
        on = ["shard", "row", "suspect"]
        return (
            pl.DataFrame(rows).join(pl.DataFrame(state["scored"]), on=on, how="inner", maintain_order="left").to_arrow()
        )

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """Groups: one of single rows, and one of each feature."""
        groups: list[dict[str, Any]] = []
        members: list[dict[str, Any]] = []
        hits: list[dict[str, Any]] = []
        known = labels.state_of(context.state)
        if known is not None and "suspect" in reduced.column_names:
            rows = pl.DataFrame(reduced).sort("suspicion", "shard", "row", descending=[True, False, False])
            for one in json.loads(context.state["found"]["told"][0].as_py()):
                own = rows.filter(pl.col("suspect") == one["suspect"])
                if len(own.filter(pl.col("kind") == ROW)):
                    group = group_of(one, own, known[2])
                    groups.append(group)
                    members += members_of(group, own)
                    hits += hits_of(group, one, own, known[2])
        return schema.concluded(groups, members, hits)


@dataclass(frozen=True)
class LabelFlip(Detector):
    """Finds labels that their texts contradict: ranks single rows, flags names, sources, annotators they gather at."""

    name: ClassVar[str] = NAME

    @property
    def rounds(self) -> tuple[Round, ...]:
        """Learn from a sample, judge every labelled document, ask the neighbours, look at what stands out."""
        return (labels.Learn(), Score(), Near(), Show())

    def title(self, rule: str) -> str:
        """What a hit is called."""
        return "A label that its text contradicts"
