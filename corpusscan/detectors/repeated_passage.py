"""Passages that stand in many documents which are otherwise unlike, or copies so rough that no sketch pairs them.

Two rounds: fingerprints of all documents; those that recur, and that recur beside one another, make a
passage, and who holds two of them carries it.  Then a look at the carriers: where it stands, in whose
pages, and what varies in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from corpusscan import copies, filters
from corpusscan.detector import EARLIER, Batch, Context, Detector, Limit, Round, State, limited, limits
from corpusscan.kernels import buckets, fingerprints, hashing, sketches
from corpusscan.kernels.caps import room, shares
from corpusscan.kernels.components import Indices
from corpusscan.kernels.fingerprints import PLACE_BITS, PLACES, SHINGLE
from corpusscan.kernels.passages import Recurring
from corpusscan.known import known_of
from corpusscan.quoted import Quoted

NAME = "repeated_passage"
RULE = "repeated-passage"
WORDS = 8  # of a passage: fewer are a phrase
NEAR = 64  # words between fingerprints of one passage
OFTEN = 3  # documents in which two fingerprints are neighbours
BOUND = 0.2  # of the documents with the commoner of the two: a notice beside a passage is not part of it
COMMON = 5_000  # documents: what more of them share is a phrase or a notice, no campaign's
HELD = 12_000_000  # recurring fingerprints of documents that a conclusion takes in, each some 40 bytes
MEMBERS, LOOKED_FOR = 1_000, 100_000  # documents of one group, and of all, that are looked at
FEWEST = 50  # documents of a group that it is judged by, where there are so many and not all can be looked at
FRAME_SHARE = 0.5  # of a page, below which a passage may be its frame
LOOKED_AT = 9  # documents of a group whose passages are aligned
NAMED = 2_000  # characters of a document in which passages of two groups count as one for their names
TEMPLATES = 100  # groups for which that is done, those of most sources first


@dataclass(frozen=True)
class Fingerprint(Round):
    """Fingerprints of every document; which of them recur, and the passages that they make."""

    copies: int
    groups: int
    index: bool = False  # whether there is one
    indexed: ClassVar[bool] = True

    def map(self, batch: Batch, state: State) -> pa.Table:
        """Columns: row, partition (the fingerprints); for an index also `KNOWN`."""
        values, bounds = fingerprints.fingerprints(*sketches.document_words(batch))
        kept = np.diff(bounds) > 0
        offsets = pa.array(np.append(bounds[:-1][kept], bounds[-1]), pa.int32())
        known = known_of(batch) if self.index else {}
        return pa.table(
            {
                "row": batch.documents["row"].filter(pa.array(kept)),
                "partition": pa.ListArray.from_arrays(offsets, pa.array(values)),
                **{name: column.filter(pa.array(kept)) for name, column in known.items()},
            }
        )

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """The fingerprints that recur, once for each document, in their order: shard, row, value (with the place)."""
        least = self.copies - 1
        values, shards, numbers = (rows[name].to_numpy() for name in ("partition", "shard", "row"))
        some = np.flatnonzero(buckets.frequent(values >> np.uint64(PLACE_BITS), least))
        some = some[_of_here(values[some], shards[some])]
        followed, aside = _recurring(values[some], shards[some], numbers[some], least)
        kept = some[followed]
        table = pa.table({"shard": shards[kept], "row": numbers[kept].astype(np.uint32), "value": values[kept]})
        return limited(table, *aside)

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`named`: shard, row of the carriers; `prints`: which passage each fingerprint belongs to; `earlier`: carriers
        that only the index knows; `limits`."""
        reduced = reduced if "value" in reduced.column_names else _NOTHING
        columns = [reduced[name].to_numpy() for name in ("shard", "row", "value")]
        del reduced  # it was copied
        recurring = Recurring(*columns)
        passages = recurring.passages(NEAR, OFTEN, BOUND)
        carried, short, here = _counted(recurring, passages)
        longer = np.floor(copies.LONGER * (carried - 1) + 0.5)  # the place of that quantile, the nearest
        chosen = np.flatnonzero((carried >= self.copies) & (short <= longer) & here)
        chosen = chosen[np.lexsort((chosen, -carried[chosen]))]
        taken = shares(np.minimum(carried[chosen[: self.groups]], MEMBERS), LOOKED_FOR, FEWEST)
        share = np.zeros(len(passages), np.int64)
        share[chosen[: len(taken)]] = taken
        followed = np.flatnonzero(share[passages])
        left = int(carried[chosen[: len(taken)]][taken > 0].sum() - taken.sum())
        named = pl.DataFrame(_named(recurring, passages, share))
        earlier, named = (named.filter((pl.col("shard") >= EARLIER) == then) for then in (True, False))
        return {
            "named": named.select("shard", "row").unique().sort("shard", "row").to_arrow(),
            "earlier": _recalled(earlier, context),
            "prints": pa.table({"print": recurring.prints[followed], "passage": passages[followed]}),
            "limits": limits(
                Limit("documents with passages that are looked at", LOOKED_FOR, left, "documents"),
                Limit("passages that are looked at", self.groups, len(chosen) - int((taken > 0).sum()), "passages"),
            ),
        }


def _of_here(values: fingerprints.Values, shards: Any) -> npt.NDArray[np.bool_]:
    """Which of some fingerprints stand in a document of this corpus: what earlier ones share was said then."""
    here = shards < EARLIER
    if here.all():
        return here  # type: ignore[no-any-return]
    prints = values >> np.uint64(PLACE_BITS)
    return np.isin(prints, np.unique(prints[here]))


def _recalled(carriers: pl.DataFrame, context: Context) -> pa.Table:
    """What is known of carriers (shard, row, passage) of earlier scans: the columns of `_FOUND` that can be told."""
    known = pl.DataFrame(context.earlier(carriers.to_arrow()))
    told = known.select(name for name in ("shard", "row", "source", "time", "hash") if name in known.columns)
    return (carriers.join(told, on=["shard", "row"]) if "row" in told.columns else carriers.clear()).to_arrow()


def _recurring(values: fingerprints.Values, shards: Any, rows: Any, least: int) -> tuple[Indices, tuple[Limit, ...]]:
    """Which of some fingerprints stand in so many documents: of each document the first, by fingerprint; limits."""
    prints = values >> np.uint64(PLACE_BITS)
    order = np.argsort(prints, kind="stable")  # documents and places keep their order
    prints, shards, rows = prints[order], shards[order], rows[order]
    other = np.ones(len(order), bool)  # than the one before
    other[1:] = (prints[1:] != prints[:-1]) | (shards[1:] != shards[:-1]) | (rows[1:] != rows[:-1])
    order, prints = order[other], prints[other]
    begins = np.flatnonzero(np.append(True, prints[1:] != prints[:-1])[: len(prints)])
    counts = np.diff(np.append(begins, len(prints)))
    common = counts > COMMON
    recurs = (counts >= least) & ~common
    followed, of = recurs, 1
    most = room(prints[begins] << np.uint64(PLACE_BITS), HELD)
    while counts[followed].sum() > most and of < 1 << 40:  # then of long passages enough is followed, large or small
        of *= 2
        followed = recurs & (prints[begins] % np.uint64(of) == 0)
    return order[np.repeat(followed, counts)], (
        Limit("documents in which a fingerprint of passages is followed", COMMON, int(common.sum()), "fingerprints"),
        Limit("fingerprints that are followed", HELD, int(recurs.sum() - followed.sum()), "fingerprints"),
    )


_NOTHING = pa.table({"shard": np.zeros(0, np.uint32), "row": np.zeros(0, np.uint32), "value": np.zeros(0, np.uint64)})
_NOBODY = _NOTHING.select(["shard", "row"]).append_column("passage", pa.array([], pa.int64()))


def _counted(recurring: Recurring, passages: Indices) -> tuple[Indices, Indices, npt.NDArray[np.bool_]]:
    """For each passage how many documents carry it, how many of these so few words of it that it is a phrase, and
    whether a document of this corpus does."""
    several = np.bincount(passages, minlength=len(passages)) > 1
    carried, short = np.zeros(len(passages), np.int64), np.zeros(len(passages), np.int64)
    here = np.zeros(len(passages), bool)
    for found in recurring.carriers(passages, several):
        np.add.at(carried, found.passages, 1)
        np.add.at(short, found.passages, found.words < WORDS)
        here[found.passages] |= found.shard < EARLIER
    return carried, short, here


def _named(recurring: Recurring, passages: Indices, share: Indices) -> pa.Table:
    """The first carriers of each passage, as many as `share` says: shard, row and passage."""
    left, named = share.copy(), [_NOBODY]
    for shard, rows, of, _ in recurring.carriers(passages, share > 0):
        order = np.argsort(of, kind="stable")
        begins = np.flatnonzero(np.append(True, np.diff(of[order]) > 0)[: len(of)])
        counts = np.diff(np.append(begins, len(of)))
        within = np.arange(len(of)) - np.repeat(begins, counts) < left[of[order]]
        left[of[order][begins]] -= counts
        chosen = order[within]
        shards = np.full(len(chosen), shard, np.uint32)
        named.append(pa.table({"shard": shards, "row": rows[chosen], "passage": of[chosen]}))
    table = pa.concat_tables(named)
    return table.set_column(1, "row", table["row"].cast(pa.uint64()))


@dataclass(frozen=True)
class Judge(Round):
    """The carriers of the passages: where it stands in each, with sources, days and template."""

    over: ClassVar[Any] = "members"
    copies: int

    def map(self, batch: Batch, state: State) -> pa.Table:
        """One row per passage of a document: `copies.LOOKED_AT`, of the passage, with passage, share and text."""
        hashes, bounds = sketches.document_words(batch)
        values, parts = fingerprints.fingerprints(hashes, bounds)
        known, passage = state["prints"]["print"].to_numpy(), state["prints"]["passage"].to_numpy()
        at = np.minimum(np.searchsorted(known, values >> np.uint64(PLACE_BITS)), max(len(known) - 1, 0))
        rows = []
        texts = Quoted(batch)
        for number, document in enumerate(batch.documents.to_pylist()):
            own = slice(parts[number], parts[number + 1])
            mine = known[at[own]] == values[own] >> np.uint64(PLACE_BITS)
            places = (values[own] & PLACES).astype(np.int64)[mine]
            for one in np.unique(passage[at[own]][mine]):
                first, last = _densest(places[passage[at[own]][mine] == one])
                if last > first:
                    span = slice(bounds[number] + first, min(bounds[number] + last + SHINGLE, bounds[number + 1]))
                    share = (span.stop - span.start) / (bounds[number + 1] - bounds[number])
                    rows.append(texts.row(document, span) | {"passage": int(one), "share": share})
        hash_of = dict(zip(batch.documents["row"].to_pylist(), batch.feature(hashing.content_hashes), strict=True))
        return pa.Table.from_pylist([row | {"hash": hash_of[row["row"]]} for row in rows], schema=_FOUND)

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """The rows; what is known of those that only the index knows."""
        return pl.concat([pl.DataFrame(rows), pl.DataFrame(state["earlier"])], how="diagonal").to_arrow()

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """Groups with their judgement and template; copies of whole documents are other detectors' finding."""
        if "passage" not in reduced.column_names:
            return copies.concluded([], context, RULE)
        found = pl.DataFrame(reduced)
        known = context.sources.documents_of(found["source"].drop_nulls().unique().to_list())
        groups = found.with_columns(own=_own(found, known)).group_by("passage", "own", maintain_order=True)
        several = [rows for _, rows in groups if len(rows) >= self.copies and rows["hash"].n_unique() > 1]
        cases = [rows for rows in several if min(rows["shard"]) < EARLIER]
        cases.sort(key=lambda rows: (rows["source"].n_unique(), len(rows)), reverse=True)
        told = copies.apart(_case(rows, aligned=i < TEMPLATES) for i, rows in enumerate(cases))
        return copies.concluded(told, context, RULE)


_FOUND = pa.schema([*copies.LOOKED_AT, ("passage", pa.int64()), ("share", pa.float64()), ("text", pa.large_string())])


def _own(rows: pl.DataFrame, known: Mapping[str, int]) -> pl.Series:
    """Whether a passage is its source's own text: such copies are judged apart from those of other sources.

    Else whoever puts his text beside what some site says on all its pages would hide among them.
    """
    source, count = pl.col("source"), pl.len().over("passage", "source")
    beside = pl.col("share").median().over("passage", "source") < FRAME_SHARE
    often = pl.when(beside).then(filters.FRAME_OF_A_SOURCE).otherwise(filters.MOST_OF_A_SOURCE)
    most = (count > often) | (2 * count > pl.len().over("passage"))
    of_source = source.replace_strict(known, default=0, return_dtype=pl.Int64)
    return rows.select(own=source.is_not_null() & (2 * count < of_source) & most)["own"]


def _densest(places: Any) -> tuple[int, int]:
    """The first and the last place of the longest run of places near one another."""
    cuts = [0, *(np.flatnonzero(np.diff(places) > NEAR) + 1), len(places)]
    begin, end = max(pairwise(cuts), key=lambda run: run[1] - run[0])
    return int(places[begin]), int(places[end - 1])


def _case(rows: pl.DataFrame, *, aligned: bool) -> copies.Case:
    rows = rows.sort("shard", "row", "field")
    texts = [text for text in rows["text"].head(LOOKED_AT) if text] if aligned else []
    share = round(rows["share"].quantile(0.5) or 0, 3)
    # Named by the document with the least hash and what stands there: the same under another key, or nearly so.
    least = rows.filter(pl.col("shard") < EARLIER).sort("hash", "start").row(0, named=True)
    name = f"{NAME}:{least['hash'][:16]}:{least['start'] // NAMED}"
    return copies.case(name, rows, "A passage in many documents", texts, share_of_document=share)


@dataclass(frozen=True)
class RepeatedPassage(Detector):
    """Finds passages repeated, also roughly, in documents of many sources that are otherwise unlike."""

    name: ClassVar[str] = NAME
    copies: int = 5  # a passage of fewer documents is nobody's campaign
    groups: int = 10_000  # the largest groups are looked at
    index: bool = False  # whether documents of earlier scans are compared with, too

    @property
    def rounds(self) -> tuple[Round, ...]:
        """Fingerprint all, look at the carriers."""
        return (Fingerprint(self.copies, self.groups, self.index), Judge(self.copies))

    def title(self, rule: str) -> str:
        """What a hit is called."""
        return "The same passage in documents of many sources"
