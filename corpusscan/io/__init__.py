"""Inputs: `plan` cuts inputs into shards, `read` turns one shard into batches.

A format is one module with UNIT, SUFFIXES, `split`, `names`, `count` and `read`; one of tables also has `schema` and
`tables`, and `extents` where these are not read from front to back.  It is known once it stands in `formats.FORMATS`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
from blake3 import blake3

from corpusscan.config import Columns
from corpusscan.detector import Batch
from corpusscan.errors import UnreadableError
from corpusscan.io.formats import FORMATS, is_table
from corpusscan.io.layout import pieces
from corpusscan.io.places import faults, storage
from corpusscan.io.planning import Plan, plan
from corpusscan.io.remedies import remedy
from corpusscan.io.rows.account import Account
from corpusscan.io.rows.batches import Rows
from corpusscan.io.rows.builder import Builder
from corpusscan.io.shard import Held, Shard

__all__ = [
    "Account", "Held", "Plan", "Shard", "count", "digest", "faults", "is_table", "pieces", "plan", "read", "remedy",
    "schema", "tables",
]  # fmt: skip


# What makes more than a thousand times of itself, and more than this many bytes, was made to do so.
_RATIO, _PRODUCED = 1_000, 256 * 2**20


def read(
    shard: Shard, columns: Columns, max_document: int, key: bytes, account: Account, wanted: Rows | None = None
) -> Iterator[Batch]:
    """Batches of one shard in row order; `account` counts every record.

    Where rows are `wanted` (ascending), others are passed over, and not counted; `account.met` counts these too.
    Where the machine failed, not the bytes, the account has one of `faults.REASONS`.
    """
    builder = Builder(columns, max_document, key, account, shard.held.without(wanted) if shard.held else wanted)
    most = max(_PRODUCED, _RATIO * shard.bytes)
    try:
        for batch in FORMATS[shard.format].read(shard, builder):
            yield batch
            if account.text_bytes > most:
                raise UnreadableError("ratio_too_high")
    except UnreadableError as error:
        account.break_off(error.reason, shard.start)
    except OSError as error:
        account.break_off(faults.reason(error), shard.start)
    if batch := builder.take():
        yield batch
    account.met = builder.row
    if shard.held and wanted is None:
        for start, stop, reason in shard.held.ranges:
            # One that a reader counts without looking (a line too long) is counted once.
            account.error(reason, min(stop - start, max(builder.row - account.rows, 0)))
            account.lost |= dict.fromkeys(range(start, stop), ("errored", reason)) if shard.files else {}


def count(shard: Shard) -> int:
    """Records of a shard that was not read, so that the rows after it keep their numbers; 0 where nobody can know."""
    try:
        return int(FORMATS[shard.format].count(shard))
    except (UnreadableError, OSError):
        return 0


def schema(shard: Shard) -> pa.Schema:
    """The columns of a file that holds tables.  Raises `UnreadableError`."""
    return FORMATS[shard.format].schema(shard)


def tables(shard: Shard, rows: int) -> Iterator[pa.Table]:
    """The rows of a shard of tables, at most so many at a time.  Raises `UnreadableError` and errors of Arrow."""
    yield from FORMATS[shard.format].tables(shard, rows)


def digest(shard: Shard) -> str:
    """BLAKE3 of the shard's bytes and of how they are read; the same wherever the file lies.

    Bytes elsewhere are not read for it where their storage names them: see `storage.Remote.identity`.
    """
    hasher = blake3(f"{shard.format} {shard.compression}\n".encode())
    for beside_it in beside(shard):
        with beside_it.open("rb") as file:
            hasher.update(file.read())
    if shard.files:
        for one in shard.files:
            hasher.update(f"{one.compression} {one.bytes}\n".encode())
            try:
                _name(hasher, storage.of(one), [(0, one.bytes)])
            except (UnreadableError, OSError):  # its reader will say so
                hasher.update(f"unreadable {one.path}".encode())
    elif _identity(shard):
        hasher.update(f"{shard.unit} {shard.start} {shard.stop} of {_identity(shard)}".encode())
    elif hasattr(FORMATS[shard.format], "extents"):
        data, ranges = FORMATS[shard.format].extents(shard)
        hasher.update(f"{shard.start} {shard.stop}\n".encode() + data)
        _take(hasher, storage.of(shard), ranges)
    else:
        # The first bytes of a file may be a byte order mark: elsewhere they are data.
        hasher.update(b"first" if shard.start == 0 else b"later")
        _take(hasher, storage.of(shard), [(shard.start, shard.stop - shard.start)])
    return str(hasher.hexdigest(32))


def beside(shard: Shard) -> list[storage.Location]:
    """Other files on which it depends what the shard's bytes say."""
    return list(FORMATS[shard.format].beside(shard)) if shard.tokenizer else []


def _identity(shard: Shard) -> str | None:
    place = storage.of(shard)
    return place.identity() if isinstance(place, storage.Remote) else None


def _name(hasher: blake3, place: storage.Location, ranges: list[tuple[int, int]]) -> None:
    identity = place.identity() if isinstance(place, storage.Remote) else None
    if identity:
        hasher.update(identity.encode())
    else:
        _take(hasher, place, ranges)


def _take(hasher: blake3, place: storage.Location, ranges: list[tuple[int, int]]) -> None:
    block = memoryview(bytearray(2**20))  # used again and again: fresh memory costs more than the hash
    with place.open("rb", buffering=0) as file:
        for start, length in ranges:
            file.seek(start)
            left = length
            while left > 0 and (count := file.readinto(block[:left])):
                hasher.update(block[:count])
                left -= count
