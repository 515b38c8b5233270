"""JSON Lines: framed on line feeds only, parsed by orjson, by the lenient json module where that refuses.

A record whose bytes spell more keys than its parsed object has repeats a key: all its values
are scanned.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from corpusscan.detector import Batch
from corpusscan.errors import UnreadableError
from corpusscan.io import compression
from corpusscan.io.records import Anomaly, Builder, Text, walk
from corpusscan.io.shard import Shard
from corpusscan.kernels.framing import count_keys, line_stops

UNIT = "byte"
SUFFIXES = (".jsonl", ".ndjson", ".json")
MAX_LINE = 256 * 2**20  # a longer line is skipped, and counted
_BOM = b"\xef\xbb\xbf"


def split(path: Path, target: int) -> list[tuple[int, int]]:
    """Byte ranges of about `target` bytes that begin at line starts; a compressed file is one range."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if compression.kind_of(file.read(4)):
            return [(0, size)]
        cuts = [0]
        while (near := cuts[-1] + target) < size:
            file.seek(near - 1)
            while (block := file.read(compression.BLOCK)) and (found := block.find(b"\n")) < 0:
                near += len(block)
            if not block or near + found >= size:
                break
            cuts.append(near + found)
    return list(zip(cuts, [*cuts[1:], size], strict=True))


def count(shard: Shard) -> int:
    """Lines of the shard that are not blank.  Raises `UnreadableError`."""
    blocks = _range(Path(shard.path), shard.start, shard.stop) if not shard.compression else iter(())
    held, lines = b"", 0
    for block in blocks:
        parts = (held + block).split(b"\n")
        held = parts.pop().strip(b" \t\r")[:1]  # whether the line is blank is all that matters
        lines += sum(bool(part.strip(b" \t\r")) for part in parts)
    return lines + bool(held.strip(b" \t\r"))


def read(shard: Shard, builder: Builder) -> Iterator[Batch]:
    """Batches of the shard; counts in `builder.account` what could not be read."""
    if shard.compression:
        source = compression.blocks(Path(shard.path), shard.compression)
    else:
        source = _range(Path(shard.path), shard.start, shard.stop)
    first = shard.start == 0
    try:
        for lines in _frames(source, builder):
            if first and lines.startswith(_BOM):
                lines, first = lines[len(_BOM) :], False
            first = False
            yield from _parse(lines, builder)
    except UnreadableError as error:
        builder.account.break_off(error.reason, shard.start)
    if batch := builder.take():
        yield batch


def _range(path: Path, start: int, stop: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while start < stop:
            block = file.read(min(compression.BLOCK, stop - start))
            if not block:
                raise UnreadableError("truncated_file", "the file is shorter than when the scan was planned")
            start += len(block)
            yield block


def _frames(source: Iterator[bytes], builder: Builder) -> Iterator[bytes]:
    """Blocks regrouped so that each ends with a line; over-long lines are dropped and counted."""
    held: list[bytes] = []
    size, dropping = 0, False
    for block in source:
        cut = block.rfind(b"\n") + 1
        if not cut:
            held, size, dropping = _hold(held, size, dropping, block)
            continue
        if dropping:
            builder.skip("line_too_long")
            after = block.find(b"\n") + 1
            lines = block[after:cut]
        else:
            lines = b"".join([*held, block[:cut]])
        held, size, dropping = _hold([], 0, False, block[cut:])
        if lines:
            yield lines
    if dropping:
        builder.skip("line_too_long")
    elif size:
        yield b"".join(held)


def _hold(held: list[bytes], size: int, dropping: bool, block: bytes) -> tuple[list[bytes], int, bool]:
    if dropping or size + len(block) > MAX_LINE:
        return [], 0, True
    return [*held, block] if block else held, size + len(block), False


def _parse(block: bytes, builder: Builder) -> Iterator[Batch]:
    data = np.frombuffer(block, np.uint8)
    stops = line_stops(data)
    if not len(stops) or stops[-1] != len(block) - 1:
        stops = np.append(stops, len(block))
    starts = np.concatenate([np.zeros(1, np.int64), stops[:-1] + 1])
    keys = count_keys(data, starts, stops)
    view = memoryview(block)
    for start, stop, spelled in zip(starts.tolist(), stops.tolist(), keys.tolist(), strict=True):
        _record(view[start:stop], spelled, builder)
        if builder.full and (batch := builder.take()):
            yield batch


def _record(line: memoryview, spelled: int, builder: Builder) -> None:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        raw = bytes(line)
        if raw.strip(b" \t\r"):
            _lenient(raw, builder)
        return
    if type(record) is not dict:
        builder.error("not_an_object")
    elif spelled != _keys(record):
        _lenient(bytes(line), builder)
    else:
        builder.add(record, len(line))


def _keys(value: Any) -> int:
    count = 0
    stack = [value]
    while stack:
        value = stack.pop()
        if type(value) is dict:
            count += len(value)
            stack += [item for item in value.values() if type(item) is dict or type(item) is list]
        else:
            stack += [item for item in value if type(item) is dict or type(item) is list]
    return count


def _lenient(raw: bytes, builder: Builder) -> None:
    """A line that orjson refuses, or that repeats a key."""
    anomalies: list[Anomaly] = []
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        text = raw.decode("utf-8", "replace")
        anomalies.append(("", "invalid_utf8", f"first at byte {error.start} of the line"))
    repeated: list[tuple[str, Any]] = []
    try:
        record = json.loads(text, strict=True, object_pairs_hook=_keep(repeated))
    except RecursionError:
        return builder.error("nested_too_deep")
    except ValueError:
        try:
            repeated.clear()
            record = json.loads(text, strict=False, object_pairs_hook=_keep(repeated))
            anomalies.append(("", "control_character", "a string holds a raw control character"))
        except (ValueError, RecursionError):
            return builder.error("invalid_utf8" if anomalies else "invalid_json")
    if not isinstance(record, dict):
        return builder.error("not_an_object")
    anomalies += [(key, "duplicate_key", "an earlier value of the same key") for key, _ in repeated]
    builder.add(record, len(raw), anomalies, _hidden(repeated, record, builder))


def _keep(repeated: list[tuple[str, Any]]) -> Callable[[list[tuple[str, Any]]], dict[str, Any]]:
    """A hook that builds objects as usual and puts values that a later one replaces into `repeated`."""

    def build(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value: dict[str, Any] = {}
        for key, item in pairs:
            if key in value:
                repeated.append((key, value[key]))
            value[key] = item
        return value

    return build


def _hidden(repeated: list[tuple[str, Any]], record: dict[str, Any], builder: Builder) -> list[Text]:
    """Texts of replaced values, named `KEY#1`, `KEY#2`: whichever parser a trainer uses may see them."""
    return [
        text
        for number, (key, value) in enumerate(repeated, 1)
        for text in walk(value, f"{key}#{number}", builder.account)
    ]


def names(path: Path) -> list[str]:
    """Keys of the records in the first part of a file.  Raises `UnreadableError`."""
    with path.open("rb") as file:
        kind = compression.kind_of(file.read(4))
    keys: dict[str, None] = {}
    for block in compression.blocks(path, kind):
        for line in block.removeprefix(_BOM).split(b"\n"):
            try:
                record = orjson.loads(line)
            except orjson.JSONDecodeError:
                continue
            keys |= dict.fromkeys(record) if type(record) is dict else {}
        break
    return list(keys)
