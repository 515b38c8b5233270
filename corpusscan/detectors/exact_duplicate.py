"""Documents that say exactly the same, and from how many sources and on how many days.

Two rounds: keyed content hashes of all documents, grouped per partition; then a look at the
members of the groups that matter.  A duplicate cluster is evidence, not garbage: what lowers a
group is a benign story (`filters`), and the story is told.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pyarrow as pa

from corpusscan import filters, schema
from corpusscan.detector import Batch, Context, Detector, Round, State
from corpusscan.kernels import hashing
from corpusscan.kernels.excerpts import excerpt

NAME = "exact_duplicate"
_FORGIVEN, _LOWERED, _SUSPECT = "info", "low", "medium"


@dataclass(frozen=True)
class Hash(Round):
    """Every document's keyed hash; what repeats is a group."""

    copies: int
    groups: int

    def map(self, batch: Batch, state: State) -> pa.Table:
        """Columns: row, partition (uint32, from the hash), digest (16 bytes)."""
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

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """The rows whose digest occurs at least `copies` times."""
        frame = pl.from_arrow(rows.cast(pa.schema([*list(rows.schema)[:-1], ("digest", pa.large_binary())])))
        assert isinstance(frame, pl.DataFrame)
        repeated = frame.filter(pl.len().over("digest") >= self.copies)
        return repeated.select("shard", "row", "digest").sort("shard", "row").to_arrow()

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`named`: the members of the largest groups; `total`: how many groups and copies there are."""
        if not len(reduced):
            empty = pa.table({"shard": pa.array([], pa.uint32()), "row": pa.array([], pa.uint64())})
            return {"named": empty, "total": pa.table({"groups": [0], "documents": [0]})}
        frame = pl.from_arrow(reduced)
        assert isinstance(frame, pl.DataFrame)
        total = pl.DataFrame({"groups": [frame["digest"].n_unique()], "documents": [len(frame)]})
        sizes = frame.group_by("digest").agg(pl.len(), pl.struct("shard", "row").min().alias("first"))
        largest = sizes.sort(["len", "first"], descending=[True, False]).head(self.groups)
        named = frame.join(largest.select("digest"), on="digest", how="semi").sort("shard", "row")
        return {"named": named.select("shard", "row").to_arrow(), "total": total.to_arrow()}


@dataclass(frozen=True)
class Confirm(Round):
    """The members of the groups, with their sources, days and excerpts."""

    over: ClassVar[Any] = "members"

    def map(self, batch: Batch, state: State) -> pa.Table:
        """One row per text of a named document, with what results need to say about it."""
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
        return pa.Table.from_pylist(list(rows.values()), schema=_CONFIRMED)

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """Groups with their judgement; hits only where no benign story explains the group."""
        frame = pl.from_arrow(reduced) if len(reduced) else None
        groups: list[dict[str, Any]] = []
        hits: list[pa.Table] = []
        members: list[pa.Table] = []
        for (content,), rows in frame.group_by("hash", maintain_order=True) if isinstance(frame, pl.DataFrame) else ():
            rows = rows.sort("shard", "row", "field")  # noqa: PLW2901  # the group, in order
            group = _judge(f"{NAME}:{str(content)[:16]}", rows)
            groups.append(group)
            members.append(_members(group["group"], rows))
            if group["severity"] != _FORGIVEN:
                hits.append(_hits(group, rows))
        return {
            "groups": pa.Table.from_pylist(groups, schema=schema.CONCLUDED_GROUPS),
            "members": pa.concat_tables([schema.CONCLUDED_MEMBERS.empty_table(), *members]),
            "hits": pa.concat_tables([schema.CONCLUDED_HITS.empty_table(), *hits]),
        }  # fmt: skip


_CONFIRMED = pa.schema(
    [
        ("row", pa.uint64()), ("field", pa.large_string()), ("start", pa.int64()), ("end", pa.int64()),
        ("tokens", pa.uint32()), ("excerpt", pa.large_string()), ("mark", pa.large_string()),
        ("stories", pa.large_list(pa.large_string())), ("hash", pa.large_string()),
        ("source", pa.large_string()), ("time", pa.timestamp("us", tz="UTC")), ("bytes", pa.int64()),
    ]
)  # fmt: skip


def _judge(name: str, rows: pl.DataFrame) -> dict[str, Any]:
    documents = rows.unique(["shard", "row"], maintain_order=True)
    sources = documents["source"].drop_nulls().n_unique()
    times: list[dt.datetime] = documents["time"].drop_nulls().sort().to_list()
    days = len({moment.date() for moment in times})
    first = documents.row(0, named=True)
    by_copies = filters.stories_of_copies(filters.Copies(sources, first["bytes"]))
    # What the text says of itself only lowers: a planted text may say "all rights reserved" too.
    by_text = sorted(set(rows["stories"].explode().drop_nulls()))
    severity = _FORGIVEN if by_copies else _LOWERED if by_text else _SUSPECT
    evidence = {
        "copies": len(documents),
        "sources": sources,
        "days": days,
        "bytes": first["bytes"],
        "forgiven": [*by_copies, *by_text],
    }
    return {
        "group": name, "kind": "cluster", "title": first["excerpt"][:160] or "Copies of one document",
        "attack": "coordinated_injection", "severity": severity,
        "score": 1 - 1 / max(sources, 2) if severity == _SUSPECT else 0.2, "q_value": None, "documents": len(documents),
        "independent_documents": max(sources, 1), "sources": sources, "first_seen": times[0] if times else None,
        "last_seen": times[-1] if times else None, "evidence": json.dumps(evidence, sort_keys=True),
    }  # fmt: skip


def _members(group: str, rows: pl.DataFrame) -> pa.Table:
    """All copies from one source count as one independent document; without sources all copies are one."""
    documents = rows.unique(["shard", "row"], maintain_order=True).with_row_index("number")
    members = documents.select(
        pl.lit(group).alias("group"), "shard", "row",
        pl.when(pl.col("number") == 0).then(pl.lit("exemplar")).otherwise(pl.lit("carrier")).alias("role"),
        (pl.lit(f"{group}/") + pl.col("source").fill_null("")).alias("independent_id"),
    )  # fmt: skip
    return members.to_arrow().cast(schema.CONCLUDED_MEMBERS)


def _hits(group: dict[str, Any], rows: pl.DataFrame) -> pa.Table:
    shared = {key: group[key] for key in ("group", "attack", "severity", "score", "q_value")}
    summary = json.loads(group["evidence"])
    items = [
        {
            **row,
            **shared,
            "rule": "exact-copy",
            "evidence": json.dumps({**summary, "mark": json.loads(row["mark"])}, sort_keys=True),
        }
        for row in rows.to_dicts()
    ]
    return pa.Table.from_pylist(items, schema=schema.CONCLUDED_HITS)


@dataclass(frozen=True)
class ExactDuplicate(Detector):
    """Finds identical documents repeated over many sources and days."""

    name: ClassVar[str] = NAME
    copies: int = 5  # a smaller group is nobody's campaign
    groups: int = 10_000  # the largest groups are looked at; how many there are is counted

    @property
    def rounds(self) -> tuple[Round, ...]:
        """Hash all, then look at the members."""
        return (Hash(self.copies, self.groups), Confirm())

    def title(self, rule: str) -> str:
        """What a hit is called."""
        return "The same document from many sources"
