"""What is said of a group of copies: who repeated it, on which days, and how badly a benign story explains it.

Shared by the detectors that find copies, each in its own way.  A cluster is evidence, not garbage:
what lowers a group is a benign story (`filters`), and the story is told.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from corpusscan import filters, schema
from corpusscan.detector import Batch, Context, State
from corpusscan.kernels import hashing
from corpusscan.kernels.excerpts import excerpt
from corpusscan.kernels.templates import SLOT, Template, template

LONGER = 0.9  # how long copies are is told by their longer ones: rough ones are found in part
FORGIVEN, LOWERED, SUSPECT = "info", "low", "medium"
_SLOTS, _TEMPLATE = 8, 2_000  # slots and characters of a template that are told
_TITLE, _TELLING = 160, 40  # characters of a title, and of fixed text that says something

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
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def documents(self) -> pl.DataFrame:
        """The first row of each document."""
        return self.rows.unique(["shard", "row"], keep="first", maintain_order=True)


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
            "excerpt": shown, "mark": json.dumps([start, stop]), "stories": filters.stories_of_text(text["text"]),
            "hash": hashes[text["row"]],
            "source": documents[text["row"]]["source"], "time": documents[text["row"]]["time"],
        }  # fmt: skip
    for (row, _), item in rows.items():
        item["bytes"] = bytes_of[row]
    return pa.Table.from_pylist(list(rows.values()), schema=LOOKED_AT)


def case(name: str, rows: pl.DataFrame, otherwise: str, texts: Sequence[str] = (), **evidence: Any) -> Case:
    """The group that these rows are, called by the template of at least two texts, or by how the first copy begins."""
    shape = template(texts) if len(texts) > 1 else None
    shown = shape.text.removeprefix(SLOT).strip() if shape else ""
    title = (shown if len(shown.replace(SLOT, "")) >= _TELLING else rows["excerpt"][0])[:_TITLE] or otherwise
    told = evidence | (_template_told(shape) if shape else {})
    return Case(name, title, rows, reworded=bool(shape and shape.reworded), evidence=told)


def _template_told(shape: Template) -> dict[str, Any]:
    """A template as evidence: what is fixed, and the slots with the most fillings."""
    shown = sorted((sorted(set(slot)) for slot in shape.slots), key=len, reverse=True)[:_SLOTS]
    told = [{"fillings": len(slot), "such_as": [one[:80] for one in slot[:5]]} for slot in shown]
    return {"template": shape.text[:_TEMPLATE], "slots": told}


def concluded(cases: Sequence[Case], context: Context, rule: str) -> State:
    """`groups`, `members` and `hits` of groups of copies; hits only where no benign story explains the group."""
    of_source = [case.documents["source"].drop_nulls().value_counts() for case in cases]
    named = sorted({source for counts in of_source for source in counts["source"]})
    known = context.sources.documents_of(named)
    sizes = context.sources.sizes
    groups = [_judged(case, counts, known, sizes, len(cases)) for case, counts in zip(cases, of_source, strict=True)]
    both = list(zip(groups, cases, strict=True))
    return {
        "groups": pa.Table.from_pylist(groups, schema=schema.CONCLUDED_GROUPS),
        "members": pa.concat_tables([schema.CONCLUDED_MEMBERS.empty_table(), *map(_members, cases)]),
        "hits": pa.concat_tables(
            [
                schema.CONCLUDED_HITS.empty_table(),
                *(_hits(group, case, rule) for group, case in both if group["severity"] != FORGIVEN),
            ]
        ),
    }


def _judged(case: Case, of_source: pl.DataFrame, known: Mapping[str, int], sizes: Sizes, tests: int) -> dict[str, Any]:
    documents = case.documents
    times: list[dt.datetime] = documents["time"].drop_nulls().sort().to_list()
    new = sum(2 * count >= known[source] for source, count in of_source.iter_rows())
    of_one = max((count for source, count in of_source.iter_rows() if 2 * count < known[source]), default=0)
    size = int(documents["bytes"].quantile(LONGER, "nearest") or 0)
    group = filters.Copies(
        sources=len(of_source), bytes=size, documents=len(documents), of_one=of_one, new=new,
        odds=min(tests * _odds(new, of_source["count"].to_numpy(), sizes), 1.0),  # Bonferroni
        reworded=case.reworded,
    )  # fmt: skip
    by_copies = filters.stories_of_copies(group)
    # What the text says of itself only lowers: a planted text may say "all rights reserved" too.
    lowers = sorted({*_told_by_most(documents), *filter(None, [filters.known_sources(group)])})
    severity = FORGIVEN if by_copies else LOWERED if lowers else SUSPECT
    told = {
        "copies": len(documents),
        "sources": group.sources,
        "new_sources": new,
        "odds": group.odds,
        "days": len({moment.date() for moment in times}),
        "bytes": group.bytes,
        "forgiven": [*by_copies, *lowers],
        **case.evidence,
    }
    return {
        "group": case.name, "kind": "cluster", "title": case.title, "attack": "coordinated_injection",
        "severity": severity, "score": 1 - 1 / max(group.sources, 2) if severity == SUSPECT else 0.2, "q_value": None,
        "documents": len(documents), "independent_documents": max(group.sources, 1), "sources": group.sources,
        "first_seen": times[0] if times else None, "last_seen": times[-1] if times else None,
        "evidence": json.dumps(told, sort_keys=True, ensure_ascii=False),
    }  # fmt: skip


def _told_by_most(documents: pl.DataFrame) -> list[str]:
    """The stories that at least half of the documents tell: one that says `cookie` excuses nobody else."""
    told = documents["stories"].explode().drop_nulls().value_counts()
    return told.filter(2 * pl.col("count") >= len(documents))["stories"].to_list()


def _odds(new: int, counts: npt.NDArray[np.int64], sizes: Sizes) -> float:
    """With what probability so many sources, or more, say little beside, were they those of documents drawn by chance.

    A binomial tail: in a corpus of sources with one page each, one page is no sign of a campaign.  Documents are
    drawn, not sources, so that other campaigns weigh as little as their documents do.
    """
    from scipy.stats import binom  # noqa: PLC0415  # takes half a second, and few scans need it

    few = 2 * int(np.median(counts)) if len(counts) else 0
    others = int(sizes[sizes <= few].sum()) - int(counts.sum())
    usual = (max(others, 0) + 1) / (int(sizes.sum()) + 20)
    return float(binom.sf(new - 1, len(counts), usual))


def _members(case: Case) -> pa.Table:
    """All copies from one source count as one independent document; without sources all copies are one."""
    members = case.documents.with_row_index("number").select(
        pl.lit(case.name).alias("group"), "shard", "row",
        pl.when(pl.col("number") == 0).then(pl.lit("exemplar")).otherwise(pl.lit("carrier")).alias("role"),
        (pl.lit(f"{case.name}/") + pl.col("source").fill_null("")).alias("independent_id"),
    )  # fmt: skip
    return members.to_arrow().cast(schema.CONCLUDED_MEMBERS)


def _hits(group: Mapping[str, Any], case: Case, rule: str) -> pa.Table:
    shared = {key: group[key] for key in ("group", "attack", "severity", "score", "q_value")}
    summary = json.loads(group["evidence"])
    items = [
        {
            **row,
            **shared,
            "rule": rule,
            "evidence": json.dumps({**summary, "mark": json.loads(row["mark"])}, sort_keys=True, ensure_ascii=False),
        }
        for row in case.rows.to_dicts()
    ]
    return pa.Table.from_pylist(items, schema=schema.CONCLUDED_HITS)
