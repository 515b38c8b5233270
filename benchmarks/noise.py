"""Plants floods of noise into a corpus, scans, and prints what the detector of noise finds of each kind.

usage: python benchmarks/noise.py CORPUS [--half 0|1] [--plantings N] [--size N] [--documents N] [--seed N] [--clean]

CORPUS is a folder of Parquet files with text and source (`backgrounds.py` makes one).  It is cut in two by a hash of
each text: tune on half 0, report half 1.  A planting takes DOCUMENTS of the half and plants a campaign of every kind.

Found: a group at medium or above that holds at least half of the campaign, and at least half of which was planted.
Documents found: at medium or above.  Intervals are 95 % Clopper-Pearson.  `--clean` scans all of the half as it is,
in one piece, and tells every group, and every document of those at medium or above.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import polars as pl

import corpusscan
from corpusscan import schema
from corpusscan.redteam.attack import Attack, Poison, planted, text
from corpusscan.redteam.attacks.noise_flood import KINDS, NoiseFlood
from corpusscan.redteam.evaluate import Rate, rate
from corpusscan.redteam.plant import Order, plant
from corpusscan.redteam.world import World

MORE = ("frequent", "babble")  # noise of other attacks
SHOWN = 160  # characters of a clean document that is flagged
SPARE = 20_000  # real documents that noise is made of

Documents = set[int]


@dataclass(frozen=True)
class Flood(Attack):
    """Noise of a kind that `noise-flood` does not have."""

    paper: ClassVar[str] = NoiseFlood.paper
    attack: ClassVar[str] = NoiseFlood.attack

    kind: str = ""

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """New documents of as many tokens as there."""
        for _ in range(count):
            content = world.noise(self.kind, world.draw.randint(NoiseFlood.low, NoiseFlood.high))
            yield Poison(text(planted(content)), source=world.source())


def half(frame: pl.DataFrame, number: int) -> pl.DataFrame:
    """The documents of one half, by their text."""
    bit = frame["text"].map_elements(lambda one: hashlib.blake2b(one.encode(), digest_size=1).digest()[0] & 1, pl.Int64)
    return frame.filter(bit == number)


def orders(size: int) -> list[Order]:
    """One campaign of every kind."""
    floods = [*((kind, NoiseFlood(kind=kind)) for kind in KINDS), *((kind, Flood(kind)) for kind in MORE)]
    return [Order(kind, attack, size) for kind, attack in floods]


def scan(corpus: Path, out: Path, seed: int) -> tuple[float, pl.DataFrame, dict[str, Documents], Documents]:
    """Seconds, groups, members of each, and documents at medium or above."""
    began = time.monotonic()
    report = corpusscan.scan(str(corpus), str(out), detectors=["noise"], seed=seed, fail_on="critical")
    seconds = time.monotonic() - began
    if report.summary["detectors_not_run"]:
        raise SystemExit(f"the detector did not run: {report.summary['detectors_not_run']}")
    members: dict[str, Documents] = defaultdict(set)
    for group, row in report.members.select("group", "row").collect().iter_rows():
        members[group].add(row)
    flagged = report.documents.filter(pl.col("severity").is_in(schema.FLAGGED)).select("row").collect()
    return seconds, report.groups.collect(), members, set(flagged["row"].to_list())


def scored(frame: pl.DataFrame, folder: Path, size: int, seed: int) -> tuple[dict[str, tuple[bool, int]], Documents]:
    """Of each kind whether its campaign was found, and how many documents; clean documents that were flagged."""
    (folder / "clean").mkdir()
    frame.write_parquet(folder / "clean/part.parquet", row_group_size=20_000)
    plant(str(folder / "clean"), folder / "planted", orders(size), seed, SPARE)
    truth = pl.read_parquet(folder / "planted/truth.parquet")
    seconds, groups, members, flagged = scan(folder / "planted/corpus", folder / "report", seed)
    poison = set(truth["row"].to_list())
    suspect = [members[row["group"]] for row in groups.to_dicts() if row["severity"] in schema.FLAGGED]
    mostly = [one for one in suspect if 2 * len(one & poison) >= len(one)]
    told = {}
    for (campaign,), rows in truth.group_by("campaign"):
        mine = set(rows["row"].to_list())
        found = any(2 * len(one & mine) >= len(mine) for one in mostly)
        told[str(campaign).rpartition("-")[0]] = found, len(flagged & mine)
    print(
        f"seed {seed}: {len(frame):,} documents in {seconds:.0f} s, {len(flagged - poison)} clean flagged", flush=True
    )
    return told, flagged - poison


def percent(found: Rate) -> str:
    """A rate with its interval."""
    return f"{found.hits:4}/{found.trials:<4} {found.rate:6.1%} [{found.low:.1%}, {found.high:.1%}]"


def show(results: list[tuple[dict[str, tuple[bool, int]], Documents]], size: int, documents: int) -> None:
    """A line for each kind, and the clean documents."""
    print(f"{'kind':10} {'campaigns found':30}documents found")
    for kind in results[0][0]:
        found = [told[kind] for told, _ in results]
        campaigns = rate(sum(whole for whole, _ in found), len(found))
        print(f"{kind:10} {percent(campaigns):30}{percent(rate(sum(n for _, n in found), size * len(found)))}")
    false = rate(sum(len(clean) for _, clean in results), documents * len(results))
    print(
        f"clean documents flagged: {false.hits} of {false.trials:,}, at most {1e6 * (false.high or 0):.0f} per million"
    )


def clean(frame: pl.DataFrame, folder: Path, seed: int) -> None:
    """What honest text alone raises."""
    (folder / "clean").mkdir()
    frame.write_parquet(folder / "clean/part.parquet", row_group_size=20_000)
    seconds, groups, members, flagged = scan(folder / "clean", folder / "report", seed)
    for row in groups.to_dicts():
        print(f"{row['severity']}: {row['title']}, {row['documents']} documents, {row['sources']} sources")
        print(f"    {row['evidence']}")
        of: Any = members[row["group"]]
        for one in sorted(of)[:40]:
            print(f"    {frame['source'][one]}: {frame['text'][one][:SHOWN]!r}")
    found, low = rate(len(flagged), len(frame)), len(set().union(*members.values()))
    print(f"{len(frame):,} clean documents in {seconds:.0f} s: {found.hits} flagged, at most", end=" ")
    print(f"{1e6 * (found.high or 0):.0f} per million; {low} in any group ({1e6 * low / len(frame):.0f} per million)")


def main() -> None:
    """Plant and scan, or scan what is clean."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("corpus", type=Path)
    options.add_argument("--half", type=int, choices=(0, 1), default=1, help="0 to tune on, 1 to report")
    options.add_argument("--plantings", type=int, default=6, help="of one campaign of every kind each")
    options.add_argument("--size", type=int, default=50, help="documents of a campaign")
    options.add_argument("--documents", type=int, default=50_000, help="real documents of a planting")
    options.add_argument("--seed", type=int, default=1, help="of the first planting")
    options.add_argument("--clean", action="store_true", help="plant nothing")
    chosen = options.parse_args()
    frame = half(pl.read_parquet(sorted(chosen.corpus.rglob("*.parquet"))), chosen.half)
    with tempfile.TemporaryDirectory() as temporary:
        if chosen.clean:
            clean(frame, Path(temporary), chosen.seed)
            return
        results = []
        for seed in range(chosen.seed, chosen.seed + chosen.plantings):
            part = frame.sample(min(chosen.documents, len(frame)), seed=seed)
            (folder := Path(temporary) / str(seed)).mkdir()
            results.append(scored(part, folder, chosen.size, seed))
        show(results, chosen.size, min(chosen.documents, len(frame)))


if __name__ == "__main__":
    main()
