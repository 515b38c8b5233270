"""The schedule: fingerprint the shards, then wave after wave until every detector has concluded.

Wave k runs step k of every detector, so a shard is read once per wave however many want it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np
import pyarrow as pa

from corpusscan.detector import Context, Detector, State
from corpusscan.engine.keys import Keys, digest, save_state
from corpusscan.engine.local import Lost
from corpusscan.engine.tasks import Digest, Job, Map, Outcome, Reading, Reduce, Task
from corpusscan.io import Shard
from corpusscan.workspace import Workspace

PARTITION_ROWS = 4_000_000
DIGESTS = "digests.json"


class Engine(Protocol):
    """Where tasks run."""

    def run(self, tasks: Sequence[Task]) -> Iterable[tuple[Task, Outcome | Lost] | None]:
        """Each task with its outcome, in any order; None now and then."""
        ...


@dataclass
class Progress:
    """How far a stage is; bytes are those of the files."""

    stage: str
    total: int
    done: int = 0
    rows: int = 0
    hits: int = 0
    started: float = field(default_factory=time.monotonic)


@dataclass
class Collected:
    """Where everything lies that the report is made of."""

    shards: list[Shard]
    accounts: dict[int, str] = field(default_factory=dict)  # shard index -> artefact
    lost: dict[int, Lost] = field(default_factory=dict)
    flags: dict[str, list[tuple[int, str]]] = field(default_factory=dict)  # detector -> (shard, artefact)
    concluded: dict[str, State] = field(default_factory=dict)
    cards: list[tuple[int, str]] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)  # detector -> why it did not conclude
    seconds: dict[str, float] = field(default_factory=dict)


class Rounds:
    """One scan's work, resumable: what has an artefact is not done again."""

    def __init__(
        self, engine: Engine, workspace: Workspace, reading: Reading, key: bytes, show: Callable[[Progress], None]
    ) -> None:
        self.engine, self.workspace, self.reading, self.key, self.show = engine, workspace, reading, key, show
        self.keys = Keys(reading, key)

    def fingerprint(self, shards: list[Shard], fraction: float) -> Collected:
        """The shards to read, with their digests: all, or a seeded part of them chosen by content."""
        known = self.workspace.read_json(DIGESTS)
        digests = {shard.index: known[name] for shard in shards if (name := identity(shard)) in known}
        result = Collected([])
        for task, outcome in self._run("fingerprint", [Digest(s) for s in shards if s.index not in digests], result):
            assert isinstance(task, Digest)
            if isinstance(outcome, Lost):
                result.lost[task.shard.index] = outcome
            else:
                digests[task.shard.index] = known[identity(task.shard)] = outcome.digest
        self.workspace.write_json(DIGESTS, known)
        named = [msgspec.structs.replace(s, digest=digests[s.index]) for s in shards if s.index in digests]
        order = sorted(named, key=lambda shard: digest(self.key.hex(), shard.digest, shard.index))
        chosen = order[: max(round(len(order) * fraction), 1)]
        result.shards = sorted(chosen, key=lambda shard: shard.index)
        return result

    def audit(self, result: Collected, detectors: Sequence[Detector]) -> None:
        """Run every detector over `result.shards` to its conclusion; fills `result`."""
        states: dict[str, State] = {detector.name: {} for detector in detectors}
        for step in range(max([1, *(len(detector.rounds) for detector in detectors)])):
            active = [d for d in detectors if step < max(len(d.rounds), 1) and d.name not in result.failed]
            saved = {d.name: save_state(states[d.name], self.workspace) for d in active}
            jobs = self._map(step, active, saved, states, result)
            for detector in active:
                mine = jobs[detector.name]
                if not detector.rounds:
                    result.flags[detector.name] = mine
                    result.cards += mine
                    continue
                if detector.rounds[step].over == "members":
                    result.cards += mine
                self._conclude(detector, step, mine, saved[detector.name], states, result)
        result.concluded = {d.name: states[d.name] for d in detectors if d.rounds and d.name not in result.failed}

    def _map(
        self,
        step: int,
        active: list[Detector],
        saved: dict[str, tuple[str, ...]],
        states: dict[str, State],
        result: Collected,
    ) -> dict[str, list[tuple[int, str]]]:
        """Run step `step` over the shards; for each detector the artefact of each shard."""
        artefacts: dict[str, list[tuple[int, str]]] = {detector.name: [] for detector in active}
        tasks: list[Map] = []
        planned: set[str] = set()
        for shard in result.shards:
            if shard.index in result.lost:
                continue
            everywhere = [
                _job(d, step, saved[d.name], self.keys, shard.digest) for d in active if not _members(d, step)
            ]
            for job in everywhere:
                artefacts[job.detector.name].append((shard.index, job.name))
            account = self.keys.account(shard)
            if step == 0:
                result.accounts[shard.index] = account
                self._plan(tasks, planned, shard, everywhere, account, None)
            elif everywhere:
                self._plan(tasks, planned, shard, everywhere, None, None)
            for detector in active:
                if _members(detector, step) and len(rows := _named(states[detector.name], shard.index)):
                    job = _job(detector, step, saved[detector.name], self.keys, digest(shard.digest, rows.tolist()))
                    artefacts[detector.name].append((shard.index, job.name))
                    self._plan(tasks, planned, shard, [job], None, rows)
        for task, outcome in self._run("scan" if step == 0 else "confirm", tasks, result):
            assert isinstance(task, Map)
            if isinstance(outcome, Lost):
                result.lost |= {s.index: outcome for s in result.shards if s.digest == task.shard.digest}
        return {name: [part for part in parts if part[0] not in result.lost] for name, parts in artefacts.items()}

    def _plan(
        self,
        tasks: list[Map],
        planned: set[str],
        shard: Shard,
        jobs: list[Job],
        account: str | None,
        rows: np.ndarray | None,
    ) -> None:
        todo = tuple(job for job in jobs if job.name not in planned and not self.workspace.has(job.name))
        if account and (account in planned or self.workspace.has(account)):
            account = None
        if todo or account:
            planned |= {job.name for job in todo} | ({account} if account else set())
            tasks.append(Map(shard, self.reading, self.key, account, todo, None if rows is None else rows.tobytes()))

    def _conclude(
        self, detector: Detector, step: int, parts: list[tuple[int, str]], saved: tuple[str, ...],
        states: dict[str, State], result: Collected,
    ) -> None:  # fmt: skip
        count = (
            sum(_scanned(self.workspace, result.accounts[shard]) for shard, _ in parts)
        )
        partitions = max(count // PARTITION_ROWS, 1) if not _members(detector, step) else 1
        reduced = []
        tasks = []
        for partition in range(partitions):
            about = digest(parts, partition, partitions)
            job = _job(detector, step, saved, self.keys, about)
            reduced.append(job.name)
            if not self.workspace.has(job.name):
                tasks.append(Reduce(job, partition, partitions, tuple(parts)))
        for _, outcome in self._run("group", tasks, result):
            if isinstance(outcome, Lost):
                result.failed[detector.name] = f"{outcome.reason} {outcome.detail}".strip()
                return
        tables = [table for name in reduced if len(table := self.workspace.read(name))]
        table = pa.concat_tables(tables) if tables else pa.table({})
        states[detector.name] = detector.rounds[step].conclude(table, Context(key=self.key, documents=count))

    def _run(
        self, stage: str, tasks: Sequence[Task], result: Collected | None = None
    ) -> Iterable[tuple[Task, Outcome | Lost]]:
        progress = Progress(stage, sum(_bytes(task) for task in tasks))
        for item in self.engine.run(tasks) if tasks else ():
            if item is not None:
                task, outcome = item
                progress.done += _bytes(task)
                if isinstance(outcome, Outcome):
                    progress.rows += outcome.rows
                    progress.hits += outcome.hits
                yield task, outcome
            self.show(progress)
        if result is not None:
            result.seconds[stage] = result.seconds.get(stage, 0.0) + time.monotonic() - progress.started


def identity(shard: Shard) -> str:
    """What the file system says of a shard: while it stays, so does the digest."""
    status = Path(shard.path).stat()
    return digest(shard.path, status.st_size, status.st_mtime_ns, status.st_ino, shard.start, shard.stop, shard.format)


def _job(detector: Detector, step: int, saved: tuple[str, ...], keys: Keys, about: str) -> Job:
    return Job(detector, step, saved, keys.job(detector, step, saved, about))


def _members(detector: Detector, step: int) -> bool:
    return bool(detector.rounds) and detector.rounds[step].over == "members"


def _named(state: State, shard: int) -> np.ndarray:
    named = state["named"]
    rows = named["row"].to_numpy()[named["shard"].to_numpy() == shard]
    return np.unique(rows.astype(np.uint64))


def _scanned(workspace: Workspace, account: str) -> int:
    return int(workspace.read(account, ["scanned"])["scanned"][0].as_py())


def _bytes(task: Task) -> int:
    return task.shard.bytes if isinstance(task, Digest | Map) else 1
