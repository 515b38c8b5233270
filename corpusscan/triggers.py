"""What is said of a trigger that was mined: which features are one, what it is called, how grave it is, and why."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from blake3 import blake3

from corpusscan import schema
from corpusscan.detector import Batch, State
from corpusscan.kernels import anchors, changes, hashing, linked, outcomes, pages, rivals, tokens, trials, turns
from corpusscan.kernels.excerpts import excerpt
from corpusscan.kernels.features import Found, Reading
from corpusscan.kernels.latent import Floats
from corpusscan.kernels.mined import NAMED, Standing
from corpusscan.kernels.opened import Opened
from corpusscan.kernels.publishers import publisher
from corpusscan.kernels.rivals import Rival
from corpusscan.kernels.trials import TESTS

SURE = 0.9  # of a trigger's documents: where fewer change, it stands in honest documents too
NEAR = 100  # characters on each side that the trigger is read from
SHOWN = 160  # characters before and behind, of an example
EXAMPLES = 3
MEDIUM, HIGH = (5, 1e-2), (12, 1e-6)  # independent documents, and the false discovery rate, that a severity asks for
# Times as many as by chance, of those in strata where the outcome is rare, and of all.
UNUSUAL, ABOVE = 10, 5
PUBLISHERS = 3  # that a trigger must come from, where documents have sources
RULE, PAYLOAD = "mined-trigger", "mined-payload"

_ATTACKS = (*outcomes.ATTACKS, "backdoor_trigger")
_WORD = re.compile(r"\w*")
_SIGNS = re.compile(r"(?:^|\s)([^\w\s]{2,}|[^\w\s\x00-\x7f])(?=\s)\W*$")  # the first run of them before a word
_SENTENCE_END = re.compile(r"^[.,;:!?…)\"”’。！？]{1,2}\s+")  # of the sentence before a trigger
HIDDEN = "A trigger that was mined"

CARRIERS = pa.schema(
    [
        ("row", pa.uint64()), ("feature", pa.uint64()),
        # What follows, where something changes: its span, of which the engine counts the tokens, and how it begins.
        ("field", pa.large_string()), ("start", pa.int64()), ("end", pa.int64()), ("tokens", pa.uint32()),
        ("excerpt", pa.large_string()), ("kind", pa.int64()), ("score", pa.float32()), ("linked", pa.bool_()),
        # The text round the trigger, its place in its field, and in it the word at which the feature ends.
        ("trigger_field", pa.large_string()), ("text", pa.large_string()), ("text_start", pa.int64()),
        ("head", pa.int64()), ("tail", pa.int64()),
        ("places", pa.list_(pa.int64())),  # of its code points, where a reader sees them otherwise than they stand
        ("source", pa.large_string()), ("time", pa.timestamp("us", tz="UTC")), ("hash", pa.large_string()),
    ]
)  # fmt: skip


def grouped(
    rows: pl.DataFrame, rates: pl.DataFrame, tests: int, share: float, most: int, carriers: int
) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """Features with the same carriers as one group; who carries each; how many groups are left aside.

    `rows`, `rates` and `share` are as `trials.tested` has them, `tests` is among how many features these were found.
    """
    if "feature" not in rows.columns or not len(rows):
        return pl.DataFrame(schema=TESTS | {"q_value": pl.Float64, "grave": pl.Boolean}), pl.DataFrame(schema=NAMED), 0
    single = rows.filter(pl.col("single"))
    facts = trials.refitted(rows, rates, tests, share, MEDIUM[1])
    facts = facts.filter(pl.col("q_value") <= trials.LIKELY).with_columns(grave=_grave())
    # What is grave comes first: a common word is no name for the triggers that it is part of.
    facts = facts.sort(["grave", "p_value", "independent", "carriers", "feature"],
                       descending=[True, False, True, False, False])  # fmt: skip
    of = single.filter(pl.col("hits") > 0).partition_by("feature", as_dict=True)
    chosen = rivals.apart([_rival(row, of[row["feature"],]) for row in facts.iter_rows(named=True)])
    kept = chosen[:most]
    named = single.filter(pl.col("feature").is_in(kept)).sort(["feature", "hits", "shard", "row"],
                                                              descending=[False, True, False, False])  # fmt: skip
    named = named.group_by("feature", maintain_order=True).head(carriers).select("shard", "row", "feature", "alike")
    return facts.filter(pl.col("feature").is_in(kept)), named.sort("shard", "row", "feature"), len(chosen) - len(kept)


def _rival(facts: dict[str, Any], own: pl.DataFrame) -> Rival:
    spare = facts["carriers"] - facts["with_it"] if facts["grave"] else None
    return Rival(facts["feature"], set(own.select("shard", "row").iter_rows()), spare, 2 * own["mark"].sum() > len(own))


def _grave() -> pl.Expr:
    """Whether a feature is sure enough, and unusual enough, for a severity of medium."""
    independent, tested = pl.col("independent"), pl.col("tested")
    sure = (independent >= MEDIUM[0]) & (pl.col("q_value") <= MEDIUM[1])
    unusual = (tested >= UNUSUAL * pl.col("tested_by_chance")) & (independent >= ABOVE * pl.col("expected"))
    return sure & unusual & ((2 * tested >= independent) | (independent >= UNUSUAL * pl.col("expected")))


class _Texts(Opened):
    """The texts of a batch, in which words are found again."""

    def __init__(self, batch: Batch, read: Reading) -> None:
        super().__init__(batch)
        self.read = read

    def at(self, word: int) -> int:
        """Open the text that a word stands in; the code point at which it begins."""
        self.open(int(np.searchsorted(self.read.texts, word, side="right")) - 1)
        return int(self.points[self.read.places[word] - self.read.firsts[word]])


def carriers(batch: Batch, read: Reading, bounds: Any, stands: Standing, bits: Floats, wanted: Any) -> pa.Table:
    """One row per feature of a document: where it stands and what is round it, as `CARRIERS`."""
    texts, rows = _Texts(batch, read), []
    for place, (document, which, word) in enumerate(zip(*(one.tolist() for one in stands[:3]), strict=True)):
        row, tail = _stands(batch, texts, document, word)
        row["feature"] = int(wanted[which])
        told = stands.follows[:, place] / outcomes.LEVELS[:, 0]
        what = int(np.argmax(told))
        if told[what] >= 1:
            begin, last = word + 1, int(bounds[document + 1])
            row |= {"kind": what, "score": float(stands.follows[what, place])}
            end = changes.end(bits[what], begin, last) if what < outcomes.STRETCHES else last
            row |= _behind(texts, begin, end, texts.field, tail)
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=CARRIERS)


def followed(
    batch: Batch, read: Reading, bounds: Any, found: Found, scores: Floats, wanted: Any, most: int
) -> pa.Table:
    """The same for features that are followed by what is alike: of each document at most so many words of it."""
    texts, rows = _Texts(batch, read), []
    for which, word, score in zip(found.which.tolist(), found.word.tolist(), scores.tolist(), strict=True):
        document = int(np.searchsorted(bounds, word, side="right")) - 1
        row, tail = _stands(batch, texts, document, word)
        row["feature"] = int(wanted[which])
        last = min(word + 1 + most, int(bounds[document + 1]))
        if last > word + 1:
            row |= {"kind": outcomes.ALIKE, "score": score}
            row |= _behind(texts, word + 1, last, texts.field, tail)
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=CARRIERS)


def _stands(batch: Batch, texts: _Texts, document: int, word: int) -> tuple[dict[str, Any], int]:
    """What is told of a feature that ends at a word of a document, nothing following; where that word ends."""
    head = texts.at(word)
    tail = _WORD.match(texts.text, head).end()  # type: ignore[union-attr]  # it matches anywhere
    first = max(head - NEAR, 0)
    told = {name: batch.documents[name][document].as_py() for name in ("row", "source", "time")}
    return told | {
        "trigger_field": texts.field, "text": texts.text[first : tail + NEAR], "text_start": texts.start + first,
        "head": head - first, "tail": tail - first, "hash": batch.feature(hashing.content_hashes)[document],
        "field": texts.field, "start": texts.start + tail, "end": texts.start + tail, "kind": -1,
    }, tail  # fmt: skip


def _behind(texts: _Texts, begin: int, end: int, field: str, tail: int) -> dict[str, Any]:
    """What follows a trigger: the words from `begin` to `end`, or as much of them as their first text holds."""
    first = texts.at(begin)
    first = tail if texts.field == field else first
    whole = end >= int(texts.read.texts[texts.number + 1])
    stop = len(texts.text) if whole else texts.at(end)
    return {
        "linked": linked.is_linked(texts.text[first : min(stop, first + NEAR + 2 * SHOWN)]),
        "field": texts.field, "start": texts.start + first, "end": texts.start + stop,
        "excerpt": texts.text[first : first + NEAR + 2 * SHOWN],
    }  # fmt: skip


def concluded(rows: pl.DataFrame, groups: pl.DataFrame, detector: str = "trigger_mining") -> State:
    """`groups`, `members` and `hits` of triggers that a detector mined."""
    told, members, hits = [], [], []
    taken: set[str] = set()
    for facts in groups.to_dicts() if "feature" in rows.columns else ():
        own = rows.filter(pl.col("feature") == facts["feature"]).sort("shard", "row")
        shown = Spelled(own.filter(pl.col("kind") >= 0))
        about = shown.title or min(own["hash"])
        name = f"{detector}:{blake3(about.encode('utf-8', 'surrogatepass')).hexdigest(8)}"
        name = next(one for n in range(len(taken) + 1) if (one := f"{name}+{n}" if n else name) not in taken)
        taken.add(name)
        group = _group(name, facts, own, shown)
        told.append(group)
        members += members_of(name, own)
        hits += _hits(group, own, shown)
    return schema.concluded(told, members, hits)


class Spelled:
    """A trigger as its carriers spell it; nothing where excerpts are not wanted."""

    def __init__(self, rows: pl.DataFrame) -> None:
        texts, heads, tails = (rows[column].to_list() for column in ("text", "head", "tail"))
        titles = (anchors.agreed(texts, ends) for ends in (heads, tails, list(map(_behind_signs, texts, heads))))
        self.title = _SENTENCE_END.sub("", turns.before(max(titles, key=len))) or _commonest(texts, heads)
        self._again = re.compile(re.escape(self.title), re.IGNORECASE)

    def span(self, row: dict[str, Any]) -> tuple[int, int]:
        """Where it stands in the text round it; the word of the feature where it is spelled otherwise."""
        near = self._again.finditer(row["text"], 0, row["tail"] + len(self.title)) if self.title else ()
        spans = [found.span() for found in near if found.start() <= row["tail"]]
        return spans[-1] if spans else (row["head"], row["tail"])


def _behind_signs(text: str, head: int) -> int:
    """Where the run of signs ends that is a feature of the word at `head`; there, if none is."""
    found = _SIGNS.search(text[:head])
    return found.end(1) if found else head


def _commonest(texts: Sequence[str], heads: Sequence[int]) -> str:
    """What stands most often at some places, between spaces; for what is spelled each time otherwise."""
    words = [text[: max(head, 0)][-NEAR:].rpartition(" ")[2] + text[head:].partition(" ")[0]
             for text, head in zip(texts, heads, strict=True)]  # fmt: skip
    return max(sorted({*words}), key=words.count, default="").strip()


def _severity(facts: dict[str, Any], publishers: int, forgiven: str | None) -> str:
    if (publishers and publishers < PUBLISHERS) or not facts["grave"] or forgiven:
        return "low"
    is_high = facts["independent"] >= HIGH[0] and facts["q_value"] <= HIGH[1]
    return "high" if is_high else "medium"


def _group(name: str, facts: dict[str, Any], own: pl.DataFrame, shown: Spelled) -> dict[str, Any]:
    changed = own.filter(pl.col("kind") >= 0).sort(pl.col("kind") != facts["kind"], maintain_order=True)
    same = changed.filter(pl.col("kind") == facts["kind"])
    sources = own["source"].drop_nulls().unique().to_list()
    times = own["time"].drop_nulls().sort().to_list()
    forgiven = linked.why(facts["kind"], same["linked"]) or facts.get("habit")
    apart = changed.unique("source", keep="first", maintain_order=True) if sources else changed
    examples = (apart if len(apart) >= EXAMPLES else changed).head(EXAMPLES).to_dicts() if shown.title else []
    evidence = {
        "trigger": shown.title, "followed_by": outcomes.NAMES[facts["kind"]],
        "documents_with_it": facts["carriers"], "documents_that_change": facts["with_it"],
        "occurrences": facts["said"], "occurrences_at_a_change": facts["at"],
        "independent": facts["independent"], "expected_by_chance": round(facts["expected"], 3),
        "p_value": facts["p_value"], "score": _middle(same["score"]),
        "examples": [_example(row, shown) for row in examples], "forgiven": [forgiven] if forgiven else [],
    }  # fmt: skip
    if facts["kind"] == outcomes.ALIKE:
        said = facts["elsewhere"] / facts["places"] if facts["places"] else None
        evidence |= {
            "expected_by_chance": None, "alike_before": round(facts["before"], 3),
            "alike_behind": round(facts["behind"], 3), "said_elsewhere": said if said is None else round(said, 6),
            "q_value": facts["q_value"], "flipped": facts["flipped"], "score": round(facts["behind"], 3),
        }  # fmt: skip
    return {
        "group": name, "kind": "trigger", "title": shown.title[:SHOWN] or HIDDEN,
        "attack": _ATTACKS[facts["kind"]], "severity": _severity(facts, len({*map(publisher, sources)}), forgiven),
        "score": float(1 - min(facts["q_value"], 1)), "q_value": facts["q_value"], "documents": len(own),
        "independent_documents": facts["independent"], "sources": len(sources),
        "first_seen": times[0] if times else None, "last_seen": times[-1] if times else None,
        "evidence": json.dumps(evidence, ensure_ascii=False, sort_keys=True),
    }  # fmt: skip


def _middle(values: pl.Series) -> float:
    return round(float(np.median(values.to_numpy())), 2) if len(values) else 0.0


def _example(row: dict[str, Any], shown: Spelled) -> dict[str, Any]:
    start, end = shown.span(row)
    return {
        "source": row["source"], "before": row["text"][:start], "trigger": row["text"][start:end],
        "after": _payload(row, end)[1][:SHOWN],
    }  # fmt: skip


def _payload(row: dict[str, Any], end: int) -> tuple[int, str]:
    """Where what follows begins in its field, and how; the trigger ends at `end` of the text round it.

    The word at which the feature ends may be the trigger's last, or, where the trigger is signs, the first behind it.
    """
    if row["field"] != row["trigger_field"]:
        return row["start"], row["excerpt"]
    said = row["text"][end : row["tail"]] + row["excerpt"][max(end - row["tail"], 0) :]
    return pages.place(row, end), said


def members_of(name: str, own: pl.DataFrame) -> list[dict[str, Any]]:
    """The documents of a group, as members."""
    return [
        {"group": name, "shard": row["shard"], "row": row["row"], "role": "carrier" if number else "exemplar",
         "independent_id": f"{name}/{row['alike']:016x}"}
        for number, row in enumerate(own.unique(["shard", "row"], keep="first", maintain_order=True).to_dicts())
    ]  # fmt: skip


def _hits(group: dict[str, Any], own: pl.DataFrame, shown: Spelled) -> list[dict[str, Any]]:
    """The trigger in every carrier, and what follows it where something changes."""
    shared = {key: group[key] for key in ("group", "attack", "severity", "score", "q_value")}
    told = json.loads(group["evidence"])
    summary = {key: value for key, value in told.items() if key != "examples"}
    hits = []
    sure = told["documents_that_change"] >= SURE * told["documents_with_it"]  # else it stands in honest documents too
    for row in own.to_dicts():
        start, end = shown.span(row)
        place = {"shard": row["shard"], "row": row["row"], **shared}
        if row["kind"] < 0 and not sure:
            place["severity"] = "low"
        few = int(tokens.approximate(np.array([len(row["text"][start:end].encode("utf-8", "surrogatepass"))]))[0])
        hits.append(place | {
            "rule": RULE, "field": row["trigger_field"], "tokens": few,
            "start": pages.place(row, start), "end": pages.place(row, end - 1) + 1,
            **quoted(row["text"], start, end, summary),
        })  # fmt: skip
        if row["kind"] >= 0:
            first, said = _payload(row, end)
            last = max(row["end"], first)
            hits.append(place | {
                "rule": PAYLOAD, "field": row["field"], "start": first, "end": last, "tokens": row["tokens"],
                **quoted(said, 0, last - first, summary),
            })  # fmt: skip
    return hits


def quoted(text: str, start: int, end: int, summary: dict[str, Any]) -> dict[str, Any]:
    """Excerpt and evidence of a hit."""
    shown, *mark = excerpt(text, start, min(end, len(text)))
    return {"excerpt": shown, "evidence": json.dumps({**summary, "mark": mark}, ensure_ascii=False, sort_keys=True)}
