"""Some of a corpus that workers have read whole, heard again in this process: a bounded number of batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from corpusscan import io
from corpusscan.detector import Batch
from corpusscan.engine.collected import Collected
from corpusscan.engine.tasks import Reading

BATCHES = 32  # of some 2 MiB each


def some(collected: Collected, reading: Reading, key: bytes, most: int = BATCHES) -> Iterator[tuple[int, Batch]]:
    """(shard, batch) of the beginnings of shards, which lie as far apart as there are shards."""
    read = [shard for shard in collected.shards if shard.index not in collected.lost]
    chosen = [read[place * len(read) // most] for place in range(most)] if len(read) > most else read
    for shard in chosen:
        batches = io.read(shard, reading.columns, reading.max_document, key, io.Account())
        yield from ((shard.index, batch) for batch in islice(batches, max(most // len(chosen), 1)))


def carriers(collected: Collected, detectors: Iterable[str]) -> dict[str, set[tuple[int, int]]]:
    """By group of some detectors its members, but for those that are only like them: shard, and row in it."""
    found: dict[str, set[tuple[int, int]]] = {}
    for detector in detectors:
        for row in collected.concluded[detector]["members"].to_pylist() if detector in collected.concluded else ():
            if row["role"] != "neighbour":
                found.setdefault(row["group"], set()).add((row["shard"], row["row"]))
    return found
