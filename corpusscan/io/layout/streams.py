"""Files that are read from front to back: the bytes of a shard, whatever they are packed in, as UTF-8.

A file that can be cut is cut where lines begin; a compressed one, or one in UTF-16, is one shard or is laid down in
pieces first (`io.pieces`).
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from corpusscan.errors import UnreadableError
from corpusscan.io.layout import compression
from corpusscan.io.places import storage
from corpusscan.io.places.storage import Location
from corpusscan.io.shard import Shard

_UTF8 = b"\xef\xbb\xbf"
# The mark of UTF-32 begins like that of UTF-16.
_WIDE = {codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32",
         codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}  # fmt: skip


def cut(path: Location, target: int) -> list[tuple[int, int, int]]:
    """Ranges (start, stop, bytes) of about `target` bytes that begin at line starts; what cannot be cut is one."""
    size = storage.size(path)
    with path.open("rb") as file:
        head = file.read(8)
        if compression.kind_of(head) or _wide(head):
            return whole(path, target)
        cuts = [0]
        while (near := cuts[-1] + target) < size:
            file.seek(near - 1)
            while (block := file.read(2**16)) and (found := block.find(b"\n")) < 0:
                near += len(block)
            if not block or near + found >= size:
                break
            cuts.append(near + found)
    return [(start, stop, stop - start) for start, stop in zip(cuts, [*cuts[1:], size], strict=True)]


def whole(path: Location, _: int) -> list[tuple[int, int, int]]:
    """The file as one range."""
    size = storage.size(path)
    return [(0, size, size)]


def source(shard: Shard) -> Iterator[bytes]:
    """The bytes of the shard as UTF-8, without the mark at the beginning of a file.

    Raises `UnreadableError` after what could be read.
    """
    path = storage.of(shard)
    if shard.compression:
        yield from unpacked(path, shard.compression)
    elif shard.start:
        yield from _range(path, shard.start, shard.stop)
    else:
        yield from _decoded(_range(path, 0, shard.stop))


def unpacked(path: Location, packed: str | None) -> Iterator[bytes]:
    """The bytes of a whole file, as `source` gives them.  Raises `UnreadableError` after what could be read."""
    yield from _decoded(compression.blocks(path, packed))


def _decoded(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Bytes from the beginning of a file as UTF-8, without the mark there."""
    first = next(blocks, b"")
    if encoding := _wide(first):
        yield from _narrowed(first, blocks, encoding)
    else:
        yield first.removeprefix(_UTF8)
        yield from blocks


def _range(path: Location, start: int, stop: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while start < stop:
            block = file.read(min(compression.BLOCK, stop - start))
            if not block:
                raise UnreadableError("truncated_file", "the file is shorter than when the scan was planned")
            start += len(block)
            yield block


def _wide(head: bytes) -> str | None:
    return next((encoding for mark, encoding in _WIDE.items() if head.startswith(mark)), None)


def _narrowed(first: bytes, blocks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """UTF-16 or UTF-32 as UTF-8; what is no character becomes U+FFFD, as in any text."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    yield decoder.decode(first).encode()
    for block in blocks:
        yield decoder.decode(block).encode()
    yield decoder.decode(b"", final=True).encode()
