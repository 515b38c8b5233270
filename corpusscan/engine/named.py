"""The rows that a state names: by shard and partition, and what an artefact has of them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from corpusscan.detector import State
from corpusscan.workspace import Workspace


def left(name: str, named: pa.Table, shard: int, workspace: Workspace) -> pa.Table:
    """The rows of an artefact that are named."""
    rows = rows_of(named, shard)
    if not len(rows):
        return pa.table({})
    table = workspace.read(name)
    return table.filter(pa.array(np.isin(table["row"].to_numpy(), rows)))


def placed(parts: Iterable[tuple[int, pa.Table]]) -> pa.Table:
    """Rows of several shards as one table, with a column shard."""
    tables = [
        table.add_column(0, "shard", pa.array(np.full(len(table), shard, np.uint32)))
        for shard, table in parts
        if len(table)
    ]
    return pa.concat_tables(tables) if tables else pa.table({"shard": pa.array([], pa.uint32())})


def of_partition(state: State, partition: int) -> pa.Table:
    """The rows that the state names, for one partition where it says for which."""
    named = state["named"]
    return named.filter(pc.equal(named["partition"], partition)) if "partition" in named.column_names else named


def partitions_left(named: pa.Table) -> int:
    """In how many parts rows are named that are looked at without reading the corpus again."""
    return (pc.max(named["partition"]).as_py() or 0) + 1 if "partition" in named.column_names else 1


def rows_of(named: pa.Table, shard: int) -> npt.NDArray[np.uint64]:
    """The rows of a shard that a table (shard, row) names, each once."""
    rows = named["row"].to_numpy()[named["shard"].to_numpy() == shard]
    return np.unique(rows.astype(np.uint64))
