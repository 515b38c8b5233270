"""Who may write to a folder: one scan, or parts of one, told by locks of the file system.

A lock is free as soon as its process is gone, however it ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import filelock

from corpusscan.errors import WorkspaceError
from corpusscan.workspace.part import PARTS, Part, in_the_way, refusal, taken

_GATE = 300.0  # seconds; each who comes holds the gate for a moment, and a thousand may come at once


@contextmanager
def held(out: str, root: Path, part: Part | None) -> Iterator[None]:
    """Hold the lock of the whole, or that of a part; at the gate one at a time looks round and takes its own.

    Raises `WorkspaceError` where others leave no room.
    """
    whole = _lock(root / "lock")
    with ExitStack() as kept:
        try:
            with _lock(root / "gate").acquire(timeout=_GATE), ExitStack() as first:
                if not _taken(whole):
                    raise taken(out)
                first.callback(whole.release)
                others = in_the_way(part, (path.stem for path in (root / PARTS).glob("*.lock")))
                if running := [name for name in others if not _free(root / PARTS / f"{name}.lock")]:
                    raise refusal(out, part, running)
                if part:
                    kept.enter_context(_lock(root / PARTS / f"{part.name}.lock").acquire(timeout=0))
                else:
                    kept.push(first.pop_all())
        except filelock.Timeout:
            raise WorkspaceError(f"{root / 'gate'}: is held too long; find what program holds it") from None
        except OSError as error:
            why = error.strerror or error
            raise WorkspaceError(f"{out}: cannot be locked ({why}); it must lie where files can be locked") from None
        yield


def _lock(place: Path) -> filelock.BaseFileLock:
    return filelock.FileLock(place, mode=0o600)


def _taken(lock: filelock.BaseFileLock) -> bool:
    with suppress(filelock.Timeout):
        lock.acquire(timeout=0)
    return lock.is_locked


def _free(place: Path) -> bool:
    lock = _lock(place)
    free = _taken(lock)
    lock.release()
    return free
