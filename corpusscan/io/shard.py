"""A shard: a range of one file, or many small files, that one task reads."""

from __future__ import annotations

import msgspec


class File(msgspec.Struct, frozen=True, kw_only=True):
    """One of the files of a shard that is made of many: each is a record."""

    label: str  # of the file in results
    path: str
    bytes: int
    compression: str | None = None


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
