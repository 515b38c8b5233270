"""Arrays of JSON objects: the same documents as from JSON Lines, and what is broken is counted, never passed over."""

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

from corpusscan import io
from corpusscan.config import Columns
from corpusscan.kernels import brackets

Read = Callable[..., Any]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=6)
    | st.sampled_from(['"]}', "[{,", "\\", '\\"', "\n"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
ROWS = [{"text": 'say "[{,]}" \\ ' + str(n), "meta": {"a": [n, "\n"]}} for n in range(40)]
SAID = [row["text"] for row in ROWS]


@given(st.lists(VALUES, max_size=5), st.sampled_from([None, 0, 2]), st.integers(1, 40))
def test_an_element_is_a_line(values: list[Any], indent: int | None, step: int) -> None:
    """However an array is written, and wherever its blocks are cut: each line is one element, and no byte is moved."""
    data = json.dumps(values, indent=indent).encode()
    state, laid = brackets.beginning(), b""
    for begin in range(0, len(data), step):
        block = np.frombuffer(bytearray(data[begin : begin + step]), np.uint8)
        assert brackets.lines(block, state) == len(block)
        laid += block.tobytes()
    assert state[brackets.ENDED] == 1
    assert len(laid) == len(data)
    assert [json.loads(line) for line in laid.split(b"\n") if line.strip()] == values


@pytest.mark.parametrize("indent", [None, 0, 4])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16"])
def test_an_array_is_read(read: Read, indent: int | None, pack: Callable[[bytes], bytes], coding: str) -> None:
    """Written in one line or many, packed or not, in any encoding that has a mark: its objects are the records."""
    result = read({"a.json": pack(f"  {json.dumps(ROWS, indent=indent)}\n".encode(coding))})
    assert result.contents == SAID
    assert [row["row"] for row in result.documents] == list(range(40))
    assert (result.only.scanned, result.only.rows) == (40, 40)
    assert result.whole


@pytest.mark.parametrize(
    ("data", "contents", "reasons"),
    [
        (json.dumps(ROWS)[:-30], SAID[:-1], {"invalid_json": 1, "truncated_json": 1}),
        (json.dumps(ROWS)[:-1], SAID, {"truncated_json": 1}),
        (json.dumps(ROWS) + '\n{"text": "hidden behind"}', SAID, {"trailing_junk": 1}),
        ("[]\n" + json.dumps(ROWS), [], {"trailing_junk": 1}),
        ('[1, [2], null, "x", {"text": "a"}]', ["a"], {"not_an_object": 4}),
        ('[{"text": "a"}, {"text": }, {"text": "b"}]', ["a", "b"], {"invalid_json": 1}),
        ('[{"text": "a"}}, {"text": "b"}]', ["a"], {"trailing_junk": 1}),
        ('[{"text": "a"}, {"text": "b]}', ["a"], {"invalid_json": 1, "truncated_json": 1}),
        ("[" * 99_999, [], {"nested_too_deep": 1, "truncated_json": 1}),
    ],
    ids=["cut", "no end", "more", "empty first", "scalars", "bad element", "extra bracket", "open string", "deep"],
)
def test_a_broken_array_is_counted(read: Read, data: str, contents: list[str], reasons: dict[str, int]) -> None:
    """What can be read of it is; the rest has a reason."""
    result = read({"a.json": data.encode()})
    assert result.contents == contents
    assert result.reasons("errored") == reasons
    assert not result.whole


def test_line_feeds_in_strings(read: Read) -> None:
    """JSON has none there, lenient readers do: the element stays one record."""
    result = read({"a.json": b'[{"text": "a\nb"},\n {"text": "c"}]'})
    assert result.contents == ["a\rb", "c"]


def test_an_array_without_a_name(tmp_path: Path) -> None:
    """A file that the user names is known by its first bytes."""
    (tmp_path / "download").write_bytes(json.dumps(ROWS).encode())
    assert [shard.format for shard in io.plan([str(tmp_path / "download")], Columns(), None).shards] == ["json"]
