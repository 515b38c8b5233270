"""WARC and WET (ISO 28500, versions 1.0 and 1.1): every record is a row; pages are `html`, other texts are `text`.

A parser of our own: those there are hand out what is left of a record that was cut, and ask nobody.  A record is
believed where the blank lines that end it stand where its length says; else it is counted as errored, and reading
goes on at the next line that begins a record.  What is held is bounded by `MAX_RECORD`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from corpusscan.detector import Batch
from corpusscan.errors import UnreadableError
from corpusscan.io.layout import members, payloads, streams
from corpusscan.io.layout.lines import MAX_LINE
from corpusscan.io.layout.members import Tear
from corpusscan.io.places import faults, storage
from corpusscan.io.places.storage import Location
from corpusscan.io.rows.builder import Builder, Record
from corpusscan.io.shard import Shard

UNIT = "byte"
SUFFIXES = (".warc", ".wet")
MAX_RECORD = MAX_LINE  # bytes of a record's block; a longer one is skipped, and counted
MAX_HEADERS = 2**16  # bytes
_VERSION = re.compile(rb"WARC/[0-9]\.[0-9]{1,2}[ \t]*\r?\n")
_NEXT = re.compile(rb"\nWARC/[0-9]\.[0-9]{1,2}[ \t]*\r?\n")
_LONGEST = 64  # bytes of what `_NEXT` finds, at most
_ENDS = (b"\r\n\r\n", b"\n\n", b"\r\n\n", b"\n\r\n")
_PAGES = ("response", "resource", "conversion")  # the other types hold no page: requests, metadata, revisits

Headers = dict[bytes, list[bytes]]


class Met(NamedTuple):
    """A record as it stands, or why there is none."""

    headers: Headers
    block: bytes
    fault: str = ""  # why it is errored, or skipped where it is too large


def split(path: Location, target: int) -> list[tuple[int, int, int]]:
    """The file as one range: a record can be told from what stands in another only from the front."""
    return streams.whole(path, target)


def names(_: Shard) -> Iterator[str]:
    """The columns of every record."""
    yield from ("id", "url", "date", "text", "html")


def count(shard: Shard) -> int:
    """Records of the shard, damaged ones included.  Raises `UnreadableError`."""
    return sum(1 for _ in records(shard))


def read(shard: Shard, builder: Builder) -> Iterator[Batch]:
    """Batches of the shard; counts in `builder.account` what could not be read.

    Raises `UnreadableError` where the rest of the shard cannot be read.
    """
    for met in records(shard):
        if not len(builder.wants(1)):
            builder.row += 1
        elif met.fault == "record_too_large":
            builder.skip(met.fault)
        elif met.fault:
            builder.error(met.fault)
        else:
            _add(met, builder)
        if builder.full and (batch := builder.take()):
            yield batch


def records(shard: Shard) -> Iterator[Met]:
    """Every record from front to back.  Raises `UnreadableError` after the last that could be read."""
    if shard.compression == "gzip":
        yield from _Reader(members.blocks(storage.of(shard))).records()
    else:
        yield from _Reader(streams.source(shard)).records()


class _Reader:
    """Bytes that are looked at before they are taken; what was taken is dropped now and then, so all is linear."""

    def __init__(self, source: Iterator[bytes | Tear]) -> None:
        self._source = source
        self._failure: UnreadableError | None = None
        self._dropped = 0
        self.data, self.at = bytearray(), 0
        self.over = False  # nothing comes behind `data`
        self.torn: Tear | None = None  # because bytes are missing there
        self.told = False  # a record was lost with them, and counted

    def records(self) -> Iterator[Met]:
        while True:
            while self.more(1) and self.data[self.at] in b"\r\n":
                self.at += 1
            if self.more(1):
                yield self._record()
            elif self.torn:
                if self.torn.whole and not self.told:
                    yield Met({}, b"", "corrupt_member")
                self.over, self.torn, self.told = False, None, False
            else:
                break
        if self._failure:
            raise self._failure

    def more(self, size: int) -> bool:
        """Whether so many bytes are there from here on."""
        while not self.over and len(self.data) - self.at < size:
            self._fill()
        return len(self.data) - self.at >= size

    def _fill(self) -> None:
        if self.at > 2**20 and 2 * self.at > len(self.data):
            del self.data[: self.at]
            self._dropped += self.at
            self.at = 0
        block: bytes | Tear = b""
        try:
            block = next((one for one in self._source if one), b"")
        except UnreadableError as error:
            self._failure = error
        except OSError as error:
            self._failure = faults.unreadable(error, faults.READ)
        if isinstance(block, Tear):
            self.over, self.torn = True, block
        elif block:
            self.data += block
        else:
            self.over = True

    def _record(self) -> Met:
        self.more(_LONGEST)
        begin = self._dropped + self.at
        if not (first := _VERSION.match(self.data, self.at)):
            self._resume()
            return Met({}, b"", "not_a_record")
        self.at = first.end()
        headers, fault = self._headers()
        size = length(headers) if headers else 0
        if not fault and 0 <= size <= MAX_RECORD:
            return self._block(headers, size)
        if not self._resume():
            fault = fault or ("bad_length" if size < 0 else "")
            return Met({}, b"", self._cut() if not fault or (self.over and fault == "no_end_of_headers") else fault)
        if size > MAX_RECORD:
            fault = "record_too_large" if self._dropped + self.at - begin > MAX_RECORD else "wrong_length"
        return Met({}, b"", fault or "bad_length")

    def _headers(self) -> tuple[Headers, str]:
        """Headers up to the blank line, by lower-case name, or what is wrong with them; `at` goes with them."""
        headers: Headers = {}
        left, last = MAX_HEADERS, None
        while True:
            stop = self._line(left)
            if not stop:
                return {}, "headers_too_long" if len(self.data) - self.at > left else "no_end_of_headers"
            if _VERSION.match(self.data, self.at):
                return {}, "no_end_of_headers"
            line = bytes(self.data[self.at : stop])
            left, self.at = left - len(line), stop
            if not line.strip(b"\r\n"):
                return headers, "" if headers else "no_headers"
            last = _header(line, headers, last)

    def _line(self, most: int) -> int:
        """Where the line that begins here ends; 0 where it has no end within so many bytes."""
        seen = 0
        while (found := self.data.find(b"\n", self.at + seen, self.at + most)) < 0:
            seen = len(self.data) - self.at
            if seen >= most or not self.more(seen + 1):
                return 0
        return found + 1

    def _block(self, headers: Headers, size: int) -> Met:
        """The record with a block of `size` bytes, if it ends there."""
        if self.more(size):
            self.more(size + 4 + _LONGEST)
            stop = self.at + size
            behind = bytes(self.data[stop : stop + 4])
            cut = self.over and stop + len(behind) == len(self.data) and b"\r\n\r\n".startswith(behind)
            next_one = stop + len(behind) - len(behind.lstrip(b"\r\n"))
            if behind.startswith(_ENDS) or cut or _VERSION.match(self.data, next_one):
                with memoryview(self.data) as data:
                    block = bytes(data[self.at : stop])
                self.at = stop
                if cut and len(behind) < 4:
                    self._cut()
                return Met(headers, block)
        return Met({}, b"", "wrong_length" if self._resume() else self._cut())

    def _resume(self) -> bool:
        """Go to where the next record begins, at the earliest here; to the end of the bytes where none does."""
        begin = max(self.at - 1, 0)  # the line feed before it
        while not (found := _NEXT.search(self.data, begin)):
            self.at = max(self.at, len(self.data) - _LONGEST)
            if self.over:
                self.at = len(self.data)
                return False
            self._fill()
            begin = self.at
        self.at = found.start() + 1
        return True

    def _cut(self) -> str:
        """What the record is called at which the bytes end; where nothing else says so the file itself was cut."""
        if self.torn:
            self.told = True
            return "corrupt_member"
        self._failure = self._failure or UnreadableError("truncated_warc", "the file ends inside a record")
        return "truncated_record"


def _header(line: bytes, headers: Headers, last: bytes | None) -> bytes | None:
    """Put a line into `headers`; the name that a line continues which begins with white space."""
    if line[:1] in (b" ", b"\t"):
        if last is not None:
            headers[last][-1] += b" " + line.strip()
        return last
    name, colon, value = line.partition(b":")
    if not colon:
        return None
    headers.setdefault(name := name.strip().lower(), []).append(value.strip())
    return name


def length(headers: Headers) -> int:
    """The length of the block; -1 where the headers do not say it, or say two."""
    said = set(headers.get(b"content-length", ()))
    value = said.pop() if len(said) == 1 else b""
    if not (value.isdigit() and value.isascii()):
        return -1
    return int(value[:19].decode()) if len(value) <= 18 else 2**62


def _add(met: Met, builder: Builder) -> None:
    """Add a whole record; one that holds no text is a row without any."""

    def said(name: bytes) -> str | None:
        values = met.headers.get(name)
        return values[0].decode("utf-8", "replace") if values else None

    kind = (said(b"warc-type") or "").lower()
    if kind == "continuation" or met.headers.get(b"warc-segment-number"):
        return builder.skip("segmented_record")
    record: Record = {
        "id": said(b"warc-record-id"),
        "url": (said(b"warc-target-uri") or "").strip("<>") or None,
        "date": said(b"warc-date"),
        "text": None,
        "html": None,
    }
    if kind in _PAGES and met.block:
        try:
            found = payloads.text(met.block, met.headers, MAX_RECORD)
        except UnreadableError as error:
            return builder.skip(error.reason) if error.reason in payloads.SKIPPED else builder.error(error.reason)
        for note in found.notes:
            builder.account.note(note)
        record[found.field] = found.text or None
        if b"warc-truncated" in met.headers:
            builder.account.note("cut_by_crawler")
    return builder.add(record, len(met.block))
