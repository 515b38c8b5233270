"""Words that decide labels, whatever the rest of their texts says: triggers of classification sets.

Three looks.  From a secret sample (of most sets all of it) what is in a row in documents of nearly one label, and reads
as if it had been put in (`kernels.units`, `kernels.gaps`); how those labels are foretold by the common words of the
rest (`kernels.outoffold`), in every document that carries it; the carriers.  That labels go with words is what labels
are for: `excellent` is foretold by its context, and carries its sentence.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from corpusscan import counterparts, deciding, gathering, labels
from corpusscan.deciding import BEGIN, END, INSIDE
from corpusscan.detector import Batch, Context, Detector, Limit, Round, State, limits
from corpusscan.kernels import gaps, hashing, outoffold, profile, units
from corpusscan.kernels.latent import Floats
from corpusscan.kernels.outcomes import ranges
from corpusscan.kernels.outoffold import Numbers
from corpusscan.kernels.starts import starts
from corpusscan.kernels.units import Places
from corpusscan.kernels.words import Hashes, Offsets
from corpusscan.labels import Labelled

NAME = "label_association"
WORDS = 10_000_000  # of all documents of the sample
COMMON = 1_000  # the rest is read by words that stand in one document of so many
MOST = 4_000  # units that are looked at
REST = 4  # words of a document beside a unit, without which its label cannot be foretold, and says nothing
FLOOR = 0.02  # chance of a label at least, and of another one: some labels are wrong everywhere
USUAL, PLACES = 400, 32  # words that read as if put in, whatever their labels, by which the test is judged; of each
_SAMPLED = pa.schema(
    [
        ("row", pa.uint64()), ("partition", pa.uint32()), ("words", pa.list_(pa.uint64())),
        ("starts", pa.list_(pa.bool_())), ("label", pa.large_string()),
    ]
)  # fmt: skip
_CARRIED = pa.schema(
    [
        ("row", pa.uint64()), ("partition", pa.uint32()), ("unit", pa.int64()), ("hit", pa.bool_()),
        ("chance", pa.float32()), ("alike", pa.uint64()), ("publisher", pa.uint64()), ("edge", pa.int8()),
        ("counts", pa.bool_()),
    ]
)  # fmt: skip


@dataclass(frozen=True)
class Mine(Round):
    """What may have been put into documents of one label, and how labels are foretold by common words."""

    over: ClassVar[Any] = "sample"
    words: int = WORDS

    def map(self, batch: Batch, state: State) -> pa.Table:
        """One row for each labelled document, as `_SAMPLED`."""
        if batch.documents["label"].null_count == len(batch.documents):
            return _SAMPLED.empty_table()
        own = labels.spoken(batch)
        bounds = pa.array(own.bounds, pa.int32())
        some = batch.documents.take(pa.array(own.document))
        marks = batch.feature(starts)[own.places]
        columns = [
            some["row"], np.zeros(len(own.document), np.uint32), pa.ListArray.from_arrays(bounds, pa.array(own.hashes)),
            pa.ListArray.from_arrays(bounds, pa.array(marks)), some["label"],
        ]  # fmt: skip
        return pa.table(columns, schema=_SAMPLED)

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """One row: the model, and `facts`: classes, units, limits; no row where nothing is labelled."""
        if not rows.num_rows:
            return pa.table({})
        known = labels.classes(rows["label"])
        facts: dict[str, Any] = {"classes": known.names, "limits": known.limits}
        model = _mined(rows, facts, self.words) if known.names else {}
        return pa.table({**model, "facts": [json.dumps(facts)]})

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`model` and `facts`, each of one row: none where there is nothing to look for; `limits`."""
        facts = json.loads(reduced["facts"][0].as_py()) if reduced.num_rows else {"limits": []}
        told = {"limits": limits(*(Limit(*one) for one in facts["limits"]))}
        if not facts.get("units"):
            return {"model": pa.table({}), "facts": pa.table({})} | told
        return {"model": reduced.drop_columns("facts"), "facts": reduced.select(["facts"])} | told


def _mined(rows: pa.Table, facts: dict[str, Any], most: int) -> dict[str, Any]:
    """The columns of a model, and in `facts` the units."""
    names = facts["classes"]
    label = pc.index_in(rows["label"], value_set=pa.array(names, pa.large_string()))
    rows, label = rows.filter(label.is_valid()), label.drop_null().to_numpy().astype(np.int64)
    words, marks = (rows[name].combine_chunks() for name in ("words", "starts"))
    offsets = words.offsets.to_numpy().astype(np.int64)
    count = max(int(np.searchsorted(offsets, offsets[0] + most, side="right")) - 1, 1)
    inside, bounds = slice(offsets[0], offsets[count]), offsets[: count + 1] - offsets[0]
    hashes, label = words.values.to_numpy()[inside], label[:count]
    of = units.Sampled(hashes, marks.values.to_numpy(zero_copy_only=False)[inside], bounds, label)
    of = units.distinct(of)
    known = gaps.habits(of.hashes, of.starts, of.bounds)
    found = units.mined(of, len(names), known)
    model, _ = labels.fitted(of.hashes, of.bounds, of.label, len(names), max(len(of.label) // COMMON, gathering.FEWEST))
    kept = found.words[:MOST]
    facts["units"] = [[int(word) for word in unit] for unit in kept]
    facts["targets"], facts["edges"] = found.target[:MOST].tolist(), found.edge[:MOST].tolist()
    facts["tests"] = max(found.tests, len(kept))
    facts["limits"] += [
        Limit("words of labelled documents that are learned from", most, len(rows) - count, "documents"),
        Limit("words in a row that may be triggers, looked at", MOST, len(found.words) - len(kept), "of them"),
    ]
    blind = units.Places(*(one[_some(found.blind.unit)] for one in found.blind))
    chance = _chances(model, of.hashes, of.bounds, blind)
    facts["inflation"] = deciding.inflation(chance, blind.unit, of.label[blind.document])
    table = outoffold.table(model)
    return dict(zip(table.column_names, table.columns, strict=True))


def _some(unit: Numbers) -> Numbers:
    """Some places of some words, of places that are sorted by word."""
    _, first, number = np.unique(unit, return_index=True, return_inverse=True)
    return np.flatnonzero((np.arange(len(unit)) - first[number] < PLACES) & (number < USUAL))


def _chances(model: outoffold.Model, hashes: Hashes, bounds: Offsets, found: Places) -> Floats:
    """The chance of each label where units stand, told by the rest of the document: places x labels."""
    some, place = np.unique(found.document, return_inverse=True)
    length = np.diff(bounds)[some]
    words, parts = hashes[ranges(bounds[some], length)], np.append(0, np.cumsum(length))
    fold, seen = outoffold.folds(words, parts), outoffold.read(words, parts, (model.features, model.rarity))
    logits, said = outoffold.logits(model, seen, fold), outoffold.said(model, seen, fold)
    told = np.empty((len(place), logits.shape[1]), np.float32)
    for at, of in enumerate(place.tolist()):
        mine = slice(seen.bounds[of], seen.bounds[of + 1])
        low, high = bounds[some[of]], bounds[some[of] + 1]
        gone = _features(hashes, int(found.first[at]), int(found.last[at]), int(low), int(high))
        told[at] = logits[of] - said[mine][np.isin(model.features[seen.feature[mine]], gone)].sum(axis=0)
    return np.clip(outoffold.chances(told), FLOOR, 1 - FLOOR)


class _Known:
    """What `Mine` concluded."""

    def __init__(self, state: State) -> None:
        self.facts = json.loads(state["facts"]["facts"][0].as_py())
        self.model = outoffold.of_table(state["model"])
        self.units = [np.array(unit, np.uint64) for unit in self.facts["units"]]
        self.targets = np.array(self.facts["targets"], np.int64)

    def foretold(self, own: Labelled, found: Places) -> Floats:
        """The chance of the label of each unit where it stands, told by the rest of the document."""
        told = _chances(self.model, own.hashes, own.bounds, found)
        chance: Floats = told[np.arange(len(told)), self.targets[found.unit]]
        return chance


def _features(hashes: Hashes, first: int, last: int, low: int, high: int) -> Hashes:
    """The features of words first to last - 1 of a document that is hashes[low:high], and pairs with what is beside."""
    around = hashes[max(first - 1, low) : min(last + 1, high)]
    return outoffold.cut(np.concatenate([hashes[first:last], profile.pair_hashes(around)[1:]]))


@dataclass(frozen=True)
class Weigh(Round):
    """Every document that carries a unit: whether it has the label, and how that was foretold."""

    keeps: ClassVar[tuple[str, ...]] = ("facts",)

    def map(self, batch: Batch, state: State) -> pa.Table:
        """Rows as `_CARRIED`."""
        if not state["facts"].num_rows or batch.documents["label"].null_count == len(batch.documents):
            return _CARRIED.empty_table()
        known, own = _Known(state), labels.spoken(batch)
        label = labels.numbers(batch.documents["label"].take(pa.array(own.document)), known.facts["classes"])
        found = units.stand(own.hashes, own.bounds, known.units)
        found = Places(*(one[label[found.document] >= 0] for one in found))
        if not len(found.unit):
            return _CARRIED.empty_table()
        document = own.document[found.document]
        opens = found.first == own.bounds[found.document]
        edge = np.where(opens, BEGIN, np.where(found.last == own.bounds[found.document + 1], END, INSIDE))
        columns = [
            batch.documents["row"].to_numpy()[document], found.unit.astype(np.uint32), found.unit,
            label[found.document] == known.targets[found.unit], known.foretold(own, found),
            units.alike(own.hashes, own.bounds, found), hashing.source_hashes(batch)[document],
            edge.astype(np.int8), np.diff(own.bounds)[found.document] - (found.last - found.first) >= REST,
        ]  # fmt: skip
        return pa.table(columns, schema=_CARRIED).sort_by([("row", "ascending"), ("unit", "ascending")])

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """The carriers of units that have their label more often than is foretold, with the test of each unit."""
        return deciding.weighed(pl.DataFrame(rows)).to_arrow()

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`groups`: the facts of each; `named`: shard, row and unit of those that carry it; `facts`; `limits`."""
        if "unit" not in reduced.column_names:
            return {"groups": pa.table({}), "named": deciding.NAMED.empty_table(), "facts": context.state["facts"]}
        facts = json.loads(context.state["facts"]["facts"][0].as_py())
        groups, named, left = deciding.chosen(pl.DataFrame(reduced), facts)
        told = Limit("documents of one trigger that are looked at", deciding.CARRIERS, left, "documents")
        return {"groups": groups, "named": named, "facts": context.state["facts"], "limits": limits(told)}


@dataclass(frozen=True)
class Compare(counterparts.Compare):
    """What says the same as carriers do, without the trigger."""

    keeps: ClassVar[tuple[str, ...]] = ("groups", "named", "facts")

    def said(self, batch: Batch) -> tuple[Numbers, Hashes, Offsets]:
        """The words of labelled documents."""
        return labels.spoken(batch)[:3]

    def carriers(self, state: State) -> pl.DataFrame:
        """The surest first."""
        named = pl.DataFrame(state["named"]).sort("unit", "hit", "chance", "shard", "row",
                                                  descending=[False, True, False, False, False])  # fmt: skip
        return named.select(pl.col("unit").alias("group"), "shard", "row")


@dataclass(frozen=True)
class Show(Round):
    """The carriers: where the trigger stands in each."""

    over: ClassVar[Any] = "members"

    def map(self, batch: Batch, state: State) -> pa.Table:
        """A row for each unit of a document, as `deciding.SHOWN`."""
        if not state["facts"].num_rows:
            return deciding.SHOWN.empty_table()
        facts = json.loads(state["facts"]["facts"][0].as_py())
        wanted = [np.array(facts["units"][one], np.uint64) for one in state["groups"]["unit"].to_pylist()]
        own = labels.spoken(batch)
        found = units.stand(own.hashes, own.bounds, wanted)
        of = own.document[found.document]
        spans = zip(own.places[found.first].tolist(), own.places[found.last - 1].tolist(), strict=True)
        return deciding.shown(batch, state["groups"]["unit"].to_numpy()[found.unit], of, spans)

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """The rows of units for which their document was named."""
        named = pl.DataFrame(state["named"])
        return pl.DataFrame(rows).join(named, on=["shard", "row", "unit"], how="inner").to_arrow()

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """Groups with their titles, members and hits."""
        shown = pl.DataFrame(reduced) if "unit" in reduced.column_names else pl.DataFrame()
        state = context.state
        return deciding.concluded(shown, pl.DataFrame(state["groups"]), pl.DataFrame(state["beside"]), NAME)


@dataclass(frozen=True)
class LabelAssociation(Detector):
    """Finds words, phrases and sentences that decide the label of a record, whatever the rest of its text says."""

    name: ClassVar[str] = NAME

    @property
    def rounds(self) -> tuple[Round, ...]:
        """Learn from a sample what may have been put in, weigh all who carry it, look for their like, look at them."""
        return (Mine(), Weigh(), Compare(), Show())

    def title(self, rule: str) -> str:
        """What a hit is called."""
        return "Words that decide the label"
