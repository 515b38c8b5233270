"""The schedule: fingerprint the shards, then wave after wave until every detector has concluded.

Wave k runs step k of every detector, so a shard is read once per wave however many want it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

import msgspec
import pyarrow as pa

from corpusscan.detector import Context, Detector, Limit, State, limits, limits_of
from corpusscan.engine import many, shuffle
from corpusscan.engine.collected import Collected
from corpusscan.engine.cuts import Cuts
from corpusscan.engine.engines import Engine, Noted, Share
from corpusscan.engine.index import Index
from corpusscan.engine.keys import ARTEFACTS, Digests, Keys
from corpusscan.engine.local import Lost
from corpusscan.engine.named import left, partitions_left, placed
from corpusscan.engine.quarantine import Quarantine, until_done
from corpusscan.engine.sources import Sources
from corpusscan.engine.splits import splits_of
from corpusscan.engine.tasks import (
    Cut,
    Digest,
    Job,
    Map,
    Outcome,
    Reading,
    Reduce,
    Task,
)
from corpusscan.engine.wave import Wave, sample_part
from corpusscan.errors import PartDone
from corpusscan.io import Shard
from corpusscan.program import digest
from corpusscan.workspace import Workspace

FEW = 16  # artefacts that are asked for one by one where each question goes over a network
PARTITION = 80 * 2**20  # bytes that a reduce is given


@dataclass
class Progress:
    """How far a stage is; bytes are those of the files."""

    stage: str
    total: int
    done: int = 0
    rows: int = 0
    hits: int = 0
    started: float = field(default_factory=time.monotonic)


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
        share: Share | None = None,
    ) -> None:
        self.engine, self.workspace, self.reading, self.key, self.show = engine, workspace, reading, key, show
        self.keys = Keys(reading, key)
        self.cuts = Cuts(workspace, self._unpack)
        self.index, self.limits, self.share = index, limits, share
        self.earlier: dict[str, list[tuple[int, str]]] = {}  # by detector
        self.tallies: list[str] = []  # of the sources of earlier shards
        self._known: Sources | None = None

    def fingerprint(self, shards: list[Shard], fraction: float) -> Collected:
        """The shards to read, with their digests: all, or a seeded part of them chosen by content.

        Of a part: those that are named so far, by itself and by others.
        """
        known = Digests(self.workspace, self.share.part if self.share else None)
        result = Collected([])
        unknown = [Digest(shard) for shard in shards if not known.of(shard)]
        try:
            for task, outcome in self._run("fingerprint", unknown, result):
                assert isinstance(task, Digest)
                if isinstance(outcome, Lost):
                    result.lost[task.shard.index] = outcome
                else:
                    known.add(task.shard, outcome.digest)
        finally:  # of what was read, nothing must be read again
            known.save()
        if fraction < 1:  # what is drawn depends on all
            self._settle()
        named = [msgspec.structs.replace(s, digest=found) for s in shards if (found := known.of(s))]
        order = sorted(named, key=lambda shard: digest(self.key.hex(), shard.digest, shard.index))
        chosen = order[: max(round(len(order) * fraction), 1)]
        result.shards = sorted(chosen, key=lambda shard: shard.index)
        return result

    def audit(self, result: Collected, detectors: Sequence[Detector]) -> None:
        """Run every detector over `result.shards` to its conclusion; fills `result`.

        Of a part: raises `PartDone`, at the latest before the last conclusions, which are for a scan of all.
        """
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
            wave = Wave(step, active, states, self.keys, self.workspace)
            artefacts |= self._map(wave, result, held)
            for detector in active:
                parts = artefacts[detector.name]
                if not detector.rounds:
                    result.flags[detector.name] = parts
                if not detector.rounds or wave.over(detector) == "members":
                    result.cards += parts
            reduced = self._reduce(wave, artefacts, result)
            for detector in (d for d in active if d.name in reduced and not (self.share and wave.last(d))):
                states[detector.name] = self._conclude(wave, detector, reduced.pop(detector.name), result)
        if self.share:
            raise PartDone(f"{self.share.part}: all steps are done; run the same command without it, which concludes")
        result.concluded = {d.name: states[d.name] for d in detectors if d.rounds and d.name not in result.failed}

    def _map(self, wave: Wave, result: Collected, held: Quarantine) -> dict[str, list[tuple[int, str]]]:
        """Run the wave over the shards; for each detector (shard, artefact) of those that were read."""
        artefacts: dict[str, list[tuple[int, str]]] = {d.name: [] for d in wave.detectors if wave.over(d) != "left"}
        tasks: list[Map] = []
        planned: set[str] = set()  # shards of equal bytes share their artefacts
        part, has = sample_part(result.shards), self._has(len(result.shards))
        for shard in (shard for shard in result.shards if shard.index not in result.lost):
            if wave.step == 0:
                result.accounts[shard.index] = self.keys.account(shard)
            account = result.accounts[shard.index]
            told = wave.step > 0 or has(account)  # by an earlier look
            for rows, jobs in wave.wanted(shard, part, self.key, result):
                for job in jobs:
                    artefacts[job.detector.name].append((shard.index, job.name))
                todo = tuple(job for job in jobs if job.name not in planned and not has(job.name))
                result.needed, result.reused = result.needed + len(jobs), result.reused + len(jobs) - len(todo)
                wants = None if told or account in planned else account
                if todo or wants:
                    planned |= {job.name for job in todo} | ({wants} if wants else set())
                    first = account if told else None
                    tasks.append(Map(shard, self.reading, self.key, wants, todo, rows, first=first))
        self.cuts.restore(tasks)
        deaths: list[tuple[Map, Lost]] = []
        gone: dict[str, Lost] = {}  # by digest of the shard
        for task, outcome in self._run("scan" if wave.step == 0 else "confirm", tasks, result):
            assert isinstance(task, Map)
            if isinstance(outcome, Noted):  # whose it was has searched
                gone[task.shard.digest] = outcome
            elif isinstance(outcome, Lost):
                deaths.append((task, outcome))
        gone |= held.search(deaths, lambda tasks: self._run("search", tasks, result))
        self._settle()
        result.lost |= {s.index: gone[s.digest] for s in result.shards if s.digest in gone}
        return {name: [part for part in parts if part[0] not in result.lost] for name, parts in artefacts.items()}

    def _reduce(
        self, wave: Wave, artefacts: dict[str, list[tuple[int, str]]], result: Collected
    ) -> dict[str, list[Job]]:
        """Bring together what the maps left, partition by partition; by detector, of those that did it, the jobs."""
        jobs: dict[str, list[Job]] = {}
        tasks: list[tuple[int, Reduce]] = []
        for detector in (detector for detector in wave.detectors if detector.rounds):
            jobs[detector.name], parts, held = self._partitions(wave, detector, artefacts[detector.name], result)
            has = self._has(len(jobs[detector.name]))
            for partition, job in enumerate(jobs[detector.name]):
                if not has(job.name):
                    tasks.append((held, Reduce(job, partition, len(jobs[detector.name]), parts)))
        tasks.sort(key=lambda task: -task[0])  # the largest first: none is left to a worker when all others are done
        for task, outcome in self._run("group", [task for _, task in tasks], result):
            assert not isinstance(task, Digest | Cut | Map)
            if isinstance(outcome, Lost):
                told = f"{outcome.reason} {outcome.detail}".strip()
                result.failed.setdefault(task.job.detector.name, told)
        self._settle()
        return {name: jobs[name] for name in jobs if name not in result.failed}

    def _partitions(
        self, wave: Wave, detector: Detector, parts: list[tuple[int, str]], result: Collected
    ) -> tuple[list[Job], tuple[tuple[int, str], ...], int]:
        """The reduces of a detector, one for each partition, the artefacts that all of them read, bytes for each."""
        looked, partitions = detector.rounds[wave.step], 1
        if looked.indexed:
            result.kept[detector.name] = parts
        read = tuple(parts + self._earlier(wave, detector))  # one for all tasks: it may be long
        if looked.over == "left":
            partitions = partitions_left(wave.states[detector.name]["named"])
            read = tuple(part for part in read if part[0] in wave.named[detector.name])
        about = digest(read)
        held = self._held(read, about)
        if looked.over == "all":
            partitions = max(held // PARTITION, 1)
        jobs = [wave.job(detector, digest(about, number, partitions)) for number in range(partitions)]
        return jobs, read, held // partitions

    def _unpack(self, tasks: Sequence[Task]) -> Iterable[object]:
        yield from self._run("unpack", tasks)
        self._settle()

    def _settle(self) -> None:
        if self.share:
            self.share.settle()

    def _has(self, count: int) -> Callable[[str], bool]:
        """Whether an artefact is there; a folder is looked at as a whole where very many are asked for."""
        as_whole = count > (FEW if self.workspace.far else many.GROUP)
        return self.workspace.listed(ARTEFACTS).__contains__ if as_whole else self.workspace.has

    def _held(self, parts: tuple[tuple[int, str], ...], about: str) -> int:
        """Bytes of what the maps left in memory; of many artefacts they are added up once."""
        place = f"sizes/{about}.json"
        if len(parts) > many.GROUP and (noted := self.workspace.read_json(place)):
            return int(noted["bytes"])
        held = sum(many.each(partial(shuffle.size, self.workspace), [name for _, name in parts]))
        if len(parts) > many.GROUP:
            self.workspace.write_json(place, {"bytes": held})
        return held

    def _earlier(self, wave: Wave, detector: Detector) -> list[tuple[int, str]]:
        return self.earlier.get(detector.name, []) if detector.rounds[wave.step].indexed else []

    def _conclude(self, wave: Wave, detector: Detector, jobs: Sequence[Job], result: Collected) -> State:
        """The state that the detector concludes of what its reduces left."""
        read = [shard for shard in result.accounts if shard not in result.lost]  # also those of which it named nobody
        count = sum(result.account(shard, self.workspace)["scanned"] for shard in read)
        told: list[Limit] = []
        looked, before = detector.rounds[wave.step], wave.states[detector.name]
        earlier = partial(self._told, self._earlier(wave, detector))
        splits = partial(splits_of, result, self.workspace)
        context = Context(self.key, count, self._sources(result), earlier, before, splits, result.copies)
        state = dict(looked.conclude(self._reduced(jobs, told), context))  # named nowhere here: it may be let go
        state |= {name: before[name] for name in looked.keeps}
        result.copies = state.pop("copies", result.copies)
        told += [Limit(**row) for row in state.pop("limits", limits()).to_pylist()]
        result.limits += [{"detector": detector.name, **row} for row in limits(*told).to_pylist()]
        return state

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
        for item in self.engine.run(tasks):
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


def _bytes(task: Task) -> int:
    return task.shard.bytes if isinstance(task, Digest | Cut | Map) else 1
