"""Compressed bytes as a stream of blocks; a stream that ends early is an error, never an end.

gzip members, Zstandard frames, bzip2 and xz streams concatenate; all are read to the last byte of the file.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import zstandard
from isal import igzip_lib

from corpusscan.errors import UnreadableError
from corpusscan.io.places import faults
from corpusscan.io.places.storage import Location

BLOCK = 2**20  # bytes: what is read fits in the processor's cache
_INPUT = 4 * 2**10  # compressed bytes per step: a step expands to 128 MiB at the very worst
BAD_GZIP: Any = (igzip_lib.IsalError, zlib.error)
_XZ_MEMORY = 2**28  # bytes that a stream may ask for: xz -9 takes 65 MiB
GZIP_MAGIC, ZSTD_MAGIC, BZIP2_MAGIC, XZ_MAGIC = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ\0"
SUFFIXES = (".gz", ".gzip", ".zst", ".zstd", ".bz2", ".xz")


_MAGIC = {"gzip": GZIP_MAGIC, "zstd": ZSTD_MAGIC, "bzip2": BZIP2_MAGIC, "xz": XZ_MAGIC}


def kind_of(head: bytes, name: str = "") -> str | None:
    """`gzip`, `zstd`, `bzip2`, `xz` or None, by the first bytes of a file, and by its name where it has too few."""
    for kind, magic in _MAGIC.items():
        if head.startswith(magic) or (head and magic.startswith(head) and name.endswith(SUFFIXES)):
            return kind
    skippable = len(head) >= 4 and 0x50 <= head[0] <= 0x5F and head[1:4] == b"\x2a\x4d\x18"
    return "zstd" if skippable else None


def blocks(path: Location, kind: str | None) -> Iterator[bytes]:
    """The decompressed bytes of `path`.

    Raises `UnreadableError` after the last good block, with reason `truncated_KIND`, `corrupt_KIND`, `trailing_junk`,
    `zstd_window_too_large` or `xz_memory_too_large`.
    """
    with path.open("rb") as file:
        if kind in _DECODERS:
            yield from gathered(_DECODERS[kind](file))
        else:
            while block := file.read(BLOCK):
                yield block


def until_failure(source: Iterator[bytes], failures: list[UnreadableError]) -> Iterator[bytes]:
    """The blocks of `source` up to where it fails; the failure goes into `failures`, named by `faults`."""
    try:
        yield from source
    except UnreadableError as error:
        failures.append(error)
    except OSError as error:
        failures.append(faults.unreadable(error, faults.READ))


def gathered(parts: Iterator[bytes]) -> Iterator[bytes]:
    """Parts regrouped into blocks of BLOCK bytes, whatever a step expanded to."""
    held: list[bytes] = []
    size = 0
    try:
        for part in parts:
            held.append(part)
            size += len(part)
            if size >= BLOCK:
                whole = b"".join(held)
                yield from (whole[start : start + BLOCK] for start in range(0, size, BLOCK))
                held, size = [], 0
    except UnreadableError:
        # What was decoded before the damage is data: it is scanned, then the error is counted.
        if held:
            yield b"".join(held)
        raise
    if held:
        yield b"".join(held)


def _gzip(file: BinaryIO) -> Iterator[bytes]:
    member = gzip_member()
    fresh = True  # no byte of the present member was seen
    data = b""
    while chunk := data or file.read(_INPUT):
        if fresh and not (chunk := chunk.lstrip(b"\0") if member_padding(chunk) else chunk):
            data = b""
            continue
        if fresh and not chunk.startswith(GZIP_MAGIC[: len(chunk)]):
            raise UnreadableError("trailing_junk", "bytes after the last gzip member")
        try:
            out = member.decompress(chunk)
        except BAD_GZIP as error:
            raise UnreadableError("corrupt_gzip", str(error)) from None
        fresh, data = False, b""
        if out:
            yield out
        if member.eof:
            data, member, fresh = member.unused_data, gzip_member(), True
    if not fresh:
        raise UnreadableError("truncated_gzip", "the file ends inside a gzip member")


def gzip_member() -> igzip_lib.IgzipDecompressor:
    """What decodes one member."""
    return igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)


def member_padding(chunk: bytes) -> bool:
    """Whether what follows a gzip member begins with the zero padding that tape-minded tools add."""
    return chunk[:1] == b"\0"


def _zstd(file: BinaryIO) -> Iterator[bytes]:
    decoder = zstandard.ZstdDecompressor(max_window_size=2**27)
    frame = decoder.decompressobj()
    fresh = True
    data = b""
    while chunk := data or file.read(_INPUT):
        if fresh and len(chunk) < 4:
            chunk += file.read(_INPUT)
        if fresh and kind_of(chunk) != "zstd":
            raise UnreadableError("trailing_junk", "bytes after the last Zstandard frame")
        try:
            out = frame.decompress(chunk)
        except zstandard.ZstdError as error:
            reason = "zstd_window_too_large" if "memory" in str(error).lower() else "corrupt_zstd"
            raise UnreadableError(reason, str(error)) from None
        fresh, data = False, b""
        if out:
            yield out
        if frame.eof:
            data, frame, fresh = frame.unused_data, decoder.decompressobj(), True
    if not fresh:
        raise UnreadableError("truncated_zstd", "the file ends inside a Zstandard frame")


def _bzip2(file: BinaryIO) -> Iterator[bytes]:
    yield from _streams(file, "bzip2", bz2.BZ2Decompressor, BZIP2_MAGIC)


def _xz(file: BinaryIO) -> Iterator[bytes]:
    yield from _streams(file, "xz", lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY), XZ_MAGIC)


def _streams(file: BinaryIO, kind: str, begin: Callable[[], Any], magic: bytes) -> Iterator[bytes]:
    """Streams one after another, with the zero padding that xz allows between them; a step expands to BLOCK bytes."""
    stream, fresh, data = begin(), True, b""
    while chunk := data or file.read(_INPUT):
        data = b""
        if fresh and not (chunk := chunk.lstrip(b"\0")):
            continue
        if fresh and len(chunk) < len(magic):
            chunk += file.read(_INPUT)
        if fresh and not chunk.startswith(magic[: len(chunk)]):
            raise UnreadableError("trailing_junk", f"bytes after the last {kind} stream")
        fresh = False
        try:
            yield stream.decompress(chunk, BLOCK)
            while not stream.eof and not stream.needs_input:
                yield stream.decompress(b"", BLOCK)
        except (OSError, lzma.LZMAError) as error:
            reason = "xz_memory_too_large" if "memory" in str(error).lower() else f"corrupt_{kind}"
            raise UnreadableError(reason, str(error)) from None
        if stream.eof:
            data, stream, fresh = stream.unused_data, begin(), True
    if not fresh:
        raise UnreadableError(f"truncated_{kind}", f"the file ends inside a {kind} stream")


_DECODERS: dict[str | None, Callable[[BinaryIO], Iterator[bytes]]] = {
    "gzip": _gzip, "zstd": _zstd, "bzip2": _bzip2, "xz": _xz,
}  # fmt: skip
