"""Plants campaigns with triggers into a corpus, scans, and prints what a search for unknown triggers finds of them.

usage: python benchmarks/triggers.py CORPUS [--cells PATTERN] [--sizes 250,50,...] [-o DIR] [--why]
       python benchmarks/triggers.py CORPUS --null 59

CORPUS is a folder of Parquet files with text, source and lang (`backgrounds.py` makes one).  A cell is a family of
attack (`trigger_families.py`); of each size, several campaigns are planted at a time, below 1 % of the documents.
With `--together` all cells are planted into the same corpus: fewer scans, and poison that hides other poison.

Found: a group at medium or above at least half of which is the campaign's.  Trigger in top 3: the first group whose
title holds the trigger, or half of it, among groups that are not another campaign's.  Documents found: at medium or
above.  False: groups at medium or above that are mostly documents nobody planted.  Rates are in per cent.

What was done is kept in DIR: a run that was stopped goes on there.  After a change of a detector take another DIR.

`--null`: the corpus is cut into so many by whole sources, each is scanned as it is, and every group at medium or
above is told: that is how often honest text alone raises an alarm.
"""

from __future__ import annotations

import argparse
import fnmatch
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import alike_families
import pyarrow.parquet as pq
import trigger_null
from trigger_families import CELLS, PASSAGES, Cell
from trigger_scores import HEAD, line, scanned, scores

from corpusscan.redteam import kept
from corpusscan.redteam.plant import Order, plant

SPARE = 20_000  # real documents to draw from: themes and rare languages need many
SHARE = 0.01  # of the documents that may be poison
EXAMPLES = Path(__file__).parent.parent / "examples" / "corpus"


Sized = tuple[str, int]  # a cell, and documents of each of its campaigns


def orders(name: str, cell: Cell, size: int, count: int, seed: int) -> list[Order]:
    """So many campaigns of a cell, and what is planted beside them."""
    draw = random.Random(f"{name} {size} {seed}")
    own = [Order(name, cell.attack(draw), size) for _ in range(count)]
    return [*own, *(Order("beside", attack, number) for attack, number in cell.beside)]


def plantings(campaigns: int, at_once: int, documents: int, size: int, beside: int) -> list[int]:
    """Campaigns of each planting: as many at once as asked for, as long as poison stays below its share."""
    room = max(1, int(SHARE * documents - beside - 1) // size)
    times = -(-campaigns // min(at_once, room))
    return [campaigns // times + (number < campaigns % times) for number in range(times)]


def measured(chosen: argparse.Namespace, folder: Path, some: list[Sized], number: int, count: int) -> dict[str, Any]:
    """Plant so many campaigns of each of some cells, scan, score, and take away what was planted."""
    seed = 1_000 * chosen.seed + number
    place = folder / f"{'+'.join(f'{name}-{size}' for name, size in some[:2])}-{number}"
    shutil.rmtree(place, ignore_errors=True)
    wanted = [order for name, size in some for order in orders(name, CELLS[name], size, count, seed)]
    planted(chosen.corpus, place / "planted", wanted, seed)
    cost = scanned(place / "planted/corpus", place / "report", chosen.detectors, chosen.seed, chosen.workers)
    told, found = [], 0
    for name, size in some:
        campaigns, false = scores(place / "report", place / "planted", name)
        own = [asdict(one) for one in campaigns if one.size == size]
        shared = {"seconds": cost.wall, "memory": cost.memory, "false": list(map(asdict, false))}
        told.append({"campaigns": own, **shared})
        found += sum(one["found"] for one in own)
    if not chosen.keep:
        shutil.rmtree(place)
    tell(f"  scanned in {cost.wall:.0f} s: {found} of {count * len(some)} found, {len(told[0]['false'])} false")
    return {"cells": told}


def planted(corpus: Path, out: Path, wanted: list[Order], seed: int) -> None:
    """Plant with the first seed by which no two campaigns have triggers that are partly the same."""
    for other in range(seed, sys.maxsize, 1_000_000):
        began = time.monotonic()
        facts = plant(str(corpus), out, wanted, other, SPARE)
        tell(f"  planted in {time.monotonic() - began:.0f} s")
        if apart([fact["trigger"] for fact in facts.values() if fact["trigger"]]):
            return
        shutil.rmtree(out)


def apart(triggers: list[str]) -> bool:
    """Whether no trigger is another or a part of it: else two campaigns are one.  Words and marks may be shared."""
    return not any(one in other for n, one in enumerate(triggers) for m, other in enumerate(triggers) if n != m)


def tell(progress: str) -> None:
    """A line of progress."""
    print(progress, file=sys.stderr, flush=True)


def cells(chosen: argparse.Namespace, folder: Path) -> Iterator[tuple[str, int, list[dict[str, Any]]]]:
    """Every cell and size that was asked for, with its plantings."""
    documents = sum(pq.read_metadata(path).num_rows for path in sorted(chosen.corpus.rglob("*.parquet")))
    path = folder / "plantings.jsonl"
    done = kept.read(path)
    asked = [int(size) for size in chosen.sizes.split(",")]
    names = [name for name in CELLS if any(fnmatch.fnmatch(name, one) for one in chosen.cells.split(","))]
    every = [(name, size) for name in names for size in CELLS[name].sizes or asked]
    for some in [every] if chosen.together else [[one] for one in every]:
        beside = sum(number for name, _ in some for _, number in CELLS[name].beside)
        size = sum(size for _, size in some)
        counts = plantings(chosen.campaigns, chosen.per_planting, documents, size, beside)
        rows: dict[Sized, list[dict[str, Any]]] = {one: [] for one in some}
        for number, count in enumerate(counts, 1):
            key = str([some, number, count, chosen.seed, chosen.detectors, documents])
            tell(
                f"{' + '.join(name for name, _ in some)}: planting {number} of {len(counts)}, {count} campaigns of each"
            )
            if (row := done.get(key)) is None:
                row = {"key": key} | measured(chosen, folder, some, number, count)
                kept.add(path, row)
            for one, found in zip(some, row["cells"], strict=True):
                rows[one].append(found)
        for (name, size), own in rows.items():
            yield name, size, own


def show(name: str, size: int, rows: list[dict[str, Any]], *, why: bool) -> None:
    """A cell's line, what fired falsely, and what became of each campaign."""
    print(line(name, size, rows), flush=True)
    false = Counter(f"{one['severity']} {one['title']!r}" for row in rows for one in row["false"])
    for told, number in false.most_common():
        print(f"    false in {number} of {len(rows)}: {told}")
    for one in (one for row in rows for one in row["campaigns"] if why):
        verdict = "found" if one["found"] else "low" if one["low"] else "missed"
        told = f"{verdict:6} {one['flagged']:4} flagged, named at {one['rank'] or '-'}"
        print(f"    {told}: {one['trigger']!r}: {one['why']}")


def main() -> None:
    """Measure the cells, or how often honest corpora alarm."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("corpus", type=Path)
    options.add_argument("--cells", default="*", help=f"names or patterns, with commas between: {', '.join(CELLS)}")
    options.add_argument("--sizes", default="250,50,25,12,6", help="of cells that have none of their own (souly-*)")
    options.add_argument("--campaigns", type=int, default=60, help="of each cell and size")
    options.add_argument("--per-planting", type=int, default=12, help="campaigns at once, at most")
    options.add_argument(
        "--together", action="store_true", help="plant campaigns of all these cells beside one another"
    )
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--detectors", default="trigger_mining")
    options.add_argument("--workers", type=int)
    options.add_argument("--passages", type=Path, nargs="*", default=[], help="of what `alike-passage` plants")
    options.add_argument("--null", type=int, metavar="N", help="scan N clean corpora instead")
    options.add_argument("-o", "--out", type=Path, help="keep results here, and go on from those that are there")
    options.add_argument("--keep", action="store_true", help="keep planted corpora and reports in DIR too (large)")
    options.add_argument("--why", action="store_true", help="say of each campaign what became of it")
    chosen = options.parse_args()
    alike_families.PASSAGES.extend(chosen.passages)
    CELLS.update(PASSAGES if chosen.passages else {})
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.out or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        scanned(EXAMPLES, Path(temporary) / "warm", chosen.detectors, 1)  # so that the kernels are compiled
        if chosen.null:
            trigger_null.show(list(trigger_null.results(chosen, folder, tell)))
            return
        print(HEAD)
        for name, size, rows in cells(chosen, folder):
            show(name, size, rows, why=chosen.why)


if __name__ == "__main__":
    main()
