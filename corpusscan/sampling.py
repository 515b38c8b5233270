"""Looks at a secret sample: the profile of it, for who must know what text is usually like here, and a part of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pyarrow as pa

from corpusscan.detector import Batch, Context, Limit, Round, State, limits
from corpusscan.kernels import outcomes, profile, sketches
from corpusscan.kernels.words import Hashes, Offsets

WORDS = 1_000  # of a document, that a profile is learned from
SAMPLED = 16_000_000  # words of all of them
DOCUMENTS = 500  # from fewer nothing is learned
# Bits a word (`profile.order`): at least 0.5 in text of all kinds and languages, at most 0.12 in noise.
ORDER = 0.25
ENOUGH = "documents that are enough to learn from what is usual"
ORDERED = "documents in which words have an order that can be learned"


@dataclass(frozen=True)
class Sample(Round):
    """Words of a secret part of the corpus, and the profile of them."""

    over: ClassVar[Any] = "sample"
    words: int = SAMPLED

    def map(self, batch: Batch, state: State) -> pa.Table:
        """Columns: row, words (of one stretch of each document, from anywhere in it)."""
        hashes, bounds = sketches.document_words(batch)
        lengths = np.diff(bounds)
        taken = np.minimum(lengths, WORDS)
        spare = lengths - taken
        draw = np.append(hashes, np.uint64(0))[bounds[:-1]]  # by the first word: keyed, and the same in every batch
        first = bounds[:-1] + (draw % (spare + 1).astype(np.uint64)).astype(np.int64)
        places = outcomes.ranges(first, taken)
        offsets = pa.array(np.append(0, np.cumsum(taken)), pa.int32())
        return pa.table(
            {
                "row": batch.documents["row"],
                "words": pa.ListArray.from_arrays(offsets, pa.array(hashes[places])),
                "partition": pa.array(np.zeros(len(taken), np.uint32)),
            }
        )

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """The profile; of the sampled documents as many as there is room for."""
        return profile.table(profile.profile(*self.sampled(rows)))

    def sampled(self, rows: pa.Table) -> tuple[Hashes, Offsets]:
        """The words of the sampled documents, of as many as there is room for, and their bounds."""
        column = rows["words"].combine_chunks()
        bounds = column.offsets.to_numpy().astype(np.int64)
        hashes = column.values.to_numpy()
        count = max(int(np.searchsorted(bounds, self.words, side="right")) - 1, 1)
        return hashes[: bounds[count]].copy(), bounds[: count + 1]

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`profile`: nothing where there is too little to learn from.  That all is noise is told: little stands out."""
        enough = "documents" in reduced.column_names and context.documents >= DOCUMENTS
        told = []
        if not enough:
            told = [Limit(ENOUGH, DOCUMENTS, context.documents, "documents, too few")]
        elif reduced["order"][0].as_py() < ORDER:
            told = [Limit(ORDERED, DOCUMENTS, context.documents, "documents, whose words are in no order")]
        return {"profile": reduced if enough else pa.table({}), "limits": limits(*told)}


def named_first(rows: pl.DataFrame, named: pl.DataFrame, words: int) -> pl.DataFrame:
    """Documents of a sample (shard, row, lists of `words`), as many as have so many words: those that are named first.

    Column `mine` tells them; all others have none.
    """
    on = ["shard", "row"]
    every = rows.join(named.select(on).unique().with_columns(mine=True), on=on, how="left")
    every = every.sort(pl.col("mine").fill_null(value=False), *on, descending=[True, False, False])
    return every.filter(pl.col("words").list.len().cast(pl.Int64).cum_sum() <= words)
