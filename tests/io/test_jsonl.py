"""JSON Lines: what stands in the file is what is scanned, whatever the bytes are."""

from __future__ import annotations

import codecs
import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from corpusscan.io.formats import jsonl
from corpusscan.io.layout import compression, lines

Read = Callable[..., Any]
GOOD = b'{"text": "good"}'


def line(value: Any) -> bytes:
    """One record as JSON, non-ASCII as it is."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


@pytest.mark.parametrize(
    ("bad", "contents"),
    [
        (b'{"text": "a\\u0000b"}', ["a\0b"]),
        (b'{"text": "a\\u2028b"}', ["a\u2028b"]),
        ('{"text": "a\u2028b\u2029c\u0085d"}'.encode(), ["a\u2028b\u2029c\x85d"]),
        (b'{"text": null}', []),
        (b'{"text": ""}', []),
        (b'{"text": []}', []),
        (b'{"text": true}', []),
        (b'{"text": 17}', ["17"]),
        (b'{"text": -1.5}', ["-1.5"]),
        (b'{"text": ["a", "b"]}', ["a", "b"]),
        (b'{"text": {"x": {"y": ["a"]}}}', ["a"]),
        (b'{"text": "a", "other": NaN}', ["a"]),
        (b'{"text": "a", "other": 1e400}', ["a"]),
        (b'{"text": "a", "other": ' + b"9" * 5000 + b"}", ["a"]),
        (b'{"text": ' + b"9" * 5000 + b"}", ["9" * 5000]),
        (b'{"text": NaN}', ["nan"]),
        (b'  {"text" : "a"}\t\r', ["a"]),
        (b'\xef\xbb\xbf{"text": "a"}', ["a"]),
        (b'{"t\\u0065xt": "a"}', ["a"]),
    ],
)
def test_odd_records_are_scanned(read: Read, bad: bytes, contents: list[str]) -> None:
    """NUL, line separators, null, numbers, lists, nesting, NaN, big numbers: records like any other."""
    result = read(b"\n".join([GOOD, bad, GOOD]))
    assert result.contents == ["good", *contents, "good"]
    assert (result.only.scanned, result.only.rows) == (3, 3)
    assert result.whole
    assert not result.anomalies
    assert result.reasons("scanned").get("nothing_to_scan", 0) == (not contents)


@pytest.mark.parametrize(
    ("bad", "kind", "contents"),
    [
        (b'{"text": "a\xff\xfeb"}', "invalid_utf8", ["a\ufffd\ufffdb"]),
        (b'{"text": "a", "other": "\xc3("}', "invalid_utf8", ["a"]),
        (b'{"text": "a\0b"}', "control_character", ["a\0b"]),
        (b'{"text": "a\x0b\x0c\x1bb"}', "control_character", ["a\x0b\x0c\x1bb"]),
        (b'{"text": "a\\ud800b"}', "lone_surrogate", ["a\ufffdb"]),
        (b'{"text": ["a\\udfff"]}', "lone_surrogate", ["a\ufffd"]),
        (b'{"text": "first", "text": "last"}', "duplicate_key", ["first", "last"]),
        (b'{"text": "same", "text": "same"}', "duplicate_key", ["same", "same"]),
        (b'{"text": "1", "t\\u0065xt": "2", "text": "3"}', "duplicate_key", ["1", "2", "3"]),
        (b'{"text": {"a": "1", "a": "2"}}', "duplicate_key", ["1", "2"]),
        (b'{"text": "x", "meta": {"a": "hidden", "a": 2}}', "duplicate_key", ["hidden", "x"]),
        (b'{"text": "x", "meta": [{"a": ["hidden"], "b": {}, "a": null}]}', "duplicate_key", ["hidden", "x"]),
        (b'{"other": "hidden", "other": 1}', "duplicate_key", ["hidden"]),
    ],
)
def test_what_a_parser_would_hide_is_scanned_and_told(read: Read, bad: bytes, kind: str, contents: list[str]) -> None:
    """Broken encoding, raw controls, lone surrogates, repeated keys: all values are scanned, the record is told."""
    result = read(b"\n".join([GOOD, bad, GOOD]))
    assert sorted(result.contents) == sorted(["good", *contents, "good"])
    assert {(a["row"], a["kind"]) for a in result.anomalies} == {(1, kind)}
    assert result.reasons("scanned")[kind] == 1
    assert result.whole


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"not json", "invalid_json"),
        (b'{"text": "a"', "invalid_json"),
        (b'{"text": "a"} {"text": "b"}', "invalid_json"),
        (b'{"text": "a"}]', "invalid_json"),
        (b"\0\0\0", "invalid_json"),
        (b"\xff\xfe{", "invalid_utf8"),
        (b'"text"', "not_an_object"),
        (b"[]", "not_an_object"),
        (b'[{"text": "a", "text": "b"}]', "not_an_object"),
        (b"17", "not_an_object"),
        (b'{"text": ' + b"[" * 5000 + b"]" * 5000 + b"}", "nested_too_deep"),
        (b'{"text": ' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}", "nested_too_deep"),
    ],
)
def test_what_is_no_record_is_an_error_that_counts(read: Read, bad: bytes, reason: str) -> None:
    """A line that holds no JSON object is one errored record; its neighbours keep their rows."""
    result = read(b"\n".join([GOOD, bad, GOOD]))
    assert [text["row"] for text in result.texts] == [0, 2]
    assert result.reasons("errored") == {reason: 1}
    assert (result.only.rows, result.only.scanned, result.only.errored) == (3, 2, 1)


def test_a_record_without_a_text_column_is_a_counted_skip(read: Read) -> None:
    """No known column: skipped by reason, and its columns are told."""
    result = read(b"\n".join([GOOD, b'{"x": "a"}', b"{}", GOOD]))
    assert result.reasons("skipped") == {"no_text_column": 2}
    assert result.only.columns()["unscanned"] == {"x": 1}
    assert [text["row"] for text in result.texts] == [0, 3]


def test_nesting_as_deep_as_the_parser_goes_is_scanned(read: Read) -> None:
    """A thousand levels are read, in the text, an id, a label or beside them."""
    deep = b"[" * 1000 + b'"deep"' + b"]" * 1000
    result = read(
        b'{"text": ' + deep + b'}\n{"text": "a", "id": ' + deep + b', "label": ' + deep + b', "x": ' + deep + b"}"
    )
    assert result.contents == ["deep", "a"]
    assert result.whole


ODD = [
    b'{"id": "x", "text": "no end',
    b'{"id": "x", "text": "a" "b"}',
    b'{"id": "x", "text": "a", }',
    b'{"id": "x", "text": "\\ud800"}',
    b'{"id": "x", "text": "\xff"}',
    b'{"id": "x", "text": 17}',
    b'{"id": 7, "text": null}',
    b'{"id": "x", "text": ["a", "b"]}',
    b'{"text": "other", "id": "order"}',
    b'{"id": "x", "text": "a", "id": "y"}',
    b'{"id": "x"}',
    b"[]",
]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("place", [0, 1, 20, 39])
def test_an_odd_line_among_many_alike_changes_nothing_else(read: Read, odd: bytes, place: int) -> None:
    """Lines with the same keys are read column by column: what one of them holds is what it holds alone."""
    records = [line({"id": f"d{i}", "text": f't\n"{i}" \u20ac'}) for i in range(39)]
    together = read(b"\n".join([*records[:place], odd, *records[place:]]))
    alone, others = read(odd + b"\n" + GOOD), read(b"\n".join(records))
    at_place = [text["text"] for text in together.texts if text["row"] == place]
    assert at_place == [text["text"] for text in alone.texts if text["row"] == 0]
    assert [text["text"] for text in together.texts if text["row"] != place] == others.contents
    assert (together.only.rows, together.only.scanned) == (40, 38 + alone.only.scanned)
    assert together.reasons("errored") == alone.reasons("errored")
    assert [a["kind"] for a in together.anomalies] == [a["kind"] for a in alone.anomalies]


def test_many_odd_lines_among_many_alike_are_each_counted(read: Read) -> None:
    """However often what looks alike is no JSON, what stands between is read and each line has its fate."""
    bad = b'{"id": "x", "text": x}'
    records = [line({"id": f"d{i}", "text": str(i)}) for i in range(5000)]
    mixed = read(b"\n".join([*(part for record in records for part in (record, bad)), *[bad] * 5000]))
    assert mixed.contents == [str(i) for i in range(5000)]
    assert mixed.reasons("errored") == {"invalid_json": 10_000}


def test_a_byte_order_mark_in_front_is_no_data(read: Read) -> None:
    """A file that begins with a byte order mark reads as one without; a mark alone is no record."""
    assert read(b"\xef\xbb\xbf" + GOOD).contents == ["good"]
    assert read({"a.jsonl": GOOD, "b.jsonl": b"\xef\xbb\xbf\n\n"}).whole


def test_empty_objects_between_blank_lines_and_records(read: Read) -> None:
    """Each is a record without a text, whatever stands before it."""
    result = read(b'{"text": "a"}\n\n{}\n{}\n\r\n{}\n{"text": "b"}\n{}\n')
    assert [(text["row"], text["text"]) for text in result.texts] == [(0, "a"), (4, "b")]
    assert result.reasons("skipped") == {"no_text_column": 4}


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\n\n", b"\r\n\r\n", b"\n \t\r\n"])
def test_blank_lines_are_no_records(read: Read, end: bytes) -> None:
    """Line ends of either kind, blank lines and white space lines: rows count records alone."""
    result = read(end.join([b"", GOOD, GOOD, b'{"text": "last"}']))
    assert [(text["row"], text["text"]) for text in result.texts] == [(0, "good"), (1, "good"), (2, "last")]


def test_a_line_above_the_limit_is_a_counted_skip(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    """First, in the middle, last or alone: skipped, and the rows after it are right."""
    monkeypatch.setattr(compression, "BLOCK", 64)
    monkeypatch.setattr(lines, "MAX_LINE", 200)
    long = line({"text": "x" * 500})
    for records in ([long, GOOD, GOOD], [GOOD, long, GOOD], [GOOD, GOOD, long], [long, long, GOOD], [long]):
        for ending in (b"", b"\n"):
            result = read(b"\n".join(records) + ending)
            assert result.reasons("skipped") == {"line_too_long": records.count(long)}
            assert [text["row"] for text in result.texts] == [i for i, each in enumerate(records) if each == GOOD]
            assert not result.reasons("errored")


@pytest.mark.parametrize("length", range(180, 220))
def test_the_limit_of_a_line_is_where_it_is_said_to_be(
    read: Read, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    """A line of at most MAX_LINE bytes is scanned whole, one clearly above is skipped, and none is cut."""
    monkeypatch.setattr(compression, "BLOCK", 16)
    monkeypatch.setattr(lines, "MAX_LINE", 200)
    record = line({"text": "x" * (length - len(line({"text": ""})))})
    result = read(GOOD + b"\n" + record + b"\n" + GOOD)
    assert len(record) == length
    assert result.only.rows == 3
    assert result.only.scanned == (3 if length < 200 else 2)


def test_more_values_than_memory_holds_are_a_counted_skip(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    """Millions of tiny values in a line would be gigabytes of objects: skipped before they are parsed."""
    monkeypatch.setattr(jsonl, "MAX_VALUES", 1000)
    for many in (b"[" + b"1," * 1000 + b"1]", b"[" + b"{}," * 600 + b"{}]", b"[" + b"[]," * 600 + b"[]]"):
        result = read(b"\n".join([GOOD, b'{"text": "a", "x": ' + many + b"}", GOOD]))
        assert result.reasons("skipped") == {"too_many_values": 1}
        assert [text["row"] for text in result.texts] == [0, 2]
    assert read(line({"text": "many words, " * 900})).whole


def test_a_repeated_key_repeated_often_stays_small(read: Read) -> None:
    """All values are scanned; the anomalies of one record are told in a few lines."""
    many = b", ".join(b'"k%d": "v", "k%d": "w"' % (i, i) for i in range(500))
    result = read(b'{"text": "a", ' + many + b', "text": "b"}')
    assert result.contents.count("v") == 500
    assert len(result.anomalies) <= 65
    assert result.reasons("scanned")["duplicate_key"] == 1


def test_names_of_texts_stay_short_however_deep_and_long_keys_are(read: Read) -> None:
    """Path times leaves would be quadratic: the memory for a hostile record stays within a few times its size."""
    nest: Any = ["x"] * 1000
    for _ in range(400):
        nest = {"k" * 100: nest}
    data = line({"text": nest})
    tracemalloc.start()
    result = read(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(result.texts) == 1000
    assert max(len(text["field"]) for text in result.texts) <= 256
    assert peak < 20 * 2**20


def test_a_role_is_a_role_only_while_it_is_short(read: Read) -> None:
    """A chat template renders whatever stands in `role`: long or nested ones are scanned as text."""
    chat = [{"role": "user", "content": "hi"}, {"role": "x" * 65, "content": "b"}, {"role": ["hidden"], "content": "c"}]
    result = read(line({"messages": chat}))
    fields = {text["field"]: (text["role"], text["text"]) for text in result.texts}
    assert fields == {
        "messages[0].content": ("user", "hi"),
        "messages[1].role": (None, "x" * 65),
        "messages[1].content": (None, "b"),
        "messages[2].role[0]": (None, "hidden"),
        "messages[2].content": (None, "c"),
    }


def test_records_of_many_shapes_keep_their_order(read: Read) -> None:
    """Optional and changing columns: texts come by row, and in a record in the order of the known columns."""
    shapes = [
        {"text": "t"},
        {"title": "T", "text": "t"},
        {"prompt": "p", "chosen": "c", "rejected": "r"},
        {"id": 1, "text": "t"},
    ]
    records = [{**shapes[i * 7 % 4], "n": i} for i in range(3000)]
    result = read(b"\n".join(map(line, records)))
    order = ("text", "title", "prompt", "chosen", "rejected")
    wanted = [(row, name, record[name]) for row, record in enumerate(records) for name in order if name in record]
    assert [(text["row"], text["field"], text["text"]) for text in result.texts] == wanted


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "text", "é", 'q"\\']), inner, max_size=3)
    ),
    max_leaves=6,
)
RECORDS = st.lists(
    st.dictionaries(st.sampled_from(["id", "text", "title", "meta", "x"]), JSON, max_size=4), max_size=12
)


@given(
    records=RECORDS,
    ends=st.lists(st.sampled_from([b"\n", b"\r\n", b"\n\n", b"\n\r\n", b"\n \n"]), min_size=12, max_size=12),
    mark=st.booleans(),
    last=st.booleans(),
    ascii_only=st.booleans(),
    shard=st.integers(1, 200),
    block=st.integers(1, 64),
)
def test_any_cut_gives_the_records_an_independent_reader_sees(
    read: Read, records: list[Any], ends: list[bytes], mark: bool, last: bool, ascii_only: bool, shard: int, block: int
) -> None:
    """Whatever the size of shards and blocks, line ends, mark and final line feed: json sees the same, line by line."""
    lines = [json.dumps(record, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass") for record in records]
    data = b"\xef\xbb\xbf" * mark + b"".join(each + end for each, end in zip(lines, ends, strict=False))
    data = data if last else data.rstrip(b"\r\n ")
    usual, compression.BLOCK = compression.BLOCK, block
    try:
        result = read({"a.jsonl": data, "z.jsonl": b'{"text": ""}'}, shard_bytes=shard)
    finally:
        compression.BLOCK = usual
    seen = [json.loads(each) for each in data.decode("utf-8-sig", "surrogatepass").split("\n") if each.strip(" \t\r")]
    assert len(seen) == len(records)
    wanted = [
        (row, name, record[name])
        for row, record in enumerate(seen)
        for name in ("text", "title")
        if isinstance(record.get(name), str) and record[name]
    ]
    mine = [text for text in result.texts if text["file"] == "a.jsonl" and text["field"] in ("text", "title")]
    plain = [(t["row"], t["field"], t["text"]) for t in mine if isinstance(seen[t["row"]][t["field"]], str)]
    assert plain == wanted
    rows = [row for row, record in enumerate(seen) if "text" in record or "title" in record]
    assert [document["row"] for document in result.documents if document["file"] == "a.jsonl"] == rows


def as_utf8(data: bytes) -> bytes:
    """What a file says without the mark at its beginning, in UTF-8."""
    marks = {codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32",
             codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}  # fmt: skip
    wide = next((name for mark, name in marks.items() if data.startswith(mark)), None)
    return data.decode(wide, "replace").encode() if wide else data.removeprefix(codecs.BOM_UTF8)


@given(st.binary(max_size=300), st.integers(1, 40))
@example(codecs.BOM_UTF16_BE, 1)
@example(codecs.BOM_UTF32_LE + "{}\n\n1".encode("utf-32-le"), 1)
def test_any_bytes_are_accounted_for(read: Read, data: bytes, shard: int) -> None:
    """Whatever lies in a file: every line that is not blank is scanned, skipped or errored."""
    result = read({"a.jsonl": data, "z.jsonl": b'{"text": ""}'}, shard_bytes=shard)
    lines = [each for each in as_utf8(data).split(b"\n") if each.strip(b" \t\r")]
    shards = [a for a, s in zip(result.accounts, result.plan.shards, strict=True) if s.file == "a.jsonl"]
    compressed = any(shard.compression for shard in result.plan.shards)
    assert compressed or sum(account.rows for account in shards) == len(lines)


def test_a_first_line_that_is_a_list_hides_nothing(read: Read) -> None:
    """In a `.jsonl` file it is one errored record, not a reason to leave the file; only `.json` may be one array."""
    result = read(b"[]\n" + GOOD)
    assert result.contents == ["good"]
    assert result.reasons("errored") == {"not_an_object": 1}


def test_who_gave_a_label_is_read(read: Read) -> None:
    """The first column of annotators that has a value, numbers as text; null where there is none."""
    lines = b'{"text": "a", "annotator_id": 7, "worker_id": "w"}\n{"text": "b", "worker_id": "w"}\n{"text": "c"}\n'
    assert [one["annotator"] for one in read({"a.jsonl": lines}).documents] == ["7", "w", None]
