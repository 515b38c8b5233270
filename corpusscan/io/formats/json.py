"""A JSON array of objects, as Alpaca and ShareGPT are published: read element by element, as JSON Lines is by line."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from corpusscan.detector import Batch
from corpusscan.errors import UnreadableError
from corpusscan.io.formats import jsonl
from corpusscan.io.layout import streams
from corpusscan.io.places.storage import Location
from corpusscan.io.rows.builder import Builder
from corpusscan.io.shard import Shard
from corpusscan.kernels import brackets

UNIT = "byte"
SUFFIXES = ()  # names do not tell it from JSON Lines: its first bytes do

split = streams.whole


def begins(path: Location, packed: str | None) -> bool:
    """Whether the file begins as an array does, or too strangely for anyone to say."""
    for block in itertools.islice(streams.unpacked(path, packed), 1):
        return block.lstrip().startswith(b"[")
    return False


def names(shard: Shard) -> Iterator[str]:
    """Keys of the first elements, as they are met.  Raises `UnreadableError`."""
    return jsonl.keys(_lines(shard))


def count(shard: Shard) -> int:
    """Elements of the array.  Raises `UnreadableError`."""
    return jsonl.counted(_lines(shard))


def read(shard: Shard, builder: Builder) -> Iterator[Batch]:
    """Batches of the elements.  Raises `UnreadableError` where the array does not end, or is not all of the file."""
    yield from jsonl.parsed(_lines(shard), builder)
    if shard.fault:
        raise UnreadableError(shard.fault)


def _lines(shard: Shard) -> Iterator[bytes]:
    """The elements, a line each."""
    state = brackets.beginning()
    for block in streams.source(shard):
        data, own = np.frombuffer(bytearray(block), np.uint8), 0
        if not state[brackets.ENDED]:
            own = int(brackets.lines(data, state))
            yield data[:own].tobytes()
        if block[own:].strip():
            raise UnreadableError("trailing_junk", "text behind the end of its array")
    if not state[brackets.ENDED]:
        raise UnreadableError("truncated_json", "its array does not end")
