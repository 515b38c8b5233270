"""Formats and places: `plan` cuts inputs into shards, `read` turns one shard into batches.

A format is one module with UNIT, SUFFIXES, `split`, `names`, `count` and `read`; one of tables also has `extents`,
`schema` and `tables`.  It is known once it stands in FORMATS.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import msgspec
import pyarrow as pa
from blake3 import blake3

from corpusscan.config import Columns
from corpusscan.detector import Batch
from corpusscan.errors import InputError, UnreadableError
from corpusscan.io import compression, footer, ipc, jsonl, parquet, pieces
from corpusscan.io.account import Account
from corpusscan.io.batches import Rows
from corpusscan.io.columns import TEXT
from corpusscan.io.places import Place, find
from corpusscan.io.records import Builder
from corpusscan.io.shard import Shard

FORMATS: dict[str, ModuleType] = {"jsonl": jsonl, "parquet": parquet, "arrow": ipc}
_COMPRESSED = (".gz", ".gzip", ".zst", ".zstd")
_SHARD, _LARGEST, _SHARDS = 32 * 2**20, 2**30, 20_000
# A compressed file is one shard while it is small, or one of many: cutting it takes time and room on the disk.
_WHOLE, _ALWAYS_CUT, _MANY = 128 * 2**20, 4 * 2**30, 64
_REMEDIES = {
    "unknown_format": "convert it to JSON Lines, Parquet or Arrow",
    "corrupt_parquet": "copy it here again, or leave it out",
    "corrupt_arrow": "copy it here again, or leave it out",
    "unreadable": "check its permissions",
}

__all__ = ["Account", "Plan", "Shard", "count", "digest", "is_table", "pieces", "plan", "read", "schema", "tables"]


class Plan(msgspec.Struct, frozen=True):
    """What a scan will read, and what it will not and why."""

    shards: list[Shard]
    skipped: list[tuple[str, int, str, str]]  # file, bytes, status (skipped, errored), reason
    companions: list[str]


def plan(inputs: list[str], columns: Columns, out: Path | None) -> Plan:
    """Shards in the order of their labels.

    Raises `InputError` when an input named by the user cannot be read or has no text column.
    """
    places = find(inputs, out)
    # Large corpora get larger shards; the size depends on the corpus alone, never on the machine.
    target = min(max(_SHARD, sum(place.size for place in places) // _SHARDS), _LARGEST)
    whole = min(max(_WHOLE, sum(place.size for place in places) // _MANY), _ALWAYS_CUT)
    shards: list[Shard] = []
    skipped: list[tuple[str, int, str, str]] = []
    for place in places:
        if place.companion:
            continue
        try:
            shards += _split(place, target, whole, len(shards))
        except UnreadableError as error:
            if place.named:
                raise InputError(f"{place.path}: cannot be read ({error}); {_REMEDIES[error.reason]}") from None
            status = "errored" if error.reason in ("corrupt_parquet", "corrupt_arrow", "unreadable") else "skipped"
            skipped.append((place.label, place.size, status, error.reason))
    if not shards:
        example = f" ({skipped[0][0]}: {skipped[0][3]})" if skipped else ""
        raise InputError(
            f"{', '.join(inputs)}: nothing that can be read{example}; known formats: {', '.join(_suffixes())}"
        )
    _require_text(shards, inputs, columns)
    return Plan(shards, skipped, [place.label for place in places if place.companion])


def _split(place: Place, target: int, whole: int, first: int) -> list[Shard]:
    if place.skip:
        raise UnreadableError(place.skip)
    try:
        with place.path.open("rb") as file:
            head = file.read(16)
        name = _format(place, head)
        ranges = FORMATS[name].split(place.path, target)
        packed = compression.kind_of(head) if name == "jsonl" else None
    except OSError as error:
        raise UnreadableError("unreadable", error.strerror or str(error)) from None
    return [
        Shard(
            index=first + number, file=place.label, path=str(place.path), format=name, unit=FORMATS[name].UNIT,
            start=start, stop=stop, bytes_total=place.size, bytes=size,
            compression=packed, piece=target if packed and place.size > whole else 0,
        )
        for number, (start, stop, size) in enumerate(ranges)
    ]  # fmt: skip


def _format(place: Place, head: bytes) -> str:
    if not place.size:
        raise UnreadableError("empty_file")
    stem = place.path.name.lower()
    for suffix in _COMPRESSED:
        stem = stem.removesuffix(suffix)
    for name, module in FORMATS.items():
        if stem.endswith(module.SUFFIXES):
            if stem.endswith(".json") and head.lstrip().startswith(b"["):
                raise UnreadableError("unknown_format", "a JSON array; write one object per line (JSON Lines)")
            return name
    if place.named and head.startswith(footer.MAGIC):
        return "parquet"
    if place.named and head.startswith((ipc.MAGIC, ipc.FEATHER_1)):
        return "arrow"
    if place.named and head.lstrip().startswith(b"{"):
        return "jsonl"
    raise UnreadableError("unknown_format", f"known: {', '.join(_suffixes())}")


def _suffixes() -> list[str]:
    plain = [suffix for module in FORMATS.values() for suffix in module.SUFFIXES]
    return [*plain, *(".jsonl" + suffix for suffix in _COMPRESSED)]


def _require_text(shards: list[Shard], inputs: list[str], columns: Columns) -> None:
    """Every input has, in some file, a column that can be scanned and every column the user named."""
    for ordinal, given in enumerate(inputs):
        prefix = f"{ordinal}/" if len(inputs) > 1 else ""
        there: set[str] = set()
        # A key may be rare: before an input is refused, the beginning of each of its shards was seen.
        for name in _names([shard for shard in shards if shard.file.startswith(prefix)]):
            there.add(name)
            if not _missing(there, columns):
                break
        if there and (missing := _missing(there, columns)):
            found = ", ".join(name[:64] for name in sorted(there)[:20])
            raise InputError(f"{given}: no column {missing}; it has: {found}. Name the text with --text-column")


def _names(shards: list[Shard]) -> Iterator[str]:
    for shard in shards:
        with suppress(UnreadableError, OSError):
            yield from FORMATS[shard.format].names(shard)


def _missing(there: set[str], columns: Columns) -> str:
    chosen = [*columns.text, columns.id, columns.source, columns.time, columns.label]
    named = [name for name in chosen if name and name not in there]
    if named:
        return " or ".join(repr(name) for name in named)
    return "" if columns.text or there & set(TEXT) else f"known as text ({', '.join(TEXT[:6])}, ...)"


def read(
    shard: Shard, columns: Columns, max_document: int, key: bytes, account: Account, wanted: Rows | None = None
) -> Iterator[Batch]:
    """Batches of one shard in row order; `account` counts every record.

    Where rows are `wanted` (ascending), others are passed over, and not counted.
    """
    builder = Builder(columns, max_document, key, account, wanted)
    try:
        yield from FORMATS[shard.format].read(shard, builder)
    except UnreadableError as error:
        account.break_off(error.reason, shard.start)
    except OSError:
        account.break_off("unreadable", shard.start)
    if batch := builder.take():
        yield batch


def count(shard: Shard) -> int:
    """Records of a shard that was not read, so that the rows after it keep their numbers; 0 where nobody can know."""
    try:
        return int(FORMATS[shard.format].count(shard))
    except (UnreadableError, OSError):
        return 0


def is_table(shard: Shard) -> bool:
    """Whether its records are rows of tables."""
    return hasattr(FORMATS[shard.format], "tables")


def schema(shard: Shard) -> pa.Schema:
    """The columns of a file that holds tables.  Raises `UnreadableError`."""
    return FORMATS[shard.format].schema(shard)


def tables(shard: Shard, rows: int) -> Iterator[pa.Table]:
    """The rows of a shard of tables, at most so many at a time.  Raises `UnreadableError` and errors of Arrow."""
    yield from FORMATS[shard.format].tables(shard, rows)


def digest(shard: Shard) -> str:
    """BLAKE3 of the shard's bytes and of how they are read; the same wherever the file lies."""
    hasher = blake3(f"{shard.format} {shard.compression}\n".encode())
    if is_table(shard):
        data, ranges = FORMATS[shard.format].extents(shard)
        hasher.update(f"{shard.start} {shard.stop}\n".encode() + data)
    else:
        # The first bytes of a file may be a byte order mark: elsewhere they are data.
        hasher.update(b"first" if shard.start == 0 else b"later")
        ranges = [(shard.start, shard.stop - shard.start)]
    block = memoryview(bytearray(2**20))  # used again and again: fresh memory costs more than the hash
    with Path(shard.path).open("rb", buffering=0) as file:
        for start, length in ranges:
            file.seek(start)
            left = length
            while left > 0 and (count := file.readinto(block[:left])):
                hasher.update(block[:count])
                left -= count
    return str(hasher.hexdigest(32))
