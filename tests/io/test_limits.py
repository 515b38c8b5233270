"""What a hostile corpus may cost: memory within a few times the limits, and disks that fail are counted."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corpusscan import io
from corpusscan.config import Columns
from corpusscan.io.layout import compression

MEASURE = """
import re, sys
from pathlib import Path
from corpusscan import io
from corpusscan.config import Columns
plan = io.plan([sys.argv[1]], Columns(), None)
def peak():
    return int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])
before = peak()
texts = rows = 0
for shard in plan.shards:
    account = io.Account()
    for batch in io.read(shard, Columns(), 16 * 2**20, bytes(32), account):
        texts += len(batch.texts)
    rows += account.rows
print(rows, texts, (peak() - before) * 1024)
"""


def peak(path: Path) -> tuple[int, int, int]:
    """Rows, texts and the growth of peak resident memory (bytes) of reading `path` in a process of its own."""
    done = subprocess.run([sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True)
    rows, texts, grown = map(int, done.stdout.split())
    return rows, texts, grown


on_linux = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="peak memory of a process is told by Linux"
)


@on_linux
@pytest.mark.parametrize("letter", ["x", "\u00fc", "\U0001f600"])
def test_a_line_of_100_mb_is_read_in_bounded_memory(tmp_path: Path, letter: str) -> None:
    """One text of 100 MB comes in overlapping pieces, and costs at most twelve times its bytes."""
    path = tmp_path / "long.jsonl"
    repeats = 100 * 2**20 // len(letter.encode())
    path.write_bytes(b'{"text": "' + letter.encode() * repeats + b'"}\n{"text": "after"}\n')
    rows, texts, grown = peak(path)
    assert rows == 2
    assert texts > 7
    assert grown < 1200 * 2**20


@on_linux
def test_a_line_above_the_limit_costs_no_memory(tmp_path: Path) -> None:
    """400 MB without a line feed, from 400 kB of gzip: skipped while streaming."""
    import gzip

    path = tmp_path / "long.jsonl.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(400):
            file.write(b"x" * 2**20)
        file.write(b'\n{"text": "after"}\n')
    rows, texts, grown = peak(path)
    assert (rows, texts) == (2, 1)
    assert grown < 500 * 2**20


@on_linux
def test_a_bomb_of_line_feeds_costs_no_memory(tmp_path: Path) -> None:
    """A few kilobytes of Zstandard that stand for 256 MB of empty lines."""
    import zstandard

    path = tmp_path / "bomb.jsonl.zst"
    with zstandard.open(path, "wb") as file:
        for _ in range(16):
            file.write(b"\n" * (16 * 2**20))
        file.write(b'{"text": "after"}\n')
    rows, texts, grown = peak(path)
    assert (rows, texts) == (1, 1)
    assert grown < 400 * 2**20


def repeated(kind: str, text: str, rows: int) -> pa.Array:
    """One text in many rows, by a dictionary or by views."""
    if kind == "views":
        data = text.encode()
        view = struct.pack("<i4sii", len(data), data, 0, 0)
        return pa.Array.from_buffers(pa.string_view(), rows, [None, pa.py_buffer(view * rows), pa.py_buffer(data)])
    return pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), [text])


@on_linux
@pytest.mark.parametrize("kind", ["dictionary", "views", "parquet", "parquet that tells of no dictionary"])
def test_a_text_that_stands_in_many_rows_is_spelled_out_in_few(tmp_path: Path, kind: str) -> None:
    """Some kilobytes that stand for 250 MB of texts, in one batch or row group: all read, a bounded part at a time."""
    table = pa.table({"text": repeated(kind, "word " * 100_000, 500)})
    if "parquet" in kind:
        path = tmp_path / "a.parquet"
        pq.write_table(table, path, store_schema="no" not in kind)
    else:
        path = tmp_path / "a.arrow"
        with pa.ipc.new_file(str(path), table.schema) as file:
            file.write_table(table)
    assert path.stat().st_size < 2**20
    rows, texts, grown = peak(path)
    assert (rows, texts) == (500, 500)
    assert grown < 350 * 2**20


def test_a_disk_that_fails_midway_is_counted_and_what_was_read_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records read before the failure reach the detectors, and the account says that more may be lost."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"".join(b'{"text": "%d"}\n' % number for number in range(200)))
    monkeypatch.setattr(compression, "BLOCK", 256)
    shard = io.plan([str(path)], Columns(), None).shards[0]
    usual: Callable[..., Any] = Path.open

    class Failing:
        def __init__(self, file: Any) -> None:
            self.file = file

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: object) -> None:
            self.file.close()

        def seek(self, place: int) -> int:
            return int(self.file.seek(place))

        def read(self, size: int) -> bytes:
            if self.file.tell() > 1000:
                raise OSError(5, "Input/output error")
            return bytes(self.file.read(size))

    def failing(place: Path, *arguments: str, **options: str) -> Any:
        file = usual(place, *arguments, **options)
        return Failing(file) if place == path else file

    monkeypatch.setattr(Path, "open", failing)
    account = io.Account()
    rows = [
        row
        for batch in io.read(shard, Columns(), 2**24, bytes(32), account)
        for row in batch.documents["row"].to_pylist()
    ]
    assert rows == list(range(account.scanned))
    assert account.scanned > 50
    assert account.unknowable
    assert account.reasons["errored"]["read_error"] == 1


@pytest.mark.parametrize("size", [0, 30, 45])
def test_a_file_that_shrank_since_the_plan_is_counted(tmp_path: Path, size: int) -> None:
    """What the plan promised and the disk no longer holds is errored, never complete."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text": "a"}\n' * 10)
    shard = io.plan([str(path)], Columns(), None).shards[0]
    path.write_bytes(path.read_bytes()[:size])
    account = io.Account()
    list(io.read(shard, Columns(), 2**24, bytes(32), account))
    assert account.reasons["errored"]["truncated_file"] == 1
    assert account.scanned == size // 14
    path.unlink()
    account = io.Account()
    assert list(io.read(shard, Columns(), 2**24, bytes(32), account)) == []
    assert account.reasons["errored"] == {"file_gone": 1}
    assert io.count(shard) == 0


@pytest.mark.parametrize("plain", [True, False])
def test_a_page_that_asks_for_too_much_is_not_decoded(
    plain: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text too long for a page of Parquet costs its row group, whatever the footer says of it; others are read."""
    from corpusscan.io.formats import parquet

    monkeypatch.setattr(parquet, "_PAGE", 2**20)
    path = tmp_path / "a.parquet"
    with pq.ParquetWriter(path, pa.schema([("text", pa.string())]), use_dictionary=not plain, compression="zstd") as to:
        for text in ("first", "x" * 2**21, "last"):
            to.write_table(pa.table({"text": [text]}))
    account = io.Account()
    [shard] = io.plan([str(path)], Columns(), None).shards
    batches = list(io.read(shard, Columns(), 2**24, bytes(32), account))
    assert [text for batch in batches for text in batch.texts["text"].to_pylist()] == ["first", "last"]
    assert account.reasons["errored"] == {"page_too_large": 1}
    assert account.rows == 3


def test_what_makes_far_too_much_of_itself_breaks_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dictionary that stands for a thousand times its file: what came first is kept, the rest is counted as lost."""
    monkeypatch.setattr(io, "_PRODUCED", 2**22)
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": pa.DictionaryArray.from_arrays([0] * 50_000, ["x" * 1_000])}), path)
    account = io.Account()
    [shard] = io.plan([str(path)], Columns(), None).shards
    read = sum(len(batch.documents) for batch in io.read(shard, Columns(), 2**24, bytes(32), account))
    assert 4_000 < read < 40_000
    assert account.reasons["errored"] == {"ratio_too_high": 1}
    assert account.unknowable
