"""Worker processes on this machine: started, fed, watched, replaced when they die.

A task whose worker dies is tried once more; a worker that holds too much memory, or that gives no sign of life for
too long, is ended.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import psutil

from corpusscan.engine.tasks import ALIVE, Map, Outcome, Reduce, Task, TaskError
from corpusscan.errors import WorkspaceError
from corpusscan.io.places import faults

ATTEMPTS = 2
# What another attempt, or another worker, may not meet again.
_AGAIN = ("worker_died", "memory_limit", "timeout", faults.READ, faults.GONE)
# There is a worker for every core: threads of libraries would only stand in one another's way.
_ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "RAYON")} | {
    "POLARS_MAX_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
ROW = 8  # bytes of the number of a row
_START = 300.0  # seconds in which a worker must have loaded its libraries
_TICK = 0.2  # seconds between looks at the workers' memory


class Lost:
    """A task that could not be done, and the word it is counted under.

    `rows` of its shard, where these are known; `files` (row, reason) where only these failed, of a shard of many.
    """

    def __init__(
        self, reason: str, detail: str = "", rows: int | None = None, files: Sequence[tuple[int, str]] = ()
    ) -> None:
        self.reason, self.detail, self.rows, self.files = reason, detail, rows, files

    @classmethod
    def by(cls, error: TaskError) -> Lost:
        """What comes of an error that a task raised."""
        return cls(error.reason, f"{error.message}\n{error.detail}".strip(), files=error.files)


Answer = Outcome | TaskError | Lost


class _Worker:
    """One process and the thread that speaks with it."""

    def __init__(
        self, root: str, tasks: queue.SimpleQueue[Task | None], answers: queue.SimpleQueue[tuple[Task, Answer]]
    ) -> None:
        self.root, self.tasks, self.answers = root, tasks, answers
        self.process: subprocess.Popen[bytes] | None = None
        self.ended_for: str | None = None
        self.closed = False
        self.heard: float | None = None  # when it last gave a sign of life, while it has a task that must give some
        self.started = False
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _start(self) -> subprocess.Popen[bytes]:
        # A process group of its own: Ctrl-C is for the parent, which ends its workers.
        return subprocess.Popen(
            [sys.executable, "-m", "corpusscan.engine.worker", self.root, str(os.getpid())],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0, env={**os.environ, **_ONE_THREAD},
        )  # fmt: skip

    def _serve(self) -> None:
        while (task := self.tasks.get()) is not None and not self.closed:
            answer: Answer
            try:
                answer = self._ask(task)
            except Exception:  # noqa: BLE001  # whatever a dying worker left: an answer must come, or the scan waits
                answer = Lost(self.ended_for or "worker_died", f"exit {self._end()}")
                self.ended_for = None
            self.heard = None
            self.answers.put((task, answer))
        self._end()

    def _ask(self, task: Task) -> Answer:
        self.process = self.process or self._start()
        assert self.process.stdin
        assert self.process.stdout
        self.ended_for = None  # of an earlier task, which was faster than its end
        # How long a reduce takes depends on the corpus: it has nothing that could hang.
        self.heard = None if isinstance(task, Reduce) else time.monotonic()
        pickle.dump(task, self.process.stdin)
        self.process.stdin.flush()
        while (answer := pickle.load(self.process.stdout)) == ALIVE:
            self.started = True
            self.heard = None if isinstance(task, Reduce) else time.monotonic()
        told: Answer = answer
        return told

    def _end(self) -> int | None:
        """End the process, where there is one, and return its exit code."""
        process, self.process, self.started = self.process, None, False
        if process is None:
            return None
        process.kill()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):  # what was not flushed was for the dead
                assert pipe
                pipe.close()
        return process.wait()

    def watch(self, limit: int, patience: float) -> None:
        """End the process where it holds more than `limit` bytes of memory, or was silent for `patience` seconds."""
        process, heard = self.process, self.heard
        if process is None:
            return
        if heard is not None and time.monotonic() - heard > (patience if self.started else max(patience, _START)):
            self.ended_for = "timeout"
            process.kill()
        with contextlib.suppress(psutil.Error):
            if memory_of(psutil.Process(process.pid)) > limit:
                self.ended_for = "memory_limit"
                process.kill()

    def close(self) -> None:
        """End the process at once; what it was writing stays unnamed and is lost."""
        self.closed = True
        if (process := self.process) is not None:
            process.kill()
        self.tasks.put(None)


class Local:
    """A pool of worker processes; use it as a context, which ends them."""

    def __init__(self, root: str | Path, workers: int, memory_limit: int, patience: float = 1800.0) -> None:
        self.root, self.count, self.memory_limit, self.patience = str(root), workers, memory_limit, patience
        self._workers: list[_Worker] = []
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[tuple[Task, Answer]] = queue.SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.close()
        for worker in self._workers:
            worker.thread.join(timeout=5)

    def run(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Outcome | Lost] | None]:
        """Each task with its outcome, as they finish; None now and then, so the caller can show the time.

        Raises `WorkspaceError` when no task can succeed any more.
        """
        while len(self._workers) < min(self.count, len(tasks)):
            self._workers.append(_Worker(self.root, self._tasks, self._answers))
        attempts: Counter[int] = Counter()
        for task in tasks:
            self._tasks.put(task)
        left = len(tasks)
        while left:
            try:
                task, answer = self._answers.get(timeout=_TICK)
            except queue.Empty:
                self._watch()
                yield None
                continue
            self._watch()
            attempts[id(task)] += 1
            if isinstance(answer, TaskError):
                if answer.fatal:
                    raise WorkspaceError(answer.message)
                answer = Lost.by(answer)
            if isinstance(answer, Lost) and attempts[id(task)] < attempts_of(task, answer.reason):
                self._tasks.put(task)
                continue
            left -= 1
            yield task, answer

    def _watch(self) -> None:
        for worker in self._workers:
            worker.watch(self.memory_limit, self.patience)


def memory_of(process: psutil.Process) -> int:
    """Bytes that a process holds; not the pages of files that it has mapped, which cost nobody else any room.

    Raises `psutil.Error` where it is gone.
    """
    told = process.memory_info()
    return int(told.rss - getattr(told, "shared", 0))  # which is counted on Linux alone


def attempts_of(task: Task, reason: str) -> int:
    """How often a task is tried.  What comes of a map is looked into: silence is not waited for twice before that."""
    of_many = isinstance(task, Map) and task.trial and len(task.rows or b"") > ROW
    return 1 if reason not in _AGAIN or of_many or (isinstance(task, Map) and reason == "timeout") else ATTEMPTS
