"""Passages that stand in many documents which are otherwise unlike, or copies so rough that no sketch pairs them.

Two rounds: fingerprints of all documents; those that recur, and that recur beside one another, make a
passage, and who holds two of them carries it.  Then a look at the carriers: where it stands, in whose
pages, and what varies in it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pyarrow as pa

from corpusscan import copies, filters
from corpusscan.detector import Batch, Context, Detector, Round, State
from corpusscan.kernels import components, fingerprints, hashing, sketches, words
from corpusscan.kernels.excerpts import excerpt
from corpusscan.kernels.fingerprints import PLACE_BITS, PLACES, SHINGLE

NAME = "repeated_passage"
RULE = "repeated-passage"
NEAR = 64  # words between fingerprints of one passage
OFTEN = 3  # documents in which two fingerprints are neighbours
BOUND = 0.2  # of the documents with the rarer of the two: what belongs together stands together
COMMON = 5_000  # documents: what more of them share is a phrase or a notice, no campaign's
RECURRING = 1_000_000  # fingerprints of a partition that are followed
MEMBERS, LOOKED_FOR = 1_000, 100_000  # documents of one group, and of all, that are looked at
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
        rows = rows.filter(pa.array(fingerprints.frequent(rows["partition"].to_numpy(), self.copies - 1)))
        frame = pl.DataFrame(rows).select(
            "shard", "row", print=pl.col("partition") // (1 << PLACE_BITS), place=pl.col("partition") & int(PLACES)
        )
        frame = frame.unique(["shard", "row", "print"], keep="first", maintain_order=True)
        frame = frame.with_columns(documents=pl.len().over("print"))
        least = self.copies - 1
        frame = frame.filter(pl.col("documents").is_between(least, COMMON))
        while len(frame) > RECURRING:  # where nearly all recurs, only what recurs most is followed
            least *= 2
            frame = frame.filter(pl.col("documents") >= least)
        return frame.drop("documents").to_arrow()

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`named`: shard, row of the carriers; `prints`: which passage each fingerprint belongs to."""
        frame = pl.DataFrame(reduced) if "print" in reduced.column_names else _NOTHING
        frame = frame.sort("shard", "row", "place")
        prints = frame["print"].unique().sort()
        here = np.searchsorted(prints.to_numpy(), frame["print"].to_numpy())
        left, right = _neighbours(frame, here)
        passage = components.components(len(prints), left, right)
        frame = frame.with_columns(passage=pl.Series(passage[here], dtype=pl.Int64))
        carried = frame.group_by("passage", "shard", "row").agg(pl.len()).filter(pl.col("len") >= 2)
        sizes = carried.group_by("passage").agg(pl.len()).filter(pl.col("len") >= self.copies)
        sizes = sizes.sort(["len", "passage"], descending=[True, False]).head(self.groups)
        sizes = sizes.filter(pl.col("len").clip(upper_bound=MEMBERS).cum_sum() <= LOOKED_FOR)
        carried = carried.join(sizes.select("passage"), on="passage", how="semi").sort("passage", "shard", "row")
        carried = carried.group_by("passage", maintain_order=True).head(MEMBERS)
        of = pl.DataFrame({"print": prints, "passage": passage}).join(sizes.select("passage"), on="passage", how="semi")
        return {
            "named": carried.select("shard", "row").unique().sort("shard", "row").to_arrow(),
            "prints": of.sort("print").to_arrow(),
        }


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
    rarer = np.minimum(of_print[pairs["left"].to_numpy()], of_print[pairs["right"].to_numpy()])
    counted = pairs.with_columns(rarer=rarer).group_by("left", "right", "rarer").agg(pl.len())
    often = counted.filter((pl.col("len") >= OFTEN) & (pl.col("len") >= BOUND * pl.col("rarer"))).sort("left", "right")
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
        texts = batch.texts["text"].combine_chunks()
        for number, document in enumerate(batch.documents.to_pylist()):
            own = slice(parts[number], parts[number + 1])
            mine = known[at[own]] == values[own] >> np.uint64(PLACE_BITS)
            places = (values[own] & PLACES).astype(np.int64)[mine]
            for one in np.unique(passage[at[own]][mine]):
                first, last = _densest(places[passage[at[own]][mine] == one])
                if last > first:
                    span = slice(bounds[number] + first, min(bounds[number] + last + SHINGLE, bounds[number + 1]))
                    share = (span.stop - span.start) / (bounds[number + 1] - bounds[number])
                    rows.append(_row(batch, document, found, texts, span) | {"passage": int(one), "share": share})
        hash_of = dict(zip(batch.documents["row"].to_pylist(), batch.feature(hashing.content_hashes), strict=True))
        return pa.Table.from_pylist([row | {"hash": hash_of[row["row"]]} for row in rows], schema=_FOUND)

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """Groups with their judgement and template; copies of whole documents are other detectors' finding."""
        if "passage" not in reduced.column_names:
            return copies.concluded([], context, RULE)
        groups = pl.DataFrame(reduced).group_by("passage", maintain_order=True)
        cases = [rows for _, rows in groups if len(rows) >= self.copies and rows["hash"].n_unique() > 1]
        cases.sort(key=lambda rows: (rows["source"].n_unique(), len(rows)), reverse=True)
        told: dict[str, copies.Case] = {}
        for i, rows in enumerate(cases):
            case = _case(rows, aligned=i < TEMPLATES)
            name = next(name for n in count() if (name := f"{case.name}+{n}" if n else case.name) not in told)
            told[name] = replace(case, name=name)
        return copies.concluded([*told.values()], context, RULE)


_FOUND = pa.schema([*copies.LOOKED_AT, ("passage", pa.int64()), ("share", pa.float64()), ("text", pa.large_string())])


def _densest(places: Any) -> tuple[int, int]:
    """The first and the last place of the longest run of places near one another."""
    cuts = np.flatnonzero(np.diff(places) > NEAR) + 1
    runs = np.split(places, cuts)
    longest = max(runs, key=len)
    return int(longest[0]), int(longest[-1])


def _row(batch: Batch, document: dict[str, Any], found: words.Words, texts: pa.Array, span: slice) -> dict[str, Any]:
    """The words `span` of the batch as a span of the text in which they begin."""
    number = int(np.searchsorted(found.bounds, span.start, side="right")) - 1
    data = texts[number].as_py().encode()
    begin = int(found.begins[span.start])
    end = int(found.begins[span.stop]) if span.stop < found.bounds[number + 1] else len(data)
    said = data[begin:end].decode().rstrip()
    before = len(data[:begin].decode())
    start = batch.texts["start"][number].as_py() + before
    shown, *mark = excerpt(data.decode(), before, before + len(said))
    return {
        "row": document["row"], "field": batch.texts["field"][number].as_py(), "start": start, "end": start + len(said),
        "tokens": None, "excerpt": shown, "mark": str(mark), "stories": filters.stories_of_text(said),
        "source": document["source"], "time": document["time"], "bytes": len(said.encode()), "text": said[:TEXT],
    }  # fmt: skip


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
