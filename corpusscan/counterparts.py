"""Clean counterparts: of the carriers of a trigger, the documents that say the same without it, for whoever reviews.

A round over the sample, behind the one that tells who carries what.  A detector says which words of a document count,
and what of it is shown.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from corpusscan import sampling
from corpusscan.detector import Batch, Context, Round, State
from corpusscan.kernels import counterparts, exchanges
from corpusscan.kernels.words import Hashes, Offsets

WORDS = 2_000_000  # of documents that are compared
SHOWN = 240  # characters of a counterpart
_COMPARED = pa.schema(
    [
        ("row", pa.uint64()), ("partition", pa.uint32()), ("words", pa.list_(pa.uint64())),
        ("text", pa.large_string()), ("excerpt", pa.large_string()), ("label", pa.large_string()),
    ]
)  # fmt: skip
BESIDE = pa.schema(
    [
        ("group", pa.int64()), ("shard", pa.uint32()), ("row", pa.uint64()), ("cosine", pa.float64()),
        ("text", pa.large_string()), ("excerpt", pa.large_string()), ("label", pa.large_string()),
    ]
)  # fmt: skip


@dataclass(frozen=True)
class Compare(Round):
    """What is most alike to the carriers that the state before names, without being one."""

    over: ClassVar[Any] = "sample"
    words: int = WORDS

    @abstractmethod
    def said(self, batch: Batch) -> tuple[npt.NDArray[np.int64], Hashes, Offsets]:
        """Documents of a batch that may be counterparts, and their words."""

    @abstractmethod
    def carriers(self, state: State) -> pl.DataFrame:
        """Columns: group, shard, row; of each group those first that are shown."""

    def shown(self, batch: Batch) -> tuple[pa.Array, pa.Array]:
        """Of each document of a batch what is shown of it: its text, and nothing more."""
        texts = first_of(batch, np.ones(len(batch.texts), bool))
        return texts, pa.nulls(len(texts), pa.large_string())

    def map(self, batch: Batch, state: State) -> pa.Table:
        """Rows as `_COMPARED`; none where nothing was found."""
        if not len(self.carriers(state)):
            return _COMPARED.empty_table()
        document, hashes, bounds = self.said(batch)
        own = pa.array(document)
        text, excerpt = (part.take(own) for part in self.shown(batch))
        words = pa.ListArray.from_arrays(pa.array(bounds, pa.int32()), pa.array(hashes))
        columns = [
            batch.documents["row"].take(own), np.zeros(len(document), np.uint32), words, text, excerpt,
            batch.documents["label"].take(own),
        ]  # fmt: skip
        return pa.table(columns, schema=_COMPARED)

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """Counterparts as `BESIDE`."""
        named = self.carriers(state).with_row_index("place")
        if not rows.num_rows or not len(named):
            return BESIDE.empty_table()
        every = sampling.named_first(pl.DataFrame(rows), named, self.words)
        found = _nearest(every.with_row_index("number"), named)
        return found.select(BESIDE.names).to_arrow().cast(BESIDE)

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`beside`: the counterparts."""
        return {"beside": reduced if "group" in reduced.column_names else BESIDE.empty_table()}


def _nearest(every: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    """Of documents, those of other words first, the counterparts of named ones."""
    hashes, bounds = exchanges.listed(every, "words")
    known = named.join(every.select("shard", "row", "number"), on=["shard", "row"]).sort("place")
    groups = known["group"].unique().sort().to_list()
    own = [known.filter(pl.col("group") == group)["number"].to_numpy().astype(np.int64) for group in groups]
    told = [one._replace(group=groups[one.group]) for one in counterparts.nearest(hashes, bounds, own)]
    found = pl.DataFrame(told, {"group": pl.Int64, "number": pl.UInt32, "cosine": pl.Float64}, orient="row")
    return found.join(every, on="number", maintain_order="left")


def first_of(batch: Batch, kept: npt.NDArray[np.bool_]) -> pa.Array:
    """Of each document the beginning of its first text of those that are `kept`; nothing where it has none."""
    texts = np.flatnonzero(kept)
    document = np.searchsorted(batch.documents["row"].to_numpy(), batch.texts["row"].to_numpy()[texts])
    place = np.full(len(batch.documents), -1, np.int64)
    place[document[::-1]] = texts[::-1]
    said = batch.texts["text"].take(pa.array(np.maximum(place, 0), mask=place < 0))
    cut = pc.utf8_slice_codeunits(said, 0, SHOWN).combine_chunks()
    return cut.cast(pa.large_string())


def evidence(beside: pl.DataFrame, group: int) -> list[dict[str, Any]]:
    """The counterparts of a group, as its evidence has them."""
    own = beside.filter(pl.col("group") == group) if len(beside) else beside
    return [
        {"text": one["text"], "answer": one["excerpt"], "label": one["label"], "cosine": round(one["cosine"], 3)}
        for one in own.to_dicts() if one["text"]
    ]  # fmt: skip


def shown_beside(beside: pl.DataFrame, group: int) -> list[list[Any]]:
    """The counterparts of a group as label, text and cosine, for evidence that tells of no trigger."""
    return [[one["label"] or "", one["text"], one["cosine"]] for one in evidence(beside, group)]


def members(beside: pl.DataFrame, group: int, name: str) -> list[dict[str, Any]]:
    """The same as members of the group of that name."""
    own = beside.filter(pl.col("group") == group) if len(beside) else beside
    return [
        {"group": name, "shard": one["shard"], "row": one["row"], "role": "neighbour",
         "independent_id": f"{name}/{one['shard']}-{one['row']}"}
        for one in own.to_dicts()
    ]  # fmt: skip
