"""What the `datasets` library writes beside a table: classes get their names, media are left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corpusscan import io
from corpusscan.config import Columns

NAMES = {"names": ["negative", "positive"], "_type": "ClassLabel"}


def told(**features: Any) -> dict[bytes, bytes]:
    """Metadata of a schema as the library writes it."""
    return {b"huggingface": orjson.dumps({"info": {"features": features}})}


def read(path: Path, table: pa.Table) -> tuple[list[str | None], io.Account, list[str]]:
    """The labels of a table in a file, the account, and the texts."""
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    else:
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
    [shard] = io.plan([str(path)], Columns(), None).shards
    account = io.Account()
    batches = list(io.read(shard, Columns(), 2**20, bytes(32), account))
    labels = [label for batch in batches for label in batch.documents["label"].to_pylist()]
    return labels, account, [text for batch in batches for text in batch.texts["text"].to_pylist()]


def table(labels: pa.Array, **features: Any) -> pa.Table:
    """Texts with labels, and what is told of the columns."""
    texts = pa.array([f"text {number}" for number in range(len(labels))])
    return pa.table({"text": texts, "label": labels}).replace_schema_metadata(told(**features))


@pytest.mark.parametrize("name", ["set.parquet", "set.arrow"])
def test_classes_get_their_names(name: str, tmp_path: Path) -> None:
    """Numbers of a ClassLabel become names; one that is none stays a number, and is counted; -1 is no label."""
    labels, account, _ = read(tmp_path / name, table(pa.array([0, 1, -1, 7, None, -3]), label=NAMES))
    assert labels == ["negative", "positive", None, "7", None, "-3"]
    assert account.reasons["scanned"] == {"label_not_given": 1, "unknown_label": 2}
    assert account.scanned == 6


def test_lists_of_classes_get_their_names(tmp_path: Path) -> None:
    """Of several labels in a row each has its name; that they are lists is counted."""
    several = {"feature": NAMES, "_type": "List"}
    labels, account, _ = read(tmp_path / "set.parquet", table(pa.array([[0, 1], [], None, [9]]), label=several))
    assert labels == ['["negative","positive"]', "[]", None, "[9]"]
    assert account.reasons["scanned"] == {"label_is_a_list": 3, "unknown_label": 1}


def test_whole_numbers_with_a_point_are_classes(tmp_path: Path) -> None:
    """Tables with gaps hold 1 as 1.0, and a gap as not-a-number; a real fraction is counted."""
    labels, account, _ = read(tmp_path / "set.parquet", table(pa.array([1.0, float("nan"), 2.5, None])))
    assert labels == ["1", None, "2.5", None]
    assert account.reasons["scanned"] == {"label_is_a_fraction": 1}


def test_media_are_columns_that_were_not_scanned(tmp_path: Path) -> None:
    """A picture is no text, whatever its column is called, alone, in a list or in a message; the latter is counted."""
    medium = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    picture = {"bytes": b"\x89PNG", "path": None}
    message = {"role": "user", "content": "look", "picture": picture}
    rows = {
        "content": pa.array([picture], medium), "context": pa.array([[picture]], pa.list_(medium)),
        "messages": pa.array([[message]]),
    }  # fmt: skip
    image = {"_type": "Image"}
    metadata = told(content=image, context={"feature": image, "_type": "List"})
    _, account, texts = read(tmp_path / "set.parquet", pa.table(rows).replace_schema_metadata(metadata))
    assert texts == ["look"]
    assert account.reasons["scanned"] == {"media_not_scanned": 1}
    assert set(account.columns()["unscanned"]) == {"content", "context"}


@pytest.mark.parametrize(
    "metadata",
    [b"", b"{", b"[]", b'{"info": 3}', b'{"info": {"features": [1]}}', b'{"info": {"features": {"label": 7}}}',
     b'{"info": {"features": {"label": {"names": [1, {}], "_type": "ClassLabel"}}}}', b"[" * 100_000,
     b'{"info": {"features": {"label": {"names": null, "_type": "ClassLabel"}}}}', b"\xff\xfe"],
)  # fmt: skip
def test_metadata_that_is_none_is_nothing(metadata: bytes, tmp_path: Path) -> None:
    """Whatever stands there, numbers are then numbers, and nothing breaks."""
    plain = table(pa.array([0, 1])).replace_schema_metadata({b"huggingface": metadata})
    labels, account, _ = read(tmp_path / "set.parquet", plain)
    assert labels == ["0", "1"]
    assert not account.reasons["scanned"]
