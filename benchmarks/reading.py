"""Reading speed as a ratio to the bare decoder: `python benchmarks/reading.py FILE.jsonl[.gz|.zst]`.

JSON Lines: our reader over all shards against `orjson.loads` over the same lines.  Parquet: our
reader against pyarrow reading the same columns of the same row groups.  One process, one thread;
ours and theirs in turn, so that a busy machine slows both; medians, after a warm-up.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from corpusscan import io
from corpusscan.config import Columns
from corpusscan.io.layout import compression
from corpusscan.io.rows.columns import Layout

AIMS = {"jsonl": 2.5, "parquet": 1.2}
MAX_DOCUMENT = 16 * 2**20


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("file", type=Path)
    options.add_argument("--records", type=int, help="Read so many records; the file is repeated where it has fewer.")
    options.add_argument("--runs", type=int, default=5)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lines = load(chosen.file, chosen.records)
        jsonl, parquet = Path(folder) / "a.jsonl", Path(folder) / "a.parquet"
        jsonl.write_bytes(b"\n".join(lines) + b"\n")
        pq.write_table(table(lines), parquet, row_group_size=10_000)
        size = jsonl.stat().st_size
        print(f"{len(lines):,} records, {size / 1e6:,.0f} MB of JSON, {size / len(lines):,.0f} bytes each")
        compare("jsonl", size, chosen.runs, lambda: ours(jsonl), partial(decode, lines))
        compare("parquet", size, chosen.runs, lambda: ours(parquet), lambda: row_groups(parquet))
        print(f"peak resident memory of reading alone: {alone(jsonl)} (JSON Lines), {alone(parquet)} (Parquet)")


def load(path: Path, records: int | None) -> list[bytes]:
    """The lines of a file."""
    with path.open("rb") as file:
        kind = compression.kind_of(file.read(4))
    lines = [line for line in b"".join(compression.blocks(path, kind)).split(b"\n") if line]
    if records is None:
        return lines
    return (lines * (records // len(lines) + 1))[:records]


def table(lines: list[bytes]) -> pa.Table:
    """The columns of plain values."""
    parsed = [orjson.loads(line) for line in lines]
    columns = {}
    for name in parsed[0]:
        values = [record.get(name) for record in parsed]
        if all(value is None or isinstance(value, str | int | float) for value in values):
            columns[name] = pa.array(values)
        else:
            print(f"column {name!r} is nested: left out of the Parquet file")
    return pa.table(columns)


def ours(path: Path) -> None:
    for shard in io.plan([str(path)], Columns(), None).shards:
        for _ in io.read(shard, Columns(), MAX_DOCUMENT, bytes(32), io.Account()):
            pass


def decode(lines: list[bytes]) -> None:
    for line in lines:
        orjson.loads(line)


def row_groups(path: Path) -> None:
    file = pq.ParquetFile(path, memory_map=True)
    used = list(Layout.of(file.schema_arrow.names, Columns()).used)
    for group in range(file.num_row_groups):
        file.read_row_group(group, columns=used, use_threads=False)


def compare(name: str, size: int, runs: int, mine: Callable[[], None], bare: Callable[[], None]) -> None:
    pairs = [(clock(mine), clock(bare)) for _ in range(runs + 1)][1:]  # the first warms caches and kernels
    seconds, bare_seconds = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratios = np.array([a / b for a, b in pairs])
    print(
        f"{name:8} {seconds:6.3f} s ({size / seconds / 1e6:5.0f} MB/s of JSON) against {bare_seconds:6.3f} s:"
        f" {np.median(ratios):.2f} times (from {ratios.min():.2f} to {ratios.max():.2f}; aim {AIMS[name]})"
    )


def clock(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def peak() -> int:
    """Peak resident memory of this process in KiB (Linux)."""
    return int(re.findall(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[0])


def alone(path: Path) -> str:
    """Peak resident memory of a fresh process that reads `path`, and what it stood at before."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[2]); import reading; from pathlib import Path\n"
        "before = reading.peak(); reading.ours(Path(sys.argv[1])); print(before, reading.peak())"
    )
    arguments = [sys.executable, "-c", code, str(path), str(Path(__file__).parent)]
    before, after = map(int, subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.split())
    return f"{after / 1024:.0f} MiB ({before / 1024:.0f} before)"


if __name__ == "__main__":
    main()
