"""Plants campaigns of altered copies into real documents, scans, and prints what the detectors of copies find.

usage: python benchmarks/copies.py CORPUS [--seed N ...] [--detectors a,b] [--campaigns N] [--why]

Of every kind and of 20 and of 40 documents, CAMPAIGNS campaigns are planted at once.  An odd seed takes its texts
from one half of the corpus, an even one from the other: tune on odd seeds, report even ones.  Every document gets a
date in one year, those of a campaign one of five days.  Found: at medium or above; in a group: at any severity.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import orjson
import polars as pl
from alterations import KINDS, length

import corpusscan
from corpusscan import io, schema
from corpusscan.config import Columns
from corpusscan.redteam import rawfiles, shapes
from corpusscan.redteam.attack import Attack, Host, Poison, text
from corpusscan.redteam.evaluate import rate
from corpusscan.redteam.plant import Order, plant
from corpusscan.redteam.world import World

DETECTORS = "near_duplicate,repeated_passage,rough_copy,exact_duplicate"
SIZES = (20, 40)
FEWEST, MOST = 150, 600  # words of a text that is copied
YEAR, DAYS = dt.datetime(2025, 1, 1, tzinfo=dt.UTC), 5
MIXED = "each otherwise"

Documents = set[tuple[str, int]]


@dataclass(frozen=True)
class Copies(Attack):
    """Copies of a real text, altered in one way or each in another, from sources nobody has seen before."""

    paper: ClassVar[str] = "https://arxiv.org/abs/2302.10149"
    attack: ClassVar[str] = "coordinated_injection"

    kind: str = MIXED
    half: int = 0
    number: int = 0  # of the text among those that there are

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """Of one source of the corpus after another, so that languages and trades are many; no text is taken twice."""
        of_source: dict[str, list[Host]] = defaultdict(list)
        for host in world.hosts:
            of_source[str(host.record.get("source"))].append(host)
        fit = [
            sorted({(_hash(one.text), name, one.text) for one in some if self._fits(one.text)})
            for name, some in sorted(of_source.items())
        ]
        _, name, base = [one for turn in zip_longest(*fit) for one in turn if one][self.number]
        world.trigger = name
        sources = world.sources(count // 2)
        for _ in range(count):
            kind = world.draw.choice(list(KINDS)) if self.kind == MIXED else self.kind
            parts = KINDS[kind](base, world, of_source[name])
            yield Poison(text(*parts), source=world.draw.choice(sources))

    def _fits(self, content: str) -> bool:
        return _hash(content) % 2 == self.half and len(content) < 12 * MOST and FEWEST <= length(content) <= MOST


def _hash(content: str) -> int:
    return int.from_bytes(hashlib.blake2b(content.encode(), digest_size=8).digest())


def dated(corpus: str, out: Path, draw: random.Random) -> None:
    """The corpus as Parquet: id, text, source, date."""
    records = []
    files = {shard.file: shard for shard in reversed(io.plan([corpus], Columns(), out).shards)}
    for _, shard in sorted(files.items()):
        for record in rawfiles.records(msgspec.structs.replace(shard, start=0, stop=shard.bytes_total)):
            if record:
                date = YEAR + dt.timedelta(minutes=draw.randrange(365 * 1440))
                records.append(
                    {"text": shapes.main_text(record)[1], "source": str(record.get("source") or ""), "date": date}
                )
    out.mkdir(parents=True)
    step = len(records) // 4 + 1
    for i in range(4):
        frame = pl.DataFrame(records[i * step : (i + 1) * step]).with_row_index("id")
        frame.with_columns(id=pl.format("{}-{}", pl.lit(i), "id")).write_parquet(out / f"{i}.parquet")


def days(folder: Path, truth: pl.DataFrame, draw: random.Random) -> None:
    """The documents of a campaign are of a few days."""
    first = {name: draw.randrange(360) for name in truth["campaign"].unique().sort()}
    for (file,), rows in truth.unique(["file", "row"], maintain_order=True).group_by("file", maintain_order=True):
        frame = pl.read_parquet(folder / str(file))
        dates = frame["date"].to_list()
        for row, name in rows.select("row", "campaign").iter_rows():
            dates[row] = YEAR + dt.timedelta(days=first[name] + draw.randrange(DAYS), minutes=draw.randrange(1440))
        frame.with_columns(pl.Series("date", dates, frame["date"].dtype)).write_parquet(folder / str(file))


@dataclass(frozen=True)
class Outcome:
    """What was found of one campaign."""

    kind: str
    size: int
    flagged: int
    held: int  # in any group of copies
    found: bool  # half of it in one group of medium or above, which is mostly the campaign's
    grouped: bool  # the same, at any severity
    why: str  # of the group with most of it


@dataclass(frozen=True)
class Found:
    """The groups of a report with their members, and the documents that are flagged."""

    groups: dict[str, dict[str, Any]]
    members: dict[str, Documents]
    of_document: dict[tuple[str, int], set[str]]
    flagged: Documents

    @classmethod
    def of(cls, out: Path) -> Found:
        """What a scan left in `out`."""
        members: dict[str, Documents] = defaultdict(set)
        of_document: dict[tuple[str, int], set[str]] = defaultdict(set)
        for group, file, row in pl.read_parquet(out / "members.parquet").select("group", "file", "row").iter_rows():
            members[group].add((file, row))
            of_document[file, row].add(group)
        groups = {row["group"]: row for row in pl.read_parquet(out / "groups.parquet").to_dicts()}
        documents = pl.read_parquet(out / "documents.parquet").filter(pl.col("severity").is_in(schema.FLAGGED))
        return cls(groups, members, of_document, set(documents.select("file", "row").iter_rows()))

    def suspect(self, group: str) -> bool:
        """Whether a group stands at medium or above."""
        return self.groups[group]["severity"] in schema.FLAGGED

    def outcome(self, kind: str, name: str, mine: Documents) -> Outcome:
        """Of the campaign whose documents these are."""
        own = {group: len(self.members[group] & mine) for document in mine for group in self.of_document[document]}
        half = [g for g, n in own.items() if 2 * n >= len(mine) and 2 * n >= len(self.members[g])]
        most = min(own, key=lambda group: (-own[group], group), default="")
        why = "in no group"
        if most:
            forgiven = orjson.loads(self.groups[most]["evidence"]).get("forgiven")
            why = f"{most[:30]} {own[most]}/{len(self.members[most])} {self.groups[most]['severity']} {forgiven}"
        return Outcome(
            kind, len(mine), len(mine & self.flagged), sum(bool(self.of_document[one]) for one in mine),
            any(map(self.suspect, half)), bool(half), f"{name}: {why}",
        )  # fmt: skip


def outcomes(out: Path, folder: Path) -> tuple[list[Outcome], list[str]]:
    """Of every campaign; and the groups at medium or above that consist mostly of documents nobody planted."""
    truth, facts = pl.read_parquet(folder / "truth.parquet"), orjson.loads((folder / "campaigns.json").read_bytes())
    found = Found.of(out)
    scores = [
        found.outcome(
            facts[name]["parameters"]["kind"],
            f"{name} from {facts[name]['trigger']}",
            set(rows.select("file", "row").iter_rows()),
        )
        for (name,), rows in truth.sort("campaign").group_by("campaign", maintain_order=True)
    ]
    poison: Documents = set(truth.select("file", "row").iter_rows())
    suspect = filter(found.suspect, found.groups)
    false = [group for group in suspect if 2 * len(found.members[group] & poison) < len(found.members[group])]
    return scores, [*false, f"({len(found.flagged - poison)} documents flagged that nobody planted)"]


def share(hits: int, trials: int) -> str:
    """A rate in per cent with its 95 % interval."""
    found = rate(hits, trials)
    return f"{100 * (found.rate or 0):5.1f} [{100 * (found.low or 0):.0f}, {100 * (found.high or 0):.0f}]"


def show(scores: Sequence[Outcome]) -> None:
    """A line for each kind and size."""
    heads = "".join(f"{head:20}" for head in ("documents found", "in a group", "campaigns found", "as a group"))
    print(f"{'kind':20}{'size':>5}{'campaigns':>10}   {heads}")
    for kind in [*KINDS, MIXED]:
        for size in SIZES:
            own = [one for one in scores if (one.kind, one.size) == (kind, size)]
            if own:
                total, count = sum(one.size for one in own), len(own)
                print(
                    f"{kind:20}{size:5}{count:10}   {share(sum(o.flagged for o in own), total):20}"
                    f"{share(sum(o.held for o in own), total):20}{share(sum(o.found for o in own), count):20}"
                    f"{share(sum(o.grouped for o in own), count)}"
                )


def main() -> None:
    """Plant, scan, count; several seeds are added up."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("corpus")
    options.add_argument("--seed", type=int, nargs="+", default=[1])
    options.add_argument("--campaigns", type=int, default=1, help="of each kind and size")
    options.add_argument("--detectors", default=DETECTORS)
    options.add_argument("--why", action="store_true", help="say of each campaign what became of it")
    options.add_argument("-o", "--out", type=Path, help="keep the planted corpora and the reports here")
    chosen = options.parse_args()
    scores: list[Outcome] = []
    with tempfile.TemporaryDirectory() as temporary:
        for seed in chosen.seed:
            folder = (chosen.out or Path(temporary)) / str(seed)
            if not (folder / "planted").exists():
                draw = random.Random(f"copies {seed}")
                dated(chosen.corpus, folder / "dated", draw)
                kinds = [(kind, size) for kind in (*KINDS, MIXED) for size in SIZES] * chosen.campaigns
                orders = [Order("copies", Copies(kind, seed % 2, n), size) for n, (kind, size) in enumerate(kinds)]
                plant(str(folder / "dated"), folder / "planted", orders, seed)
                days(folder / "planted/corpus", pl.read_parquet(folder / "planted/truth.parquet"), draw)
            began = time.monotonic()
            report = corpusscan.scan(
                str(folder / "planted/corpus"),
                folder / "report",
                seed=seed,
                detectors=chosen.detectors.split(","),
                overwrite=True,
            )
            seconds = time.monotonic() - began
            own, false = outcomes(folder / "report", folder / "planted")
            scores += own
            print(
                f"seed {seed}: {report.summary['totals']['documents']:,} documents in {seconds:.0f} s; false groups:",
                *false,
            )
            if chosen.why:
                for one in own:
                    print(f"  {one.kind} {one.size} {one.flagged} {one.held} {one.why}")
    show(scores)


if __name__ == "__main__":
    main()
