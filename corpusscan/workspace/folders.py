"""A folder of this machine as a store."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from corpusscan.workspace import files


class Folder:
    """Files below `root`; a name that is an absolute path is that very file."""

    def __init__(self, root: Path) -> None:
        self.root: Path | None = root
        self._root = root

    def __str__(self) -> str:
        return str(self._root)

    def below(self, folder: str) -> Folder:
        return Folder(self._root / folder)

    def told(self, name: str) -> str:
        return str(self._root / name)

    def exists(self, name: str) -> bool:
        return (self._root / name).exists()

    def size(self, name: str) -> int:
        return (self._root / name).stat().st_size

    def names(self, folder: str = "") -> list[str]:
        place = self._root / folder
        found = (path.name for path in place.iterdir()) if place.is_dir() else ()
        return sorted(name for name in found if not files.is_beside(name))

    def under(self, folder: str) -> Iterator[str]:
        for inner in self.names(folder):
            yield from (f"{folder}/{inner}/{name}" for name in self.names(f"{folder}/{inner}"))

    def source(self, name: str) -> Path:
        return self._root / name

    def read(self, name: str) -> bytes:
        return (self._root / name).read_bytes()

    def fetch(self, name: str, place: Path) -> None:
        shutil.copyfile(self._root / name, place)

    def write(self, name: str, write: Callable[[Path], object]) -> None:
        files.write_atomic(self._root / name, write)

    def keep_first(self, name: str, data: bytes) -> None:
        files.keep_first(self._root / name, data)

    def remove(self, name: str) -> None:
        (self._root / name).unlink(missing_ok=True)
