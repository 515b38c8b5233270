"""A worker process: takes pickled tasks from its standard input, answers on its standard output.

Started as a plain program, so a script that calls `corpusscan.scan` needs no main guard.
"""

from __future__ import annotations

import contextlib
import ctypes
import signal

if __name__ == "__main__":
    # Have the system (Linux) end this process with its parent, before libraries take seconds to load: a thread that
    # looks for the parent cannot run while one of them holds the interpreter.
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG

import errno
import os
import pickle
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import IO

import pyarrow as pa

from corpusscan.engine.tasks import ALIVE, Outcome, Task, TaskError, execute
from corpusscan.errors import UnreadableError, WorkspaceError
from corpusscan.io.places import faults
from corpusscan.workspace import Workspace


def main(root: str, parent: int) -> None:
    """Serve until the input ends or the parent is gone."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not look like an answer
    threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()
    workspace = Workspace(root)
    with contextlib.suppress(BrokenPipeError):  # the parent is gone: there is no more input either
        _say(ALIVE, answers)
    while True:
        try:
            task = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        _say(attempt(task, workspace, lambda: _say(ALIVE, answers)), answers)
        _give_back()


def attempt(task: Task, workspace: Workspace, alive: Callable[[], None] = lambda: None) -> Outcome | TaskError:
    """Do the task; what it raises becomes the answer."""
    try:
        return execute(task, workspace, alive)
    except WorkspaceError as error:
        return TaskError(str(error), "", fatal=True)
    except UnreadableError as error:
        files = error.files if isinstance(error, faults.FilesError) else ()
        return TaskError(str(error), "", fatal=False, reason=error.reason, files=files)
    except Exception as error:  # noqa: BLE001  # the shard is counted as errored, the scan goes on
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return TaskError(f"{error}; make room and run the same command to resume", "", fatal=True)
        reason = faults.reason(error) if isinstance(error, OSError) and faults.is_fault(error) else "task_failed"
        return TaskError(f"{type(error).__name__}: {error}", traceback.format_exc(), fatal=False, reason=reason)


def _say(answer: object, answers: IO[bytes]) -> None:
    pickle.dump(answer, answers)
    answers.flush()


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
    main(sys.argv[1], int(sys.argv[2]))
