"""What one task is and what it does; the same on any worker, and its only effect is artefacts.

A map task reads one shard once for all the detectors that want it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
from blake3 import blake3

from corpusscan import io, schema
from corpusscan.config import Columns
from corpusscan.detector import Batch, Detector, State
from corpusscan.engine import named, shuffle, sources, spans
from corpusscan.engine.looks import Look
from corpusscan.engine.perfile import PerFile
from corpusscan.engine.sources import Tally
from corpusscan.errors import UnreadableError
from corpusscan.io.places import faults
from corpusscan.kernels import pages
from corpusscan.workspace import Workspace

ACCOUNT = pa.schema(
    [
        ("rows", pa.uint64()), ("scanned", pa.uint64()), ("skipped", pa.uint64()), ("errored", pa.uint64()),
        ("text_bytes", pa.uint64()), ("tokens", pa.uint64()), ("lines", pa.uint64()),
        ("stop", pa.uint64()), ("reasons", pa.large_string()), ("columns", pa.large_string()),
        ("files", pa.large_string()),  # of a shard of many files
        ("lists", pa.large_string()),  # of a file of several: first row and name of each
    ]
)  # fmt: skip

ALIVE = "alive"  # what a worker says while a task goes on
HELD = 16 * 2**20  # bytes of a file that a worker keeps the table of


@dataclass(frozen=True)
class Reading:
    """How records become batches."""

    columns: Columns
    max_document: int
    tokenizer: str | None
    excerpts: bool


@dataclass(frozen=True)
class Job:
    """One detector's work on one shard: its artefact is `name`, its companion `name.cards`."""

    detector: Detector
    step: int
    state: tuple[str, ...]  # artefact names of the state's tables, as NAME=ARTEFACT
    name: str
    part: int = 1  # it looks at one record in so many


@dataclass(frozen=True)
class Digest:
    """Name the bytes of a shard."""

    shard: io.Shard


@dataclass(frozen=True)
class Cut:
    """Lay a compressed file down in pieces, in the folder `name` of the workspace, with a note beside it."""

    shard: io.Shard
    name: str

    def folder(self, workspace: Workspace) -> Path:
        """Where the pieces lie, which is always on this machine."""
        assert workspace.store.root
        return workspace.store.root / self.name


@dataclass(frozen=True)
class Map:
    """Read a shard and run jobs on its batches."""

    shard: io.Shard
    reading: Reading
    key: bytes
    account: str | None  # artefact of the accounting, where it is wanted
    jobs: tuple[Job, ...]
    rows: bytes | None = None  # only these rows (uint64), where not all
    trial: bool = False  # nothing is written: it is only seen whether a worker survives this
    first: str | None = None  # artefact of the accounting, where an earlier look has left it

    @property
    def named(self) -> npt.NDArray[np.uint64] | None:
        """The rows that are wanted, ascending; None for all."""
        return None if self.rows is None else np.frombuffer(self.rows, np.uint64)

    @property
    def sampled(self) -> bool:
        """Whether the rows were drawn by number, whatever became of them in the first look."""
        return any(job.part > 1 for job in self.jobs)


@dataclass(frozen=True)
class Reduce:
    """Bring together one partition of what a round's maps left."""

    job: Job
    partition: int
    partitions: int
    parts: tuple[tuple[int, str], ...]  # shard, artefact


Task = Digest | Cut | Map | Reduce


@dataclass
class Outcome:
    """What a finished task says to the parent: numbers, never tables."""

    digest: str = ""
    rows: int = 0
    met: int = 0  # rows, with those that were passed over
    bytes: int = 0
    hits: int = 0


class TaskError(Exception):
    """A task raised; `fatal` where no other can succeed; `reason` of its shard, or `files` (row, reason) of it."""

    def __init__(
        self, message: str, detail: str, fatal: bool, reason: str = "task_failed", files: Sequence[tuple[int, str]] = ()
    ) -> None:
        super().__init__(message, detail, fatal, reason, files)
        self.message, self.detail, self.fatal, self.reason, self.files = message, detail, fatal, reason, files


def execute(task: Task, workspace: Workspace, alive: Callable[[], None] = lambda: None) -> Outcome:
    """Do the task; when this returns, its artefacts exist.  `alive` is called whenever a part of it is done.

    Raises `UnreadableError` where the file failed or changed while it was read: then nothing was written.
    """
    if isinstance(task, Digest):
        digest = io.digest(task.shard)
        _unchanged(task.shard)
        return Outcome(digest=digest, bytes=task.shard.bytes)
    if isinstance(task, Cut):
        return _cut(task, workspace, alive)
    return _map(task, workspace, alive) if isinstance(task, Map) else _reduce(task, workspace)


def _unchanged(shard: io.Shard) -> None:
    faults.check(io.storage.of(shard), shard.stamp)


def _cut(task: Cut, workspace: Workspace, alive: Callable[[], None]) -> Outcome:
    folder = task.folder(workspace)
    try:
        pieces = io.pieces.cut(task.shard, folder, alive)
        if pieces.fault in faults.REASONS:
            raise UnreadableError(pieces.fault)
        _unchanged(task.shard)
    except UnreadableError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    workspace.write_json(f"{task.name}.json", msgspec.to_builtins(pieces))
    return Outcome(bytes=task.shard.bytes)


def _map(task: Map, workspace: Workspace, alive: Callable[[], None]) -> Outcome:
    account = io.Account()
    states = [load_state(job.state, workspace) for job in task.jobs]
    tables: list[list[pa.Table]] = [[] for _ in task.jobs]
    cards: list[list[pa.Table]] = [[] for _ in task.jobs]
    tally, files, look = Tally(), PerFile(), Look()
    for batch in _batches(task, account, tally, files, look):
        for index, job in enumerate(task.jobs):
            view = batch.feature(pages.view)
            seen = view.batch if job.part == 1 else sampled(view.batch, job.part, task.shard.digest)
            table = spans.raw(_look(job, seen, states[index]), job.detector, batch, view)
            if len(table):
                tables[index].append(spans.finish(table, batch, task.reading.tokenizer, task.reading.excerpts))
            if rows := _rows_to_describe(job, table, batch):
                cards[index].append(spans.cards(batch, rows, task.reading.tokenizer))
            alive()
    faults.examine(task.shard, account)  # what was read is not kept then: it is no finding about these bytes
    outcome = Outcome(rows=account.rows, met=account.met, bytes=task.shard.bytes)
    if task.trial:
        return outcome
    if not task.account:
        look.compare(task.shard, account, task.named, task.sampled, _first(task, workspace))
    for index, job in enumerate(task.jobs):
        # Companions first: an artefact that exists has them.
        workspace.write(f"{job.name}.cards", pa.concat_tables([schema.CARDS.empty_table(), *cards[index]]))
        table = pa.concat_tables(tables[index]) if tables[index] else pa.table({"row": pa.array([], pa.uint64())})
        shuffle.lay(workspace, job.name, table)
        outcome.hits += len(table) if not job.detector.rounds else 0
    if task.account:
        workspace.write(sources.beside(task.account), tally.table())
        told = files.told(task.shard, account) if task.shard.files else None
        workspace.write(task.account, account_table(account, told))
    return outcome


def _first(task: Map, workspace: Workspace) -> dict[str, Any] | None:
    return workspace.read(task.first).to_pylist()[0] if task.first else None


def _batches(task: Map, account: io.Account, tally: Tally, files: PerFile, look: Look) -> Iterator[Batch]:
    reading = task.reading
    for batch in io.read(task.shard, reading.columns, reading.max_document, task.key, account, task.named):
        look.add(batch)
        if task.account:
            account.tokens += spans.tokens_of(batch, reading.tokenizer)
            tally.add(batch)
            if task.shard.files:
                files.add(batch, reading.tokenizer)
        if len(batch.documents):
            yield batch


def in_sample(rows: npt.NDArray[np.uint64], part: int, about: str, key: bytes) -> npt.NDArray[np.bool_]:
    """One row in `part`, chosen by number, run key and shard (`about`): nobody knows beforehand which."""
    seed = np.frombuffer(blake3(about.encode(), key=key).digest(8), np.uint64)[0]
    mixed = (rows ^ seed) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ mixed >> np.uint64(32)) * np.uint64(0xD6E8FEB86659FD93)
    chosen: npt.NDArray[np.bool_] = mixed >> np.uint64(32) < (1 << 32) // part
    return chosen


def sampled(batch: Batch, part: int, about: str) -> Batch:
    """Those documents of a batch that `in_sample` chooses."""
    rows = batch.documents["row"].to_numpy()
    return spans.only(batch, rows[in_sample(rows, part, about, batch.key)])


def _look(job: Job, batch: Batch, state: State) -> pa.Table:
    if not job.detector.rounds:
        return job.detector.flag(batch)
    return job.detector.rounds[job.step].map(batch, state)


def _rows_to_describe(job: Job, table: pa.Table, batch: Batch) -> list[int]:
    """Results say something about the documents with hits, and about those that a round named."""
    if not job.detector.rounds:
        return sorted(set(table["row"].to_pylist()))
    if job.detector.rounds[job.step].over == "members":
        rows: list[int] = batch.documents["row"].to_pylist()
        return rows
    return []


def account_table(account: io.Account, files: str | None = None) -> pa.Table:
    """The account as a table of one row, with what is told of `files` where the shard is made of them."""
    reasons, columns = account.as_json()
    row = {
        "rows": None if account.unknowable else account.rows, "scanned": account.scanned, "skipped": account.skipped,
        "errored": account.errored, "text_bytes": account.text_bytes, "tokens": account.tokens, "lines": account.lines,
        "stop": account.stop, "reasons": reasons, "columns": columns, "files": files,
        "lists": orjson.dumps(account.lists).decode() if account.lists else None,
    }  # fmt: skip
    return pa.Table.from_pylist([row], schema=ACCOUNT)


def load_state(names: tuple[str, ...], workspace: Workspace) -> State:
    """The tables of a state by their names."""
    pairs = [name.split("=", 1) for name in names]
    small = {artefact: workspace.has(artefact) and workspace.stored(artefact) <= HELD for _, artefact in pairs}
    return {name: (_held if small[artefact] else Workspace.read)(workspace, artefact) for name, artefact in pairs}


@lru_cache(maxsize=16)
def _held(workspace: Workspace, artefact: str) -> pa.Table:
    """A table of a state; states are named by content, and the next task mostly starts from the same one."""
    return workspace.read(artefact)


def _reduce(task: Reduce, workspace: Workspace) -> Outcome:
    looked = task.job.detector.rounds[task.job.step]
    state = load_state(task.job.state, workspace)
    # An artefact without rows has no columns to ask for.
    parts = [(shard, name) for shard, name in task.parts if workspace.rows(name)]
    if looked.over == "left":
        wanted = named.of_partition(state, task.partition)
        rows = named.placed((shard, named.left(name, wanted, shard, workspace)) for shard, name in parts)
    elif looked.over == "members":
        rows = named.placed((shard, workspace.read(name)) for shard, name in parts)
    else:
        low, high = (number * shuffle.ALL // task.partitions for number in (task.partition, task.partition + 1))
        rows = named.placed((shard, shuffle.part(workspace, name, low, high)) for shard, name in parts)
    reduced = looked.reduce(rows, state) if len(rows) else rows
    workspace.write(task.job.name, reduced)
    return Outcome(rows=len(reduced))
