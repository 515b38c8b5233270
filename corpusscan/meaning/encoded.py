"""Stretches of text as a sentence model sees them: which are worth its time, their vectors, and their neighbours.

A model reads tens of stretches a second where fitted vectors take tens of thousands.  So it is given those that the
fitted vectors hold for nearest to what other sources say: two neighbours, as a campaign has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from corpusscan.detector import Batch, Context, Limit, Round, State, limited, limits
from corpusscan.kernels import embedding, hashing, neighbours, sketches, transformer
from corpusscan.kernels.opened import Opened
from corpusscan.kernels.words import words
from corpusscan.meaning import nearness

SHARE = 0.2  # of all stretches that are suspects, at most
SUSPECTS = 100_000  # and so many of a corpus
SECOND = 2  # of the neighbours from other sources, by whose cosine stretches are ordered
CHARACTERS = 16_384  # of a stretch, that are read: its words are some 3,500, unless they are no words
READ = "stretches of text that the sentence model reads"
_PLACES = pa.schema([("shard", pa.uint32()), ("row", pa.uint64()), ("part", pa.uint32()), ("near", pa.float32())])
_ROWS = pa.schema(
    [
        ("row", pa.uint64()), ("part", pa.uint32()), ("partition", pa.uint32()), ("source", pa.uint64()),
        ("code", pa.binary()), ("unread", pa.uint32()),
    ]
)  # fmt: skip


def ranked(rows: pa.Table) -> tuple[pa.Table, int]:
    """The stretches of a cell, each with the cosine of its second neighbour from another source (0: it has none); how
    many comparisons were left out."""
    found, source = nearness.compared(rows), rows["source"].to_numpy()
    apart = (source[found.left] != source[found.right]) | (source[found.left] == 0)
    near = neighbours.nth(found.left[apart], found.right[apart], found.cosine[apart], len(rows), SECOND)
    columns = [*(rows[name].combine_chunks() for name in nearness.OF), pa.array(near)]
    return pa.table(columns, schema=_PLACES), found.left_out


def suspects(reduced: pa.Table) -> State:
    """`named`: of the stretches that `ranked` told, those whose neighbour is nearest; `limits`."""
    every = pl.DataFrame(reduced if reduced.num_rows else _PLACES.empty_table())
    every = every.group_by(nearness.OF).agg(pl.col("near").max())
    most = min(int(SHARE * len(every)), SUSPECTS)
    order = ["near", *nearness.OF]
    chosen = every.filter(pl.col("near") > 0).sort(order, descending=[True, False, False, False]).head(most)
    told = Limit(READ, most, len(every) - len(chosen), "stretches, read by fitted vectors alone")
    return {"named": chosen.select(nearness.OF).sort(nearness.OF).to_arrow(), "limits": limits(told)}


@dataclass(frozen=True)
class Embed(Round):
    """The vectors of the suspects by a sentence model, and the groups that stand out among these."""

    over: ClassVar[Any] = "members"
    keeps: ClassVar[tuple[str, ...]] = ("encoder",)
    model: str
    device: str
    copies: int
    groups: int

    def map(self, batch: Batch, state: State) -> pa.Table:
        """Columns: row, part, partition, source (hash), code (bytes), unread (characters)."""
        if not state["encoder"].num_rows:
            return _ROWS.empty_table()
        stretches = embedding.stretches(sketches.document_words(batch)[1])
        numbers = np.flatnonzero(self._wanted(batch, stretches, state) & (np.diff(stretches.span)[:, 0] > 0))
        texts, unread = said(batch, stretches.span[numbers])
        vectors = transformer.load(self.model, self.device).embedded(texts)
        kept = np.flatnonzero(vectors.any(axis=1))
        numbers, code = numbers[kept], transformer.codes(vectors[kept])
        cells = self._cells(batch, stretches.span[numbers], state)
        again = np.repeat(np.arange(len(numbers)), cells.shape[1])
        owner = stretches.owner[numbers[again]]
        return pa.table(
            [
                batch.documents["row"].take(pa.array(owner)),
                stretches.part[numbers[again]].astype(np.uint32),
                cells.ravel().astype(np.uint32),
                hashing.source_hashes(batch)[owner],
                pa.array([code[one].tobytes() for one in again], pa.binary()),
                unread[kept][again].astype(np.uint32),
            ],
            schema=_ROWS,
        )

    def _wanted(self, batch: Batch, stretches: embedding.Stretches, state: State) -> Any:
        """Which stretches are named for a row of that number, in any shard."""
        named = state["named"]
        known = np.unique(named["row"].to_numpy() << np.uint64(20) | named["part"].to_numpy())
        rows = batch.documents["row"].to_numpy()[stretches.owner]
        return np.isin(rows << np.uint64(20) | stretches.part.astype(np.uint64), known)

    def _cells(self, batch: Batch, span: Any, state: State) -> Any:
        """What is bounded is compared in one memory."""
        return np.zeros((len(span), 1), np.int64)

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """The stretches with those that are near them, as `nearness.NEAR`."""
        own = self._own(rows, state)
        told = [nearness.NEAR.empty_table()]
        for cell in np.unique(own["partition"].to_numpy()):
            some = own.filter(pc.equal(own["partition"], pa.scalar(cell)))
            told.append(nearness.listed(some, neighbours.exact(_codes(some), nearness.owners(some))))
        unread = pc.sum(own["unread"]).as_py() or 0
        return limited(
            pa.concat_tables(told), Limit("characters of a stretch that are read", CHARACTERS, unread, "characters")
        )

    def _own(self, rows: pa.Table, state: State) -> pa.Table:
        """The rows that are named in their own shards."""
        named = pl.DataFrame(state["named"])
        frame = pl.DataFrame(rows).join(named, on=nearness.OF, how="semi", maintain_order="left")
        return frame.to_arrow()

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`named`: shard, row and part of the members of groups, their cluster and its cosines; `limits`."""
        return nearness.looked_at(reduced, self.copies, self.groups)


@dataclass(frozen=True)
class EmbedAll(Embed):
    """The vectors of every stretch by a sentence model, and the groups that stand out among these."""

    over: ClassVar[Any] = "all"

    def _wanted(self, batch: Batch, stretches: embedding.Stretches, state: State) -> Any:
        return np.ones(len(stretches.owner), np.bool_)

    def _cells(self, batch: Batch, span: Any, state: State) -> Any:
        """Those of the fitted vectors: a model's own would have to be learned from a corpus that it has read."""
        centres = np.stack(state["centres"]["centre"].to_numpy())
        hashes, _ = sketches.document_words(batch)
        found = embedding.embedded(hashes, span, embedding.of_table(state["encoder"])).codes
        cells = neighbours.closest(embedding.directions(found), centres, nearness.CELLS)
        return cells * ((1 << 32) // len(centres))

    def _own(self, rows: pa.Table, state: State) -> pa.Table:
        return rows


def said(batch: Batch, span: Any) -> tuple[list[str], Any]:
    """What stretches of words say, at most `CHARACTERS` of each, and how many characters more they have."""
    found, texts, told, left = batch.feature(words), Opened(batch), [], []
    for start, last in span:
        first, number = start, int(np.searchsorted(found.bounds, start, side="right")) - 1
        parts: list[str] = []
        while first < last:  # a document may have several texts
            end = min(last, int(found.bounds[number + 1]))
            if first < end:
                texts.open(number)
                begin = 0 if first == found.bounds[number] else int(texts.points[found.begins[first]])
                stop = len(texts.text) if end == found.bounds[number + 1] else int(texts.points[found.begins[end]])
                parts.append(texts.text[begin:stop])
            first, number = max(first, end), number + 1
        whole = "\n".join(parts)
        told.append(whole[:CHARACTERS])
        left.append(max(len(whole) - CHARACTERS, 0))
    return told, np.array(left, np.int64)


def _codes(rows: pa.Table) -> embedding.Codes:
    values: Sequence[bytes] = rows["code"].to_pylist()
    return np.frombuffer(b"".join(values), np.int8).reshape(len(values), -1)
