"""Rows of one label from one source that are unlike that label elsewhere, where sources are alike in all else.

Clean-label poison (Turner, Tsipras and Madry 2019) has labels that are right: no text contradicts them.  Yet it comes
in with what somebody was trusted with, and is of the class that he aims at: a contributor, an annotator, a batch whose
rows of one label say, or are put, in a way that neither its other rows nor those of the label elsewhere are
(`kernels.cells`).  Three looks: from a secret sample the cells that are odd, and what tells their odd rows; every row
of these cells; the odd ones.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pyarrow as pa

from corpusscan import counterparts, labels, schema
from corpusscan.contradicted import ALL, SHOWN, Shower
from corpusscan.detector import Batch, Context, Detector, Limit, Round, State, limited, limits
from corpusscan.gathering import ANNOTATOR, KINDS, SOURCE
from corpusscan.kernels import cells, outoffold
from corpusscan.kernels.outcomes import ranges
from corpusscan.kernels.outoffold import Numbers
from corpusscan.kernels.words import Hashes, Offsets
from corpusscan.odd import NAME, group_of, hit_of, member_of

WORDS, WORK = 200, 1_500_000  # of a document, its first words and signs, and those of all that are learned from
FEATURES = 20_000  # words, signs and pairs of them, the commonest
MOST, ROWS = 20, 2_000  # cells that are told, and rows of each
_LEARNED = pa.schema(
    [
        ("row", pa.uint64()), ("partition", pa.uint32()), ("words", pa.list_(pa.uint64())),
        ("label", pa.large_string()), ("source", pa.uint64()), ("annotator", pa.uint64()),
    ]
)  # fmt: skip
_SCORED = pa.schema([("row", pa.uint64()), ("partition", pa.uint32()), ("cell", pa.uint16()), ("score", pa.float32())])
_NAMED = pa.schema([("shard", pa.uint32()), ("row", pa.uint64()), ("cell", pa.uint16()), ("score", pa.float32())])
_TOLD = pa.schema(
    [("cell", pa.uint16()), ("names", pa.list_(pa.large_string())), *(one for one in SHOWN if one.name != "names")]
)


@dataclass(frozen=True)
class Learn(Round):
    """The odd cells of a secret sample."""

    over: ClassVar[Any] = "sample"
    work: int = WORK

    def map(self, batch: Batch, state: State) -> pa.Table:
        """One row for each labelled document that has a source or an annotator, as `_LEARNED`."""
        known = batch.documents
        if known["label"].null_count == len(known) or all(known[one].null_count == len(known) for one in _COLUMNS):
            return _LEARNED.empty_table()
        document, hashes, bounds = labels.put(batch, WORDS)
        marks = labels.marks(batch)
        words = pa.ListArray.from_arrays(pa.array(bounds, pa.int32()), pa.array(hashes))
        columns = [
            known["row"].take(pa.array(document)), np.zeros(len(document), np.uint32), words,
            known["label"].take(pa.array(document)), marks[SOURCE][document], marks[ANNOTATOR][document],
        ]  # fmt: skip
        return pa.table(columns, schema=_LEARNED)

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """A row for each kind of source that has odd cells: model and `facts`, `limits` in all; or these alone."""
        if not rows.num_rows:
            return pa.table({})
        known = labels.classes(rows["label"])
        told = [*known.limits]
        found = _learned(rows, known.names, told, self.work) if known.names else []
        return pa.Table.from_pylist([one | {"limits": json.dumps(told)} for one in found or [{}]])

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`models`: a row for each kind of source that has odd cells; `limits`."""
        told = [Limit(*one) for one in json.loads(reduced["limits"][0].as_py())] if reduced.num_rows else []
        found = reduced.drop_columns("limits") if "kind" in reduced.column_names else pa.table({})
        return {"models": found, "limits": limits(*told)}


_COLUMNS = (KINDS[SOURCE], KINDS[ANNOTATOR])


def _learned(rows: pa.Table, names: list[str], told: list[Limit], work: int) -> list[dict[str, Any]]:
    rows, label, hashes, bounds = labels.sampled(rows, names)
    once = np.unique(outoffold.contents(hashes, bounds), return_index=True)[1]  # copies count once
    length = np.diff(bounds)[once]
    count = max(int(np.searchsorted(np.cumsum(length), work, side="right")), 1)  # by a keyed hash: whatever their order
    told.append(
        Limit("words of labelled documents of which sources are compared", work, len(once) - count, "documents")
    )
    once, length = once[:count], length[:count]
    hashes, bounds = hashes[ranges(bounds[:-1][once], length)], np.append(0, np.cumsum(length))
    words = outoffold.vocabulary(hashes, bounds, 3, FEATURES)
    seen, fold = outoffold.read(hashes, bounds, words), outoffold.folds(hashes, bounds)
    found = []
    for kind in _COLUMNS:
        codes = rows[kind].to_numpy()[once]
        has = np.flatnonzero(codes > 0)
        code, source = np.unique(codes[has], return_inverse=True)
        if len(has):
            some, own = outoffold.some(seen, has), label[once][has]
            odd = cells.odd(some, source, own)
            if odd.apart > cells.APART:
                about = f"{kind}s that are alike but for chance, of which labels are compared"
                told.append(Limit(about, int(cells.APART), odd.sources, f"{kind}s, which differ anyway"))
            if odd.cells:
                how = cells.telling(some, words, source, own, fold[has], odd.cells[:MOST])
                facts = [_facts(one, n, kind, code, names, odd, how) for n, one in enumerate(odd.cells[:MOST])]
                table = outoffold.table(how.model).to_pylist()[0]
                found.append(table | {"kind": kind, "facts": json.dumps(facts, ensure_ascii=True)})
    return found


def _facts(
    one: cells.Cell, n: int, kind: str, code: Any, names: list[str], odd: cells.Found, how: cells.Telling
) -> dict[str, Any]:
    """What is known of a cell."""
    return {
        "kind": kind, "code": int(code[one.source]), "label": names[one.label], "rows": one.rows, "excess": one.excess,
        "sources": odd.sources, "apart": odd.apart, "threshold": how.threshold[n],
        "telling": [int(how.model.features[place]) for place in how.features[n]],
    }  # fmt: skip


def _cells(state: State) -> list[dict[str, Any]]:
    """All cells that are told, of any kind of source."""
    models = state["models"]
    return [one for told in models["facts"].to_pylist() for one in json.loads(told)] if models.num_rows else []


@dataclass(frozen=True)
class Score(Round):
    """Every row of an odd cell: how much it is like its odd ones."""

    def map(self, batch: Batch, state: State) -> pa.Table:
        """Rows as `_SCORED`: those that are more like them than rows of the label elsewhere are."""
        if not state["models"].num_rows or batch.documents["label"].null_count == len(batch.documents):
            return _SCORED.empty_table()
        document, hashes, bounds = labels.put(batch, WORDS)
        label, marks = batch.documents["label"].take(pa.array(document)), labels.marks(batch)
        rows, fold, found, number = batch.documents["row"].to_numpy()[document], outoffold.folds(hashes, bounds), [], 0
        for n, told in enumerate(state["models"]["facts"].to_pylist()):
            model = outoffold.of_table(state["models"].slice(n, 1))
            score = cells.scores(model, outoffold.read(hashes, bounds, (model.features, model.rarity)), fold)
            for place, one in enumerate(json.loads(told)):
                mine = marks[KINDS.index(one["kind"])][document] == np.uint64(one["code"])
                mine &= (labels.numbers(label, [one["label"]]) >= 0) & (score[:, place] > one["threshold"])
                found.append(pl.DataFrame({"row": rows[mine], "cell": number, "score": score[mine, place]}))
                number += 1
        whole = pl.concat(found).sort("row", "cell").with_columns(partition=pl.col("cell"))
        return whole.select(_SCORED.names).to_arrow().cast(_SCORED)

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """The rows of a cell that are oddest, and of how many no more is told."""
        told = pl.DataFrame(rows).drop("partition").sort("score", "shard", "row", descending=[True, False, False])
        left = Limit("rows of one source with one label that are told", ROWS, max(len(told) - ROWS, 0), "rows")
        return limited(told.head(ROWS).to_arrow(), left)

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`named`: the rows that are looked at; `cells`: what is known of each cell, in the order of their numbers."""
        told = _cells(context.state)
        cell = pa.table({"told": [json.dumps(one) for one in told]}) if told else pa.table({})
        if not reduced.num_rows:
            return {"named": _NAMED.empty_table(), "cells": cell}
        named = pl.DataFrame(reduced).sort("shard", "row", "cell")
        return {"named": named.select(_NAMED.names).to_arrow().cast(_NAMED), "cells": cell}


@dataclass(frozen=True)
class Compare(counterparts.Compare):
    """What says most of what the odd rows say."""

    keeps: ClassVar[tuple[str, ...]] = ("named", "cells")

    def said(self, batch: Batch) -> tuple[Numbers, Hashes, Offsets]:
        """The words of labelled documents."""
        return labels.labelled(batch)[:3]

    def carriers(self, state: State) -> pl.DataFrame:
        """The oddest first."""
        order = {"cell": False, "score": True, "shard": False, "row": False}
        rows = pl.DataFrame(state["named"]).sort(*order, descending=[*order.values()])
        return rows.select(pl.col("cell").cast(pl.Int64).alias("group"), "shard", "row")


@dataclass(frozen=True)
class Show(Round):
    """The odd rows: what they say, and which words tell them."""

    over: ClassVar[Any] = "members"

    def map(self, batch: Batch, state: State) -> pa.Table:
        """A row for each cell of a document that a row of that number has in any shard, as `_TOLD`."""
        told, own = [json.loads(one) for one in state["cells"]["told"].to_pylist()], labels.labelled(batch)
        place = {row: n for n, row in enumerate(batch.documents["row"].to_pylist())}
        number = {document: n for n, document in enumerate(own.document.tolist())}
        shower, found = Shower(batch, own, []), []
        wanted = pl.DataFrame(state["named"]).filter(pl.col("row").is_in(list(place)))
        for row, cell in wanted.select("row", "cell").unique().sort("row", "cell").iter_rows():
            shown = shower.row(place[row], 0, ALL) if place[row] in number else None
            if shown:
                who = batch.documents[told[cell]["kind"]][place[row]].as_py()
                names = _named(shower, number[place[row]], told[cell]["telling"])
                found.append(shown | {"cell": cell, "title": who, "names": names})
        return pa.Table.from_pylist(found, schema=_TOLD)

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """The rows that are meant in their own shards, with what was found of them."""
        if not rows.num_rows:
            return pa.table({})
        named = pl.DataFrame(state["named"])
        return pl.DataFrame(rows).join(named, on=["shard", "row", "cell"], how="inner").to_arrow()

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """A group for each cell, its rows and hits."""
        groups: list[dict[str, Any]] = []
        members: list[dict[str, Any]] = []
        hits: list[dict[str, Any]] = []
        rows = pl.DataFrame(reduced) if "cell" in reduced.column_names else pl.DataFrame()
        beside = pl.DataFrame(context.state["beside"])
        for n, told in enumerate(context.state["cells"]["told"].to_pylist() if len(rows) else ()):
            own = rows.filter(pl.col("cell") == n).sort("score", "shard", "row", descending=[True, False, False])
            if len(own):
                facts = json.loads(told)
                group = group_of(facts, own, counterparts.shown_beside(beside, n))
                groups.append(group)
                members += [member_of(group["group"], row, first=not place) for place, row in enumerate(own.to_dicts())]
                members += counterparts.members(beside, n, group["group"])
                hits += [hit_of(group, facts, row) for row in own.to_dicts()]
        return schema.concluded(groups, members, hits)


def _named(shower: Shower, number: int, telling: list[int]) -> list[str]:
    """Which words of the first text of a labelled document are of those that tell its cell most, in lower case."""
    own = shower.own
    inside = slice(int(own.bounds[number]), int(own.bounds[number + 1]))
    places = own.places[inside][np.isin(outoffold.cut(own.hashes[inside]), np.array(telling, np.uint64))]
    texts = shower.texts
    places = places[(places >= texts.words.bounds[texts.number]) & (places < texts.words.bounds[texts.number + 1])]
    return sorted({word.casefold() for place in places.tolist() if (word := texts.word(place))})


@dataclass(frozen=True)
class SourceClass(Detector):
    """Finds rows of one label from one source that are unlike the label elsewhere, where sources are else alike."""

    name: ClassVar[str] = NAME

    @property
    def rounds(self) -> tuple[Round, ...]:
        """Learn from a sample which rows are odd, judge all of their source and label, look at them and beside them."""
        return (Learn(), Score(), Compare(), Show())

    def title(self, rule: str) -> str:
        """What a hit is called."""
        return "Rows of one label that are unlike it elsewhere"
