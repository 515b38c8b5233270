"""Plants every attack into a corpus, scans it, and prints what was found: `make detection CORPUS=FOLDER`.

usage: python benchmarks/redteam.py CORPUS [--count N] [--campaigns N] [--seed N] [-o FOLDER]

Attacks that a corpus cannot carry (no labels, no ids) are left out, and named.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import corpusscan
from corpusscan.errors import UsageError
from corpusscan.redteam.attacks import names
from corpusscan.redteam.evaluate import evaluate
from corpusscan.redteam.plant import Order, parse, plant
from corpusscan.redteam.table import render


def main() -> None:
    """Plant, scan, evaluate."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("corpus")
    options.add_argument("--count", type=int, default=50, help="documents of each campaign")
    options.add_argument("--campaigns", type=int, default=1, help="campaigns of each attack")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("-o", "--out", type=Path, help="keep the planted corpus and the report here")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.out or Path(temporary)
        orders = [parse(f"{name}={chosen.count}") for name in names() * chosen.campaigns]
        while not planted(chosen.corpus, folder / "planted", orders, chosen.seed):
            pass
        started = time.monotonic()
        report = corpusscan.scan(str(folder / "planted/corpus"), folder / "report", seed=chosen.seed)
        seconds = time.monotonic() - started
        print(render(evaluate(folder / "report", folder / "planted/truth.parquet")))
        print(f"\n{report.summary['totals']['documents']:,} documents, scanned in {seconds:.0f} s")


def planted(corpus: str, out: Path, orders: list[Order], seed: int) -> bool:
    """Plant the orders; where the corpus cannot carry one, take its attack out of `orders`."""
    try:
        plant(corpus, out, orders, seed)
    except UsageError as error:
        print(f"left out: {error}", file=sys.stderr)
        name = str(error).split(":")[0]
        kept = [order for order in orders if order.name != name]
        if len(kept) == len(orders):
            raise
        orders[:] = kept
        return False
    return True


if __name__ == "__main__":
    main()
