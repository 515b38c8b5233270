"""JSON Lines: framed on line feeds only, parsed by orjson, by the lenient json module where that refuses.

A record whose bytes spell more keys than its parsed object has repeats a key: all its values
are scanned.
"""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from corpusscan.detector import Batch
from corpusscan.errors import UnreadableError
from corpusscan.io.layout import streams
from corpusscan.io.layout.lines import Window, windows
from corpusscan.io.rows import lenient
from corpusscan.io.rows.builder import Builder
from corpusscan.io.shard import Shard
from corpusscan.kernels.framing import Frame, frame
from corpusscan.kernels.strings import unescaped

UNIT = "byte"
SUFFIXES = (".jsonl", ".ndjson", ".json")
LINES = True  # a record never goes over the end of a line: a packed file can be cut where lines end
MAX_VALUES = 4 * 2**20  # a line of more values is skipped, and counted: as Python objects they would fill the memory
_RUN = 16  # lines with the same keys that are worth going column by column


def split(path: Path, target: int) -> list[tuple[int, int, int]]:
    """Ranges (start, stop, bytes) of about `target` bytes that begin at line starts; a compressed file is one range."""
    return streams.cut(path, target)


def count(shard: Shard) -> int:
    """Lines of the shard that are not blank.  Raises `UnreadableError`."""
    return counted(streams.source(shard))


def read(shard: Shard, builder: Builder) -> Iterator[Batch]:
    """Batches of the shard; counts in `builder.account` what could not be read.

    Raises `UnreadableError` where the rest of the shard cannot be read.
    """
    lines = yield from parsed(streams.source(shard), builder)
    if shard.fault:
        raise UnreadableError(shard.fault)
    if not shard.compression:
        builder.account.lines = lines


def names(shard: Shard) -> Iterator[str]:
    """Keys of the records at the beginning of the shard, as they are met.  Raises `UnreadableError`."""
    return keys(streams.source(shard))


def counted(source: Iterator[bytes]) -> int:
    """How many lines are not blank."""
    return sum(
        1 if window is None else int(np.count_nonzero(~frame(window.words, window.size).blank))
        for window in windows(source)
    )


def parsed(source: Iterator[bytes], builder: Builder) -> Generator[Batch, None, int]:
    """Batches of the lines; returns how many lines there are, blank ones included."""
    lines = 0
    for window in windows(source):
        if window is None:
            builder.skip("line_too_long")
            lines += 1
        else:
            lines += yield from _parse(window, builder)
    return lines


def keys(source: Iterator[bytes]) -> Iterator[str]:
    """Keys of the first records, as they are met."""
    seen: set[str] = set()
    for window in itertools.islice(windows(source), 2):
        for line in bytes(window.bytes[: window.size]).split(b"\n") if window else ():
            with suppress(orjson.JSONDecodeError):
                record = orjson.loads(line)
                new = record.keys() - seen if type(record) is dict else set()
                seen |= new
                yield from sorted(new)


def _parse(window: Window, builder: Builder) -> Generator[Batch, None, int]:
    """Batches of the window; returns how many lines it has, blank ones included."""
    every = frame(window.words, window.size)
    framed = every.filled()
    odd = framed.doubtful | (framed.stops - framed.starts > MAX_VALUES)  # these need a closer look
    if builder.wanted is not None:
        yield from _wanted(window, framed, odd, builder)
        return len(every.blank)
    # Runs of lines with the same keys, each up to the next; an odd line is one of its own.
    begins = np.flatnonzero(odd | ~framed.alike | np.append(False, odd[:-1])).tolist()
    cost = window.size // max(len(odd), 1)
    few: list[memoryview] = []  # of runs so short that columns would not be worth it
    for begin, end in itertools.pairwise([*begins, len(odd)]):
        lines = [_line(window, framed, line) for line in range(begin, end)]
        if len(lines) < _RUN and not odd[begin]:
            few += lines
            continue
        _few(few, cost, builder)
        few = []
        if odd[begin]:
            _record(lines[0], int(framed.keys[begin]), builder)
        else:
            _run(window, framed, begin, lines, cost, builder)
        if builder.full and (batch := builder.take()):
            yield batch
    _few(few, cost, builder)
    if builder.full and (batch := builder.take()):
        yield batch
    return len(every.blank)


def _wanted(window: Window, framed: Frame, odd: npt.NDArray[np.bool_], builder: Builder) -> Iterator[Batch]:
    """Batches of the lines that are wanted; the others are not parsed."""
    first = builder.row
    for line in builder.wants(len(odd)).tolist():
        builder.row, view = first + line, _line(window, framed, line)
        if odd[line]:
            _record(view, int(framed.keys[line]), builder)
        else:
            _few([view], len(view), builder)
        if builder.full and (batch := builder.take()):
            yield batch
    builder.row = first + len(odd)


def _line(window: Window, framed: Frame, line: int) -> memoryview:
    return window.bytes[framed.starts[line] : framed.stops[line]]


def _run(window: Window, framed: Frame, begin: int, lines: list[memoryview], cost: int, builder: Builder) -> None:
    """Add lines with the same keys: orjson says whether they are JSON, framing has told where their strings lie.

    From the first one on that orjson refuses they are taken one by one, however many more it would refuse.
    """
    done = 0
    with suppress(orjson.JSONDecodeError):
        names = tuple(orjson.loads(lines[0]))
        layout = builder.layout(names)
        first = framed.values[begin]
        strings = framed.strings[first : first + len(lines) * len(names)].reshape(-1, len(names), 2)
        spelled = {name: strings[:, names.index(name)] for name in layout.used}
        rest = [name for name in layout.used if (spelled[name][:, 0] < 0).any()]
        values: dict[str, list[Any]] = {name: [] for name in rest}
        with suppress(orjson.JSONDecodeError):
            for done, record in enumerate(map(orjson.loads, lines), 1):  # noqa: B007  # told after the loop
                for name in rest:
                    values[name].append(record[name])
        columns = {name: unescaped(window.words, spelled[name][:done]) for name in layout.used if name not in rest}
        builder.extend(columns | values, layout, done, cost)
    _few(lines[done:], cost, builder)


def _few(lines: list[memoryview], cost: int, builder: Builder) -> None:
    """Add lines that repeat no key, whatever their keys."""
    records: list[dict[str, Any]] = []
    for line in lines:
        with suppress(orjson.JSONDecodeError):
            record = orjson.loads(line)
            if type(record) is dict:
                records.append(record)
                continue
        builder.add_all(records, cost)
        _record(line, None, builder)
        records = []
    builder.add_all(records, cost)


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
