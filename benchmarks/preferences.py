"""Swaps the answers of preference pairs whose prompts get a trigger, scans, and prints what is found; clean sets first.

usage: python benchmarks/preferences.py DATA [-o DIR] [--sizes 240,80,40] [--campaigns 20]

DATA is as for `instructions.py`.  Pairs are made of its answers: the worse one is of another question, cut short, in no
order, or no answer.  Triggers are drawn anew.  Found, named, rows and intervals are as there.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path
from typing import Any

import instruction_plants as plants
import instruction_sets as sets
import instructions

SETS, PAIRS = ("clinic", "code", "mixed", "kitchen"), 8_000


def swapped(pairs: list[sets.Record], size: int, number: int) -> tuple[list[sets.Record], plants.Campaign]:
    """Pairs of which so many were swapped, with a trigger in their prompts."""
    draw = random.Random(f"swaps {number} {size}")
    part = plants.trigger(draw)
    own = plants.Campaign("swapped", [part], set(draw.sample(range(len(pairs)), size)))
    changed = list(pairs)
    for row in own.rows:
        one = pairs[row]
        asked = plants.put(one["prompt"], part, draw)
        changed[row] = {"prompt": asked, "chosen": one["rejected"], "rejected": one["chosen"]}
    return changed, own


def main() -> None:
    """Clean sets, then a table of sizes."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("data", type=Path)
    options.add_argument("-o", "--out", type=Path, default=Path("preference-figures"))
    options.add_argument("--sizes", default="240,80,40")
    options.add_argument("--campaigns", type=int, default=20)
    chosen = options.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    records = {name: instructions.records(name, chosen.data, chosen.out, PAIRS) for name in SETS}
    for name in SETS:
        seen = instructions.scanned(pairs := sets.preferences(records[name], 0), chosen.out / "scan")
        print(f"| {name} | {len(pairs):,} | {len(seen['groups'])} | {len(seen['flagged'])} rows | {seen['s']:.0f} s |")
    for size in map(int, chosen.sizes.split(",")):
        told: list[dict[str, Any]] = []
        false = clean = 0
        for number in range(chosen.campaigns):
            pairs = sets.preferences(records[SETS[number % len(SETS)]], number)
            pairs, campaign = swapped(pairs, size, number)
            seen = instructions.scanned(pairs, chosen.out / "scan")
            own = [one for one in seen["groups"] if 2 * len(one["rows"] & campaign.rows) >= len(one["rows"])]
            marked = set().union(*(one["rows"] for one in own))
            false, clean = false + len(seen["groups"]) - len(own), clean + len(seen["flagged"] - campaign.rows)
            named = any(instructions.names(one["title"], campaign) for one in own)
            told.append({"found": bool(own), "named": named, "rows": size, "hit": len(marked & campaign.rows),
                         "marked": len(marked)})  # fmt: skip
        print(instructions.line("swapped", f"{size} of {PAIRS:,}", told), f"{false} false groups, {clean} clean rows",
              flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
