"""What maps leave for reduces, laid down by partition, so that a reduce reads its own part only.

A table lies as Parquet in order of its partitions, in small row groups: those of other partitions are not read.  Where
`partition` is a list, its numbers lie beside the table, in buckets by their upper bits: batches of an Arrow file, which
is mapped into memory where it is on this machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpusscan.errors import WorkspaceError
from corpusscan.kernels.buckets import BUCKETS, bucketed
from corpusscan.workspace import Workspace

ALL = 1 << 32  # partitions are numbers below this
_GROUP = 1 << 16  # rows
_NUMBER = 20  # bytes, with shard and row
_SCHEMA = pa.schema([("row", pa.uint32()), ("partition", pa.uint64())])  # a shard has fewer rows than 2^32
_BOUNDS = b"bounds"


def beside(name: str) -> str:
    """The file of the numbers beside the artefact `name`, where it has any."""
    return f"{name}.arrow"


def lay(workspace: Workspace, name: str, table: pa.Table) -> None:
    """Write what a map left, by ascending `row`; atomic.  Raises `WorkspaceError`."""
    if "partition" in table.column_names:
        if pa.types.is_list(table.schema.field("partition").type):
            _lay_numbers(workspace, beside(name), table)  # first: an artefact that exists has what lies beside it
            table = table.drop_columns("partition")
        elif len(table) > _GROUP:
            table = table.take(pc.sort_indices(table, [("partition", "ascending")]))
    workspace.write(name, table, row_group_size=_GROUP)


def size(workspace: Workspace, name: str) -> int:
    """Bytes that a reduce of everything would hold of an artefact, roughly.  Raises `WorkspaceError` on damage."""
    if _has_numbers(workspace, name):
        with _numbers(workspace, name) as (_, bounds):
            return int(bounds[-1]) * _NUMBER
    return workspace.size(name)


def part(workspace: Workspace, name: str, low: int, high: int) -> pa.Table:
    """What of an artefact has a partition in [low, high), by ascending row; of numbers each a row, in any order.

    Raises `WorkspaceError` where a file is damaged.
    """
    if _has_numbers(workspace, name):
        return _part_of_numbers(workspace, name, low, high)
    wanted = [("partition", ">=", low), ("partition", "<", high)] if (low, high) != (0, ALL) else None
    table = workspace.read(name, wanted)
    if "partition" not in table.column_names:
        raise _damaged(workspace, name, "it is gone")
    return table.take(pc.sort_indices(table, [("row", "ascending")]))


def _lay_numbers(workspace: Workspace, name: str, table: pa.Table) -> None:
    """Write the elements of the lists `partition`, each with its `row`: in batches of neighbouring buckets."""
    listed = table["partition"].combine_chunks()
    values = listed.flatten().to_numpy(zero_copy_only=False)
    owners = np.repeat(table["row"].to_numpy().astype(np.uint32), listed.value_lengths().to_numpy(zero_copy_only=False))
    own, values, bounds = bucketed(owners, values)
    wide = BUCKETS // min(BUCKETS, 1 << (len(values) // _GROUP).bit_length())  # buckets in a batch
    schema = _SCHEMA.with_metadata({_BOUNDS: bounds.tobytes()})

    def write(path: Path) -> None:
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as file:
            for bucket in range(0, BUCKETS, wide):
                part = slice(bounds[bucket], bounds[bucket + wide])
                file.write_batch(pa.record_batch([pa.array(own[part]), pa.array(values[part])], schema))

    workspace.write_file(name, write)


def _has_numbers(workspace: Workspace, name: str) -> bool:
    return workspace.at(name).exists(beside(name))


@contextmanager
def _numbers(workspace: Workspace, name: str) -> Iterator[tuple[pa.ipc.RecordBatchFileReader, np.ndarray]]:
    """The batches of the numbers, and where each of the `BUCKETS` begins and the last ends."""
    try:
        source = workspace.at(name).source(beside(name))
        with pa.memory_map(str(source)) if isinstance(source, Path) else source as file:
            batches = pa.ipc.open_file(file)
            yield batches, np.frombuffer(batches.schema.metadata[_BOUNDS], np.int64)
    except (pa.ArrowException, OSError, LookupError, TypeError) as error:
        raise _damaged(workspace, name, error) from None


def _part_of_numbers(workspace: Workspace, name: str, low: int, high: int) -> pa.Table:
    first, last = low // (ALL // BUCKETS), -(-high // (ALL // BUCKETS))  # buckets
    rows, found = [np.zeros(0, np.uint64)], [np.zeros(0, np.uint64)]
    with _numbers(workspace, name) as (batches, bounds):
        wide = BUCKETS // batches.num_record_batches
        for number in range(first // wide, -(-last // wide)):
            batch, start = batches.get_batch(number), bounds[number * wide]
            part = slice(max(bounds[first] - start, 0), bounds[last] - start)
            own, values = (batch.column(i).to_numpy()[part] for i in (0, 1))
            kept = (values >> np.uint64(32) >= low) & (values >> np.uint64(32) < high)
            rows.append(own[kept].astype(np.uint64))
            found.append(values[kept])
    return pa.table({"row": np.concatenate(rows), "partition": np.concatenate(found)})


def _damaged(workspace: Workspace, name: str, error: object) -> WorkspaceError:
    told = workspace.at(name).told
    return WorkspaceError(f"{told(beside(name))}: damaged ({error}); delete {told(f'{name}.parquet')} and run again")
