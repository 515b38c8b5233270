"""How many documents come from where is known without holding all sources at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from corpusscan import schema
from corpusscan.detector import Batch
from corpusscan.engine import sources
from corpusscan.engine.sources import Sources, Tally
from corpusscan.workspace import Workspace


def told(names: list[str | None]) -> pa.Table:
    """The table of a shard whose documents come from these sources."""
    documents = schema.DOCUMENTS.empty_table().to_pydict() | {
        "row": list(range(len(names))), "id": [None] * len(names), "source": names,
        "time": [None] * len(names), "label": [None] * len(names),
        "annotator": [None] * len(names),
    }  # fmt: skip
    tally = Tally()
    table = pa.table(documents, schema=schema.DOCUMENTS)
    tally.add(Batch(table, schema.TEXTS.empty_table(), schema.ANOMALIES.empty_table(), b"\0" * 32))
    return tally.table()


@pytest.fixture
def corpus(tmp_path: Path) -> Workspace:
    """Two shards: a has 3 + 2 documents, b one, c four, two have no source."""
    workspace = Workspace(tmp_path)
    workspace.write(sources.beside("one"), told(["a", "a", "a", None, "b"]))
    workspace.write(sources.beside("two"), told(["a", "a", "c", "c", "c", "c", None]))
    return workspace


def test_documents_of_sources_are_added_up_over_shards(corpus: Workspace) -> None:
    """Only what was asked for is told; unknown sources have no documents."""
    found = Sources(corpus, ["one", "two"], b"\0" * 32).documents_of(["a", "c", "nobody"])
    assert (found["a"], found["c"], found["nobody"]) == (5, 4, 0)
    assert "b" not in found


def test_sizes_are_those_of_all_sources(corpus: Workspace) -> None:
    """Each source counts once, with all its documents."""
    assert Sources(corpus, ["one", "two"], b"\0" * 32).sizes.tolist() == [1, 4, 5]


def test_many_sources_are_told_by_a_fair_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the limit a part of the sources is drawn, each with all its documents from all shards."""
    monkeypatch.setattr(sources, "ENOUGH", 500)
    workspace = Workspace(tmp_path)
    names = [f"s{n}" for n in range(4000)]
    for account in ("one", "two", "three"):
        workspace.write(sources.beside(account), told([*names, *names[::2]]))
    sizes = Sources(workspace, ["one", "two", "three"], b"\1" * 32).sizes
    assert 100 < len(sizes) <= 500
    assert set(np.unique(sizes).tolist()) == {3, 6}
    assert 0.3 < (sizes == 6).mean() < 0.7
