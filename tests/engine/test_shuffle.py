"""What maps leave for reduces: every number reaches the reduce of its partition, once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corpusscan.engine import shuffle
from corpusscan.errors import WorkspaceError
from corpusscan.workspace import Workspace

LISTS = [[5 << 60, 1, 2**64 - 1], [], [1, 1 << 32, 7 << 50], [9 << 59] * 3]


def _laid(folder: Path) -> Workspace:
    workspace = Workspace(folder)
    rows = pa.array([3, 4, 8, 70_000], pa.uint64())
    shuffle.lay(workspace, "a", pa.table({"row": rows, "partition": pa.array(LISTS, pa.list_(pa.uint64()))}))
    return workspace


@pytest.mark.parametrize("partitions", [1, 2, 7, 256, 1000])
def test_every_number_is_in_one_part(tmp_path: Path, partitions: int) -> None:
    """However many partitions there are, their parts together are what was laid down, each in its range."""
    workspace = _laid(tmp_path)
    found: list[tuple[int, int]] = []
    for partition in range(partitions):
        low, high = ((number << 32) // partitions for number in (partition, partition + 1))
        part = shuffle.part(workspace, "a", low, high)
        assert all(low <= value >> 32 < high for value in part["partition"].to_pylist())
        found += zip(part["row"].to_pylist(), part["partition"].to_pylist(), strict=True)
    assert sorted(found) == sorted((row, v) for row, own in zip([3, 4, 8, 70_000], LISTS, strict=True) for v in own)


@pytest.mark.parametrize("partitions", [1, 2, 7, 256, 1000])
def test_every_row_is_in_one_part(tmp_path: Path, partitions: int) -> None:
    """Parts of a table together are the table, rows and columns, each in its range and by ascending row."""
    draw = np.random.default_rng(1)
    table = pa.table(
        {
            "row": np.sort(draw.integers(0, 9_000, 70_000, np.uint64)),
            "partition": draw.integers(0, 1 << 32, 70_000, np.uint32),
            "told": [None if n % 3 else f"{n}" for n in range(70_000)],
        }
    )
    workspace = Workspace(tmp_path)
    shuffle.lay(workspace, "a", table)
    found = []
    for partition in range(partitions):
        low, high = (number * shuffle.ALL // partitions for number in (partition, partition + 1))
        part = pl.DataFrame(shuffle.part(workspace, "a", low, high))
        assert part["row"].is_sorted()
        assert all(low <= value < high for value in part["partition"])
        found.append(part)
    columns = table.column_names
    assert pl.concat(found).sort(columns).equals(pl.DataFrame(table).sort(columns))


def test_a_part_reads_little_else(tmp_path: Path) -> None:
    """A table lies in groups of rows of which each holds few partitions, so that a reduce need not read the others."""
    draw = np.random.default_rng(1)
    values = draw.integers(0, 1 << 32, 300_000, np.uint32)
    workspace = Workspace(tmp_path)
    shuffle.lay(workspace, "a", pa.table({"row": np.arange(300_000, dtype=np.uint64), "partition": values}))
    facts = pq.read_metadata(tmp_path / "a.parquet")
    spans = [facts.row_group(n).column(1).statistics for n in range(facts.num_row_groups)]
    assert len(spans) == 5
    assert all(one.max - one.min < (1 << 32) / 4 for one in spans)


def test_what_a_reduce_would_hold_is_known(tmp_path: Path) -> None:
    """Numbers count by themselves, a table by its rows and columns, of which nulls take room, too, and by its texts."""
    workspace = _laid(tmp_path)
    assert shuffle.size(workspace, "a") == 20 * 9
    rows, nulls = np.arange(1_000, dtype=np.uint64), pa.nulls(1_000, pa.int64())
    shuffle.lay(workspace, "b", pa.table({"row": rows, "told": nulls}))
    assert shuffle.size(workspace, "b") == 16_000
    shuffle.lay(workspace, "c", pa.table({"row": rows, "told": ["long" * 1_000 + str(n) for n in range(1_000)]}))
    assert shuffle.size(workspace, "c") > 4_000_000


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    """A file that is cut short, or gone, is an error that names it and says what to do."""
    workspace = _laid(tmp_path)
    place = tmp_path / shuffle.beside("a")
    place.write_bytes(place.read_bytes()[:50])
    with pytest.raises(WorkspaceError, match=r"a\.arrow: damaged .*delete .*a\.parquet"):
        shuffle.part(workspace, "a", 0, 1 << 32)
    place.unlink()
    with pytest.raises(WorkspaceError, match="delete"):
        shuffle.part(workspace, "a", 0, 1 << 32)


def test_nothing_is_laid_down_too(tmp_path: Path) -> None:
    """Records without numbers make an empty part."""
    workspace = Workspace(tmp_path)
    rows = pa.array(np.arange(2, dtype=np.uint64))
    shuffle.lay(workspace, "b", pa.table({"row": rows, "partition": pa.array([[], []], pa.list_(pa.uint64()))}))
    assert len(shuffle.part(workspace, "b", 0, 1 << 32)) == 0
