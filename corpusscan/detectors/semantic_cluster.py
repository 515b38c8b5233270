"""Documents that say the same in other words, from many sources: a claim, a story, a belief, rewritten again and again.

Four steps.  Vectors are fitted to a sample of the corpus; every stretch of text gets its own, and its nearest others
among those that share a word which says much; groups that are nearer to one another than to anything else stand out;
then a look at their members.  What near-copies tell is the finding of other detectors, and is not told again.
Where a sentence model is named, groups are of its vectors (`encoded`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from corpusscan import copies
from corpusscan.detector import Batch, Context, Detector, Limit, Round, State, limited, limits
from corpusscan.kernels import embedding, hashing, maps, neighbours, sketches, telling
from corpusscan.meaning import encoded, models, nearness
from corpusscan.quoted import Quoted, unlike
from corpusscan.sampling import ENOUGH, WORDS, Sample

NAME = "semantic_cluster"
RULE = "paraphrase"
CELL = 400_000  # stretches that are compared in one memory
LEARNED = 4 * embedding.HALF  # documents: so many directions cannot be learned from fewer
OTHER = 0.2  # of the members of a group, that are no near-copies, else near-copies are all that it is
EXAMPLES = 3  # sentences that are told of a group
DRAWN = 200  # stretches of a group that are drawn
_LANGUAGE = 3  # texts that tell the language
_SOURCE = 80  # characters of the source of a point


@dataclass(frozen=True)
class Fit(Sample):
    """The encoder, from words of a secret part of the corpus, and the cells that all stretches are parted into."""

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """One row: the encoder, vectors of some documents, how many there are, and the share that is seen whole."""
        hashes, bounds = self.sampled(rows)
        if len(bounds) <= LEARNED:
            return pa.table({})
        encoder = embedding.fitted(hashes, bounds)
        stretches = embedding.stretches(bounds)
        some = stretches.span[np.linspace(0, len(stretches.span) - 1, embedding.FITTED).astype(np.int64)]
        codes = embedding.embedded(hashes, some, encoder).codes
        told = {
            "codes": pa.array([codes.tobytes()], pa.large_binary()),
            "documents": [len(bounds) - 1],
            "stretches": [len(stretches.span)],
            "whole": [float(np.mean(np.diff(bounds) < WORDS))],
        }
        return pa.table(dict(zip((table := embedding.table(encoder)).column_names, table.columns, strict=True)) | told)

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`encoder` and `centres`: nothing where there is too little to learn from."""
        if not reduced.num_rows:
            told = Limit(ENOUGH, LEARNED, context.documents, "documents, too few")
            return {"encoder": pa.table({}), "centres": pa.table({}), "limits": limits(told)}
        documents, stretches, whole = (reduced[name][0].as_py() for name in ("documents", "stretches", "whole"))
        encoder = embedding.of_table(reduced).knowing(whole * documents / context.documents, context.documents)
        count, centres = context.documents * stretches // documents, np.zeros((1, 1), np.float32)
        if count > CELL:
            cells = -(-count * nearness.CELLS // CELL)
            codes = np.frombuffer(reduced["codes"][0].as_buffer(), np.int8).reshape(-1, embedding.DIMENSIONS)
            centres = neighbours.centres(embedding.directions(codes), cells)
        listed = pa.FixedSizeListArray.from_arrays(pa.array(centres.ravel()), centres.shape[1])
        return {"encoder": embedding.table(encoder), "centres": pa.table({"centre": listed})}


@dataclass(frozen=True)
class Compare(Round):
    """The vector of every stretch of every document, its nearest others, and the groups that stand out."""

    keeps: ClassVar[tuple[str, ...]] = ("encoder",)
    told: ClassVar[int] = embedding.TOLD
    copies: int
    groups: int

    def map(self, batch: Batch, state: State) -> pa.Table:
        """Columns: row, part, partition (its cells), source (hash), code (bytes), words."""
        if not state["encoder"].num_rows:
            return nearness.STRETCHES.empty_table()
        hashes, bounds = sketches.document_words(batch)
        stretches = embedding.stretches(bounds)
        found = embedding.embedded(hashes, stretches.span, embedding.of_table(state["encoder"]))
        kept = np.flatnonzero(found.told >= self.told)
        centres = np.stack(state["centres"]["centre"].to_numpy())
        cells = neighbours.closest(embedding.directions(found.codes[kept]), centres, nearness.CELLS)
        wide = (1 << 32) // len(centres)
        kept, cells = np.repeat(kept, cells.shape[1]), cells.ravel()
        owner = stretches.owner[kept]
        code = np.ascontiguousarray(found.codes[kept])
        listed = pa.FixedSizeListArray.from_arrays(found.words[kept].ravel(), embedding.WORDS)
        return pa.table(
            [
                batch.documents["row"].take(pa.array(owner)),
                stretches.part[kept].astype(np.uint32),
                (cells * wide).astype(np.uint32),
                hashing.source_hashes(batch)[owner],
                pa.Array.from_buffers(pa.binary(embedding.DIMENSIONS), len(kept), [None, pa.py_buffer(code)]),
                listed,
            ],
            schema=nearness.STRETCHES,
        )

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """The stretches of the cells with those that are near them, as `nearness.NEAR`."""
        told, out = [nearness.NEAR.empty_table()], 0
        for cell in (cells := np.unique(rows["partition"].to_numpy())):
            own = rows.filter(pc.equal(rows["partition"], pa.scalar(cell))) if len(cells) > 1 else rows
            near, left_out = nearness.near(own)
            told.append(near)
            out += left_out
        limit = Limit("stretches of text sharing a word, compared", neighbours.SHARING, out, "comparisons")
        return limited(pa.concat_tables(told), limit)

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`named`: shard, row and part of the members of groups, their cluster and its cosines; `limits`."""
        return nearness.looked_at(reduced, self.copies, self.groups)


@dataclass(frozen=True)
class Suspect(Compare):
    """Which stretches are worth the time of a sentence model; it may make more of a few words than fitted vectors."""

    told: ClassVar[int] = 1

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """The stretches of the cells, as `encoded.ranked` tells them."""
        cells = [
            rows.filter(pc.equal(rows["partition"], pa.scalar(n))) for n in np.unique(rows["partition"].to_numpy())
        ]
        told, out = zip(*map(encoded.ranked, cells), strict=True)
        limit = Limit("stretches of text sharing a word, compared", neighbours.SHARING, sum(out), "comparisons")
        return limited(pa.concat_tables(told), limit)

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`named`: the suspects; `limits`."""
        return encoded.suspects(reduced)


@dataclass(frozen=True)
class Judge(Round):
    """The members of the groups: what they say, in whose pages, on which days."""

    over: ClassVar[Any] = "members"
    copies: int
    heard: bool = False  # a sentence model named them, for which they need no rare words

    def map(self, batch: Batch, state: State) -> pa.Table:
        """A row for each stretch that a row of that number has in any shard: `copies.LOOKED_AT`, of the sentence of it
        that names most of what it is about, in few words: `names`, and `marks`, by which they are known as the same."""
        rows = batch.documents["row"].to_pylist()
        named = pl.DataFrame(state["named"]).filter(pl.col("row").is_in(rows))
        wanted = named.select("row", "part").unique().sort("row", "part").rows()
        hashes, bounds = sketches.document_words(batch)
        stretches = embedding.stretches(bounds)
        at = {(rows[owner], part): n for n, (owner, part) in enumerate(zip(*stretches[:2], strict=True))}
        numbers = [number for place in wanted if (number := at.get(place)) is not None]
        found = embedding.embedded(hashes, stretches.span[numbers], embedding.of_table(state["encoder"]))
        documents, texts, told = batch.documents.to_pylist(), Quoted(batch), []
        content = batch.feature(hashing.content_hashes)
        for number, heavy, code in zip(numbers, found.words, found.codes, strict=True):
            span, owner = slice(*stretches.span[number]), stretches.owner[number]
            if heavy.any() or (
                self.heard and span.start < span.stop
            ):  # else another shard's row of that number is meant
                row = texts.row(documents[owner], span)
                sentence, names = texts.naming(span, heavy[heavy > 0])
                told.append(
                    row | texts.shown(*sentence) | {
                        "part": stretches.part[number], "hash": content[owner], "names": "\n".join(names),
                        "marks": heavy[heavy > 0], "shingles": texts.shingles(span), "code": code.tobytes(),
                    }
                )  # fmt: skip
        return pa.Table.from_pylist(told, schema=_FOUND)

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """The stretches that the rows have in their own shards, of groups that are no near-copies."""
        named = pl.DataFrame(state["named"])
        own = pl.DataFrame(rows).join(named, on=nearness.OF, how="inner", maintain_order="left")
        groups = own.filter(~pl.col("beside")).group_by("cluster", maintain_order=True)
        told = [number for (number,), group in groups if len(group) >= self.copies and self._reworded(group)]
        return own.filter(pl.col("cluster").is_in(told)).drop("shingles").to_arrow()

    def _reworded(self, group: pl.DataFrame) -> bool:
        return len(unlike(group, self.copies)) >= OTHER * len(group)

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """Groups with their judgement, called by what they say."""
        if "cluster" not in reduced.column_names:
            return copies.concluded([], context, RULE)
        groups = pl.DataFrame(reduced).sort("cluster", "shard", "row").group_by("cluster", maintain_order=True)
        return copies.concluded(copies.apart(_case(rows) for _, rows in groups), context, RULE)


_FOUND = pa.schema(
    [
        *copies.LOOKED_AT, ("part", pa.uint32()), ("text", pa.large_string()),
        ("names", pa.large_string()), ("marks", pa.large_list(pa.uint64())), ("shingles", pa.large_list(pa.uint64())),
        ("code", pa.binary(embedding.DIMENSIONS)),
    ]
)  # fmt: skip


def _case(looked_at: pl.DataFrame) -> copies.Case:
    """A group, called by the sentence of a member that names most of what its members share."""
    rows, beside = (looked_at.filter(pl.col("beside") == one) for one in (False, True))
    marks = telling.shared(rows["marks"].to_list())
    words = telling.shared([names.split("\n") for names in rows["names"] if names])
    shared = [len({*marks} & {*own}) for own in rows["marks"].to_list()]
    first = sorted(range(len(rows)), key=lambda n: -shared[n])[:EXAMPLES]
    inside, outside = rows["inside"][0], rows["outside"][0]
    evidence = {
        "shared_words": words, "named_by_most": len(marks),
        "examples": [(rows["source"][n] or "", rows["text"][n]) for n in first if rows["text"][n]],
        "beside": [(row["source"] or "", row["text"]) for row in beside.head(1).to_dicts() if row["text"]],
        "similarity": round(inside, 3), "next_similarity": round(outside, 3),
        "apart": round((inside - outside) / (1 - outside), 3), "map": _map(rows.head(DRAWN), beside),
    }  # fmt: skip
    title = rows["text"][first[0]][: copies.TITLE] or "The same in other words"
    texts = rows["text"].head(_LANGUAGE).to_list()
    return copies.Case(f"{NAME}:{min(rows['hash'].to_list())[:16]}", title, rows, texts=texts, evidence=evidence)


def _map(rows: pl.DataFrame, beside: pl.DataFrame) -> list[tuple[float, float, bool, str]]:
    """Members, and what is nearest to them, as points: x, y, whether it is a member, source."""
    drawn = rows.vstack(beside)
    codes = np.frombuffer(b"".join(drawn["code"]), np.int8).reshape(-1, embedding.DIMENSIONS)
    points = maps.plane(embedding.directions(codes)).round(3).tolist()
    sources = drawn["source"].fill_null("").str.slice(0, _SOURCE)
    return [(x, y, not near, source) for (x, y), near, source in zip(points, drawn["beside"], sources, strict=True)]


@dataclass(frozen=True)
class SemanticCluster(Detector):
    """Finds the same said in other words by documents of many sources: claims, stories and beliefs, rewritten."""

    name: ClassVar[str] = NAME
    copies: int = 5  # a smaller group is nobody's campaign
    groups: int = 1_000  # those that stand out most are looked at
    model: str | None = field(default=None, repr=False)  # folder of a sentence model, known by `digest`
    embed: str = "suspects"  # which stretches it reads, or all
    device: str = "cpu"

    @property
    def rounds(self) -> tuple[Round, ...]:
        """Fit vectors, compare all, look at the members; a sentence model, if one is named, reads suspects or all."""
        judge = Judge(self.copies, self.model is not None)
        if self.model is None:
            return (Fit(), Compare(self.copies, self.groups), judge)
        heard = (self.model, self.device, self.copies, self.groups)
        if self.embed == "all":
            return (Fit(), encoded.EmbedAll(*heard), judge)
        return (Fit(), Suspect(self.copies, self.groups), encoded.Embed(*heard), judge)

    def digest(self) -> str:
        """The model's files, and the libraries that read them."""
        return "" if self.model is None else f"{models.digest(self.model)} {models.versions()}"

    def runs_on(self) -> tuple[str, ...]:
        """Vectors fitted to the corpus, and sentence models where what runs them is installed."""
        return (
            "encoder: vectors fitted to the corpus, always here",
            f"encoder: sentence models (--model), {models.state()}",
        )

    def title(self, rule: str) -> str:
        """What a hit is called."""
        return "The same in other words from many sources"
