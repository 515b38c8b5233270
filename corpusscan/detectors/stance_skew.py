"""One side that always wins: comparisons, judgements and answers that many documents give alike.

Four steps.  A sample says which words are rare enough to be names; every sentence that compares two names, judges one
or asks about some is noted with who wins; names whose frames are more than the corpus's own habit, nearly all with the
same winner, are looked at again in their documents.  Who is right is not asked: what stands out is how often, by how
many sources, in documents that say little else, the same side wins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pyarrow as pa

from corpusscan import copies, filters
from corpusscan.detector import Batch, Context, Detector, Limit, Round, State, limits
from corpusscan.kernels import frames, hashing, profile, sketches, tails
from corpusscan.kernels.frames import ASKED, COMPARED, QUESTION
from corpusscan.kernels.publishers import publisher
from corpusscan.meaning import beliefs
from corpusscan.quoted import Quoted
from corpusscan.sampling import DOCUMENTS, ENOUGH, Sample

NAME = "stance_skew"
ONE_WAY = 0.8  # of the frames that say who wins, in which the same side does
FEW, MANY = filters.FEW_SOURCES, 64  # publishers at least; counts of which are told apart
BRIEF = 5  # a sentence that is one word in so many of its document: it says little else
SAME = 0.5  # of the documents of a key, that are in a larger group, for both to be one
REPLY = 60  # words after a question that are its answer
MEMBERS, LOOKED_FOR = 1_000, 100_000  # documents of one group, and of all, that are looked at


@dataclass(frozen=True)
class Fit(Sample):
    """How rare words are, from words of a secret part of the corpus."""

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """One row: `slots` (`profile.slots`) of the words of the sample."""
        hashes, bounds = self.sampled(rows)
        count = len(bounds) - 1
        words, frequency, *_ = profile.frequencies(
            hashes, np.repeat(np.arange(count, dtype=np.uint64), np.diff(bounds))
        )
        levels = np.minimum(np.log2(max(count, 2) / np.maximum(frequency, 1)), profile.UNKNOWN - 1).astype(np.uint32)
        slots = profile.slots(words, frequency, np.zeros(len(words), np.int64), levels)
        return pa.table({"slots": pa.array([slots.tobytes()], pa.large_binary())})

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`rarity`: nothing where there is too little to learn from."""
        enough = reduced.num_rows and context.documents >= DOCUMENTS
        told = [] if enough else [Limit(ENOUGH, DOCUMENTS, context.documents, "documents, too few")]
        return {"rarity": reduced if enough else pa.table({}), "limits": limits(*told)}


def _slots(state: State) -> Any:
    return np.frombuffer(state["rarity"]["slots"][0].as_buffer(), np.uint32)


_FRAMES = pa.schema(
    [
        ("row", pa.uint64()), ("partition", pa.uint32()), ("kind", pa.uint8()), ("key", pa.uint64()),
        ("way", pa.int8()), ("said", pa.uint64()), ("also", pa.uint64()), ("source", pa.uint64()),
        ("publisher", pa.uint64()), ("brief", pa.bool_()),
    ]
)  # fmt: skip


@dataclass(frozen=True)
class Look(Round):
    """The frames of every document, and the keys that stand out."""

    keeps: ClassVar[tuple[str, ...]] = ("rarity",)
    copies: int
    groups: int

    def map(self, batch: Batch, state: State) -> pa.Table:
        """One row for each key of a document, as `_FRAMES`."""
        if not state or not state["rarity"].num_rows:
            return _FRAMES.empty_table()
        told = (
            _rows(batch, _slots(state)).group_by("row", "kind", "key", maintain_order=True).agg(
                pl.col("way").cast(pl.Int32).sum().sign().cast(pl.Int8), pl.col("said", "also").first(),
                pl.col("brief").any(),
            ).sort("row", maintain_order=True)
        )  # fmt: skip
        numbers = batch.documents["row"].to_numpy()
        sources = [
            hashing.source_hashes(batch, kept)[np.searchsorted(numbers, told["row"].to_numpy())]
            for kept in (str, publisher)
        ]
        told = told.with_columns(
            pl.Series("source", sources[0]), pl.Series("publisher", sources[1]),
            pl.Series("partition", told["key"].to_numpy() >> np.uint64(32)),
        )  # fmt: skip
        return told.select(_FRAMES.names).to_arrow().cast(_FRAMES)

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """How many keys of each kind stand in so many independent documents, and the documents of those with enough."""
        found = pl.DataFrame(rows).drop("partition")
        counted = _counted(found)
        keys = counted.filter((pl.col("count") >= self.copies) & (pl.col("publishers") >= FEW)).select("kind", "key")
        base = [
            counted.group_by("kind", count=pl.col(name).clip(upper_bound=MANY)).agg(keys=pl.len())
            .with_columns(of_brief=pl.lit(name == "brief_count")) for name in ("count", "brief_count")
        ]  # fmt: skip
        told = pl.concat(base).with_columns(pl.col("count", "keys").cast(pl.Int64)).sort("of_brief", "kind", "count")
        own = found.join(keys, on=["kind", "key"], how="semi").sort("kind", "key", "shard", "row")
        own = own.filter(pl.int_range(pl.len()).over("kind", "key") < MEMBERS)
        return pl.concat([told, own], how="diagonal").to_arrow()

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`named`: shard, row and group of the members; `keys`: of each group, with what chance makes; `limits`."""
        if "of_brief" not in reduced.column_names:
            return {"named": _NAMED.empty_table(), "keys": _KEYS.empty_table()}
        told = pl.DataFrame(reduced)
        own = told.filter(pl.col("of_brief").is_null()).sort("kind", "key", "shard", "row")
        judged = _judged(_counted(own), told.filter(pl.col("of_brief").is_not_null()))
        taken = judged.head(self.groups)
        grouped = _grouped(taken, own)
        members = own.join(grouped, on=["kind", "key"]).unique(["group", "shard", "row"]).sort("group", "shard", "row")
        kept = members.filter(pl.int_range(pl.len()).over("group") < MEMBERS).head(LOOKED_FOR)
        left = (len(judged) - len(taken), len(members) - len(kept))
        return {
            "named": kept.sort("shard", "row", "group").select(_NAMED.names).to_arrow().cast(_NAMED),
            "keys": grouped.select(_KEYS.names).to_arrow().cast(_KEYS),
            "limits": limits(
                Limit("names with one-sided frames that are looked at", self.groups, left[0], "names"),
                Limit("documents with one-sided frames that are looked at", LOOKED_FOR, left[1], "documents"),
            ),
        }


_NAMED = pa.schema([("shard", pa.uint32()), ("row", pa.uint64()), ("group", pa.uint32())])
_KEYS = pa.schema(
    [("group", pa.uint32()), ("kind", pa.uint8()), ("key", pa.uint64()), ("winner", pa.int8()),
     ("count", pa.uint32()), ("brief_count", pa.uint32()), ("expected", pa.float64())]
)  # fmt: skip


def _rows(batch: Batch, slots: Any) -> pl.DataFrame:
    """The frames of a batch with the row of their documents, and whether these say little else (`brief`)."""
    found = frames.frames(batch, slots)
    row = batch.texts["row"].to_numpy()[found.text]
    hashes, bounds = sketches.document_words(batch)
    document = np.searchsorted(batch.documents["row"].to_numpy(), row)
    of_question = (found.kind == ASKED) | (found.kind == QUESTION)  # the same is asked; what is answered is to differ
    whole = np.zeros((len(bounds) - 1, 2), np.uint64)
    for one in np.unique(document[of_question]):
        whole[one] = frames.sketch(hashes[bounds[one] : bounds[one + 1]])
    said, also = (np.where(of_question, whole[document, n], own) for n, own in enumerate((found.said, found.also)))
    brief = BRIEF * (found.stop - found.first) >= np.diff(bounds)[document]
    return pl.DataFrame(found._replace(said=said, also=also)._asdict() | {"row": row, "brief": brief})


def _counted(rows: pl.DataFrame) -> pl.DataFrame:
    """Of each key, of documents on the side that is told more often: kind, key, winner, count, brief_count, publishers.

    What is told of copies of a sentence or by one source counts once.  Keys of which both sides win are left out.
    """
    sides = rows.with_columns(
        ahead=(pl.col("way") > 0).sum().over("kind", "key"), behind=(pl.col("way") < 0).sum().over("kind", "key")
    )
    winner = pl.when(pl.col("ahead") >= pl.col("behind")).then(1).otherwise(-1).cast(pl.Int8)
    of_question = pl.col("kind").is_in([ASKED, QUESTION])
    skewed = pl.max_horizontal("ahead", "behind") >= ONE_WAY * (pl.col("ahead") + pl.col("behind"))
    sides = sides.with_columns(winner=winner).filter(of_question | ((pl.col("way") == pl.col("winner")) & skewed))
    unnamed = (pl.col("source") == 0).sum()

    def distinct(own: pl.Expr) -> pl.Expr:
        sources = (
            pl.col("source").filter(own & (pl.col("source") > 0)).n_unique() + (own & (pl.col("source") == 0)).sum()
        )
        return pl.min_horizontal(pl.col("said").filter(own).n_unique(), pl.col("also").filter(own).n_unique(), sources)

    return sides.group_by("kind", "key").agg(
        pl.col("winner").first(), count=distinct(pl.lit(True)), brief_count=distinct(pl.col("brief")),
        publishers=pl.col("publisher").filter(pl.col("publisher") > 0).n_unique() + unnamed,
    )  # fmt: skip


def _judged(counted: pl.DataFrame, base: pl.DataFrame) -> pl.DataFrame:
    """Keys with how many groups as large chance would make (`expected`), those of which it would make fewest first."""
    counts = base.group_by("kind", "of_brief", "count").agg(pl.col("keys").sum())
    tables = {}
    for (kind, of_brief), rows in counts.group_by("kind", "of_brief"):
        keys = np.zeros(MANY + 1, np.int64)
        keys[rows["count"].to_numpy()] = rows["keys"].to_numpy()
        tables[kind, of_brief] = keys
    odds = [
        2 * min(tails.expected(tables[kind, False], count), tails.expected(tables[kind, True], brief) if brief else 1e9)
        for kind, count, brief in counted.select("kind", "count", "brief_count").iter_rows()
    ]  # 2: documents that say little else are looked at apart
    return counted.with_columns(expected=pl.Series(odds, dtype=pl.Float64)).sort("expected", "kind", "key")


def _grouped(keys: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The keys with the group of each: parts of a name, and a question with its answer, stand in the same documents."""
    documents: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for kind, key, shard, row in rows.select("kind", "key", "shard", "row").iter_rows():
        documents.setdefault((kind, key), []).append((shard, row))
    groups: dict[tuple[int, int], list[int]] = {}
    number, told = 0, []
    for place in keys.select("kind", "key").iter_rows():
        own = documents[place]
        known = Counter(group for document in own for group in groups.get(document, []))
        group, shared = min(known.items(), key=lambda one: (-one[1], one[0]), default=(number, 0))
        if shared < SAME * len(own):
            group, number = number, number + 1
        told.append(group)
        for document in own:
            if group not in (mine := groups.setdefault(document, [])):
                mine.append(group)
    return keys.with_columns(group=pl.Series(told, dtype=pl.UInt32))


@dataclass(frozen=True)
class Judge(Round):
    """The documents of the groups: what they say, who wins, in whose pages."""

    over: ClassVar[Any] = "members"
    copies: int

    def map(self, batch: Batch, state: State) -> pa.Table:
        """A row for each group of a document that a row of that number has in any shard: `copies.LOOKED_AT`, of the
        sentence, with its names (the winner first), or of a question the rare words of its answer."""
        keys = pl.DataFrame(state["keys"]).select("group", "kind", "key", "winner")
        found = _rows(batch, slots := _slots(state)).join(keys, on=["kind", "key"], maintain_order="left")
        told = (pl.col("way") == pl.col("winner")).cast(pl.Int8)
        found = found.with_columns(told=told, sided=pl.col("way") * pl.col("winner"))
        found = found.sort("row", "group", "told", "first", descending=[False, False, True, False], maintain_order=True)
        found = found.unique(["row", "group"], keep="first", maintain_order=True)
        numbers = batch.documents["row"].to_pylist()
        documents, content = batch.documents.to_pylist(), batch.feature(hashing.content_hashes)
        place = {row: n for n, row in enumerate(numbers)}
        texts, rows = Quoted(batch), []
        for one in found.sort("row", "group").iter_rows(named=True):
            number, span = place[one["row"]], slice(one["first"], one["stop"])
            row = texts.row(documents[number], span)
            names, marks = _names(texts, one, slots)
            rows.append(
                row | {"hash": content[number], "names": "\n".join(names), "marks": marks}
                | {name: one[name] for name in ("group", "kind", "brief")} | {"way": one["sided"]}
            )  # fmt: skip
        return pa.Table.from_pylist(rows, schema=_FOUND)

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """The rows that are meant in their own shards."""
        named = pl.DataFrame(state["named"])
        return (
            pl.DataFrame(rows).join(named, on=["shard", "row", "group"], how="semi", maintain_order="left").to_arrow()
        )

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """Groups with their judgement."""
        if "group" not in reduced.column_names:
            return beliefs.concluded([])
        rows = pl.DataFrame(reduced).sort("group", "shard", "row")
        keys = {one["group"]: one for one in reversed(context.state["keys"].to_pylist())}  # of each group the surest
        groups = [own for _, own in rows.group_by("group", maintain_order=True)]
        verdicts = beliefs.Verdicts(groups, context)
        told = [verdicts.of(own, keys[own["group"][0]], self.copies) for own in groups]
        return beliefs.concluded([one for one in told if one])


_FOUND = pa.schema(
    [
        *copies.LOOKED_AT, ("text", pa.large_string()), ("names", pa.large_string()),
        ("marks", pa.large_list(pa.uint64())), ("group", pa.uint32()), ("kind", pa.uint8()), ("brief", pa.bool_()),
        ("way", pa.int8()),
    ]
)  # fmt: skip


def _names(texts: Quoted, one: Mapping[str, Any], slots: Any) -> tuple[list[str], list[int]]:
    """The names of a frame as they stand in the open text, the winner first; of a question rare words behind it."""
    found, at = texts.words, texts.number
    end = int(found.bounds[at + 1])
    first, stop = one["first"], one["stop"]
    if one["kind"] in (ASKED, QUESTION):
        span = slice(stop, min(stop + REPLY, end))
        rare = profile.looked_up(found.hashes[span], slots)[0] >= frames.RARE
        asked = {*found.hashes[first:stop].tolist()}
        places = [k for k in np.flatnonzero(rare) + stop if int(found.hashes[k]) not in asked]
        return [texts.word(k) for k in places], found.hashes[places].tolist()
    names = frames.named(found.hashes[first:stop], one["key"])
    if one["kind"] == COMPARED and (one["way"] < 0):
        names = names[::-1]
    return [texts.word(first + k, width) for k, width in names], []


@dataclass(frozen=True)
class StanceSkew(Detector):
    """Finds names that always win, or always lose, and questions with one answer, in documents of many sources."""

    name: ClassVar[str] = NAME
    copies: int = 5  # independent documents; fewer are nobody's campaign
    groups: int = 1_000  # keys that are looked at, the surest first

    @property
    def rounds(self) -> tuple[Round, ...]:
        """Learn what is rare, note all frames, look at the documents of those that stand out."""
        return (Fit(), Look(self.copies, self.groups), Judge(self.copies))

    def title(self, rule: str) -> str:
        """What a hit is called."""
        return "The same side always wins, from many sources"
