"""The schedule: fingerprint the shards, then wave after wave until every detector has concluded.

Wave k runs step k of every detector, so a shard is read once per wave however many want it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import msgspec
import numpy as np
import pyarrow as pa

from corpusscan.detector import Context, Detector, Limit, State, limits, limits_of
from corpusscan.engine import shuffle
from corpusscan.engine.collected import Collected
from corpusscan.engine.cuts import Cuts
from corpusscan.engine.index import Index
from corpusscan.engine.keys import Keys, digest, identity, save_state
from corpusscan.engine.local import Lost
from corpusscan.engine.quarantine import Quarantine, until_done
from corpusscan.engine.sources import Sources
from corpusscan.engine.tasks import (
    Cut,
    Digest,
    Job,
    Map,
    Outcome,
    Reading,
    Reduce,
    Task,
    in_sample,
    left,
    partitions_left,
    placed,
    rows_of,
)
from corpusscan.io import Shard
from corpusscan.workspace import Workspace

PARTITION = 80 * 2**20  # bytes that a reduce is given
DIGESTS = "digests.json"
SAMPLE = 128 * 2**20  # bytes of a corpus that rounds over a sample look at
_PACKED = 3  # bytes of text that a byte of a compressed file may hold


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
class _Wave:
    """One step of the detectors that have it, with the states they start from and leave."""

    step: int
    detectors: list[Detector]
    states: dict[str, State]
    saved: dict[str, tuple[str, ...]]

    def over(self, detector: Detector) -> str:
        """Which records the detector wants: all, those it named before, or what it left of these."""
        return detector.rounds[self.step].over if detector.rounds else "all"

    def job(self, detector: Detector, keys: Keys, about: str, part: int = 1) -> Job:
        """The detector's work on what `about` names, or on one record of it in `part`."""
        saved = self.saved[detector.name]
        return Job(detector, self.step, saved, keys.job(detector, self.step, saved, about), part)


class Rounds:
    """One scan's work, resumable: what has an artefact is not done again."""

    def __init__(
        self,
        engine: Engine,
        workspace: Workspace,
        reading: Reading,
        key: bytes,
        show: Callable[[Progress], None],
        index: Index | None = None,
        limits: object = (),
    ) -> None:
        self.engine, self.workspace, self.reading, self.key, self.show = engine, workspace, reading, key, show
        self.keys = Keys(reading, key)
        self.cuts = Cuts(workspace, lambda tasks: self._run("unpack", tasks))
        self.index, self.limits = index, limits
        self.earlier: dict[str, list[tuple[int, str]]] = {}  # by detector
        self.tallies: list[str] = []  # of the sources of earlier shards
        self._known: Sources | None = None

    def fingerprint(self, shards: list[Shard], fraction: float) -> Collected:
        """The shards to read, with their digests: all, or a seeded part of them chosen by content."""
        known = self.workspace.read_json(DIGESTS)
        before = {s.index: identity(s) for s in shards}  # before it is read: a file may change meanwhile
        digests = {s.index: found for s in shards if (found := s.digest or known.get(before[s.index]))}
        result = Collected([])
        for task, outcome in self._run("fingerprint", [Digest(s) for s in shards if s.index not in digests], result):
            assert isinstance(task, Digest)
            if isinstance(outcome, Lost):
                result.lost[task.shard.index] = outcome
            else:
                digests[task.shard.index] = known[before[task.shard.index]] = outcome.digest
        known.pop("", None)  # of files that are gone
        self.workspace.write_json(DIGESTS, known)
        named = [msgspec.structs.replace(s, digest=digests[s.index]) for s in shards if s.index in digests]
        order = sorted(named, key=lambda shard: digest(self.key.hex(), shard.digest, shard.index))
        chosen = order[: max(round(len(order) * fraction), 1)]
        result.shards = sorted(chosen, key=lambda shard: shard.index)
        return result

    def audit(self, result: Collected, detectors: Sequence[Detector]) -> None:
        """Run every detector over `result.shards` to its conclusion; fills `result`."""
        held = Quarantine(self.workspace, self.keys.condition(detectors, self.limits))
        until_done(result, held, lambda attempt: self._audit(attempt, detectors, held))

    def _audit(self, result: Collected, detectors: Sequence[Detector], held: Quarantine) -> None:
        if self.index:
            digests = [shard.digest for shard in result.shards]
            self.earlier = {detector.name: self.index.earlier(detector.name, digests) for detector in detectors}
            self.tallies = self.index.tallies(digests)
        states: dict[str, State] = {detector.name: {} for detector in detectors}
        artefacts: dict[str, list[tuple[int, str]]] = {}  # what the last map of each detector left, by shard
        for step in range(max([1, *(len(detector.rounds) for detector in detectors)])):
            active = [d for d in detectors if step < max(len(d.rounds), 1) and d.name not in result.failed]
            wave = _Wave(step, active, states, {d.name: save_state(states[d.name], self.workspace) for d in active})
            artefacts |= self._map(wave, result, held)
            for detector in active:
                parts = artefacts[detector.name]
                if not detector.rounds:
                    result.flags[detector.name] = parts
                if not detector.rounds or wave.over(detector) == "members":
                    result.cards += parts
                if detector.rounds:
                    self._conclude(wave, detector, parts, result)
        result.concluded = {d.name: states[d.name] for d in detectors if d.rounds and d.name not in result.failed}

    def _map(self, wave: _Wave, result: Collected, held: Quarantine) -> dict[str, list[tuple[int, str]]]:
        """Run the wave over the shards; for each detector (shard, artefact) of those that were read."""
        artefacts: dict[str, list[tuple[int, str]]] = {d.name: [] for d in wave.detectors if wave.over(d) != "left"}
        tasks: list[Map] = []
        planned: set[str] = set()  # shards of equal bytes share their artefacts
        part = _part(result.shards)
        for shard in (shard for shard in result.shards if shard.index not in result.lost):
            account = self.keys.account(shard) if wave.step == 0 else None
            if account:
                result.accounts[shard.index] = account
            for rows, jobs in self._wanted(wave, shard, part, result):
                for job in jobs:
                    artefacts[job.detector.name].append((shard.index, job.name))
                todo = tuple(job for job in jobs if job.name not in planned and not self.workspace.has(job.name))
                result.needed, result.reused = result.needed + len(jobs), result.reused + len(jobs) - len(todo)
                wants = account if account not in planned and account and not self.workspace.has(account) else None
                if todo or wants:
                    planned |= {job.name for job in todo} | ({wants} if wants else set())
                    tasks.append(Map(shard, self.reading, self.key, wants, todo, rows))
        self.cuts.restore(tasks)
        deaths: list[tuple[Map, Lost]] = []
        for task, outcome in self._run("scan" if wave.step == 0 else "confirm", tasks, result):
            assert isinstance(task, Map)
            if isinstance(outcome, Lost):
                deaths.append((task, outcome))
        for named, lost in held.search(deaths, lambda tasks: self._run("search", tasks, result)).items():
            result.lost |= {s.index: lost for s in result.shards if s.digest == named}
        return {name: [part for part in parts if part[0] not in result.lost] for name, parts in artefacts.items()}

    def _wanted(
        self, wave: _Wave, shard: Shard, part: int, result: Collected
    ) -> Iterator[tuple[bytes | None, list[Job]]]:
        """What the wave wants of a shard: one reading for all who look at every record, one for each who named some.

        A sample is taken while all is read, where it is; else only its records are read, once their number is known.
        """
        over = {d: wave.over(d) for d in wave.detectors}
        whole = [d for d in over if over[d] == "all" or (over[d] == "sample" and part == 1)]
        some = [d for d in over if over[d] == "sample" and part > 1]
        every = [wave.job(detector, self.keys, shard.content) for detector in whole]
        sampled = [wave.job(detector, self.keys, digest(shard.content, part), part) for detector in some]
        if wave.step == 0:
            every, sampled = every + sampled, []
        if every:
            yield None, every
        if sampled and (count := result.account(shard.index, self.workspace)["rows"]):
            rows = np.arange(count, dtype=np.uint64)
            yield rows[in_sample(rows, part, shard.digest, self.key)].tobytes(), sampled
        for detector in wave.detectors:
            if wave.over(detector) == "members" and len(
                rows := rows_of(wave.states[detector.name]["named"], shard.index)
            ):
                yield rows.tobytes(), [wave.job(detector, self.keys, digest(shard.content, rows.tolist()))]

    def _conclude(self, wave: _Wave, detector: Detector, parts: list[tuple[int, str]], result: Collected) -> None:
        """Reduce what the maps left, partition by partition, and put the conclusion into the wave's states."""
        count = sum(result.account(shard, self.workspace)["scanned"] for shard, _ in parts)
        looked, partitions = detector.rounds[wave.step], 1
        earlier: list[tuple[int, str]] = []
        if looked.indexed:
            result.kept[detector.name], earlier = parts, self.earlier.get(detector.name, [])
        parts = parts + earlier
        if looked.over == "left":
            partitions = partitions_left(wave.states[detector.name]["named"])
        elif looked.over == "all":
            held = sum(shuffle.size(self.workspace, name) for _, name in parts)
            partitions = max(held // PARTITION, 1)
        jobs = [wave.job(detector, self.keys, digest(parts, partition, partitions)) for partition in range(partitions)]
        tasks = [
            Reduce(job, partition, partitions, tuple(parts))
            for partition, job in enumerate(jobs)
            if not self.workspace.has(job.name)
        ]
        for _, outcome in self._run("group", tasks, result):  # to its end: answers must not be left for the next wave
            if isinstance(outcome, Lost):
                result.failed.setdefault(detector.name, f"{outcome.reason} {outcome.detail}".strip())
        if detector.name in result.failed:
            return
        told: list[Limit] = []
        before = wave.states[detector.name]
        context = Context(self.key, count, self._sources(result), partial(self._told, earlier), before)
        state = dict(looked.conclude(self._reduced(jobs, told), context))  # named nowhere here: it may be let go
        state |= {name: before[name] for name in looked.keeps}
        result.copies = state.pop("copies", result.copies)
        told += [Limit(**row) for row in state.pop("limits", limits()).to_pylist()]
        result.limits += [{"detector": detector.name, **row} for row in limits(*told).to_pylist()]
        wave.states[detector.name] = state

    def _reduced(self, jobs: Sequence[Job], told: list[Limit]) -> pa.Table:
        """What the reduces left, as one table; what they left aside is added to `told`."""
        tables = [self.workspace.read(job.name) for job in jobs]
        told += limits_of(tables)
        tables = [table for table in tables if len(table)]
        return pa.concat_tables(tables) if tables else pa.table({})

    def _told(self, earlier: list[tuple[int, str]], places: pa.Table) -> pa.Table:
        """What the index keeps of those documents (shard, row) that it knows, with their places."""
        wanted = set(places["shard"].to_pylist())
        parts = [part for part in earlier if part[0] in wanted]
        return placed((shard, left(name, places, shard, self.workspace)) for shard, name in parts)

    def _sources(self, result: Collected) -> Sources:
        """Those of the shards that were read; what one conclusion learned of them serves the next."""
        accounts = sorted({account for shard, account in result.accounts.items() if shard not in result.lost})
        accounts += self.tallies
        if self._known is None or self._known.accounts != accounts:
            self._known = Sources(self.workspace, accounts, self.key)
        return self._known

    def keep(self, result: Collected) -> None:
        """Leave in the index, where there is one, what later scans compare with."""
        if self.index:
            digests = {shard.index: shard.digest for shard in result.shards}
            for name, parts in result.kept.items():
                for shard, artefact in parts:
                    self.index.keep(name, digests[shard], artefact, result.accounts[shard], self.workspace)

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


def _part(shards: Sequence[Shard]) -> int:
    """A sample is one record in so many: a power of two, so that a corpus that grows a little keeps its sample."""
    packed = (shard.bytes * (_PACKED if shard.compression or shard.format == "parquet" else 1) for shard in shards)
    return 1 << max(sum(packed) // SAMPLE, 0).bit_length()


def _bytes(task: Task) -> int:
    return task.shard.bytes if isinstance(task, Digest | Cut | Map) else 1
