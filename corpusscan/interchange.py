"""Signatures that datasketch reads, and those that it made, out of an index and into it."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from corpusscan.detectors.near_duplicate import NAME
from corpusscan.engine import index, signatures
from corpusscan.engine.keys import fingerprint
from corpusscan.errors import UsageError
from corpusscan.io.rows.texts import decoded
from corpusscan.kernels import affine32, words
from corpusscan.kernels.sketches import BINS
from corpusscan.workspace import KEY_BYTES, seeded, write_atomic

_DISK = 2 * signatures.WIDTH  # bytes of a document in an index, at most


class Shingles:
    """What an index hashes, for those who make signatures themselves.

    Raises `UsageError` where the folder is no index of the scheme affine32.
    """

    def __init__(self, folder: str | Path) -> None:
        self._key = index.key_of(Path(folder), affine32.SCHEME)

    @property
    def metadata(self) -> dict[bytes, bytes]:
        """The metadata of a file of signatures for this index."""
        return {signatures.METADATA: orjson.dumps(_facts(self._key))}

    def hashes(self, *texts: str) -> npt.NDArray[np.uint32]:
        """Those of the shingles of a document, whose texts count as one; none where it is shorter than a shingle."""
        column = pa.array([decoded(text)[0] for text in texts], pa.large_string())
        return affine32.shingle_hashes(words.hashed(column, self._key).hashes)


def create(folder: Path, seed: int | None = None) -> None:
    """Make an empty index whose key is drawn, or derived from a number, where there is none.

    Raises `UsageError` where there is one of another scheme or key.
    """
    key = secrets.token_bytes(KEY_BYTES) if seed is None else seeded(seed)
    with index.opened(folder, affine32.SCHEME, index.Drawn(key, seeded=seed is not None)):
        pass


def export(folder: Path, file: Path) -> int:
    """Write the signatures of an index to a file; how many.  Raises `UsageError` and `WorkspaceError`."""
    counts: list[int] = []
    with index.opened(folder, affine32.SCHEME) as (kept, key):
        filled = ((digest, table) for digest in kept.shards(NAME) if len(table := kept.table(NAME, digest)))
        write_atomic(file, lambda path: counts.append(signatures.write(path, _facts(key), filled)))
    return counts[0]


def bring(folder: Path, file: Path) -> tuple[int, int]:
    """Put the signatures of a file into an index: how many came, and how many were of shards that it knew.

    Raises `UsageError` where the file is damaged or not comparable with the index; nothing of it is kept then.
    """
    with index.opened(folder, affine32.SCHEME) as (kept, key), _complaining(file):
        facts, known = _facts(key), set(kept.shards(NAME))
        counts = {digest: len(table) for digest, table in signatures.read(file, facts)}  # all is checked first
        came = sum(count for digest, count in counts.items() if digest not in known)
        if came * _DISK > (free := shutil.disk_usage(folder).free):
            raise ValueError(f"{came:,} documents take {came * _DISK:,} bytes of disk, {free:,} are free")
        for digest, table in signatures.read(file, facts):
            if digest not in known:
                kept.add(NAME, digest, table)
    return came, sum(counts.values()) - came


def _facts(key: bytes) -> dict[str, Any]:
    """What signatures must share to be compared."""
    return {**affine32.SCHEME, "seed": affine32.SEED, "num_perm": BINS, "key": fingerprint(key)}


@contextmanager
def _complaining(file: Path) -> Iterator[None]:
    """All that can be wrong with a file, as one line."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, TypeError, OverflowError, LookupError) as error:
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise UsageError(f"{file}: cannot be imported: {said}") from None
