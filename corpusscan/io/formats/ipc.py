"""Arrow: IPC files (Feather), IPC streams, and so what `datasets` saves; runs of record batches.

A file is a stream with a mark before it and a footer behind it, so both are read as streams of messages, which
`messages` tells apart; the footer is not believed, but for the schema of files by Polars, which write it in no message.
(Apache Arrow, Columnar Format 1.5, Serialization and Interprocess Communication.)
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from corpusscan.detector import Batch
from corpusscan.errors import UnreadableError
from corpusscan.io.layout import messages
from corpusscan.io.layout.messages import DAMAGE, Messages
from corpusscan.io.places import faults, storage
from corpusscan.io.places.storage import Location, Remote
from corpusscan.io.rows import features
from corpusscan.io.rows.builder import Builder
from corpusscan.io.rows.tables import batches, gathered, layout_of, runs
from corpusscan.io.shard import Shard

UNIT = "record_batch"
SUFFIXES = (".arrow", ".feather", ".ipc", ".arrows")
_LARGEST = 2**31  # bytes of a batch: what is larger would fill the memory of a worker
_DAMAGE = (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError)


class _Decoder:
    """What Arrow makes of a file whose messages are known.  Raises what Arrow does."""

    def __init__(self, path: Location, found: Messages) -> None:
        self.file = pa.PythonFile(path.open(), mode="r") if isinstance(path, Remote) else pa.memory_map(str(path))
        self.found = found
        if found.bare:
            self.schema = pa.ipc.open_file(self.file).schema
        else:
            self.schema = pa.ipc.read_schema(self._message(found.begin))

    def _message(self, start: int) -> pa.Message:
        self.file.seek(start)
        return pa.ipc.read_message(self.file)

    def read(self, start: int, stop: int) -> Iterator[pa.RecordBatch]:
        """Batches, checked to the last offset: nothing that Arrow reads has been checked by it."""
        if self.found.has_dictionaries:
            yield from self._in_order(start, stop)
            return
        for one in self.found.batches[start:stop]:
            yield _checked(pa.ipc.read_record_batch(self._message(one.start), self.schema))

    def _in_order(self, start: int, stop: int) -> Iterator[pa.RecordBatch]:
        self.file.seek(self.found.begin)
        if self.found.bare:
            reader = pa.ipc.open_file(self.file)
            yield from (_checked(reader.get_batch(number)) for number in range(start, stop))
            return
        with pa.ipc.open_stream(self.file) as reader:
            for number in range(min(stop, len(self.found.batches))):
                batch = reader.read_next_batch()
                if number >= start:
                    yield _checked(batch)


def _checked(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch, if all that it points to is its own.  Strings that are no UTF-8 are no damage here."""
    for column in batch.columns:
        try:
            column.validate(full=True)
        except pa.ArrowInvalid:
            bare = {pa.string(): pa.binary(), pa.large_string(): pa.large_binary()}.get(column.type)
            if bare is None:
                raise
            column.view(bare).validate(full=True)
    return batch


def split(path: Location, target: int) -> list[tuple[int, int, int]]:
    """Runs (start, stop, bytes) of record batches of about `target` bytes; one run where batches need dictionaries.

    Raises `UnreadableError` for what does not begin as Arrow.
    """
    found = messages.read(path)
    if found.has_dictionaries:
        return [(0, len(found.batches), storage.size(path))]
    return runs([batch.length for batch in found.batches], target)


def names(shard: Shard) -> Iterator[str]:
    """The top-level column names.  Raises `UnreadableError`."""
    yield from messages.read(storage.of(shard)).names


def schema(shard: Shard) -> pa.Schema:
    """The columns of the file; what dictionaries spell is spelled out.  Raises `UnreadableError`."""
    path = storage.of(shard)
    try:
        return _plain(_Decoder(path, messages.read(path)).schema)
    except _DAMAGE as error:
        raise faults.unreadable(error, DAMAGE) from None


def _plain(schema: pa.Schema) -> pa.Schema:
    return pa.schema(
        [one.with_type(one.type.value_type) if pa.types.is_dictionary(one.type) else one for one in schema]
    )


def tables(shard: Shard, rows: int) -> Iterator[pa.Table]:
    """The rows of the shard, at most so many at a time.  Raises `UnreadableError` and errors of Arrow."""
    path = storage.of(shard)
    decoder = _Decoder(path, messages.read(path))
    for batch in decoder.read(shard.start, shard.stop):
        for start in range(0, len(batch), rows):
            yield pa.Table.from_batches([batch.slice(start, rows)]).cast(_plain(decoder.schema))


def extents(shard: Shard) -> tuple[bytes, list[tuple[int, int]]]:
    """The bytes before the first batch, and the byte range (offset, length) of all that the shard's batches need.

    Raises `UnreadableError`.
    """
    path = storage.of(shard)
    found = messages.read(path)
    with path.open("rb") as file:
        head = file.read(found.head)
    needed = found.all if found.has_dictionaries else found.batches[shard.start : shard.stop]
    return head, [(one.start, one.length) for one in needed]


def count(shard: Shard) -> int:
    """Rows of the shard, by the account of its batches.  Raises `UnreadableError`."""
    return sum(one.rows for one in messages.read(storage.of(shard)).batches[shard.start : shard.stop])


def read(shard: Shard, builder: Builder) -> Iterator[Batch]:
    """Batches of the shard's record batches.

    Raises `UnreadableError` at the first that cannot be decoded, as nobody can tell how many rows it had.
    """
    path = storage.of(shard)
    found = messages.read(path)
    if any(one.length > _LARGEST for one in found.batches[shard.start : shard.stop]):
        raise UnreadableError("batch_too_large", "a record batch of more than 2 GiB; write smaller ones")
    try:
        decoder = _Decoder(path, found)
        known = features.of(decoder.schema.metadata)
        layout = layout_of(found.names, builder, known)
        parts = (part.select([*layout.used]) for part in decoder.read(shard.start, shard.stop))
        for part in gathered(parts, layout):
            yield from batches(part, layout, builder, known)
    except _DAMAGE as error:
        raise faults.unreadable(error, DAMAGE) from None
    if shard.stop == len(found.batches) and found.fault:
        raise found.fault
