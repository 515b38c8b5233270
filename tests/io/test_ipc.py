"""Arrow files and streams: every row is scanned, or the reading is not complete; no byte is believed."""

from __future__ import annotations

import io as memory
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.feather as feather
import pytest
from corpora import Run, make_records

import corpusscan

Read = Callable[..., Any]
TABLE = pa.table({"text": [f"text number {i}" for i in range(9)], "id": list(range(9))})
EMPTY = {"b.jsonl": b'{"text": ""}'}


def stream(table: pa.Table, rows: int = 3, **options: Any) -> bytes:
    """A table as an IPC stream, as `datasets` saves it."""
    buffer = memory.BytesIO()
    with pa.ipc.new_stream(buffer, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, max_chunksize=rows)
    return buffer.getvalue()


def file(table: pa.Table, rows: int = 3, **options: Any) -> bytes:
    """A table as an IPC file."""
    buffer = memory.BytesIO()
    with pa.ipc.new_file(buffer, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, max_chunksize=rows)
    return buffer.getvalue()


@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
@pytest.mark.parametrize("write", [stream, file])
def test_files_and_streams_are_read_whole(read: Read, write: Callable[..., bytes], compression: str | None) -> None:
    """Batch by batch, whatever they are packed with, in shards of any size."""
    for size in (None, 100):
        result = read({"a.arrow": write(TABLE, compression=compression)}, shard_bytes=size)
        assert result.whole
        assert result.contents == TABLE["text"].to_pylist()
        assert [row["row"] for row in result.documents] == [*range(9)]


@pytest.mark.parametrize("write", [stream, file])
def test_dictionaries_are_spelled_out(read: Read, write: Callable[..., bytes]) -> None:
    """Strings that stand in a dictionary are read with it, in one shard, in the order of the file."""
    table = pa.table({"text": pa.array(["a", "b", "a", None, "b", "a"]).dictionary_encode()})
    result = read({"a.arrow": write(table, 2)}, shard_bytes=10)
    assert result.whole
    assert result.contents == ["a", "b", "a", "b", "a"]


def test_feather(read: Read, tmp_path: Path) -> None:
    """Version 2 is an IPC file; version 1 is refused by its name."""
    feather.write_feather(TABLE, str(tmp_path / "two"), compression="zstd")
    assert read({"a.feather": (tmp_path / "two").read_bytes()}).contents == TABLE["text"].to_pylist()
    result = read({"a.feather": b"FEA1" + bytes(60)} | EMPTY)
    assert [(name, reason) for name, _, _, reason in result.plan.skipped] == [("a.feather", "unknown_format")]


@pytest.mark.parametrize("write", [stream, file])
def test_a_file_cut_at_any_byte_loses_no_batch_before_it(read: Read, write: Callable[..., bytes]) -> None:
    """What stands before the cut is scanned; that something is missing is said wherever a batch or the end is cut."""
    whole = write(TABLE)
    for cut in range(1, len(whole)):
        result = read({"a.arrow": whole[:cut]} | EMPTY)
        contents = [text for text in result.contents if text]
        assert contents == TABLE["text"].to_pylist()[: len(contents)]
        assert len(contents) == 9 or not result.whole or cut in _borders(whole)


def _borders(whole: bytes) -> set[int]:
    """Ends of messages: what ends there looks whole to everybody who does not ask for the mark at the end."""
    source = pa.BufferReader(whole)
    source.seek(8 if whole.startswith(b"ARROW1") else 0)
    found: set[int] = set()
    while True:
        try:
            pa.ipc.read_message(source)
        except EOFError:
            return found
        found |= {source.tell() + n for n in range(8)}


@pytest.mark.parametrize("write", [stream, file])
def test_one_changed_byte_anywhere_is_no_crash(read: Read, write: Callable[..., bytes]) -> None:
    """Lengths, offsets, metadata: whatever byte is changed, nothing is read from beyond the buffers."""
    whole = write(TABLE.slice(0, 4), 2)
    for place in range(8, len(whole)):
        for flip in (0x01, 0x80, 0xFF):
            changed = bytearray(whole)
            changed[place] ^= flip
            read({"a.arrow": bytes(changed)} | EMPTY)


def test_offsets_that_lie_are_not_followed(read: Read) -> None:
    """Offsets beyond the buffer are an error that is counted, not text from elsewhere in memory."""
    told = bytearray(stream(pa.table({"text": ["a", "b", "c"]})))
    place = told.index(struct.pack("<4i", 0, 1, 2, 3))
    told[place + 4 : place + 8] = struct.pack("<i", 2**31 - 1)
    result = read({"a.arrow": bytes(told)} | EMPTY)
    assert result.reasons("errored") == {"corrupt_arrow": 1}


@pytest.mark.parametrize("end", [4, 2**31 + 5, 2**62, -1])
def test_offsets_beyond_2_gb_are_not_followed(read: Read, end: int) -> None:
    """Those of large strings have 64 bits: whatever they say, what lies outside of the buffer is an error."""
    told = bytearray(stream(pa.table({"text": pa.array(["a", "b", "c"], pa.large_string())})))
    place = told.index(struct.pack("<4q", 0, 1, 2, 3)) + 24
    told[place : place + 8] = struct.pack("<q", end)
    result = read({"a.arrow": bytes(told), "b.jsonl": b'{"text": "good"}'})
    assert result.reasons("errored") == {"corrupt_arrow": 1}
    assert result.contents == ["good"]


@pytest.mark.parametrize("write", [stream, file])
def test_columns_of_one_name_are_counted_not_guessed(read: Read, write: Callable[..., bytes]) -> None:
    """As in Parquet: the file is errored by name; of columns that are not used names may repeat; nulls are records."""
    two = pa.Table.from_arrays([pa.array(["a"])] * 2, names=["text", "text"])
    result = read({"a.arrow": write(two), "b.jsonl": b'{"text": "good"}'})
    assert result.reasons("errored") == {"duplicate_column": 1}
    assert result.contents == ["good"]
    other = pa.Table.from_arrays([pa.array(["a"]), pa.array([1]), pa.array([2])], names=["text", "x", "x"])
    assert read({"a.arrow": write(other)}).contents == ["a"]
    assert read({"a.arrow": write(pa.table({"text": pa.nulls(5)}))}).reasons("scanned") == {"nothing_to_scan": 5}


def test_strings_that_are_no_unicode_are_read(read: Read) -> None:
    """A string column with other bytes costs nothing but a note, as in Parquet."""
    array = pa.array([b"fine", b"ab\xff\xfe"]).view(pa.string())
    result = read({"a.arrow": stream(pa.table({"text": array}))})
    assert len(result.documents) == 2
    assert result.contents[0] == "fine"


def test_a_saved_dataset_is_scanned_and_planted_into(tmp_path: Path, command: Run) -> None:
    """A scan of a stream finds what one of Parquet finds; the red team plants into it and the copy is read."""
    records = [{"text": str(one["text"]), "source": str(one.get("source"))} for one in make_records(300)]
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "data-00000-of-00001.arrow").write_bytes(stream(pa.Table.from_pylist(records), 100))
    report = corpusscan.scan(str(tmp_path / "corpus"), str(tmp_path / "out"), detectors=["rules"], workers=1)
    assert report.summary["totals"]["documents"] == 300
    assert report.coverage.collect()["file"].to_list() == ["data-00000-of-00001.arrow"]
    command(
        "redteam", "plant", tmp_path / "corpus", "-o", tmp_path / "poisoned", "--attack", "exact-flood=8", "--seed", "1"
    )
    found = corpusscan.scan(
        str(tmp_path / "poisoned" / "corpus"), str(tmp_path / "two"), detectors=["exact_duplicate"], workers=1
    )
    assert found.summary["totals"]["documents"] == 308


@pytest.mark.parametrize("compression", ["uncompressed", "lz4", "zstd"])
@pytest.mark.parametrize("kind", [pl.String, pl.Categorical])
def test_files_of_polars_are_read(read: Read, tmp_path: Path, compression: Any, kind: Any) -> None:
    """They hold their schema in no message; strings are views; any cut is an error or a shorter file, said so."""
    path = tmp_path / "a.feather"
    texts = [f"text {number % 7} of some length" for number in range(60)]
    frame = pl.DataFrame({"text": pl.Series(texts, dtype=kind), "id": [str(number) for number in range(60)]})
    frame.write_ipc(path, compression=compression, record_batch_size=10)
    whole = path.read_bytes()
    result = read({"a.feather": whole}, shard_bytes=300)
    assert result.contents == texts
    assert result.whole
    for cut in range(1, len(whole), 37):
        result = read({"a.feather": whole[:cut], "b.jsonl": b'{"text": ""}'})
        assert not result.whole
        assert result.contents == texts[: len(result.contents)]
