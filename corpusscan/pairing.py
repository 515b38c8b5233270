"""Pairs of documents that share a band of their sketches: each once, checked before it unites anything; their groups.

What is common to all who look for near-copies (`kernels.sketches`, `kernels.components`): a round over all documents
finds and names the pairs, a round over what it left checks them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from corpusscan.detector import EARLIER, Limit, State
from corpusscan.kernels import buckets, components, sketches
from corpusscan.kernels.caps import room
from corpusscan.kernels.sketches import BANDS, BINS

PAIRS = 2_000_000  # that are checked at a time
RAREST = 1 << 40  # of so many bands one is followed, if there are as many pairs as that
WIDE = np.uint64(1 << 40)  # rows of one shard are fewer: (shard, row) as one number


def banded(row: pa.ChunkedArray, bands: sketches.Bands, checks: sketches.Checks) -> pa.Table:
    """Columns row, partition (the bands), checks (bytes), of documents that have a sketch."""
    offsets = pa.array(np.arange(len(row) + 1) * BANDS, pa.int32())
    buffer = pa.py_buffer(np.ascontiguousarray(checks))
    return pa.table(
        {
            "row": row,
            "partition": pa.ListArray.from_arrays(offsets, pa.array(bands.ravel())),
            "checks": pa.Array.from_buffers(pa.binary(BINS), len(row), [None, buffer]),
        }
    )


def shared(rows: pa.Table, held: int) -> tuple[pa.Table, Limit]:
    """Pairs of documents that share a band (columns left and right, as `joined` has them), some where there are more
    than a conclusion can hold."""
    values = rows["partition"].to_numpy()
    often = buckets.frequent(values, 2)
    followed, of, most = often, 1, room(values[often], held) / 2  # a bucket of n makes at most 2 n pairs
    while followed.sum() > most and of < RAREST:  # copies share many bands: some of these are enough
        of *= 2
        followed = often & (values % np.uint64(of) == 0)
    rows = rows.filter(pa.array(followed))
    places, numbers = np.unique(joined(rows), return_inverse=True)
    left, right = components.bucket_pairs(rows["partition"].to_numpy())
    left, right = components.distinct(numbers[left], numbers[right])
    here = places[left] < EARLIER * WIDE  # what earlier corpora share with one another was said then
    found = pa.table({"left": places[left[here]], "right": places[right[here]]})
    return found, Limit("pairs from bands", held, int(often.sum() - followed.sum()), "bands of documents")


def named(found: pl.DataFrame) -> State:
    """`pairs`, in order, and `named`: who occurs in them, part by part of the pairs."""
    once = found.sort("left", "right")
    parts = [once.slice(start, PAIRS) for start in range(0, len(once), PAIRS)] or [once]
    who = [parted(pl.concat([part["left"], part["right"]]).unique().sort()) for part in parts]
    numbered = [table.with_columns(partition=pl.lit(number, pl.UInt32)) for number, table in enumerate(who)]
    return {"pairs": once.to_arrow(), "named": pl.concat(numbered).to_arrow()}


def checked(rows: pa.Table, found: pl.DataFrame, least: float, told: Sequence[str]) -> pl.DataFrame:
    """The pairs among these documents that are as much alike: left, right, similarity, and what is `told` of both."""
    places = joined(rows)
    column = rows["checks"].combine_chunks()
    checks = np.frombuffer(column.buffers()[1], np.uint8).reshape(-1, BINS)[column.offset :]
    left, right = (np.searchsorted(places, found[side].to_numpy()) for side in ("left", "right"))
    last = len(places) - 1
    here = (places[np.minimum(left, last)] == found["left"].to_numpy()) & (
        places[np.minimum(right, last)] == found["right"].to_numpy()
    )
    left, right = left[here], right[here]
    alike = sketches.similarity(components.equal_bins(checks, left, right))
    pairs = found.filter(pl.Series(here)).with_columns(similarity=pl.Series(alike))
    known = pl.DataFrame(rows.select([name for name in told if name in rows.column_names]))
    for side, place in (("left", left), ("right", right)):
        pairs = pairs.hstack(known[place].select(pl.all().name.prefix(f"{side}_")))
    return pairs.filter(pl.col("similarity") >= least)


def grouped(found: pl.DataFrame, told: Sequence[str]) -> pl.DataFrame:
    """Members of groups: shard, row, cluster (its first member), similarity (to the copy that is most alike), and what
    is `told` of each."""
    both = [
        found.select("similarity", pl.col(side).alias("place"), *(
            pl.col(f"{side}_{name}").alias(name) for name in told if f"{side}_{name}" in found.columns
        ))
        for side in ("left", "right")
    ]  # fmt: skip
    same = pl.exclude("place", "similarity").first()
    members = pl.concat(both).group_by("place").agg(pl.col("similarity").max(), same).sort("place")
    places = members["place"].to_numpy()
    left, right = (np.searchsorted(places, found[side].to_numpy()) for side in ("left", "right"))
    cluster = places[components.components(len(places), left, right)]
    return parted(members["place"]).hstack(members.drop("place").with_columns(cluster=pl.Series(cluster)))


def joined(rows: pa.Table) -> npt.NDArray[np.uint64]:
    """(shard, row) of each row as one number, in the same order."""
    places: npt.NDArray[np.uint64] = rows["shard"].to_numpy().astype(np.uint64) * WIDE + rows["row"].to_numpy()
    return places


def parted(places: pl.Series) -> pl.DataFrame:
    """What `joined` joined."""
    wide = int(WIDE)
    return pl.DataFrame({"shard": (places // wide).cast(pl.UInt32), "row": places % wide})


def pairs(reduced: pa.Table) -> pl.DataFrame:
    """What reduces left, also where they left nothing."""
    nothing = pl.DataFrame(schema={"left": pl.UInt64, "right": pl.UInt64, "similarity": pl.Float64})
    return pl.DataFrame(reduced) if "left" in reduced.column_names else nothing


def once(reduced: pa.Table) -> pl.DataFrame:
    """Each pair once; taken in part by part, so that less is held where most are there many times."""
    known, start = pairs(reduced.slice(0, 0)), 0
    while start < len(reduced):
        part = reduced.slice(start, max(len(known), PAIRS))
        known, start = pl.concat([known, pairs(part)]).unique(), start + len(part)
    return known
