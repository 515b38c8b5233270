"""The footer of a Parquet file: where its row groups lie, by their own account.

Read here because pyarrow ends the process when asked for the columns of a footer that lies (an
unknown codec is enough).  Format: https://github.com/apache/parquet-format (FileMetaData), in
Thrift's compact protocol.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from corpusscan.errors import UnreadableError
from corpusscan.io.storage import Location, Remote

MAGIC = b"PAR1"
MAX_ROWS = 2**40  # a footer that claims more of one file is not believed
_DEPTH = 16
_STOP, _TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 0, 1, 2, 3, 7, 8, 9, 10, 11, 12
_INTEGERS = (4, 5, 6)
# Field numbers of parquet.thrift.
_ROW_GROUPS, _COLUMNS, _BYTES, _ROWS, _COLUMN_META = 4, 1, 2, 3, 3
_COMPRESSED, _DATA_PAGE, _DICTIONARY_PAGE = 7, 9, 11


class Group(msgspec.Struct, frozen=True):
    """One row group; `start` and `stop` are offsets within the file."""

    rows: int
    size: int  # bytes when decompressed
    start: int
    stop: int


def read(path: Location) -> tuple[bytes, list[Group]]:
    """The bytes of the footer, and the row groups it tells of.

    Raises `UnreadableError` for what is no footer, or claims what cannot be.
    """
    if isinstance(path, Remote):  # which is equal to another only where its version is
        return _read(path, path.facts.size, 0)
    status = path.stat()
    return _read(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=4)  # a file has many shards
def _read(path: Location, size: int, _changed: int) -> tuple[bytes, list[Group]]:
    with path.open("rb") as file:
        file.seek(max(size - 8, 0))
        tail = file.read(8)
        length = int.from_bytes(tail[:4], "little")
        if len(tail) < 8 or tail[4:] != MAGIC or length > size - 12:
            raise UnreadableError("corrupt_parquet", "no footer: the file was cut, or is no Parquet")
        file.seek(size - 8 - length)
        data = file.read(length)
    try:
        groups = [_group(fields, size) for fields in _Compact(data).struct(0).get(_ROW_GROUPS, [])]
    except (IndexError, ValueError, TypeError, AttributeError) as error:
        raise UnreadableError("corrupt_parquet", f"the footer cannot be read ({error})") from None
    if any(group.rows < 0 for group in groups) or sum(group.rows for group in groups) > MAX_ROWS:
        raise UnreadableError("corrupt_parquet", "the footer claims an impossible number of rows")
    return data, groups


def _group(fields: dict[int, Any], size: int) -> Group:
    metas = [column.get(_COLUMN_META, {}) for column in fields.get(_COLUMNS, [])]
    starts = [
        min(meta.get(_DICTIONARY_PAGE) or meta[_DATA_PAGE], meta[_DATA_PAGE]) for meta in metas if _DATA_PAGE in meta
    ]
    lengths = [meta.get(_COMPRESSED, 0) for meta in metas if _DATA_PAGE in meta]
    # Offsets are data: they are held within the file.
    start = min(max(min(starts, default=0), 0), size)
    stop = max((a + b for a, b in zip(starts, lengths, strict=True)), default=start)
    return Group(fields.get(_ROWS, 0), fields.get(_BYTES, 0), start, min(max(stop, start), size))


class _Compact:
    """Values of Thrift's compact protocol; raises `IndexError` or `ValueError` where there are none."""

    def __init__(self, data: bytes) -> None:
        self.data, self.position = data, 0

    def byte(self) -> int:
        self.position += 1
        return self.data[self.position - 1]

    def varint(self) -> int:
        value = shift = 0
        while shift < 70:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
        raise ValueError("a number of more than ten bytes")

    def integer(self) -> int:
        value = self.varint()
        return (value >> 1) ^ -(value & 1)

    def take(self, count: int) -> bytes:
        if count > len(self.data) - self.position:
            raise ValueError("a length beyond the end")
        self.position += count
        return self.data[self.position - count : self.position]

    def value(self, kind: int, depth: int) -> Any:
        if kind in _INTEGERS:
            return self.integer()
        if kind in (_BYTE, _DOUBLE):
            return self.take(1 if kind == _BYTE else 8)
        if kind == _BINARY:
            return self.take(self.varint())
        if kind in (_LIST, _SET):
            return self.list(depth)
        if kind == _STRUCT:
            return self.struct(depth)
        raise ValueError(f"type {kind}, which no footer has")

    def list(self, depth: int) -> list[Any]:
        header = self.byte()
        count = header >> 4 if header >> 4 < 15 else self.varint()
        if count > len(self.data) - self.position:
            raise ValueError("a list beyond the end")
        kind = header & 15
        return [self.byte() if kind in (_TRUE, _FALSE) else self.value(kind, depth) for _ in range(count)]

    def struct(self, depth: int) -> dict[int, Any]:
        if depth > _DEPTH:
            raise ValueError("nested too deep")
        fields: dict[int, Any] = {}
        number = 0
        while (header := self.byte()) != _STOP:
            number = number + (header >> 4) if header >> 4 else self.integer()
            kind = header & 15
            fields[number] = kind == _TRUE if kind in (_TRUE, _FALSE) else self.value(kind, depth + 1)
        return fields
