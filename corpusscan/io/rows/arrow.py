"""Columns, as Arrow arrays or as Python lists, become Arrow columns of text, words and moments.

Strings of ordinary length stay in Arrow from the page to the detector.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, TypeAlias

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from corpusscan.io.rows.columns import host
from corpusscan.io.rows.texts import is_clean, spelled
from corpusscan.io.rows.values import LENGTH, instant, word

TEXT = pa.large_string()
TIME = pa.timestamp("us", tz="UTC")
_FIRST, _LAST = -62_135_596_800_000_000, 253_402_300_799_999_999  # microseconds: years 1 to 9999, as Python has them

Column: TypeAlias = "pa.Array | list[Any]"  # large_string is valid UTF-8: `checked` and `packed` see to it


def plain(column: Column, limit: int) -> tuple[pa.Array, dict[int, Any]]:
    """`column` as large_string, and its other values by position, which are null there.

    Others are nested values, numbers, bytes or strings that are no Unicode, and texts above `limit` bytes.
    """
    others: dict[int, Any] = {}
    array = _strings(column)
    if array is None:
        array, others = _split(python_values(column))
    if array.nbytes > limit:
        long = pc.fill_null(pc.greater(pc.binary_length(array), limit), False)
        places = np.flatnonzero(long.to_numpy(zero_copy_only=False)).tolist()
        others |= {place: array[place].as_py() for place in places}
        array = pc.if_else(long, None, array) if places else array
    return array, others


def _split(values: list[Any]) -> tuple[pa.Array, dict[int, Any]]:
    good = [type(value) is str and is_clean(value) for value in values]
    others = {i: value for i, value in enumerate(values) if not good[i] and value is not None}
    return pa.array([value if fine else None for value, fine in zip(values, good, strict=True)], TEXT), others


def packed(values: list[Any]) -> Column:
    """Python values as large_string, where all are Unicode or None; else as they are."""
    if set(map(type, values)) <= {str, type(None)}:
        with suppress(UnicodeEncodeError):  # a lone surrogate
            return pa.array(values, TEXT)
    return values


def joined(parts: Sequence[Column]) -> Column:
    """Columns one after another."""
    if all(isinstance(part, pa.Array) for part in parts):
        return pa.concat_arrays(parts)
    return [value for part in parts for value in python_values(part)]


def checked(column: pa.Array) -> pa.Array:
    """A column of a file: strings and bytes as large_string, or large_binary where no UTF-8; others as they are.

    Neither Parquet nor Arrow promises that a string is valid.
    """
    if not is_text(column.type):
        return column
    plain = raw(column)
    try:
        # Polars checks several times as fast as Arrow, which a file of short texts would feel.
        valid = pl.Series(plain).cast(pl.String).null_count() == plain.null_count
    except pl.exceptions.PolarsError:
        valid = False
    return plain.view(TEXT) if valid else plain


def _strings(column: Column) -> pa.Array | None:
    return column if isinstance(column, pa.Array) and column.type == TEXT else None


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of this type holds strings or bytes, however encoded."""
    if pa.types.is_dictionary(kind):
        return is_text(kind.value_type)
    types = pa.types
    return any(
        test(kind)
        for test in (
            types.is_string, types.is_large_string, types.is_string_view, types.is_binary, types.is_large_binary,
            types.is_binary_view, types.is_fixed_size_binary,
        )
    )  # fmt: skip


def stands_elsewhere(kind: pa.DataType) -> bool:
    """Whether a column of this type holds strings or bytes of which one may stand in many rows."""
    types = pa.types
    return is_text(kind) and (types.is_dictionary(kind) or types.is_string_view(kind) or types.is_binary_view(kind))


def once(column: pa.Array) -> pa.Array:
    """The column; a dictionary of strings as one of large_binary, which takes no work a second time."""
    if not (pa.types.is_dictionary(column.type) and is_text(column.type)):
        return column
    return pa.DictionaryArray.from_arrays(column.indices, raw(column.dictionary))


def raw(column: pa.Array) -> pa.Array:
    """A column of strings or bytes as large_binary."""
    if pa.types.is_dictionary(column.type):
        # Arrow takes from no array of views.
        column = once(column).dictionary_decode()
    return column if pa.types.is_large_binary(column.type) else column.cast(pa.large_binary())


def python_values(column: Column) -> list[Any]:
    """Python values of any column; strings that are no UTF-8 come as bytes."""
    if not isinstance(column, pa.Array):
        return column
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if is_text(column.type):
        return [None if value is None else spelled(value) for value in raw(column).to_pylist()]
    try:
        return list(column.to_pylist())
    except (ValueError, OverflowError):  # no UTF-8, two fields of one name in a struct, a year beyond 9999
        return [_value(item) for item in column]


def _value(item: Any) -> Any:
    """The Python value of a scalar that cannot tell it itself."""
    kind = item.type
    if not item.is_valid:
        return None
    if is_text(kind):
        return spelled((item.value if pa.types.is_dictionary(kind) else item).as_buffer().to_pybytes())
    if pa.types.is_struct(kind):
        # A repeated name gets a number, as a repeated key in JSON does.
        names = [kind.field(index).name for index in range(kind.num_fields)]
        named = [f"{name}#{index}" if name in names[:index] else name for index, name in enumerate(names)]
        return {name: _value(item[index]) for index, name in enumerate(named)}
    if hasattr(item, "values"):  # every kind of list, and maps
        return [_value(value) for value in item.values]
    with suppress(ValueError, OverflowError):
        return item.as_py()
    return None


def words(column: Column) -> pa.Array:
    """Ids, sources or labels as large_string; null for nothing."""
    if isinstance(column, pa.Array) and pa.types.is_integer(column.type):
        column = column.cast(TEXT)
    array = _strings(column)
    if array is None:
        array = pa.array([word(value) for value in python_values(column)], TEXT)
    lengths = pc.min_max(pc.binary_length(array))
    if lengths["min"].as_py() == 0:
        array = pc.if_else(pc.equal(array, ""), None, array)
    if (lengths["max"].as_py() or 0) > LENGTH:
        array = pc.utf8_slice_codeunits(array, 0, LENGTH)
    return array


def hosts(column: Column) -> pa.Array:
    """Sources as large_string: the hosts of addresses."""
    return pa.array([None if value is None else host(value) for value in words(column).to_pylist()], TEXT)


def times(column: Column) -> tuple[pa.Array, pa.Array]:
    """Moments in UTC, and where something was given, readable or not."""
    if (array := _strings(column)) is not None:
        spelled = array.dictionary_encode()  # days repeat, and are read once
        moments = pa.array([instant(value) for value in spelled.dictionary.to_pylist()], TIME)
        return moments.take(spelled.indices), pc.fill_null(pc.not_equal(array, ""), False)
    if isinstance(column, pa.Array) and (pa.types.is_timestamp(column.type) or pa.types.is_date(column.type)):
        return _timestamps(column), column.is_valid()
    values = python_values(column)
    given = pa.array([value is not None and value != "" for value in values], pa.bool_())
    return pa.array([None if value is None else instant(value) for value in values], TIME), given


def _timestamps(column: pa.Array) -> pa.Array:
    """Moments between the years 1 and 9999; null beyond, as Python has no date for them."""
    if pa.types.is_date(column.type):
        column = column.cast(pa.timestamp("s" if pa.types.is_date32(column.type) else "ms"))
    scale = {"s": 10**6, "ms": 10**3}.get(column.type.unit, 1)
    numbers = column.cast(pa.int64())
    if column.type.unit == "ns":
        numbers = pc.divide(numbers, 1000)
    known = pc.and_(pc.greater_equal(numbers, -(-_FIRST // scale)), pc.less_equal(numbers, _LAST // scale))
    return pc.multiply(pc.if_else(known, numbers, None), scale).cast(TIME)
