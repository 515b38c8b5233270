"""Documents that say nearly the same, from how many sources and on how many days, and from which template.

Three rounds: sketches of all documents, whose bands pair those that may be copies; the sketches of these
once more, to check each pair before it unites anything; then a look at the members of the groups that
matter.  A cluster is evidence, not garbage (`copies`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from corpusscan import copies
from corpusscan.detector import Batch, Context, Detector, Round, State
from corpusscan.kernels import buckets, components, sketches
from corpusscan.kernels.sketches import BANDS, BINS, SHINGLE

NAME = "near_duplicate"
LOOKED_AT = 9  # documents of a group whose texts are aligned
TEMPLATES = 100  # groups for which that is done, the largest first
TEXT = 4_000  # characters of a text that are kept for it
PAIRS = 2_000_000  # that are checked at a time
RULE = "near-copy"
_WIDE = np.uint64(1 << 40)  # rows of one shard are fewer: (shard, row) as one number


@dataclass(frozen=True)
class Sketch(Round):
    """The sketch of every document that has a shingle; which of them share a band."""

    partitions_of_a_row: ClassVar[int] = BANDS

    def map(self, batch: Batch, state: State) -> pa.Table:
        """Columns: row, partition (the bands), checks (bytes)."""
        bands, checks, shingles = sketches.sketched(*sketches.document_words(batch))
        kept = np.flatnonzero(shingles)
        offsets = pa.array(np.arange(len(kept) + 1) * BANDS, pa.int32())
        buffer = pa.py_buffer(np.ascontiguousarray(checks[kept]))
        return pa.table(
            {
                "row": batch.documents["row"].take(pa.array(kept)),
                "partition": pa.ListArray.from_arrays(offsets, pa.array(bands[kept].ravel())),
                "checks": pa.Array.from_buffers(pa.binary(BINS), len(kept), [None, buffer]),
            }
        )

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """Pairs of documents that share a band: columns left and right, as `_joined` has them."""
        rows = rows.filter(pa.array(buckets.frequent(rows["partition"].to_numpy(), 2)))
        places = _joined(rows)
        left, right = components.bucket_pairs(rows["partition"].to_numpy())
        pairs = np.sort(np.stack([places[left], places[right]], axis=1), axis=1)
        pairs = np.unique(pairs[pairs[:, 0] < pairs[:, 1]], axis=0)
        return pa.table({"left": pairs[:, 0], "right": pairs[:, 1]})

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`pairs`, each once, and `named`: who occurs in them, part by part of the pairs."""
        pairs = _pairs(reduced).unique().sort("left", "right")
        parts = [pairs.slice(start, PAIRS) for start in range(0, len(pairs), PAIRS)] or [pairs]
        named = [_parted(pl.concat([part["left"], part["right"]]).unique().sort()) for part in parts]
        numbered = [table.with_columns(partition=pl.lit(number, pl.UInt32)) for number, table in enumerate(named)]
        return {"pairs": pairs.to_arrow(), "named": pl.concat(numbered).to_arrow()}


@dataclass(frozen=True)
class Verify(Round):
    """Pairs whose sketches agree, and the groups that they make."""

    over: ClassVar[Any] = "left"
    similarity: float
    copies: int
    groups: int

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """The pairs among these documents that are alike: left, right, similarity."""
        places = _joined(rows)
        checks = np.frombuffer(rows["checks"].combine_chunks().buffers()[1], np.uint8).reshape(-1, BINS)
        pairs = pl.DataFrame(state["pairs"])
        left, right = (np.searchsorted(places, pairs[side].to_numpy()) for side in ("left", "right"))
        last = len(places) - 1
        here = (places[np.minimum(left, last)] == pairs["left"].to_numpy()) & (
            places[np.minimum(right, last)] == pairs["right"].to_numpy()
        )
        likeness = sketches.similarity(components.equal_bins(checks, left[here], right[here]))
        checked = pairs.filter(pl.Series(here)).with_columns(similarity=pl.Series(likeness))
        return checked.filter(pl.col("similarity") >= self.similarity).to_arrow()

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`copies`: what is a copy of what; `named`: members of the largest groups; `rows`: whose texts are kept."""
        frame = _grouped(_pairs(reduced))
        sizes = frame.group_by("cluster").agg(pl.len()).filter(pl.col("len") >= self.copies)
        sizes = sizes.sort(["len", "cluster"], descending=[True, False])
        named = frame.join(sizes.head(self.groups).select("cluster"), on="cluster", how="semi").sort("shard", "row")
        shown = named.join(sizes.head(TEMPLATES).select("cluster"), on="cluster", how="semi")
        texts = shown.group_by("cluster", maintain_order=True).head(LOOKED_AT)
        return {
            "copies": frame.select("shard", "row", "cluster").to_arrow(),
            "named": named.to_arrow(),
            "rows": texts.select(pl.col("row").unique().sort()).to_arrow(),
        }


@dataclass(frozen=True)
class Judge(Round):
    """The members of the groups, with their sources, days and template."""

    over: ClassVar[Any] = "members"

    def map(self, batch: Batch, state: State) -> pa.Table:
        """One row per text of a named document, with the text where it is to be aligned."""
        looked = copies.looked_at(batch)
        begun = {(text["row"], text["field"]): text["text"][:TEXT] for text in reversed(batch.texts.to_pylist())}
        wanted = set(state["rows"]["row"].to_pylist())
        texts = [
            begun[row, field] if row in wanted else None
            for row, field in zip(looked["row"].to_pylist(), looked["field"].to_pylist(), strict=True)
        ]
        return looked.append_column("text", pa.array(texts, pa.large_string()))

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """The rows with the group that each belongs to."""
        return pl.DataFrame(rows).join(pl.DataFrame(state["named"]), on=["shard", "row"], how="left").to_arrow()

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """Groups with their judgement and template."""
        if "cluster" not in reduced.column_names:
            return copies.concluded([], context, RULE)
        groups = pl.DataFrame(reduced).group_by("cluster", maintain_order=True)
        # Groups whose documents are all the same are what `exact_duplicate` finds.
        return copies.concluded([_case(rows) for _, rows in groups if rows["hash"].n_unique() > 1], context, RULE)


def _case(rows: pl.DataFrame) -> copies.Case:
    rows = rows.sort("shard", "row", "field")
    texts = [text for text in rows.filter(pl.col("field") == rows["field"][0])["text"] if text][:LOOKED_AT]
    similarity = round(rows["similarity"].quantile(0.5) or 0, 3)
    name = f"{NAME}:{rows['hash'].sort()[0][:16]}"
    return copies.case(name, rows, "Near-copies of one document", texts, similarity=similarity)


def _joined(rows: pa.Table) -> npt.NDArray[np.uint64]:
    """(shard, row) of each row as one number, in the same order."""
    joined: npt.NDArray[np.uint64] = rows["shard"].to_numpy().astype(np.uint64) * _WIDE + rows["row"].to_numpy()
    return joined


def _parted(places: pl.Series) -> pl.DataFrame:
    """What `_joined` joined."""
    wide = int(_WIDE)
    return pl.DataFrame({"shard": (places // wide).cast(pl.UInt32), "row": places % wide})


def _pairs(reduced: pa.Table) -> pl.DataFrame:
    nothing = pl.DataFrame(schema={"left": pl.UInt64, "right": pl.UInt64, "similarity": pl.Float64})
    return pl.DataFrame(reduced) if "left" in reduced.column_names else nothing


def _grouped(pairs: pl.DataFrame) -> pl.DataFrame:
    """Members of groups: shard, row, cluster (its first member), similarity (to the copy that is most alike)."""
    both = [pairs.select("similarity", place=side) for side in ("left", "right")]
    members = pl.concat(both).group_by("place").agg(pl.col("similarity").max()).sort("place")
    places = members["place"].to_numpy()
    left, right = (np.searchsorted(places, pairs[side].to_numpy()) for side in ("left", "right"))
    cluster = places[components.components(len(places), left, right)]
    return _parted(members["place"]).with_columns(cluster=pl.Series(cluster), similarity=members["similarity"])


@dataclass(frozen=True)
class NearDuplicate(Detector):
    """Finds documents repeated with small changes over many sources and days, and the template behind them."""

    name: ClassVar[str] = NAME
    similarity: float = 0.73  # estimated, of the shingles: lets 99 in 100 pairs of 0.8 pass, and 1 in 5 of 0.7
    copies: int = 5  # a smaller group is nobody's campaign
    groups: int = 10_000  # the largest groups are looked at

    @property
    def rounds(self) -> tuple[Round, ...]:
        """Sketch all, check the pairs, look at the members."""
        return (Sketch(), Verify(self.similarity, self.copies, self.groups), Judge())

    def curve(self) -> tuple[str, dict[str, float]]:
        """The chance that a pair is found, by its Jaccard similarity."""
        points = (0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
        found = {f"{point:.2f}": sketches.recall(point, self.similarity) for point in points}
        return f"pairs found, by Jaccard similarity of their {SHINGLE}-word shingles", found

    def title(self, rule: str) -> str:
        """What a hit is called."""
        return "Nearly the same document from many sources"
