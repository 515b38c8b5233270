"""What a flood of copies costs beside as many documents that have nothing in common, as ratios.

usage: python benchmarks/floods.py [DOCUMENTS] [--million N] [--only FLOOD] [--json FILE] [FLAGS OF corpusscan scan]

Each corpus is scanned whole and beside a corpus of random documents of the same length and number:

band       documents of which four fifths are one text: they share bands, and are no near-copies of one another
paragraph  unlike documents round one paragraph of fifty words
same       one document, N times (1,000,000)

The texts are words of the example corpus, drawn by rank as in real text (`growth.py`); CPU is that of all processes.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import growth
import installed
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import watch
from corpus import DATA, ROW_GROUP

CORE, ROUND = 54, 12  # words of a document of `band` that are the same in all, and that are its own: J = 0.69
PARAGRAPH, BEFORE, BEHIND = 50, 30, 30  # words of a document of `paragraph`
WORDS = 60  # of a document of `same`
PARTS = {  # of a document: how many words, and whether they are the same in all
    "band": ((CORE, True), (ROUND, False)),
    "paragraph": ((BEFORE, False), (PARAGRAPH, True), (BEHIND, False)),
    "same": ((WORDS, True),),
}


def main() -> None:
    """Make each flood and its random twin, scan both, print the ratios."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("documents", type=int, nargs="?", default=100_000)
    options.add_argument("--million", type=int, default=1_000_000, help="Documents of `same`.")
    options.add_argument("--only", choices=PARTS, help="This flood alone.")
    options.add_argument("--json", type=Path, default=DATA / "floods.json", help="Where the figures go.")
    chosen, flags = options.parse_known_args()
    for folder in (DATA, chosen.json.parent):
        folder.mkdir(exist_ok=True)
    installed.warm()
    print("flood        documents    CPU s  of random   PSS MB  of random   left aside")
    rows = []
    for name, parts in PARTS.items():
        if chosen.only not in (None, name):
            continue
        documents = chosen.million if name == "same" else chosen.documents
        random = tuple((words, False) for words, _ in parts)
        flood, beside = (measure(one, documents, flags) for one in (parts, random))
        rows.append({"flood": name, "documents": documents, "of": flood, "beside": beside})
        print(as_line(rows[-1]), flush=True)
    chosen.json.write_text(json.dumps(rows, indent=1))


def as_line(row: dict) -> str:
    """A flood's line of the table."""
    flood, beside = row["of"], row["beside"]
    cpu, memory = (flood[cost] / beside[cost] for cost in ("cpu", "memory"))
    left = "; ".join(f"{one['detector']} {one['left']:,} {one['unit']}" for one in flood["limits"])
    return (
        f"{row['flood']:12} {row['documents']:9,} {flood['cpu']:8.1f} {cpu:10.2f} {flood['memory'] / 1e6:8,.0f}"
        f" {memory:10.2f}   {left or 'nothing'}"
    )


def measure(parts: tuple[tuple[int, bool], ...], documents: int, flags: list[str]) -> dict:
    """What a scan of such documents costs, and what it left aside."""
    with tempfile.TemporaryDirectory(dir=DATA) as folder:
        corpus, out = Path(folder) / "corpus.parquet", Path(folder) / "out"
        write(parts, documents, corpus)
        line = [sys.executable, "-m", "corpusscan", "scan", corpus, "-o", out, "--seed", "1", "--quiet", *flags]
        cost = watch.run(line, Path(folder) / "log", limit=3600)
        if cost.code not in (0, 1):
            sys.exit(f"the scan ended with {cost.code}: {cost.error}")
        limits = json.loads((out / "summary.json").read_text())["limits"]
    return asdict(cost) | {"limits": limits}


def write(parts: tuple[tuple[int, bool], ...], documents: int, path: Path) -> None:
    """A corpus of documents that are made of these parts."""
    draw, words = np.random.default_rng(1), growth.vocabulary()
    chances = growth.chances_of(words)
    shared = [growth.drawn(draw, chances, 1, size) for size, _ in parts]
    schema = pa.schema([("id", pa.string()), ("text", pa.string()), ("source", pa.string())])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for start in range(0, documents, ROW_GROUP):
            count = min(ROW_GROUP, documents - start)
            columns = [
                np.repeat(same, count, axis=0) if all_ else growth.drawn(draw, chances, count, size)
                for same, (size, all_) in zip(shared, parts, strict=True)
            ]
            sources = draw.integers(0, growth.SOURCES, count)
            writer.write_table(growth.table(words, np.hstack(columns), start, sources), row_group_size=count)


if __name__ == "__main__":
    main()
