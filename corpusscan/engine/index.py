"""What earlier scans left for later ones, so that a crawl is compared with all before it without reading them again.

A folder of artefacts, for each shard that was ever scanned with it two files of each detector that compares, and one
for its sources; and the key and the
parameters that all of them were made with: what was made otherwise cannot be compared, and is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import filelock
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from corpusscan.detector import EARLIER
from corpusscan.engine import shuffle, sources
from corpusscan.errors import UsageError, WorkspaceError
from corpusscan.kernels import fingerprints
from corpusscan.workspace import KEY_BYTES, Workspace, write_atomic

VERSION = 2
_FACTS, _KEY = "index.json", "key"
_TALLIES = "sources"  # no detector is called so


class Index:
    """The artefacts of earlier scans: by their detector, and the digest of their shard."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    def _of(self, detector: str) -> Workspace:
        return Workspace(self._root / detector)

    def shards(self, detector: str) -> list[str]:
        """The digests of the shards that were kept."""
        return sorted(path.stem for path in (self._root / detector).glob("*.parquet"))

    def table(self, detector: str, digest: str) -> pa.Table:
        """What is known of the documents of a shard, but for its numbers.  Raises `WorkspaceError`."""
        return self._of(detector).read(digest)

    def add(self, detector: str, digest: str, table: pa.Table) -> None:
        """Keep documents that were looked at elsewhere: a table as the map leaves it.  Raises `WorkspaceError`."""
        counted = table["source"].drop_null().value_counts()
        tally = pa.table({"source": counted.field("values"), "documents": counted.field("counts")})
        self._of(_TALLIES).write(sources.beside(digest), tally)
        shuffle.lay(self._of(detector), digest, table)  # the last: it says that all are there

    def earlier(self, detector: str, digests: Sequence[str]) -> list[tuple[int, str]]:
        """What is kept of every shard but these, which are scanned again: (number from `EARLIER` on, artefact)."""
        again, kept = set(digests), self._root / detector
        others = [name for name in self.shards(detector) if name not in again]
        return [(EARLIER + n, str(kept / name)) for n, name in enumerate(others)]

    def tallies(self, digests: Sequence[str]) -> list[str]:
        """Of every shard but these: the artefact beside which its sources are told."""
        again, kept = set(digests), self._root / _TALLIES
        names = sorted(path.name.partition(".")[0] for path in kept.glob("*.parquet"))
        return [str(kept / name) for name in names if name not in again]

    def keep(self, detector: str, digest: str, artefact: str, account: str, workspace: Workspace) -> None:
        """Keep what the map of a shard left, and its sources.  Raises `WorkspaceError`."""
        kept, tallies = self._of(detector), self._of(_TALLIES)
        if kept.has(digest):
            return
        _copy(f"{sources.beside(account)}.parquet", workspace, f"{sources.beside(digest)}.parquet", tallies)
        _copy(shuffle.beside(artefact), workspace, shuffle.beside(digest), kept)
        _copy(f"{artefact}.parquet", workspace, f"{digest}.parquet", kept)  # the last: it says that all are there

    def check(self) -> None:
        """Raises `UsageError` where a file is damaged."""
        for path in sorted(self._root.glob("*/*.parquet")):
            try:
                if pq.read_metadata(path).num_rows and path.parent.name != _TALLIES:
                    shuffle.part(self._of(path.parent.name), path.stem, 0, 1)
            except (pa.ArrowException, OSError, WorkspaceError) as error:
                raise UsageError(
                    f"index: {path} is damaged ({str(error).splitlines()[0]}); bring it back from a copy, or delete"
                    " all files of this name: the documents that they tell of are then no longer known"
                ) from None


class Drawn(NamedTuple):
    """The run key that a new index takes; `seeded` where the user wants this one and no other."""

    key: bytes
    seeded: bool


@contextmanager
def opened(root: Path, scheme: Mapping[str, Any], drawn: Drawn | None = None) -> Iterator[tuple[Index, bytes]]:
    """The index and the run key that it imposes; without `drawn` it must be there, and nobody's but this process's.

    Raises `UsageError` where the folder is something else, in use, or made with other parameters or another seed.
    """
    try:
        if drawn:
            root.mkdir(parents=True, exist_ok=True, mode=0o700)
        elif not (root / _FACTS).exists():
            raise UsageError(f"index {root}: there is none; make it with `corpusscan index create`, or by a scan")
        with filelock.FileLock(root / "lock", mode=0o600).acquire(timeout=0):
            if drawn and not (root / _FACTS).exists():
                _begin(root, scheme, drawn.key)
            key = key_of(root, scheme)
            if drawn and drawn.seeded and drawn.key != key:
                raise UsageError(f"index {root}: has a key of its own; leave out --seed, or choose another folder")
            index = Index(root)
            index.check()
            yield index, key
    except filelock.Timeout:
        raise UsageError(f"index {root}: another scan uses it; wait for that") from None
    except OSError as error:
        raise UsageError(f"index {root}: cannot be used ({error.strerror or error}); choose another folder") from None


def _begin(root: Path, scheme: Mapping[str, Any], key: bytes) -> None:
    if any(child.name not in ("lock", "key") for child in root.iterdir()):
        raise UsageError(f"index {root}: the folder holds something that is no index; choose another")
    write_atomic(root / _KEY, lambda path: path.write_bytes(key))
    facts = orjson.dumps(_facts(scheme))
    write_atomic(root / _FACTS, lambda path: path.write_bytes(facts))


def _facts(scheme: Mapping[str, Any]) -> dict[str, Any]:
    return {"version": VERSION, "passages": fingerprints.SCHEME, **scheme}


def key_of(root: Path, scheme: Mapping[str, Any]) -> bytes:
    """The key of an index of that scheme.  Raises `UsageError` where it is of another one, or damaged."""
    wanted = _facts(scheme)
    try:
        known, key = orjson.loads((root / _FACTS).read_bytes()), (root / _KEY).read_bytes()
        different = [name for name in wanted if known.get(name) != wanted[name]]
    except (OSError, ValueError, AttributeError) as error:
        raise UsageError(f"index {root}: is damaged ({error}); bring it back from a copy") from None
    if different:
        told = ", ".join(f"{name} {known.get(name)!r}, not {wanted[name]!r}" for name in different)
        remedy = "choose its --sketch, or " if "scheme" in different else ""
        raise UsageError(f"index {root}: was made with {told}; {remedy}begin a new one in another folder")
    if len(key) != KEY_BYTES:
        raise UsageError(f"index {root}: is damaged (a key of {len(key)} bytes); bring it back from a copy")
    return key


def _copy(name: str, there: Workspace, own: str, kept: Workspace) -> None:
    if there.store.exists(name):
        kept.write_file(own, lambda path: there.store.fetch(name, path))
