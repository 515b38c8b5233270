"""The same records as JSON Lines, as a JSON array, as Parquet and as Arrow give the same tables."""

from __future__ import annotations

import io as memory
import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

Read = Callable[..., Any]

WORDS = st.text(max_size=12)
MAYBE = st.none() | WORDS
COUNTS = st.none() | st.integers(-9, 9)
ADDRESSES = st.none() | st.sampled_from(["https://a.example/x?y", "http://u@B.example:80/", "no url", ""])
MOMENTS = st.none() | st.sampled_from(
    [
        "2024-05-17",
        "2024-05-17T12:30:00Z",
        "2024-05-17T12:30:00+02:00",
        "Fri, 17 May 2024 12:30:00 GMT",
        "",
        "yesterday",
        "1715947200",
    ]
)
TURN = st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant", "x" * 70]), "content": MAYBE})
PARTS = st.fixed_dictionaries(
    {"role": WORDS, "content": st.lists(st.fixed_dictionaries({"type": WORDS, "text": MAYBE}), max_size=3)}
)
SHAREGPT = st.fixed_dictionaries({"from": st.sampled_from(["human", "gpt"]), "value": WORDS})
SHAPES: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "plain": {"id": MAYBE, "text": MAYBE, "source": MAYBE, "date": MOMENTS, "label": MAYBE, "extra": MAYBE},
    "web": {"url": ADDRESSES, "content": WORDS, "title": MAYBE},
    "times": {"text": WORDS, "timestamp": MOMENTS, "created_at": MOMENTS, "time": st.none() | st.integers(0, 2**40)},
    "numbers": {"id": st.none() | st.integers(-(2**60), 2**60), "text": COUNTS, "label": COUNTS, "source": COUNTS},
    "alpaca": {"instruction": WORDS, "input": MAYBE, "output": MAYBE},
    "preference": {"prompt": WORDS, "chosen": MAYBE, "rejected": MAYBE},
    "chat": {"id": st.integers(0, 99), "messages": st.none() | st.lists(TURN, max_size=4)},
    "parts": {"messages": st.lists(PARTS, max_size=3), "text": MAYBE},
    "sharegpt": {"conversations": st.lists(SHAREGPT, max_size=4), "labels": st.none() | st.lists(WORDS, max_size=2)},
    "nested": {"text": st.lists(st.lists(WORDS, max_size=2), max_size=3), "doc_id": MAYBE, "_id": MAYBE},
}  # fmt: skip


def as_jsonl(records: list[dict[str, Any]]) -> bytes:
    """One object per line."""
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def as_parquet(records: list[dict[str, Any]], names: list[str], **options: Any) -> bytes:
    """Types as Arrow infers them."""
    buffer = memory.BytesIO()
    columns = {name: pa.array([record.get(name) for record in records]) for name in names}
    pq.write_table(pa.table(columns), buffer, **options)
    return buffer.getvalue()


def as_arrow(records: list[dict[str, Any]], names: list[str], rows: int = 3) -> bytes:
    """An IPC file with so many rows a batch."""
    buffer = memory.BytesIO()
    table = pa.table({name: pa.array([record.get(name) for record in records]) for name in names})
    with pa.ipc.new_file(buffer, table.schema) as writer:
        writer.write_table(table, max_chunksize=rows)
    return buffer.getvalue()


def tables(result: Any) -> tuple[list[Any], list[Any], dict[str, int]]:
    """What must be the same, whatever the file is called."""

    def plain(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{name: value for name, value in row.items() if name != "file"} for row in rows]

    return plain(result.documents), plain(result.texts), result.reasons("scanned")


@pytest.mark.parametrize("shape", SHAPES)
@given(data=st.data())
@settings(max_examples=60)
def test_all_formats_give_the_same_tables(read: Read, shape: str, data: st.DataObject) -> None:
    """Ids, sources, times, labels, fields, roles, texts, notes: all equal, in the same order."""
    records = data.draw(st.lists(st.fixed_dictionaries(SHAPES[shape]), min_size=1, max_size=8))
    lines = read(as_jsonl(records))
    columns = read({"a.parquet": as_parquet(records, list(SHAPES[shape]), row_group_size=3)})
    batches = read({"a.arrow": as_arrow(records, list(SHAPES[shape]))})
    array = read({"a.json": json.dumps(records, indent=1).encode()})
    assert tables(lines) == tables(columns) == tables(batches) == tables(array)


@given(st.lists(st.fixed_dictionaries(SHAPES["plain"]), min_size=1, max_size=8), st.integers(100, 300))
@settings(max_examples=40)
def test_long_texts_come_in_the_same_pieces(read: Read, records: list[dict[str, Any]], factor: int) -> None:
    """Above the limit both formats cut at the same code points."""
    records = [{**record, "text": (record["text"] or "") * factor} for record in records]
    lines = read(as_jsonl(records), max_document=400)
    columns = read({"a.parquet": as_parquet(records, list(records[0]))}, max_document=400)
    batches = read({"a.feather": as_arrow(records, list(records[0]))}, max_document=400)
    assert tables(lines) == tables(columns) == tables(batches)


def test_a_chat_keeps_its_messages_apart(read: Read) -> None:
    """Each message is a text with a path, a role and offsets of its own; empty ones are absent."""
    chat = [
        {"role": "system", "content": "be kind"},
        {"role": "user", "content": ""},
        {"role": "assistant", "content": [{"type": "text", "text": "hello"}]},
    ]
    result = read(as_jsonl([{"messages": chat}]))
    assert [(t["field"], t["role"], t["start"], t["text"]) for t in result.texts] == [
        ("messages[0].content", "system", 0, "be kind"),
        ("messages[2].content[0].text", "assistant", 0, "hello"),
        ("messages[2].content[0].type", "assistant", 0, "text"),
    ]


def test_several_columns_are_several_fields(read: Read) -> None:
    """Instruction, input and output of one record are neighbours, in that order."""
    records = [{"output": "o", "instruction": "i", "input": "n"}, {"output": "p", "instruction": "", "input": None}]
    for files in (
        {"a.jsonl": as_jsonl(records)},
        {"a.parquet": as_parquet(records, ["output", "input", "instruction"])},
    ):
        fields = [(t["row"], t["field"], t["text"]) for t in read(files).texts]
        assert fields == [(0, "instruction", "i"), (0, "input", "n"), (0, "output", "o"), (1, "output", "p")]
