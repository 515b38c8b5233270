"""Documents that say the same in other words, from many sources: a claim, a story, a belief, rewritten again and again.

Four steps.  Vectors are fitted to a sample of the corpus; every stretch of text gets its own, and its nearest others
among those that share a word which says much; groups that are nearer to one another than to anything else stand out;
then a look at their members.  What near-copies tell is the finding of other detectors, and is not told again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from blake3 import blake3

from corpusscan import copies, filters
from corpusscan.detector import Batch, Context, Detector, Limit, Round, State, limited, limits
from corpusscan.kernels import density, embedding, hashing, neighbours, sketches, telling
from corpusscan.kernels.caps import shares
from corpusscan.quoted import Quoted, unlike
from corpusscan.sampling import ENOUGH, WORDS, Sample

NAME = "semantic_cluster"
RULE = "paraphrase"
CELL = 400_000  # stretches that are compared in one memory
CELLS = 2  # of those, the nearest, that each stretch is in, where there are several
MOST = 2_000  # stretches of a group: what more of them say is a topic
LEARNED = 4 * embedding.HALF  # documents: so many directions cannot be learned from fewer
GAP = 0.02  # of the cosine, by which a group stands out
MEMBERS, LOOKED_FOR = 1_000, 100_000  # documents of one group, and of all, that are looked at
FEWEST = 50  # documents of a group that it is judged by, where there are so many and not all can be looked at
OTHER = 0.2  # of the members of a group, that are no near-copies, else near-copies are all that it is
EXAMPLES = 3  # sentences that are told of a group
_LANGUAGE = 3  # texts that tell the language


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
            cells = -(-count * CELLS // CELL)
            codes = np.frombuffer(reduced["codes"][0].as_buffer(), np.int8).reshape(-1, embedding.DIMENSIONS)
            centres = neighbours.centres(embedding.directions(codes), cells)
        listed = pa.FixedSizeListArray.from_arrays(pa.array(centres.ravel()), centres.shape[1])
        return {"encoder": embedding.table(encoder), "centres": pa.table({"centre": listed})}


@dataclass(frozen=True)
class Compare(Round):
    """The vector of every stretch of every document, its nearest others, and the groups that stand out."""

    keeps: ClassVar[tuple[str, ...]] = ("encoder",)
    copies: int
    groups: int

    def map(self, batch: Batch, state: State) -> pa.Table:
        """Columns: row, part, partition (its cells), source (hash), code (bytes), words."""
        if not state["encoder"].num_rows:
            return _STRETCHES.empty_table()
        hashes, bounds = sketches.document_words(batch)
        stretches = embedding.stretches(bounds)
        found = embedding.embedded(hashes, stretches.span, embedding.of_table(state["encoder"]))
        kept = np.flatnonzero(found.told >= embedding.TOLD)
        centres = np.stack(state["centres"]["centre"].to_numpy())
        cells = neighbours.closest(embedding.directions(found.codes[kept]), centres, CELLS)
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
                _sources(batch)[owner],
                pa.Array.from_buffers(pa.binary(embedding.DIMENSIONS), len(kept), [None, pa.py_buffer(code)]),
                listed,
            ],
            schema=_STRETCHES,
        )

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """Pairs of near stretches of the cells: shard, row, part and source of both, cosine."""
        told, out = [_PAIRS.empty_table()], 0
        for cell in np.unique(rows["partition"].to_numpy()):
            own = rows.filter(pc.equal(rows["partition"], pa.scalar(cell))).combine_chunks()
            pairs, left_out = _near(own)
            told.append(pairs)
            out += left_out
        limit = Limit("stretches of text sharing a word, compared", neighbours.SHARING, out, "comparisons")
        return limited(pa.concat_tables(told), limit)

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`named`: shard, row and part of the members of groups, their cluster and its cosines; `limits`."""
        pairs = pl.DataFrame(reduced) if reduced.num_rows else pl.DataFrame(_PAIRS.empty_table())
        pairs = pairs.unique([*_PLACE[0], *_PLACE[1]], keep="first").sort([*_PLACE[0], *_PLACE[1]])
        nodes = _nodes(pairs)
        left, right = (pairs.join(nodes, left_on=on, right_on=_OF, how="left", maintain_order="left") for on in _PLACE)
        found = density.groups(
            left["node"].to_numpy(), right["node"].to_numpy(), pairs["cosine"].to_numpy(), len(nodes),
            self.copies, MOST, GAP,
        )  # fmt: skip
        members = _members(nodes, found)
        counted = members.group_by("cluster").agg(
            documents=pl.struct("shard", "row").n_unique(),
            sources=pl.col("source").filter(pl.col("source") > 0).n_unique(),
            named=(pl.col("source") > 0).any(),
        )
        several = (pl.col("sources") >= filters.FEW_SOURCES) | ~pl.col("named")
        counted = counted.filter(several & (pl.col("documents") >= self.copies)).sort("cluster")
        taken = counted.head(self.groups)
        most = shares(taken["documents"].clip(upper_bound=MEMBERS).cast(pl.Int64).to_numpy(), LOOKED_FOR, FEWEST)
        taken = taken.with_columns(most=pl.Series(most, dtype=pl.Int64))
        named = members.join(taken, on="cluster").sort("shard", "row", "part")
        named = named.unique(["cluster", "shard", "row"], keep="first", maintain_order=True)
        named = named.filter(pl.int_range(pl.len()).over("cluster") < pl.col("most"))
        return {
            "named": named.select("shard", "row", "part", "cluster", "inside", "outside").to_arrow(),
            "limits": limits(
                Limit("members of groups by meaning looked at", LOOKED_FOR, _left(taken), "documents"),
                Limit("groups by meaning that are looked at", self.groups, len(counted) - len(taken), "groups"),
            ),
        }


_STRETCHES = pa.schema(
    [
        ("row", pa.uint64()), ("part", pa.uint32()), ("partition", pa.uint32()), ("source", pa.uint64()),
        ("code", pa.binary(embedding.DIMENSIONS)), ("words", pa.list_(pa.uint64(), embedding.WORDS)),
    ]
)  # fmt: skip
_OF = ["shard", "row", "part"]
_NODE = [*_OF, "source"]
_PLACE = [[f"{side}_{name}" for name in _OF] for side in ("left", "right")]
_PAIRS = pa.schema(
    [
        *((f"{side}_{name}", kind) for side in ("left", "right") for name, kind in (
            ("shard", pa.uint32()), ("row", pa.uint64()), ("part", pa.uint32()), ("source", pa.uint64()))),
        ("cosine", pa.float32()),
    ]
)  # fmt: skip


def _sources(batch: Batch) -> Any:
    """A keyed hash of the source of each document; 0 where it has none."""
    known = {None: 0}
    for source in batch.documents["source"].unique().to_pylist():
        if source is not None:
            digest = blake3(source.encode("utf-8", "surrogatepass"), key=batch.key).digest(8)
            known[source] = int.from_bytes(digest) or 1
    return np.array([known[source] for source in batch.documents["source"].to_pylist()], np.uint64)


def _near(rows: pa.Table) -> tuple[pa.Table, int]:
    """Pairs of near stretches among some, and how many comparisons were left out."""
    column = rows["code"].combine_chunks()
    codes = np.frombuffer(column.buffers()[1], np.int8).reshape(-1, embedding.DIMENSIONS)[column.offset :][: len(rows)]
    words = rows["words"].combine_chunks().flatten().to_numpy().reshape(-1, embedding.WORDS)
    shard, row = rows["shard"].to_numpy(), rows["row"].to_numpy()
    _, owner = np.unique(shard.astype(np.uint64) << np.uint64(40) | row, return_inverse=True)
    found = neighbours.neighbours(codes, words, owner)
    sides = [rows.select(_NODE).take(pa.array(side)) for side in found[:2]]
    columns = [side.column(name) for side in sides for name in _NODE]
    return pa.table([*columns, pa.array(found.cosine)], schema=_PAIRS), found.left_out


def _nodes(pairs: pl.DataFrame) -> pl.DataFrame:
    """The stretches of pairs, numbered: shard, row, part, source, node."""
    sides = [pairs.select(pl.col(f"{side}_{name}").alias(name) for name in _NODE) for side in ("left", "right")]
    return pl.concat(sides).unique(_OF).sort(_OF).with_row_index("node").with_columns(pl.col("node").cast(pl.Int64))


def _members(nodes: pl.DataFrame, found: list[density.Group]) -> pl.DataFrame:
    """The stretches of groups, with cluster (the number of the group) and its cosines."""
    sizes = [len(one.members) for one in found]
    told = pl.DataFrame(
        {
            "node": np.concatenate([np.zeros(0, np.int64), *(one.members for one in found)]),
            "cluster": np.repeat(np.arange(len(found)), sizes),
            "inside": np.repeat([one.inside for one in found], sizes),
            "outside": np.repeat([one.outside for one in found], sizes),
        }
    )
    return told.join(nodes, on="node", how="left", maintain_order="left")


def _left(taken: pl.DataFrame) -> int:
    return int((taken["documents"].cast(pl.Int64) - taken["most"]).clip(lower_bound=0).sum())


@dataclass(frozen=True)
class Judge(Round):
    """The members of the groups: what they say, in whose pages, on which days."""

    over: ClassVar[Any] = "members"
    copies: int

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
        for number, heavy in zip(numbers, found.words, strict=True):
            span, owner = slice(*stretches.span[number]), stretches.owner[number]
            if heavy.any():  # else another shard's row of that number is meant
                row = texts.row(documents[owner], span)
                sentence, names = texts.naming(span, heavy[heavy > 0])
                told.append(
                    row | texts.shown(*sentence) | {
                        "part": stretches.part[number], "hash": content[owner], "names": "\n".join(names),
                        "marks": heavy[heavy > 0], "shingles": texts.shingles(span),
                    }
                )  # fmt: skip
        return pa.Table.from_pylist(told, schema=_FOUND)

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """The stretches that the rows have in their own shards, of groups that are no near-copies."""
        named = pl.DataFrame(state["named"])
        own = pl.DataFrame(rows).join(named, on=_OF, how="inner", maintain_order="left")
        groups = [group for _, group in own.group_by("cluster", maintain_order=True)]
        other = [group for group in groups if len(unlike(group, self.copies)) >= OTHER * len(group)]
        told = pl.concat([own.clear(), *(group for group in other if len(group) >= self.copies)])
        return told.drop("shingles").to_arrow()

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
    ]
)  # fmt: skip


def _case(rows: pl.DataFrame) -> copies.Case:
    """A group, called by the sentence of a member that names most of what its members share."""
    marks = telling.shared(rows["marks"].to_list())
    words = telling.shared([names.split("\n") for names in rows["names"] if names])
    shared = [len({*marks} & {*own}) for own in rows["marks"].to_list()]
    first = sorted(range(len(rows)), key=lambda n: -shared[n])[:EXAMPLES]
    inside, outside = rows["inside"][0], rows["outside"][0]
    evidence = {
        "shared_words": words, "named_by_most": len(marks),
        "examples": [(rows["source"][n] or "", rows["text"][n]) for n in first if rows["text"][n]],
        "similarity": round(inside, 3), "next_similarity": round(outside, 3),
        "apart": round((inside - outside) / (1 - outside), 3),
    }  # fmt: skip
    title = rows["text"][first[0]][: copies.TITLE] or "The same in other words"
    texts = rows["text"].head(_LANGUAGE).to_list()
    return copies.Case(f"{NAME}:{min(rows['hash'].to_list())[:16]}", title, rows, texts=texts, evidence=evidence)


@dataclass(frozen=True)
class SemanticCluster(Detector):
    """Finds the same said in other words by documents of many sources: claims, stories and beliefs, rewritten."""

    name: ClassVar[str] = NAME
    copies: int = 5  # a smaller group is nobody's campaign
    groups: int = 1_000  # those that stand out most are looked at

    @property
    def rounds(self) -> tuple[Round, ...]:
        """Fit vectors to a sample, compare all, look at the members."""
        return (Fit(), Compare(self.copies, self.groups), Judge(self.copies))

    def title(self, rule: str) -> str:
        """What a hit is called."""
        return "The same in other words from many sources"
