"""The heads of the pages of a Parquet file: how much memory a decoder would take for them, before it takes it.

A decoder gives a page all the memory that its head asks for, whatever the footer says, and spells a value of a
dictionary out in every row that points to it.  (Who hides one long value among many short ones of a dictionary is not
found out here, nor who lies in the footer too: that the worker then takes too much memory is seen, and said.)
Format: https://github.com/apache/parquet-format (PageHeader), in Thrift's compact protocol.
"""

from __future__ import annotations

from collections.abc import Collection
from io import FileIO
from pathlib import Path
from typing import NamedTuple

from corpusscan.io.layout.footer import Group
from corpusscan.io.layout.thrift import Compact, Fields
from corpusscan.io.places.storage import Location

_UNCOMPRESSED, _COMPRESSED, _DATA, _DICTIONARY, _DATA_2 = 2, 3, 5, 7, 8  # field numbers of parquet.thrift
_VALUES = 1
_WANTED: Fields = {
    _UNCOMPRESSED: {}, _COMPRESSED: {}, _DATA: {_VALUES: {}}, _DICTIONARY: {_VALUES: {}}, _DATA_2: {_VALUES: {}},
}  # fmt: skip
_HEADS = (2**9, 2**20)  # bytes in which the head of a page should be, and in which it must be


class Pages(NamedTuple):
    """Bytes of the largest page, and of a row: as its values are on average, in a dictionary or in the pages."""

    largest: int
    row: int


class _Page(NamedTuple):
    head: int  # bytes of its head
    size: int
    packed: int
    values: int
    dictionary: bool


def look(path: Location, group: Group, names: Collection[str], limit: int) -> Pages:
    """What the pages of these columns take when they are decoded, up to the first one above `limit`.

    Of a column that is no larger than that by the footer the first head is read, which is that of its dictionary if it
    has one; of a file elsewhere none: each is a request.  Heads that cannot be read are for the decoder to refuse.
    """
    chunks, rows = [chunk for chunk in group.chunks if chunk.name in names], max(group.rows, 1)
    largest, row = 0, max((chunk.size // rows for chunk in chunks), default=0)
    if not isinstance(path, Path):
        return Pages(largest, row)
    with path.open("rb", buffering=0) as file:
        for chunk in chunks:
            place = chunk.start
            while place < chunk.stop and largest <= limit and (page := _page(file, place)):
                largest = max(largest, page.size)
                if page.dictionary and page.values:
                    row = max(row, page.size // page.values * max(chunk.values // rows, 1))
                if chunk.size <= limit:
                    break
                place += page.head + page.packed
    return Pages(largest, row)


def _page(file: FileIO, place: int) -> _Page | None:
    for most in _HEADS:
        file.seek(place)
        reader = Compact(file.read(most))
        try:
            fields = reader.struct(0, _WANTED)
            size, packed = fields[_UNCOMPRESSED], fields[_COMPRESSED]
            told = fields.get(_DATA) or fields.get(_DICTIONARY) or fields.get(_DATA_2) or {}
            if size >= 0 and packed >= 0:
                return _Page(reader.position, size, packed, int(told.get(_VALUES, 0)), _DICTIONARY in fields)
        except (IndexError, KeyError, ValueError, TypeError, AttributeError):
            continue
    return None
