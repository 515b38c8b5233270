"""Records that end workers: found by bisection, then passed over and counted.

Notes in the workspace keep them, one for a shard, so this has one artefact whatever it took to find them, and a rerun
does not search again.  They hold for the same detectors, settings, code and limits: with others they are tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec
import numpy as np

from corpusscan.engine.collected import Collected
from corpusscan.engine.local import Lost
from corpusscan.engine.tasks import Digest, Map, Outcome, Task
from corpusscan.io import Held, Shard
from corpusscan.io.places import faults
from corpusscan.workspace import Workspace

FOLDER = "quarantine"
TURNS = 8  # how often a scan begins anew
MOST = 16  # records of a shard that are searched for; what comes after the last is not tried
NOT_TRIED = "not_tried"
DEADLY = ("worker_died", "memory_limit", "timeout", "task_failed")
_ALONE = "no record of it does this alone"

Run = Callable[[Sequence[Task]], Iterable[tuple[Task, Outcome | Lost]]]


class Again(Exception):  # noqa: N818  # no error: the work begins anew
    """There are shards of which other records are held now: all that came of them is to be made again."""


def until_done(result: Collected, held: Quarantine, audit: Callable[[Collected], None]) -> None:
    """Have `result` filled by `audit`, which begins anew where records are found: the rest of its work is there."""
    reused: list[int] = []
    while True:
        attempt = Collected(held.applied(result.shards), lost=dict(result.lost), seconds=result.seconds)
        try:
            audit(attempt)
        except Again:
            reused.append(attempt.reused)
            continue
        attempt.reused = min([*reused[:1], attempt.reused])
        vars(result).update(vars(attempt))
        return


class _Range(NamedTuple):
    """Rows, or positions among the rows that a task wants."""

    start: int
    stop: int
    reason: str


@dataclass
class _Search:
    """The search in one shard; `ended` says why the shard cannot be read at all."""

    task: Map
    lost: Lost
    steps: Generator[Task, Outcome | Lost, None] = field(init=False)
    rows: int | None = None
    found: list[_Range] = field(default_factory=list)
    ended: Lost | None = None

    def __post_init__(self) -> None:
        self.steps = self._steps()

    def _steps(self) -> Generator[Task, Outcome | Lost, None]:
        """Tasks to try, each answered by what came of it."""
        shard = self.task.shard
        # A read error in a file that is mapped into memory ends a worker too: are the bytes there, and the same?
        told = yield Digest(shard)
        if isinstance(told, Lost) or (shard.stamp and told.digest != shard.digest):
            self.ended = told if isinstance(told, Lost) else Lost(faults.CHANGED)
            return
        told = yield self._trial(b"")
        if isinstance(told, Lost):
            self.ended = Lost(self.lost.reason, f"{self.lost.detail}; it is so before a record is looked at")
            return
        self.rows = told.met
        named = self.task.rows
        rows = np.arange(self.rows, dtype=np.uint64) if named is None else np.frombuffer(named, np.uint64)
        search = bisect(len(rows))
        answer: Lost | None = None
        while True:
            try:
                start, stop = search.send(answer)
            except StopIteration as done:
                self.found = [self._placed(rows.tolist(), one) for one in done.value]
                return
            told = yield self._trial(rows[start:stop].tobytes())
            answer = told if isinstance(told, Lost) else None
            if answer and answer.reason not in DEADLY:
                self.ended = answer
                return

    def _trial(self, rows: bytes) -> Map:
        return Map(self.task.shard, self.task.reading, self.task.key, None, self.task.jobs, rows, trial=True)

    def _placed(self, rows: list[int], found: _Range) -> _Range:
        first, last = rows[found.start], rows[found.stop - 1] + 1
        return found._replace(start=first, stop=(self.rows or last) if found.reason == NOT_TRIED else last)


def bisect(rows: int, most: int = MOST) -> Generator[tuple[int, int], Lost | None, list[_Range]]:
    """Ranges (start, stop) of `rows` to try, each answered by how its worker was lost, or None; returns the culprits.

    From left to right, at most some 2 log2(rows) tries for each.  Behind the last of `most` nothing is tried.
    """
    found: list[_Range] = []
    assumed = Lost("")
    todo: list[tuple[int, int, Lost | None]] = [(0, rows, assumed)] if rows else []
    while todo:
        start, stop, lost = todo.pop()
        if len(found) == most:
            return [*found, _Range(start, rows, NOT_TRIED)]
        if lost is None or (lost is assumed and stop - start == 1):
            lost = yield start, stop
        if lost is None:
            continue
        if stop - start == 1:
            found.append(_Range(start, stop, lost.reason))
            continue
        middle = (start + stop) // 2
        left = yield start, middle
        # If the left half does nothing, it was the right one: that is tried when it has come down to one record.
        todo.append((middle, stop, None if left else assumed))
        if left:
            todo.append((start, middle, left))
    return found


class Quarantine:
    """The records of one scan that are held; `condition` names all on which it depends that they are."""

    def __init__(self, workspace: Workspace, condition: str) -> None:
        self.workspace, self.place = workspace, f"{FOLDER}/{condition}"
        self.held = {
            name.rpartition("/")[2].removesuffix(".json"): msgspec.convert(workspace.read_json(name), Held)
            for name in workspace.notes(self.place, ".json")
        }
        self.cleared: set[str] = set()  # shards in which no record is to blame
        self.turns = 0

    def applied(self, shards: Sequence[Shard]) -> list[Shard]:
        """The shards without the records that are held."""
        return [msgspec.structs.replace(shard, held=self.held.get(shard.digest)) for shard in shards]

    def search(self, deaths: Sequence[tuple[Map, Lost]], run: Run) -> dict[str, Lost]:
        """Find out why shards were lost; by digest those that cannot be read.

        Raises `Again` where others can be read now, without the records that were found.
        """
        self.turns += bool(deaths)
        searches = [_Search(task, lost) for task, lost in deaths if lost.reason in DEADLY and self.turns <= TURNS]
        given_up = {task.shard.digest: lost for task, lost in deaths}
        _run(searches, run)
        again = self._hold_files(deaths)
        for one in searches:
            shard = one.task.shard
            if one.found and one.rows is not None:
                self.held[shard.digest] = _joined(self.held.get(shard.digest), one.found, one.rows)
                self._note(shard.digest)
                again = True
            elif one.ended is None and shard.digest not in self.cleared:
                self.cleared.add(shard.digest)  # whatever it was, it may be over
                again = True
            else:
                why = one.ended or Lost(one.lost.reason, f"{one.lost.detail}; {_ALONE}", one.rows)
                given_up[shard.digest] = why
        if again:
            raise Again
        return given_up

    def _hold_files(self, deaths: Sequence[tuple[Map, Lost]]) -> bool:
        """Files that failed in a shard of many are left out of this scan; without a note: the next tries them again."""
        failed = [(task.shard, lost.files) for task, lost in deaths if lost.files and self.turns <= TURNS]
        for shard, files in failed:
            found = [_Range(row, row + 1, reason) for row, reason in files]
            self.held[shard.digest] = _joined(self.held.get(shard.digest), found, len(shard.files))
        return bool(failed)

    def _note(self, digest: str) -> None:
        held = self.held[digest]
        lasting = Held(held.rows, tuple(one for one in held.ranges if one[2] not in faults.REASONS))
        self.workspace.write_json(f"{self.place}/{digest}.json", msgspec.to_builtins(lasting))


def _run(searches: Sequence[_Search], run: Run) -> None:
    """Run the searches side by side to their ends."""
    going = {id(task): (task, one) for one in searches for task in _next(one, None)}
    while going:
        following: list[tuple[Task, _Search]] = []
        for task, told in run([task for task, _ in going.values()]):
            one = going[id(task)][1]
            following += [(step, one) for step in _next(one, told)]
        going = {id(task): (task, one) for task, one in following}


def _next(search: _Search, told: Outcome | Lost | None) -> Iterator[Task]:
    try:
        yield search.steps.send(told)  # type: ignore[arg-type]  # None begins it
    except StopIteration:
        return


def _joined(held: Held | None, found: Sequence[_Range], rows: int) -> Held:
    """What was held and what was found, in order and apart from one another."""
    joined: list[_Range] = []
    for one in sorted([*(_Range(*one) for one in (held.ranges if held else ())), *found]):
        if not joined or one.start >= joined[-1].stop:
            joined.append(one)
        elif one.stop > joined[-1].stop:
            joined.append(one._replace(start=joined[-1].stop))
    return Held(rows, tuple((one.start, one.stop, one.reason) for one in joined))
