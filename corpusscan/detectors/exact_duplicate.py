"""Documents that say exactly the same, and from how many sources and on how many days.

Two rounds: keyed content hashes of all documents, grouped per partition; then a look at the
members of the groups that matter.  A duplicate cluster is evidence, not garbage: what lowers a
group is a benign story (`filters`), and the story is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl
import pyarrow as pa

from corpusscan import copies
from corpusscan.detector import Batch, Context, Detector, Limit, Round, State, limits
from corpusscan.kernels.caps import shares

NAME = "exact_duplicate"


FEWEST = 50  # documents of a group that it is judged by, where there are so many and not all can be looked at


@dataclass(frozen=True)
class Hash(Round):
    """Every document's keyed hash; what repeats is a group."""

    copies: int
    looked: int

    def map(self, batch: Batch, state: State) -> pa.Table:
        """Columns: row, partition (uint32, from the hash), digest (16 bytes)."""
        return copies.digested(batch)

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """The rows whose digest occurs at least `copies` times."""
        return copies.repeated(rows, self.copies)

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`named`: the members of groups that are looked at; `limits`."""
        if not len(reduced):
            return {"named": pa.table({"shard": pa.array([], pa.uint32()), "row": pa.array([], pa.uint64())})}
        frame = pl.from_arrow(reduced)
        assert isinstance(frame, pl.DataFrame)
        sizes = frame.group_by("digest").agg(pl.len(), pl.struct("shard", "row").min().alias("first"))
        sizes = sizes.sort(["len", "first"], descending=[True, False])
        share = shares(sizes["len"].cast(pl.Int64).to_numpy(), self.looked, FEWEST)
        named = frame.join(sizes.select("digest", share=share), on="digest").sort("shard", "row")
        named = named.filter(pl.int_range(pl.len()).over("digest") < pl.col("share"))
        left = Limit("documents of groups that are looked at", self.looked, len(frame) - len(named), "documents")
        return {"named": named.select("shard", "row").to_arrow(), "limits": limits(left)}


@dataclass(frozen=True)
class Confirm(Round):
    """The members of the groups, with their sources, days and excerpts."""

    over: ClassVar[Any] = "members"

    def map(self, batch: Batch, state: State) -> pa.Table:
        """One row per text of a named document, with what results need to say about it."""
        return copies.looked_at(batch)

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """Groups with their judgement; hits only where no benign story explains the group."""
        frame = pl.from_arrow(reduced) if len(reduced) else None
        cases = []
        for (content,), rows in frame.group_by("hash", maintain_order=True) if isinstance(frame, pl.DataFrame) else ():
            name = f"{NAME}:{str(content)[:16]}"
            rows = rows.sort("shard", "row", "field")  # noqa: PLW2901  # the group, in order
            cases.append(copies.case(name, rows, "Copies of one document"))
        return copies.concluded(cases, context, "exact-copy")


@dataclass(frozen=True)
class ExactDuplicate(Detector):
    """Finds identical documents repeated over many sources and days."""

    name: ClassVar[str] = NAME
    copies: int = 5  # a smaller group is nobody's campaign
    looked: int = 300_000  # documents of groups; of each as many, where there are more

    @property
    def rounds(self) -> tuple[Round, ...]:
        """Hash all, then look at the members."""
        return (Hash(self.copies, self.looked), Confirm())

    def title(self, rule: str) -> str:
        """What a hit is called."""
        return "The same document from many sources"
