"""What earlier scans left for later ones, so that a crawl is compared with all before it without reading them again.

A folder of artefacts, three files for each shard that was ever scanned with it, and the key and the
parameters that all of them were made with: what was made otherwise cannot be compared, and is refused.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import filelock
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from corpusscan.detector import EARLIER
from corpusscan.engine import shuffle, sources
from corpusscan.errors import UsageError, WorkspaceError
from corpusscan.workspace import Workspace, write_atomic

VERSION = 1
_FACTS = "index.json"


class Index:
    """The artefacts of earlier scans, by the digest of their shard."""

    def __init__(self, root: Path) -> None:
        self._kept = Workspace(root / "shards")

    def earlier(self, digests: Sequence[str]) -> tuple[list[tuple[int, str]], int]:
        """(number, artefact) of every shard but these, which are scanned again; and how many documents they have.

        Numbers are those from `EARLIER` on.
        """
        kept = sorted(path.stem for path in self._kept.root.glob("*.parquet") if "." not in path.stem)
        others = [name for name in kept if name not in set(digests)]
        documents = sum(pq.read_metadata(self._kept.path(name)).num_rows for name in others)
        return [(EARLIER + n, str(self._kept.root.absolute() / name)) for n, name in enumerate(others)], documents

    def keep(self, digest: str, artefact: str, account: str, workspace: Workspace) -> None:
        """Keep what the map of a shard left, and its sources.  Raises `WorkspaceError`."""
        target = self._kept.path(digest)
        if target.exists():
            return
        tally = workspace.path(sources.beside(account)), self._kept.path(sources.beside(digest))
        numbers = shuffle.place(workspace, artefact), shuffle.place(self._kept, digest)
        for source, place in (tally, numbers, (workspace.path(artefact), target)):  # the last says that all are there
            if source.exists():
                _copy(source, place)

    def check(self) -> None:
        """Raises `UsageError` where a file is damaged."""
        for path in sorted(self._kept.root.glob("*.parquet")):
            try:
                if pq.read_metadata(path).num_rows and "." not in path.stem:
                    shuffle.part(self._kept, path.stem, 0, 1)
            except (pa.ArrowException, OSError, WorkspaceError) as error:
                raise UsageError(
                    f"--index: {path} is damaged ({str(error).splitlines()[0]}); bring it back from a copy, or delete"
                    " all files of this name: the documents that they tell of are then no longer known"
                ) from None


@contextmanager
def opened(root: Path, scheme: Mapping[str, Any], drawn: bytes, seeded: bool) -> Iterator[tuple[Index, bytes]]:
    """The index and the run key that it imposes; a new one takes `drawn`, or what `--seed` gave.

    Raises `UsageError` where the folder is something else, in use, or made with other parameters or another seed.
    """
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        with filelock.FileLock(root / "lock", mode=0o600).acquire(timeout=0):
            key = _key(root, {"version": VERSION, **scheme}, drawn, seeded)
            index = Index(root)
            index.check()
            yield index, key
    except filelock.Timeout:
        raise UsageError(f"--index: another scan uses {root}; wait for it") from None
    except OSError as error:
        raise UsageError(f"--index: {root} cannot be used ({error.strerror or error}); choose another folder") from None


def _key(root: Path, facts: dict[str, Any], drawn: bytes, seeded: bool) -> bytes:
    place, key = root / _FACTS, root / "key"
    if not place.exists():
        if any(child.name not in ("lock", "key") for child in root.iterdir()):
            raise UsageError(f"--index: {root} holds something that is no index; choose another folder")
        write_atomic(key, lambda path: path.write_bytes(drawn))
        write_atomic(place, lambda path: path.write_bytes(orjson.dumps(facts)))
    try:
        known, kept = orjson.loads(place.read_bytes()), key.read_bytes()
        different = [name for name in facts if known.get(name) != facts[name]]
    except (OSError, ValueError, AttributeError) as error:
        raise UsageError(f"--index: {root} is damaged ({error}); bring it back from a copy") from None
    if different:
        told = ", ".join(f"{name} {known.get(name)!r}, not {facts[name]!r}" for name in different)
        raise UsageError(f"--index: {root} was made with {told}; begin a new one in another folder")
    if len(kept) != len(drawn) or (seeded and kept != drawn):
        raise UsageError(f"--index: {root} has a key of its own; leave out --seed, or choose another folder")
    return kept


def _copy(source: Path, place: Path) -> None:
    write_atomic(place, lambda path: shutil.copyfile(source, path))
