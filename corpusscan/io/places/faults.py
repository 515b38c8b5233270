"""What a machine does to files while they are read, told from what their bytes say.

A shard that met such a fault leaves no artefact: the next run of the same command reads it again.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping

from corpusscan.errors import UnreadableError
from corpusscan.io.places import storage
from corpusscan.io.places.answers import CHANGED, DENIED, GONE, LOST
from corpusscan.io.places.storage import Location
from corpusscan.io.rows.account import Account
from corpusscan.io.shard import Shard

__all__ = [
    "CHANGED", "DENIED", "GONE", "LOST", "READ", "REASONS",
    "FilesError", "check", "examine", "is_fault", "reason", "stamp", "unreadable",
]  # fmt: skip
READ = "read_error"
REASONS = (READ, GONE, DENIED, CHANGED, LOST)
_GONE = frozenset(
    getattr(errno, name)
    for name in ("ENOENT", "ENOTDIR", "ESTALE", "ENOTCONN", "ENODEV", "ENXIO", "EHOSTDOWN", "EHOSTUNREACH", "ETIMEDOUT")
    if hasattr(errno, name)
)


def reason(error: OSError) -> str:
    """The word under which a failed read is counted: the file or its mount is gone, no right to it, or a bad read."""
    if error.errno in _GONE:
        return GONE
    return DENIED if error.errno in (errno.EACCES, errno.EPERM) else READ


def unreadable(error: BaseException, otherwise: str) -> UnreadableError:
    """What to raise for an error of a library: a fault of the machine has a number, damage in the bytes has none."""
    said = (str(error).splitlines() or [type(error).__name__])[0]
    return UnreadableError(reason(error) if isinstance(error, OSError) and is_fault(error) else otherwise, said)


def is_fault(error: BaseException) -> bool:
    """Whether it is the machine that failed; libraries also raise `OSError`, without a number, for damage."""
    return isinstance(error, OSError) and error.errno not in (None, errno.EINVAL)


def stamp(path: Location) -> str:
    """What tells that a file was changed: its size and the time of its last change.  Raises `OSError`."""
    status = path.stat()
    return f"{status.st_size} {status.st_mtime_ns}"


def examine(shard: Shard, account: Account) -> None:
    """Raises `UnreadableError` where the machine failed while the shard was read, or its file changed."""
    if shard.files:
        if files := _of_files(shard, account.lost):
            raise FilesError(files)
        return
    told = account.reasons["errored"]
    for reason in (reason for reason in REASONS if told[reason]):
        raise UnreadableError(reason)
    check(storage.of(shard), shard.stamp)


def _of_files(shard: Shard, lost: Mapping[int, tuple[str, str]]) -> list[tuple[int, str]]:
    rows = range(len(shard.files)) if shard.held is None else shard.held.without(None).tolist()
    found = []
    for row in rows:
        reason = lost.get(row, ("", ""))[1]
        try:
            check(storage.of(shard.files[row]), shard.files[row].stamp)
        except UnreadableError as error:
            reason = error.reason
        if reason in REASONS:
            found.append((row, reason))
    return found


class FilesError(UnreadableError):
    """Some files of a shard of many failed, or changed: `files` has row and reason of each."""

    def __init__(self, files: list[tuple[int, str]]) -> None:
        super().__init__(files[0][1], f"{len(files)} of many files")
        self.files = files


def check(path: Location, planned: str) -> None:
    """Raises `UnreadableError` where the file is no longer the one that was planned (its `stamp`; empty: unknown)."""
    try:
        changed = bool(planned) and stamp(path) != planned
    except OSError as error:
        raise unreadable(error, READ) from None
    if changed:
        raise UnreadableError(CHANGED, f"{path}: changed since the scan was planned; run the same command again")
