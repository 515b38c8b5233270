"""Whose documents a group is made of: which of its sources say little else, and how surprising that is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from corpusscan import schema
from corpusscan.detector import Context
from corpusscan.kernels import surprise

Counts = Sequence[tuple[str, int]]  # sources of a group, and how many of its documents each has


class Surprise(NamedTuple):
    """The sources of a group against those of the corpus."""

    new: int  # sources of which at least half of all documents are in the group
    usual: float  # the share of sources that are new where documents are honest, in this corpus
    odds: float  # that so many of them are new by chance, in any of the groups (Bonferroni)


class Provenance:
    """The sources of some groups, in the corpus they stand in."""

    def __init__(self, groups: Sequence[Counts], context: Context) -> None:
        self.tests, self.documents, self.sizes = len(groups), context.documents, context.sources.sizes
        self.known = context.sources.documents_of(sorted({name for counts in groups for name, _ in counts}))
        apart = {name for counts in groups for name, count in counts if self.is_new(name, count)}
        self.apart = np.array([self.known[name] for name in sorted(apart)], np.int64)

    def is_new(self, source: str, count: int) -> bool:
        """Whether at least half of what a source says is so many documents of a group."""
        return 2 * count >= self.known[source]

    def of(self, counts: Counts) -> Surprise:
        """What is surprising about the sources of one of the groups."""
        new = sum(self.is_new(*one) for one in counts)
        usual = surprise.usual(
            np.array([count for _, count in counts], np.int64), self.sizes, self.apart, self.documents
        )
        return Surprise(new, usual, min(self.tests * surprise.of_sources(new, len(counts), usual), 1.0))


def most_first(sources: pl.Series) -> list[tuple[str, int]]:
    """The sources named in a column with how often each is, most first."""
    counts = pc.value_counts(sources.to_arrow().drop_null())
    told = zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True)
    return sorted(told, key=lambda one: (-one[1], one[0]))


def members(group: str, documents: pl.DataFrame, alone: str | None = None) -> pa.Table:
    """The documents of a group as rows of `members`: all of one source count as one.

    Those of none count by their column `alone`; all as one where there is no such column.
    """
    nowhere = pl.col(alone) if alone else pl.lit("")
    told = documents.with_row_index("number").select(
        pl.lit(group).alias("group"), "shard", "row",
        pl.when(pl.col("number") == 0).then(pl.lit("exemplar")).otherwise(pl.lit("carrier")).alias("role"),
        (pl.lit(f"{group}/") + pl.col("source").fill_null(nowhere)).alias("independent_id"),
    )  # fmt: skip
    return told.to_arrow().cast(schema.CONCLUDED_MEMBERS)


def all_members(told: Iterable[pa.Table]) -> pa.Table:
    """The members of all groups, in one table."""
    return pa.concat_tables([schema.CONCLUDED_MEMBERS.empty_table(), *told])
