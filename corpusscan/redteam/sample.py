"""A random part of a corpus as a corpus of its own, with all columns, to plant into.

Of a corpus of very many shards only some are read, drawn blindly; of what those hold, every record is as likely as any
other.  Tables become Parquet, one file for each schema; JSON Lines stay as they are, byte for byte; others
become such.
"""

from __future__ import annotations

import itertools
import random
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from blake3 import blake3

from corpusscan import io
from corpusscan.config import Columns
from corpusscan.errors import InputError, UnreadableError
from corpusscan.io.layout import compression
from corpusscan.redteam.rawfiles import STEP

SHARDS = 64  # that are read
BYTES = 2**28  # of a sample, as the corpus spells it: long documents make a smaller sample


class Sample(NamedTuple):
    """`documents` of the `of` that the corpus has, in the folder `path`; `counted`: `of` is no estimate."""

    path: Path
    documents: int
    of: int
    counted: bool
    digest: str


def draw(
    inputs: Sequence[str], target: Path, documents: int, seed: int, out: str | Path, shards: int = SHARDS
) -> Sample:
    """Write at most so many records to the new folder `target`.  Nothing in `out` belongs to the corpus.

    Raises `InputError` for a corpus that cannot be read.
    """
    chance = random.Random(f"sample {seed}")  # noqa: S311
    plan = io.plan(list(inputs), Columns(), out).shards
    read = sorted(chance.sample(plan, min(shards, len(plan))), key=lambda shard: shard.index)
    try:
        counts = [_count(shard) for shard in read]
        held, size = sum(counts), sum(shard.bytes for shard in read)
        count = min(documents, held, max(held * BYTES // max(size, 1), 1))
        _write(read, counts, sorted(chance.sample(range(held), count)), target)
    except (UnreadableError, pa.ArrowException, OSError) as error:
        raise InputError(f"{', '.join(inputs)}: cannot be sampled ({error}); leave out what cannot be read") from None
    every = held if len(read) == len(plan) else held * sum(shard.bytes for shard in plan) // max(size, 1)
    digest = blake3(b"".join(blake3(path.read_bytes()).digest() for path in sorted(target.iterdir())))
    return Sample(target, count, max(every, count), len(read) == len(plan), digest.hexdigest(16))


def _write(shards: Sequence[io.Shard], counts: Sequence[int], rows: list[int], target: Path) -> None:
    """The records of these numbers, counted through all shards."""
    target.mkdir(parents=True, mode=0o700)
    tables: dict[pa.Schema, list[pa.Table]] = {}
    first = 0
    with (target / "sample.jsonl").open("wb") as lines:
        for shard, count in zip(shards, counts, strict=True):
            wanted = [row - first for row in rows[bisect_left(rows, first) : bisect_left(rows, first + count)]]
            first += count
            if wanted and io.is_table(shard):
                for table in _rows(shard, wanted):
                    tables.setdefault(table.schema.remove_metadata(), []).append(table)
            elif wanted and shard.format == "jsonl":
                chosen = set(wanted)
                lines.writelines(line for row, line in enumerate(_lines(shard)) if row in chosen)
            elif wanted:
                lines.writelines(_documents(shard, wanted))
    if not (target / "sample.jsonl").stat().st_size:
        (target / "sample.jsonl").unlink()
    for number, parts in enumerate(tables.values()):
        pq.write_table(pa.concat_tables(parts), target / f"sample-{number}.parquet", row_group_size=STEP)


def _count(shard: io.Shard) -> int:
    return sum(1 for _ in _lines(shard)) if shard.format == "jsonl" else io.count(shard)


def _rows(shard: io.Shard, wanted: list[int]) -> Iterator[pa.Table]:
    row = 0
    for table in io.tables(shard, STEP):
        mine = wanted[bisect_left(wanted, row) : bisect_left(wanted, row + len(table))]
        if mine:
            yield table.take([number - row for number in mine]).replace_schema_metadata()
        row += len(table)


def _documents(shard: io.Shard, wanted: list[int]) -> Iterator[bytes]:
    """Documents of what is neither lines nor tables, as lines of what a scan reads of them."""
    rows = np.array(wanted, np.uint64)
    for batch in io.read(shard, Columns(), BYTES, bytes(32), io.Account(), rows):
        records = {
            row["row"]: {"id": row["id"], "source": row["source"], "date": row["time"], "label": row["label"]}
            for row in batch.documents.to_pylist()
        }
        for text in batch.texts.to_pylist():
            records[text["row"]][text["field"]] = text["text"]
        for record in records.values():
            yield orjson.dumps({name: value for name, value in record.items() if value is not None}) + b"\n"


def _lines(shard: io.Shard) -> Iterator[bytes]:
    """The lines of a shard that are not blank, each with its end."""
    for line in _unpacked(shard) if shard.compression else _plain(shard):
        if kept := line.removeprefix(b"\xef\xbb\xbf").strip(b" \t\r\n"):
            yield kept + b"\n"


def _plain(shard: io.Shard) -> Iterator[bytes]:
    with io.storage.of(shard).open("rb") as file:
        file.seek(shard.start)
        while file.tell() < shard.stop and (line := file.readline()):
            yield line


def _unpacked(shard: io.Shard) -> Iterator[bytes]:
    held: list[bytes] = []
    for block in itertools.chain(compression.blocks(io.storage.of(shard), shard.compression), [b"\n"]):
        first, *more = block.split(b"\n")
        held.append(first)
        if more:
            yield b"".join(held)
            yield from more[:-1]
            held = more[-1:]
