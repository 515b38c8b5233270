"""Where named files lie: what a workspace asks of a folder of this machine, and of storage elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from corpusscan.addresses import is_address


class Store(Protocol):
    """Files by name (`a/b.parquet`): each there as a whole or not at all.

    All methods raise `WorkspaceError`, which says what to do, where the storage fails; `FileNotFoundError` is said.
    """

    root: Path | None  # None: it is not on this machine

    def __str__(self) -> str:
        """Its address, for another process to open it."""
        ...

    def below(self, folder: str) -> Store:
        """The store of a folder in it."""
        ...

    def told(self, name: str) -> str:
        """Where a file lies, for messages."""
        ...

    def exists(self, name: str) -> bool:
        """Whether the file is there."""
        ...

    def size(self, name: str) -> int:
        """Its bytes.  Raises `FileNotFoundError`."""
        ...

    def names(self, folder: str = "") -> list[str]:
        """What lies in a folder, sorted: files, not yet those that are being written, and folders.  Bare names."""
        ...

    def under(self, folder: str) -> Iterable[str]:
        """The names, from the root on, of all files in the folders of a folder, by few looks."""
        ...

    def source(self, name: str) -> Any:
        """What pyarrow reads the file from.  Raises `FileNotFoundError`."""
        ...

    def read(self, name: str) -> bytes:
        """All of a small file.  Raises `FileNotFoundError`."""
        ...

    def fetch(self, name: str, place: Path) -> None:
        """Copy the file to a path of this machine.  Raises `FileNotFoundError`, `OSError`."""
        ...

    def write(self, name: str, write: Callable[[Path], object]) -> None:
        """Have `write` called for a path of this machine; what it leaves there becomes the file."""
        ...

    def keep_first(self, name: str, data: bytes) -> None:
        """Write a small file that nobody replaces: where several do at once, the first stays."""
        ...

    def remove(self, name: str) -> None:
        """Remove the file, where there is one."""
        ...


def store(address: str | Path) -> Store:
    """The store at a path or an address.

    Raises `UsageError` for an address where nothing can be written, or without a driver.
    """
    if isinstance(address, str) and is_address(address):
        return objects(address)
    from corpusscan.workspace.folders import Folder  # noqa: PLC0415  # it imports this

    return Folder(Path(address))


@lru_cache(maxsize=16)
def objects(address: str) -> Store:
    """The store at an address; its driver is asked for once."""
    from corpusscan.workspace.objects import Objects  # noqa: PLC0415  # drivers are large

    return Objects(address)
