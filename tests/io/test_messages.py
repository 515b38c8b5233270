"""The messages of Arrow files are told apart without Arrow, as Arrow does, and no byte is believed."""

from __future__ import annotations

import io as memory
import struct
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpusscan import io
from corpusscan.config import Columns
from corpusscan.errors import UnreadableError
from corpusscan.io.layout import messages

KINDS = {"schema": 1, "dictionary": 2, "record batch": 3}
TABLES = [
    pa.table(
        {"text": [f"text number {i}" for i in range(9)], "ü": [{"a": [i]} for i in range(9)], "id": list(range(9))}
    ),
    pa.table(
        {"text": pa.array(["a", "b", "a", None] * 3).dictionary_encode(), "s": pa.array(["x"] * 12).cast("string_view")}
    ),
    pa.table({"text": pa.array([], pa.string())}),
    pa.table({}),
]


def written(table: pa.Table, new: Callable[..., Any] = pa.ipc.new_stream, **options: Any) -> bytes:
    """A table as a stream, or as a file."""
    buffer = memory.BytesIO()
    with new(buffer, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, max_chunksize=4)
    return buffer.getvalue()


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("new", [pa.ipc.new_stream, pa.ipc.new_file])
@pytest.mark.parametrize(
    "options", [{}, {"compression": "zstd"}, {"use_legacy_format": True}, {"unify_dictionaries": True}]
)
def test_messages_are_those_that_arrow_reads(
    tmp_path: Path, table: pa.Table, new: Callable[..., Any], options: dict[str, Any]
) -> None:
    """Places, lengths, kinds, rows and names: of streams and files, of those of before 2019 too."""
    whole = written(table, new, **options)
    (tmp_path / "a.arrow").write_bytes(whole)
    found = messages.read(tmp_path / "a.arrow")
    source = pa.BufferReader(whole)
    source.seek(found.begin)
    told, places = [], [found.begin]
    while True:
        try:
            told.append(KINDS[pa.ipc.read_message(source).type])
        except EOFError:
            break
        places.append(source.tell())
    assert found.fault is None
    assert found.names == table.column_names
    assert not found.bare
    assert [one.kind for one in found.all] == told[1:]
    assert [(one.start, one.start + one.length) for one in found.all] == [*pairwise(places[1:])]
    assert sum(one.rows for one in found.batches) == len(table)


def test_rows_of_a_shard_are_counted_without_reading_them(tmp_path: Path) -> None:
    """By the account of its batches, so that the rows behind a lost shard keep their numbers."""
    (tmp_path / "a.arrow").write_bytes(written(TABLES[0]))
    (shard,) = io.plan([str(tmp_path)], Columns(), None).shards
    assert io.count(shard) == 9


def schema_of(columns: int, name: bytes) -> bytes:
    """A schema of so many columns, all of which are one and the same field."""
    end = 24 + 4 * columns
    head = struct.pack("<I4HiII", 12, 8, 8, 0, 4, 8, 4, columns)  # root, slots, table, vector
    fields = b"".join(struct.pack("<I", end + 8 - (24 + 4 * number)) for number in range(columns))
    return head + fields + struct.pack("<4HiII", 6, 8, 4, 0, 8, 4, len(name)) + name


def test_one_name_for_many_columns_costs_no_memory() -> None:
    """A megabyte that is the name of 50,000 columns would be 50 GB of names."""
    assert messages._names(messages._root(schema_of(3, b"text"))) == ["text"] * 3
    with pytest.raises(ValueError, match="longer than the schema"):
        messages._names(messages._root(schema_of(50_000, b"n" * 2**20)))


def test_messages_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind so many nothing is looked for, which is an error and counted."""
    (tmp_path / "a.arrow").write_bytes(written(TABLES[0]))
    monkeypatch.setattr(messages, "MOST", 2)
    found = messages.read(tmp_path / "a.arrow")
    assert len(found.batches) == 2
    assert found.fault
    (shard,) = io.plan([str(tmp_path)], Columns(), None).shards
    account = io.Account()
    assert sum(len(batch.documents) for batch in io.read(shard, Columns(), 2**20, bytes(32), account)) == 8
    assert (account.reasons["errored"], account.unknowable) == ({"corrupt_arrow": 1}, True)


def test_a_first_batch_that_is_not_recognised_is_missed(tmp_path: Path) -> None:
    """Files of Polars say in their footer how many batches there are: fewer are never all."""
    path = tmp_path / "a.arrow"
    pl.DataFrame({"text": [f"text {row}" for row in range(9)]}).write_ipc(path, record_batch_size=3)
    found, whole = messages.read(path), path.read_bytes()
    assert (found.bare, len(found.batches), found.claimed, found.fault) == (True, 3, 3, None)
    path.write_bytes(whole[: found.head + 8] + b"\xff" * 8 + whole[found.head + 16 :])
    damaged = messages.read(path)
    assert len(damaged.batches) < 3
    assert damaged.fault


@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"ARROW1\0\0", b"\xff\xff\xff\xff", b"ARROW1\0\0\xff\xff\xff\xff\x40\0\0\0"]),
)
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes, head: bytes) -> None:
    """Messages within the file, or `UnreadableError`."""
    path = tmp_path_factory.mktemp("messages") / "a"
    path.write_bytes(head + data)
    try:
        found = messages.read(path)
    except UnreadableError:
        return
    assert all(one.start >= 0 and one.start + one.length <= found.size for one in found.all)
