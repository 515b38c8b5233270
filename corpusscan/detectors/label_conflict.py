"""The same texts, or nearly so, with labels that differ: which, and whether one side brought them.

Copies of rows with another label make a set contradict itself, and a model of it worse (an attack on availability).
Four looks.  From a secret sample, which labels are classes, and how large sources, annotators and months are; sketches
of the words of every labelled row, whose bands pair those that may be copies (`pairing`); the pairs that are; and what
they say.  Honest sets have some (texts that were labelled twice): they are ranked at `low`.  Only where one side
repeats many texts of others, with labels of its own, there is a group at `medium` (`conflicting`); or where they are
very many, and a model of the labels says which of the two is wrong.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pyarrow as pa

from corpusscan import conflicting, disputed, labels, pairing, schema
from corpusscan.conflicting import COLUMN, Counted
from corpusscan.contradicted import ALL, SHOWN, Shower
from corpusscan.detector import Batch, Context, Detector, Limit, Round, State, limited, limits
from corpusscan.disputed import MEMBERS, NAME, NAMED, RANKED
from corpusscan.kernels import outoffold, profile, sketches
from corpusscan.kernels.words import Hashes

SIMILARITY = 0.75  # estimated, of the words
WORDS = 5  # different ones, of a text at least: fewer are said by many
HELD = 8_000_000  # pairs that a conclusion takes in
SIDES = 4_096  # sources, annotators and months whose sizes are kept, of each kind, the largest
FACTS = ("label", *COLUMN.values(), "words", "order")  # how many different words, and a hash of how they stand


@dataclass(frozen=True)
class Count(labels.Learn):
    """The classes of a secret part of the corpus, how much of it each side has, and a model of the labels."""

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """One row: the model, its `facts`, and what is `counted`."""
        if not rows.num_rows:
            return pa.table({})
        known = labels.classes(rows["label"])
        facts: dict[str, Any] = {"classes": known.names, "limits": known.limits, "sides": [], "usual": {}}
        told = pl.DataFrame(rows.select([*COLUMN.values()]))
        for kind, column in COLUMN.items() if known.names else ():
            counted = told.filter(pl.col(column) > 0).group_by(column).len()
            counted = counted.sort(["len", column], descending=[True, False])
            facts["usual"][str(kind)] = len(counted)
            facts["sides"] += [[kind, code, n / len(told)] for code, n in counted.head(SIDES).iter_rows()]
        model = super().reduce(rows, state) if known.names else pa.table({"facts": ['{"classes": [], "limits": []}']})
        return model.append_column("counted", [[json.dumps(facts)]])

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`counted`; `model` and `facts`, of the labels where texts foretell them; `limits`."""
        counted = reduced.select(["counted"]) if reduced.num_rows else pa.table({"counted": ['{"limits": []}']})
        facts = json.loads(counted["counted"][0].as_py())
        learned = super().conclude(reduced.drop_columns("counted") if reduced.num_rows else reduced, context)
        told = {"counted": counted if facts.get("classes") else pa.table({})}
        return {**learned, **told, "limits": limits(*(Limit(*one) for one in facts["limits"]))}


def _counted(state: State) -> dict[str, Any]:
    """What `Count` concluded; nothing where labels are no classes."""
    told: dict[str, Any] = json.loads(state["counted"]["counted"][0].as_py()) if state and len(state["counted"]) else {}
    return told


@dataclass(frozen=True)
class Sketch(Round):
    """The sketch of the words of every labelled document; which of them share a band."""

    keeps: ClassVar[tuple[str, ...]] = ("counted", "model", "facts")

    def map(self, batch: Batch, state: State) -> pa.Table:
        """Columns: row, partition (the bands), checks (bytes), and `FACTS`."""
        facts = _counted(state)
        if not facts or batch.documents["label"].null_count == len(batch.documents):
            return pa.table({})
        own = labels.labelled(batch)
        label = labels.numbers(batch.documents["label"].take(pa.array(own.document)), facts["classes"])
        bands, checks, words = sketches.sketched_words(own.hashes, own.bounds)
        kept = np.flatnonzero((label >= 0) & (words >= WORDS))
        document = own.document[kept]
        table = pairing.banded(batch.documents["row"].take(pa.array(document)), bands[kept], checks[kept])
        table = table.append_column("label", pa.array(label[kept].astype(np.uint16)))
        marks = labels.marks(batch)
        for kind, name in COLUMN.items():
            table = table.append_column(name, pa.array(marks[kind][document]))
        order = outoffold.contents(_beside(own), own.bounds)[kept]
        return table.append_column("words", pa.array(words[kept])).append_column("order", pa.array(order))

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """Pairs of documents that share a band: columns left and right; and the last row of each shard."""
        if not rows.num_rows:
            return pa.table({})
        pairs, left = pairing.shared(rows, HELD)
        last = pl.DataFrame(rows.select(["shard", "row"])).group_by("shard").agg(last=pl.col("row").max())
        return limited(pl.concat([pl.DataFrame(pairs), last.sort("shard")], how="diagonal").to_arrow(), left)

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`pairs`, each once, `named`: who occurs in them, and `last`: the last row of each shard."""
        if not reduced.num_rows:
            return {**pairing.named(pairing.pairs(reduced)), "last": pa.table({})}
        last = pl.DataFrame(reduced.select(["shard", "last"])).drop_nulls()
        pairs = reduced.select(["left", "right"]).filter(reduced["left"].is_valid())
        return {**pairing.named(pairing.once(pairs)), "last": last.to_arrow()}


def _beside(own: labels.Labelled) -> Hashes:
    """Of each word of labelled documents a hash of it and the word before it; of the first one its own."""
    told = profile.pair_hashes(own.hashes)
    first = own.bounds[:-1][np.diff(own.bounds) > 0]
    told[first] = own.hashes[first]
    return told


@dataclass(frozen=True)
class Verify(Round):
    """Pairs whose sketches agree, the texts that they make, and whose labels differ."""

    over: ClassVar[Any] = "left"
    keeps: ClassVar[tuple[str, ...]] = ("counted", "model", "facts")

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """The pairs among these documents that are alike: left, right, similarity, `FACTS` of both."""
        if not rows.num_rows:
            return pa.table({})
        told = pairing.checked(rows, pl.DataFrame(state["pairs"]), SIMILARITY, FACTS)
        same = (pl.col("similarity") == 1) & (pl.col("left_words") == pl.col("right_words"))
        moved = same & (pl.col("left_order") != pl.col("right_order"))  # they say something else
        return told.filter(~moved).to_arrow()

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`named`: the rows that are told, as `NAMED`; `found`: groups."""
        facts = _counted(context.state)
        if not facts or not reduced.num_rows:
            return {"named": NAMED.empty_table(), "found": pa.table({})}
        rows = pairing.grouped(pairing.pairs(reduced), FACTS).sort("shard", "row")
        rows, length = conflicting.placed(rows, pl.DataFrame(context.state["last"]))
        shares = pl.DataFrame(facts["sides"], {"kind": pl.Int64, "code": pl.UInt64, "share": pl.Float64}, orient="row")
        usual = {int(kind): count for kind, count in facts["usual"].items()}
        sides = [*conflicting.sides(rows, Counted(length, shares, usual))]
        taken = pl.concat([rows.clear(), *(one.rows for one in sides)]).select("cluster").unique()
        left = rows.join(taken, on="cluster", how="anti", maintain_order="left")
        single = disputed.of_single(left, length, facts["classes"])
        found = [{"suspect": ALL, "severity": "low", "q": None, "told": single, "kind": None}] + [
            {"suspect": n, "severity": one.severity, "q": min(one.q, 1.0), "told": one.told, "kind": one.kind,
             "code": one.code} for n, one in enumerate(sides, 1)
        ]  # fmt: skip
        named = pl.concat([disputed.ranked(left), *(disputed.brought(one, n, rows) for n, one in enumerate(sides, 1))])
        over = sum(max(one.told["texts"] - MEMBERS, 0) for one in sides)
        return {
            "named": named.sort("shard", "row", "suspect").to_arrow().cast(NAMED),
            "found": pa.table({"found": [json.dumps(found, sort_keys=True)]}),
            "limits": limits(
                Limit("texts with labels that differ that are told", RANKED, max(single["texts"] - RANKED, 0), "texts"),
                Limit("texts of one side with labels that differ that are told", MEMBERS, over, "texts"),
            ),
        }


@dataclass(frozen=True)
class Show(Round):
    """The rows: what they say."""

    over: ClassVar[Any] = "members"

    def map(self, batch: Batch, state: State) -> pa.Table:
        """A row for each suspect of a document that a row of that number has in any shard, as `SHOWN`."""
        own, rows = labels.labelled(batch), batch.documents["row"].to_pylist()
        place = {row: n for n, row in enumerate(rows)}
        named = pl.DataFrame(state["named"]).filter(pl.col("row").is_in(rows))
        shower = Shower(batch, own, _found(state)[1:])
        told = [
            shower.row(place[row], 0, suspect)
            for row, suspect in named.select("row", "suspect").unique().sort("row", "suspect").iter_rows()
        ]
        shown = pl.DataFrame(pa.Table.from_pylist([one for one in told if one], schema=SHOWN))
        judged = pl.DataFrame({"row": batch.documents["row"].take(pa.array(own.document))})
        judged = judged.with_columns(foreseen=pl.Series(disputed.foreseen(batch, own, state), dtype=pl.Int32))
        return shown.join(judged, on="row", how="left", maintain_order="left").to_arrow()

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """The rows that are meant in their own shards, with what was found of them."""
        if not rows.num_rows:
            return pa.table({})
        on = ["shard", "row", "suspect"]
        return pl.DataFrame(rows).join(pl.DataFrame(state["named"]), on=on, maintain_order="left").to_arrow()

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """Groups: one of single texts, and one of each side."""
        groups: list[dict[str, Any]] = []
        members: list[dict[str, Any]] = []
        hits: list[dict[str, Any]] = []
        facts, rows = _counted(context.state), pl.DataFrame(reduced)
        for one in _found(context.state) if facts and len(rows) else ():
            own = rows.filter(pl.col("suspect") == one["suspect"])
            of_side = one["suspect"] != ALL
            for part, mine in [(disputed.doubted(one, own), own)] if of_side else disputed.decided(one, own):
                if len(mine):
                    told = mine.sort(["similarity", "pair", "role", "shard", "row"], descending=[True, *[False] * 4])
                    group = disputed.group_of(part, told, facts["classes"])
                    groups.append(group)
                    members += disputed.members_of(group, told)
                    hits += disputed.hits_of(group, told, facts["classes"])
        return schema.concluded(groups, members, hits)


def _found(state: State) -> list[dict[str, Any]]:
    """The groups that `Verify` found, that of single texts first."""
    told: list[dict[str, Any]] = json.loads(state["found"]["found"][0].as_py()) if state["found"].num_rows else []
    return told


@dataclass(frozen=True)
class LabelConflict(Detector):
    """Finds texts that a set holds more than once with labels that differ, and who brought many of them."""

    name: ClassVar[str] = NAME

    @property
    def rounds(self) -> tuple[Round, ...]:
        """Learn from a sample, sketch all labelled rows, check the pairs, look at those whose labels differ."""
        return (Count(), Sketch(), Verify(), Show())

    def title(self, rule: str) -> str:
        """What a hit is called."""
        return "The same text with another label"
