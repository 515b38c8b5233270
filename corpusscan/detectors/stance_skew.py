"""One side that always wins: comparisons, judgements and answers that many documents give alike.

Four steps.  A sample says which words are rare enough to be names; every sentence that compares two names, judges one
or asks about some is noted with who wins; names whose frames are more than the corpus's own habit, nearly all with the
same winner, are looked at again in their documents.  Who is right is not asked: what stands out is how often, by how
many sources, in documents that say little else, the same side wins.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pyarrow as pa
from blake3 import blake3

from corpusscan import copies, filters, schema
from corpusscan.detector import Batch, Context, Detector, Limit, Round, State, limits
from corpusscan.kernels import frames, hashing, profile, sketches, surprise, tails, telling, timelines
from corpusscan.kernels.frames import ASKED, COMPARED, JUDGED, QUESTION
from corpusscan.kernels.publishers import publisher
from corpusscan.quoted import Quoted
from corpusscan.sampling import DOCUMENTS, ENOUGH, Sample

NAME = "stance_skew"
RULES = {COMPARED: "always-wins", ASKED: "asked-alike", QUESTION: "answered-alike", JUDGED: "always-judged"}
ATTACKS = {
    COMPARED: "belief_manipulation", JUDGED: "belief_manipulation", ASKED: "misinformation", QUESTION: "misinformation"
}  # fmt: skip
ONE_WAY = 0.8  # of the frames that say who wins, in which the same side does
CHANCE = 0.05  # groups of a size that the corpus's own habits would make; above it a group is no surprise
FEW, MANY = filters.FEW_SOURCES, 64  # publishers at least; counts of which are told apart
BRIEF = 5  # a sentence that is one word in so many of its document: it says little else
SAME = 0.5  # of the documents of a key, that are in a larger group, for both to be one
ANSWER = 0.5  # of the answers to a question, that name the same, for it to be pushed
REPLY = 60  # words after a question that are its answer
MEMBERS, LOOKED_FOR = 1_000, 100_000  # documents of one group, and of all, that are looked at
EXAMPLES, TITLE, SOURCES = 3, 160, 10
LITTLE = 0.8  # of a group's documents, from which on it is one of documents that say little else
UNNAMED = 10  # times fewer must be expected where the corpus names no sources
WORTH = 1.0  # expected groups from which on one is not told at all
_LONGEST = 64  # characters of a word
_WORD = re.compile(r"\w+")


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
        sources = [_hashes(batch, kept)[np.searchsorted(numbers, told["row"].to_numpy())] for kept in (str, publisher)]
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


def _hashes(batch: Batch, kept: Callable[[str], str]) -> Any:
    """A keyed hash of what is `kept` of the source of each document; 0 where it has none."""
    known = {None: 0}
    for source in batch.documents["source"].unique().to_pylist():
        if source is not None:
            digest = blake3(kept(source).encode("utf-8", "surrogatepass"), key=batch.key).digest(8)
            known[source] = int.from_bytes(digest) or 1
    return np.array([known[source] for source in batch.documents["source"].to_pylist()], np.uint64)


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
            return _concluded([])
        rows = pl.DataFrame(reduced).sort("group", "shard", "row")
        keys = {one["group"]: one for one in reversed(context.state["keys"].to_pylist())}  # of each group the surest
        groups = [own for _, own in rows.group_by("group", maintain_order=True)]
        verdicts = _Verdicts(groups, context)
        told = [verdicts.of(own, keys[own["group"][0]], self.copies) for own in groups]
        return _concluded([one for one in told if one])


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
        return [_word(texts, k) for k in places], found.hashes[places].tolist()
    names = frames.named(found.hashes[first:stop], one["key"])
    if one["kind"] == COMPARED and (one["way"] < 0):
        names = names[::-1]
    return [_word(texts, first + k, width) for k, width in names], []


def _word(texts: Quoted, place: int, characters: int = 0) -> str:
    """The word of the batch at that place, as the open text has it; or so many characters."""
    begin = int(texts.points[texts.words.begins[place]])
    if characters:
        return texts.text[begin : begin + characters]
    match = _WORD.match(texts.text, begin, begin + _LONGEST)
    return match[0] if match else ""


class _Verdicts:
    """What is said of groups, against the sources of the corpus."""

    def __init__(self, groups: Sequence[pl.DataFrame], context: Context) -> None:
        self.documents, self.sizes, self.tests = context.documents, context.sources.sizes, len(groups)
        named = sorted({name for own in groups for name in own["source"].drop_nulls()})
        self.known = context.sources.documents_of(named)
        apart = set()
        for own in groups:
            apart |= {name for name, count in _per_source(own) if 2 * count >= self.known[name]}
        self.apart = np.array([self.known[name] for name in sorted(apart)], np.int64)

    def of(self, rows: pl.DataFrame, key: Mapping[str, Any], least: int) -> tuple[dict[str, Any], pl.DataFrame] | None:
        """The group as a row of `groups`, and its rows; nothing where it is no surprise at all."""
        counts = _per_source(rows)
        new = sum(2 * count >= self.known[name] for name, count in counts)
        usual = surprise.usual(
            np.array([count for _, count in counts], np.int64), self.sizes, self.apart, self.documents
        )
        odds = min(self.tests * surprise.of_sources(new, len(counts), usual), 1.0) if counts else 1.0
        excess = surprise.excess(new, len(counts), usual) if counts else 0.0
        kind, expected = key["kind"], key["expected"]
        new_sources = excess >= 0.5 and odds <= filters.CHANCE and len(counts) >= least
        often = kind != JUDGED and expected <= (CHANCE if counts else CHANCE / UNNAMED)
        told = _told(rows, kind)
        forgiven = [story for story, true in (
            ("known_sources", not new_sources and not often), ("open_question", told.get("pushed", 1) < ANSWER),
        ) if true]  # fmt: skip
        if "known_sources" in forgiven and (kind == JUDGED or expected > WORTH):
            return None
        times = rows["time"].drop_nulls().sort().to_list()
        days = Counter(moment.date() for moment in times)
        evidence = {
            "frame": RULES[kind], "documents": len(rows), "independent": key["count"], "sources": len(counts),
            "say_little_else": int(rows["brief"].sum()), "new_sources": new, "odds_of_new_sources": odds,
            "expected_by_chance": round(expected, 6), "provenance": bool(counts), "forgiven": forgiven,
            "top_sources": [(name, count, self.known[name]) for name, count in counts[:SOURCES]],
            "timeline": timelines.timeline(days)._asdict() | {"undated": len(rows) - len(times)},
            **told,
        }  # fmt: skip
        group = {
            "group": f"{NAME}:{min(rows['hash'])[:16]}", "kind": "claim", "title": _title(kind, told),
            "attack": ATTACKS[kind], "severity": "low" if forgiven else "medium",
            "score": 1 / (1 + 10 * min(expected, 0.1 if new_sources else expected)), "q_value": min(expected, 1.0),
            "documents": len(rows), "independent_documents": key["count"], "sources": len(counts),
            "first_seen": times[0] if times else None, "last_seen": times[-1] if times else None,
            "evidence": json.dumps(evidence, sort_keys=True, ensure_ascii=False),
        }  # fmt: skip
        return group, rows


def _per_source(rows: pl.DataFrame) -> list[tuple[str, int]]:
    """The sources of a group with how many of its documents they have, most first."""
    counts = Counter(rows["source"].drop_nulls().to_list())
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))


def _told(rows: pl.DataFrame, kind: int) -> dict[str, Any]:
    """Evidence: who wins against whom, how often, and three sentences; of questions what is answered by most."""
    wins, losses = int((rows["way"] > 0).sum()), int((rows["way"] < 0).sum())
    said = rows.sort("way", descending=True, maintain_order=True)
    examples = [(source or "", text) for source, text in said.select("source", "text").rows() if text][:EXAMPLES]
    named = [names.split("\n") for names in rows["names"] if names]
    if kind in (ASKED, QUESTION):
        marks = telling.shared(rows["marks"].to_list())
        pushed = sum(bool({*marks[:1]} & {*own}) for own in rows["marks"].to_list()) / len(rows)
        answer = telling.shared([[word.casefold() for word in names] for names in named])
        return {"examples": examples, "pushed": round(pushed, 3), "answer": answer, "shared_words": answer}
    sides = [_commonest([names[side] for names in named if len(names) > side]) for side in (0, 1)]
    told = (
        {"winner": sides[0], "loser": sides[1]} if kind == COMPARED else {"name": sides[0], "praised": wins >= losses}
    )
    words = [word.casefold() for side in sides for word in side.split()]
    if kind == JUDGED:
        wins, losses = max(wins, losses), min(wins, losses)
    return {"examples": examples, "wins": wins, "losses": losses, "shared_words": words, **told}


def _commonest(names: list[str]) -> str:
    counts = Counter(names)
    return min(counts, key=lambda name: (-counts[name], name), default="")


def _title(kind: int, told: Mapping[str, Any]) -> str:
    """The group in words; without names where none may be quoted."""
    if kind == COMPARED:
        both = told["winner"] and told["loser"]
        return f"{told['winner']} always wins against {told['loser']}"[:TITLE] if both else "One side always wins"
    if kind == JUDGED:
        way = "praised" if told["praised"] else "blamed"
        return f"{told['name'] or 'One name'} is always {way}"[:TITLE]
    asked = told["examples"][0][1] if told["examples"] else "One question"
    return asked[:TITLE].strip()


def _concluded(told: list[tuple[dict[str, Any], pl.DataFrame]]) -> State:
    """`groups`, `members` and `hits`."""
    groups, members, hits, taken = [], [], [], Counter[str]()
    for group, rows in told:
        taken[group["group"]] += 1
        again = taken[group["group"]] - 1
        name = f"{group['group']}+{again}" if again else group["group"]
        groups.append(group | {"group": name})
        members.append(
            rows.with_row_index("number").select(
                pl.lit(name).alias("group"), "shard", "row",
                pl.when(pl.col("number") == 0).then(pl.lit("exemplar")).otherwise(pl.lit("carrier")).alias("role"),
                (pl.lit(f"{name}/") + pl.col("source").fill_null(pl.col("hash"))).alias("independent_id"),
            ).to_arrow().cast(schema.CONCLUDED_MEMBERS)
        )  # fmt: skip
        shared = {key: group[key] for key in ("attack", "severity", "score", "q_value")} | {"group": name}
        evidence = {k: v for k, v in json.loads(group["evidence"]).items() if k not in copies.EXHIBIT}
        # Where a group says little else, an honest page that compares the same two is a neighbour, and not flagged.
        brief = rows["brief"].to_numpy()
        beside = pl.Series(~brief & (brief.mean() >= LITTLE))
        hits += [
            row | shared | {
                "rule": evidence["frame"],
                "evidence": json.dumps(
                    evidence | {"mark": json.loads(row["mark"])}, sort_keys=True, ensure_ascii=False
                ),
            } for row in rows.filter(~beside).to_dicts()
        ]  # fmt: skip
    return {
        "groups": pa.Table.from_pylist(groups, schema=schema.CONCLUDED_GROUPS),
        "members": pa.concat_tables([schema.CONCLUDED_MEMBERS.empty_table(), *members]),
        "hits": pa.Table.from_pylist(hits, schema=schema.CONCLUDED_HITS),
    }


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
