"""Arrow: IPC files (Feather), IPC streams, and so what `datasets` saves; runs of record batches.

A file is a stream with a mark before it and a footer behind it, so both are read as streams of messages; the footer is
not believed, but for the schema of files by Polars, which write it in no message.  (Apache Arrow, Columnar Format 1.5,
Serialization and Interprocess Communication.)
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from functools import lru_cache
from typing import BinaryIO, NamedTuple

import pyarrow as pa

from corpusscan.detector import Batch
from corpusscan.errors import UnreadableError
from corpusscan.io import faults, storage
from corpusscan.io.records import Builder
from corpusscan.io.shard import Shard
from corpusscan.io.storage import Location, Remote
from corpusscan.io.tables import batches, layout_of, runs

UNIT = "record_batch"
SUFFIXES = (".arrow", ".feather", ".ipc", ".arrows")
MAGIC, FEATHER_1 = b"ARROW1", b"FEA1"
DAMAGE = "corrupt_arrow"
_CONTINUES = b"\xff\xff\xff\xff"  # before every message
_HEAD = 2**22  # bytes of a schema without a message, at most
_LARGEST = 2**31  # bytes of a batch: what is larger would fill the memory of a worker
_DAMAGE = (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError)


class Message(NamedTuple):
    """A message of a stream: its first byte, its bytes, and what it is."""

    start: int
    length: int
    kind: str


class _Stream:
    """The messages of a file, by their places; their bodies stay where they are."""

    def __init__(self, path: Location, bodiless: _Bodiless | None = None) -> None:
        if isinstance(path, Remote) and bodiless is None:
            vars(self).update(vars(_walked(path)))
            self.file = pa.PythonFile(path.open(), mode="r")
            return
        try:
            self.file = pa.PythonFile(bodiless, mode="r") if bodiless else pa.memory_map(str(path))
        except _DAMAGE as error:
            raise faults.unreadable(error, faults.READ) from None
        self.bodiless = bodiless
        head = self.file.read(8)
        if head.startswith(FEATHER_1):
            raise UnreadableError("unknown_format", "Feather version 1; write it again as version 2")
        self.begin = 8 if head.startswith(MAGIC) else 0  # of the stream
        self.file.seek(self.begin)
        self.fault = ""  # why it cannot be read to its end
        self.bare = self.begin > 0 and self.file.read(4) != _CONTINUES  # whether its schema is in no message
        try:
            self.schema = self._bare_schema() if self.bare else self._schema()
            self.names: list[str] = self.schema.names
        except (*_DAMAGE, EOFError) as error:
            raise faults.unreadable(error, DAMAGE) from None
        self.head = self.file.tell()  # bytes before the first batch or dictionary
        self.messages: list[Message] = [*self._messages()]
        self.batches = [one for one in self.messages if one.kind == "record batch"]

    def _schema(self) -> pa.Schema:
        self.file.seek(self.begin)
        first = self._message()
        if first.type != "schema":  # of another Arrow takes it for one, and ends the process
            raise pa.ArrowInvalid("it does not begin with a schema")
        return pa.ipc.read_schema(first)

    def _message(self) -> pa.Message:
        if self.bodiless:
            self.bodiless.begin()
        return pa.ipc.read_message(self.file)

    def _bare_schema(self) -> pa.Schema:
        """The schema by the footer; the first message begins where one can be read."""
        if self.bodiless:
            self.bodiless.whole = True
        schema = pa.ipc.open_file(self.file).schema
        self.file.seek(0)
        head, place = self.file.read(_HEAD), 8
        while (place := head.find(_CONTINUES, place)) >= 0 and not self._is_message(place):
            place += 4
        self.file.seek(place if place >= 0 else len(head))
        return schema

    def _is_message(self, place: int) -> bool:
        self.file.seek(place)
        try:
            return place % 8 == 0 and bool(pa.ipc.read_message(self.file).type)
        except (*_DAMAGE, EOFError):
            return False

    def _messages(self) -> Iterator[Message]:
        while True:
            start = self.file.tell()
            try:
                message = self._message()
            except EOFError:
                return
            except _DAMAGE as error:
                if faults.is_fault(error):
                    raise
                self.fault = _said(error)
                return
            yield Message(start, self.file.tell() - start, message.type)

    @property
    def has_dictionaries(self) -> bool:
        """Whether batches ask for what stands in messages before them."""
        return len(self.messages) > len(self.batches)

    def read(self, start: int, stop: int) -> Iterator[pa.RecordBatch]:
        """Batches, checked to the last offset: nothing that Arrow reads has been checked by it."""
        if self.has_dictionaries:
            yield from self._in_order(start, stop)
            return
        for one in self.batches[start:stop]:
            self.file.seek(one.start)
            batch = pa.ipc.read_record_batch(pa.ipc.read_message(self.file), self.schema)
            yield _checked(batch)

    def _in_order(self, start: int, stop: int) -> Iterator[pa.RecordBatch]:
        self.file.seek(self.begin)
        if self.bare:
            reader = pa.ipc.open_file(self.file)
            yield from (_checked(reader.get_batch(number)) for number in range(start, stop))
            return
        with pa.ipc.open_stream(self.file) as reader:
            for number in range(min(stop, len(self.batches))):
                batch = reader.read_next_batch()
                if number >= start:
                    yield _checked(batch)


@lru_cache(maxsize=4)  # a file has many shards, and a walk is as many requests as it has messages
def _walked(path: Remote) -> _Stream:
    return _Stream(path, _Bodiless(path.open(), path.facts.size))


class _Bodiless:
    """A file whose bodies of messages are not fetched: Arrow is given memory that nobody touches.

    It reads four bytes, four more where the first were the mark of a message, what they say is the length of its
    description, and its body.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.file, self.size = file, size
        self.closed = False
        self.whole = False  # bodies, too
        self.left = 2  # parts of the message at hand before its body: its length, its description

    def begin(self) -> None:
        """A message begins."""
        self.left = 2

    def read(self, count: int) -> bytes | memoryview:
        """What comes next, or as many bytes of nothing."""
        at = self.file.tell()
        count = max(min(count, self.size - at), 0)
        if self.left == 0 and count and not self.whole:
            self.file.seek(at + count)
            return memoryview(mmap.mmap(-1, count))
        data = self.file.read(count)
        self.left -= self.left > 0 and data != _CONTINUES  # before the length, where there is one
        return data

    def seek(self, place: int, whence: int = 0) -> int:
        """As of any file."""
        return self.file.seek(place, whence)

    def tell(self) -> int:
        """As of any file."""
        return self.file.tell()

    def close(self) -> None:
        """As of any file."""
        self.closed = True


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
    stream = _Stream(path)
    if stream.has_dictionaries:
        return [(0, len(stream.batches), storage.size(path))]
    return runs([batch.length for batch in stream.batches], target)


def names(shard: Shard) -> Iterator[str]:
    """The top-level column names.  Raises `UnreadableError`."""
    yield from _Stream(storage.of(shard)).names


def schema(shard: Shard) -> pa.Schema:
    """The columns of the file; what dictionaries spell is spelled out.  Raises `UnreadableError`."""
    return _plain(_Stream(storage.of(shard)).schema)


def _plain(schema: pa.Schema) -> pa.Schema:
    return pa.schema(
        [one.with_type(one.type.value_type) if pa.types.is_dictionary(one.type) else one for one in schema]
    )


def tables(shard: Shard, rows: int) -> Iterator[pa.Table]:
    """The rows of the shard, at most so many at a time.  Raises `UnreadableError` and errors of Arrow."""
    stream = _Stream(storage.of(shard))
    for batch in stream.read(shard.start, shard.stop):
        for start in range(0, len(batch), rows):
            yield pa.Table.from_batches([batch.slice(start, rows)]).cast(_plain(stream.schema))


def extents(shard: Shard) -> tuple[bytes, list[tuple[int, int]]]:
    """The bytes before the first batch, and the byte range (offset, length) of all that the shard's batches need.

    Raises `UnreadableError`.
    """
    stream = _Stream(storage.of(shard))
    stream.file.seek(0)
    needed = stream.messages if stream.has_dictionaries else stream.batches[shard.start : shard.stop]
    return stream.file.read(stream.head), [(one.start, one.length) for one in needed]


def count(shard: Shard) -> int:
    """Rows of the shard, as far as it can be read.  Raises `UnreadableError`."""
    stream, rows = _Stream(storage.of(shard)), 0
    try:
        for batch in stream.read(shard.start, shard.stop):
            rows += len(batch)
    except _DAMAGE:
        return rows
    return rows


def read(shard: Shard, builder: Builder) -> Iterator[Batch]:
    """Batches of the shard's record batches.

    Raises `UnreadableError` at the first that cannot be decoded, as nobody can tell how many rows it had.
    """
    stream = _Stream(storage.of(shard))
    layout = layout_of(stream.names, builder)
    if any(one.length > _LARGEST for one in stream.batches[shard.start : shard.stop]):
        raise UnreadableError("batch_too_large", "a record batch of more than 2 GiB; write smaller ones")
    try:
        for part in stream.read(shard.start, shard.stop):
            yield from batches(part.select([*layout.used]), layout, builder)
    except _DAMAGE as error:
        raise faults.unreadable(error, DAMAGE) from None
    if shard.stop == len(stream.batches) and stream.fault:
        raise UnreadableError("truncated_file" if "to be able to read" in stream.fault else DAMAGE, stream.fault)


def _said(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
