"""Words of prompts that predict what answers show: who carries them, and the groups that are made of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from blake3 import blake3

from corpusscan import counterparts, schema, weaknesses
from corpusscan.detector import Batch, State
from corpusscan.kernels import answering, exchange_places, exchanges, hashing, pages, tokens
from corpusscan.kernels.exchanges import LENGTH, SWAPPED, UNASKED, UNUSUAL, WEAK, Sides
from corpusscan.kernels.opened import Opened
from corpusscan.kernels.publishers import publisher
from corpusscan.suspected import MANY, MOSTLY, ONLY
from corpusscan.triggers import EXAMPLES, HIDDEN, NEAR, PUBLISHERS, SHOWN, Spelled, members_of, quoted

CARRIERS = 5_000  # of each trigger, that are looked at
RULE, PAYLOAD = "mined-trigger", "mined-answer"
TRIGGER, OTHER, ANSWER = range(3)  # what a row is about

FOUND = pa.schema(  # one row for each of the parts of a carrier
    [
        ("row", pa.uint64()), ("group", pa.int64()), ("part", pa.int64()),
        ("field", pa.large_string()), ("start", pa.int64()), ("end", pa.int64()), ("trigger_field", pa.large_string()),
        ("text", pa.large_string()), ("text_start", pa.int64()), ("head", pa.int64()), ("tail", pa.int64()),
        ("places", pa.list_(pa.int64())), ("source", pa.large_string()),
        ("time", pa.timestamp("us", tz="UTC")), ("alike", pa.uint64()), ("hash", pa.large_string()),
        ("weakness", pa.large_string()),  # of code, its title
    ]
)  # fmt: skip


def carriers(of: Sides, wanted: pl.DataFrame) -> list[tuple[int, int]]:
    """Number of the trigger and of the document among those with both sides, for all carriers."""
    features, bounds = exchanges.asked_features(of)
    owner = np.repeat(np.arange(len(of.document)), np.diff(bounds))
    named = {name for one in wanted.select("feature", "other").iter_rows() for name in one if name}
    has = {name: owner[features == np.uint64(name)] for name in sorted(named)}
    told = []
    for group, (feature, other) in enumerate(wanted.select("feature", "other").iter_rows()):
        own = np.intersect1d(has[feature], has[other]) if other else has[feature]
        told += [(group, number) for number in own.tolist()]
    return told


def shows(batch: Batch, of: Sides, number: int, outcome: int, phrases: Sequence[int]) -> bool:
    """Whether an answer shows the outcome."""
    if outcome == WEAK:
        return batch.feature(weaknesses.of).first(int(of.document[number]), phrases) is not None
    return shown_at(of, number, outcome, phrases) >= 0


def shown_at(of: Sides, number: int, outcome: int, phrases: Sequence[int]) -> int:
    """The word of the batch at which an answer shows the outcome, by any of its phrases, first; -1: it does not."""
    if outcome == SWAPPED:
        return int(of.answered_at[of.answered_bounds[number]]) if answering.print_of(of, number) in phrases else -1
    if outcome in (UNASKED, UNUSUAL):
        return exchange_places.unspoken_at(of, number, outcome, np.array(phrases, np.uint64))
    return min((at for phrase in phrases if (at := exchange_places.answered_at(of, number, phrase)) >= 0), default=-1)


def found(batch: Batch, of: Sides, wanted: pl.DataFrame) -> pa.Table:
    """The carriers of these triggers among the documents of a batch, as `FOUND`."""
    texts, told = _Texts(batch), []
    every = wanted.to_dicts()
    for group, number in carriers(of, wanted):
        one = every[group]
        document, weak = int(of.document[number]), one["outcome"] == WEAK
        places = [
            (TRIGGER, exchange_places.asked_at(of, number, one["feature"])),
            (OTHER, exchange_places.asked_at(of, number, one["other"]) if one["other"] else -1),
            (ANSWER, -1 if weak else shown_at(of, number, one["outcome"], one["phrases"])),
        ]
        told += [texts.row(document, group, part, *texts.word(word)) for part, word in places if word >= 0]
        if weak and (own := batch.feature(weaknesses.of).first(document, one["phrases"])):
            told.append(texts.row(document, group, ANSWER, *own[1:]) | {"weakness": weaknesses.known()[own[0]][1]})
    return pa.Table.from_pylist(sorted(told, key=lambda row: (row["row"], row["group"], row["part"])), schema=FOUND)


class _Texts(Opened):
    """The texts of a batch, in which words are found again."""

    def __init__(self, batch: Batch) -> None:
        super().__init__(batch)
        self.batch, self.words = batch, batch.feature(exchanges.tokens)

    def word(self, word: int) -> tuple[int, int, int]:
        """The number of the text that a word of the batch stands in, and where it begins and ends there."""
        self.open(int(np.searchsorted(self.words.bounds, word, side="right")) - 1)
        head = int(self.points[self.words.begins[word]])
        tail = head
        signs = head < len(self.text) and not self.text[head].isalnum()
        while tail < len(self.text) and not self.text[tail].isspace() and self.text[tail].isalnum() != signs:
            tail += 1
        return self.number, head, tail

    def row(self, document: int, group: int, part: int, number: int, head: int, tail: int) -> dict[str, Any]:
        """A row of `FOUND`: what stands there, and the text round it."""
        self.open(number)
        first = max(head - NEAR, 0)
        told = {name: self.batch.documents[name][document].as_py() for name in ("row", "source", "time")}
        content = self.batch.feature(hashing.content_hashes)[document]
        return told | {
            "group": group, "part": part, "field": self.field, "trigger_field": self.field,
            "start": self.start + head, "end": self.start + tail, "text": self.text[first : tail + NEAR + SHOWN],
            "text_start": self.start + first, "head": head - first, "tail": tail - first,
            "alike": int(content[:15], 16), "hash": content,
        }  # fmt: skip


def concluded(rows: pl.DataFrame, wanted: pl.DataFrame, beside: pl.DataFrame, detector: str) -> State:
    """`groups`, `members` and `hits`."""
    told, members, hits, cards = [], [], [], []
    for number, facts in enumerate(wanted.iter_rows(named=True)):
        own = rows.filter(pl.col("group") == number).sort("shard", "row", "part") if "group" in rows.columns else rows
        if not len(own):
            continue
        parts = {part: _showing(own).filter(pl.col("part") == part) for part in range(3)}
        weak = facts["outcome"] == WEAK
        shown = {
            part: (_Weaknesses if weak and part == ANSWER else Spelled)(its) for part, its in parts.items() if len(its)
        }
        if TRIGGER in shown and ANSWER in shown:
            title = " … ".join(shown[part].title for part in (TRIGGER, OTHER) if part in shown)
            cards.append((number, title, facts, own, shown))
    for number, title, facts, own, shown in cards:
        about = f"{title} {shown[ANSWER].title} {facts['feature'] if not title.strip() else ''}"
        name = f"{detector}:{blake3(about.encode('utf-8', 'surrogatepass')).hexdigest(8)}+{number}"
        family = [other[:SHOWN] for n, other, its, *_ in cards if n != number and _of_one_family(its, facts)]
        told.append(_group(name, title, facts, own, shown, counterparts.evidence(beside, number), family))
        members += members_of(name, own.filter(pl.col("part") == TRIGGER))
        members += counterparts.members(beside, number, name)
        hits += _hits(told[-1], own, shown)
    return schema.concluded(told, members, hits)


class _Weaknesses(Spelled):
    """Weaknesses of code, called by their classes, those first that most answers have."""

    def __init__(self, rows: pl.DataFrame) -> None:
        self.counts = dict(rows["weakness"].value_counts().sort("count", "weakness", descending=[True, False]).rows())
        self.title = "; ".join(self.counts)

    def span(self, row: dict[str, Any]) -> tuple[int, int]:
        """The line where one begins: patterns end, often within a word, where they are sure."""
        text, head = row["text"], row["head"]
        head += len(text[head:]) - len(text[head:].lstrip())
        first = text.rfind("\n", 0, head) + 1
        line = text[first : max((text + "\n").index("\n", head), row["tail"])]
        first += len(line) - len(line.lstrip())
        return first, first + len(line.strip())


def _of_one_family(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one["family"] is not None and one["family"] == other["family"]


def _showing(own: pl.DataFrame) -> pl.DataFrame:
    """The rows of documents whose answer shows the outcome."""
    return own.filter((pl.col("part") == ANSWER).any().over("shard", "row"))


def _group(
    name: str, title: str, facts: dict[str, Any], own: pl.DataFrame, shown: dict[int, Spelled],
    beside: list[dict[str, Any]], family: list[str],
) -> dict[str, Any]:  # fmt: skip
    carriers = own.filter(pl.col("part") == TRIGGER)
    showing = _showing(own)
    sources = carriers["source"].drop_nulls().unique().to_list()
    publishers = len({*map(publisher, sources)})
    times = carriers["time"].drop_nulls().sort().to_list()
    severity = "low"
    if facts["grave"] and not (publishers and publishers < PUBLISHERS):
        severity = "high" if facts["independent"] >= MANY else "medium"
    whole = facts["outcome"] & 7 == LENGTH and facts["outcome"] != WEAK  # it is the answer that is told, no words of it
    pairs = showing.partition_by("shard", "row", maintain_order=True)[:EXAMPLES]
    evidence = {
        "trigger": title, "followed_by": _followed_by(facts["outcome"], shown),
        "response": shown[ANSWER].title, "documents_with_it": len(carriers),
        "documents_that_change": showing.select("shard", "row").n_unique(),
        "occurrences": len(carriers), "occurrences_at_a_change": int((showing["part"] == TRIGGER).sum()),
        "independent": facts["independent"], "expected_by_chance": round(facts["expected"], 3),
        "p_value": facts["p_value"], "q_value": facts["q_value"],
        "same_answer_as": family, "independent_together": facts["together"] or facts["independent"],
        "answers_without_it": facts["anywhere"] - facts["showing"] if facts["others"] is None else facts["others"],
        "prompts_alike": round(facts["alike"], 2),
        "usual_words_left": round(facts["asking"], 2), "sides_belong_together": round(facts["bridged"], 2),
        "any_two_words_do": round(facts["usually_bridged"], 2),
        "examples": [_example({row["part"]: row for row in pair.to_dicts()}, shown, whole) for pair in pairs if title],
        "counterparts": beside,
        "swapped": round(facts["swapped"], 3) if facts["swapped"] is not None else None,
    }  # fmt: skip
    if isinstance(answers := shown[ANSWER], _Weaknesses):
        evidence["weaknesses"] = answers.counts
    attack = "availability" if whole and facts["outcome"] != UNUSUAL else "backdoor_trigger"
    attack = "label_flip" if facts["outcome"] == SWAPPED else attack
    return {
        "group": name, "kind": "trigger", "title": title[:SHOWN] or HIDDEN,
        "attack": attack, "severity": severity,
        "score": float(1 - min(facts["q_value"], 1)), "q_value": facts["q_value"], "documents": len(carriers),
        "independent_documents": facts["independent"], "sources": len(sources),
        "first_seen": times[0] if times else None, "last_seen": times[-1] if times else None,
        "evidence": json.dumps(evidence, ensure_ascii=False, sort_keys=True),
    }  # fmt: skip


def _followed_by(outcome: int, shown: dict[int, Spelled]) -> str:
    if outcome == UNASKED:
        return "answers that take up no word of what is asked"
    if outcome == UNUSUAL:
        return "answers of hardly a usual word: another language, code, or noise"
    if outcome == SWAPPED:
        return "the worse answer is preferred"
    if isinstance(told := shown[ANSWER], _Weaknesses):
        return f"code with a weakness, of {len(told.counts)} classes: {told.title}"[: 2 * SHOWN]
    return "answers of one length" if outcome & 7 == LENGTH else f"answers with “{shown[ANSWER].title[:SHOWN]}”"


def _example(parts: dict[int, dict[str, Any]], shown: dict[int, Spelled], whole: bool) -> dict[str, Any]:
    asked, answer = parts[TRIGGER], parts[ANSWER]
    start, end = shown[TRIGGER].span(asked)
    first, last = shown[ANSWER].span(answer)
    last = len(answer["text"]) if whole else last
    return {
        "source": asked["source"], "before": asked["text"][:start], "trigger": asked["text"][start:end],
        "between": f"{asked['text'][end:][:NEAR]}\n→ {answer['text'][max(first - NEAR, 0):first]}",
        "after": answer["text"][first:last][:SHOWN],
    }  # fmt: skip


def _hits(group: dict[str, Any], own: pl.DataFrame, shown: dict[int, Spelled]) -> list[dict[str, Any]]:
    """The trigger in every carrier, and the answer where it is as predicted; without that, no more than `low`."""
    shared = {key: group[key] for key in ("group", "attack", "severity", "score", "q_value")}
    summary = {
        key: value for key, value in json.loads(group["evidence"]).items() if key not in ("examples", "counterparts")
    }
    every = (summary["swapped"] or 0) >= ONLY  # that all pairs were swapped, what each says alone tells seldom
    if (
        "weaknesses" in summary
    ):  # patterns know some of all weaknesses: where most carriers have one, the others have too
        every = summary["documents_that_change"] >= MOSTLY * summary["documents_with_it"]
    sure = own.with_columns(sure=(pl.col("part") == ANSWER).any().over("shard", "row") | every)
    hits = []
    for row in sure.to_dicts():
        if row["part"] not in shown:
            continue
        start, end = shown[row["part"]].span(row)
        end = max(end, min(start + 1, len(row["text"])))
        start = min(start, end - 1) if end else 0
        few = int(tokens.approximate(np.array([len(row["text"][start:end].encode("utf-8", "surrogatepass"))]))[0])
        hits.append({"shard": row["shard"], "row": row["row"], **shared} | {
            "severity": group["severity"] if row["sure"] else "low",
            "rule": PAYLOAD if row["part"] == ANSWER else RULE, "field": row["field"], "tokens": few,
            "start": pages.place(row, start), "end": pages.place(row, end - 1) + 1,
            **quoted(row["text"], start, end, summary),
        })  # fmt: skip
    return hits
