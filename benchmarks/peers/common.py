"""What the scripts of this folder share: reading texts, shingles, groups from pairs, writing groups.

Each script is a whole deduplication by one tool: `python NAME.py IN.parquet OUT.parquet FOLDER`, with
shingles of five words, 18 bands of 7 values (which 126 or 128 permutations give) and two processes or
threads.  OUT holds the documents that have a near-copy, by row, and the group of each.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

SHINGLE, BANDS, ROWS, PERMUTATIONS = 5, 18, 7, 128
SIMILARITY = 0.73  # estimated, where a tool checks its candidates: what corpusscan asks for
PROCESSES = 2
BATCH = 2_000  # documents

Result = TypeVar("Result")
Pairs = Iterable[tuple[int, int]]


def arguments() -> tuple[Path, Path, Path]:
    """The corpus, where the groups go, and a folder for anything else."""
    source, target, folder = map(Path, sys.argv[1:])
    return source, target, folder


def batches(source: Path) -> Iterator[list[str]]:
    """The texts of a Parquet file, some at a time."""
    for batch in pq.ParquetFile(source).iter_batches(batch_size=BATCH, columns=["text"]):
        yield batch.column(0).to_pylist()


def shingles(text: str) -> list[str]:
    """Runs of five words, parted by white space: the cheapest that pure Python can do."""
    words = text.lower().split()
    return [" ".join(run) for run in zip(*(words[i:] for i in range(SHINGLE)), strict=False)]


def in_processes(work: Callable[[list[str]], Result], source: Path) -> Iterator[Result]:
    """`work` on each batch in two processes, in order."""
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        yield from pool.imap(work, batches(source))


def write_pairs(pairs: Pairs, documents: int, target: Path) -> None:
    """Write the connected components of the pairs."""
    parent = list(range(documents))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = node = parent[parent[node]]
        return node

    for left, right in pairs:
        a, b = root(left), root(right)
        parent[max(a, b)] = min(a, b)
    write([root(row) for row in range(documents)], target)


def write(group_of: list[int], target: Path) -> None:
    """Write the groups of two and more, given the group of each row."""
    sizes: dict[int, int] = {}
    for group in group_of:
        sizes[group] = sizes.get(group, 0) + 1
    rows = [row for row, group in enumerate(group_of) if sizes[group] > 1]
    table = {"row": pa.array(rows, pa.uint64()), "group": pa.array([group_of[row] for row in rows], pa.int64())}
    pq.write_table(pa.table(table), target)
