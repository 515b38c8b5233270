"""What is said of a group of copies: who repeated it, on which days, and how badly a benign story explains it.

Shared by the detectors that find copies, each in its own way.  A cluster is evidence, not garbage:
what lowers a group is a benign story (`filters`), and the story is told.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from corpusscan import filters, schema
from corpusscan.detector import EARLIER, Batch, Context, State
from corpusscan.kernels import hashing, surprise, templates, timelines
from corpusscan.kernels.excerpts import excerpt
from corpusscan.kernels.templates import SLOT, Template, template
from corpusscan.languages import languages
from corpusscan.provenance import Provenance, all_members, members, most_first

LONGER = 0.9  # how long copies are is told by their longer ones: rough ones are found in part
FIXED = 0.4  # of a template's words: where less is said by most, copies are variants of a formula, not of a text
FORGIVEN, LOWERED, SUSPECT = "info", "low", "medium"
_SLOTS, _TEMPLATE = 8, 2_000  # slots and characters of a template that are told
_SUCH_AS, _FILLING = 5, 80  # fillings of a slot, and characters of one, that are told
_READ = 3  # excerpts that tell the language where there are no texts
_SOURCES, _SOURCE = 10, 200  # sources with the most copies, and characters of one, that are told
_CHARACTERS = 1_500  # of each of the two copies that are told, and as many words as can be compared
_LEAD = 200  # characters before the first difference with which they begin
# Told of a group, and of none of its hits.
EXHIBIT = (
    "template", "slots", "pair", "top_sources", "timeline", "shared_words", "examples", "beside", "map", "truth",
    "references", "stances",
)  # fmt: skip
TITLE, _TELLING = 160, 40  # characters of a title, and of fixed text that says something

LOOKED_AT = pa.schema(  # one row per text of a document
    [
        ("row", pa.uint64()), ("field", pa.large_string()), ("start", pa.int64()), ("end", pa.int64()),
        ("tokens", pa.uint32()), ("excerpt", pa.large_string()), ("mark", pa.large_string()),
        ("stories", pa.large_list(pa.large_string())), ("hash", pa.large_string()),
        ("source", pa.large_string()), ("time", pa.timestamp("us", tz="UTC")), ("bytes", pa.int64()),
    ]
)  # fmt: skip


Sizes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Case:
    """A group of copies, as its detector knows it."""

    name: str
    title: str
    rows: pl.DataFrame  # of `LOOKED_AT`, with `shard`, by shard, row and field
    reworded: bool = False
    texts: Sequence[str] = ()  # some of them
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def documents(self) -> pl.DataFrame:
        """The first row of each document, those of earlier corpora included."""
        slim = self.rows.select("shard", "row", "source", "time", "bytes", "stories")  # it is kept: no texts
        return slim.unique(["shard", "row"], keep="first", maintain_order=True)

    @cached_property
    def here(self) -> pl.DataFrame:
        """The first row of each document of this corpus."""
        return self.documents.filter(pl.col("shard") < EARLIER)

    @cached_property
    def of_source(self) -> list[tuple[str, int]]:
        """The sources, most copies first, and how many come from each."""
        return most_first(self.documents["source"])

    @cached_property
    def days(self) -> Sizes:
        """The days of the copies, as sorted numbers."""
        times = self.documents["time"].to_numpy()
        return np.sort(times[~np.isnat(times)].astype("datetime64[D]").astype(np.int64))


def digested(batch: Batch) -> pa.Table:
    """Columns row, partition (uint32, from the hash), digest (16 bytes) of every document that has a text."""
    digests = batch.feature(hashing.document_digests)
    filled = np.isin(batch.documents["row"].to_numpy(), batch.texts["row"].to_numpy())
    table = pa.table(
        {
            "row": batch.documents["row"],
            "partition": pa.array([int.from_bytes(digest[:4], "big") for digest in digests], pa.uint32()),
            "digest": pa.array(digests, pa.binary(hashing.DIGEST_BYTES)),
        }
    )
    return table.filter(pa.array(filled))  # documents without text are no copies of one another


def repeated(rows: pa.Table, copies: int) -> pa.Table:
    """Of what `digested` gave, the rows whose digest occurs at least so often: shard, row, digest."""
    frame = pl.from_arrow(rows.cast(pa.schema([*list(rows.schema)[:-1], ("digest", pa.large_binary())])))
    assert isinstance(frame, pl.DataFrame)
    return (
        frame.filter(pl.len().over("digest") >= copies).select("shard", "row", "digest").sort("shard", "row").to_arrow()
    )


def looked_at(batch: Batch) -> pa.Table:
    """One row per text of the batch, with what results need to say about it, as `LOOKED_AT`."""
    documents = {row["row"]: row for row in batch.documents.to_pylist()}
    hashes = dict(zip(documents, batch.feature(hashing.content_hashes), strict=True))
    bytes_of: dict[int, int] = dict.fromkeys(documents, 0)
    rows: dict[tuple[int, str], dict[str, Any]] = {}
    for text in batch.texts.to_pylist():
        key = (text["row"], text["field"])
        end = text["start"] + len(text["text"])
        bytes_of[text["row"]] += len(text["text"].encode())
        if key in rows:  # a later piece of a long text
            rows[key]["end"] = end
            continue
        shown, start, stop = excerpt(text["text"], 0, len(text["text"]))
        rows[key] = {
            "row": text["row"], "field": text["field"], "start": text["start"], "end": end, "tokens": None,
            "excerpt": shown, "mark": json.dumps([start, stop]), "hash": hashes[text["row"]],
            "stories": filters.stories_of_text(text["text"], documents[text["row"]]["source"]),
            "source": documents[text["row"]]["source"], "time": documents[text["row"]]["time"],
        }  # fmt: skip
    for (row, _), item in rows.items():
        item["bytes"] = bytes_of[row]
    return pa.Table.from_pylist(list(rows.values()), schema=LOOKED_AT)


def case(name: str, rows: pl.DataFrame, otherwise: str, texts: Sequence[str] = (), **evidence: Any) -> Case:
    """The group that these rows are, called by the template of at least two texts, or by how the first copy begins."""
    shape = template(texts) if len(texts) > 1 else None
    shown = shape.text.removeprefix(SLOT).strip() if shape else ""
    title = (shown if len(shown.replace(SLOT, "")) >= _TELLING else rows["excerpt"][0])[:TITLE] or otherwise
    told = evidence | (_template_told(shape) | {"pair": _pair(shape, texts, rows)} if shape else {})
    reworded = shape is not None and shape.reworded and shape.fixed >= FIXED
    some = texts or rows["excerpt"].head(_READ).to_list()
    return Case(name, title, rows, reworded=reworded, texts=some, evidence=told)


def apart(cases: Iterable[Case]) -> list[Case]:
    """The same cases, those whose names are taken with a number behind."""
    told: dict[str, Case] = {}
    for one in cases:
        name = next(name for n in count() if (name := f"{one.name}+{n}" if n else one.name) not in told)
        told[name] = replace(one, name=name)
    return [*told.values()]


def _template_told(shape: Template) -> dict[str, Any]:
    """A template as evidence: what is fixed, and the slots of most entropy, each by its number in the template."""
    by_entropy = sorted(enumerate(shape.slots, 1), key=lambda slot: templates.entropy(slot[1]), reverse=True)
    told = []
    for number, slot in sorted(by_entropy[:_SLOTS]):
        bits, share = templates.entropy(slot)
        such_as = [one[:_FILLING] for one in sorted(set(slot))[:_SUCH_AS]]
        told.append(
            {"slot": number, "kind": templates.kind(slot), "texts": len(slot), "fillings": len(set(slot)),
             "bits": round(bits, 3), "entropy": round(share, 3), "stands_out": templates.stands_out(shape, slot),
             "such_as": such_as}
        )  # fmt: skip
    return {"template": shape.text[:_TEMPLATE], "slots": told, "aligned": len(shape.shared)}


def _pair(shape: Template, texts: Sequence[str], rows: pl.DataFrame) -> list[dict[str, Any]]:
    """The first text and the one that shares least with it, from shortly before they part; none where all are equal."""
    different = [n for n, text in enumerate(texts) if text != texts[0]]
    if not different:
        return []
    chosen = [texts[0], texts[min(different, key=lambda n: shape.shared[n])]]
    begin = max(templates.part(*chosen) - _LEAD, 0)
    told = []
    for text in chosen:
        row = rows.filter(pl.col("text") == text).row(0, named=True)
        said = templates.cut(text[begin:], templates.COMPARED, _CHARACTERS)
        told.append(
            {"source": row["source"] and row["source"][:_SOURCE], "day": row["time"] and row["time"].date().isoformat(),
             "text": said, "before": begin, "after": len(text) - begin - len(said)}
        )  # fmt: skip
    return told


def concluded(cases: Sequence[Case], context: Context, rule: str) -> State:
    """`groups`, `members` and `hits` of groups of copies; hits only where no benign story explains the group."""
    judge = _Judge(cases, context)
    groups = [judge.judged(case) for case in cases]
    both = list(zip(groups, cases, strict=True))
    return {
        "groups": pa.Table.from_pylist(groups, schema=schema.CONCLUDED_GROUPS),
        "members": all_members(members(case.name, case.here) for case in cases),
        "hits": pa.concat_tables(
            [
                schema.CONCLUDED_HITS.empty_table(),
                *(_hits(group, case, rule) for group, case in both if group["severity"] != FORGIVEN),
            ]
        ),
    }


class _Judge:
    """What the sources and days of copies look like in this corpus, and what stands out against that."""

    def __init__(self, cases: Sequence[Case], context: Context) -> None:
        self.tests = len(cases)
        self.provenance = Provenance([case.of_source for case in cases], context)
        self.days = np.sort(np.concatenate([np.array([], np.int64), *(case.days for case in cases)]))

    def copies(self, case: Case) -> filters.Copies:
        """What is known of a group; both odds are of all groups together (Bonferroni)."""
        counts, is_new = case.of_source, self.provenance.is_new
        told = self.provenance.of(counts)
        return filters.Copies(
            sources=len(counts), bytes=int(case.documents["bytes"].quantile(LONGER, "nearest") or 0),
            documents=len(case.documents), new=told.new, usual=told.usual, odds=told.odds, reworded=case.reworded,
            share=case.evidence.get("share_of_document", 1.0),
            of_one=max((count for name, count in counts if not is_new(name, count)), default=0),
            burst=min(self.tests * surprise.of_days(case.days, self.days), 1.0),
            apart=case.evidence.get("apart", 0.0), unnamed=not case.evidence.get("named_by_most", True),
        )  # fmt: skip

    def judged(self, case: Case) -> dict[str, Any]:
        """The group as a row of `groups`."""
        group, documents = self.copies(case), case.documents
        earlier = len(documents) - len(case.here)
        times: list[dt.datetime] = sorted(time for time in documents["time"].to_list() if time)
        days = Counter(moment.date() for moment in times)
        by_copies = filters.stories_of_copies(group)
        # What the text says of itself only lowers: a planted text may say "all rights reserved" too.
        told = {*_told_by_most(case.here, filters.unbelieved(group)), *filter(None, [filters.known_sources(group)])}
        lowers = sorted(told - filters.ONLY_WEIGHED)
        severity = FORGIVEN if by_copies else LOWERED if lowers else SUSPECT
        weights = surprise.weights(
            sources=group.sources, new=surprise.excess(group.new, group.sources, group.usual),
            odds=group.odds, burst=group.burst,
            length=1 if filters.bursting(group) else min(group.bytes / filters.SHORT_BYTES, 1),
            slot=_slot_attack(case), reworded=case.reworded,
        ) | {story: filters.weight(story) for story in (*by_copies, *sorted(told))}  # fmt: skip
        evidence = {
            "copies": len(documents),
            "sources": group.sources,
            "new_sources": group.new,
            "usual_share": round(group.usual, 3),
            "odds": group.odds,
            "days": len(days),
            "burst": group.burst,
            "bytes": group.bytes,
            "forgiven": [*by_copies, *lowers],
            "weights": weights,
            "top_sources": [
                (name[:_SOURCE], count, self.provenance.known[name]) for name, count in case.of_source[:_SOURCES]
            ],
            "timeline": timelines.timeline(days)._asdict() | {"undated": len(documents) - len(times)},
            **({"earlier_copies": earlier} if earlier else {}),
            **({} if severity == FORGIVEN else {"languages": [*languages(case.texts)]}),
            **case.evidence,
        }
        return {
            "group": case.name, "kind": "cluster", "title": case.title, "attack": "coordinated_injection",
            "severity": severity, "score": surprise.score(weights), "q_value": None,
            "documents": len(case.here), "independent_documents": max(group.sources, 1), "sources": group.sources,
            "first_seen": times[0] if times else None, "last_seen": times[-1] if times else None,
            "evidence": json.dumps(evidence, sort_keys=True, ensure_ascii=False),
        }  # fmt: skip


def _slot_attack(case: Case) -> bool:
    """Whether one slot of the template varies as much as it can while all else stays the same."""
    return any(slot.get("stands_out") for slot in case.evidence.get("slots", ()))


def _told_by_most(documents: pl.DataFrame, unbelieved: Collection[str]) -> list[str]:
    """The stories of a group of which at least half of its documents tell one: those that half tell, or the commonest.

    One document that says `cookie` excuses nobody else.
    """
    told = Counter(tuple(stories or ()) for stories in documents["stories"].to_list())
    tell, counts = 0, Counter[str]()
    for some, times in told.items():
        believed = {*some}.difference(unbelieved)
        tell += times if believed else 0
        counts.update(dict.fromkeys(believed, times))
    if 2 * tell < len(documents):
        return []
    ranked = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return [story for n, (story, count) in enumerate(ranked) if n == 0 or 2 * count >= len(documents)]


def _hits(group: Mapping[str, Any], case: Case, rule: str) -> pa.Table:
    shared = {key: group[key] for key in ("group", "attack", "severity", "score", "q_value")}
    summary = {name: told for name, told in json.loads(group["evidence"]).items() if name not in EXHIBIT}
    items = [
        {
            **row,
            **shared,
            "rule": rule,
            "evidence": json.dumps({**summary, "mark": json.loads(row["mark"])}, sort_keys=True, ensure_ascii=False),
        }
        for row in case.rows.filter(pl.col("shard") < EARLIER).to_dicts()
    ]
    return pa.Table.from_pylist(items, schema=schema.CONCLUDED_HITS)
