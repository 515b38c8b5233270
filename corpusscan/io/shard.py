"""A shard: a range of one file, or many small files, that one task reads."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt


class Held(msgspec.Struct, frozen=True):
    """Records of a shard that are not read, because reading them ended a worker."""

    rows: int  # that the shard has
    ranges: tuple[tuple[int, int, str], ...]  # of rows: start, stop, reason; ascending, apart from one another

    def without(self, wanted: npt.NDArray[np.uint64] | None) -> npt.NDArray[np.uint64]:
        """Of all rows, or of those that are wanted, the ones that may be read."""
        rows = np.arange(self.rows, dtype=np.uint64) if wanted is None else wanted
        kept = np.ones(len(rows), np.bool_)
        for start, stop, _ in self.ranges:
            kept[np.searchsorted(rows, start) : np.searchsorted(rows, stop)] = False
        return rows[kept]


class File(msgspec.Struct, frozen=True, kw_only=True):
    """One of the files of a shard that is made of many: each is a record."""

    label: str  # of the file in results
    path: str
    bytes: int
    compression: str | None = None
    stamp: str = ""
    store: str = ""  # this and what follows: as of a shard
    version: str = ""
    sealed: bool = False


class Shard(msgspec.Struct, frozen=True, kw_only=True):
    """`start` and `stop` are in `unit`s; `digest` names the bytes, whatever file they lie in."""

    index: int
    file: str  # the label of the file in results
    path: str
    format: str  # the module in io/ that reads it
    unit: str
    start: int
    stop: int
    bytes_total: int  # of the file
    bytes: int  # of this shard, compressed where the file is
    compression: str | None = None
    digest: str = ""
    piece: int = 0  # decompressed bytes of the pieces into which the file is cut first; 0: it is read as it is
    fault: str = ""  # why the file cannot be read past this shard
    files: tuple[File, ...] = ()  # those it is made of, where these are many: rows in their order
    tokenizer: str = ""  # by which tokens are spelled out
    store: str = ""  # the address of the storage as the user wrote it; empty: `path` lies on this machine
    version: str = ""  # of a file in a storage, see `io.storage`
    sealed: bool = False  # the version names the content, and is another whenever that is
    stamp: str = ""  # of the file when it was planned (`io.faults.stamp`); empty: nobody can tell whether it changed
    held: Held | None = None

    @property
    def content(self) -> str:
        """Names what is read of the shard: its bytes, without the records that are held."""
        return f"{self.digest} without {self.held.ranges}" if self.held else self.digest
