"""A large compressed file as pieces: whole lines, each piece a small file that can be read apart from the others.

Nobody can begin to read in the middle of a gzip member or a Zstandard frame; the file is decompressed
once, in order, and what comes out is laid down again, lightly compressed.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import zstandard
from blake3 import blake3

from corpusscan.errors import UnreadableError
from corpusscan.io.layout import compression, streams
from corpusscan.io.shard import Shard
from corpusscan.workspace import write_atomic


class Pieces(msgspec.Struct):
    """Where the pieces of a file begin and end in its decompressed bytes, and what they hold."""

    stops: list[int]
    digests: list[str]
    fault: str  # why the file could not be read to its end, or empty


def cut(shard: Shard, folder: Path, alive: Callable[[], None] = lambda: None) -> Pieces:
    """Write the pieces of a file into `folder`: lines of about `shard.piece` bytes.  Raises `WorkspaceError`.

    `alive` is called after each.
    """
    pieces = Pieces([], [], "")
    failures: list[UnreadableError] = []
    blocks = compression.until_failure(streams.source(shard), failures)
    rest: bytes | None = b""
    while rest is not None and not pieces.fault:
        source = itertools.chain([rest], blocks)
        rest = _cut_one(pieces, source, failures, place(folder, len(pieces.stops)), shard.piece)
        alive()
    return pieces


def place(folder: Path, number: int) -> Path:
    """The file of one piece."""
    return folder / f"{number:06}.zst"


def shards(shard: Shard, pieces: Pieces, folder: Path) -> list[Shard]:
    """The pieces as shards, in order, with the index of `shard`; what could not be read is a fault of the last."""
    last = len(pieces.stops) - 1
    return [
        msgspec.structs.replace(
            shard, path=str(place(folder, number)), compression="zstd", start=start, stop=stop, bytes=stop - start,
            bytes_total=pieces.stops[-1], digest=digest, fault=pieces.fault if number == last else "", piece=0,
            stamp="",
            store="",
        )
        for number, (start, stop, digest) in enumerate(
            zip([0, *pieces.stops], pieces.stops, pieces.digests, strict=False)
        )
    ]  # fmt: skip


def _cut_one(
    pieces: Pieces, blocks: Iterator[bytes], failures: list[UnreadableError], place: Path, target: int
) -> bytes | None:
    """Write one piece of lines; returns what was read beyond it, or None at the end."""
    start = pieces.stops[-1] if pieces.stops else 0
    hasher = blake3(b"piece, later" if start else b"piece, first")
    rest: bytes | None = None
    size = 0

    def write(path: Path) -> None:
        nonlocal rest, size
        with path.open("wb") as raw, zstandard.ZstdCompressor(level=1).stream_writer(raw) as file:
            for block in blocks:
                end = block.find(b"\n", max(target - size, 0)) + 1
                part = block[:end] if end else block
                file.write(part)
                hasher.update(part)
                size += len(part)
                if end:
                    rest = block[end:]
                    return

    write_atomic(place, write)
    pieces.fault = failures[0].reason if failures else ""
    hasher.update(f"\n{pieces.fault}".encode())
    if size or pieces.fault or not pieces.stops:
        pieces.stops.append(start + size)
        pieces.digests.append(hasher.hexdigest())
    return rest
