"""The heads of the pages of a Parquet file: a decoder gives a page all the memory that its head asks for.

Format: https://github.com/apache/parquet-format (PageHeader), in Thrift's compact protocol.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import BinaryIO

from corpusscan.io.footer import Group
from corpusscan.io.storage import Location
from corpusscan.io.thrift import Compact, Fields

_UNCOMPRESSED, _COMPRESSED = 2, 3  # field numbers of parquet.thrift
_WANTED: Fields = {_UNCOMPRESSED: {}, _COMPRESSED: {}}
_HEADS = (2**10, 2**20)  # bytes in which the head of a page should be, and in which it must be


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
        reader = Compact(file.read(most))
        try:
            fields = reader.struct(0, _WANTED)
            size, packed = fields[_UNCOMPRESSED], fields[_COMPRESSED]
            if size >= 0 and packed >= 0:
                return reader.position, size, packed
        except (IndexError, KeyError, ValueError, TypeError):
            continue
    return 0, 0, 0
