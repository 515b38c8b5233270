"""Passages that stand in many documents which are otherwise unlike, or copies so rough that no sketch pairs them.

Two rounds: fingerprints of all documents; those that recur, and that recur beside one another, make a
passage, and who holds two of them carries it.  Then a look at the carriers: where it stands, in whose
pages, and what varies in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import count, pairwise
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pyarrow as pa

from corpusscan import copies, filters
from corpusscan.detector import Batch, Context, Detector, Round, State
from corpusscan.kernels import buckets, components, fingerprints, folding, hashing, sketches, words
from corpusscan.kernels.excerpts import excerpt
from corpusscan.kernels.fingerprints import PLACE_BITS, PLACES, SHINGLE

NAME = "repeated_passage"
RULE = "repeated-passage"
WORDS = 8  # of a passage: fewer are a phrase
NEAR = 64  # words between fingerprints of one passage
OFTEN = 3  # documents in which two fingerprints are neighbours
BOUND = 0.2  # of the documents with the commoner of the two: a notice beside a passage is not part of it
COMMON = 5_000  # documents: what more of them share is a phrase or a notice, no campaign's
RECURRING = 1_000_000  # fingerprints of a partition that are followed
MEMBERS, LOOKED_FOR = 1_000, 100_000  # documents of one group, and of all, that are looked at
FRAME_SHARE = 0.5  # of a page, below which a passage may be its frame
EDGE = 100  # characters beside a passage that may be of it: its first and last words are seldom sampled
TEXT = 4_000  # characters of a passage that are kept
LOOKED_AT = 9  # documents of a group whose passages are aligned
NAMED = 2_000  # characters of a document in which passages of two groups count as one for their names
TEMPLATES = 100  # groups for which that is done, those of most sources first


@dataclass(frozen=True)
class Fingerprint(Round):
    """Fingerprints of every document; which of them recur, and the passages that they make."""

    copies: int
    groups: int
    partitions_of_a_row: ClassVar[int] = 128  # on average, for pages of some 500 words

    def map(self, batch: Batch, state: State) -> pa.Table:
        """Columns: row, partition (the fingerprints)."""
        values, bounds = fingerprints.fingerprints(*sketches.document_words(batch))
        kept = np.diff(bounds) > 0
        offsets = pa.array(np.append(bounds[:-1][kept], bounds[-1]), pa.int32())
        return pa.table(
            {
                "row": batch.documents["row"].filter(pa.array(kept)),
                "partition": pa.ListArray.from_arrays(offsets, pa.array(values)),
            }
        )

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """The fingerprints that recur, once for each document: shard, row, print, place."""
        least = self.copies - 1
        values = rows["partition"].to_numpy()
        some = np.flatnonzero(buckets.frequent(values >> np.uint64(PLACE_BITS), least))
        kept = some[_recurring(values[some], rows["shard"].to_numpy()[some], rows["row"].to_numpy()[some], least)]
        return pa.table(
            {
                "shard": rows["shard"].to_numpy()[kept],
                "row": rows["row"].to_numpy()[kept],
                "print": values[kept] >> np.uint64(PLACE_BITS),
                "place": values[kept] & PLACES,
            }
        )

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`named`: shard, row of the carriers; `prints`: which passage each fingerprint belongs to."""
        frame = pl.DataFrame(reduced) if "print" in reduced.column_names else _NOTHING
        frame = frame.sort("shard", "row", "place")
        prints = frame["print"].unique().sort()
        here = np.searchsorted(prints.to_numpy(), frame["print"].to_numpy())
        left, right = _neighbours(frame, here)
        passage = components.components(len(prints), left, right)
        frame = frame.with_columns(passage=pl.Series(passage[here], dtype=pl.Int64))
        words = pl.col("place").max() - pl.col("place").min() + SHINGLE
        carried = frame.group_by("passage", "shard", "row").agg(pl.len(), words=words).filter(pl.col("len") >= 2)
        sizes = carried.group_by("passage").agg(pl.len(), pl.col("words").quantile(copies.LONGER))
        sizes = sizes.filter((pl.col("len") >= self.copies) & (pl.col("words") >= WORDS))
        sizes = sizes.sort(["len", "passage"], descending=[True, False]).head(self.groups)
        sizes = sizes.filter(pl.col("len").clip(upper_bound=MEMBERS).cum_sum() <= LOOKED_FOR)
        carried = carried.join(sizes.select("passage"), on="passage", how="semi").sort("passage", "shard", "row")
        carried = carried.group_by("passage", maintain_order=True).head(MEMBERS)
        of = pl.DataFrame({"print": prints, "passage": passage}).join(sizes.select("passage"), on="passage", how="semi")
        return {
            "named": carried.select("shard", "row").unique().sort("shard", "row").to_arrow(),
            "prints": of.sort("print").to_arrow(),
        }


def _recurring(values: fingerprints.Values, shards: Any, rows: Any, least: int) -> components.Indices:
    """Which of some fingerprints stand in so many documents: of each document the first, by fingerprint."""
    prints = values >> np.uint64(PLACE_BITS)
    order = np.argsort(prints, kind="stable")  # documents and places keep their order
    prints, shards, rows = prints[order], shards[order], rows[order]
    other = np.ones(len(order), bool)  # than the one before
    other[1:] = (prints[1:] != prints[:-1]) | (shards[1:] != shards[:-1]) | (rows[1:] != rows[:-1])
    order, prints = order[other], prints[other]
    begins = np.flatnonzero(np.append(True, prints[1:] != prints[:-1])[: len(prints)])
    counts = np.diff(np.append(begins, len(prints)))
    followed = counts * ((counts >= least) & (counts <= COMMON))
    while followed.sum() > RECURRING:  # where nearly all recurs, only what recurs most is followed
        least *= 2
        followed *= followed >= least
    return order[np.repeat(followed > 0, counts)]


_NOTHING = pl.DataFrame(schema={"shard": pl.UInt32, "row": pl.UInt64, "print": pl.UInt64, "place": pl.UInt64})


def _neighbours(frame: pl.DataFrame, here: components.Indices) -> tuple[components.Indices, components.Indices]:
    """Pairs of fingerprints that stand near one another in at least `OFTEN` documents."""
    follows = frame.select(
        near=(pl.col("shard") == pl.col("shard").shift(-1))
        & (pl.col("row") == pl.col("row").shift(-1))
        & (pl.col("place").shift(-1) - pl.col("place") <= NEAR)
    )["near"].fill_null(False).to_numpy()[: max(len(here) - 1, 0)]  # fmt: skip
    one, other = here[:-1][follows], here[1:][follows]
    pairs = pl.DataFrame({"left": np.minimum(one, other), "right": np.maximum(one, other)})
    of_print = np.bincount(here, minlength=1)
    commoner = np.maximum(of_print[pairs["left"].to_numpy()], of_print[pairs["right"].to_numpy()])
    counted = pairs.with_columns(commoner=commoner).group_by("left", "right", "commoner").agg(pl.len())
    bound = (pl.col("len") >= OFTEN) & (pl.col("len") >= BOUND * pl.col("commoner"))
    often = counted.filter(bound).sort("left", "right")
    return often["left"].to_numpy(), often["right"].to_numpy()


@dataclass(frozen=True)
class Judge(Round):
    """The carriers of the passages: where it stands in each, with sources, days and template."""

    over: ClassVar[Any] = "members"
    copies: int

    def map(self, batch: Batch, state: State) -> pa.Table:
        """One row per passage of a document: `copies.LOOKED_AT`, of the passage, with passage, share and text."""
        found = batch.feature(words.words)
        hashes, bounds = sketches.document_words(batch)
        values, parts = fingerprints.fingerprints(hashes, bounds)
        known, passage = state["prints"]["print"].to_numpy(), state["prints"]["passage"].to_numpy()
        at = np.minimum(np.searchsorted(known, values >> np.uint64(PLACE_BITS)), max(len(known) - 1, 0))
        rows = []
        texts = _Texts(batch, found)
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

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """Groups with their judgement and template; copies of whole documents are other detectors' finding."""
        if "passage" not in reduced.column_names:
            return copies.concluded([], context, RULE)
        found = pl.DataFrame(reduced)
        known = context.sources.documents_of(found["source"].drop_nulls().unique().to_list())
        groups = found.with_columns(own=_own(found, known)).group_by("passage", "own", maintain_order=True)
        cases = [rows for _, rows in groups if len(rows) >= self.copies and rows["hash"].n_unique() > 1]
        cases.sort(key=lambda rows: (rows["source"].n_unique(), len(rows)), reverse=True)
        told: dict[str, copies.Case] = {}
        for i, rows in enumerate(cases):
            case = _case(rows, aligned=i < TEMPLATES)
            name = next(name for n in count() if (name := f"{case.name}+{n}" if n else case.name) not in told)
            told[name] = replace(case, name=name)
        return copies.concluded([*told.values()], context, RULE)


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


class _Texts:
    """The texts of a batch, in which words are found again."""

    def __init__(self, batch: Batch, found: words.Words) -> None:
        self.batch, self.found = batch, found
        self.texts = batch.texts["text"].combine_chunks()
        self.number, self.text, self.places = -1, "", np.zeros(0, np.int32)

    def row(self, document: dict[str, Any], span: slice) -> dict[str, Any]:
        """The words `span` of the batch as a span of the text in which they begin."""
        self._open(int(np.searchsorted(self.found.bounds, span.start, side="right")) - 1)
        whole = span.stop >= self.found.bounds[self.number + 1]
        begin = int(self.places[self.found.begins[span.start]])
        end = len(self.text) if whole else int(self.places[self.found.begins[span.stop]])
        said = self.text[begin:end].rstrip()
        near = self.text[max(begin - EDGE, 0) : end + EDGE]
        shown, *mark = excerpt(self.text, begin, begin + len(said))
        start = self.batch.texts["start"][self.number].as_py() + begin
        return {
            "row": document["row"], "field": self.batch.texts["field"][self.number].as_py(),
            "start": start, "end": start + len(said), "tokens": None, "excerpt": shown, "mark": str(mark),
            "stories": filters.stories_of_text(near, document["source"]), "source": document["source"],
            "time": document["time"], "bytes": len(said.encode()), "text": said[:TEXT],
        }  # fmt: skip

    def _open(self, number: int) -> None:
        """A long text may hold many passages: it is decoded once."""
        if number != self.number:
            self.number, self.text = number, self.texts[number].as_py()
            self.places = folding.code_points(self.text.encode())


def _case(rows: pl.DataFrame, *, aligned: bool) -> copies.Case:
    rows = rows.sort("shard", "row", "field")
    texts = [text for text in rows["text"].head(LOOKED_AT) if text] if aligned else []
    share = round(rows["share"].quantile(0.5) or 0, 3)
    # Named by the document with the least hash and what stands there: the same under another key, or nearly so.
    least = rows.sort("hash", "start").row(0, named=True)
    name = f"{NAME}:{least['hash'][:16]}:{least['start'] // NAMED}"
    return copies.case(name, rows, "A passage in many documents", texts, share_of_document=share)


@dataclass(frozen=True)
class RepeatedPassage(Detector):
    """Finds passages repeated, also roughly, in documents of many sources that are otherwise unlike."""

    name: ClassVar[str] = NAME
    copies: int = 5  # a passage of fewer documents is nobody's campaign
    groups: int = 10_000  # the largest groups are looked at

    @property
    def rounds(self) -> tuple[Round, ...]:
        """Fingerprint all, look at the carriers."""
        return (Fingerprint(self.copies, self.groups), Judge(self.copies))

    def title(self, rule: str) -> str:
        """What a hit is called."""
        return "The same passage in documents of many sources"
