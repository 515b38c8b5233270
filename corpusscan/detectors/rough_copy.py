"""Copies so rough that few of their words stand side by side as they did: typed over, misspelled, rewritten in part.

Two rounds.  Fingerprints of letters pair documents that share many short stretches all along, and overlapping pairs
make groups; then a look at their members.  What shingles of words tell as well is the finding of `near_duplicate`
and `repeated_passage`, and is not told again, be they chosen or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pyarrow as pa

from corpusscan import copies
from corpusscan.detector import Batch, Context, Detector, Limit, Round, State, limited, limits
from corpusscan.kernels import alignments, columns, hashing, letters
from corpusscan.kernels.caps import shares
from corpusscan.kernels.letters import PLACE_BITS, PLACES, RUN
from corpusscan.kernels.rare import rare
from corpusscan.quoted import Quoted, unlike

NAME = "rough_copy"
RULE = "rough-copy"
COMMON = 200  # documents: a fingerprint that more have is a phrase, and is followed in the first of them
FOLLOWED = 1_000_000  # fingerprints of a partition that are followed, the rarest first
MEMBERS, LOOKED_FOR = 1_000, 100_000  # documents of one group, and of all, that are looked at
FEWEST = 50  # documents of a group that it is judged by, where there are so many and not all can be looked at
LOOKED_AT = 9  # documents of a group whose passages are aligned
TEMPLATES = 100  # groups for which that is done, those of most sources first
NAMED = 2_000  # characters of a document in which passages of two groups count as one for their names
_WIDE = np.uint64(1 << 40)  # rows of one shard are fewer: (shard, row) as one number


@dataclass(frozen=True)
class Pair(Round):
    """Fingerprints of letters of every document; who shares several of them, and the groups that these make."""

    copies: int
    groups: int

    def map(self, batch: Batch, state: State) -> pa.Table:
        """Columns: row, partition (the fingerprints)."""
        values, bounds = letters.prints(batch)
        kept = np.diff(bounds) > 0
        offsets = pa.array(np.append(bounds[:-1][kept], bounds[-1]), pa.int32())
        return pa.table(
            {
                "row": batch.documents["row"].filter(pa.array(kept)),
                "partition": pa.ListArray.from_arrays(offsets, pa.array(values)),
            }
        )

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """Each document with the one before it that has the same fingerprint, as `alignments.groups` wants them."""
        values = rows["partition"].to_numpy()
        kept, left = rare(values >> np.uint64(PLACE_BITS), self.copies - 1, COMMON, FOLLOWED)
        prints, at = values[kept] >> np.uint64(PLACE_BITS), (values[kept] & PLACES).astype(np.int32)
        places = rows["shard"].to_numpy()[kept].astype(np.uint64) * _WIDE + rows["row"].to_numpy()[kept]
        order = np.argsort(prints, kind="stable")  # documents and places keep their order
        prints, at, places = prints[order], at[order], places[order]
        same = np.flatnonzero((prints[1:] == prints[:-1]) & (places[1:] != places[:-1]))
        return limited(
            pa.table(
                {"left": places[same], "right": places[same + 1], "at": at[same], "shift": at[same + 1] - at[same]}
            ),
            Limit("fingerprints of letters in a partition that are followed", FOLLOWED, left, "fingerprints"),
        )

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`named`: shard, row of the members, their cluster, the first and the last letter that is shared; `limits`."""
        shared = pl.DataFrame(reduced) if "shift" in reduced.column_names else _NOTHING
        members = alignments.groups(shared)
        sizes = members.group_by("cluster").agg(pl.len()).filter(pl.col("len") >= self.copies)
        sizes = sizes.sort(["len", "cluster"], descending=[True, False])
        taken = sizes.head(self.groups)
        most = shares(taken["len"].clip(upper_bound=MEMBERS).cast(pl.Int64).to_numpy(), LOOKED_FOR, FEWEST)
        taken = taken.with_columns(most=pl.Series(most, dtype=pl.Int64)).filter(pl.col("most") > 0)
        named = members.join(taken, on="cluster", how="inner").sort("cluster", "place")
        named = named.filter(pl.int_range(pl.len()).over("cluster") < pl.col("most"))
        return {
            "named": named.select(
                (pl.col("place") // int(_WIDE)).cast(pl.UInt32).alias("shard"),
                (pl.col("place") % int(_WIDE)).alias("row"), "cluster", "first", "last",
            ).sort("shard", "row", "cluster").to_arrow(),
            "limits": limits(
                Limit("rough copies that are looked at", LOOKED_FOR, int(taken["len"].sum()) - len(named), "documents"),
                Limit("groups of rough copies that are looked at", self.groups, len(sizes) - len(taken), "groups"),
            ),
        }  # fmt: skip


_NOTHING = pl.DataFrame(schema={"left": pl.UInt64, "right": pl.UInt64, "at": pl.Int32, "shift": pl.Int32})


@dataclass(frozen=True)
class Judge(Round):
    """The members of the groups: where the copy stands in each, with sources, days and template."""

    over: ClassVar[Any] = "members"
    copies: int

    def map(self, batch: Batch, state: State) -> pa.Table:
        """A row for each passage that a row of that number has in any shard: `copies.LOOKED_AT`, of the passage."""
        rows = batch.documents["row"].to_pylist()
        spans: dict[int, set[tuple[int, int, int]]] = {row: set() for row in rows}
        named = pl.DataFrame(state["named"]).filter(pl.col("row").is_in(rows))
        for row, *span in named.select("row", "cluster", "first", "last").iter_rows():
            spans[row].add(tuple(span))
        texts, told = _Texts(batch), []
        for row, content in zip(rows, batch.feature(hashing.content_hashes), strict=True):
            told += [passage | {"hash": content} for passage in texts.passages(row, sorted(spans[row]))]
        return pa.Table.from_pylist(told, schema=_FOUND)

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """The passages that the rows have in their own shards, of groups that shingles of words do not tell as well."""
        named = pl.DataFrame(state["named"])
        own = pl.DataFrame(rows).join(named, on=named.columns, how="semi", maintain_order="left")
        groups = [unlike(group, self.copies) for _, group in own.group_by("cluster", maintain_order=True)]
        told = pl.concat([own.clear(), *(group for group in groups if len(group) >= self.copies)])
        return told.drop("shingles").to_arrow()

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """Groups with their judgement and template."""
        if "cluster" not in reduced.column_names:
            return copies.concluded([], context, RULE)
        cases = [rows for _, rows in pl.DataFrame(reduced).group_by("cluster", maintain_order=True)]
        cases.sort(key=lambda rows: (rows["source"].n_unique(), len(rows)), reverse=True)
        told = copies.apart(_case(rows, aligned=i < TEMPLATES) for i, rows in enumerate(cases))
        return copies.concluded(told, context, RULE)


_FOUND = pa.schema(
    [
        *copies.LOOKED_AT, ("cluster", pa.int64()), ("first", pa.int64()), ("last", pa.int64()),
        ("share", pa.float64()), ("text", pa.large_string()), ("shingles", pa.large_list(pa.uint64())),
    ]
)  # fmt: skip


class _Texts(Quoted):
    """The texts of a batch, in which letters and words are found again."""

    def __init__(self, batch: Batch) -> None:
        super().__init__(batch)
        self.data, self.offsets = columns.contents(batch.texts["text"])
        self.rows = batch.texts["row"].to_numpy()
        self.documents = {row["row"]: row for row in batch.documents.to_pylist()}

    def passages(self, row: int, spans: Sequence[tuple[int, int, int]]) -> list[dict[str, Any]]:
        """The passages of a document from a letter to another, with their clusters; each in the text it begins in."""
        own = slice(*np.searchsorted(self.rows, [row, row + 1]))
        begin, end = int(self.offsets[own.start]), int(self.offsets[own.stop])
        edges = np.array(sorted({edge for _, first, last in spans for edge in (first, last + RUN)}), np.int64)
        where = letters.origins(self.data[begin:end], edges)
        at = dict(zip(edges.tolist(), (where + begin).tolist(), strict=True))
        return [
            self._passage(self.documents[row], at[first], at[last + RUN], end - begin)
            | {"cluster": cluster, "first": first, "last": last}
            for cluster, first, last in spans
            if at[first] < end
        ]

    def _passage(self, document: dict[str, Any], begin: int, end: int, size: int) -> dict[str, Any]:
        """The bytes of the batch as a span of the text in which they begin."""
        number = int(np.searchsorted(self.offsets, begin, side="right")) - 1
        self.open(number)
        begin, end = (
            begin - int(self.offsets[number]),
            min(end, int(self.offsets[number + 1])) - int(self.offsets[number]),
        )
        start, stop = int(self.points[begin]), int(self.points[end])
        low, high = self.words.bounds[number], self.words.bounds[number + 1]
        first, last = low + np.searchsorted(self.words.begins[low:high], [begin, end])
        return self.passage(document, start, stop) | {
            "share": (end - begin) / size,
            "shingles": self.shingles(slice(first, last)),
        }


def _case(rows: pl.DataFrame, *, aligned: bool) -> copies.Case:
    rows = rows.sort("shard", "row", "field")
    texts = [text for text in rows["text"].head(LOOKED_AT) if text] if aligned else []
    share = round(rows["share"].quantile(0.5) or 0, 3)
    least = rows.sort("hash", "start").row(0, named=True)
    name = f"{NAME}:{least['hash'][:16]}:{least['start'] // NAMED}"
    return copies.case(name, rows, "Rough copies of one text", texts, share_of_document=share)


@dataclass(frozen=True)
class RoughCopy(Detector):
    """Finds copies so rough that hardly five words in a row are left: typed over, misspelled, rewritten in part."""

    name: ClassVar[str] = NAME
    copies: int = 5  # a smaller group is nobody's campaign
    groups: int = 10_000  # the largest groups are looked at

    @property
    def rounds(self) -> tuple[Round, ...]:
        """Fingerprint and pair all, look at the members."""
        return (Pair(self.copies, self.groups), Judge(self.copies))

    def title(self, rule: str) -> str:
        """What a hit is called."""
        return "Rough copies of one text from many sources"
