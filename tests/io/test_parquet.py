"""Parquet: every row of every kind of column is scanned, or counted; the footer is data and is not believed."""

from __future__ import annotations

import datetime as dt
import io as memory
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpusscan.io.layout import footer

Read = Callable[..., Any]
BAD = b"ab\xff\xfe"


def parquet(table: pa.Table | dict[str, Any], **options: Any) -> bytes:
    """A table as a file."""
    buffer = memory.BytesIO()
    pq.write_table(table if isinstance(table, pa.Table) else pa.table(table), buffer, **options)
    return buffer.getvalue()


def unchecked(values: list[bytes | None], kind: pa.DataType | None = None) -> pa.Array:
    """A string column that holds these bytes, UTF-8 or not."""
    return pa.array(values, pa.binary()).view(pa.string()).cast(kind or pa.string())


def test_a_file_cut_at_any_byte_is_never_complete(read: Read) -> None:
    """Without its last byte there is no footer: errored, and counted."""
    whole = parquet({"text": ["a", "b"]})
    for cut in range(len(whole)):
        result = read({"a.parquet": whole[:cut], "b.jsonl": b'{"text": ""}'})
        assert [(file, reason) for file, _, _, reason in result.plan.skipped] == [
            ("a.parquet", "corrupt_parquet" if cut else "empty_file")
        ]
    assert read({"a.parquet": whole}).contents == ["a", "b"]


def test_one_changed_byte_anywhere_is_no_crash(read: Read) -> None:
    """Pages, headers, footer: whatever byte is changed, the rows that are known of are accounted for."""
    whole = parquet({"text": ["aaaa", "bbbb", None], "id": [1, 2, 3]}, compression="snappy")
    for place in range(4, len(whole)):
        for flip in (0x01, 0x80, 0xFF):
            damaged = bytearray(whole)
            damaged[place] ^= flip
            read({"a.parquet": bytes(damaged), "b.jsonl": b'{"text": ""}'})


def test_a_group_of_another_length_than_is_told_ends_the_file(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands behind it has no numbers that a later look would find again: what came before is scanned."""
    told = footer.read

    def lying(path: Any) -> footer.Footer:
        groups = [msgspec.structs.replace(one, rows=99) if n == 1 else one for n, one in enumerate(told(path).groups)]
        return told(path)._replace(groups=groups)

    monkeypatch.setattr(footer, "read", lying)
    result = read({"a.parquet": parquet({"text": ["a", "b", "c", "d", "e", "f"]}, row_group_size=2)})
    assert result.contents == ["a", "b", "c", "d"]
    assert result.reasons("errored") == {"row_count_differs": 1}


def test_a_page_that_cannot_be_decoded_costs_its_row_group_alone(read: Read) -> None:
    """With checksums or without, damage in one group is counted with its rows; the other groups are scanned."""
    table = pa.table({"text": [f"text number {i} " * 5 for i in range(300)]})
    whole = bytearray(parquet(table, row_group_size=100, compression="gzip", use_dictionary=False))
    meta = pq.ParquetFile(memory.BytesIO(bytes(whole))).metadata.row_group(1).column(0)
    start = meta.data_page_offset
    whole[start + 40 : start + meta.total_compressed_size - 4] = b"\xaa" * (meta.total_compressed_size - 44)
    result = read({"a.parquet": bytes(whole)})
    assert result.reasons("errored") == {"corrupt_row_group": 100}
    assert [text["row"] for text in result.texts] == [*range(100), *range(200, 300)]
    assert (result.only.rows, result.only.scanned) == (300, 200)


@pytest.mark.parametrize(
    "kind",
    [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.dictionary(pa.int32(), pa.string()),
        pa.binary(),
        pa.large_binary(),
    ],
    ids=str,
)
def test_strings_in_every_encoding_are_texts(read: Read, kind: pa.DataType) -> None:
    """Strings, views, dictionaries, bytes that are UTF-8: the same texts, and no anomaly."""
    plain = pa.array(["a", None, "ü" * 3, "", "e\0f"])
    column = plain.dictionary_encode() if pa.types.is_dictionary(kind) else plain.cast(kind)
    result = read({"a.parquet": parquet({"text": column})})
    assert [(text["row"], text["text"]) for text in result.texts] == [(0, "a"), (2, "üüü"), (4, "e\0f")]
    assert result.reasons("scanned") == {"nothing_to_scan": 2}
    assert not result.anomalies
    assert result.whole


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.binary(), pa.dictionary(pa.int32(), pa.string())], ids=str
)
def test_bytes_that_are_no_utf8_are_scanned_and_told(read: Read, kind: pa.DataType) -> None:
    """Parquet does not check: bad bytes become U+FFFD, the record an anomaly, its neighbours stay as they are."""
    good, bad = b"good", BAD
    column = pa.array([good, bad, good], pa.binary())
    if kind != pa.binary():
        column = unchecked([good, bad, good], None if pa.types.is_dictionary(kind) else kind)
        column = column.dictionary_encode() if pa.types.is_dictionary(kind) else column
    result = read({"a.parquet": parquet({"text": column}, store_schema=pa.types.is_dictionary(kind))})
    assert result.contents == ["good", "ab\ufffd\ufffd", "good"]
    assert [(a["row"], a["field"], a["kind"]) for a in result.anomalies] == [(1, "text", "invalid_utf8")]


@pytest.mark.parametrize(
    "bad",
    [
        b"\x80",
        b"\xc0\x80",
        b"\xe0\x80\x80",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xf8\x88\x80\x80\x80",
        b"\xe2\x82",
        b"\xff",
    ],
)
@pytest.mark.parametrize("before", [0, 7, 100])
def test_every_kind_of_bad_bytes_is_told(read: Read, bad: bytes, before: int) -> None:
    """Overlong forms, surrogates, numbers beyond Unicode, cut characters: also behind a long good text."""
    column = unchecked([b"good", b"x" * before + bad, b"\xf4\x8f\xbf\xbf"])
    result = read({"a.parquet": parquet({"text": column})})
    assert [(a["row"], a["kind"]) for a in result.anomalies] == [(1, "invalid_utf8")]
    assert result.contents[2] == "\U0010ffff"


def test_bad_bytes_deep_inside_are_scanned_and_told(read: Read) -> None:
    """In lists, structs, maps and lists of structs: the good and the bad, each under its path."""
    strings = unchecked([b"good", BAD])
    listed = pa.ListArray.from_arrays(pa.array([0, 1, 2], pa.int32()), strings)
    struct = pa.StructArray.from_arrays([strings, pa.array(["user", "user"])], ["content", "role"])
    chats = pa.ListArray.from_arrays(pa.array([0, 1, 2], pa.int32()), struct)
    fixed = pa.FixedSizeListArray.from_arrays(strings, 1)
    for name, column in (("l", listed), ("s", struct), ("c", chats), ("f", fixed), ("b", pa.array([[b"good"], [BAD]]))):
        result = read({"a.parquet": parquet({"text": column})})
        assert result.contents == ["good", "ab\ufffd\ufffd"], name
        assert [(a["row"], a["kind"]) for a in result.anomalies] == [(1, "invalid_utf8")], name


def test_bad_bytes_in_an_id_a_source_a_label_are_no_crash(read: Read) -> None:
    """Beside the text too the footer's promise of UTF-8 is only a promise."""
    bad = unchecked([b"good", BAD])
    result = read({"a.parquet": parquet({"text": ["a", "b"], "id": bad, "source": bad, "label": bad, "date": bad})})
    assert [(d["id"], d["source"], d["label"]) for d in result.documents] == [("good",) * 3, ("ab\ufffd\ufffd",) * 3]
    assert result.reasons("scanned") == {"unreadable_time": 2}


def test_every_type_there_is_survives(read: Read) -> None:
    """As text, id, source, label or time: numbers are texts, moments and booleans nothing to scan, none a crash."""
    day, moment = dt.date(2024, 5, 17), dt.datetime(2024, 5, 17, 12, tzinfo=dt.UTC)
    columns = {
        "int": pa.array([1]), "float": pa.array([1.5]), "bool": pa.array([True]),
        "decimal": pa.array([Decimal("1.50")]),
        "day": pa.array([day]), "moment": pa.array([moment]), "hour": pa.array([dt.time(1)]),
        "span": pa.array([dt.timedelta(1)]), "half": pa.array([np.float16(1)]), "null": pa.nulls(1),
        "fixed": pa.array([b"abcd"], pa.binary(4)), "empty": pa.array([[]], pa.list_(pa.string())),
        "map": pa.array([[("k", "v")]], pa.map_(pa.string(), pa.string())),
        "struct": pa.array([{"a": None}], pa.struct([("a", pa.string())])),
    }  # fmt: skip
    scanned = {
        "int": ["1"],
        "float": ["1.5"],
        "decimal": ["1.50"],
        "fixed": ["abcd"],
        "map": ["k", "v"],
        "half": ["1.0"],
    }
    for name, column in columns.items():
        assert read({"a.parquet": parquet({"text": column})}).contents == scanned.get(name, []), name
        for role in ("id", "source", "label", "date", "url"):
            result = read({"a.parquet": parquet({"text": ["a"], role: column})})
            assert result.whole, (name, role)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin", "Mars/Olympus"])
def test_moments_of_every_unit_and_zone(read: Read, unit: str, zone: str | None) -> None:
    """Stored moments are kept to the microsecond; what Python has no year for is counted as unreadable."""
    count = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    beyond = {"s": 2**50, "ms": 2**62, "us": 2**62, "ns": 0}[unit]
    column = pa.array([1_715_947_200 * count, None, beyond or None], pa.timestamp(unit, tz=zone))
    result = read({"a.parquet": parquet({"text": ["a", "b", "c"], "timestamp": column})})
    assert [d["time"] for d in result.documents] == [dt.datetime(2024, 5, 17, 12, tzinfo=dt.UTC), None, None]
    assert read({"a.parquet": parquet({"text": column, "id": column, "label": column})}).whole
    assert result.reasons("scanned") == ({"unreadable_time": 1} if beyond else {})


def test_days_are_moments(read: Read) -> None:
    """date32 and date64, the usual types of a column named date."""
    for kind in (pa.date32(), pa.date64()):
        column = pa.array([dt.date(2024, 5, 17), None], kind)
        documents = read({"a.parquet": parquet({"text": ["a", "b"], "date": column})}).documents
        assert [d["time"] for d in documents] == [dt.datetime(2024, 5, 17, tzinfo=dt.UTC), None]


def test_no_rows_no_groups_no_columns(read: Read) -> None:
    """An empty table is complete and empty; one without text is a counted skip."""
    empty = {"text": pa.array([], pa.string())}
    buffer = memory.BytesIO()
    pq.ParquetWriter(buffer, pa.schema([("text", pa.string())])).close()
    result = read({"a.parquet": parquet(empty), "b.parquet": buffer.getvalue(), "c.jsonl": b'{"text": "x"}'})
    assert result.contents == ["x"]
    assert result.whole
    result = read({"a.parquet": parquet({"x": [1, 2]}), "c.jsonl": b'{"text": "x"}'})
    assert result.reasons("skipped") == {"no_text_column": 2}


def test_two_columns_of_one_name_are_counted_not_guessed(read: Read) -> None:
    """Readers differ on which they take: the file is errored by name.  Of unused columns names may repeat."""
    two = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["text", "text"])
    result = read({"a.parquet": parquet(two), "c.jsonl": b'{"text": "x"}'})
    assert result.reasons("errored") == {"duplicate_column": 1}
    assert not result.whole
    other = pa.Table.from_arrays([pa.array(["a"]), pa.array([1]), pa.array([2])], names=["text", "x", "x"])
    assert read({"a.parquet": parquet(other)}).contents == ["a"]


def test_a_struct_with_two_fields_of_one_name_is_scanned_whole(read: Read) -> None:
    """Python has no dict for it: both values are scanned all the same."""
    column = pa.StructArray.from_arrays([pa.array(["a", "b"]), pa.array(["c", "d"])], ["x", "x"])
    assert sorted(read({"a.parquet": parquet({"text": column})}).contents) == ["a", "b", "c", "d"]


def test_a_footer_that_claims_other_rows_is_not_believed(read: Read) -> None:
    """More rows than pages hold: the reading is incomplete, never complete with invented rows."""
    whole = parquet({"text": ["aaaa", "bbbb"]}, compression="none", use_dictionary=False, write_statistics=False)
    seen = set()
    for place in range(len(whole) - 8 - int.from_bytes(whole[-8:-4], "little"), len(whole) - 8):
        damaged = bytearray(whole)
        if damaged[place] != 4:  # 2, zigzag
            continue
        damaged[place] = 8
        result = read({"a.parquet": bytes(damaged), "b.jsonl": b'{"text": "b"}'})
        scanned = sum(account.scanned for account in result.accounts[:-1])
        seen.add(result.whole)
        assert scanned <= 2
        assert not result.whole or scanned == 2
    assert False in seen


@given(st.integers(1, 9), st.integers(1, 400), st.lists(st.text(max_size=20) | st.none(), min_size=1, max_size=60))
@settings(max_examples=60)
def test_any_cut_into_groups_and_shards_gives_the_same_rows(
    read: Read, group: int, shard: int, texts: list[str | None]
) -> None:
    """Whatever the size of row groups and shards: rows count through the file."""
    data = parquet({"text": pa.array(texts, pa.string()), "n": list(range(len(texts)))}, row_group_size=group)
    result = read({"a.parquet": data}, shard_bytes=shard)
    assert [(t["row"], t["text"]) for t in result.texts] == [(i, text) for i, text in enumerate(texts) if text]
    assert [d["row"] for d in result.documents] == list(range(len(texts)))


def test_long_documents_make_no_long_batches(read: Read) -> None:
    """The rows decoded at a time depend on their size: 60 texts of 2 MB in one group are many batches."""
    from corpusscan import io
    from corpusscan.config import Columns

    data = parquet({"text": [f"{i} " + "word " * 400_000 for i in range(60)]}, compression="zstd")
    result = read({"a.parquet": data, "b.jsonl": b'{"text": ""}'})
    assert len(result.texts) == 60
    sizes = [batch.texts.nbytes for batch in io.read(result.plan.shards[0], Columns(), 2**24, bytes(32), io.Account())]
    assert len(sizes) > 5
    assert max(sizes) < 24 * 2**20
