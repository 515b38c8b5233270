"""One of several processes that do one scan: an engine that runs its share of each stage's tasks, and no more.

What is another's counts as done where its artefact lies in the workspace.  Parts never wait for one another, as slots
of a queue that wait for one that is queued behind them would wait for ever: where something is missing at the end of a
stage, the part ends, and is started again later.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

import msgspec

from corpusscan import io
from corpusscan.engine.engines import Engine, Noted
from corpusscan.engine.local import Lost
from corpusscan.engine.tasks import Cut, Digest, Map, Outcome, Reduce, Task
from corpusscan.errors import PartDone
from corpusscan.io.layout.pieces import Pieces
from corpusscan.workspace import PARTS, Part, Workspace

MANY = 1_000  # tasks of others that are not done: how many more does not matter
_STAGES = {Cut: "unpacking", Digest: "fingerprinting", Map: "scanning", Reduce: "grouping"}


class Parts:
    """Runs on `engine` what is the share of `part`."""

    def __init__(self, engine: Engine, workspace: Workspace, part: Part) -> None:
        self.engine, self.workspace, self.part = engine, workspace, part
        self._place = f"{PARTS}/{part.name}.lost.json"
        self._unnamed = 0  # shards of others without a digest: its own it can map all the same
        self._missing = 0  # tasks of others in this stage
        self._stage, self._mine = "", 0

    def run(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Outcome | Lost] | None]:
        """Each task that is done, or was lost by whose it is; of others' that are not done, none."""
        mine = [task for task in tasks if self._owner(task) == self.part.index]
        yield from self._own(mine)
        if len(mine) == len(tasks) and all(isinstance(task, Digest) or _tries(task) for task in tasks) and tasks:
            return  # a search for a record that ends workers, by whose it is: no stage of its own
        self._missing = 0
        self._stage, self._mine = _STAGES[type(tasks[0])] if tasks else _STAGES[Map], len(mine)
        lost = self._lost()
        for task in tasks:
            if self._owner(task) == self.part.index:
                continue
            if isinstance(task, Digest):
                self._unnamed += 1
            elif gone := next((lost[name] for name in _leaves(task) if name in lost), None):
                yield task, Noted(gone[0], gone[1])
            elif self._done(task):
                yield task, Outcome()
            else:
                self._missing += 1
                if self._missing > MANY:
                    break

    def settle(self) -> None:
        """Raises `PartDone` where others have yet to do theirs."""
        if self._missing or self._unnamed:
            raise self._over()

    def _own(self, tasks: list[Task]) -> Iterator[tuple[Task, Outcome | Lost] | None]:
        """Run the part's share, and note what was lost for those who look for it."""
        noted = self.workspace.read_json(self._place)
        before = dict(noted)
        for item in self.engine.run(tasks):
            if item is not None and not isinstance(item[0], Digest) and not _tries(item[0]):
                for name in _leaves(item[0]):
                    noted.pop(name, None)
                    if isinstance(item[1], Lost):
                        noted[name] = [item[1].reason, item[1].detail]
            yield item
        if noted != before:
            self.workspace.write_json(self._place, noted)

    def _owner(self, task: Task) -> int:
        """Whose the task is, by what is the same for all parts."""
        if isinstance(task, Reduce):  # most detectors have one partition: else the first part would do all of these
            return (task.partition + zlib.crc32(task.job.detector.name.encode())) % self.part.count
        return task.shard.index % self.part.count

    def _done(self, task: Task) -> bool:
        if not isinstance(task, Cut):
            return all(self.workspace.has(name) for name in _leaves(task))
        if not (note := self.workspace.read_json(f"{task.name}.json")):
            return False
        pieces, folder = msgspec.convert(note, Pieces), task.folder(self.workspace)
        return all(io.pieces.place(folder, n).exists() for n in range(len(pieces.stops)))

    def _lost(self) -> dict[str, list[str]]:
        """Artefacts that there will not be, by name: why, as their parts have noted."""
        lost: dict[str, list[str]] = {}
        for name in self.workspace.notes(PARTS, f"-of-{self.part.count}.lost.json"):
            noted = self.workspace.read_json(name)
            lost |= {name: why for name, why in noted.items() if not self.workspace.has(name)}
        return lost

    def _over(self) -> PartDone:
        missing = self._missing
        left = f"{min(missing or self._unnamed, MANY)} {'tasks' if missing else 'shards'}"
        left = f"more than {left}" if missing > MANY else left
        return PartDone(
            f"{self.part}: its share of {self._stage} is done ({self._mine} tasks now), {left} of other parts are not."
            " When these parts have ended, run all again for the next step; or run the same command without"
            " --shard-index and --shard-count, which does what is left and concludes"
        )


def _tries(task: Task) -> bool:
    return isinstance(task, Map) and task.trial


def _leaves(task: Task) -> list[str]:
    """What of a task lies in the workspace afterwards."""
    if isinstance(task, Map):
        return [job.name for job in task.jobs] + ([task.account] if task.account else [])
    return [task.job.name] if isinstance(task, Reduce) else [task.name] if isinstance(task, Cut) else []
