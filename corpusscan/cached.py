"""What takes seconds to make and is the same in every process: cached where numba caches compiled kernels.

Every worker needs the tables of all rules and claims before it judges a first row.  Nothing that comes from a corpus
is cached, and what is read was written by this very program, as it is with the kernels themselves.
"""

from __future__ import annotations

import pickle
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import zstandard
from blake3 import blake3

from corpusscan.kernels.places import slices
from corpusscan.program import code, digest

MOST = 8  # of a kind that are kept: those that nobody has used for longest go
_CHECK = 32  # bytes of the digest before what is cached

T = TypeVar("T")


def cached(kind: str, of: Callable[[], str], make: Callable[[], T]) -> T:
    """What `make` returns, which must be picklable: from the cache, where a process has made it of the same.

    `of` tells all that it is made of besides this program and its libraries; where this changes meanwhile nothing is
    kept.  A file that is damaged, and a place that cannot be read or written, are as none.
    """
    if (folder := slices.stats.cache_path) is None:  # numba found no place that it may write to
        return make()
    told = of()
    file = Path(folder) / f"{kind}.{digest(code(), told)}.cached"
    found: list[T] = _read(file)
    if not found:
        found = [make()]
        if of() == told:
            _write(file, found)
    return found[0]


def _read(file: Path) -> Any:
    try:
        data = file.read_bytes()
    except OSError:
        return []
    if blake3(data[_CHECK:]).digest() == data[:_CHECK]:
        with suppress(OSError):
            file.touch()
        with suppress(Exception):  # whatever it is that a library does not understand any more: it is made anew
            return pickle.loads(zstandard.decompress(data[_CHECK:]))
    return []


def _write(file: Path, found: object) -> None:
    data = zstandard.compress(pickle.dumps(found, pickle.HIGHEST_PROTOCOL), 1)
    beside = file.with_suffix(f".{secrets.token_hex(8)}.cached")  # which goes in time, should this process end here
    with suppress(OSError):
        try:
            beside.write_bytes(blake3(data).digest() + data)
            beside.replace(file)
        finally:
            beside.unlink(missing_ok=True)
        kind = file.name.partition(".")[0]
        for old in sorted(file.parent.glob(f"{kind}.*.cached"), key=lambda one: one.stat().st_mtime)[:-MOST]:
            old.unlink()
