"""Rounds that detectors of triggers share: which features are rare, the test of each, the carriers of what is left."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from corpusscan import triggers
from corpusscan.detector import Batch, Context, Limit, Round, State, limits
from corpusscan.kernels import features, mined, profile, sketches
from corpusscan.kernels.features import Reading
from corpusscan.kernels.profile import Profile
from corpusscan.kernels.words import Hashes, Offsets

GROUPS, CARRIERS = 100, 1_000  # that are looked at, and of each
NOTHING = pa.table({"row": pa.array([], pa.uint64()), "partition": pa.array([], pa.uint32())})
WANTED = pa.table({"feature": pa.array([], pa.uint64()), "documents": pa.array([], pa.int64())})


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


@dataclass(frozen=True)
class Weigh(Round):
    """Every occurrence of these features, and the test of each."""

    keeps: ClassVar[tuple[str, ...]] = ("profile",)

    @abstractmethod
    def occurrences(
        self, read: Reading, bounds: Offsets, known: Profile, wanted: Hashes, passing: tuple[Hashes, Any], batch: Batch
    ) -> pl.DataFrame:
        """Columns: row, feature, and what the test asks for; `passing` as of `features.passing`."""

    @abstractmethod
    def tested(self, told: pl.DataFrame, state: State) -> pl.DataFrame:
        """The rows of features that stand out, with their test."""

    @abstractmethod
    def grouped(self, found: pl.DataFrame, tests: int, context: Context) -> tuple[pl.DataFrame, pl.DataFrame, int]:
        """What was found of each group, without its text; who carries it; how many groups are left aside."""

    def map(self, batch: Batch, state: State) -> pa.Table:
        """Columns: partition, and those of `occurrences`; rows of drawn features."""
        if not len(state["wanted"]):
            return NOTHING
        known = profile.of_table(state["profile"])
        read, bounds = features.reading(batch, known), sketches.document_words(batch)[1]
        wanted = state["wanted"]["feature"].to_numpy()
        passing = features.passing(read, known, wanted)
        told = self.occurrences(read, bounds, known, wanted, passing, batch)
        table = pl.concat([told, mined.drawn(*passing, bounds, batch)], how="diagonal")
        own = partition_of(table["feature"].to_numpy())
        return table.with_columns(partition=pl.Series(own)).sort("row", "feature").to_arrow()

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """The rows of features that stand out, with their test; how many drawn ones could."""
        frame = pl.DataFrame(rows)
        if "drawn" not in frame.columns:
            return frame.to_arrow()
        could = frame.filter(pl.col("drawn")).group_by("feature").len().filter(pl.col("len") >= triggers.MEDIUM[0])
        told = frame.filter(pl.col("drawn").is_null()).drop("drawn")
        return pl.concat([self.tested(told, state), pl.DataFrame({"could": [len(could)]})], how="diagonal").to_arrow()

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`groups`: what was found of each, without its text; `named`: carriers; `wanted`: the feature of each."""
        found, tests = pl.DataFrame(reduced), 0
        if "could" in found.columns:
            tests = mined.hypotheses(int(found["could"].sum()))
            found = found.filter(pl.col("could").is_null()).drop("could")
        groups, named, left = self.grouped(found, tests, context)
        return {
            "groups": groups.to_arrow(), "named": named.to_arrow(),
            "wanted": groups.select(pl.col("feature").sort()).to_arrow(),
            "limits": limits(Limit("triggers that are looked at", GROUPS, left, "triggers")),
        }  # fmt: skip


@dataclass(frozen=True)
class Shown(Round):
    """The carriers; `map` tells them as `triggers.CARRIERS`."""

    over: ClassVar[Any] = "members"

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """The rows that are of the groups for which their document was named."""
        named = pl.DataFrame(state["named"])
        return pl.DataFrame(rows).join(named, on=["shard", "row", "feature"], how="inner").to_arrow()
