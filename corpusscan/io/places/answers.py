"""What storage answers: facts about a file, and what errors mean."""

from __future__ import annotations

from typing import Any

import msgspec

from corpusscan.addresses import said
from corpusscan.errors import UnreadableError

LOST, GONE, DENIED, CHANGED = "connection_lost", "file_gone", "unreadable", "changed_while_read"
_AGAIN = (408, 425, 429)  # answers of a server that may answer otherwise later; so may all from 500 on


class Facts(msgspec.Struct, frozen=True):
    """`version` changes when the file does, as far as the storage tells; `sealed`: it does so without fail."""

    size: int
    version: str
    sealed: bool


class RefusedError(Exception):
    """An answer that no second attempt would better."""


def verdict(error: Exception) -> UnreadableError | None:
    """What an error of a driver means for good; None where it may be of the moment."""
    if isinstance(error, UnreadableError):
        return error
    status = _status(error)
    if isinstance(error, FileNotFoundError) or status in (404, 410):
        return UnreadableError(GONE, f"it is not there ({said(error)})")
    if status in (412, 416):
        return UnreadableError(CHANGED, f"it changed since the scan was planned ({said(error)})")
    denied = isinstance(error, PermissionError) or "Credential" in type(error).__name__
    mistaken = isinstance(error, RefusedError | NotImplementedError | TypeError | IsADirectoryError | ImportError)
    if denied or mistaken or (status and 400 <= status < 500 and status not in _AGAIN):
        return UnreadableError(DENIED, said(error))
    return None


def _status(error: Any) -> int | None:
    """The status of the answer, where whatever client has one."""
    for value in (
        getattr(error, "code", None), getattr(error, "status", None),
        getattr(getattr(error, "response", None), "status_code", None),
    ):  # fmt: skip
        if isinstance(value, int):
            return value
    return None
