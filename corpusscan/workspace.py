"""The artefacts of one scan: present, written whole or not at all, read.

An artefact is one Parquet file.  It is written beside its place, synced and renamed, so a file
that exists is complete, whatever was killed when.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from blake3 import blake3

from corpusscan.errors import WorkspaceError

KEY_BYTES = 32
PARTS = "parts"  # folder of the locks and notes of parts
_BESIDE = re.compile(r"\..+\.\d+\.[0-9a-f]{8}")  # names of files that are being written
_VALUE = 8  # bytes of most values in memory
_GATE = 300.0  # seconds; each who comes holds the gate for a moment, and a thousand may come at once
_KEY_THERE = 5.0  # seconds until a key that another process has begun to write is there


@dataclass(frozen=True)
class Part:
    """One of several processes that scan the same corpus into the same OUT, each a share of the tasks."""

    index: int
    count: int

    @classmethod
    def of(cls, index: int | None, count: int | None) -> Part | None:
        """The part of these numbers; None where there are none, which is the whole."""
        return None if index is None or count is None else cls(index, count)

    def __str__(self) -> str:
        return f"part {self.index} of {self.count} (counted from 0)"

    @property
    def name(self) -> str:
        """What its lock and its notes are called."""
        return f"{self.index}-of-{self.count}"


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

    def listed(self, folder: str) -> Collection[str]:
        """The artefacts below a folder of folders now, by one look at each: where very many are asked for."""
        found: set[str] = set()
        for inner in sorted((self.root / folder).glob("*/")):
            with os.scandir(inner) as entries:
                names = (entry.name for entry in entries if not entry.name.startswith("."))
                found.update(f"{folder}/{inner.name}/{name[:-8]}" for name in names if name.endswith(".parquet"))
        return found

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
        """The run's secret key, 32 bytes: from `seed`, else drawn at the first call and kept with mode 0600.

        Of several processes that draw at the same moment one is first, and all have its key.
        """
        if seed is not None:
            return seeded(seed)
        place = self.root / "key"
        if not place.exists():
            _keep_first(place, secrets.token_bytes(KEY_BYTES))
        end = time.monotonic() + _KEY_THERE
        while len(key := place.read_bytes()) != KEY_BYTES:
            if time.monotonic() > end:
                raise WorkspaceError(f"{place}: damaged ({len(key)} bytes, not {KEY_BYTES}); delete it and run again")
            time.sleep(0.1)
        return key


def seeded(seed: int) -> bytes:
    """The run key that a number stands for."""
    return bytes(blake3(f"corpusscan run key {seed}".encode()).digest(KEY_BYTES))


@contextmanager
def opened(out: Path, inputs: list[str], *, overwrite: bool, part: Part | None = None) -> Iterator[Workspace]:
    """The workspace in `out/work`, held by one scan at a time, or by parts of one; and tied to its inputs.

    Raises `WorkspaceError` when another scan holds it, or when `out` holds something else.
    """
    root = out / "work"
    try:
        (root / PARTS if part else root).mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise WorkspaceError(f"{out}: cannot be created ({error.strerror}); choose another folder with -o") from None
    with _held(out, root, part):
        _own(out, root / "inputs.json", [_lasting(name) for name in inputs], overwrite)
        begun = root / "unfinished"
        if begun.exists() and not part:  # others may be writing beside a part
            sweep(out)
        write_atomic(begun, lambda path: path.write_bytes(b""))
        yield Workspace(root)
        begun.unlink(missing_ok=True)


@contextmanager
def _held(out: Path, root: Path, part: Part | None) -> Iterator[None]:
    """Hold the lock of the whole, or that of a part; at the gate one at a time looks round and takes its own."""
    whole = _lock(root / "lock")
    with ExitStack() as held:
        try:
            with _lock(root / "gate").acquire(timeout=_GATE), ExitStack() as first:
                if not _taken(whole):
                    raise WorkspaceError(f"{out}: another scan writes there; wait for it, or choose another -o")
                first.callback(whole.release)
                _look_round(out, root, part)
                if part:
                    held.enter_context(_lock(root / PARTS / f"{part.name}.lock").acquire(timeout=0))
                else:
                    held.push(first.pop_all())
        except filelock.Timeout:
            raise WorkspaceError(f"{root / 'gate'}: is held too long; find what program holds it") from None
        except OSError as error:
            why = error.strerror or error
            raise WorkspaceError(f"{out}: cannot be locked ({why}); it must lie where files can be locked") from None
        yield


def _look_round(out: Path, root: Path, part: Part | None) -> None:
    """Raises `WorkspaceError` where parts are running that leave no room for this one, or for a scan of all."""
    names = sorted(path.stem for path in (root / PARTS).glob("*.lock"))
    if part:  # those of the same number are welcome
        names = [name for name in names if name == part.name or not name.endswith(f"-of-{part.count}")]
    running = [name for name in names if not _free(root / PARTS / f"{name}.lock")]
    if not running:
        return
    told = f"{', '.join(name.replace('-of-', ' of ') for name in running[:5])}{', ...' if running[5:] else ''}"
    if part and part.name in running:
        raise WorkspaceError(f"{out}: {part} is running already; each part is one process at a time")
    if part:
        raise WorkspaceError(f"{out}: parts of another --shard-count are running ({told}); wait, or use theirs")
    raise WorkspaceError(f"{out}: parts of a scan are running there ({told}); wait for them, or choose another -o")


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


def _lasting(given: str) -> str:
    """An input as every folder names it; of an address no password is kept, and what follows a `?` as a digest."""
    if "://" not in given:
        return str(Path(given).absolute())
    address, _, query = given.partition("?")
    bare = re.sub(r"(?<=://)[^/@]*@", "", address)
    return f"{bare}?{blake3(query.encode()).hexdigest(8)}" if query else bare


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


def _keep_first(place: Path, data: bytes) -> None:
    """Write a file that nobody replaces: where several do at once, the first stays.  Raises `WorkspaceError`."""
    beside = place.with_name(f".{place.name}.{os.getpid()}.{secrets.token_hex(4)}")
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


def write_parquet(place: Path, table: pa.Table, **options: Any) -> None:
    """Write a table atomically; equal tables make equal bytes.  Raises `WorkspaceError`."""
    write_atomic(place, lambda path: pq.write_table(table, path, compression="zstd", compression_level=1, **options))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
