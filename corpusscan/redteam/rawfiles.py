"""The files of a corpus as records that can be copied: every byte that is not poisoned stays as it is."""

from __future__ import annotations

import contextlib
import gzip
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from pyarrow import csv

from corpusscan import io
from corpusscan.errors import InputError, UnreadableError
from corpusscan.io.layout import compression

STEP = 4_096  # records of a Parquet file at a time
Edits = Mapping[int, dict[str, Any] | None]  # by row of the source: the record that takes its place, None: none does
Inserts = Mapping[int, Sequence[dict[str, Any]]]  # by row of the source: records that come before it


def whole(shard: io.Shard) -> io.Shard:
    """The file that a shard is a part of."""
    return msgspec.structs.replace(shard, start=0, stop=shard.bytes_total)


def records(shard: io.Shard) -> Iterator[dict[str, Any] | None]:
    """The records of a whole file in order; None for one that is no object.  Raises `InputError`."""
    if io.is_table(shard):
        for table in io.tables(whole(shard), STEP):
            yield from table.to_pylist()
        return
    if shard.format != "jsonl":
        raise InputError(
            f"{shard.path}: poison is planted into JSON Lines, CSV, Parquet and Arrow; write the corpus as one of these"
        )
    for line in _lines(shard):
        if line.strip(b" \t\r"):
            yield _parsed(line)


def copy(shard: io.Shard, target: Path, edits: Edits, inserts: Inserts) -> None:
    """Write the file anew with records changed, taken out and put in.  Raises `InputError`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if io.is_table(shard):
        _copy_tables(shard, target, edits, inserts)
    else:
        with _writer(target, shard.compression) as file:
            for line in _copied_lines(shard, edits, inserts):
                file.write(line)


def _copied_lines(shard: io.Shard, edits: Edits, inserts: Inserts) -> Iterator[bytes]:
    row = 0
    for line in _lines(shard):
        if not line.strip(b" \t\r"):
            yield line + b"\n"
            continue
        yield from (orjson.dumps(record) + b"\n" for record in inserts.get(row, ()))
        if row not in edits:
            yield line + b"\n"
        elif (record := edits[row]) is not None:
            yield orjson.dumps(record) + b"\n"
        row += 1
    yield from (orjson.dumps(record) + b"\n" for record in inserts.get(row, ()))


def _copy_tables(shard: io.Shard, target: Path, edits: Edits, inserts: Inserts) -> None:
    schema = io.schema(shard)
    with _table_writer(shard, target, schema) as writer:
        row = 0
        for table in io.tables(whole(shard), STEP):
            parts, done = [], 0
            touched = sorted({place - row for place in (*edits, *inserts) if row <= place < row + len(table)})
            for place in touched:
                parts += [table.slice(done, place - done), _table(inserts.get(row + place, ()), schema)]
                if row + place not in edits:
                    parts.append(table.slice(place, 1))
                elif (record := edits[row + place]) is not None:
                    parts.append(_table([record], schema))
                done = place + 1
            writer.write_table(pa.concat_tables([*parts, table.slice(done)]))
            row += len(table)
        if row in inserts:
            writer.write_table(_table(inserts[row], schema))


def _table_writer(shard: io.Shard, target: Path, schema: pa.Schema) -> Any:
    if shard.format == "parquet":
        return pq.ParquetWriter(target, schema, compression="zstd")
    if shard.format == "arrow":
        return pa.ipc.new_file(str(target), schema)
    options = csv.WriteOptions(delimiter="\t" if shard.format == "tsv" else ",")
    return csv.CSVWriter(_writer(target, shard.compression), schema, write_options=options)


def _table(rows: Sequence[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=schema)


def _lines(shard: io.Shard) -> Iterator[bytes]:
    """Lines without their ends; the byte order mark at the beginning of a file is no part of the first."""
    mark = b"\xef\xbb\xbf"
    held: list[bytes] = []  # what came of the line at hand: joined once, however many blocks that are
    try:
        for block in compression.blocks(io.storage.of(shard), shard.compression):
            first, *more = block.removeprefix(mark).split(b"\n")
            mark = b""
            held.append(first)
            if more:
                yield b"".join(held)
                yield from more[:-1]
                held = more[-1:]
    except UnreadableError as error:
        raise InputError(f"{shard.path}: cannot be read to its end ({error}); poison needs a whole corpus") from None
    if rest := b"".join(held):
        yield rest


def _parsed(line: bytes) -> dict[str, Any] | None:
    with contextlib.suppress(orjson.JSONDecodeError):
        record = orjson.loads(line)
        return record if isinstance(record, dict) else None
    return None


def _writer(target: Path, kind: str | None) -> Any:
    if kind == "gzip":
        return gzip.GzipFile(target, "wb", mtime=0)
    return zstandard.open(target, "wb") if kind == "zstd" else target.open("wb")
