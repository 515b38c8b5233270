"""What the detectors find and what they flag by mistake, on labelled JSON Lines (field `is_attack`: true, false, null).

usage: python benchmarks/detection.py FOLDER ... [--apart NAME ...]

Prints, per file: documents, attacks found at medium or above and at low or above, and clean documents
flagged; then for all clean documents the rate per million with its 95 % Clopper-Pearson interval, and
what fired.  Files whose name contains a NAME given to --apart are counted, but not in that rate.
"""

from __future__ import annotations

import argparse
import io
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import zstandard

import corpusscan
from corpusscan.redteam.evaluate import rate
from corpusscan.schema import FLAGGED


def labels(path: Path) -> Iterator[bool | None]:
    """`is_attack` of every record."""
    stream = zstandard.open(path, "rb") if path.suffix == ".zst" else path.open("rb")
    with stream as raw:
        for line in io.BufferedReader(raw):  # type: ignore[type-var]
            if line.strip():
                yield json.loads(line).get("is_attack")


def share(hits: int, trials: int) -> str:
    """A recall with its interval."""
    if not trials:
        return "-"
    found = rate(hits, trials)
    return f"{hits}/{trials} = {found.rate:.1%} [{found.low:.1%}, {found.high:.1%}]"


def main() -> None:
    """Scan every folder and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--apart", nargs="*", default=[])
    arguments = parser.parse_args()
    clean_total, clean_flagged = 0, 0
    fired: Counter[str] = Counter()
    for folder in arguments.folders:
        with tempfile.TemporaryDirectory() as out:
            report = corpusscan.scan(str(folder), out, seed=1)
            documents = report.documents.select("file", "row", "severity").collect()
            findings = (
                report.findings.filter(pl.col("severity").is_in(FLAGGED))
                .select("file", "row", "group")
                .unique()
                .collect()
            )
        for path in sorted(path for path in folder.rglob("*") if ".jsonl" in path.name):
            name = path.relative_to(folder).as_posix()
            mine = documents.filter(pl.col("file") == name)
            low = set(mine.filter(pl.col("severity") != "info")["row"])
            flagged = set(mine.filter(pl.col("severity").is_in(FLAGGED))["row"])
            truth = list(labels(path))
            attacks = {row for row, label in enumerate(truth) if label}
            clean = {row for row, label in enumerate(truth) if label is False}
            print(f"{name}: {len(truth)} documents")
            if attacks:
                print(f"    found at medium or above {share(len(attacks & flagged), len(attacks))}")
                print(f"    found at low or above    {share(len(attacks & low), len(attacks))}")
            if clean:
                print(f"    clean documents flagged  {len(clean & flagged)} of {len(clean)}")
            if not any(part in name for part in arguments.apart):
                clean_total, clean_flagged = clean_total + len(clean), clean_flagged + len(clean & flagged)
            bad = findings.filter((pl.col("file") == name) & pl.col("row").is_in(sorted(clean & flagged)))
            fired.update(f"{name} {group}" for group in bad["group"])
    clean_rate = rate(clean_flagged, clean_total)
    per_million, low_end, high_end = (1e6 * (x or 0) for x in (clean_rate.rate, clean_rate.low, clean_rate.high))
    print(f"\nclean documents flagged: {clean_flagged} of {clean_total}", end="")
    print(f" = {per_million:.1f} per million [{low_end:.1f}, {high_end:.1f}]")
    for name, count in fired.most_common():
        print(f"    {count:5} {name}")


if __name__ == "__main__":
    main()
