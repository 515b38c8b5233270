"""The schedule of a corpus that nobody has: tasks are counted right, and one part's share is its share."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
from corpora import Script

from corpusscan.engine.wave import by_shard

ROOT = Path(__file__).parents[2]
SHARDS = 1_100


def test_the_schedule_of_many_shards_is_simulated(script: Script) -> None:
    """Every shard is read once, again where documents were named, and for looks at the sample, a small part of each; a
    finished scan and a part add nothing."""

    def told(*more: str) -> str:
        return script(ROOT / "benchmarks/plan_scale.py", "--shards", SHARDS, "--named", 50, "--left", 0.01, *more)

    maps = int(re.search(r"Map +([\d,]+) tasks", told())[1].replace(",", ""))
    assert SHARDS < maps < 6 * SHARDS
    assert "Map" not in told("--again")
    assert "all steps are done" in told("--again", "--part", "3/100")
    part = told("--part", "3/100")
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
