"""The artefacts of one scan: present, written whole or not at all, read.

An artefact is one Parquet file.  It is written beside its place, synced and renamed, so a file
that exists is complete, whatever was killed when.
"""

from __future__ import annotations

import errno
import os
import secrets
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from blake3 import blake3

from corpusscan.errors import WorkspaceError

KEY_BYTES = 32


class Workspace:
    """A folder of named tables; names are made by this program, never from data."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, name: str) -> Path:
        """Where the artefact `name` lies, or will."""
        return self.root / f"{name}.parquet"

    def has(self, name: str) -> bool:
        """Whether the artefact exists, which means that it is complete."""
        return self.path(name).exists()

    def write(self, name: str, table: pa.Table) -> None:
        """Write the artefact atomically.  Raises `WorkspaceError` on a full disk or missing rights."""
        write_atomic(self.path(name), lambda path: pq.write_table(table, path, compression="zstd", compression_level=1))

    def read(self, name: str, columns: list[str] | None = None) -> pa.Table:
        """The artefact's table.  Raises `WorkspaceError` where the file is damaged."""
        try:
            return pq.read_table(self.path(name), columns=columns, memory_map=False, use_threads=False)
        except (pa.ArrowException, OSError) as error:
            raise WorkspaceError(f"{self.path(name)}: damaged ({error}); delete this file and run again") from None

    def key(self, seed: int | None) -> bytes:
        """The run's secret key, 32 bytes: from `seed`, else drawn at the first call and kept with mode 0600."""
        if seed is not None:
            return bytes(blake3(f"corpusscan run key {seed}".encode()).digest(KEY_BYTES))
        place = self.root / "key"
        if not place.exists():
            drawn = secrets.token_bytes(KEY_BYTES)
            write_atomic(place, lambda path: path.write_bytes(drawn))
        return place.read_bytes()


def write_atomic(place: Path, write: object) -> None:
    """Call `write(path)` for a path beside `place`, sync, rename.  Files are 0600.  Raises `WorkspaceError`."""
    assert callable(write)
    beside = place.with_name(f".{place.name}.{os.getpid()}.{secrets.token_hex(4)}")
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


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
