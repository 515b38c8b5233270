"""Arrow columns become the columns of a batch, without a Python object per record where they are strings."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpusscan import schema
from corpusscan.io.account import Account
from corpusscan.io.columns import ADDRESSES, Layout, host
from corpusscan.io.records import instant

_TEXT = pa.large_string()
_TIME = pa.timestamp("us", tz="UTC")


def is_string(kind: pa.DataType) -> bool:
    """Whether a column of this type holds strings, however encoded."""
    if pa.types.is_dictionary(kind):
        return is_string(kind.value_type)
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def strings(column: pa.Array) -> pa.Array | None:
    """The column as large_string, or None where it holds bytes that are no UTF-8 (Parquet does not check)."""
    text = column.cast(_TEXT, safe=False)
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        return None
    return text


def byte_lengths(text: pa.Array) -> pa.Array:
    """UTF-8 bytes of each text; 0 for null."""
    return pc.fill_null(pc.binary_length(text), 0)


def texts(columns: dict[str, pa.Array], rows: pa.Array) -> pa.Table:
    """`schema.TEXTS` of string columns by name; texts of one record are neighbours, empty ones absent."""
    parts = []
    for name, column in columns.items():
        keep = pc.greater(byte_lengths(column), 0)
        full = bool(pc.all(keep).as_py())
        row, text = (rows, column) if full else (rows.filter(keep), column.filter(keep))
        count = len(row)
        parts.append([row, repeated(name, count), pa.nulls(count, _TEXT), pa.array(np.zeros(count, np.int64)), text])
    joined = pa.concat_tables([pa.Table.from_arrays(part, schema=schema.TEXTS) for part in parts])
    if len(parts) == 1:
        return joined
    return joined.take(pa.array(np.argsort(joined["row"].to_numpy(), kind="stable")))


def repeated(text: str, count: int) -> pa.Array:
    """A column that holds `text` in every row."""
    return pa.repeat(pa.scalar(text, _TEXT), count)


def documents(batch: pa.RecordBatch, rows: pa.Array, layout: Layout, account: Account) -> pa.Table:
    """`schema.DOCUMENTS` of the records in `batch`, which are all counted as scanned."""
    given = [batch[name] for name in layout.time]
    time = _coalesce([_times(column) for column in given], len(batch), _TIME)
    source = _coalesce(
        [_hosts(batch[name]) if name in ADDRESSES else _words(batch[name]) for name in layout.source], len(batch)
    )
    if given:
        had = reduce(pc.or_, [column.is_valid() for column in given])
        if unread := int(pc.sum(pc.and_(had, time.is_null())).as_py() or 0):
            account.note("unreadable_time", unread)
    account.without["source"] += source.null_count
    account.without["time"] += time.null_count
    identity = _coalesce([_words(batch[name]) for name in layout.id], len(batch))
    label = _coalesce([_words(batch[name]) for name in layout.label], len(batch))
    return pa.Table.from_arrays([rows, identity, source, time, label], schema=schema.DOCUMENTS)


def _coalesce(columns: list[pa.Array], count: int, kind: pa.DataType = _TEXT) -> pa.Array:
    return pc.coalesce(*columns) if columns else pa.nulls(count, kind)


def _words(column: pa.Array) -> pa.Array:
    text = strings(column) if is_string(column.type) else None
    if text is not None:
        return pc.if_else(pc.equal(text, ""), None, pc.utf8_slice_codeunits(text, 0, 1024))
    return pa.array([_word(value) for value in python_values(column)], _TEXT)


def _word(value: Any) -> str | None:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return None if value is None or value == "" else str(value)[:1024]


def _hosts(column: pa.Array) -> pa.Array:
    return pa.array([None if value is None else host(value) for value in _words(column).to_pylist()], _TEXT)


def _times(column: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.timestamp("us", tz=column.type.tz), safe=False).cast(_TIME, safe=False)
    return pa.array([None if value is None else instant(value) for value in python_values(column)], _TIME)


def python_values(column: pa.Array) -> list[Any]:
    """Python values of any column; strings that are no UTF-8 come as bytes."""
    if is_string(column.type):
        raw = column.cast(_TEXT, safe=False).cast(pa.large_binary()).to_pylist()
        return [_decoded(value) for value in raw]
    try:
        return list(column.to_pylist())
    except (ValueError, OverflowError):
        return [_scalar(item) for item in column]


def _decoded(value: bytes | None) -> str | bytes | None:
    try:
        return None if value is None else value.decode("utf-8")
    except UnicodeDecodeError:
        return value


def _scalar(item: pa.Scalar) -> Any:
    try:
        return item.as_py()
    except UnicodeDecodeError:
        # A string deep inside a list or struct: read that value again with its strings as bytes.
        return _with_bytes(item)
    except (ValueError, OverflowError):
        return str(item)


def _with_bytes(item: Any) -> Any:
    if item is None or not item.is_valid:
        return None
    if pa.types.is_struct(item.type):
        return {name: _with_bytes(item[name]) for name in item}
    if pa.types.is_list(item.type) or pa.types.is_large_list(item.type):
        return [_with_bytes(value) for value in item.values] if item.values is not None else None
    if is_string(item.type):
        return item.cast(_TEXT).cast(pa.large_binary()).as_py().decode("utf-8", "replace")
    return item.as_py()
