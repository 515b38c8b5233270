"""An engine for tests whose claim is not the processes: what one worker would do is done in this one."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

from corpusscan.engine import worker
from corpusscan.engine.local import Local, Lost
from corpusscan.engine.tasks import Outcome, Task, TaskError
from corpusscan.errors import WorkspaceError
from corpusscan.workspace import Workspace


class Here:
    """Does tasks one after the other, each from a copy of its own, as it would reach a worker.

    Of the 9 s (CPU) of a scan of 600 documents, 4 are a worker's to load libraries, kernels and rules: here once.
    """

    def __init__(self, root: str | Path, *_: object) -> None:
        self.workspace = Workspace(root)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def run(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Outcome | Lost] | None]:
        """As `Local.run`."""
        for task in tasks:
            answer = worker.attempt(pickle.loads(pickle.dumps(task)), self.workspace)
            if isinstance(answer, TaskError):
                if answer.fatal:
                    raise WorkspaceError(answer.message)
                answer = Lost.by(answer)
            yield task, pickle.loads(pickle.dumps(answer))


def pool(root: str | Path, workers: int, memory_limit: int, patience: float = 1800.0) -> Here | Local:
    """In the place of `Local`: one worker is this process, several are processes."""
    return Here(root) if workers == 1 else Local(root, workers, memory_limit, patience)
