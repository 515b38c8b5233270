"""Plain text: a file is one document, and many small files are one shard."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from corpusscan.detector import Batch
from corpusscan.errors import UnreadableError
from corpusscan.io.layout import streams
from corpusscan.io.places import faults, storage
from corpusscan.io.rows.builder import Builder
from corpusscan.io.rows.texts import spelled
from corpusscan.io.shard import Shard

UNIT = "byte"
SUFFIXES = (".txt", ".text", ".md", ".markdown", ".rst")
FILES = True  # a file is a record: an empty one is no gap, and small ones share a shard
MAX_FILE = 128 * 2**20  # bytes of text; a larger file is skipped, and counted

split = streams.whole


def names(shard: Shard) -> Iterator[str]:
    """The one field there is."""
    yield shard.format


def count(shard: Shard) -> int:
    """Files of the shard."""
    return len(shard.files) or 1


def read(shard: Shard, builder: Builder) -> Iterator[Batch]:
    """Batches of the shard's files; one that cannot be read to its end is counted, and the next is read."""
    for one in _each(shard):
        if not len(builder.wants(1)):
            builder.row += 1
            continue
        try:
            data = _whole(one)
        except UnreadableError as error:
            _lose(builder, "errored", error.reason)
        except OSError as error:
            _lose(builder, "errored", faults.reason(error))
        else:
            if data is None:
                _lose(builder, "skipped", "file_too_large")
            else:
                builder.add({shard.format: spelled(data)}, len(data))
        if builder.full and (batch := builder.take()):
            yield batch


def _lose(builder: Builder, fate: str, reason: str) -> None:
    builder.account.lost[builder.row] = fate, reason
    (builder.error if fate == "errored" else builder.skip)(reason)


def _each(shard: Shard) -> Iterator[Shard]:
    if not shard.files:
        yield shard
    for one in shard.files:
        yield msgspec.structs.replace(
            shard,
            files=(),
            compression=one.compression,
            start=0,
            stop=one.bytes,
            bytes_total=one.bytes,
            **storage.place(storage.of(one)),
        )


def _whole(shard: Shard) -> bytes | None:
    """The bytes of a file, or None above MAX_FILE.  Raises `UnreadableError`."""
    held: list[bytes] = []
    size = 0
    for block in streams.source(shard):
        held.append(block)
        size += len(block)
        if size > MAX_FILE:
            return None
    return b"".join(held)
