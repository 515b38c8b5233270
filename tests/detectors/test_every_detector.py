"""What is asked of every detector, whatever it suspects."""

from __future__ import annotations

import pickle
from pathlib import Path

import pyarrow as pa
import pytest
from corpora import make_records, write_jsonl

from corpusscan import detectors, io, schema
from corpusscan.config import Columns
from corpusscan.detector import Batch, Detector


def batches(path: Path) -> list[Batch]:
    """All batches of a file."""
    plan = io.plan([str(path)], Columns(), None)
    return [b for shard in plan.shards for b in io.read(shard, Columns(), 2**24, b"k" * 32, io.Account())]


@pytest.fixture(params=detectors.names())
def detector(request: pytest.FixtureRequest) -> Detector:
    """Each detector with its default settings."""
    return detectors.find(request.param)()


@pytest.fixture
def batch(tmp_path: Path) -> Batch:
    """300 records, some planted."""
    return batches(write_jsonl(tmp_path / "records.jsonl", make_records(300)))[0]


def look(detector: Detector, batch: Batch) -> pa.Table:
    """What the detector makes of the batch at its first step."""
    return detector.rounds[0].map(batch, {}) if detector.rounds else detector.flag(batch)


def test_it_either_flags_or_goes_round(detector: Detector, batch: Batch) -> None:
    """A detector judges documents alone or against each other, never both."""
    if detector.rounds:
        with pytest.raises(TypeError, match="rounds"):
            detector.flag(batch)
    else:
        assert detector.flag(batch).schema == schema.HITS


def test_an_empty_batch_is_nothing(detector: Detector) -> None:
    """A batch without records gives no rows and no error."""
    empty = Batch(schema.DOCUMENTS.empty_table(), schema.TEXTS.empty_table(), schema.ANOMALIES.empty_table(), b"k" * 32)
    assert len(look(detector, empty)) == 0


def test_it_survives_pickling(detector: Detector, batch: Batch) -> None:
    """Workers get detectors by pickle, and find the same with them."""
    assert look(pickle.loads(pickle.dumps(detector)), batch).equals(look(detector, batch))


def test_the_size_of_batches_does_not_show(detector: Detector, batch: Batch) -> None:
    """Two halves of a batch say what the whole says."""
    from corpusscan.engine.spans import only

    rows = batch.documents["row"].to_numpy()
    halves = pa.concat_tables([look(detector, only(batch, rows[:150])), look(detector, only(batch, rows[150:]))])
    assert halves.equals(look(detector, batch))


@pytest.mark.parametrize("name", [name for name in detectors.names() if not detectors.find(name)().rounds])
def test_hits_lie_inside_their_texts(name: str, batch: Batch) -> None:
    """Spans are half-open ranges of code points within the field."""
    detector = detectors.find(name)()
    lengths = {(t["row"], t["field"]): len(t["text"]) for t in batch.texts.to_pylist()}
    for hit in detector.flag(batch).to_pylist():
        assert 0 <= hit["start"] <= hit["end"] <= lengths[hit["row"], hit["field"]]
        assert hit["severity"] in schema.SEVERITIES
        assert hit["attack"] in schema.ATTACKS
        assert 0 <= hit["score"] <= 1
