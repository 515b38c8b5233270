"""Files of MinHash signatures, each as datasketch's LeanMinHash serialises it; the columns are in docs/index.md.

A file comes from elsewhere: its facts, types, lengths, order and values are checked, batch by batch, and types bound
what a row takes, so that a small file cannot stand for a large one in memory.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby, pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from blake3 import blake3

from corpusscan.io.rows.values import LENGTH
from corpusscan.kernels import affine32
from corpusscan.kernels.sketches import BANDS, BINS

METADATA = b"corpusscan"
SHARDS = 200_000  # of one file
SHARD_ROWS = 2_000_000  # documents of one shard: they are held at once
PART = 100_000  # documents that make a shard where a file tells of none
_BATCH = 10_000
# The seed, the number of values (negative: a code of the scheme follows), the code.
_HEADER = np.frombuffer(struct.pack("<qiB", affine32.SEED, -BINS, 1), np.uint8)
WIDTH = len(_HEADER) + 4 * BINS  # bytes of a signature
_DAYS = -719_162, 2_932_532  # since 1970: of the years 1 to 9998
_DAY = 86_400_000_000  # µs

Matrix = npt.NDArray[np.uint8]


def _is_text(kind: pa.DataType) -> bool:
    return (kind.value_type if pa.types.is_dictionary(kind) else kind) in (pa.string(), pa.large_string())


_COLUMNS: Mapping[str, tuple[pa.DataType, Callable[[pa.DataType], bool]]] = {  # as they are written; what may be read
    "shard": (pa.binary(32), pa.binary(32).equals),
    "row": (pa.uint32(), pa.types.is_integer),
    "source": (pa.large_string(), _is_text),
    "time": (pa.timestamp("us", tz="UTC"), pa.types.is_timestamp),
    "content_hash": (pa.binary(16), pa.binary(16).equals),
    "bytes": (pa.uint32(), pa.types.is_integer),
    "signature": (pa.binary(WIDTH), pa.binary(WIDTH).equals),
}


def write(path: Path, facts: Mapping[str, Any], shards: Iterable[tuple[str, pa.Table]]) -> int:
    """Write rows of an index, shard by shard; how many."""
    schema = pa.schema([(name, kind) for name, (kind, _) in _COLUMNS.items()], {METADATA: orjson.dumps(facts)})
    count = 0
    told_often = ["shard", "source"]
    with pq.ParquetWriter(
        path, schema, compression="zstd", use_dictionary=told_often, write_page_checksum=True
    ) as file:
        for digest, table in shards:
            file.write_table(_outward(digest, table).cast(schema), PART)
            count += len(table)
    return count


def read(path: Path, facts: Mapping[str, Any]) -> Iterator[tuple[str, pa.Table]]:
    """The shards of a file, and their rows as an index keeps them; signatures of no shingles are left out.

    Raises `ValueError`, `OSError` or `pyarrow.ArrowException` where a file is damaged or not made by these facts.
    """
    seen: set[str] = set()
    for digest, pieces in groupby(_pieces(path, facts), itemgetter(0)):
        tables, count, last = [], 0, -1
        for _, table in pieces:
            rows = np.append(last, table["row"].to_numpy().astype(np.int64))
            last, count = rows[-1], count + len(table)
            _must(digest not in seen and bool((np.diff(rows) > 0).all()), f"rows of {digest[:16]} are out of order")
            _must(count <= SHARD_ROWS, f"a shard has more than {SHARD_ROWS:,} documents")
            tables.append(_inward(table))
        seen.add(digest)
        _must(len(seen) <= SHARDS, f"there are more than {SHARDS:,} shards")
        yield digest, pa.concat_tables(tables)


def _outward(digest: str, table: pa.Table) -> pa.Table:
    """Rows of an index as `_COLUMNS`."""
    values = np.ascontiguousarray(affine32.unpacked(table["signature"].combine_chunks()), "<u4")
    said = np.hstack([np.tile(_HEADER, (len(table), 1)), values.view(np.uint8)])
    hashes = [bytes.fromhex(told) for told in table["hash"].to_pylist()]
    made = {
        "shard": pa.repeat(pa.scalar(bytes.fromhex(digest), pa.binary(32)), len(table)),
        "content_hash": pa.array(hashes, pa.binary(16)),
        "signature": _fixed(said),
    }
    return pa.table({name: made[name] if name in made else table[name] for name in _COLUMNS})


def _inward(table: pa.Table) -> pa.Table:
    """Checked rows as the map of `near_duplicate` leaves them."""
    said = _matrix(table["signature"])
    values = np.ascontiguousarray(said[:, len(_HEADER) :]).view("<u4").astype(np.uint32, copy=False)
    some = np.flatnonzero((values != affine32.NOTHING).any(axis=1))
    table, said, values = table.take(pa.array(some)), said[some], values[some]
    bands, checks = affine32.banded(values)
    offsets = pa.array(np.arange(len(table) + 1) * BANDS, pa.int32())
    told = [hash_ and hash_.hex() for hash_ in table["content_hash"].to_pylist()]
    # A document whose text nobody tells is called by its signature.
    own = [hash_ or blake3(row).hexdigest(16) for hash_, row in zip(told, said, strict=True)]
    return pa.table(
        {
            "row": table["row"].cast(pa.uint64()),
            "partition": pa.ListArray.from_arrays(offsets, pa.array(bands.ravel())),
            "checks": _fixed(checks),
            "source": table["source"],
            "time": table["time"],
            "hash": pa.array(own, pa.large_string()),
            "bytes": table["bytes"].cast(pa.int64()),
            "signature": affine32.packed(values),
        }
    )


def _pieces(path: Path, facts: Mapping[str, Any]) -> Iterator[tuple[str, pa.Table]]:
    """Consecutive rows of one shard as `_COLUMNS`; of `PART` after `PART` where the file tells of none."""
    names, name, first = _names(pq.read_schema(path), facts), _digest(path), 0
    once = [column for column in names if column == "source"]  # so that what is told a million times is there once
    file = pq.ParquetFile(path, read_dictionary=once, page_checksum_verification=True)
    for batch in file.iter_batches(_BATCH, columns=names, use_threads=False):
        table = _checked(pa.table(batch), first, name)
        shards = _matrix(table["shard"])
        borders = np.flatnonzero((shards[1:] != shards[:-1]).any(axis=1)) + 1
        for start, stop in pairwise([0, *borders.tolist(), len(table)]):
            yield shards[start].tobytes().hex(), table.slice(start, stop - start)
        first += len(batch)


def _names(schema: pa.Schema, facts: Mapping[str, Any]) -> list[str]:
    """The columns that are read."""
    told = orjson.loads((schema.metadata or {}).get(METADATA, b"null"))
    _must(isinstance(told, dict), f"no facts in its metadata, {METADATA.decode()}")
    different = [f"{name} {told.get(name)!r}, not {facts[name]!r}" for name in facts if told.get(name) != facts[name]]
    _must(not different, f"its signatures were made with {', '.join(different)[:500]}")
    names = [name for name in schema.names if name in _COLUMNS]
    _must(len(set(names)) == len(names), "two columns have one name")
    _must("signature" in names, "it has no column signature")
    _must("shard" not in names or "row" in names, "its column shard is of no use without row")
    for name in names:
        kind, fits = _COLUMNS[name]
        _must(fits(schema.field(name).type), f"column {name} is {schema.field(name).type}, not {kind}"[:500])
    return names


def _checked(table: pa.Table, first: int, name: str) -> pa.Table:
    """A batch as `_COLUMNS`, with null for what it does not tell; rows are numbered from `first`."""
    columns: dict[str, pa.Array] = {}
    if "shard" not in table.column_names:
        parts, of_row = np.unique(np.arange(first, first + len(table)) // PART, return_inverse=True)
        digests = [np.frombuffer(blake3(f"{name} {part}".encode()).digest(), np.uint8) for part in parts]
        columns = {
            "shard": _fixed(np.stack(digests)[of_row]),
            "row": pa.array(np.arange(first, first + len(table)), pa.uint32()),
        }
    for column, (kind, _) in _COLUMNS.items():
        if column not in columns:
            told = table[column].combine_chunks() if column in table.column_names else pa.nulls(len(table), kind)
            columns[column] = _text(told) if column == "source" else told.cast(kind, safe=column != "time")
    _must(not any(columns[column].null_count for column in ("shard", "row", "signature")), "a null where none may be")
    _must(bool((_matrix(columns["signature"])[:, : len(_HEADER)] == _HEADER).all()), "a signature of another making")
    days = columns["time"].drop_null().cast(pa.int64()).to_numpy() // _DAY
    _must(not len(days) or bool(_DAYS[0] <= days.min() and days.max() <= _DAYS[1]), "a time that is in no calendar")
    return pa.table({column: columns[column] for column in _COLUMNS})


def _text(column: pa.Array) -> pa.Array:
    """Names of sources, which are Unicode and no longer than the readers of a corpus let them be."""
    if pa.types.is_dictionary(column.type):
        column.dictionary.validate(full=True)
        longest = pc.max(pc.utf8_length(column.dictionary)).as_py() or 0
        _must(longest <= LENGTH, f"a source of more than {LENGTH} characters")
    return column.cast(pa.large_string())


def _matrix(column: pa.Array | pa.ChunkedArray) -> Matrix:
    """Binary values of one width, as rows."""
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    width = column.type.byte_width
    values = np.frombuffer(column.buffers()[1] or b"", np.uint8)[column.offset * width :]
    return values[: len(column) * width].reshape(-1, width)


def _fixed(rows: Matrix) -> pa.Array:
    """What `_matrix` reads."""
    return pa.Array.from_buffers(pa.binary(rows.shape[1]), len(rows), [None, pa.py_buffer(np.ascontiguousarray(rows))])


def _digest(path: Path) -> str:
    hasher = blake3()
    with path.open("rb") as file:
        while block := file.read(2**20):
            hasher.update(block)
    return str(hasher.hexdigest())


def _must(holds: bool, problem: str) -> None:
    if not holds:
        raise ValueError(problem)
