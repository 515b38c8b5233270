"""Storage that fsspec has a driver for: S3, Google Cloud Storage, Azure, SFTP and others."""

from __future__ import annotations

import glob
import itertools
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from corpusscan.addresses import filesystem, shown
from corpusscan.errors import InputError, UnreadableError
from corpusscan.io.places.answers import Facts
from corpusscan.io.places.storage import patiently

LISTING = 3600.0  # seconds that a listing may take
# A file in memory is not seen by workers; `reference` opens whatever addresses stand in a file, which is data.
_REFUSED = ("memory", "reference", "generic", "dir", "local", "file")
_TAGS = ("ETag", "etag", "e_tag", "generation", "content_md5")
_TIMES = ("LastModified", "last_modified", "updated", "mtime", "modified")


class Bucket:
    """The storage that an address of fsspec names.  Credentials are what its driver finds in the environment."""

    watches = False

    def __init__(self, store: str) -> None:
        protocol = store.split("::", maxsplit=1)[0].partition("://")[0].lower()
        if protocol in _REFUSED:
            raise InputError(f"{shown(store)}: {protocol}:// is not read; name a file, a folder or another address")
        try:
            self.files, self.root = filesystem(store)
        except ValueError as error:
            raise InputError(f"{shown(store)}: {error}") from None

    def look(self, path: str) -> Facts:
        """What the storage says of a file now.  Raises errors of the driver."""
        self.files.invalidate_cache()
        return facts(self.files.info(path))

    def fetch(self, path: str, start: int, stop: int, planned: Facts) -> bytes:
        """The bytes from `start` up to `stop`.  Raises `ConnectionError` where some are missing."""
        data: bytes = self.files.cat_file(path, start=start, end=stop)
        if len(data) < stop - start:
            raise ConnectionError(f"{stop - start - len(data)} bytes of {planned.size} are missing")
        return data[: stop - start]

    def find(self) -> Iterator[tuple[str, Facts | None, bool]]:
        """Files at or below the address: path below it, facts (None for what is no file), whether it is that very one.

        Raises `UnreadableError`.
        """
        root = self.root.rstrip("/")
        info = self._info(root)
        if info is not None and info.get("type") == "file":
            yield root, facts(info), True
            return
        found = self._listed(root, pattern=info is None and glob.has_magic(root))
        for path in sorted(found):
            if found[path].get("type") == "directory" or path.endswith("/"):
                continue  # a mark that some tools leave for a folder
            yield path, facts(found[path]) if found[path].get("type") == "file" else None, False

    def below(self, path: str) -> str:
        """A path below the folder that the address names, or below where its pattern begins."""
        parts = self.root.rstrip("/").split("/")
        if not path.startswith(self.root.rstrip("/") + "/"):
            parts = list(itertools.takewhile(lambda part: not glob.has_magic(part), parts[:-1]))
        return path.removeprefix("/".join(parts)).lstrip("/")

    def _info(self, root: str) -> dict[str, Any] | None:
        try:
            return dict(patiently(lambda: self.files.info(root), root))
        except UnreadableError as error:
            if error.reason == "file_gone":
                return None
            raise

    def _listed(self, root: str, *, pattern: bool) -> dict[str, Any]:
        ask = self.files.glob if pattern else self.files.find
        return dict(patiently(lambda: ask(root, detail=True), root, LISTING))


def facts(info: dict[str, Any]) -> Facts:
    """Of what a driver says of a file.  Raises `UnreadableError` where it does not say how long it is."""
    size = info.get("size", info.get("Size"))
    if not isinstance(size, int):
        raise UnreadableError("unreadable", "the storage does not say how long it is; copy it here first")
    tag = next((str(info[name]) for name in _TAGS if info.get(name)), "")
    moment = next((_moment(info[name]) for name in _TIMES if info.get(name)), "")
    return Facts(size, f"size={size} tag={tag} changed={moment}", sealed=bool(tag) and not tag.startswith("W/"))


def _moment(value: Any) -> str:
    """To the second: some services say more in a listing than of the file itself."""
    return value.strftime("%Y-%m-%dT%H:%M:%S") if isinstance(value, datetime) else str(value)
