"""Some rows of a shard, read again: the same as when all were read."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from corpusscan import io
from corpusscan.config import Columns

PLAIN = st.builds(lambda number: json.dumps({"id": str(number), "text": f"text {number}"}), st.integers(0, 999))
LINES = st.one_of(
    PLAIN,
    PLAIN,
    st.sampled_from(
        [
            "", "  \t", "no json", "[1, 2]", '{"text": "a", "text": "b"}', '{"text": "\\ud800"}', '{"n": 1}',
            '{"text": "caf\\u00e9", "id": "x", "more": [{"a": {}}]}', '{"id": null, "text": 5}', '{"text": "x"',
        ]
    ),
)  # fmt: skip


def read(path: Path, wanted: list[int] | None) -> list[list[dict[str, Any]]]:
    """Documents, texts and anomalies of all shards."""
    tables: list[list[dict[str, Any]]] = [[], [], []]
    for shard in io.plan([str(path)], Columns(), path.parent / "out").shards:
        rows = None if wanted is None else np.array(wanted, np.uint64)
        for batch in io.read(shard, Columns(), 2**20, bytes(32), io.Account(), rows):
            for table, part in zip(tables, (batch.documents, batch.texts, batch.anomalies), strict=True):
                table.extend(part.to_pylist())
    return tables


def check(path: Path, rows: set[int]) -> None:
    """Reads all and some; what is said of these is the same."""
    whole = [[row for row in table if row["row"] in rows] for table in read(path, None)]
    assert read(path, sorted(rows)) == whole


@given(st.lists(LINES, min_size=1, max_size=60), st.sets(st.integers(0, 70)))
@example([json.dumps({"text": str(n)}) for n in range(60)], {0, 17, 18, 59})
@settings(max_examples=60)
def test_wanted_lines(lines: list[str], rows: set[int]) -> None:
    """Whatever the other lines are: blank, broken, with other keys or with keys that are repeated."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.jsonl"
        path.write_text("\n".join([*lines, '{"text": "last"}']))
        check(path, rows)


@pytest.mark.parametrize("rows", [set(), {0}, {2, 3, 8}, set(range(20)), {19}, {25}])
def test_wanted_rows_of_a_table(tmp_path: Path, rows: set[int]) -> None:
    """Groups of rows in which none is wanted are passed over."""
    texts = [None if n % 7 == 3 else f"text {n}" for n in range(20)]
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": [str(n) for n in range(20)], "text": texts}), path, row_group_size=3)
    check(path, rows)


@pytest.mark.parametrize("kind", [pl.String, pl.Categorical])
@pytest.mark.parametrize("rows", [{0}, {2, 3, 8}, {19}])
def test_wanted_rows_of_views(tmp_path: Path, rows: set[int], kind: Any) -> None:
    """Polars writes strings as views, from which Arrow takes none: they are read again all the same."""
    texts = pl.Series([f"text {n}" for n in range(20)], dtype=kind)
    path = tmp_path / "a.feather"
    pl.DataFrame({"id": [str(n) for n in range(20)], "text": texts}).write_ipc(path, record_batch_size=6)
    check(path, rows)
