"""The footer of a Parquet file, and the heads of its pages: where things lie, and how large they are said to be.

Read here because pyarrow ends the process when asked for the columns of a footer that lies (an
unknown codec is enough), and gives a page all the memory that its head asks for.  Format:
https://github.com/apache/parquet-format (FileMetaData, PageHeader), in Thrift's compact protocol.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

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
_PATH, _UNCOMPRESSED, _COMPRESSED, _DATA_PAGE, _DICTIONARY_PAGE = 3, 6, 7, 9, 11
_PAGE_UNCOMPRESSED, _PAGE_COMPRESSED = 2, 3
_HEADS = (2**10, 2**20)  # bytes in which the head of a page should be, and in which it must be


class Chunk(msgspec.Struct, frozen=True):
    """The pages of one column in a row group; `start` and `stop` are offsets within the file."""

    name: str  # of the column at the top
    size: int  # bytes when decompressed, by the footer
    start: int
    stop: int


class Group(msgspec.Struct, frozen=True):
    """One row group; `start` and `stop` are offsets within the file."""

    rows: int
    size: int  # bytes when decompressed
    start: int
    stop: int
    chunks: tuple[Chunk, ...] = ()


def largest_page(path: Location, group: Group, names: Collection[str], limit: int) -> int:
    """Bytes when decompressed of the largest page of these columns, by its head; or of one above `limit`.

    Of a file elsewhere the heads are read only where the footer says that there may be such a page: each is a request.
    Heads that cannot be read are for the decoder to refuse.
    """
    largest = 0
    chunks = [one for one in group.chunks if one.name in names and (isinstance(path, Path) or one.size > limit)]
    with path.open("rb") as file:
        for chunk in chunks:
            place = chunk.start
            while place < chunk.stop and largest <= limit:
                length, size, packed = _head(file, place)
                if not length:
                    break
                largest, place = max(largest, size), place + length + packed
    return largest


def _head(file: BinaryIO, place: int) -> tuple[int, int, int]:
    """Bytes of the head of a page, and of the page when decompressed and packed; zeros where there is none."""
    for most in _HEADS:
        file.seek(place)
        reader = _Compact(file.read(most))
        try:
            fields = reader.struct(0)
            size, packed = fields[_PAGE_UNCOMPRESSED], fields[_PAGE_COMPRESSED]
            if size >= 0 and packed >= 0:
                return reader.position, size, packed
        except (IndexError, KeyError, ValueError, TypeError):
            continue
    return 0, 0, 0


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
    chunks = tuple(_chunk(meta, size) for meta in metas if _DATA_PAGE in meta)
    return Group(fields.get(_ROWS, 0), fields.get(_BYTES, 0), start, min(max(stop, start), size), chunks)


def _chunk(meta: dict[int, Any], size: int) -> Chunk:
    name = (meta.get(_PATH) or [b""])[0].decode("utf-8", "replace")
    start = min(meta.get(_DICTIONARY_PAGE) or meta[_DATA_PAGE], meta[_DATA_PAGE])
    stop = min(start + meta.get(_COMPRESSED, 0), size)
    return Chunk(name, meta.get(_UNCOMPRESSED, 0), max(start, 0), stop)


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
