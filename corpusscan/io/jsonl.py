"""JSON Lines: framed on line feeds only, parsed by orjson, by the lenient json module where that refuses.

A record whose bytes spell more keys than its parsed object has repeats a key: all its values
are scanned.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from corpusscan.detector import Batch
from corpusscan.errors import UnreadableError
from corpusscan.io import compression, lenient
from corpusscan.io.records import Builder
from corpusscan.io.shard import Shard
from corpusscan.kernels.framing import frame

UNIT = "byte"
SUFFIXES = (".jsonl", ".ndjson", ".json")
MAX_LINE = 128 * 2**20  # a longer line is skipped, and counted
MAX_VALUES = 4 * 2**20  # so is a line of more values: as Python objects they would fill the memory
_RUN = 512  # lines parsed together: few enough to stay in the processor's cache
_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r"


def split(path: Path, target: int) -> list[tuple[int, int, int]]:
    """Ranges (start, stop, bytes) of about `target` bytes that begin at line starts; a compressed file is one range."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if compression.kind_of(file.read(4)):
            return [(0, size, size)]
        cuts = [0]
        while (near := cuts[-1] + target) < size:
            file.seek(near - 1)
            while (block := file.read(2**16)) and (found := block.find(b"\n")) < 0:
                near += len(block)
            if not block or near + found >= size:
                break
            cuts.append(near + found)
    return [(start, stop, stop - start) for start, stop in zip(cuts, [*cuts[1:], size], strict=True)]


def count(shard: Shard) -> int:
    """Lines of the shard that are not blank.  Raises `UnreadableError`."""
    lines = 0
    for block in _blocks(shard):
        lines += 1 if block is None else sum(bool(line.strip(_BLANK)) for line in block.split(b"\n"))
    return lines


def read(shard: Shard, builder: Builder) -> Iterator[Batch]:
    """Batches of the shard; counts in `builder.account` what could not be read.

    Raises `UnreadableError` where the rest of the shard cannot be read.
    """
    for block in _blocks(shard):
        if block is None:
            builder.skip("line_too_long")
        elif block:
            yield from _parse(block, builder)


def _blocks(shard: Shard) -> Iterator[bytes | None]:
    """Whole lines of the shard; None stands for a line above MAX_LINE."""
    if shard.compression:
        source = compression.blocks(Path(shard.path), shard.compression)
    else:
        source = _range(Path(shard.path), shard.start, shard.stop)
    frames = _frames(source)
    if shard.start == 0 and (first := next(frames, b"")) is not None:
        yield first.removeprefix(_BOM)
    elif shard.start == 0:
        yield None
    yield from frames


def _range(path: Path, start: int, stop: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while start < stop:
            block = file.read(min(compression.BLOCK, stop - start))
            if not block:
                raise UnreadableError("truncated_file", "the file is shorter than when the scan was planned")
            start += len(block)
            yield block


def _frames(source: Iterator[bytes]) -> Iterator[bytes | None]:
    """Blocks regrouped so that each ends with a line; None stands for a line above MAX_LINE.

    What came before the source failed is given, then the error is raised: a line without its end is a line.
    """
    held: list[bytes] = []
    failures: list[Exception] = []
    size = 0
    for block in _until_failure(source, failures):
        if cut := block.rfind(b"\n") + 1:
            first = block.find(b"\n") + 1 if size else 0
            if size + first > MAX_LINE:
                yield None
            else:
                first = 0
                yield b"".join([*held, memoryview(block)[:cut]])
            if first and first < cut:
                yield block[first:cut]
            held, size = [], 0
        size += len(block) - cut
        # Of a line that is too long already only the length matters.
        held = [*held, block[cut:]] if size <= MAX_LINE else []
    if size:
        yield b"".join(held) if held else None
    if failures:
        raise failures[0]


def _until_failure(source: Iterator[bytes], failures: list[Exception]) -> Iterator[bytes]:
    try:
        yield from source
    except (UnreadableError, OSError) as error:
        failures.append(error)


def _parse(block: bytes, builder: Builder) -> Iterator[Batch]:
    framed = frame(block).filled()
    if not len(framed.keys):
        return
    view, cost = memoryview(block), len(block) // len(framed.keys)
    # Lines that need a closer look; the runs between them are parsed together.
    odd = np.flatnonzero(framed.doubtful | (framed.stops - framed.starts > MAX_VALUES))
    borders = [-1, *odd.tolist(), len(framed.keys)]
    for before, end in itertools.pairwise(borders):
        if before >= 0:
            _record(view[framed.starts[before] : framed.stops[before]], int(framed.keys[before]), builder)
        for first in range(before + 1, end, _RUN):
            part = slice(first, min(first + _RUN, end))
            starts, stops, alike = (
                framed.starts[part].tolist(),
                framed.stops[part].tolist(),
                framed.alike[part].tolist(),
            )
            lines = [view[start:stop] for start, stop in zip(starts, stops, strict=True)]
            _records(lines, alike, cost, builder)
            if builder.full and (batch := builder.take()):
                yield batch


def _records(lines: list[memoryview], alike: list[bool], cost: int, builder: Builder) -> None:
    """Add lines that repeat no key: those whose columns are used alike together."""
    done = 0
    while done < len(lines):
        added = builder.extend(map(orjson.loads, lines[done:]), alike[done:], cost)
        done += added
        if not added:
            _record(lines[done], None, builder)
            done += 1


def _record(view: memoryview, spelled: int | None, builder: Builder) -> None:
    """Add one line; `spelled` is the number of its keys where one may be repeated."""
    line = bytes(view)
    if len(line) > MAX_VALUES and sum(map(line.count, (b",", b"[", b"{"))) > MAX_VALUES:
        return builder.skip("too_many_values")
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        return lenient.add(line, builder)
    if type(record) is not dict:
        return builder.error("not_an_object")
    if spelled is not None and spelled != _keys(record):
        return lenient.add(line, builder)
    return builder.add(record, len(line))


def _keys(record: dict[str, Any]) -> int:
    """Keys at any depth; iterative, as how deep a record nests is the attacker's choice."""
    count = 0
    stack: list[Any] = [record]
    while stack:
        value = stack.pop()
        if type(value) is dict:
            count += len(value)
        inner = value.values() if type(value) is dict else value
        stack += [item for item in inner if type(item) is dict or type(item) is list]
    return count


def names(shard: Shard) -> Iterator[str]:
    """Keys of the records in the first block of the shard, as they are met.  Raises `UnreadableError`."""
    seen: set[str] = set()
    for line in (next(_blocks(shard), b"") or b"").split(b"\n"):
        with suppress(orjson.JSONDecodeError):
            record = orjson.loads(line)
            new = record.keys() - seen if type(record) is dict else set()
            seen |= new
            yield from sorted(new)
