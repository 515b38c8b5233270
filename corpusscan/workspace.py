"""The artefacts of one scan: present, written whole or not at all, read.

An artefact is one Parquet file.  It is written beside its place, synced and renamed, so a file
that exists is complete, whatever was killed when.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import filelock
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from blake3 import blake3

from corpusscan.errors import WorkspaceError

KEY_BYTES = 32
_BESIDE = re.compile(r"\..+\.\d+\.[0-9a-f]{8}")  # names of files that are being written
_VALUE = 8  # bytes of most values in memory


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

    def write(self, name: str, table: pa.Table, **options: Any) -> None:
        """Write the artefact atomically.  Raises `WorkspaceError` on a full disk or missing rights."""
        write_parquet(self.path(name), table, use_dictionary=False, **options)

    def read(self, name: str, filters: list[tuple[str, str, int]] | None = None) -> pa.Table:
        """The artefact's table, or what the filters let pass of it.  Raises `WorkspaceError` where it is damaged."""
        with self._readable(name):
            return pq.read_table(self.path(name), filters=filters, memory_map=False, use_threads=False)

    def rows(self, name: str) -> int:
        """How many rows the artefact has.  Raises `WorkspaceError` where the file is damaged."""
        with self._readable(name):
            return int(pq.read_metadata(self.path(name)).num_rows)

    def size(self, name: str) -> int:
        """Bytes of the artefact's table in memory, roughly.  Raises `WorkspaceError` where the file is damaged."""
        with self._readable(name):
            facts = pq.read_metadata(self.path(name))
        groups = [facts.row_group(number) for number in range(facts.num_row_groups)]
        # On disk a null takes no room.
        return sum(max(group.total_byte_size, _VALUE * group.num_rows * group.num_columns) for group in groups)

    @contextmanager
    def _readable(self, name: str) -> Iterator[None]:
        try:
            yield
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL, errno.ENOENT):
                remedy = "run the same command to resume once the disk can be read"
                raise WorkspaceError(f"{self.path(name)}: cannot be read ({error.strerror}); {remedy}") from None
            raise WorkspaceError(f"{self.path(name)}: damaged ({error}); delete this file and run again") from None

    def read_json(self, name: str) -> dict[str, Any]:
        """A small dictionary kept between runs; empty where there is none."""
        try:
            return dict(orjson.loads((self.root / name).read_bytes()))
        except (OSError, ValueError):
            return {}

    def write_json(self, name: str, values: dict[str, Any]) -> None:
        """Keep a small dictionary for the next run.  Raises `WorkspaceError`."""
        write_atomic(self.root / name, lambda path: path.write_bytes(orjson.dumps(values)))

    def key(self, seed: int | None) -> bytes:
        """The run's secret key, 32 bytes: from `seed`, else drawn at the first call and kept with mode 0600."""
        if seed is not None:
            return seeded(seed)
        place = self.root / "key"
        if not place.exists():
            drawn = secrets.token_bytes(KEY_BYTES)
            write_atomic(place, lambda path: path.write_bytes(drawn))
        return place.read_bytes()


def seeded(seed: int) -> bytes:
    """The run key that a number stands for."""
    return bytes(blake3(f"corpusscan run key {seed}".encode()).digest(KEY_BYTES))


@contextmanager
def opened(out: Path, inputs: list[str], *, overwrite: bool) -> Iterator[Workspace]:
    """The workspace in `out/work`, held by one scan at a time and tied to its inputs.

    Raises `WorkspaceError` when another scan holds it, or when `out` holds something else.
    """
    root = out / "work"
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise WorkspaceError(f"{out}: cannot be created ({error.strerror}); choose another folder with -o") from None
    try:
        with filelock.FileLock(root / "lock", mode=0o600).acquire(timeout=0):
            _own(out, root / "inputs.json", [str(Path(name).absolute()) for name in inputs], overwrite)
            begun = root / "unfinished"
            if begun.exists():
                sweep(out)
            write_atomic(begun, lambda path: path.write_bytes(b""))
            yield Workspace(root)
            begun.unlink(missing_ok=True)
    except filelock.Timeout:
        raise WorkspaceError(f"{out}: another scan writes there; wait for it, or choose another -o") from None


def _own(out: Path, place: Path, inputs: list[str], overwrite: bool) -> None:
    if not overwrite:
        mine = orjson.loads(place.read_bytes()) if place.exists() else None
        remedy = "choose another folder with -o, or add --overwrite"
        if mine is None and any(child.name != "work" for child in out.iterdir()):
            raise WorkspaceError(f"{out}: holds something that is no report; {remedy}")
        if mine is not None and mine != inputs:
            raise WorkspaceError(f"{out}: holds the scan of {', '.join(mine)}; {remedy}")
    write_atomic(place, lambda path: path.write_bytes(orjson.dumps(inputs)))


def sweep(folder: Path) -> None:
    """Remove what was being written below `folder` by processes that were killed; nobody else may write there."""
    for parent, _, names in os.walk(folder):
        for name in names:
            if _BESIDE.fullmatch(name):
                Path(parent, name).unlink(missing_ok=True)


def write_atomic(place: Path, write: Callable[[Path], object]) -> None:
    """Call `write(path)` for a path beside `place`, sync, rename.  Files are 0600.  Raises `WorkspaceError`."""
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


def write_parquet(place: Path, table: pa.Table, **options: Any) -> None:
    """Write a table atomically; equal tables make equal bytes.  Raises `WorkspaceError`."""
    write_atomic(place, lambda path: pq.write_table(table, path, compression="zstd", compression_level=1, **options))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
