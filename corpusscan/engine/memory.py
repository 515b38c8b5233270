"""Inputs that are tables in memory become a Parquet file in the workspace, read like any other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from corpusscan.errors import UsageError
from corpusscan.workspace import write_parquet

_ROWS = 65_536


@contextmanager
def as_paths(inputs: Any, work: Path) -> Iterator[list[str]]:
    """The inputs as paths; tables are written below `work` for the time of the scan.

    Raises `UsageError` for what is neither a path nor a table.
    """
    items = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
    paths: list[str] = []
    written: list[Path] = []
    for item in items:
        if isinstance(item, str | Path):
            paths.append(str(item))
            continue
        place = work / "memory" / f"memory:{len(written)}"
        write_parquet(place, _table(item), row_group_size=_ROWS)
        written.append(place)
        paths.append(str(place))
    try:
        yield paths
    finally:
        for place in written:
            place.unlink(missing_ok=True)


def _table(item: Any) -> pa.Table:
    if isinstance(item, pa.Table | pa.RecordBatch):
        return pa.Table.from_batches([item]) if isinstance(item, pa.RecordBatch) else item
    if hasattr(item, "collect"):  # a Polars LazyFrame
        item = item.collect()
    if hasattr(item, "with_format") and hasattr(item, "data"):  # datasets.Dataset
        return item.with_format("arrow")[:]
    if hasattr(item, "to_arrow"):
        return item.to_arrow()
    kind = f"{type(item).__module__}.{type(item).__name__}"
    raise UsageError(f"cannot scan a {kind}: give a path, an Arrow table, a Polars frame or a datasets.Dataset")
