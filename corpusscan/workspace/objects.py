"""Storage that fsspec can write to as a store: S3, Google Cloud Storage, Azure, SFTP and others.

An object is there as a whole once it is uploaded; where storage has files, one is uploaded beside its place and moved.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa

from corpusscan.addresses import filesystem, said, shown
from corpusscan.errors import UsageError, WorkspaceError
from corpusscan.workspace import files

SMALL = 4 * 2**20  # bytes of a file that is read at once, whatever of it is asked for
_WHOLE = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oss")  # an upload is seen when it is complete
_READ_ONLY = ("http", "https", "hf", "memory", "reference", "github", "zip", "tar", "data")


class Objects:
    """Files below an address.  Credentials are what its driver finds in the environment."""

    root: Path | None = None

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")
        protocol = address.partition("://")[0].lower()
        if "::" in address or "?" in address or protocol in _READ_ONLY:
            raise UsageError(f"-o {shown(address)}: nothing can be written there; choose a folder, or s3://BUCKET/NAME")
        if protocol in ("file", "local"):
            raise UsageError(f"-o {address}: give it as a path")
        try:  # what another process wrote must be seen at once
            self._files, self._root = filesystem(self.address, use_listings_cache=False)
        except ValueError as error:
            raise UsageError(f"-o {shown(address)}: {error}") from None
        self._root = self._root.rstrip("/")
        self._by_move = protocol not in _WHOLE

    def __str__(self) -> str:
        return self.address

    def below(self, folder: str) -> Objects:
        return Objects(f"{self.address}/{folder}")

    def told(self, name: str) -> str:
        return shown(f"{self.address}/{name}".rstrip("/"))

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}".rstrip("/")

    def exists(self, name: str) -> bool:
        with self._asked(name, "read"):
            return bool(self._files.exists(self._path(name)))

    def size(self, name: str) -> int:
        with self._asked(name, "read"):
            return int(self._files.info(self._path(name))["size"])

    def names(self, folder: str = "") -> list[str]:
        place = self._path(folder)
        with suppress(FileNotFoundError), self._asked(folder, "listed"):
            self._files.invalidate_cache(place)
            found = (path.rstrip("/") for path in self._files.ls(place, detail=False))
            bare = {path.rpartition("/")[2] for path in found if path != place}
            return sorted(name for name in bare if not files.is_beside(name))
        return []

    def under(self, folder: str) -> Iterator[str]:
        place = self._path(folder)
        with suppress(FileNotFoundError), self._asked(folder, "listed"):
            self._files.invalidate_cache(place)
            for path in self._files.find(place):
                yield folder + path[len(place) :]

    def source(self, name: str) -> Any:
        path = self._path(name)
        with self._asked(name, "read"):
            if int(self._files.info(path)["size"]) <= SMALL:
                return pa.BufferReader(self._files.cat_file(path))
            return pa.PythonFile(self._files.open(path, "rb", cache_type="readahead", block_size=2**20), mode="r")

    def read(self, name: str) -> bytes:
        with self._asked(name, "read"):
            return bytes(self._files.cat_file(self._path(name)))

    def fetch(self, name: str, place: Path) -> None:
        with self._asked(name, "read"):
            self._files.get_file(self._path(name), str(place))

    def write(self, name: str, write: Callable[[Path], object]) -> None:
        with tempfile.TemporaryDirectory(prefix="corpusscan-") as folder:
            made = Path(folder) / "object"
            write(made)
            path = self._path(name)
            with self._asked(name, "written"):
                if not self._by_move:
                    self._files.put_file(str(made), path)
                    return
                parent, _, own = path.rpartition("/")
                beside = f"{parent}/{files.beside_name(own)}"
                self._files.makedirs(parent, exist_ok=True)
                self._files.put_file(str(made), beside)
                self._files.mv(beside, path)

    def keep_first(self, name: str, data: bytes) -> None:
        path = self._path(name)
        with self._asked(name, "written"), suppress(FileExistsError):
            try:
                self._files.pipe_file(path, data, mode="create")
            except (NotImplementedError, TypeError, ValueError):  # a driver that cannot tell who was first
                if not self._files.exists(path):
                    self._files.pipe_file(path, data)

    def remove(self, name: str) -> None:
        with suppress(FileNotFoundError), self._asked(name, "removed"):
            self._files.rm_file(self._path(name))

    def moment(self, name: str) -> float | None:
        """When a file was written, by the clock of the storage; None where it does not say.

        Raises `FileNotFoundError`.
        """
        with self._asked(name, "read"), suppress(NotImplementedError, KeyError):
            self._files.invalidate_cache(self._path(name))
            return float(self._files.modified(self._path(name)).timestamp())
        return None

    @contextmanager
    def _asked(self, name: str, done: str) -> Iterator[None]:
        """Errors of the driver as one line with a remedy; that a file is missing, or there, is for the caller."""
        try:
            yield
        except Exception as error:  # every driver has errors of its own
            if (isinstance(error, FileNotFoundError) and done != "written") or isinstance(error, FileExistsError):
                raise
            remedy = "check the address and your access; run the same command to resume"
            raise WorkspaceError(f"{self.told(name)}: cannot be {done} ({said(error)}); {remedy}") from None
