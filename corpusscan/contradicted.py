"""What is told of labels that their texts contradict: who carries a suspect, where it stands, groups and hits."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from corpusscan import labels
from corpusscan.detector import Batch
from corpusscan.gathering import ANNOTATOR, KINDS, MONTH, SOURCE, WORD
from corpusscan.kernels import hashing, outoffold, profile
from corpusscan.kernels.confusions import FEWEST, GATHERED
from corpusscan.kernels.excerpts import excerpt
from corpusscan.kernels.intervals import interval
from corpusscan.kernels.outoffold import Numbers
from corpusscan.labels import Labelled
from corpusscan.quoted import Quoted

NAME, RULE = "label_flip", "contradicted-label"
SUSPICIOUS = "suspicious-labels"
COUNTERPARTS = 3  # of a feature, documents whose labels agree with their texts, that are told
EXAMPLES = 5  # rows that are told
ALL = 0  # number of what is counted over all documents; a suspect's is one more than its place
ROW, COUNT, AGREES = range(3)
TITLE = 120

SHOWN = pa.schema(
    [
        ("row", pa.uint64()), ("suspect", pa.uint16()), ("field", pa.large_string()), ("start", pa.int64()),
        ("end", pa.int64()), ("excerpt", pa.large_string()), ("mark", pa.large_string()), ("names", pa.large_string()),
        ("title", pa.large_string()), ("tokens", pa.uint32()),
        ("source", pa.large_string()), ("time", pa.timestamp("us", tz="UTC")), ("hash", pa.large_string()),
    ]
)  # fmt: skip


class Carriers:
    """Who of the labelled documents of a batch carries a feature, and their logits as if they did not."""

    def __init__(self, batch: Batch, own: Labelled) -> None:
        self.own = own
        self.marks = labels.marks(batch)
        self.owner = np.repeat(np.arange(len(own.document)), np.diff(own.bounds))
        self.words = outoffold.cut(own.hashes)
        self.pairs = outoffold.cut(profile.pair_hashes(own.hashes))
        self.pairs[own.bounds[:-1][np.diff(own.bounds) > 0]] = 0

    def places(self, code: int) -> tuple[Numbers, bool]:
        """The words at which a feature ends, and whether it is a pair."""
        words = np.flatnonzero(self.words == np.uint64(code))
        return (words, False) if len(words) else (np.flatnonzero(self.pairs == np.uint64(code)), True)

    def of(self, one: dict[str, Any], model: Any, seen: Any, fold: Numbers, logits: Any) -> tuple[Numbers, Any]:
        """The documents that carry a suspect, and their logits without it."""
        if one["kind"] != WORD:
            mine = np.flatnonzero(self.marks[one["kind"]][self.own.document] == np.uint64(one["code"]))
            return mine, logits[mine]
        places, is_pair = self.places(one["code"])
        mine = np.unique(self.owner[places])
        if not len(mine):
            return mine, logits[mine]
        parts = np.unique(self.words[np.concatenate([places, places - 1])] if is_pair else self.words[places])
        hidden = np.isin(self.words, parts)
        after = np.append(False, hidden[:-1])
        gone = np.unique(np.concatenate([parts, self.pairs[hidden | after]]))
        some = outoffold.some(seen, mine)
        said = outoffold.said(model, some, fold[mine]) * np.isin(model.features[some.feature], gone)[:, None]
        left = logits[mine].copy()
        np.subtract.at(left, np.repeat(np.arange(len(mine)), np.diff(some.bounds)), said)
        return mine, left


class Shower:
    """What is shown of documents of a batch."""

    def __init__(self, batch: Batch, own: Labelled, suspects: list[dict[str, Any]]) -> None:
        self.batch, self.own, self.suspects = batch, own, suspects
        self.texts, self.documents = Quoted(batch), batch.documents
        self.content = batch.feature(hashing.content_hashes)
        self.first = np.searchsorted(batch.texts["row"].to_numpy(), batch.documents["row"].to_numpy())
        self.carriers = Carriers(batch, own)

    def row(self, document: int, number: int, suspect: int) -> dict[str, Any] | None:
        """A document as `SHOWN`, the feature marked if it is words; nothing where it does not carry it."""
        told: dict[str, Any] = {name: self.documents[name][document].as_py() for name in ("row", "source", "time")}
        told |= {"suspect": suspect, "hash": self.content[document], "names": "", "title": ""}
        one: dict[str, Any] = self.suspects[suspect - 1] if suspect else {"kind": None}
        if one["kind"] == WORD:
            found = self._words(number, one["code"])
            return told | found if found else None
        if one["kind"] in (SOURCE, ANNOTATOR):
            told["title"] = self.documents[KINDS[one["kind"]]][document].as_py() or ""
        if one["kind"] == MONTH:
            told["title"] = labels.month(one["code"])
        if self.first[document] >= len(self.batch.texts):
            return None
        self.texts.open(int(self.first[document]))
        return told | self._span(0, len(self.texts.text))

    def _words(self, number: int, code: int) -> dict[str, Any] | None:
        places, is_pair = self.carriers.places(code)
        mine = places[self.carriers.owner[places] == number]
        if not len(mine):
            return None
        words, at = self.texts.words, int(self.own.places[mine[0]])
        self.texts.open(int(np.searchsorted(words.bounds, at, side="right")) - 1)
        last = int(self.texts.points[words.begins[at]])
        end = last + max(len(self.texts.word(at)), 1)
        begin = last
        if is_pair and at > words.bounds[self.texts.number]:
            begin = int(self.texts.points[words.begins[at - 1]])
        return self._span(begin, end) | {"names": self.texts.text[begin:end]}

    def _span(self, begin: int, end: int) -> dict[str, Any]:
        """A span of the open text as it is shown; the whole text is what is flagged."""
        shown, *mark = excerpt(self.texts.text, begin, end)
        start = self.texts.start
        return {"field": self.texts.field, "start": start, "end": start + len(self.texts.text), "excerpt": shown,
                "mark": json.dumps(mark)}  # fmt: skip


def spread(surest: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """Evidence of how wrong labels are spread, by `confusions.surest`; none where there are too few documents."""
    wrong, count = surest["wrong"], surest["documents"]
    if count < FEWEST:
        return {}
    low, high = interval(wrong, count, 0.025)
    pairs = [[names[top][:TITLE], names[given][:TITLE], n, round(expected, 1), p]
             for given, top, n, expected, p in surest["pairs"]]  # fmt: skip
    share = f"{100 * wrong / count:.1f} % ({100 * low:.1f} to {100 * high:.1f})"
    after = 100 * surest["next_wrong"] / max(surest["next_documents"], 1)
    seen = f"Of the {count:,} documents whose class is foreseen most surely"
    told = [f"{seen} {share} have another label, of the next {after:.1f} %"]
    told += [
        f"they gather at labels turned from {was} to {turned}: {n} where {expected} are expected (p = {p:.1g})"
        for was, turned, n, expected, p in pairs
    ]
    if surest["rises"] <= GATHERED:
        told.append(f"most where texts are clearest (p = {surest['rises']:.1g}), as honest doubt never is")
    elif not pairs and wrong < FEWEST:
        told.append("too few to tell how they are spread")
    elif not pairs:
        told.append("no pair of classes stands out: about so many at most are wrong whatever their texts say")
    return {"verdict": "; ".join(told) + ".", "surest": count, "surest_wrong": wrong, "turned": pairs}


def group_of(one: dict[str, Any], own: pl.DataFrame, facts: dict[str, Any]) -> dict[str, Any]:
    """A row of `groups`."""
    wrong, agree = own.filter(pl.col("kind") == ROW), own.filter(pl.col("kind") == AGREES)
    wrong = wrong.with_columns(title=pl.when(pl.col("names") == "").then("title").otherwise("names"))
    titles = wrong["title"].value_counts().sort(["count", "title"], descending=[True, False])["title"].to_list()
    if one["suspect"] == ALL:
        name, title = f"{NAME}:{SUSPICIOUS}", "Labels that their texts contradict"
    else:
        suspect = facts["suspects"][one["suspect"] - 1]
        title = titles[0][:TITLE] or min(wrong["hash"])
        title = title if suspect["kind"] == WORD else f"{KINDS[suspect['kind']]} {title}"
        name = f"{NAME}:{suspect['kind']}-{title.casefold()}"
    sources, times = wrong["source"].drop_nulls().unique(), wrong["time"].drop_nulls().sort().to_list()
    evidence = one["evidence"] | {
        "examples": [_example(row, facts) for row in wrong.head(EXAMPLES).to_dicts()],
        "counterparts": [_example(row, facts) for row in agree.head(COUNTERPARTS).to_dicts()],
    }
    return {
        "group": name, "kind": "labels", "title": title, "attack": "label_flip", "severity": one["severity"],
        "score": 0.5 if one["q"] is None else float(1 - one["q"]), "q_value": one["q"],
        "documents": wrong.select("shard", "row").n_unique(), "independent_documents": one["independent"],
        "sources": len(sources), "first_seen": times[0] if times else None, "last_seen": times[-1] if times else None,
        "evidence": json.dumps(evidence, sort_keys=True, ensure_ascii=False),
    }  # fmt: skip


def _example(row: dict[str, Any], facts: dict[str, Any]) -> list[str]:
    """Label given, label foreseen, what it says."""
    names = facts["classes"]
    return [names[row["given"]][:TITLE], names[row["top"]][:TITLE], row["excerpt"]]


def members_of(group: dict[str, Any], own: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows of `members`; documents with it whose labels agree are neighbours."""
    told = own.unique(["shard", "row"], keep="first", maintain_order=True).sort("kind", maintain_order=True).to_dicts()
    return [
        {"group": group["group"], "shard": row["shard"], "row": row["row"],
         "role": "neighbour" if row["kind"] == AGREES else "carrier" if n else "exemplar",
         "independent_id": f"{group['group']}/{row['hash']}"}
        for n, row in enumerate(told)
    ]  # fmt: skip


def hits_of(
    group: dict[str, Any], one: dict[str, Any], own: pl.DataFrame, facts: dict[str, Any]
) -> list[dict[str, Any]]:
    """The documents whose labels are contradicted; of a flip those that contradict it the other way are told low."""
    shared = {name: group[name] for name in ("group", "attack", "q_value")}
    names, hits = facts["classes"], []
    for row in own.filter(pl.col("kind") == ROW).to_dicts():
        aside = one["suspect"] != ALL and row["given"] != one["label"]
        evidence = {
            "label": names[row["given"]], "foreseen": names[row["top"]], "chance_of_label": round(row["chance"], 4),
            "chance_of_foreseen": round(row["most"], 4), "mark": json.loads(row["mark"]),
        }  # fmt: skip
        if row["disagreement"] is not None:
            evidence["neighbours_otherwise"] = round(row["disagreement"], 2)
        hits.append(shared | {
            "shard": row["shard"], "row": row["row"], "field": row["field"], "start": row["start"], "end": row["end"],
            "tokens": row["tokens"], "excerpt": row["excerpt"], "rule": RULE,
            "severity": "low" if aside else group["severity"],
            "score": float(np.clip(1 - row["chance"] / max(row["most"], 1e-6), 0, 1)),
            "evidence": json.dumps(evidence, sort_keys=True, ensure_ascii=False),
        })  # fmt: skip
    return hits
