"""Looks at a secret sample: a profile of what text is usually like here, and which features are rare in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from corpusscan.detector import Batch, Context, Limit, Round, State, limits
from corpusscan.kernels import features, outcomes, profile, sketches
from corpusscan.kernels.words import Hashes, Offsets

WORDS = 1_000  # of a document, that a profile is learned from
SAMPLED = 16_000_000  # words of all of them
DOCUMENTS = 500  # from fewer nothing is learned
# Bits a word (`profile.order`): at least 0.5 in text of all kinds and languages, at most 0.12 in noise.
ORDER = 0.25
ENOUGH = "documents that are enough to learn from what is usual"
NOTHING = pa.table({"row": pa.array([], pa.uint64()), "partition": pa.array([], pa.uint32())})
WANTED = pa.table({"feature": pa.array([], pa.uint64()), "documents": pa.array([], pa.int64())})
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


def partition_of(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint32]:
    """The partition of the shuffle that each feature is in."""
    return (values >> np.uint64(32)).astype(np.uint32)


@dataclass(frozen=True)
class Rare(Round):
    """How often these features stand anywhere, in a part of the corpus: what is everywhere is no trigger."""

    over: ClassVar[Any] = "sample"
    keeps: ClassVar[tuple[str, ...]] = ("profile", "strata")
    share: float

    def map(self, batch: Batch, state: State) -> pa.Table:
        """Columns: row (the batch's first), partition, feature (null: any document), documents."""
        wanted = state["wanted"]["feature"].to_numpy()
        if not len(wanted) or not len(batch.documents):
            return NOTHING
        known = profile.of_table(state["profile"])
        read, bounds = features.reading(batch, known), sketches.document_words(batch)[1]
        found = features.places(read, known, wanted)
        document = np.searchsorted(bounds, found.word, side="right") - 1
        which, counts = np.unique(np.unique(found.which * len(bounds) + document) // len(bounds), return_counts=True)
        value = wanted[which]
        told = pl.DataFrame({"feature": value, "partition": partition_of(value), "documents": counts})
        every = pl.DataFrame({"feature": [None], "partition": [0], "documents": [len(batch.documents)]}, told.schema)
        first = batch.documents["row"][0].as_py()
        return pl.concat([every, told]).with_columns(row=pl.lit(first, pl.UInt64)).to_arrow()

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """The sums."""
        return pl.DataFrame(rows).group_by("feature").agg(pl.col("documents").sum()).sort("feature").to_arrow()

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`wanted`: those features that may stand at a change in the share of their documents that is asked for."""
        if "feature" not in reduced.column_names:
            return {"wanted": WANTED}
        counted, wanted = pl.DataFrame(reduced), pl.DataFrame(context.state["wanted"])
        looked = counted.filter(pl.col("feature").is_null())["documents"].sum()
        joined = wanted.join(counted.rename({"documents": "sampled"}), on="feature", how="left")
        # Fewer are sampled than two standard errors above what the most documents that it may have leave to expect.
        expected = pl.col("documents") / self.share * min(looked / max(context.documents, 1), 1)
        kept = joined.filter(pl.col("sampled").fill_null(0) <= expected + 2 * expected.sqrt() + 1)
        return {"wanted": kept.select("feature").sort("feature").to_arrow()}
