"""Tasks of BIG-bench as labelled and instruction sets that nobody planted anything into: what the label and answer
detectors say of them.

usage: pip download --no-deps bigbench==1.0.0 && tar xzf bigbench-1.0.0.tar.gz
       python benchmarks/unseen.py bigbench-1.0.0/bigbench/benchmark_tasks [--most 20000] [--tasks A,B] [--every]

Tasks of 300 examples and more, pictures and sums left out; of the sentiment sets, which are there in eleven languages
and ten cuts, one of each language and kind of text.  A task with at most 20 answers has labels, the others
instructions with outputs.  `--every`: all detectors, not only those of labels and answers.

For each task rows, seconds, groups at medium or above, rows flagged; then the sums.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
from labelled import rate

import corpusscan
from corpusscan import schema

DETECTORS = (
    "label_association", "form_association", "response_association", "label_flip", "label_conflict", "source_class",
)  # fmt: skip
LEFT_OUT = (
    "mnist", "cifar", "geometry", "arithmetic", "color__", "chess", "unit_conv", "dyck", "parenth", "ascii",
    "matrixshapes", "unnatural_in_context", "modified_arith", "tracking_shuf", "elementary_math",
)  # fmt: skip
EXAMPLES, CLASSES = 300, 20
Record = dict[str, str]


def main() -> None:
    """Scan every task."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("--most", type=int, default=20_000, help="Rows of a task.")
    options.add_argument("--tasks", default="", help="These tasks only, parted by commas.")
    options.add_argument("--every", action="store_true", help="All detectors.")
    chosen = options.parse_args()
    every = {"__".join(one.parent.relative_to(chosen.folder).parts): one for one in chosen.folder.rglob("task.json")}
    tasks, rows, flagged, named = 0, 0, 0, 0
    for name in [one for one in chosen.tasks.split(",") if one] or list(selected(every)):
        found = records(every[name])[: chosen.most]
        if len(found) >= EXAMPLES:
            began = time.perf_counter()
            titles, wrong, count = scanned(found, None if chosen.every else DETECTORS)
            tasks, rows, flagged, named = tasks + 1, rows + count, flagged + wrong, named + bool(titles)
            told = f"{name}: {count:,} rows, {time.perf_counter() - began:.0f} s, {wrong} flagged"
            print(told, *titles, sep="; ", flush=True)
    print(f"tasks with a group at medium or above {rate(named, tasks, 1)}; rows flagged {rate(flagged, rows, 3)}")


def selected(every: dict[str, Path]) -> Iterator[str]:
    """The tasks, in an order of their own."""
    names = sorted((one for one in every if not any(part in one for part in LEFT_OUT)), key=lambda one: f"{one}.jsonl")
    names = [one for one in names if len(records(every[one])) >= EXAMPLES]
    random.Random(5).shuffle(names)
    seen = set()
    for name in names:
        kind = (name.rsplit("_", 1)[-1], "_text_" in name)
        if name.startswith("multiemo"):
            if kind in seen:
                continue
            seen.add(kind)
        yield name


def records(path: Path) -> list[Record]:
    """The examples of a task as rows; none where they have no text."""
    try:
        examples = json.loads(path.read_text("utf-8")).get("examples", [])
    except ValueError:
        return []
    pairs = [(one["input"], _answer(one)) for one in examples if isinstance(one.get("input"), str)]
    names = ("text", "label") if len({answer for _, answer in pairs}) <= CLASSES else ("instruction", "output")
    return [dict(zip(names, pair, strict=True)) for pair in pairs]


def _answer(example: dict[str, object]) -> str:
    scores = example.get("target_scores")
    if isinstance(scores, dict):
        return str(max(scores, key=lambda one: scores[one]))
    target = example.get("target", "")
    return str((target or [""])[0] if isinstance(target, list) else target)


def scanned(found: list[Record], detectors: Sequence[str] | None) -> tuple[list[str], int, int]:
    """Groups and single findings at medium or above, rows flagged, rows."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "set.jsonl"
        path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in found), "utf-8")
        report = corpusscan.scan(str(path), f"{folder}/out", detectors=detectors, workers=1, seed=1, power="off")
        grave = pl.col("severity").is_in(schema.FLAGGED)
        groups = report.groups.filter(grave).collect()
        findings = report.findings.filter(grave).collect()
    rows = findings.select("row").unique()
    titles = [f"{one['detector']} {one['title']!r}" for one in groups.to_dicts()]
    single = findings.filter(pl.col("group").is_null()).group_by("detector", "rule").len().sort("detector", "rule")
    titles += [f"{one['detector']} {one['rule']}: {one['len']}" for one in single.to_dicts()]
    return titles, len(rows), report.summary["totals"]["documents"]


if __name__ == "__main__":
    main()
