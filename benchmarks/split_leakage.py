"""Leakage between splits: what honest sets have when they are split at random, and what is found of rows that we leak.

    python benchmarks/split_leakage.py FILE.jsonl[.zst] ...

Each file is split nine to one.  Then as many rows of the smaller part as `--leak` says are replaced by rows of the
larger one: a third of them equal, a third with one word in fifty exchanged, a third with one in twenty.  A line for
each file: rows, leaked by itself, found of each third with exact intervals, documents flagged.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from pathlib import Path

import orjson
import polars as pl
import zstandard

from corpusscan import audit, config
from corpusscan.kernels.intervals import interval
from corpusscan.report import Report

DETECTORS = ("exact_duplicate", "near_duplicate", "split_leakage")


def rows(path: Path, most: int, rng: random.Random) -> list[dict]:
    """Some rows of a file, id and text alone, those of a hundred characters and more."""
    with zstandard.open(path, "rt") if path.suffix == ".zst" else path.open() as file:
        known = [orjson.loads(line) for line in file]
    fit = [{"id": one["id"], "text": one["text"]} for one in known if len(one["text"]) >= 100]
    rng.shuffle(fit)
    return fit[:most]


def changed(text: str, rng: random.Random, each: int) -> str:
    """One word in so many is another word of the text; of shorter texts one word."""
    words = text.split()
    for place in rng.sample(range(len(words)), max(len(words) // each, 1)):
        words[place] = rng.choice(words)
    return " ".join(words)


def scan(train: list[dict], test: list[dict]) -> Report:
    """The scan of these splits."""
    folder = Path(tempfile.mkdtemp())
    for name, split in (("train", train), ("test", test)):
        (folder / "set").mkdir(exist_ok=True)
        (folder / "set" / f"{name}.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in split))
    options = config.build({"seed": 1, "detectors": DETECTORS, "workers": 1}, "benchmark")
    return audit.run([str(folder / "set")], folder / "out", options, lambda _: None)


def found(report: Report) -> set[int]:
    """Rows of the test split that are told."""
    told = report.findings.filter(pl.col("detector") == "split_leakage").collect()
    return set(told["row"])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--leak", type=int, default=300)
    given = parser.parse_args()
    for path in given.files:
        rng = random.Random(1)
        known = rows(path, given.rows, rng)
        border = len(known) * 9 // 10
        train, test = known[:border], known[border:]
        honest = scan(train, test)
        by_itself = found(honest)
        free = [n for n in range(len(test)) if n not in by_itself]
        places = rng.sample(free, min(given.leak, len(free)) // 3 * 3)
        leaked = [dict(row) for row in test]
        for number, place in enumerate(places):
            text = train[rng.randrange(border)]["text"]
            leaked[place]["text"] = text if number % 3 == 0 else changed(text, rng, (50, 20)[number % 3 - 1])
        seen = found(scan(train, leaked))
        cells = [path.name, len(known), f"{len(by_itself)} of {len(test)}"]
        for part in (places[::3], places[1::3], places[2::3]):
            hit = sum(place in seen for place in part)
            low, high = interval(hit, len(part), 0.025)
            cells.append(f"{hit} of {len(part)} [{low:.1%}, {high:.1%}]")
        print("|", " | ".join(map(str, [*cells, honest.summary["flagged_documents"]])), "|", flush=True)


if __name__ == "__main__":
    main()
