"""What maps leave for reduces: every number reaches the reduce of its partition, once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
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


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    """A file that is cut short, or gone, is an error that names it and says what to do."""
    workspace = _laid(tmp_path)
    place = shuffle.place(workspace, "a")
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
