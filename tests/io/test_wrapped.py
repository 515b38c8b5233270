"""JSON objects that hold their records in lists under keys: every object of them is read, all else is named."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import corpusscan
from corpusscan import io
from corpusscan.config import Columns
from corpusscan.io.formats import wrapped as reader
from corpusscan.kernels import wrapped

Read = Callable[..., Any]
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.sampled_from(['"]}', "[{,", "\\", '\\"'])
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
ROWS = [{"text": 'say "[{,]}" \\ ' + str(n), "meta": {"a": [n, "\n", {}]}} for n in range(40)]
SAID = [row["text"] for row in ROWS]


def is_table(value: Any) -> bool:
    """Whether a value is a list that begins with an object."""
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


@given(st.dictionaries(st.text(max_size=4), VALUES, max_size=5), st.sampled_from([None, 0, 2]), st.integers(1, 40))
def test_elements_are_lines(record: dict[str, Any], indent: int | None, step: int) -> None:
    """However an object is written, and wherever it is cut: the elements of its tables are lines, all keys are told."""
    data = json.dumps(record, indent=indent).encode()
    state, laid, met = wrapped.beginning(), b"", []
    for begin in range(0, len(data), step):
        block = np.frombuffer(data[begin : begin + step], np.uint8)
        out = np.empty(len(block), np.uint8)
        while len(block) and not state.numbers[wrapped.ENDED]:
            read, written, events = wrapped.lines(block, out, state)
            laid, met, block = laid + out[:written].tobytes(), met + events, block[read:]
        assert not len(block)
    assert state.numbers[wrapped.ENDED] == 1
    tables = [value for value in record.values() if is_table(value)]
    assert [json.loads(line) for line in laid.split(b"\n") if line.strip()] == [row for some in tables for row in some]
    assert [json.loads(b'"' + one.key + b'"') for one in met] == list(record)
    assert [one.kind == wrapped.TABLE for one in met] == [is_table(value) for value in record.values()]
    firsts = [one.row for one in met if one.kind == wrapped.TABLE]
    assert firsts == [sum(map(len, tables[:n])) for n in range(len(tables))]


@pytest.mark.parametrize("indent", [None, 4])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("last", [False, True])
def test_a_list_under_a_key(
    read: Read, indent: int | None, pack: Callable[[bytes], bytes], coding: str, last: bool
) -> None:
    """In one line or many, packed or not, keys in any order: its objects are the records, other keys are told."""
    about = {
        "version": "1.1",
        "description": "a set",
        "size": 40,
        "tags": ["a", "b"],
        "info": {"data": [{"text": "-"}]},
    }
    record = about | {"data": ROWS} if last else {"data": ROWS} | about
    result = read({"a.json": pack(f" {json.dumps(record, indent=indent)}\n".encode(coding))})
    assert result.contents == SAID
    assert [row["row"] for row in result.documents] == list(range(40))
    assert result.whole
    assert result.only.lists == [(0, "data")]
    told = {name.removesuffix(" (beside the rows)") for name in result.only.columns()["unscanned"]}
    assert {*about} <= told


def test_several_lists_are_one_after_the_other(read: Read) -> None:
    """Their rows go on; where each begins is told, by its name as it is meant, and a repeated key is read twice."""
    data = b'{"train": [{"text": "a"}, {"text": "b"}], "\\u0074est": [{"text": "c"}], "train": [{"text": "d"}]}'
    result = read({"a.json": data})
    assert result.contents == ["a", "b", "c", "d"]
    assert result.only.lists == [(0, "train"), (2, "test"), (3, "train")]


@pytest.mark.parametrize(
    ("data", "contents", "reasons"),
    [
        (json.dumps({"data": ROWS})[:-31], SAID[:-1], {"invalid_json": 1, "truncated_json": 1}),
        (json.dumps({"data": ROWS})[:-1], SAID, {"truncated_json": 1}),
        ('{"n": 1, "data": [{"text": "a"}, 7, [1], "x", {"text": "b"}]}', ["a", "b"], {"not_an_object": 3}),
        ('{"data": [{"text": "a"}, {"text": }, {"text": "b"}]}', ["a", "b"], {"invalid_json": 1}),
        ('{"data": [{"text": "a"}, {"text": "b]}', ["a"], {"invalid_json": 1, "truncated_json": 1}),
        ('{"data": [{"text": "a"}, ' + '{"a":' * 99_999, ["a"], {"nested_too_deep": 1, "truncated_json": 1}),
        ('{"data": [{"text": "a"}], "deep": ' + "[" * 99_999, ["a"], {"truncated_json": 1}),
    ],
    ids=["cut", "no end", "scalars", "bad element", "open string", "deep rows", "deep beside them"],
)
def test_what_is_broken_is_counted(read: Read, data: str, contents: list[str], reasons: dict[str, int]) -> None:
    """What can be read of it is; the rest has a reason."""
    result = read({"a.json": data.encode()})
    assert result.contents == contents
    assert result.reasons("errored") == reasons
    assert not result.whole


def test_text_behind_an_object_beyond_the_head(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only the beginning is looked at, what follows the object is no row, and the file is not whole."""
    monkeypatch.setattr(reader, "HEAD", 30)
    monkeypatch.setattr(reader, "FAR", 30)
    result = read({"a.json": (json.dumps({"data": ROWS}) + '\n{"text": "hidden behind"}').encode()})
    assert result.contents == SAID
    assert result.reasons("errored") == {"trailing_junk": 1}


@pytest.mark.parametrize(
    "record",
    [
        {"text": "a", "entities": [{"text": "b"}]}, {"messages": [{"role": "user", "content": "a"}]},
        {"content": "a", "n": {"x": [{"text": "b"}]}}, {"text": "a", "words": ["b", "c"]},
    ],
    ids=["a text", "a chat", "nested", "scalars"],
)  # fmt: skip
def test_a_record_is_a_line(read: Read, record: dict[str, Any]) -> None:
    """An object that is a record, alone in its file or not: JSON Lines."""
    for count in (1, 3):
        result = read({"a.json": (json.dumps(record) + "\n").encode() * count})
        assert [shard.format for shard in result.plan.shards] == ["jsonl"]
        assert result.contents == ["a"] * count


def test_lines_with_lists_of_objects(read: Read) -> None:
    """A second object behind the first makes lines of them, whatever they hold."""
    result = read({"a.json": b'{"title": "a", "links": [{"to": "x"}]}\n{"title": "b", "links": []}\n'})
    assert result.contents == ["a", "b"]


def test_very_many_keys(read: Read) -> None:
    """More keys than can be told, and very long ones: all rows are read, and the account stays small."""
    keys = ", ".join(f'"k{n}": {n}' for n in range(5_000)) + f', "{"x" * 9_999}": 1'
    result = read({"a.json": f'{{{keys}, "data": [{{"text": "a"}}], "end": 0}}'.encode()})
    assert result.contents == ["a"]
    assert len(result.only.columns()["unscanned"]) <= 300
    assert "..." in result.only.columns()["unscanned"]


def test_very_many_lists(read: Read) -> None:
    """More lists than are told by name: the rows of all are read."""
    lists = ", ".join(f'"k{n}": [{{"text": "a{n}"}}]' for n in range(reader.LISTS + 50))
    result = read({"a.json": f"{{{lists}}}".encode()})
    assert result.contents == [f"a{n}" for n in range(reader.LISTS + 50)]
    assert len(result.only.lists) == reader.LISTS


def test_a_file_without_a_name(tmp_path: Path) -> None:
    """A file that the user names is known by its first bytes; other suffixes are what they say."""
    for name, kind in (("download", "wrapped"), ("a.json", "wrapped"), ("a.jsonl", "jsonl")):
        (tmp_path / name).write_bytes(json.dumps({"data": ROWS}).encode())
        columns = Columns(text=("data",)) if kind == "jsonl" else Columns()
        assert [one.format for one in io.plan([str(tmp_path / name)], columns, None).shards] == [kind]


def test_lists_are_splits(tmp_path: Path, here: None) -> None:
    """Rows of the list `test` that stand in the list `train` are leakage; lists of other names are no splits."""
    said = [f"number {n} of what is told here has words of its own, {n * 7919} and {n * 104729}" for n in range(60)]
    for first, second, leaks in (("train", "test", True), ("people", "places", False)):
        folder = tmp_path / first
        folder.mkdir()
        record = {first: [{"text": text} for text in said], second: [{"text": text} for text in said[50:]]}
        (folder / "set.json").write_text(json.dumps(record))
        report = corpusscan.scan(str(folder / "set.json"), str(folder / "out"), detectors=["split_leakage"], workers=1)
        assert bool(len(report.findings.collect())) == leaks
        assert report.coverage.collect()["rows"].to_list() == [70]
