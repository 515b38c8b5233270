"""The numbers that maps leave for reduces: laid down by their upper bits, so that a reduce reads its own part only.

An Arrow file that is mapped into memory, in buckets: of compressed Parquet each reduce would read all.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from corpusscan.errors import WorkspaceError
from corpusscan.kernels.buckets import BUCKETS, bucketed
from corpusscan.workspace import Workspace, write_atomic

_SCHEMA = pa.schema([("row", pa.uint32()), ("partition", pa.uint64())])  # a shard has fewer rows than 2^32
_BOUNDS = b"bounds"


def place(workspace: Workspace, name: str) -> Path:
    """Where the numbers beside the artefact `name` lie."""
    return workspace.root / f"{name}.arrow"


def lay(workspace: Workspace, name: str, table: pa.Table) -> None:
    """Write the elements of the lists `partition`, each with its `row`; atomic.  Raises `WorkspaceError`."""
    listed = table["partition"].combine_chunks()
    values = listed.flatten().to_numpy(zero_copy_only=False)
    owners = np.repeat(table["row"].to_numpy().astype(np.uint32), listed.value_lengths().to_numpy(zero_copy_only=False))
    rows, values, bounds = bucketed(owners, values)
    batch = pa.record_batch([pa.array(rows), pa.array(values)], _SCHEMA.with_metadata({_BOUNDS: bounds.tobytes()}))

    def write(path: Path) -> None:
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as file:
            file.write_batch(batch)

    write_atomic(place(workspace, name), write)


def part(workspace: Workspace, name: str, low: int, high: int) -> pa.Table:
    """Columns row and partition: the elements whose upper half is in [low, high), bucket by bucket in their order.

    Raises `WorkspaceError` where the file is damaged.
    """
    path = place(workspace, name)
    try:
        with pa.memory_map(str(path)) as source:
            batch = pa.ipc.open_file(source).get_batch(0)
        bounds = np.frombuffer(batch.schema.metadata[_BOUNDS], np.int64)
    except (pa.ArrowException, OSError, LookupError, TypeError) as error:
        raise WorkspaceError(f"{path}: damaged ({error}); delete {workspace.path(name)} and run again") from None
    wide = (1 << 32) // BUCKETS
    first, last = bounds[low // wide], bounds[-(-high // wide)]
    rows, values = (batch.column(i).to_numpy()[first:last] for i in (0, 1))
    kept = (values >> np.uint64(32) >= low) & (values >> np.uint64(32) < high)
    return pa.table({"row": rows[kept].astype(np.uint64), "partition": values[kept]})
