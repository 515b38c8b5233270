"""corpusscan as a user runs it, with the detectors named as the last argument; then its groups of near-copies.

Groups of fewer than five documents are not reported, and the 10,000 largest at the most.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl


def main() -> None:
    source, target, folder, detectors = sys.argv[1:]
    out = Path(folder) / "report"
    line = [sys.executable, "-m", "corpusscan", "scan", source, "-o", str(out), "--detectors", detectors, "--quiet"]
    code = subprocess.run([*line, "--overwrite", "--seed", "1", "--no-excerpts"], check=False).returncode
    if code not in (0, 1):
        sys.exit(code)
    groups = pl.read_parquet(out / "groups.parquet").filter(pl.col("detector") == "near_duplicate")
    members = pl.read_parquet(out / "members.parquet").filter(pl.col("group").is_in(groups["group"].to_list()))
    numbered = members.select("row", pl.col("group").rank("dense").cast(pl.Int64))
    numbered.unique().sort("row").write_parquet(target)


if __name__ == "__main__":
    main()
