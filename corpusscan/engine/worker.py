"""A worker process: takes pickled tasks from its standard input, answers on its standard output.

Started as a plain program, so a script that calls `corpusscan.scan` needs no main guard.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pickle
import sys
import threading
import time
import traceback
from pathlib import Path

import pyarrow as pa

from corpusscan.engine.tasks import Outcome, TaskError, execute
from corpusscan.errors import WorkspaceError
from corpusscan.workspace import Workspace


def main(root: str) -> None:
    """Serve until the input ends or the parent is gone."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not look like an answer
    threading.Thread(target=_leave_with, args=(os.getppid(),), daemon=True).start()
    workspace = Workspace(Path(root))
    while True:
        try:
            task = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        answer: Outcome | TaskError
        try:
            answer = execute(task, workspace)
        except WorkspaceError as error:
            answer = TaskError(str(error), "", fatal=True)
        except Exception as error:  # noqa: BLE001  # the shard is counted as errored, the scan goes on
            answer = TaskError(f"{type(error).__name__}: {error}", traceback.format_exc(), fatal=False)
        pickle.dump(answer, answers)
        answers.flush()
        _give_back()


def _give_back() -> None:
    """Memory that the last task let go, which allocators keep: the next may be of another kind, or there is none."""
    pa.default_memory_pool().release_unused()
    with contextlib.suppress(OSError, AttributeError):  # of glibc only
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def _leave_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1])
