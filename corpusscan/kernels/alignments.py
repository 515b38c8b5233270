"""Which documents are roughly alike, from fingerprints of letters that two of them share, and the groups they make.

Fingerprints that lie at one distance in two texts are one alignment, as in sequence comparison (Altschul et al.,
J. Mol. Biol. 1990; Li, minimap2, Bioinformatics 2018).  Copies that were altered letter by letter share many short
stretches all along; what is quoted word for word, or is a formula, shares a few long ones.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from numba import njit

from corpusscan.kernels import buckets, components
from corpusscan.kernels.letters import RUN

DRIFT = 256  # letters by which places in two copies may differ more at the end than at the beginning
APART = 24  # letters between fingerprints that are no longer of one stretch
STRETCHES, TOGETHER = 3, 4  # that two copies share, and that one shares with all others of a group
WORDY = 24  # letters of a stretch beside `RUN`, on average: where more are left, words are, too
MOVES = 2  # letters by which the distance changes where some were left out or put in; what is quoted keeps it
LOOSE, LOOSER = 12, 20  # letters by which it may change, and letters for each one more
STEADY, BRIEF = 4, 8  # stretches, and letters of one beside `RUN`, where the distance stays
SPARSE = 200  # letters for each stretch, at most
SPAN = 150  # letters from the first to the last
OVERLAP = 0.5  # of the shorter of two passages, if they are to be the same
OF_ONE = 8  # groups of which one document is at most, before others join them
_STEP = np.uint64(0x9E3779B97F4A7C15)
_PLACES = np.uint64((1 << 24) - 1)

Indices = npt.NDArray[np.int64]
Places = npt.NDArray[np.int32]


class Stretches(NamedTuple):
    """What each group of shared fingerprints is like."""

    row: Indices  # one of its fingerprints
    stretches: Indices  # fingerprints that lie apart
    extent: Indices  # from the first to the last fingerprint of each stretch, summed
    first: Indices  # place of the first,
    last: Indices  # and of the last
    least: Indices  # shift of any,
    most: Indices


def groups(shared: pl.DataFrame) -> pl.DataFrame:
    """Documents in groups of rough copies: cluster, place, and the first and the last letter that is shared.

    `shared`: fingerprints that documents have in common: left, right (their places, uint64), at (the letter in the
    left one) and shift (that in the right one minus it), both int32.  A document is in `OF_ONE` groups at most.
    """
    members = _members(_alike(shared)).sort("place", "cluster").group_by("place", maintain_order=True).head(OF_ONE)
    return _with_others(members, shared)


def stretches(group: npt.NDArray[np.uint64], at: Places, shift: Places) -> Stretches:
    """Fingerprints at letters `at`, with their shift in the other text, by group, of which the upper 40 bits count."""
    key = group & ~_PLACES | at.astype(np.uint64)
    order = np.argsort(key)
    number = key[order] & ~_PLACES
    begins = np.flatnonzero(np.append(True, number[1:] != number[:-1])[: len(order)])
    return Stretches(*_stretches(order, np.append(begins, len(order)), at, shift))


@njit(cache=True, nogil=True)
def _stretches(order, begins, at, shift):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    told = np.empty((7, len(begins) - 1), np.int64)
    for group in range(len(begins) - 1):
        first, last = order[begins[group]], order[begins[group + 1] - 1]
        count, gaps, before, least, most = 1, 0, at[first], shift[first], shift[first]
        for i in range(begins[group] + 1, begins[group + 1]):
            row = order[i]
            if at[row] - before > APART:
                count, gaps = count + 1, gaps + at[row] - before
            before, least, most = at[row], min(least, shift[row]), max(most, shift[row])
        told[0, group], told[1, group], told[2, group] = first, count, at[last] - at[first] - gaps
        told[3, group], told[4, group], told[5, group], told[6, group] = at[first], at[last], least, most
    return told


def _enough(found: Stretches, least: int) -> npt.NDArray[np.bool_]:
    """What is long enough, has enough stretches on its length, and is not quoted word for word."""
    span = found.last - found.first + RUN
    enough = (found.stretches >= least) & (found.extent <= WORDY * found.stretches)
    return enough & (span >= SPAN) & (found.stretches * SPARSE >= span)


def _alike(shared: pl.DataFrame) -> pl.DataFrame:
    """Pairs of documents that share enough: left, right, and of both from which letter to which (_first, _last)."""
    left, right, at, shift = (shared[name].to_numpy() for name in ("left", "right", "at", "shift"))
    drift = (shift + DRIFT // 2) // DRIFT  # most copies begin alike, so no border is at 0
    pair = ((left * _STEP + right) * _STEP + drift.astype(np.uint64)) * _STEP
    several = np.flatnonzero(buckets.frequent(pair, STRETCHES))
    found = stretches(pair[several], at[several], shift[several])
    moved = found.most - found.least
    steady = (found.stretches >= STEADY) & (found.extent <= BRIEF * found.stretches)
    near = moved <= LOOSE + (found.last - found.first) // LOOSER
    kept = _enough(found, STRETCHES) & near & ((moved >= MOVES) | steady)
    own = several[found.row[kept]]
    first, last, least, most = (values[kept] for values in (found.first, found.last, found.least, found.most))
    return pl.DataFrame(
        {"left": left[own], "right": right[own], "left_first": first, "left_last": last,
         "right_first": first + least, "right_last": last + most}
    )  # fmt: skip


def _members(pairs: pl.DataFrame) -> pl.DataFrame:
    """The documents of pairs that share much the same passage of a document: cluster, place, first, last."""
    numbered = pairs.sort(pairs.columns).with_row_index("pair")
    sides = [numbered.select("pair", place=s, first=f"{s}_first", last=f"{s}_last") for s in ("left", "right")]
    ends = pl.concat(sides).sort("place", "first", "last", "pair")
    size = pl.col("last") - pl.col("first")
    common = pl.min_horizontal("last", pl.col("last").shift(1)) - pl.col("first")
    same = (pl.col("place") == pl.col("place").shift(1)) & (common >= OVERLAP * pl.min_horizontal(size, size.shift(1)))
    near = ends.with_columns(other=pl.col("pair").shift(1)).filter(same)
    one, other = (near[name].to_numpy().astype(np.int64) for name in ("pair", "other"))
    cluster = components.components(len(pairs), one, other)[ends["pair"].to_numpy()]
    ends = ends.with_columns(cluster=pl.Series(cluster, dtype=pl.Int64))
    return ends.group_by("cluster", "place").agg(pl.col("first").min(), pl.col("last").max())


def _with_others(members: pl.DataFrame, shared: pl.DataFrame) -> pl.DataFrame:
    """The groups, with documents that share enough with all members together; groups that are so alike are one."""
    held = _held(members, shared)
    names = members["cluster"].unique().sort()
    one, other = (names.search_sorted(side).to_numpy().astype(np.int64) for side in _same(members, held))
    united = names.to_numpy()[components.components(len(names), one, other)]
    own, others = (
        frame.with_columns(cluster=pl.Series(united[np.searchsorted(names, frame["cluster"])], dtype=pl.Int64))
        for frame in (members, held.select(members.columns))
    )
    others = others.join(own, on=["cluster", "place"], how="anti")  # pairs tell best where a passage ends
    return pl.concat([own, others]).group_by("cluster", "place").agg(pl.col("first").min(), pl.col("last").max())


def _held(members: pl.DataFrame, shared: pl.DataFrame) -> pl.DataFrame:
    """Documents that share enough with the passages of a group: cluster, place, first, last."""
    moved = pl.col("at") + pl.col("shift")
    sides = [
        shared.select(place="left", at="at", of="right", there=moved),
        shared.select(place="right", at=moved, of="left", there="at"),
    ]
    known = members.rename({"place": "of"})
    seen = pl.concat([side.join(known, on="of", how="inner") for side in sides])
    seen = seen.filter(pl.col("there").is_between("first", "last")).select("place", "cluster", "at").unique()
    seen = seen.sort("place", "cluster", "at")
    at, number = seen["at"].to_numpy(), seen.select(pl.struct("place", "cluster").rle_id())["place"].to_numpy()
    found = stretches(number.astype(np.uint64) << np.uint64(24), at, np.zeros(len(at), np.int32))
    kept = _enough(found, TOGETHER)
    held = seen[found.row[kept]].select("place", "cluster")
    return held.with_columns(first=pl.Series(found.first[kept]), last=pl.Series(found.last[kept]))


def _same(members: pl.DataFrame, held: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """Pairs of groups of which one holds half of the documents of the other, for much the same passages of these."""
    both = held.join(members, on="place", how="inner", suffix="_of").filter(pl.col("cluster") != pl.col("cluster_of"))
    common = pl.min_horizontal("last", "last_of") - pl.max_horizontal("first", "first_of")
    shorter = pl.min_horizontal(pl.col("last") - pl.col("first"), pl.col("last_of") - pl.col("first_of"))
    same = both.filter(common >= OVERLAP * shorter).group_by("cluster", "cluster_of").agg(pl.len())
    same = same.join(members.group_by(cluster_of="cluster").agg(size=pl.len()), on="cluster_of")
    same = same.filter(2 * pl.col("len") >= pl.col("size")).sort("cluster", "cluster_of")
    return same["cluster"], same["cluster_of"]
