"""Gzip members that are records: after a damaged one, reading goes on at the next that holds the beginning of one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from corpusscan.errors import UnreadableError
from corpusscan.io.layout import compression
from corpusscan.io.layout.compression import BAD_GZIP, GZIP_MAGIC
from corpusscan.io.places.storage import Location

_BEGIN = b"WARC/"  # of what a member holds that is gone on with
_HEAD = GZIP_MAGIC + b"\x08"
_FLAGS = 0x1F  # that a member's header may have (RFC 1952)
_INPUT = 2**12  # compressed bytes per step: a step expands to 4 MiB
_BLOCK = 2**16
_PROBED = 2**14  # bytes of a member in which its beginning must be decoded
# Garbage is decoded over the border of a member, so the next may begin before the damage was met: but not so far
# before it that a hostile file could have the same bytes decoded again and again.
_BACK = 2**18
MOST = 1_000  # damaged stretches of one file; what is behind more of them is given up


class Tear(NamedTuple):
    """Bytes are missing here; a record begins behind them."""

    whole: bool  # nothing came of the damaged member: a record is lost that nobody saw begin


def blocks(path: Location) -> Iterator[bytes | Tear]:
    """The decompressed bytes of `path`, and where some are missing.

    Raises `UnreadableError` at the end where something was damaged.
    """
    failure: UnreadableError | None = None
    with path.open("rb") as file:
        begin = 0
        for _ in range(MOST):
            run = _Run(file, begin)
            yield from compression.gathered(run.parts())
            if run.failure is None:
                break
            failure = failure or run.failure
            begin = _next(file, max(run.member + 1, file.tell() - _BACK))
            if begin < 0:
                break
            yield Tear(not run.produced)
    if failure:
        raise failure


class _Run:
    """Members one behind another, from a place on, up to the first damaged one."""

    def __init__(self, file: BinaryIO, begin: int) -> None:
        self._file = file
        self.member, self.produced = begin, False  # where the last one begins, and whether anything came of it
        self.failure: UnreadableError | None = None

    def parts(self) -> Iterator[bytes]:
        self._file.seek(self.member)
        member, fresh, data = compression.gzip_member(), True, b""
        while chunk := data or self._file.read(_INPUT):
            data = b""
            if fresh:
                chunk = chunk.lstrip(b"\0")  # padding, as tape-minded tools add it
                self.member, self.produced = self._file.tell() - len(chunk), False
                if not chunk:
                    continue
            try:
                out = member.decompress(chunk)
            except BAD_GZIP as error:
                self.failure = UnreadableError("corrupt_gzip", str(error))
                return
            fresh = False
            if out:
                self.produced = True
                yield out
            if member.eof:
                data, member, fresh = member.unused_data, compression.gzip_member(), True
        if not fresh:
            self.failure = UnreadableError("truncated_gzip", "the file ends inside a gzip member")


def _next(file: BinaryIO, begin: int) -> int:
    """Where the next member lies that begins with a record, from there on; -1 where there is none."""
    file.seek(begin)
    data, probes = b"", 0
    while block := file.read(_BLOCK):
        data = data[-len(_HEAD) :] + block
        base, found = file.tell() - len(data), data.find(_HEAD)
        while found >= 0 and probes < MOST:
            if data[found + 3 : found + 4] <= bytes([_FLAGS]) and _holds_record(file, base + found):
                return base + found
            probes += 1
            found = data.find(_HEAD, found + 1)
        file.seek(base + len(data))
    return -1


def _holds_record(file: BinaryIO, at: int) -> bool:
    file.seek(at)
    try:
        return bytes(compression.gzip_member().decompress(file.read(_PROBED), len(_BEGIN))) == _BEGIN
    except BAD_GZIP:
        return False
