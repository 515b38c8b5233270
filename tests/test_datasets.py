"""Objects of the `datasets` library are scanned as they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from corpora import make_records

import corpusscan

pytestmark = pytest.mark.hf


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_dataset_object_is_scanned_like_its_table(tmp_path: Path) -> None:
    """A `datasets.Dataset` gives the findings of the same records as an Arrow table, also after a selection."""
    import datasets
    import pyarrow as pa

    records = make_records(300)
    whole = datasets.Dataset.from_list(records)
    for number, (dataset, rows) in enumerate([(whole, records), (whole.select(range(50, 250)), records[50:250])]):
        report = corpusscan.scan(dataset, str(tmp_path / f"dataset{number}"), seed=1)
        wanted = corpusscan.scan(pa.Table.from_pylist(rows), str(tmp_path / f"table{number}"), seed=1)
        assert report.findings.collect().equals(wanted.findings.collect())
        assert report.summary["totals"]["documents"] == len(rows)
