"""Inputs that are tables in memory become Parquet files in the workspace, read like any other.

A table is `memory:N`; of several by name, as splits are, each is `memory:N/NAME`.  What comes as a stream, or is larger
than memory, passes through in pieces.
"""

from __future__ import annotations

import errno
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from corpusscan.errors import CorpusScanError, InputError, UsageError, WorkspaceError
from corpusscan.io.rows.features import MEDIA

FOLDER = "memory"  # of the workspace
_ROWS, _BYTES = 65_536, 64 * 2**20  # of a row group: no more of a stream is held
_AT_ONCE = 1_000  # rows that a stream is asked for
_NAME = re.compile(r"\w[\w. -]{0,199}")


@contextmanager
def as_paths(inputs: Any, work: Path) -> Iterator[list[str]]:
    """The inputs as paths; tables are written below `work` for the time of the scan.

    Raises `UsageError` for what is neither a path nor a table, `InputError` for one that cannot be read to its end.
    """
    items = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
    paths: list[str] = []
    written: list[Path] = []
    try:
        for item in items:
            if isinstance(item, str | Path):
                paths.append(str(item))
                continue
            place = work / FOLDER / f"memory:{len(written)}"
            _remove(place)  # what a scan left that was killed
            written.append(place)
            paths.append(str(place))
            for name, table in _splits(item):
                _write(place / name if name else place, table, f"{place.name}/{name}".rstrip("/"))
        yield paths
    finally:
        for place in written:
            _remove(place)


def _remove(place: Path) -> None:
    if place.is_dir():
        shutil.rmtree(place, ignore_errors=True)
    else:
        place.unlink(missing_ok=True)


def _splits(item: Any) -> list[tuple[str, Any]]:
    """Tables with their names: those of a `DatasetDict` or of any mapping, or the one table there is."""
    if not isinstance(item, Mapping):
        return [("", item)]
    if not item:
        raise UsageError("cannot scan a dictionary without tables: give one by the names of its splits")
    for name in item:
        if not (isinstance(name, str) and _NAME.fullmatch(name)):
            raise UsageError(f"cannot scan a table named {name!r}: name it by letters, digits, '-', '_' and '.'")
    return list(item.items())


def _write(place: Path, item: Any, about: str) -> None:
    """One Parquet file of a table.  Raises `UsageError`, and `InputError` where it cannot be read to its end."""
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _Pieces(place) as pieces:
        try:
            for table in _tables(item):
                pieces.add(table)
        except CorpusScanError:
            raise
        except Exception as error:  # what a stream runs is the user's own code
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise WorkspaceError(f"{place}: the disk is full; make room and run the same again") from None
            told = "".join(char if char.isprintable() else " " for char in str(error))[:300]
            raise InputError(
                f"{about}: cannot be read past row {pieces.rows} ({type(error).__name__}: {told}); mend the dataset,"
                " or leave this split out"
            ) from error
        pieces.finish()


class _Pieces:
    """A Parquet file that is written piece by piece.

    Where a column of a stream turns out to be of a wider type than its first rows (null, then text), a new part is
    begun, and all parts are brought together in the end.
    """

    def __init__(self, place: Path) -> None:
        self.place, self.rows = place, 0
        self._held: list[pa.Table] = []
        self._parts: list[Path] = []
        self._writer: Any = None
        self._schema: pa.Schema | None = None

    def __enter__(self) -> _Pieces:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer:
            self._writer.close()
        for part in self._parts:
            part.unlink(missing_ok=True)

    def add(self, table: pa.Table) -> None:
        """Take rows in.  Raises errors of Arrow where no type holds both these and those before."""
        wider = table.schema if self._schema is None else _unified(self._schema, table.schema)
        if self._schema is None or not wider.equals(self._schema):
            self._begin(wider)
        self._held.append(table if table.schema.equals(wider) else _as(table, wider))
        self.rows += len(table)
        if sum(map(len, self._held)) >= _ROWS or sum(one.nbytes for one in self._held) >= _BYTES:
            self._flush()

    def finish(self) -> None:
        """Have the file in its place."""
        if self._schema is None:
            self._begin(pa.schema([]))
        self._flush()
        self._writer.close()
        self._writer = None
        if len(self._parts) > 1:
            parts, schema = list(self._parts), self._schema
            assert schema is not None
            self._begin(schema)
            for part in parts:
                with pq.ParquetFile(part) as file:
                    for group in range(file.num_row_groups):
                        self._writer.write_table(_as(file.read_row_group(group), schema))
            self._writer.close()
            self._writer = None
        self._parts[-1].chmod(0o600)
        self._parts.pop().replace(self.place)

    def _begin(self, schema: pa.Schema) -> None:
        if self._writer:
            self._flush()
            self._writer.close()
        self._schema = schema
        self._parts.append(self.place.with_name(f".{self.place.name}.{len(self._parts)}"))
        self._writer = pq.ParquetWriter(self._parts[-1], schema, compression="zstd", compression_level=1)

    def _flush(self) -> None:
        if self._held:
            self._writer.write_table(pa.concat_tables(self._held))
            self._held = []


def _unified(known: pa.Schema, more: pa.Schema) -> pa.Schema:
    if known.equals(more):
        return known
    return pa.unify_schemas([known, more], promote_options="permissive").with_metadata(known.metadata)


def _as(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The table with these columns: null where it has none, and cast where they are of another type."""
    columns = [
        table[one.name].cast(one.type) if one.name in table.column_names else pa.nulls(len(table), one.type)
        for one in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _tables(item: Any) -> Iterator[pa.Table]:
    if hasattr(item, "collect"):  # a Polars LazyFrame
        item = item.collect()
    if isinstance(item, pa.RecordBatch):
        item = pa.Table.from_batches([item])
    if hasattr(item, "with_format") and hasattr(item, "iter"):  # datasets.Dataset, IterableDataset
        yield from _of_datasets(item)
        return
    if hasattr(item, "to_arrow"):
        item = item.to_arrow()
    if not isinstance(item, pa.Table):
        kind = f"{type(item).__module__}.{type(item).__name__}"
        raise UsageError(
            f"cannot scan a {kind}: give a path, an Arrow table, a Polars frame, or a Dataset, IterableDataset or"
            " dictionary of these by split"
        )
    for start in range(0, max(len(item), 1), _ROWS):
        yield item.slice(start, _ROWS)


def _of_datasets(item: Any) -> Iterator[pa.Table]:
    """The rows as Arrow has them: nothing is decoded, and images, sound and video are left where they are."""
    features: Any = item.features or {}
    media = [name for name, kind in features.items() if type(kind).__name__ in MEDIA]
    if media and len(media) == len(features):
        raise UsageError("cannot scan a dataset of images, sound or video alone: it has no column of text")
    if not features:
        yield from _of_rows(item)
        return
    item = item.decode(False) if hasattr(item, "decode") else item  # of a stream, which else makes pictures first
    metadata = features.arrow_schema.metadata
    yield features.arrow_schema.empty_table()
    for table in (item.remove_columns(media) if media else item).with_format("arrow").iter(batch_size=_AT_ONCE):
        for name in media:  # so that the columns are told as not scanned
            table = table.append_column(name, pa.nulls(len(table)))  # noqa: PLW2901
        yield table.replace_schema_metadata(metadata)


def _of_rows(item: Any) -> Iterator[pa.Table]:
    """A stream that says nothing of its columns: its rows, whatever keys they have."""
    rows = iter(item)
    while some := list(islice(rows, _AT_ONCE)):
        names = dict.fromkeys(name for row in some for name in row)
        yield pa.table({name: [row.get(name) for row in some] for name in names})
