"""Parquet: runs of row groups; plain string columns stay in Arrow from the page to the detector."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from corpusscan.detector import Batch
from corpusscan.errors import UnreadableError
from corpusscan.io import arrow
from corpusscan.io.batches import assemble
from corpusscan.io.columns import Layout
from corpusscan.io.records import BATCH_BYTES, BATCH_ROWS, Builder
from corpusscan.io.shard import Shard

UNIT = "row_group"
SUFFIXES = (".parquet", ".pq")
MAGIC = b"PAR1"
MAX_ROWS = 2**40  # a footer that claims more of one file is not believed
_DAMAGE = (pa.ArrowException, OSError, ValueError, OverflowError)


def split(path: Path, target: int) -> list[tuple[int, int, int]]:
    """Runs (start, stop, bytes) of row groups of about `target` compressed bytes.

    Raises `UnreadableError` without a footer.
    """
    runs, start, size = [], 0, 0
    groups = extents(path)
    for stop, (_, length) in enumerate(groups, 1):
        size += length
        if stop == len(groups) or size >= target:
            runs.append((start, stop, size))
            start, size = stop, 0
    return runs or [(0, 0, 0)]


def names(shard: Shard) -> list[str]:
    """The top-level column names.  Raises `UnreadableError`."""
    return list(_open(Path(shard.path)).schema_arrow.names)


def extents(path: Path) -> list[tuple[int, int]]:
    """The byte range (offset, length) of each row group, within the file.  Raises `UnreadableError`."""
    meta, size = _open(path).metadata, path.stat().st_size
    ranges = []
    for index in range(meta.num_row_groups):
        group = meta.row_group(index)
        chunks = [group.column(column) for column in range(group.num_columns)]
        # The footer is data: an offset may lie, and a chunk ends where its length says, wherever it begins.
        starts = [
            min(chunk.dictionary_page_offset or chunk.data_page_offset, chunk.data_page_offset) for chunk in chunks
        ]
        stops = [start + chunk.total_compressed_size for start, chunk in zip(starts, chunks, strict=True)]
        start = min(max(min(starts, default=0), 0), size)
        ranges.append((start, min(max(max(stops, default=0), start), size) - start))
    return ranges


def count(shard: Shard) -> int:
    """Rows of the shard by the footer.  Raises `UnreadableError`."""
    meta = _open(Path(shard.path)).metadata
    return sum(meta.row_group(group).num_rows for group in range(shard.start, shard.stop))


def read(shard: Shard, builder: Builder) -> Iterator[Batch]:
    """Batches of the shard's row groups; a group that cannot be decoded is counted with its rows.

    Raises `UnreadableError` for a file that says too little or too much of itself.
    """
    file = _open(Path(shard.path))
    columns = file.schema_arrow.names
    layout = builder.layout(tuple(columns))
    if len(set(columns)) < len(columns) and any(columns.count(name) > 1 for name in layout.used):
        raise UnreadableError("duplicate_column", "two columns of one name")
    for group in range(shard.start, shard.stop):
        rows, before = file.metadata.row_group(group).num_rows, builder.row
        try:
            for part in file.iter_batches(_step(file, group), [group], columns=list(layout.used), use_threads=False):
                yield from _batches(part, layout, builder)
        except _DAMAGE:
            builder.error("corrupt_row_group", max(rows - (builder.row - before), 0))
        else:
            if builder.row - before != rows:
                builder.account.break_off("row_count_differs", group)


def _step(file: pq.ParquetFile, group: int) -> int:
    """Rows to decode at a time, so that long documents make no larger batches than short ones."""
    meta = file.metadata.row_group(group)
    size = max(meta.total_byte_size // max(meta.num_rows, 1), 1)
    return int(min(max(4 * BATCH_BYTES // size, 16), BATCH_ROWS))


def _batches(rows: pa.RecordBatch, layout: Layout, builder: Builder) -> Iterator[Batch]:
    if not layout.text:
        return builder.skip("no_text_column", len(rows))
    size = max(sum(rows[name].nbytes for name in layout.text), 1)
    step = max(len(rows) * BATCH_BYTES // size, 1)
    for start in range(0, len(rows), step):
        part = rows.slice(start, step)
        columns: dict[str, arrow.Column] = {name: part[name] for name in layout.used}
        numbers = np.arange(builder.row, builder.row + len(part), dtype=np.uint64)
        batch = assemble(numbers, columns, layout, {}, builder.max_document, builder.key, builder.account)
        builder.account.count(layout, len(part))
        builder.row += len(part)
        yield batch
    return None


def _open(path: Path) -> pq.ParquetFile:
    try:
        file = pq.ParquetFile(path, memory_map=True)
        claimed = [file.metadata.row_group(group).num_rows for group in range(file.metadata.num_row_groups)]
    except _DAMAGE as error:
        raise UnreadableError("corrupt_parquet", (str(error).splitlines() or [type(error).__name__])[0]) from None
    if min(claimed, default=0) < 0 or sum(claimed) > MAX_ROWS:
        raise UnreadableError("corrupt_parquet", "the footer claims an impossible number of rows")
    return file


def described(path: Path, start: int, stop: int) -> Any:
    """What the footer says of columns and of row groups, beside where they lie."""
    file = _open(path)
    groups = [file.metadata.row_group(index) for index in range(start, stop)]
    chunks = [[group.column(i) for i in range(group.num_columns)] for group in groups]
    return [
        str(file.schema_arrow), [group.num_rows for group in groups],
        [[(c.path_in_schema, c.physical_type, c.compression, c.num_values) for c in part] for part in chunks],
    ]  # fmt: skip
