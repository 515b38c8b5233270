"""CSV and TSV: every record of the parser of the standard library, whatever its cells hold; the rest by reasons."""

from __future__ import annotations

import csv
import gzip
import io as memory
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from corpusscan import io
from corpusscan.config import Columns
from corpusscan.io.formats import csv as reader
from corpusscan.io.layout import compression

Read = Callable[..., Any]
CELL = st.text(st.sampled_from("ab,;\t\"'\n\r |é\u2028\x0b\U0001f600"), max_size=12)


def as_csv(rows: list[list[str]], delimiter: str = ",") -> bytes:
    """As the standard library writes it: quoted where that is needed."""
    buffer = memory.StringIO()
    csv.writer(buffer, delimiter=delimiter).writerows(rows)
    return buffer.getvalue().encode()


def fields(result: Any) -> list[tuple[int, str, str]]:
    """Row, field and text, in order."""
    return [(text["row"], text["field"], text["text"]) for text in result.texts]


@given(
    st.lists(st.tuples(CELL, CELL), min_size=1, max_size=9), st.sampled_from([",", ";", "\t", "|"]), st.integers(1, 40)
)
@settings(max_examples=150)
def test_what_was_written_is_read(read: Read, rows: list[tuple[str, str]], delimiter: str, block: int) -> None:
    """Quotes, delimiters and ends of lines inside cells, however the file is cut into blocks."""
    usual, compression.BLOCK = compression.BLOCK, block
    try:
        table = [["text", "title"], *map(list, rows)]
        result = read({"a.csv": as_csv(table, delimiter), "b.tsv": as_csv(table, "\t")})
    finally:
        compression.BLOCK = usual
    expected = [
        (row, name, cell)
        for row, pair in enumerate(rows)
        for name, cell in zip(("text", "title"), pair, strict=True)
        if cell
    ]
    assert fields(result) == expected * 2
    assert result.whole


@given(st.lists(st.fixed_dictionaries({"id": CELL, "text": CELL, "url": CELL, "date": CELL}), min_size=1, max_size=9))
def test_strings_give_the_tables_of_json_lines(read: Read, records: list[dict[str, str]]) -> None:
    """Ids, sources, times and texts do not depend on the format."""
    lines = read("".join(json.dumps(record) + "\n" for record in records).encode())
    cells = read({"a.csv": as_csv([list(records[0]), *([record[name] for name in records[0]] for record in records)])})
    assert [{**one, "file": ""} for one in lines.documents] == [{**one, "file": ""} for one in cells.documents]
    assert fields(lines) == fields(cells)


@given(st.binary(max_size=300))
@example(b'"' * 7)
@example(b'text,b\n"a\n,",""x"\n')
def test_any_bytes_are_read_as_the_standard_library_reads_them(read: Read, data: bytes) -> None:
    """No byte stops the reader; the records are those of `csv`, and nothing goes unsaid."""
    data = b"text,b\n" + data
    result = read({"a.csv": data, "b.jsonl": b'{"text": ""}'})
    text = data.decode("utf-8", "replace")
    expected = [row for row in csv.reader(memory.StringIO(text, newline="")) if row]
    assert result.accounts[0].scanned == len(expected) - 1
    mine = [text["text"] for text in result.texts if text["field"] == "text"]
    # Of several bad bytes in a row it is the decoder's choice how many marks they become.
    assert [one.replace("\ufffd", "") for one in mine] == [
        row[0].replace("\ufffd", "") for row in expected[1:] if row[0]
    ]


def test_bytes_that_are_no_unicode_are_told(read: Read) -> None:
    """The text is scanned with U+FFFD in their place, under the name that JSON Lines give it."""
    result = read({"a.csv": b"text,x\nfine,1\nb\xffd,2\nfine,3\n"})
    assert result.contents == ["fine", "b\ufffdd", "fine"]
    assert [(one["row"], one["kind"]) for one in result.anomalies] == [(1, "invalid_utf8")]


def test_cells_beyond_the_columns_are_texts(read: Read) -> None:
    """A record with more cells than columns hides nothing, one with fewer is a record; both are noted."""
    result = read({"a.csv": b"id,text\n1,a\n2,b,hidden,\n3\n4,d\n"})
    assert fields(result) == [(0, "text", "a"), (1, "#2", "hidden"), (1, "text", "b"), (3, "text", "d")]
    assert result.only.scanned == 4
    assert result.reasons("scanned") == {"ragged_record": 2, "nothing_to_scan": 1}


def test_a_quote_that_is_never_closed_is_noted(read: Read) -> None:
    """What it swallows is scanned as one text."""
    result = read({"a.csv": b'text\na\n"b\nc\nd\n'})
    assert result.contents == ["a", "b\nc\nd\n"]
    assert result.reasons("scanned") == {"unclosed_quote": 1}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_of_every_kind_end_records(read: Read, end: str) -> None:
    """LF, CR LF and CR; blank lines are no records, the last line needs no end."""
    result = read({"a.csv": f"text{end}a{end}{end}b{end}c".encode()})
    assert result.contents == ["a", "b", "c"]
    assert result.whole


@pytest.mark.parametrize("lines", [1, 50])
def test_a_record_above_the_limit_is_counted_and_the_next_is_read(
    read: Read, monkeypatch: pytest.MonkeyPatch, lines: int
) -> None:
    """One line or many in a quoted cell: an error under its name, and all that stands after it is scanned."""
    monkeypatch.setattr(reader, "MAX_RECORD", 20_000)
    monkeypatch.setattr(reader, "_SOME", 1_000)
    monkeypatch.setattr(compression, "BLOCK", 1_000)
    long = ("x" * (60_000 // lines) + "\n") * lines
    result = read({"a.csv": f'text,n\na,1\n"{long}",2\nb,3\n'.encode() + b"c,4\n"})
    assert result.contents[0] == "a"
    assert "b" in result.contents[-2 if lines == 1 else -1]
    assert "c" in result.contents[-1]
    assert result.reasons("errored")["record_too_large"] >= 1
    assert not result.whole


def test_a_line_of_commas_is_no_million_cells(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells are bounded before they are made."""
    monkeypatch.setattr(reader, "MAX_CELLS", 1_000)
    monkeypatch.setattr(reader, "_SOME", 500)
    result = read({"a.csv": b"text\na\n" + b"," * 5_000 + b"\nb\n"})
    assert result.contents == ["a", "b"]
    assert result.reasons("errored") == {"record_too_large": 1}


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"text,text\na,b\n", "duplicate_column"), (b"text" + b"," * 20_000 + b"\na\n", "too_many_columns"),
     (b"\n\n\n", "no_header")],
)  # fmt: skip
def test_a_file_without_clear_columns_is_counted(read: Read, data: bytes, reason: str) -> None:
    """Nobody could say which text is meant."""
    assert read({"a.csv": data, "b.jsonl": b'{"text": ""}'}).reasons("errored") == {reason: 1}


def test_a_cut_file_is_never_complete(read: Read) -> None:
    """Of every prefix of a packed file the records before the cut are scanned, and the loss is counted."""
    whole = gzip.compress(as_csv([["text"], *([f'say "{i}",\n{i}'] for i in range(30))]))
    for cut in range(1, len(whole)):
        result = read({"a.csv.gz": whole[:cut], "b.jsonl": b'{"text": ""}'})
        assert not result.whole, cut
    assert len(read({"a.csv.gz": whole}).texts) == 30


def test_only_some_rows_may_be_wanted(read: Read) -> None:
    """They are those of a full reading, ragged ones too."""
    result = read({"a.csv": b"text\n" + b"".join(b"t%d%s\n" % (i, b",x" * (i % 3 == 0)) for i in range(50))})
    wanted = [0, 3, 4, 17, 18, 49]
    batches = io.read(result.plan.shards[0], Columns(), 2**24, bytes(32), io.Account(), np.array(wanted, np.uint64))
    some = [row for batch in batches for row in batch.texts.select(["row", "field", "text"]).to_pylist()]
    assert some == [{k: t[k] for k in ("row", "field", "text")} for t in result.texts if t["row"] in wanted]
