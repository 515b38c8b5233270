"""Files of this machine, written beside their places, synced and renamed: one that exists is complete."""

from __future__ import annotations

import errno
import os
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from corpusscan.errors import WorkspaceError

_BESIDE = re.compile(r"\..+\.\d+\.[0-9a-f]{8}")  # names of files that are being written


def write_atomic(place: Path, write: Callable[[Path], object]) -> None:
    """Call `write(path)` for a path beside `place`, sync, rename.  Files are 0600.  Raises `WorkspaceError`."""
    beside = place.with_name(beside_name(place.name))
    try:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write(beside)
        beside.chmod(0o600)
        _sync(beside)
        beside.replace(place)
        _sync(place.parent)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        hint = "the disk is full: make room and run the same command to resume" if full else "check rights and space"
        raise WorkspaceError(f"{place}: cannot be written ({error.strerror or error}); {hint}") from None
    finally:
        beside.unlink(missing_ok=True)


def write_parquet(place: Path, table: pa.Table, **options: Any) -> None:
    """Write a table atomically; equal tables make equal bytes.  Raises `WorkspaceError`."""
    write_atomic(place, lambda path: parquet(path, table, **options))


def parquet(path: Path, table: pa.Table, **options: Any) -> None:
    """Write a table as all artefacts and results are.  Raises `OSError`."""
    pq.write_table(table, path, compression="zstd", compression_level=1, **options)


def beside_name(name: str) -> str:
    """What a file is called while it is being written."""
    return f".{name}.{os.getpid()}.{secrets.token_hex(4)}"


def is_beside(name: str) -> bool:
    """Whether a name is one that files have while they are being written."""
    return bool(_BESIDE.fullmatch(name))


def keep_first(place: Path, data: bytes) -> None:
    """Write a file that nobody replaces: where several do at once, the first stays.  Raises `WorkspaceError`."""
    beside = place.with_name(beside_name(place.name))
    write_atomic(beside, lambda path: path.write_bytes(data))
    try:
        os.link(beside, place)
        _sync(place.parent)
    except FileExistsError:
        pass
    except OSError:  # a file system without hard links
        with (
            suppress(FileExistsError),
            os.fdopen(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file,
        ):
            file.write(data)
    finally:
        beside.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove what was being written below `folder` by processes that were killed; nobody else may write there."""
    for parent, _, names in os.walk(folder):
        for name in names:
            if is_beside(name):
                Path(parent, name).unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
