"""The footer of a Parquet file is read without trust: garbage, lies and depth raise by name."""

from __future__ import annotations

import io as memory
import itertools
import struct
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpusscan.errors import UnreadableError
from corpusscan.io import footer


def wrapped(data: bytes) -> bytes:
    """A file that is nothing but this footer."""
    return b"PAR1" + data + struct.pack("<I", len(data)) + b"PAR1"


def varint(value: int) -> bytes:
    """A zigzag number of Thrift's compact protocol."""
    value = value << 1 if value >= 0 else (-value << 1) - 1
    out = b""
    while value >= 0x80:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def claims(rows: int) -> bytes:
    """A footer of one row group without columns that claims `rows`."""
    return wrapped(b"\x49\x1c\x36" + varint(rows) + b"\0\0")


def test_groups_are_those_that_pyarrow_wrote(tmp_path: Path) -> None:
    """Rows and extents of every group: one after the other, within the file, and covering every page."""
    path = tmp_path / "a.parquet"
    pq.write_table(
        pa.table({"text": [f"t{i}" * 9 for i in range(100)], "n": list(range(100))}), path, row_group_size=30
    )
    groups = footer.read(path)[1]
    assert [group.rows for group in groups] == [30, 30, 30, 10]
    meta = pq.ParquetFile(path).metadata
    for number, group in enumerate(groups):
        chunks = [meta.row_group(number).column(column) for column in range(2)]
        assert group.stop - group.start == sum(chunk.total_compressed_size for chunk in chunks)
        assert group.size == meta.row_group(number).total_byte_size
    assert all(one.stop <= other.start for one, other in itertools.pairwise(groups))


@pytest.mark.parametrize("rows", [-1, footer.MAX_ROWS + 1, 2**62])
def test_an_impossible_number_of_rows_is_not_believed(tmp_path: Path, rows: int) -> None:
    """A footer must not make totals overflow, nor rows run backwards."""
    (tmp_path / "a").write_bytes(claims(7))
    assert footer.read(tmp_path / "a")[1] == [footer.Group(7, 0, 0, 0)]
    (tmp_path / "b").write_bytes(claims(rows))
    with pytest.raises(UnreadableError, match="impossible number of rows"):
        footer.read(tmp_path / "b")


@given(st.binary(max_size=60) | st.binary(max_size=40).map(lambda data: b"\x49\x1c\x19\x1c\x3c" + data))
def test_any_footer_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """Whatever the bytes: row groups within the file, or `UnreadableError`."""
    path = tmp_path_factory.mktemp("footer") / "a"
    path.write_bytes(wrapped(data))
    try:
        groups = footer.read(path)[1]
    except UnreadableError:
        groups = []
    assert all(0 <= group.start <= group.stop <= path.stat().st_size for group in groups)


def test_depth_and_lengths_are_bounded(tmp_path: Path) -> None:
    """A million open structs, a list of 2**60 elements: refused before they cost anything."""
    for name, data in (
        ("deep", b"\x1c" * 10**6),
        ("long", b"\x49\xfc" + varint(2**60)),
        ("text", b"\x18" + varint(2**60)),
    ):
        (tmp_path / name).write_bytes(wrapped(data))
        with pytest.raises(UnreadableError, match="corrupt_parquet"):
            footer.read(tmp_path / name)


def test_what_is_no_parquet_has_no_footer(tmp_path: Path) -> None:
    """Too short, another magic number, a length beyond the file."""
    buffer = memory.BytesIO()
    pq.write_table(pa.table({"text": ["a"]}), buffer)
    whole = buffer.getvalue()
    for data in (b"", b"PAR1", whole[:-1], whole[:-8] + b"\xff\xff\xff\x7fPAR1", whole[-12:]):
        (tmp_path / "a").write_bytes(data)
        with pytest.raises(UnreadableError):
            footer.read(tmp_path / "a")
