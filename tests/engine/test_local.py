"""Workers: whatever a task does, the parent gets an answer."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from corpusscan.detectors.exact_duplicate import ExactDuplicate
from corpusscan.engine.local import Local, Lost
from corpusscan.engine.tasks import Job, Reduce
from corpusscan.errors import WorkspaceError
from corpusscan.workspace import Workspace


def test_a_task_that_raises_is_answered(tmp_path: Path) -> None:
    """An exception in a worker is a lost task with its message, and the worker goes on; nobody waits for ever."""
    workspace = Workspace(tmp_path)
    workspace.write("artefacts/other", pa.table({"row": [0], "partition": [0]}))  # what no map of it leaves
    tasks = [Reduce(Job(ExactDuplicate(), 0, (), f"job{n}"), 0, 1, ((0, "artefacts/other"),)) for n in range(3)]
    with Local(tmp_path, 1, 2**31) as engine:
        answers = [item for item in engine.run(tasks) if item is not None]
    assert [type(answer) for _, answer in answers] == [Lost] * 3
    assert all(isinstance(answer, Lost) and answer.reason == "task_failed" for _, answer in answers)
    assert all("digest" in answer.detail for _, answer in answers if isinstance(answer, Lost))
    assert not workspace.has("job0")


def test_a_damaged_artefact_ends_the_scan(tmp_path: Path) -> None:
    """Nothing can succeed without it: the error names the file and says what to do, and none is lost silently."""
    (tmp_path / "artefacts").mkdir()
    (tmp_path / "artefacts/cut.parquet").write_bytes(b"PAR1")
    task = Reduce(Job(ExactDuplicate(), 0, (), "job"), 0, 1, ((0, "artefacts/cut"),))
    with Local(tmp_path, 1, 2**31) as engine, pytest.raises(WorkspaceError, match=r"cut\.parquet: damaged .*delete"):
        list(engine.run([task]))
