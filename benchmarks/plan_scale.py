"""The schedule of a large corpus without the corpus: tasks, files, and what the parent needs for them.

usage: python benchmarks/plan_scale.py [--shards 100000] [--bytes 100e6] [--left 2.0] [--named 300000] [--part I/N]
                                       [--again] [--profile]

A plan of so many shards is made up and driven through `engine.rounds` by detectors that have the rounds of those
shipped, an engine that does nothing but count, and a workspace that remembers no artefact of a task: it answers what
a worker would have left.  So what is measured is the schedule alone.  How often the parent would open a small file
is counted, and how long one takes on this disk is measured apart.  --again: all artefacts are there, as when a
finished scan is run again; --part: the schedule of one part of so many.
"""

from __future__ import annotations

import argparse
import cProfile
import pickle
import pstats
import resource
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from corpusscan import detectors
from corpusscan.config import Columns
from corpusscan.detector import Detector, Round
from corpusscan.engine.collected import Collected
from corpusscan.engine.parts import Parts
from corpusscan.engine.rounds import Rounds
from corpusscan.engine.tasks import Map, Outcome, Reading, Reduce, account_table
from corpusscan.errors import PartDone
from corpusscan.io import Account, Shard
from corpusscan.workspace import Part, Workspace

DOCUMENT = 2_000  # bytes
SOURCES = 300  # of a shard
SEED = 1
REAL = ("states/", "accounts/", "sources/")  # written and read as ever: they are few
# Files of a map's job: table, cards and, where numbers are exchanged, their file; of a shard: account and sources.
FILES = {"job": 2, "account": 2, "reduce": 1}


def main() -> None:
    """Drive the schedule, and print what it took."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--shards", type=int, default=100_000)
    options.add_argument("--bytes", type=float, default=100e6, help="Text of a shard.")
    options.add_argument("--left", type=float, default=2.0, help="Bytes of artefacts for a byte of text.")
    options.add_argument("--named", type=int, default=300_000, help="Documents that each detector looks at again.")
    options.add_argument("--part", default="", metavar="I/N")
    options.add_argument("--again", action="store_true", help="All artefacts are there.")
    options.add_argument("--profile", action="store_true")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        each = read_once(Path(folder))
        before = memory()
        workspace = Imagined(Path(folder), chosen)
        engine = Counting()
        profile = cProfile.Profile() if chosen.profile else None
        started = time.perf_counter()
        if profile:
            profile.enable()
        drive(workspace, engine, chosen)
        took = time.perf_counter() - started
        if profile:
            profile.disable()
            pstats.Stats(profile).sort_stats("cumulative").print_stats(25)
    print(
        f"shards {chosen.shards:,} of {chosen.bytes / 1e6:.0f} MB: {chosen.shards * chosen.bytes / 1e12:.2f} TB of text"
    )
    for kind, count in sorted(engine.tasks.items()):
        handed = engine.pickled[kind] / max(count, 1)
        print(f"  {kind:8} {count:>9,} tasks, {handed:>12,.0f} bytes handed to a worker for one")
    files = engine.jobs * FILES["job"] + chosen.shards * FILES["account"] + engine.tasks["Reduce"] * FILES["reduce"]
    print(f"  {files:,} files of artefacts, {chosen.left * chosen.shards * chosen.bytes / 1e12:.2f} TB exchanged")
    print(f"  parent: {took:.1f} s of scheduling, {(memory() - before) / 1e6:,.0f} MB beside {before / 1e6:,.0f}")
    asked = ", ".join(f"{count:,} {name}" for name, count in sorted(workspace.asked.items()))
    opened = sum(count for name, count in workspace.asked.items() if name not in ("has", "listings"))
    print(f"  files looked at: {asked}; on this disk {opened * each:.0f} s at {each * 1e3:.2f} ms for one that is read")


def drive(workspace: Imagined, engine: Counting, chosen: argparse.Namespace) -> None:
    """All rounds of all detectors over a made-up plan."""
    part = Part(*map(int, chosen.part.split("/"))) if chosen.part else None
    place = Parts(engine, workspace, part) if part else None
    reading = Reading(Columns(), 2**24, None, excerpts=True)
    rounds = Rounds(place or engine, workspace, reading, bytes(32), lambda _: None, None, (), place)
    shards = [shard(number, int(chosen.bytes)) for number in range(chosen.shards)]
    result = Collected(shards)
    try:
        rounds.audit(result, [copied(name, chosen) for name in detectors.names()])
    except PartDone as done:
        print(done)


def shard(number: int, size: int) -> Shard:
    """A file of its own, that nobody will look for."""
    return Shard(
        index=number, file=f"crawl/{number:06}.jsonl", path=f"/nowhere/crawl/{number:06}.jsonl", format="jsonl",
        unit="byte", start=0, stop=size, bytes_total=size, bytes=size, digest=f"{number:064x}",
    )  # fmt: skip


class Counting:
    """An engine that does nothing, and says that it is done."""

    def __init__(self) -> None:
        self.tasks: Counter[str] = Counter()
        self.pickled: Counter[str] = Counter()
        self.jobs = 0

    def run(self, tasks):
        for number, task in enumerate(tasks):
            kind = type(task).__name__
            self.tasks[kind] += 1
            if number % 1000 == 0:  # the others are like it
                self.pickled[kind] += len(pickle.dumps(task)) * min(1000, len(tasks) - number)
            self.jobs += len(task.jobs) if isinstance(task, Map) else 0
            assert isinstance(task, Map | Reduce)
            yield task, Outcome()


class Imagined(Workspace):
    """A workspace of artefacts that were never written, but for those of the parent."""

    def __init__(self, root: Path, chosen: argparse.Namespace) -> None:
        super().__init__(root)
        self.asked: Counter[str] = Counter()
        self._again = chosen.again
        over = sum(look.over == "all" for name in detectors.names() for look in detectors.find(name)().rounds)
        self._size = int(chosen.bytes * chosen.left / over)
        account = Account()
        account.scanned = int(chosen.bytes / DOCUMENT)
        self._account = account_table(account)
        names = pa.array([f"host{number}.example" for number in range(SOURCES)], pa.large_string())
        self._sources = pa.table({"source": names, "documents": pa.array([account.scanned // SOURCES] * SOURCES)})

    def has(self, name: str) -> bool:
        """What the parent makes is there when it is; of the others all are, or none."""
        self.asked["has"] += 1
        return super().has(name) if name.startswith(REAL) else self._again

    def listed(self, folder: str) -> Imagined:
        """Itself."""
        self.asked["listings"] += 1
        return self

    def __contains__(self, name: str) -> bool:
        return self._again

    def read(self, name: str, filters: Any = None) -> pa.Table:
        """What a worker would have left."""
        if name.startswith(REAL):
            return super().read(name, filters)
        kind = "sources" if name.endswith(".sources") else "accounts" if "/" in name else "tables"
        self.asked[kind] += 1
        return self._sources if kind == "sources" else self._account

    def size(self, name: str) -> int:
        """Each detector has its share of what all leave."""
        self.asked["sizes"] += 1
        return self._size


@dataclass(frozen=True)
class Copy(Detector):
    """The rounds of a detector that is shipped, without its work."""

    name: str = ""  # type: ignore[misc]
    overs: tuple[str, ...] = ()
    named: int = 0
    shards: int = 0
    documents: int = 0

    @property
    def rounds(self) -> tuple[Round, ...]:
        """As many, each over what that of the detector is over."""
        return tuple(KINDS[over](self) for over in self.overs)


@dataclass(frozen=True)
class Look(Round):
    """Concludes documents that all rounds after it look at, and asks for sources as detectors do."""

    of: Copy

    def conclude(self, reduced: pa.Table, context: Any) -> dict[str, pa.Table]:
        """`named`: shard and row, at random over the corpus."""
        assert len(context.sources.sizes) > 0
        context.sources.documents_of(["host1.example"])
        draw = np.random.default_rng(SEED)
        shards = draw.integers(self.of.shards, size=self.of.named).astype(np.uint32)
        rows = draw.integers(max(self.of.documents, 1), size=self.of.named).astype(np.uint64)
        return {"named": pa.table({"shard": shards, "row": rows})}


class OverSample(Look):
    over = "sample"


class OverAll(Look):
    over = "all"


class OverMembers(Look):
    over = "members"


class OverLeft(Look):
    over = "left"


KINDS = {one.over: one for one in (OverSample, OverAll, OverMembers, OverLeft)}


def copied(name: str, chosen: argparse.Namespace) -> Copy:
    """A detector like the one of that name."""
    overs = tuple(look.over for look in detectors.find(name)().rounds)
    return Copy(name, overs, chosen.named, chosen.shards, int(chosen.bytes / DOCUMENT))


def read_once(folder: Path) -> float:
    """Seconds that reading a small artefact takes here, when the disk has it in memory."""
    workspace, count = Workspace(folder), 200
    workspace.write("small", account_table(Account()))
    started = time.perf_counter()
    for _ in range(count):
        workspace.read("small")
    return (time.perf_counter() - started) / count


def memory() -> int:
    """Peak resident bytes of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
