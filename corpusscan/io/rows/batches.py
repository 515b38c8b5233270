"""Columns of records become a batch: the one way for every format, so that all yield the same tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from corpusscan import schema
from corpusscan.detector import Batch
from corpusscan.io.rows import arrow, features
from corpusscan.io.rows.account import Account
from corpusscan.io.rows.arrow import TEXT, TIME, Column
from corpusscan.io.rows.columns import ADDRESSES, Layout
from corpusscan.io.rows.texts import Anomaly, Text, decoded, pieces, walk
from corpusscan.kernels.hashing import text_lengths

MAX_ANOMALIES = 64  # told one by one of a record; more are told as one

Rows = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Aside:
    """What the bytes of a record say beside its columns: anomalies, and texts that a parser would hide."""

    anomalies: Sequence[Anomaly]
    texts: Sequence[Text]


class _Nested:
    """Texts that are taken one by one, with what was wrong with them."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.texts: list[tuple[int, str, str | None, int, str]] = []
        self.anomalies: dict[int, list[Anomaly]] = {}

    def add(self, row: int, field: str, role: str | None, text: str | bytes) -> None:
        clean, kind, detail = decoded(text)
        if kind:
            self.anomalies.setdefault(row, []).append((field, kind, detail))
        self.texts += [(row, field, role, start, piece) for start, piece in pieces(clean, self.limit)]

    def take(self) -> pa.Table:
        texts, self.texts = self.texts, []
        return table(texts, schema.TEXTS)


def assemble(
    rows: Rows,
    columns: Mapping[str, Column],
    layout: Layout,
    aside: Mapping[int, Aside],
    limit: int,
    key: bytes,
    account: Account,
) -> Batch:
    """The batch of the records `rows` (ascending), whose columns are as long; counts them as scanned.

    Texts above `limit` bytes come in pieces; `aside` is by row.
    """
    nested = _Nested(limit)
    for row, hidden in aside.items():
        nested.anomalies[row] = list(hidden.anomalies)
        for text in hidden.texts:
            nested.add(row, *text)
    parts = [nested.take()] if nested.texts else []
    for name in layout.text:
        plain, others = arrow.plain(columns[name], limit)
        parts.append(_whole(name, plain, rows))
        for index, value in others.items():
            for text in walk(value, name, account):
                nested.add(int(rows[index]), *text)
        if nested.texts:
            parts.append(nested.take())
    texts = _in_order(parts)
    batch = Batch(_documents(rows, columns, layout, account), texts, _anomalies(nested.anomalies, account), key)
    owners = texts["row"].to_numpy()
    if empty := len(rows) - int(np.count_nonzero(np.diff(owners)) + bool(len(owners))):
        account.note("nothing_to_scan", empty)
    account.scanned += len(rows)
    account.text_bytes += int(text_lengths(texts["text"]).sum())
    return batch


def _whole(name: str, texts: pa.Array, rows: Rows) -> pa.Table:
    numbers = pa.array(rows)
    lengths = pc.binary_length(texts)
    if texts.null_count or pc.min(lengths).as_py() == 0:
        keep = pc.fill_null(pc.greater(lengths, 0), False)
        numbers, texts = numbers.filter(keep), texts.filter(keep)
    count = len(texts)
    field = pa.repeat(pa.scalar(name, TEXT), count)
    columns = [numbers, field, pa.nulls(count, TEXT), pa.array(np.zeros(count, np.int64)), texts]
    return pa.Table.from_arrays(columns, schema=schema.TEXTS)


def _in_order(parts: list[pa.Table]) -> pa.Table:
    """Texts by row; those of one record stay in the order of `parts`."""
    parts = [part for part in parts if len(part)] or parts[:1]
    if not parts:
        return schema.TEXTS.empty_table()
    joined = pa.concat_tables(parts)
    return joined if len(parts) == 1 else joined.take(pa.array(np.argsort(joined["row"].to_numpy(), kind="stable")))


def _anomalies(found: Mapping[int, list[Anomaly]], account: Account) -> pa.Table:
    told: list[tuple[Any, ...]] = []
    for row, anomalies in sorted(found.items()):
        for kind in {kind: None for _, kind, _ in anomalies}:
            account.note(kind)
        told += [(row, *(decoded(text)[0] for text in anomaly)) for anomaly in anomalies[:MAX_ANOMALIES]]
        if more := anomalies[MAX_ANOMALIES:]:
            told.append((row, "", more[0][1], f"and {len(more)} more anomalies in this record"))
    return table(told, schema.ANOMALIES)


def _documents(rows: Rows, columns: Mapping[str, Column], layout: Layout, account: Account) -> pa.Table:
    count = len(rows)
    sources = [(arrow.hosts if name in ADDRESSES else arrow.words)(columns[name]) for name in layout.source]
    moments = [arrow.times(columns[name]) for name in layout.time]
    source, time = _first(sources, count), _first([moment for moment, _ in moments], count, TIME)
    if moments:
        given = reduce(pc.or_, [given for _, given in moments])
        if unread := int(pc.sum(pc.and_(given, time.is_null())).as_py() or 0):
            account.note("unreadable_time", unread)
    account.without["source"] += source.null_count
    account.without["time"] += time.null_count
    account.without["provenance"] += int(pc.sum(pc.and_(source.is_null(), time.is_null())).as_py() or 0)
    identity, annotator = (
        _first([arrow.words(columns[name]) for name in known], count) for known in (layout.id, layout.annotator)
    )
    label = _first([arrow.words(features.labels(columns[name], account)) for name in layout.label], count)
    return pa.Table.from_arrays([pa.array(rows), identity, source, time, label, annotator], schema=schema.DOCUMENTS)


def _first(columns: list[pa.Array], count: int, kind: pa.DataType = TEXT) -> pa.Array:
    """In each row the first that is given."""
    if columns and not columns[0].null_count:
        return columns[0]
    return pc.coalesce(*columns) if columns else pa.nulls(count, kind)


def table(rows: Sequence[tuple[Any, ...]], layout: pa.Schema) -> pa.Table:
    """A table of tuples."""
    columns = zip(*rows, strict=True) if rows else [[] for _ in layout]
    arrays = [pa.array(list(column), kind.type) for column, kind in zip(columns, layout, strict=True)]
    return pa.Table.from_arrays(arrays, schema=layout)
