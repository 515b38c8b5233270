"""The artefacts of one scan: present, written whole or not at all, read.

An artefact is one Parquet file, which is there as a whole or not at all, whatever was killed when.
"""

from __future__ import annotations

import errno
import secrets
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from blake3 import blake3

from corpusscan.errors import WorkspaceError
from corpusscan.workspace.files import parquet
from corpusscan.workspace.stores import Store, store

KEY_BYTES = 32
_VALUE = 8  # bytes of most values in memory
_KEY_THERE = 5.0  # seconds until a key that another process has begun to write is there
_LOCAL = store(Path("/"))


class Workspace:
    """Named tables; names are made by this program, never from data.  An absolute path is a file of this machine."""

    def __init__(self, place: str | Path | Store) -> None:
        self.store = store(place) if isinstance(place, str | Path) else place

    @property
    def far(self) -> bool:
        """Whether every look at it takes a while, as it is not on this machine."""
        return self.store.root is None

    def at(self, name: str) -> Store:
        """Where the file `name` lies: in an index of this machine, if it is an absolute path."""
        return _LOCAL if name.startswith("/") else self.store

    def has(self, name: str) -> bool:
        """Whether the artefact exists, which means that it is complete."""
        return self.at(name).exists(f"{name}.parquet")

    def listed(self, folder: str) -> Collection[str]:
        """The artefacts below a folder of folders now, by one look at each: where very many are asked for."""
        return {name[:-8] for name in self.store.under(folder) if name.endswith(".parquet")}

    def write(self, name: str, table: pa.Table, **options: Any) -> None:
        """Write the artefact atomically.  Raises `WorkspaceError` on a full disk or missing rights."""
        self.write_file(f"{name}.parquet", lambda path: parquet(path, table, use_dictionary=False, **options))

    def write_file(self, name: str, write: Callable[[Path], object]) -> None:
        """Have `write` called for a path; what it leaves there becomes the file, atomically.  Raises as `write`."""
        self.at(name).write(name, write)

    def read(self, name: str, filters: list[tuple[str, str, int]] | None = None) -> pa.Table:
        """The artefact's table, or what the filters let pass of it.  Raises `WorkspaceError` where it is damaged."""
        with self._readable(name) as source:
            return pq.read_table(source, filters=filters, memory_map=False, use_threads=False)

    def rows(self, name: str) -> int:
        """How many rows the artefact has.  Raises `WorkspaceError` where the file is damaged."""
        with self._readable(name) as source:
            return int(pq.read_metadata(source).num_rows)

    def size(self, name: str) -> int:
        """Bytes of the artefact's table in memory, roughly.  Raises `WorkspaceError` where the file is damaged."""
        with self._readable(name) as source:
            facts = pq.read_metadata(source)
        groups = [facts.row_group(number) for number in range(facts.num_row_groups)]
        # On disk a null takes no room.
        return sum(max(group.total_byte_size, _VALUE * group.num_rows * group.num_columns) for group in groups)

    def stored(self, name: str) -> int:
        """Bytes of the artefact's file.  Raises `WorkspaceError` where it is missing."""
        with self._readable(name):
            return self.at(name).size(f"{name}.parquet")

    @contextmanager
    def _readable(self, name: str) -> Iterator[Any]:
        place = self.at(name)
        told = place.told(f"{name}.parquet")
        try:
            yield place.source(f"{name}.parquet")
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL, errno.ENOENT):
                remedy = "run the same command to resume once the disk can be read"
                raise WorkspaceError(f"{told}: cannot be read ({error.strerror}); {remedy}") from None
            raise WorkspaceError(f"{told}: damaged ({error}); delete this file and run again") from None

    def read_json(self, name: str) -> dict[str, Any]:
        """A small dictionary kept between runs; empty where there is none."""
        try:
            return dict(orjson.loads(self.store.read(name)))
        except (OSError, ValueError):
            return {}

    def write_json(self, name: str, values: dict[str, Any]) -> None:
        """Keep a small dictionary for the next run.  Raises `WorkspaceError`."""
        self.store.write(name, lambda path: path.write_bytes(orjson.dumps(values)))

    def notes(self, folder: str, ending: str) -> list[str]:
        """The names of small dictionaries in a folder, of those that end so."""
        return [f"{folder}/{name}" for name in self.store.names(folder) if name.endswith(ending)]

    def key(self, seed: int | None) -> bytes:
        """The run's secret key, 32 bytes: from `seed`, else drawn at the first call and kept with mode 0600.

        Of several processes that draw at the same moment one is first, and all have its key.
        """
        if seed is not None:
            return seeded(seed)
        if not self.store.exists("key"):
            self.store.keep_first("key", secrets.token_bytes(KEY_BYTES))
        end = time.monotonic() + _KEY_THERE
        while len(key := self.store.read("key")) != KEY_BYTES:
            if time.monotonic() > end:
                told = f"damaged ({len(key)} bytes, not {KEY_BYTES}); delete it and run again"
                raise WorkspaceError(f"{self.store.told('key')}: {told}")
            time.sleep(0.1)
        return key


def seeded(seed: int) -> bytes:
    """The run key that a number stands for."""
    return bytes(blake3(f"corpusscan run key {seed}".encode()).digest(KEY_BYTES))
