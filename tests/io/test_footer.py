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
from corpusscan.io.layout import footer, thrift

SCHEMA = b"\x29\x1c\x48\x01r\x00"  # a root without children


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
    return wrapped(SCHEMA + b"\x29\x1c\x36" + varint(rows) + b"\0\0")


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
    assert all(one.stop <= other.start for one, other in itertools.pairwise(groups))


@pytest.mark.parametrize("rows", [-1, footer.MAX_ROWS + 1, 2**62])
def test_an_impossible_number_of_rows_is_not_believed(tmp_path: Path, rows: int) -> None:
    """A footer must not make totals overflow, nor rows run backwards."""
    (tmp_path / "a").write_bytes(claims(7))
    assert footer.read(tmp_path / "a")[1] == [footer.Group(7, 0, 0)]
    (tmp_path / "b").write_bytes(claims(rows))
    with pytest.raises(UnreadableError, match="impossible number of rows"):
        footer.read(tmp_path / "b")


def test_names_are_those_that_pyarrow_reads(tmp_path: Path) -> None:
    """Of the columns at the top, whatever is nested in them."""
    nested = pa.array([{"a": [{"b": 1, "text": "x"}], "c": {"d": None}}])
    columns = {
        "s": nested,
        "text": ["a"],
        "l": [[[1]]],
        "ü": [1],
        "m": pa.array([[("k", 1)]], pa.map_("string", "int8")),
    }
    for some in (columns, dict(reversed(columns.items())), {"s": nested}, {}):
        pq.write_table(pa.table(some), tmp_path / "a.parquet")
        assert footer.read(tmp_path / "a.parquet").names == [*some]


def test_a_number_that_is_none_is_refused(tmp_path: Path) -> None:
    """Bytes where rows should be counted."""
    (tmp_path / "a").write_bytes(wrapped(SCHEMA + b"\x29\x1c" + b"\x38\x01x" + b"\0\0"))
    with pytest.raises(UnreadableError, match="without a number"):
        footer.read(tmp_path / "a")


def test_lists_in_lists_end(tmp_path: Path) -> None:
    """A thousand lists, each in the one before it, are no footer: not a stack that overflows."""
    (tmp_path / "a").write_bytes(wrapped(SCHEMA + b"\x29" + b"\x19" * 5_000))
    with pytest.raises(UnreadableError, match="nested too deep"):
        footer.read(tmp_path / "a")


def test_size_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would take minutes, or all memory, is no footer: of empty structs a byte each makes as many objects."""
    (tmp_path / "a").write_bytes(wrapped(SCHEMA + b"\x29\xfc" + b"\x88\x27" + bytes(5_000) + b"\0"))
    assert len(footer.read(tmp_path / "a").groups) == 5_000
    for module, name, reason in ((thrift, "_KEPT", "more than 4,000 columns"), (footer, "LONGEST", "footer_too_large")):
        footer._read.cache_clear()
        monkeypatch.setattr(module, name, 4_000)
        with pytest.raises(UnreadableError, match=reason):
            footer.read(tmp_path / "a")


@given(st.binary(max_size=60) | st.binary(max_size=40).map(lambda data: SCHEMA + b"\x29\x1c\x19\x1c\x3c" + data))
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
