"""text-dedup: its own command line, with two processes and its fastest hash."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys

import common
import pyarrow.parquet as pq


def main() -> None:
    source, target, folder = common.arguments()
    line = [sys.executable, "-m", "text_dedup.minhash", "--path", "parquet", "--data_files", source, "--split", "train",
            "--column", "text", "--cache_dir", folder / "cache", "--output", folder / "output",
            "--ngram", common.SHINGLE, "--num_perm", common.PERMUTATIONS, "--b", common.BANDS, "--r", common.ROWS,
            "--hash_func", "xxh3", "--min_length", common.SHINGLE, "--num_proc", common.PROCESSES,
            "--debug"]  # fmt: skip
    offline = os.environ | {"HF_HOME": str(folder / "hub"), "HF_HUB_OFFLINE": "1"}
    subprocess.run([str(part) for part in line], check=True, env=offline)
    union = pickle.loads((folder / "output" / "uf.pkl").read_bytes())
    parents = getattr(union, "parent", union)
    group_of = [find(parents, row) for row in range(pq.ParquetFile(source).metadata.num_rows)]
    common.write(group_of, target)


def find(parents: dict[int, int], row: int) -> int:
    while parents.get(row, row) != row:
        row = parents[row]
    return row


if __name__ == "__main__":
    main()
