"""Files as records that can be copied: no line is lost, cut or merged, however long it is and however the file ends."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from corpusscan import io
from corpusscan.config import Columns
from corpusscan.io.layout.compression import BLOCK
from corpusscan.redteam import rawfiles

BOM = b"\xef\xbb\xbf"
PACK = {
    "a.jsonl": (bytes, bytes),
    "a.jsonl.gz": (gzip.compress, gzip.decompress),
    "a.jsonl.zst": (zstandard.compress, lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data)),
}


def shard_of(path: Path) -> io.Shard:
    """A file as one shard, as plants have it."""
    return rawfiles.whole(io.plan([str(path)], Columns(), None).shards[0])


def line(number: int, length: int = 10) -> bytes:
    """A record whose text has so many characters."""
    return b'{"id": %d, "text": "%s"}' % (number, b"x" * length)


@pytest.mark.parametrize("name", PACK)
@pytest.mark.parametrize("mark", [b"", BOM], ids=["plain", "bom"])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n\n"], ids=["open", "closed", "blank"])
@pytest.mark.parametrize(
    "lines",
    [
        [line(0)],
        [line(0, 5 * BLOCK)],
        [line(0, 3 * BLOCK), line(1), line(2, 4 * BLOCK), line(3)],
        [line(0), b"", b"no json", line(1, 2 * BLOCK + 7)],
        [line(0, BLOCK - len(line(0, 0)) - 1), line(1, BLOCK - len(line(1, 0))), line(2)],  # ends where a block ends
    ],
    ids=["one", "huge", "mixed", "broken", "edges"],
)
def test_lines_are_kept_whatever_their_length(
    tmp_path: Path, name: str, mark: bytes, end: bytes, lines: list[bytes]
) -> None:
    """Over many blocks, with a byte order mark, without a last newline: every record is read, and copied as it was."""
    pack, unpack = PACK[name]
    path = tmp_path / name
    path.write_bytes(pack(mark + b"\n".join(lines) + end))
    wanted = [json.loads(one) if one.startswith(b"{") else None for one in lines if one]
    assert list(rawfiles.records(shard_of(path))) == wanted
    rawfiles.copy(shard_of(path), tmp_path / "out" / name, {}, {})
    copied = unpack((tmp_path / "out" / name).read_bytes())
    assert copied == b"\n".join(lines) + (end or b"\n")


def test_a_first_line_without_an_end_can_be_changed(tmp_path: Path) -> None:
    """A file that is one line after a byte order mark, with no newline, has row 0 before and after which records go."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(BOM + line(0))
    rawfiles.copy(shard_of(path), tmp_path / "out.jsonl", {0: {"id": 9}}, {0: [{"id": 8}], 1: [{"id": 10}]})
    assert [json.loads(one)["id"] for one in (tmp_path / "out.jsonl").read_bytes().splitlines()] == [8, 9, 10]


def test_rows_of_parquet_change_where_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Changed, taken out and put in, at the borders of a batch, in one place together, and after the last row."""
    monkeypatch.setattr(rawfiles, "STEP", 4)
    rows = [{"id": number, "text": f"text {number}"} for number in range(10)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    edits = {0: None, 3: {"id": 30, "text": "new"}, 4: {"id": 40, "text": "new"}, 9: None}
    inserts = {0: [{"id": -1, "text": "in"}], 4: [{"id": -4, "text": "in"}] * 2, 6: [{"id": -6, "text": "in"}]}
    inserts[10] = [{"id": -10, "text": "in"}]
    rawfiles.copy(shard_of(tmp_path / "a.parquet"), tmp_path / "out.parquet", edits, inserts)
    copied = pq.read_table(tmp_path / "out.parquet")
    assert copied["id"].to_pylist() == [-1, 1, 2, 30, -4, -4, 40, 5, -6, 6, 7, 8, -10]
    assert copied.schema == pq.read_schema(tmp_path / "a.parquet")
    assert copied["text"].to_pylist()[1] == "text 1"
