"""How time, memory and disk grow with the corpus: `make bench-growth`.

usage: python benchmarks/growth.py [DOCUMENTS ...] [--detectors A,B] [--json FILE]

The corpora are short documents (60 words of the example corpus, drawn by rank as in real text), one in
fifty of which belongs to a family of eight near-copies that lie far apart.  All sizes are of the same
kind, so that the exponent, the slope of log(cost) over log(documents), says how the tool grows.  The
constant cost of starting is in the figures and lowers the slope: the last step is given apart.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import installed
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import watch
from corpus import DATA, ROW_GROUP, sentences

SIZES = (100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
WORDS = 60  # of a document
COPIES, FAMILY = 50, 8  # one document in 50 is of a family, which has about 8
CHANGED = 0.5  # of the copies, a word: two copies have J = 0.7, 0.84 or 1
SOURCES = 5_000
COSTS = {"wall": "wall s", "cpu": "CPU s", "memory": "memory (PSS)", "disk": "work folder"}


def main() -> None:
    """Make each corpus, scan it, remove it; then fit."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("documents", type=int, nargs="*", help=f"Sizes of the corpora ({SIZES}).")
    options.add_argument("--detectors", default="near_duplicate")
    options.add_argument("--json", type=Path, default=DATA / "growth.json", help="Where the figures go.")
    chosen = options.parse_args()
    chosen.json.parent.mkdir(exist_ok=True)
    installed.warm()
    print("documents     wall s    CPU s  docs/s  us CPU/doc  PSS MB   disk MB  bytes/doc   families found")
    measured = []
    for documents in chosen.documents or SIZES:
        measured.append(measure(documents, chosen.detectors, chosen.json.parent))
        print(as_line(measured[-1]), flush=True)
    exponents = {name: fitted(measured, name) for name in COSTS} if len(measured) > 1 else {}
    for name, (all_sizes, last) in exponents.items():
        print(
            f"exponent of {COSTS[name]}: {all_sizes:.3f} over all sizes, {last:.3f} from the last but one to the last"
        )
    chosen.json.write_text(json.dumps({"sizes": measured, "exponents": exponents}, indent=1))


def measure(documents: int, detectors: str, place: Path) -> dict[str, float]:
    """Scan a corpus of that size, made in the folder `place`; its cost and what was found."""
    with tempfile.TemporaryDirectory(dir=place) as name:
        corpus, out = Path(name) / "corpus.parquet", Path(name) / "out"
        families = make(documents, corpus)
        need = 2 * corpus.stat().st_size
        if shutil.disk_usage(name).free < need:
            sys.exit(f"{documents:,} documents need about {need / 1e9:.0f} GB more disk")
        line = [sys.executable, "-m", "corpusscan", "scan", corpus, "-o", out, "--detectors", detectors]
        cost = watch.run([*line, "--seed", "1", "--quiet"], Path(name) / "log", limit=7200, folder=out)
        if cost.code not in (0, 1):
            sys.exit(f"the scan of {documents:,} documents ended with {cost.code}: {cost.error}")
        groups = pq.read_table(out / "groups.parquet", columns=["documents"])
        shards = pq.read_table(out / "coverage.parquet").num_rows
    return asdict(cost) | {"documents": documents, "families": families, "groups": len(groups), "shards": shards}


def as_line(row: dict[str, float]) -> str:
    """A size's line of the table."""
    documents, wall, cpu, memory, disk = (row[key] for key in ("documents", *COSTS))
    return (
        f"{documents:10,.0f} {wall:9.1f} {cpu:8.1f} {documents / wall:7,.0f} {cpu / documents * 1e6:11.1f}"
        f" {memory / 1e6:7,.0f} {disk / 1e6:9,.0f} {disk / documents:10,.0f}   {row['groups']:,} of {row['families']:,}"
    )


def fitted(rows: list[dict[str, float]], cost: str) -> tuple[float, float]:
    """The slope of log(cost) over log(documents), by least squares over all sizes and between the last two."""
    sizes, costs = (np.log([row[key] for row in rows]) for key in ("documents", cost))
    last = (costs[-1] - costs[-2]) / (sizes[-1] - sizes[-2])
    return float(np.polyfit(sizes, costs, 1)[0]), float(last)


def make(documents: int, path: Path, seed: int = 1) -> int:
    """Write a corpus; how many families have five members and more."""
    draw = np.random.default_rng(seed)
    words = vocabulary()
    chances = chances_of(words)
    originals = drawn(draw, chances, max(1, documents // (COPIES * FAMILY)))
    members = np.zeros(len(originals), np.int64)
    schema = pa.schema([("id", pa.string()), ("text", pa.string()), ("source", pa.string())])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for start in range(0, documents, ROW_GROUP):
            count = min(ROW_GROUP, documents - start)
            chosen = drawn(draw, chances, count)
            copies = np.flatnonzero(draw.random(count) < 1 / COPIES)
            family = draw.integers(0, len(originals), len(copies))
            changed = np.flatnonzero(draw.random(len(copies)) < CHANGED)
            places = draw.integers(0, WORDS, len(changed))
            new = chosen[copies[changed], places]
            chosen[copies] = originals[family]
            chosen[copies[changed], places] = new
            np.add.at(members, family, 1)
            writer.write_table(table(words, chosen, start, draw.integers(0, SOURCES, count)), row_group_size=count)
    return int((members >= 5).sum())


def chances_of(words: pa.Array) -> np.ndarray:
    """The cumulated chance of each word, by Zipf's law, without a word in every tenth place."""
    weights = 1 / (np.arange(len(words)) + 20)
    return np.cumsum(weights / weights.sum())


def drawn(draw: np.random.Generator, chances: np.ndarray, documents: int, words: int = WORDS) -> np.ndarray:
    """The words of some documents, as numbers: documents x words."""
    return np.searchsorted(chances, draw.random((documents, words))).clip(0, len(chances) - 1)


def table(words: pa.Array, chosen: np.ndarray, start: int, sources: np.ndarray) -> pa.Table:
    """A row group."""
    offsets = pa.array(np.arange(len(chosen) + 1) * chosen.shape[1], pa.int32())
    parts = pa.ListArray.from_arrays(offsets, words.take(pa.array(chosen.ravel())))
    numbers = [f"d{start + place}" for place in range(len(chosen))]
    hosts = [f"h{source}.example" for source in sources]
    return pa.table({"id": numbers, "text": pc.binary_join(parts, " "), "source": hosts})


def vocabulary() -> pa.Array:
    """The words of the example corpus that are written with spaces, most frequent first."""
    text = " ".join(sentence for pool in sentences() for sentence in pool).lower()
    counts = pc.value_counts(pa.array(re.findall(r"[^\W\d_]{2,15}", text)))
    order = pc.sort_indices(counts, [("counts", "descending"), ("values", "ascending")])
    return counts.take(order).field("values")


if __name__ == "__main__":
    main()
