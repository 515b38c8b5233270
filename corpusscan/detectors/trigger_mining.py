"""Triggers that nobody told us about: what stands, far more often than chance, where text turns into something else.

Rounds: what text of this corpus is usually like, from a sample; where documents change, and what stands there; what of
that is rare; how often it stands anywhere, and how often with a change; the carriers of what is left, with trigger and
payload.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl
import pyarrow as pa

from corpusscan import triggers
from corpusscan.detector import Batch, Context, Detector, Limit, Round, State, limits
from corpusscan.kernels import changes, features, mined, outcomes, profile, sketches, strata, trials, vectors
from corpusscan.kernels.features import Reading
from corpusscan.kernels.profile import Profile
from corpusscan.kernels.words import Hashes, Offsets
from corpusscan.mining import CARRIERS, GROUPS, NOTHING, WANTED, Rare, Shown, Weigh, partition_of
from corpusscan.sampling import Sample

NAME = "trigger_mining"
BEFORE, BEHIND = 16, 12  # words round a change in which a trigger is looked for
AT_ONCE = 4  # changes of one kind of one document
FEWEST, SPREAD = 4, 3  # documents that change where a feature stands, and publishers of them
FEATURES = 200_000  # that are counted


@dataclass(frozen=True)
class Change(Round):
    """Where documents change, and every feature that stands there."""

    keeps: ClassVar[tuple[str, ...]] = ("profile",)

    def map(self, batch: Batch, state: State) -> pa.Table:
        """Rows as `_CHANGES`: features beside changes; words of each stratum, with an outcome and without."""
        if not len(state["profile"]):
            return NOTHING
        known = profile.of_table(state["profile"])
        read, bounds = features.reading(batch, known), sketches.document_words(batch)[1]
        cells, rows = strata.strata(read, bounds, known), batch.documents["row"].to_numpy()
        follows = outcomes.everywhere(read, bounds, known)
        found = outcomes.strongest(outcomes.runs(follows, bounds), AT_ONCE)
        value, which = mined.beside(read, known, bounds, found, BEFORE, BEHIND)
        told = [
            cells.words().with_columns(row=pl.lit(rows[0])),
            cells.hits(follows).with_columns(row=pl.lit(rows[0])),
            pl.DataFrame(
                {
                    "row": rows[found.document[which]],
                    "feature": value,
                    "partition": partition_of(value),
                    "publisher": mined.origins(batch)[1][found.document[which]],
                }
            ).unique(["row", "feature"]),
        ]
        table = pl.concat([_CHANGES, *told], how="diagonal_relaxed").with_columns(pl.col("partition").fill_null(0))
        return table.sort("row", "feature", "stratum", "kind", "level").to_arrow()

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """Features with changes in several documents; words of each stratum, and those at which noise follows."""
        frame = pl.DataFrame(rows)
        found = frame.filter(pl.col("feature").is_not_null()).select("feature", "publisher")
        # A document tells each feature once.
        several = found["feature"].value_counts(name="documents").filter(pl.col("documents") >= FEWEST)
        found = (
            found.join(several, on="feature")
            .group_by("feature")
            .agg(
                documents=pl.col("documents").first().cast(pl.Int64),
                publishers=pl.col("publisher").n_unique(),
                known=(pl.col("publisher") > 0).all(),
            )
            .filter(~pl.col("known") | (pl.col("publishers") >= SPREAD))
        )
        cells = frame.filter(pl.col("feature").is_null()).group_by("stratum", "kind", "level")
        counted = cells.agg(pl.col("words").sum())
        both = pl.concat([found.drop("publishers", "known"), counted], how="diagonal")
        return both.sort("feature", "stratum", "kind", "level").to_arrow()

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`wanted`: feature; `strata`: see `strata.rates`."""
        if "feature" not in reduced.column_names:
            nothing = strata.rates(_CHANGES, _CHANGES)
            return {"wanted": WANTED, "strata": nothing.to_arrow()}
        frame = pl.DataFrame(reduced)
        found = frame.filter(pl.col("feature").is_not_null()).sort(["documents", "feature"], descending=[True, False])
        left = max(len(found) - FEATURES, 0)
        counted = frame.filter(pl.col("feature").is_null())
        words, hits = (counted.filter(pl.col("kind").is_null() == every) for every in (True, False))
        return {
            "wanted": found.head(FEATURES).select("feature", "documents").sort("feature").to_arrow(),
            "strata": strata.rates(words, hits).to_arrow(),
            "limits": limits(Limit("features beside changes that are counted", FEATURES, left, "features")),
        }


_CHANGES = pl.DataFrame(
    schema={
        "row": pl.UInt64, "partition": pl.UInt32, "feature": pl.UInt64, "publisher": pl.UInt64, "stratum": pl.UInt32,
        "kind": pl.Int64, "level": pl.Int64, "words": pl.Int64,
    }
)  # fmt: skip


@dataclass(frozen=True)
class Count(Weigh):
    """Every occurrence of these features, with a change or without; the test of each."""

    share: float
    p_value: float

    def occurrences(
        self, read: Reading, bounds: Offsets, known: Profile, wanted: Hashes, passing: tuple[Hashes, Any], batch: Batch
    ) -> pl.DataFrame:
        """Columns: row, feature, and those of `mined.occurrences`."""
        told = mined.occurrences(read, bounds, known, features.among(wanted, *passing), batch)
        return told.with_columns(feature=pl.Series(wanted[told["which"].to_numpy()])).drop("which")

    def tested(self, told: pl.DataFrame, state: State) -> pl.DataFrame:
        """Those with more changes than chance."""
        return trials.tested(told, pl.DataFrame(state["strata"]), self.share, self.p_value)

    def grouped(self, found: pl.DataFrame, tests: int, context: Context) -> tuple[pl.DataFrame, pl.DataFrame, int]:
        """As `triggers.grouped` tells them."""
        return triggers.grouped(found, pl.DataFrame(context.state["strata"]), tests, self.share, GROUPS, CARRIERS)


@dataclass(frozen=True)
class Show(Shown):
    """The carriers: where the trigger stands in each, and what follows."""

    def map(self, batch: Batch, state: State) -> pa.Table:
        """One row per trigger of a document, as `triggers.CARRIERS`."""
        known = profile.of_table(state["profile"])
        read, bounds = features.reading(batch, known), sketches.document_words(batch)[1]
        wanted = state["wanted"]["feature"].to_numpy()
        found = features.places(read, known, wanted)
        of = vectors.blocks(read.number, bounds, known.vectors)
        bits = changes.bits(read.hashes, read.rarity, of, bounds, known)
        inside = outcomes.inside(read, bounds, known, found)
        stands = mined.standing(bounds, found, outcomes.at(inside, bounds, known, found))
        return triggers.carriers(batch, read, bounds, stands, bits, wanted)

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """Groups with their titles, members and hits."""
        if "text" not in reduced.column_names:
            reduced = pa.table({})
        return triggers.concluded(pl.DataFrame(reduced), pl.DataFrame(context.state["groups"]))


@dataclass(frozen=True)
class TriggerMining(Detector):
    """Finds triggers that nobody described: words or signs after which, in many documents, text turns into noise."""

    name: ClassVar[str] = NAME
    share: float = 0.5  # of a trigger's documents that change where it stands
    p_value: float = 0.05

    @property
    def rounds(self) -> tuple[Round, ...]:
        """Learn from a sample, find changes, count features, look at carriers."""
        return (Sample(), Change(), Rare(self.share), Count(self.share, self.p_value), Show())

    def title(self, rule: str) -> str:
        """What a hit is called."""
        return "A trigger, and what follows it"
