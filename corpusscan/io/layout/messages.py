"""The messages of an Arrow file, by their places and their own account: their bodies stay where they are.

Read here because a file that ends the process which has Arrow open it must end a worker, which is replaced, and not the
one that plans the scan.  Format: FlatBuffers; `Message.fbs`, `Schema.fbs` and `File.fbs`
of Apache Arrow, Columnar Format 1.5.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import lru_cache
from typing import BinaryIO, NamedTuple

from corpusscan.errors import UnreadableError
from corpusscan.io.places import storage
from corpusscan.io.places.storage import Location, Remote

MAGIC, FEATHER_1 = b"ARROW1", b"FEA1"
DAMAGE = "corrupt_arrow"
MOST = 2**20  # messages of a file
_CONTINUES = b"\xff\xff\xff\xff"  # before every message
_HEAD = 2**22  # bytes before the first message, at most, where the schema is in none
_LONGEST = 2**25  # bytes of a description
_ROWS = 2**40  # a batch that claims more is not believed
_SCHEMA, _BATCH = 1, 3  # kinds of messages
_BLOCK = 24  # bytes of what a footer says of a batch
_ERRORS = (struct.error, IndexError, ValueError)


class Message(NamedTuple):
    """A message: its first byte, its bytes, what it is, and how many rows it claims where it is a batch."""

    start: int
    length: int
    kind: int
    rows: int


class Messages:
    """What a file is made of.  Raises `UnreadableError` for what does not begin as Arrow."""

    def __init__(self, path: Location) -> None:
        self.size = storage.size(path)
        self.fault: UnreadableError | None = None  # why it cannot be read to its end
        self.claimed = 0  # batches by the footer, where this was asked
        with path.open("rb") as file:
            head = file.read(12)
            if head.startswith(FEATHER_1):
                raise UnreadableError("unknown_format", "Feather version 1; write it again as version 2")
            self.begin = 8 if head.startswith(MAGIC) else 0  # of the stream
            try:
                self.names, self.head, self.bare = self._beginning(file, marked=head[8:] == _CONTINUES)
            except _ERRORS as error:
                raise UnreadableError(DAMAGE, str(error)) from None
            self.all = [*self._walk(file)]
        self.batches = [one for one in self.all if one.kind == _BATCH]
        if len(self.batches) < self.claimed and not self.fault:  # the first may be damaged, and was not recognised
            self.fault = UnreadableError(DAMAGE, "the footer tells of more batches")

    @property
    def has_dictionaries(self) -> bool:
        """Whether batches ask for what stands in messages before them."""
        return len(self.all) > len(self.batches)

    def _beginning(self, file: BinaryIO, *, marked: bool) -> tuple[list[str], int, bool]:
        """As `_schema`, and whether the schema is in no message."""
        try:
            return *self._schema(file), False
        except (*_ERRORS, UnreadableError):
            if marked or not self.begin:
                raise
        return *self._bare(file), True

    def _schema(self, file: BinaryIO) -> tuple[list[str], int]:
        """The names of columns, and the bytes before what follows the schema."""
        place, table = self._message(file, self.begin) or (None, None)
        if not place or not table or place.kind != _SCHEMA:
            raise ValueError("it does not begin with a schema")
        return _names(table.table(2)), place.start + place.length

    def _bare(self, file: BinaryIO) -> tuple[list[str], int]:
        """As `_schema`, by the footer; the first message begins where one can be read."""
        file.seek(max(self.size - 10, 0))
        tail = file.read(10)
        length = int.from_bytes(tail[:4], "little")
        if tail[4:] != MAGIC or length > min(self.size - 18, _LONGEST):
            raise ValueError("no footer")
        file.seek(self.size - 10 - length)
        footer = _root(file.read(length))
        file.seek(0)
        head = file.read(_HEAD)
        place = 8
        while (place := head.find(_CONTINUES, place)) >= 0 and not _is_message(head, place):
            place += 4
        self.claimed = footer.count(3, _BLOCK)
        return _names(footer.table(1)), place if place >= 0 else self.size

    def _walk(self, file: BinaryIO) -> Iterator[Message]:
        place = self.head
        try:
            for _ in range(MOST):
                found = self._message(file, place)
                if not found:
                    return
                yield found[0]
                place += found[0].length
        except UnreadableError as error:
            self.fault = error
        except _ERRORS as error:
            self.fault = UnreadableError(DAMAGE, str(error))
        else:
            self.fault = UnreadableError(DAMAGE, f"more than {MOST:,} messages; write larger ones")

    def _message(self, file: BinaryIO, start: int) -> tuple[Message, _Table] | None:
        """The message that begins there; None at the end.  Raises one of `_ERRORS`, and `UnreadableError` where cut."""
        file.seek(start)
        prefix = file.read(8)
        if not prefix:
            return None
        length, before = _length(prefix)
        if length == 0:
            return None
        if not 0 < length <= _LONGEST:
            raise ValueError("a description of impossible length")
        file.seek(start + before)
        described = file.read(length)
        if len(described) < length:
            raise UnreadableError("truncated_file", "it ends inside a message")
        table = _root(described)
        kind, rows, body = _said(table)
        if start + before + length + body > self.size:
            raise UnreadableError("truncated_file", "it ends inside a batch")
        return Message(start, before + length + body, kind, rows), table


def read(path: Location) -> Messages:
    """The messages of a file.  Raises `UnreadableError` for what does not begin as Arrow, and `OSError`."""
    return _walked(path) if isinstance(path, Remote) else Messages(path)


@lru_cache(maxsize=4)  # a file has many shards, and a walk is as many requests as it has messages
def _walked(path: Remote) -> Messages:
    return Messages(path)


def _length(prefix: bytes) -> tuple[int, int]:
    """Bytes of the description, and those before it: files of before 2019 have no mark there."""
    before = 8 if prefix.startswith(_CONTINUES) else 4
    return struct.unpack_from("<i", prefix, before - 4)[0], before


def _said(message: _Table) -> tuple[int, int, int]:
    """Kind, rows and bytes of the body of a message."""
    kind, body = message.number(1, "<B"), message.number(3, "<q")
    rows = message.table(2).number(0, "<q") if kind == _BATCH else 0
    if body < 0 or not 0 <= rows <= _ROWS:
        raise ValueError("a message of impossible size")
    return kind, rows, body


def _is_message(head: bytes, place: int) -> bool:
    if place % 8:
        return False
    try:
        length, before = _length(head[place : place + 8])
        if not 0 < length <= len(head) - place - before:
            return False
        return _said(_root(memoryview(head)[place + before : place + before + length]))[0] > 0
    except _ERRORS:
        return False


def _names(schema: _Table) -> list[str]:
    """The names of the columns at the top."""
    found, left = [], len(schema.data)
    for field in schema.tables(1):
        name = field.text(0)
        left -= len(name)
        if left < 0:  # one long name may be that of a million columns
            raise ValueError("names that are longer than the schema")
        found.append(name.decode("utf-8", "replace"))
    return found


class _Table:
    """A table of a FlatBuffer; raises one of `_ERRORS` where there is none."""

    def __init__(self, data: bytes | memoryview, place: int) -> None:
        self.data, self.place = data, place
        self._slots = place - self._get("<i", place)
        self._size = self._get("<H", self._slots)

    def _get(self, form: str, place: int) -> int:
        if place < 0:  # which Python counts from the end
            raise ValueError("a place before the beginning")
        return int(struct.unpack_from(form, self.data, place)[0])

    def _at(self, field: int) -> int:
        """Where a field lies; 0 where it is left out."""
        slot = 4 + 2 * field
        offset = self._get("<H", self._slots + slot) if slot + 2 <= self._size else 0
        return self.place + offset if offset else 0

    def number(self, field: int, form: str) -> int:
        """A number; 0 where it is left out."""
        place = self._at(field)
        return self._get(form, place) if place else 0

    def _to(self, field: int) -> int:
        """What a field points to."""
        if not (place := self._at(field)):
            raise ValueError("a message without what it must have")
        return place + self._get("<I", place)

    def table(self, field: int) -> _Table:
        """A table that must be there."""
        return _Table(self.data, self._to(field))

    def count(self, field: int, width: int = 4) -> int:
        """How many elements of `width` bytes a vector has."""
        if not self._at(field):
            return 0
        start = self._to(field)
        count = self._get("<I", start)
        if count * width > len(self.data) - start - 4:
            raise ValueError("a vector beyond the end")
        return count

    def tables(self, field: int) -> Iterator[_Table]:
        """The tables of a vector."""
        for number in range(self.count(field)):
            place = self._to(field) + 4 + 4 * number
            yield _Table(self.data, place + self._get("<I", place))

    def text(self, field: int) -> bytes:
        """The bytes of a string; empty where it is left out."""
        length = self.count(field, 1)
        start = self._to(field) + 4 if length else 0
        return bytes(self.data[start : start + length])


def _root(data: bytes | memoryview) -> _Table:
    return _Table(data, int(struct.unpack_from("<I", data)[0]))
