"""Objects of the `datasets` library are scanned as they are: whole, in splits, as streams."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from corpora import make_records

import corpusscan
from corpusscan.engine import memory
from corpusscan.errors import InputError, UsageError

pytestmark = [pytest.mark.hf, pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")]
FAST: dict[str, Any] = {"seed": 1, "workers": 1, "detectors": ["rules", "exact_duplicate", "malformed"]}


def test_a_dataset_object_is_scanned_like_its_table(tmp_path: Path) -> None:
    """A `datasets.Dataset` gives the findings of the same records as an Arrow table, also after a selection."""
    import datasets

    records = make_records(300)
    whole = datasets.Dataset.from_list(records)
    for number, (dataset, rows) in enumerate([(whole, records), (whole.select(range(50, 250)), records[50:250])]):
        report = corpusscan.scan(dataset, str(tmp_path / f"dataset{number}"), **FAST)
        wanted = corpusscan.scan(pa.Table.from_pylist(rows), str(tmp_path / f"table{number}"), **FAST)
        assert report.findings.collect().equals(wanted.findings.collect())
        assert report.summary["totals"]["documents"] == len(rows)


def test_splits_and_streams_are_files_of_their_own(tmp_path: Path) -> None:
    """Splits are `memory:0/NAME`, whatever they are called; a stream gives what the whole gives."""
    import datasets

    records = make_records(200)
    splits = datasets.DatasetDict(
        train=datasets.Dataset.from_list(records[:150]), README=datasets.Dataset.from_list(records[150:])
    )
    streams = datasets.IterableDatasetDict({name: one.to_iterable_dataset(3) for name, one in splits.items()})
    whole = corpusscan.scan(splits, str(tmp_path / "whole"), **FAST)
    stream = corpusscan.scan(streams, str(tmp_path / "stream"), **FAST)
    read = dict(whole.coverage.select("file", "scanned").collect().iter_rows())
    assert read == {"memory:0/README": 50, "memory:0/train": 150}
    assert len(whole.findings.collect())
    assert stream.findings.collect().equals(whole.findings.collect())
    assert not list((tmp_path / "whole" / "work" / "memory").iterdir())


def test_a_saved_dataset_is_scanned_with_its_labels(tmp_path: Path) -> None:
    """What `save_to_disk` leaves is read like the object: the same documents, split by split, companions aside."""
    import datasets

    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["no", "yes"])})
    one = datasets.Dataset.from_dict({"text": ["one", "two", "three"], "label": [0, 1, -1]}, features=features)
    datasets.DatasetDict(train=one, test=one).save_to_disk(tmp_path / "saved")
    report = corpusscan.scan(str(tmp_path / "saved"), str(tmp_path / "out"), **FAST)
    assert report.coverage.collect()["file"].to_list() == [
        "test/data-00000-of-00001.arrow", "train/data-00000-of-00001.arrow"
    ]  # fmt: skip
    assert report.summary["coverage"]["reasons"]["scanned"] == {"label_not_given": 2}
    assert report.summary["columns"]["label"] == ["label"]
    assert report.exit_code == 0


def pieces(item: Any, tmp_path: Path) -> pa.Table:
    """What is laid down of a table in memory."""
    import pyarrow.parquet as pq

    with memory.as_paths(item, tmp_path) as [path]:
        return pq.read_table(path)


def test_pictures_are_not_decoded(tmp_path: Path) -> None:
    """Bytes that are no picture do no harm, in a table and in a stream; the column is there, and empty."""
    import datasets

    features = datasets.Features({"text": datasets.Value("string"), "image": datasets.Image()})
    medium = pa.array(
        [{"bytes": b"no picture", "path": None}] * 2, pa.struct({"bytes": pa.binary(), "path": pa.string()})
    )
    table = pa.table({"text": ["one", "two"], "image": medium}).cast(features.arrow_schema)
    for item in (datasets.Dataset(table), datasets.Dataset(table).to_iterable_dataset()):
        laid = pieces(item, tmp_path)
        assert laid["text"].to_pylist() == ["one", "two"]
        assert laid["image"].null_count == 2
    with pytest.raises(UsageError, match="no column of text"):
        pieces(
            datasets.Dataset(table.select(["image"]).cast(datasets.Features(image=datasets.Image()).arrow_schema)),
            tmp_path,
        )


def test_a_stream_may_learn_its_columns_late(tmp_path: Path) -> None:
    """Keys and types that come first after thousands of rows are there; rows before have nothing under them."""
    import datasets

    def rows() -> Iterator[dict[str, Any]]:
        for number in range(2_500):
            yield {"text": f"row {number}" if number else None, "n": None if number < 1_500 else number} | (
                {"late": [number]} if number > 2_000 else {}
            )

    laid = pieces(datasets.IterableDataset.from_generator(rows), tmp_path)
    assert laid["text"].to_pylist() == [None, *(f"row {number}" for number in range(1, 2_500))]
    assert laid["n"].to_pylist() == [None] * 1_500 + list(range(1_500, 2_500))
    assert laid["late"].to_pylist()[-1] == [2_499]
    assert not list((tmp_path / "memory").iterdir())


def test_a_stream_that_breaks_is_told(tmp_path: Path) -> None:
    """An error of the stream, or two types that no type holds: the split, the row and what to do, in one line."""
    import datasets

    def breaks() -> Iterator[dict[str, Any]]:
        yield {"text": "one"}
        raise RuntimeError("out\x1b[31m\nof order")

    def mixes() -> Iterator[dict[str, Any]]:
        yield from ({"text": number if number < 1_000 else [1]} for number in range(1_500))

    for stream, told in ((breaks, "past row 0 .RuntimeError: out .31m of order"), (mixes, "past row 1000 .Arrow")):
        splits = datasets.IterableDatasetDict(test=datasets.IterableDataset.from_generator(stream))
        with pytest.raises(InputError, match=f"memory:0/test: cannot be read {told}"):
            pieces(splits, tmp_path)


@pytest.mark.parametrize("item", [3, {"train": 3}, {}, {"../x": pa.table({})}, {3: pa.table({})}])
def test_what_is_no_table_is_refused(item: Any, tmp_path: Path) -> None:
    """Other objects, and names that are no names of files, are told before anything is read."""
    with pytest.raises(UsageError, match="cannot scan"):
        pieces(item, tmp_path)
