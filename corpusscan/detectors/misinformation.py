"""Documents that assert a claim known to be false, told from those that refute, report or ask about it.

Claims are data (`rules/claims`): what they name, what is said of it, the truth with references.  A sentence that
asserts one is a finding; a claim that several independent documents assert, far more than deny it, is a campaign.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache, partial
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import polars as pl
import pyarrow as pa
from blake3 import blake3

from corpusscan import rules, schema
from corpusscan.cached import cached
from corpusscan.detector import Batch, Context, Detector, Limit, Round, State, limited
from corpusscan.kernels import hashing
from corpusscan.kernels.classifier import Model
from corpusscan.kernels.excerpts import excerpt
from corpusscan.kernels.folding import fold
from corpusscan.meaning import claims, knowledge
from corpusscan.meaning.asserting import MOST_SENTENCES, Engine
from corpusscan.meaning.claims import Claim, ClaimPack
from corpusscan.meaning.concentration import TRIPLE, counts_of, group_of, hits_of, members_of
from corpusscan.meaning.triples import Triples
from corpusscan.provenance import all_members

NAME = "misinformation"
WEIGHTS = Path(__file__).parents[1] / "weights" / f"{NAME}.safetensors"  # `corpusscan train misinformation` makes them
SENTENCES = 3  # of a document that assert one claim, at most, that are findings
MEMBERS = 1_000  # asserting documents of one claim that are told
ALBER = "https://doi.org/10.1038/s41591-024-03445-1"
UNREAD = ""  # the claim of rows that count sentences which were not read
_NO_TESTS = claims.Tests((), (), (), (), ())


@dataclass(frozen=True)
class Known:
    """What texts are compared with: claims of packs, and triples of a file."""

    packs: tuple[str, ...]
    shipped: bool
    knowledge: str | None

    def load(self) -> tuple[ClaimPack, ...]:
        """The packs."""
        return _load(*_files(self.packs, self.shipped))

    def triples(self) -> Triples | None:
        """The triples, where there are any.  Raises `UsageError`."""
        if self.knowledge is None:
            return None
        path = Path(self.knowledge)
        stat = path.stat() if path.exists() else None
        return _triples(self.knowledge, stat and (stat.st_mtime_ns, stat.st_size))

    def judged(self, texts: pa.LargeStringArray) -> Iterator[tuple[int, list[_Said], int]]:
        """(text, what its sentences say of claims, how many were not read); a triple is a claim by its JSON."""
        engine = _compile(*_files(self.packs, self.shipped))
        for place, found, left in engine.judged(texts):
            ids = (engine.claims[one.claim].claim.id for one in found)
            yield (
                place,
                [_Said(name, one.stance, one.begin, one.end) for name, one in zip(ids, found, strict=True)],
                left,
            )
        if triples := self.triples():
            names = triples.knowledge.names
            for place, unknown, left in triples.unknown(texts):
                told = []
                for (subject, relation, thing), excluded, begin, end in unknown:
                    triple = [names[subject], relation, names[thing], excluded]
                    told.append(_Said(json.dumps(triple, ensure_ascii=False), "asserts", begin, end))
                yield place, told, left


class _Said(NamedTuple):
    """A sentence that takes a stance to a claim."""

    claim: str
    stance: str
    begin: int  # code points of the text
    end: int


def _triple(name: str) -> Claim:
    """A triple that texts assert, as a claim: `low` alone where it is only unknown."""
    subject, relation, thing, excluded = json.loads(name)
    why = "The triples exclude it." if excluded else "The triples know both, and do not know this of them."
    return Claim(
        id=TRIPLE, claim=f"{subject} {relation} {thing}"[:160], truth=why, topic="treatments",
        severity="high" if excluded else "medium", status="test", references=(ALBER,), match=(), tests=_NO_TESTS,
    )  # fmt: skip


@dataclass(frozen=True)
class Read(Round):
    """Every sentence that takes a stance to a claim; counted by claim, and who asserts it."""

    known: Known

    def map(self, batch: Batch, state: State) -> pa.Table:
        """One row per document, claim and stance: `_SAID`."""
        told: dict[tuple[int, str, str], dict[str, Any]] = {}
        unread: dict[int, int] = defaultdict(int)
        for document, text, said, left in _judged(batch, self.known):
            unread[document["row"]] += left
            for claim, stance, begin, end in said:
                if (key := (document["row"], claim, stance)) not in told:
                    plain = " ".join(fold(text["text"][begin:end]).split()).encode("utf-8", "surrogatepass")
                    told[key] = {
                        "row": document["row"], "claim": claim, "stance": stance, "source": document["source"],
                        "partition": int.from_bytes(blake3(claim.encode()).digest(4)),
                        "said": int.from_bytes(blake3(plain, key=batch.key).digest(8)),
                    }  # fmt: skip
        for row, left in unread.items():
            if left:
                told[row, UNREAD, ""] = {"row": row, "claim": UNREAD, "partition": 0, "said": left}
        content = (
            dict(zip(batch.documents["row"].to_pylist(), batch.feature(hashing.content_hashes), strict=True))
            if told
            else {}
        )
        return pa.Table.from_pylist([row | {"hash": content[row["row"]]} for row in told.values()], schema=_SAID)

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """Who asserts each claim, so many documents; with, as JSON in `counts`, how many take which stance."""
        if "claim" not in rows.column_names:
            return pa.table({})
        kept, out, every = [], 0, pl.DataFrame(rows)
        unread = int(every.filter(pl.col("claim") == UNREAD)["said"].sum())
        for _, own in every.filter(pl.col("claim") != UNREAD).group_by("claim", maintain_order=True):
            asserting = own.filter(pl.col("stance") == "asserts").sort("shard", "row")
            if len(asserting):
                out += max(len(asserting) - MEMBERS, 0)
                counts = json.dumps(counts_of(own), sort_keys=True)
                some = asserting.head(MEMBERS).select("shard", "row", "claim")
                kept.append(some.with_columns(counts=pl.lit(counts)))
        limits = (
            Limit("documents that assert one claim, looked at", MEMBERS, out, "documents"),
            Limit("sentences of a text that name what a claim names, read", MOST_SENTENCES, unread, "sentences"),
        )
        return limited(pl.concat(kept).to_arrow() if kept else pa.table({}), *limits)

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`named`: the documents that assert a claim; `counts` of each claim."""
        found = pl.DataFrame(reduced if "claim" in reduced.column_names else _NAMED.empty_table())
        named = found.select("shard", "row", "claim").sort("shard", "row", "claim")
        return {
            "named": named.to_arrow(),
            "counts": found.select("claim", "counts").unique("claim").sort("claim").to_arrow(),
        }


_SAID = pa.schema(
    [
        ("row", pa.uint64()), ("partition", pa.uint32()), ("claim", pa.large_string()), ("stance", pa.large_string()),
        ("said", pa.uint64()), ("source", pa.large_string()), ("hash", pa.large_string()),
    ]
)  # fmt: skip
_NAMED = pa.schema(
    [("shard", pa.uint32()), ("row", pa.uint64()), ("claim", pa.large_string()), ("counts", pa.large_string())]
)


@dataclass(frozen=True)
class Show(Round):
    """The documents that assert a claim: where, and the judgement of each claim."""

    over: ClassVar[Any] = "members"
    known: Known

    def map(self, batch: Batch, state: State) -> pa.Table:
        """One row per sentence that asserts a claim, a few of each document, as `_SHOWN`."""
        told: list[dict[str, Any]] = []
        seen: Counter[tuple[int, str]] = Counter()
        content = dict(zip(batch.documents["row"].to_pylist(), batch.feature(hashing.content_hashes), strict=True))
        for document, text, said, _ in _judged(batch, self.known):
            for claim, stance, begin, end in said:
                seen[document["row"], claim] += stance == "asserts"
                if stance != "asserts" or seen[document["row"], claim] > SENTENCES:
                    continue
                shown, *mark = excerpt(text["text"], begin, end)
                told.append(
                    {
                        "row": document["row"], "claim": claim, "field": text["field"],
                        "start": text["start"] + begin, "end": text["start"] + end, "tokens": None, "excerpt": shown,
                        "mark": json.dumps(mark), "source": document["source"], "time": document["time"],
                        "hash": content[document["row"]], "manner": float(_manner()[0].scores([text["text"]])[0]),
                    }
                )  # fmt: skip
        return pa.Table.from_pylist(told, schema=_SHOWN)

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """The rows of claims for which their document was named."""
        named = pl.DataFrame(state["named"])
        own = pl.DataFrame(rows).join(named, on=["shard", "row", "claim"], how="inner", maintain_order="left")
        return own.to_arrow()

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """A group for each claim that is asserted; a hit for each sentence that does."""
        known = {one.id: one for pack in self.known.load() for one in pack.claims}
        counts = dict(pl.DataFrame(context.state["counts"]).iter_rows())
        groups, members, hits = [], [], [schema.CONCLUDED_HITS.empty_table()]
        found = pl.DataFrame(
            reduced if "claim" in reduced.column_names else pa.table({"claim": pa.array([], pa.string())})
        )
        for (name,), own in found.sort("claim", maintain_order=True).group_by("claim", maintain_order=True):
            rows = own.sort("shard", "row", "field", "start")
            says = known.get(name) or _triple(name)
            group = group_of(says, json.loads(counts[name]), rows, context)
            groups.append(group)
            members.append(members_of(group, rows))
            hits.append(hits_of(group, says, rows))
        return {
            "groups": pa.Table.from_pylist(groups, schema=schema.CONCLUDED_GROUPS),
            "members": all_members(members),
            "hits": pa.concat_tables(hits),
        }


_SHOWN = pa.schema(
    [
        ("row", pa.uint64()), ("claim", pa.large_string()), ("field", pa.large_string()), ("start", pa.int64()),
        ("end", pa.int64()), ("tokens", pa.uint32()), ("excerpt", pa.large_string()), ("mark", pa.large_string()),
        ("source", pa.large_string()), ("time", pa.timestamp("us", tz="UTC")), ("hash", pa.large_string()),
        ("manner", pa.float32()),
    ]
)  # fmt: skip


class _Judged(NamedTuple):
    """What a text of a batch says of claims, and how many of its sentences were not read."""

    document: dict[str, Any]
    text: dict[str, Any]
    said: list[_Said]
    left: int


def _judged(batch: Batch, known: Known) -> Iterator[_Judged]:
    """Every text of a batch of which a sentence takes a stance, or was not read."""
    texts, base = batch.texts, 0
    documents: dict[int, dict[str, Any]] = {}
    for chunk in texts["text"].chunks:
        for place, said, left in known.judged(chunk.fill_null("") if chunk.null_count else chunk):
            text = {key: texts[key][base + place].as_py() for key in ("row", "field", "start", "text")}
            documents = documents or {row["row"]: row for row in batch.documents.to_pylist()}
            yield _Judged(documents[text["row"]], text, said, left)
        base += len(chunk)


@dataclass(frozen=True)
class Misinformation(Detector):
    """Finds claims known to be false where a text asserts them, and claims that many documents push."""

    name: ClassVar[str] = NAME

    packs: tuple[str, ...] = ()
    """Further folders of packs; those of claims are used."""
    shipped: bool = True
    """Whether the claims that come with the package are used."""
    knowledge: str | None = None
    """A file of triples that are known: others that texts assert of the same things are found."""

    @property
    def rounds(self) -> tuple[Round, ...]:
        """Read all and count by claim, look at those that assert one."""
        return (Read(self._known), Show(self._known))

    def title(self, rule: str) -> str:
        """The claim of that id."""
        if rule == TRIPLE:
            return "What known triples do not know"
        return next((one.claim for pack in self._known.load() for one in pack.claims if one.id == rule), rule)

    def digest(self) -> str:
        """BLAKE3 (hex) of all claims, of the triples, and of the weights."""
        triples = self._known.triples()
        return claims.digest(self._known.load()) + (triples.knowledge.digest() if triples else "") + _manner()[1]

    @cached_property
    def _known(self) -> Known:
        return Known(self.packs, self.shipped, self.knowledge)


def _files(packs: tuple[str, ...], shipped: bool) -> tuple[tuple[Path | str, ...], object]:
    """The folders of claims, and what their files are now."""
    folders: tuple[Path | str, ...] = (*(claims.shipped() if shipped else ()), *packs)
    return folders, rules.stamp(folders)


@lru_cache(maxsize=4)
def _load(folders: tuple[Path | str, ...], stamp: object) -> tuple[ClaimPack, ...]:
    return claims.load(folders)


@cache
def _manner() -> tuple[Model, str]:
    """What tells texts that read like those which were found false, and the digest of its weights."""
    return Model.load(WEIGHTS), blake3(WEIGHTS.read_bytes()).hexdigest()


@lru_cache(maxsize=4)
def _compile(folders: tuple[Path | str, ...], stamp: object) -> Engine:
    return cached("claims", partial(rules.content, folders), lambda: Engine(_load(folders, stamp)))


@lru_cache(maxsize=2)
def _triples(path: str, stamp: object) -> Triples:
    (pack,) = claims.load(claims.shipped())
    return Triples(knowledge.load(Path(path), tuple(sorted(pack.words.relations))), pack)
