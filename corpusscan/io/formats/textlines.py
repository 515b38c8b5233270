"""Plain text of which every line is a document (`--lines`); blank lines are none."""

from __future__ import annotations

from collections.abc import Iterator

from corpusscan.detector import Batch
from corpusscan.errors import UnreadableError
from corpusscan.io.layout import streams
from corpusscan.io.layout.lines import windows
from corpusscan.io.rows.builder import Builder
from corpusscan.io.rows.texts import spelled
from corpusscan.io.shard import Shard

UNIT = "byte"
SUFFIXES = ()  # those of plain text, where the user says so
LINES = True

split = streams.cut


def names(_: Shard) -> Iterator[str]:
    """The one field there is."""
    yield "text"


def count(shard: Shard) -> int:
    """Lines of the shard that are not blank.  Raises `UnreadableError`."""
    return sum(1 for line in _lines(shard) if line is None or line)


def read(shard: Shard, builder: Builder) -> Iterator[Batch]:
    """Batches of the shard's lines.  Raises `UnreadableError` where the rest of the shard cannot be read."""
    held: list[bytes] = []
    size = 0
    for number, line in enumerate(_lines(shard), 1):
        builder.account.lines = None if shard.compression else number
        if line is None:
            _add(held, builder)
            held, size = [], 0
            builder.skip("line_too_long")
        elif line:
            held.append(line)
            size += len(line)
        if size >= 2**20 or len(held) >= 4096:
            _add(held, builder)
            held, size = [], 0
        if builder.full and (batch := builder.take()):
            yield batch
    _add(held, builder)
    if shard.fault:
        raise UnreadableError(shard.fault)


def _lines(shard: Shard) -> Iterator[bytes | None]:
    """Lines without white space around them; None for one that is too long."""
    for window in windows(streams.source(shard)):
        if window is None:
            yield None
            continue
        lines = bytes(window.bytes[: window.size]).split(b"\n")
        yield from map(bytes.strip, lines if lines[-1] else lines[:-1])


def _add(lines: list[bytes], builder: Builder) -> None:
    if lines:
        cost = sum(map(len, lines)) // len(lines)
        builder.extend({"text": [spelled(line) for line in lines]}, builder.layout(("text",)), len(lines), cost)
