"""Workers: whatever a task does, the parent gets an answer."""

from __future__ import annotations

from pathlib import Path

from corpusscan.detectors.exact_duplicate import ExactDuplicate
from corpusscan.engine.local import Local, Lost
from corpusscan.engine.tasks import Job, Reduce
from corpusscan.workspace import Workspace


def test_a_task_that_raises_is_answered(tmp_path: Path) -> None:
    """An exception in a worker is a lost task with its message, and the worker goes on; nobody waits for ever."""
    workspace = Workspace(tmp_path)
    tasks = [Reduce(Job(ExactDuplicate(), 0, (), f"job{n}"), 0, 1, ((0, "artefacts/missing"),)) for n in range(3)]
    with Local(tmp_path, 1, 2**31) as engine:
        answers = [item for item in engine.run(tasks) if item is not None]
    assert [type(answer) for _, answer in answers] == [Lost] * 3
    assert all(isinstance(answer, Lost) and answer.reason == "task_failed" for _, answer in answers)
    assert all("missing" in answer.detail for _, answer in answers if isinstance(answer, Lost))
    assert not workspace.has("job0")
