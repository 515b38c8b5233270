"""The footer of a Parquet file: its columns, and where its row groups lie, by their own account.

Read here because pyarrow ends the process when asked for the columns of a footer that lies (an unknown codec is
enough), and a file that ends a process must end that of a worker, not the one that plans the scan.
Format: https://github.com/apache/parquet-format (FileMetaData), in Thrift's compact protocol.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from corpusscan.errors import UnreadableError
from corpusscan.io.layout.thrift import ELEMENTS, Compact, Fields
from corpusscan.io.places.storage import Location, Remote

MAGIC = b"PAR1"
MAX_ROWS = 2**40  # a footer that claims more of one file is not believed
LONGEST = 2**26  # bytes of a footer
# Field numbers of parquet.thrift.
_SCHEMA, _ROW_GROUPS, _COLUMNS, _ROWS, _COLUMN_META = 2, 4, 1, 3, 3
_PATH, _VALUES, _UNCOMPRESSED, _COMPRESSED, _DATA_PAGE, _DICTIONARY_PAGE = 3, 5, 6, 7, 9, 11
_NAME, _CHILDREN = 4, 5
_WANTED: Fields = {
    _SCHEMA: {_NAME: {}, _CHILDREN: {}},
    _ROW_GROUPS: {
        _COLUMNS: {
            _COLUMN_META: {
                _PATH: ELEMENTS, _VALUES: {}, _UNCOMPRESSED: {}, _COMPRESSED: {},
                _DATA_PAGE: {}, _DICTIONARY_PAGE: {},
            }
        },
        _ROWS: {},
    },
}  # fmt: skip


class Chunk(msgspec.Struct, frozen=True):
    """The pages of one column in a row group; `start` and `stop` are offsets within the file."""

    name: str  # of the column at the top
    size: int  # bytes when decompressed, by the footer
    start: int
    stop: int
    values: int


class Group(msgspec.Struct, frozen=True):
    """One row group; `start` and `stop` are offsets within the file."""

    rows: int
    start: int
    stop: int
    chunks: tuple[Chunk, ...] = ()


class Footer(NamedTuple):
    """The bytes of the footer, the row groups it tells of, and the names of the columns at the top."""

    data: bytes
    groups: list[Group]
    names: list[str]


def read(path: Location) -> Footer:
    """What the footer tells.

    Raises `UnreadableError` for what is no footer, or claims what cannot be.
    """
    if isinstance(path, Remote):  # which is equal to another only where its version is
        return _read(path, path.facts.size, 0)
    status = path.stat()
    return _read(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=4)  # a file has many shards
def _read(path: Location, size: int, _changed: int) -> Footer:
    with path.open("rb") as file:
        file.seek(max(size - 8, 0))
        tail = file.read(8)
        length = int.from_bytes(tail[:4], "little")
        if len(tail) < 8 or tail[4:] != MAGIC or length > size - 12:
            raise UnreadableError("corrupt_parquet", "no footer: the file was cut, or is no Parquet")
        if length > LONGEST:
            raise UnreadableError(
                "footer_too_large", f"more than {LONGEST >> 20} MiB; write fewer row groups to a file"
            )
        file.seek(size - 8 - length)
        data = file.read(length)
    try:
        told = Compact(data).struct(0, _WANTED)
        names = _names(told[_SCHEMA])
        groups = [_group(fields, size) for fields in told.get(_ROW_GROUPS, [])]
    except (LookupError, ValueError, TypeError, AttributeError) as error:
        raise UnreadableError("corrupt_parquet", f"the footer cannot be read ({error})") from None
    if any(group.rows < 0 for group in groups) or sum(group.rows for group in groups) > MAX_ROWS:
        raise UnreadableError("corrupt_parquet", "the footer claims an impossible number of rows")
    return Footer(data, groups, names)


def _names(elements: list[dict[int, Any]]) -> list[str]:
    """Of the children of the first element: they stand depth first, each with the number of its own."""
    names, left = [], [elements[0].get(_CHILDREN, 0)]  # children to come, on every level
    for element in elements[1:]:
        while left and not left[-1]:
            left.pop()
        if not left:
            break
        left[-1] -= 1
        if len(left) == 1:
            names.append(element[_NAME].decode("utf-8", "replace"))
        left.append(element.get(_CHILDREN, 0))
    return names


def _group(fields: dict[int, Any], size: int) -> Group:
    metas = [column.get(_COLUMN_META, {}) for column in fields.get(_COLUMNS, [])]
    chunks = tuple(_chunk(meta, size) for meta in metas if _DATA_PAGE in meta)
    start = min((chunk.start for chunk in chunks), default=0)
    stop = max((chunk.stop for chunk in chunks), default=start)
    rows = fields.get(_ROWS, 0)
    if not isinstance(rows, int):
        raise TypeError("a row group without a number of rows")
    return Group(rows, start, stop, chunks)


def _chunk(meta: dict[int, Any], size: int) -> Chunk:
    """A chunk as it is told; offsets are data: they are held within the file."""
    name = (meta.get(_PATH) or [b""])[0].decode("utf-8", "replace")
    start = min(max(min(meta.get(_DICTIONARY_PAGE) or meta[_DATA_PAGE], meta[_DATA_PAGE]), 0), size)
    stop = min(max(start + meta.get(_COMPRESSED, 0), start), size)
    size, values = meta.get(_UNCOMPRESSED, 0), meta.get(_VALUES, 0)
    if not isinstance(size, int) or not isinstance(values, int):
        raise TypeError("a column without numbers")
    return Chunk(name, size, start, stop, values)
