"""Parquet: runs of row groups; plain string columns stay in Arrow from the page to the detector."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from corpusscan import schema
from corpusscan.detector import Batch
from corpusscan.errors import UnreadableError
from corpusscan.io import arrow
from corpusscan.io.columns import Layout
from corpusscan.io.records import BATCH_BYTES, BATCH_ROWS, Builder, text_bytes
from corpusscan.io.shard import Shard

UNIT = "row_group"
SUFFIXES = (".parquet", ".pq")
MAGIC = b"PAR1"


def split(path: Path, target: int) -> list[tuple[int, int]]:
    """Runs of row groups of about `target` compressed bytes.  Raises `UnreadableError` without a footer."""
    sizes = [length for _, length in extents(path)]
    runs, start = [], 0
    for stop in range(1, len(sizes) + 1):
        if stop == len(sizes) or sum(sizes[start:stop]) >= target:
            runs.append((start, stop))
            start = stop
    return runs or [(0, 0)]


def names(path: Path) -> list[str]:
    """The top-level column names.  Raises `UnreadableError`."""
    return list(_open(path).schema_arrow.names)


def extents(path: Path) -> list[tuple[int, int]]:
    """The byte range (offset, length) of each row group.  Raises `UnreadableError`."""
    meta = _open(path).metadata
    ranges = []
    for index in range(meta.num_row_groups):
        group = meta.row_group(index)
        chunks = [group.column(column) for column in range(group.num_columns)]
        starts = [int(chunk.dictionary_page_offset or chunk.data_page_offset) for chunk in chunks]
        stops = [start + int(chunk.total_compressed_size) for start, chunk in zip(starts, chunks, strict=True)]
        ranges.append((min(starts, default=0), max(stops, default=0) - min(starts, default=0)))
    return ranges


def count(shard: Shard) -> int:
    """Rows of the shard by the footer.  Raises `UnreadableError`."""
    meta = _open(Path(shard.path)).metadata
    return sum(meta.row_group(group).num_rows for group in range(shard.start, shard.stop))


def read(shard: Shard, builder: Builder) -> Iterator[Batch]:
    """Batches of the shard's row groups; a group that cannot be decoded is counted with its rows."""
    file = _open(Path(shard.path))
    columns = file.schema_arrow.names
    layout = Layout.of(columns, builder.columns)
    used = {*layout.text, *layout.id, *layout.source, *layout.time, *layout.label}
    if any(columns.count(name) > 1 for name in used):
        return builder.account.break_off("duplicate_column", shard.start)
    for group in range(shard.start, shard.stop):
        expected, before = file.metadata.row_group(group).num_rows, builder.row
        try:
            for rows in file.iter_batches(BATCH_ROWS, [group], columns=sorted(used), use_threads=False):
                yield from _batches(rows, layout, builder)
        except (pa.ArrowException, OSError, ValueError):
            lost = max(expected - (builder.row - before), 0)
            builder.account.error("corrupt_row_group", lost)
            builder.row += lost
        else:
            if builder.row - before != expected:
                builder.account.break_off("row_count_differs", group)
    return None


def _batches(rows: pa.RecordBatch, layout: Layout, builder: Builder) -> Iterator[Batch]:
    if not layout.text:
        builder.account.skip("no_text_column", len(rows))
        builder.row += len(rows)
        return
    size = max(sum(rows[name].nbytes for name in layout.text), 1)
    step = max(len(rows) * BATCH_BYTES // size, 1)
    for start in range(0, len(rows), step):
        part = rows.slice(start, step)
        if plain := _plain(part, layout, builder):
            yield plain
        else:
            yield from _nested(part, layout, builder)


def _plain(rows: pa.RecordBatch, layout: Layout, builder: Builder) -> Batch | None:
    """The batch without a Python object per record; None where texts are nested, invalid or very long."""
    if not all(arrow.is_string(rows.schema.field(name).type) for name in layout.text):
        return None
    columns = {name: arrow.strings(rows[name]) for name in layout.text}
    if any(column is None for column in columns.values()):
        return None
    lengths = [arrow.byte_lengths(column) for column in columns.values()]
    if any((pc.max(length).as_py() or 0) > builder.max_document // 4 for length in lengths):
        return None
    account, count = builder.account, len(rows)
    numbers = pa.array(np.arange(builder.row, builder.row + count, dtype=np.uint64))
    batch = Batch(
        documents=arrow.documents(rows, numbers, layout, account),
        texts=arrow.texts(columns, numbers),
        anomalies=schema.ANOMALIES.empty_table(),
        key=builder.key,
    )
    if empty := int((np.sum([length.to_numpy() for length in lengths], axis=0) == 0).sum()):
        account.note("nothing_to_scan", empty)
    account.count(layout, count)
    account.scanned += count
    account.text_bytes += text_bytes(batch)
    builder.row += count
    return batch


def _nested(rows: pa.RecordBatch, layout: Layout, builder: Builder) -> Iterator[Batch]:
    """Lists, structs, binary and invalid text: one Python record at a time."""
    columns = {name: arrow.python_values(rows[name]) for name in rows.schema.names}
    cost = rows.nbytes // max(len(rows), 1)
    for index in range(len(rows)):
        record = {name: column[index] for name, column in columns.items()}
        broken = [name for name in layout.text if not _is_text(record[name])]
        for name in broken:
            record[name] = record[name].decode("utf-8", "replace")
        anomalies = [(name, "invalid_utf8", "the column holds bytes that are no UTF-8") for name in broken]
        builder.add(record, cost, anomalies, layout=layout)
        if builder.full and (batch := builder.take()):
            yield batch
    if batch := builder.take():
        yield batch


def _is_text(value: Any) -> bool:
    return not isinstance(value, bytes)


def _open(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path, memory_map=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UnreadableError("corrupt_parquet", str(error).splitlines()[0]) from None
