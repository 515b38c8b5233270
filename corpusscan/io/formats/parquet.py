"""Parquet: runs of row groups; plain string columns stay in Arrow from the page to the detector."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from corpusscan.detector import Batch
from corpusscan.errors import UnreadableError
from corpusscan.io.layout import footer, heads
from corpusscan.io.places import faults, storage
from corpusscan.io.places.storage import Location, Remote
from corpusscan.io.rows import features
from corpusscan.io.rows.builder import BATCH_BYTES, BATCH_ROWS, Builder
from corpusscan.io.rows.tables import batches, gathered, layout_of, runs
from corpusscan.io.shard import Shard

UNIT = "row_group"
SUFFIXES = (".parquet", ".pq")
_AHEAD = 4 * 2**20  # bytes of a column that are asked for at a time, where the file is not on this machine
_PAGE = 512 * 2**20  # bytes when decompressed: some four times as much is held of a page while it is decoded
_DAMAGE = (pa.ArrowException, OSError, ValueError, OverflowError)


def split(path: Location, target: int) -> list[tuple[int, int, int]]:
    """Runs (start, stop, bytes) of row groups of about `target` compressed bytes.

    Raises `UnreadableError` without a footer.
    """
    return runs([group.stop - group.start for group in footer.read(path).groups], target)


def names(shard: Shard) -> Iterator[str]:
    """The top-level column names.  Raises `UnreadableError`."""
    yield from footer.read(storage.of(shard)).names


def schema(shard: Shard) -> pa.Schema:
    """The columns of the file.  Raises `UnreadableError`."""
    return _open(storage.of(shard)).schema_arrow


def tables(shard: Shard, rows: int) -> Iterator[pa.Table]:
    """The rows of the shard as they are, at most so many at a time.  Raises `UnreadableError` and errors of Arrow."""
    file = _open(storage.of(shard))
    for batch in file.iter_batches(rows, [*range(shard.start, min(shard.stop, file.num_row_groups))]):
        yield pa.Table.from_batches([batch])


def extents(shard: Shard) -> tuple[bytes, list[tuple[int, int]]]:
    """The footer, and the byte range (offset, length) of each row group of the shard.  Raises `UnreadableError`."""
    data, groups, _ = footer.read(storage.of(shard))
    return data, [(group.start, group.stop - group.start) for group in groups[shard.start : shard.stop]]


def count(shard: Shard) -> int:
    """Rows of the shard by the footer.  Raises `UnreadableError`."""
    return sum(group.rows for group in footer.read(storage.of(shard)).groups[shard.start : shard.stop])


def read(shard: Shard, builder: Builder) -> Iterator[Batch]:
    """Batches of the shard's row groups; a group that cannot be decoded is counted with its rows.

    Raises `UnreadableError` for a file that says too little or too much of itself.
    """
    file, groups = _open(storage.of(shard)), footer.read(storage.of(shard)).groups
    known = features.of(file.schema_arrow.metadata)
    layout = layout_of(file.schema_arrow.names, builder, known)
    if len(groups) != file.num_row_groups:
        raise UnreadableError("corrupt_parquet", "the file changed while it was read")
    for number in range(shard.start, shard.stop):
        group, before = groups[number], builder.row
        if builder.wanted is not None and not len(builder.wants(group.rows)):
            builder.row += group.rows
            continue
        pages = heads.look(storage.of(shard), group, layout.used, _PAGE)
        if pages.largest > _PAGE:
            builder.error("page_too_large", group.rows)
            continue
        try:
            parts = file.iter_batches(_step(pages), [number], columns=list(layout.used), use_threads=False)
            for part in gathered(parts, layout):
                yield from batches(part, layout, builder, known)
        except _DAMAGE as error:
            if faults.is_fault(error):
                raise
            builder.error("corrupt_row_group", max(group.rows - (builder.row - before), 0))
        else:
            if builder.row - before != group.rows:
                # Rows behind it would have other numbers where a later look passes over this group.
                builder.account.break_off("row_count_differs", number)
                return


def _step(pages: heads.Pages) -> int:
    """Rows to decode at a time, so that long documents make no larger batches than short ones."""
    return min(max(4 * BATCH_BYTES // max(pages.row, 1), 16), BATCH_ROWS)


def _open(path: Location) -> pq.ParquetFile:
    try:
        if isinstance(path, Remote):
            # Column by column, a bounded part of each at a time: a row group may be as large as whoever wrote it likes.
            return pq.ParquetFile(path.open(), buffer_size=_AHEAD, pre_buffer=False)
        return pq.ParquetFile(path, memory_map=True)
    except _DAMAGE as error:
        raise faults.unreadable(error, "corrupt_parquet") from None
