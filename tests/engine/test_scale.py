"""The schedule of a corpus that nobody has: tasks are counted right, and one part's share is its share."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa

from corpusscan.engine.wave import by_shard

ROOT = Path(__file__).parents[2]
SHARDS = 1_100


def _told(*more: str) -> str:
    line = [sys.executable, str(ROOT / "benchmarks/plan_scale.py"), "--shards", str(SHARDS), "--named", "50", "--left"]
    done = subprocess.run(
        [*line, "0.01", *more], capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_schedule_of_many_shards_is_simulated() -> None:
    """Every shard is read once, again where documents were named, and for looks at the sample, a small part of each; a
    finished scan and a part add nothing."""
    maps = int(re.search(r"Map +([\d,]+) tasks", _told())[1].replace(",", ""))
    assert SHARDS < maps < 6 * SHARDS
    assert "Map" not in _told("--again")
    assert "all steps are done" in _told("--again", "--part", "3/100")
    part = _told("--part", "3/100")
    assert f"Map             {SHARDS // 100} tasks" in part
    assert "its share of scanning is done (11 tasks now), more than 1000 tasks of other parts are not" in part


def test_named_rows_are_parted_by_shard() -> None:
    """Each shard has its rows, ascending and each once; a table without rows names none."""
    draw = np.random.default_rng(1)
    shards, rows = draw.integers(40, size=500).astype(np.uint32), draw.integers(30, size=500).astype(np.uint64)
    found = by_shard(pa.table({"shard": shards, "row": rows}))
    assert {shard: own.tolist() for shard, own in found.items()} == {
        shard: sorted(set(rows[shards == shard].tolist())) for shard in sorted(set(shards.tolist()))
    }
    assert by_shard(pa.table({"shard": shards[:0], "row": rows[:0]})) == {}
