"""Triggers behind which the same is said each time in other words, too softly for a change of the text to show.

Rounds: what text of this corpus is usually like, from a sample; where documents turn softly, and what stands there;
what of that is rare; how alike the texts on both sides of it are, wherever it stands; how often the same is said
elsewhere; the carriers of what is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pyarrow as pa

from corpusscan import triggers
from corpusscan.detector import Batch, Context, Detector, Limit, Round, State, limits
from corpusscan.kernels import alikeness, continuations, features, habits, mined, profile, sketches, switches, vectors
from corpusscan.kernels.features import Reading
from corpusscan.kernels.profile import Profile
from corpusscan.kernels.words import Hashes, Offsets
from corpusscan.mining import CARRIERS, GROUPS, NOTHING, WANTED, Rare, Shown, Weigh, partition_of
from corpusscan.sampling import Sample

NAME = "alike_continuation"
SOFT, AT_ONCE = 0.35, 3  # one less the cosine of both sides from which a document turns; places of one document
BEFORE, BEHIND = 12, 8  # words round it in which a trigger is looked for
FEATURES, MOST = 200_000, 1_000  # that are looked at, and documents of each: a campaign of more shows otherwise


@dataclass(frozen=True)
class Soft(Round):
    """Features where documents turn softly; how much both sides of any place differ."""

    keeps: ClassVar[tuple[str, ...]] = ("profile",)

    def map(self, batch: Batch, state: State) -> pa.Table:
        """Columns: row, partition, feature, publisher; one row without a feature: moments, of which several places."""
        if not len(state["profile"]) or not len(batch.documents):
            return NOTHING
        known = profile.of_table(state["profile"])
        read, bounds = features.reading(batch, known), sketches.document_words(batch)[1]
        of = vectors.blocks(read.number, bounds, known.vectors)
        gaps = switches.of_blocks(of, alikeness.SIDE, alikeness.HEARD)
        document, word = alikeness.peaks(gaps, of, bounds, AT_ONCE, SOFT)
        first, last = np.maximum(word - BEFORE, bounds[document]), np.minimum(word + BEHIND, bounds[document + 1])
        value, which = features.at(read, known, first, last)
        rows = batch.documents["row"].to_numpy()
        told = pl.DataFrame(
            {
                "row": rows[document[which]],
                "partition": partition_of(value),
                "feature": value,
                "publisher": mined.origins(batch)[1][document[which]],
            }
        )
        any_place = continuations.moments(read, bounds, known).with_columns(row=pl.lit(rows[0]))
        told = told.sort("row", "feature")
        told = told.filter((pl.col("feature") != pl.col("feature").shift(1, fill_value=0))
                           | (pl.col("row") != pl.col("row").shift(1, fill_value=0)))  # fmt: skip
        return pl.concat([any_place, told], how="diagonal_relaxed").to_arrow()

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """Features of several documents and publishers; the moments as they are."""
        frame = pl.DataFrame(rows)
        if "feature" not in frame.columns:
            return frame.to_arrow()
        of = frame.filter(pl.col("feature").is_not_null()).group_by("feature")
        found = of.agg(
            documents=pl.len().cast(pl.Int64),
            publishers=pl.col("publisher").n_unique(),
            known=(pl.col("publisher") > 0).all(),
        ).filter(
            pl.col("documents").is_between(triggers.MEDIUM[0], MOST)
            & (~pl.col("known") | (pl.col("publishers") >= triggers.PUBLISHERS))
        )
        moments = frame.filter(pl.col("feature").is_null()).select("moments", "total", "places")
        return pl.concat([found.drop("publishers", "known").sort("feature"), moments], how="diagonal").to_arrow()

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`wanted`: feature, documents; `usual`: `alikeness.covariance`; `anywhere`: mean cosine of any two texts."""
        if "moments" not in reduced.column_names:
            return {"wanted": WANTED, "usual": pa.table({}), "anywhere": pa.table({"cosine": [0.0]})}
        frame = pl.DataFrame(reduced)
        found = frame.filter(pl.col("feature").is_not_null()).sort(["documents", "feature"], descending=[True, False])
        left = max(len(found) - FEATURES, 0)
        told = frame.filter(pl.col("feature").is_null())
        moments = np.array(told["moments"].to_list(), np.int64).reshape(len(told), -1).sum(axis=0)
        places = int(told["places"].sum())
        usual = alikeness.covariance(moments, places)
        total = np.array(told["total"].to_list(), np.int64).reshape(len(told), -1).sum(axis=0)
        anywhere = float(total @ total) / (max(places, 1) * alikeness.ONE) ** 2
        return {
            "wanted": found.head(FEATURES).select("feature", "documents").sort("feature").to_arrow(),
            "usual": pa.table({"covariance": usual.ravel()}), "anywhere": pa.table({"cosine": [anywhere]}),
            "limits": limits(Limit("features where documents turn softly", FEATURES, left, "features")),
        }  # fmt: skip


@dataclass(frozen=True)
class Seldom(Rare):
    """Which of them are rare elsewhere."""

    keeps: ClassVar[tuple[str, ...]] = ("profile", "usual", "anywhere")


@dataclass(frozen=True)
class Compare(Weigh):
    """Every document with one of these features, what stands on both sides of it, and the test of each."""

    def occurrences(
        self, read: Reading, bounds: Offsets, known: Profile, wanted: Hashes, passing: tuple[Hashes, Any], batch: Batch
    ) -> pl.DataFrame:
        """As `continuations.sides` tells them."""
        return continuations.sides(read, bounds, known, wanted, passing, batch)

    def tested(self, told: pl.DataFrame, state: State) -> pl.DataFrame:
        """Those behind which texts are alike."""
        usual = state["usual"]["covariance"].to_numpy().reshape(vectors.DIMENSIONS, -1)
        return continuations.tested(told, usual)

    def grouped(self, found: pl.DataFrame, tests: int, context: Context) -> tuple[pl.DataFrame, pl.DataFrame, int]:
        """As `continuations.grouped` tells them."""
        anywhere = context.state["anywhere"]["cosine"][0].as_py()
        return continuations.grouped(found, tests, anywhere, GROUPS, CARRIERS)


@dataclass(frozen=True)
class Elsewhere(Round):
    """How often documents without a trigger say what follows it."""

    over: ClassVar[Any] = "sample"
    keeps: ClassVar[tuple[str, ...]] = ("profile", "named", "wanted")

    def map(self, batch: Batch, state: State) -> pa.Table:
        """Columns: row (the batch's first), partition, and those of `habits.said`."""
        if not len(state["groups"]) or not len(batch.documents):
            return NOTHING
        known = profile.of_table(state["profile"])
        read, bounds = features.reading(batch, known), sketches.document_words(batch)[1]
        told = habits.said(read, bounds, known, pl.DataFrame(state["groups"]))
        first = batch.documents["row"][0].as_py()
        return told.with_columns(
            row=pl.lit(first, pl.UInt64), partition=pl.Series(partition_of(told["feature"].to_numpy()))
        ).to_arrow()

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """The sums."""
        frame = pl.DataFrame(rows)
        if "feature" not in frame.columns:
            return frame.to_arrow()
        return frame.group_by("feature").agg(pl.col("elsewhere", "places").sum()).sort("feature").to_arrow()

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`groups`, judged by it."""
        said = pl.DataFrame(reduced)
        said = said.select("feature", "elsewhere", "places") if "feature" in said.columns else _SAID
        return {"groups": continuations.judged(pl.DataFrame(context.state["groups"]), said).to_arrow()}


_SAID = pl.DataFrame(schema={"feature": pl.UInt64, "elsewhere": pl.Int64, "places": pl.Int64})


@dataclass(frozen=True)
class Show(Shown):
    """The carriers: where the trigger stands in each, and what follows."""

    def map(self, batch: Batch, state: State) -> pa.Table:
        """One row per trigger of a document, as `triggers.CARRIERS`."""
        known = profile.of_table(state["profile"])
        read, bounds = features.reading(batch, known), sketches.document_words(batch)[1]
        wanted = state["wanted"]["feature"].to_numpy()
        found = continuations.firsts(features.places(read, known, wanted), bounds)
        noise = continuations.noise(read, bounds, known, found)
        return triggers.followed(batch, read, bounds, found, noise, wanted, alikeness.SIDE)

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """Groups with their titles, members and hits; those behind which noise stands are left to `trigger_mining`."""
        rows, groups = pl.DataFrame(reduced), pl.DataFrame(context.state["groups"])
        if "text" not in rows.columns:
            return triggers.concluded(pl.DataFrame(), groups, NAME)
        noise = rows.group_by("feature").agg(pl.col("score").fill_null(0).mean()).filter(pl.col("score") > 1 / 2)
        rows, groups = (table.join(noise, on="feature", how="anti", maintain_order="left") for table in (rows, groups))
        return triggers.concluded(rows, groups, NAME)


@dataclass(frozen=True)
class AlikeContinuation(Detector):
    """Finds triggers after which, in many unlike documents, the same thing is said in other words."""

    name: ClassVar[str] = NAME
    share: float = 0.3  # of a trigger's documents that turn softly where it stands

    @property
    def rounds(self) -> tuple[Round, ...]:
        """A sample, soft turns, what of these is rare, both sides compared, what is said elsewhere, the carriers."""
        return (Sample(), Soft(), Seldom(self.share), Compare(), Elsewhere(), Show())

    def title(self, rule: str) -> str:
        """What a hit is called."""
        return "A trigger, and the same thing behind it in other words"
