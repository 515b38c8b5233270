"""What maps leave for reduces, laid down by partition, so that a reduce reads its own part only.

A table lies as Parquet in order of its partitions, in small row groups: those of other partitions are not read.  Where
`partition` is a list, its numbers lie beside the table, in an Arrow file that is mapped into memory, in buckets by
their upper bits.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpusscan.errors import WorkspaceError
from corpusscan.kernels.buckets import BUCKETS, bucketed
from corpusscan.workspace import Workspace, write_atomic

ALL = 1 << 32  # partitions are numbers below this
_GROUP = 1 << 16  # rows
_NUMBER = 20  # bytes, with shard and row
_SCHEMA = pa.schema([("row", pa.uint32()), ("partition", pa.uint64())])  # a shard has fewer rows than 2^32
_BOUNDS = b"bounds"


def place(workspace: Workspace, name: str) -> Path:
    """Where the numbers beside the artefact `name` lie, where it has any."""
    return workspace.root / f"{name}.arrow"


def lay(workspace: Workspace, name: str, table: pa.Table) -> None:
    """Write what a map left, by ascending `row`; atomic.  Raises `WorkspaceError`."""
    if "partition" in table.column_names:
        if pa.types.is_list(table.schema.field("partition").type):
            _lay_numbers(place(workspace, name), table)  # first: an artefact that exists has what lies beside it
            table = table.drop_columns("partition")
        elif len(table) > _GROUP:
            table = table.take(pc.sort_indices(table, [("partition", "ascending")]))
    workspace.write(name, table, row_group_size=_GROUP)


def size(workspace: Workspace, name: str) -> int:
    """Bytes that a reduce of everything would hold of an artefact, roughly.  Raises `WorkspaceError` on damage."""
    if place(workspace, name).exists():
        return int(_numbers(workspace, name)[1][-1]) * _NUMBER
    return workspace.size(name)


def part(workspace: Workspace, name: str, low: int, high: int) -> pa.Table:
    """What of an artefact has a partition in [low, high), by ascending row; of numbers each a row, in any order.

    Raises `WorkspaceError` where a file is damaged.
    """
    if place(workspace, name).exists():
        return _part_of_numbers(workspace, name, low, high)
    wanted = [("partition", ">=", low), ("partition", "<", high)] if (low, high) != (0, ALL) else None
    table = workspace.read(name, wanted)
    if "partition" not in table.column_names:
        raise _damaged(workspace, name, place(workspace, name), "it is gone")
    return table.take(pc.sort_indices(table, [("row", "ascending")]))


def _lay_numbers(path: Path, table: pa.Table) -> None:
    """Write the elements of the lists `partition`, each with its `row`."""
    listed = table["partition"].combine_chunks()
    values = listed.flatten().to_numpy(zero_copy_only=False)
    owners = np.repeat(table["row"].to_numpy().astype(np.uint32), listed.value_lengths().to_numpy(zero_copy_only=False))
    own, values, bounds = bucketed(owners, values)
    batch = pa.record_batch([pa.array(own), pa.array(values)], _SCHEMA.with_metadata({_BOUNDS: bounds.tobytes()}))

    def write(path: Path) -> None:
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as file:
            file.write_batch(batch)

    write_atomic(path, write)


def _numbers(workspace: Workspace, name: str) -> tuple[pa.RecordBatch, np.ndarray]:
    path = place(workspace, name)
    try:
        with pa.memory_map(str(path)) as source:
            batch = pa.ipc.open_file(source).get_batch(0)
        return batch, np.frombuffer(batch.schema.metadata[_BOUNDS], np.int64)
    except (pa.ArrowException, OSError, LookupError, TypeError) as error:
        raise _damaged(workspace, name, path, error) from None


def _part_of_numbers(workspace: Workspace, name: str, low: int, high: int) -> pa.Table:
    batch, bounds = _numbers(workspace, name)
    wide = ALL // BUCKETS
    first, last = bounds[low // wide], bounds[-(-high // wide)]
    own, values = (batch.column(i).to_numpy()[first:last] for i in (0, 1))
    kept = (values >> np.uint64(32) >= low) & (values >> np.uint64(32) < high)
    return pa.table({"row": own[kept].astype(np.uint64), "partition": values[kept]})


def _damaged(workspace: Workspace, name: str, path: Path, error: object) -> WorkspaceError:
    return WorkspaceError(f"{path}: damaged ({error}); delete {workspace.path(name)} and run again")
