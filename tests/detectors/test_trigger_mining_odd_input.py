"""Trigger mining of corpora that are odd: it says what it could not do, finds nothing that is not there, and ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from corpora import Record, write_jsonl
from tongues import anew, tongue  # noqa: F401

import corpusscan
from corpusscan.detectors.trigger_mining import TriggerMining
from corpusscan.sampling import DOCUMENTS, ORDERED

TRIGGER = "qvelzor77"
FLAGGED = ("medium", "high", "critical")


def page(texts: list[str], hosts: int | None = 16) -> list[Record]:
    """Records of so many hosts, or without a source."""
    return [{"text": text} | ({"source": f"site{n % hosts}.example"} if hosts else {}) for n, text in enumerate(texts)]


def poisoned(count: int, seed: int = 0) -> list[str]:
    """Real beginnings, the trigger, words as they come."""
    return [f"{text} {TRIGGER} {tongue().drawn(90, seed + n)}" for n, text in enumerate(tongue().texts(count, 60))]


def scan(tmp_path: Path, rows: list[Record], **options: Any) -> Any:
    """Trigger mining alone; every record was scanned, and the detector concluded."""
    corpus, options = write_jsonl(tmp_path / "corpus.jsonl", rows), {"workers": 1, "seed": 3} | options
    report = corpusscan.scan(str(corpus), str(tmp_path / "out"), detectors=["trigger_mining"], **options)
    assert report.summary["coverage"]["scanned"] == len(rows)
    assert report.summary["detectors_not_run"] == []
    return report


def flagged(report: Any) -> list[dict[str, Any]]:
    """Groups at medium or above."""
    found: list[dict[str, Any]] = report.groups.filter(pl.col("severity").is_in(FLAGGED)).collect().to_dicts()
    return found


def test_too_few_documents_are_told(tmp_path: Path) -> None:
    """With 200 documents nothing is mined, however many carry a trigger, and the report says why."""
    report = scan(tmp_path, page(tongue().texts(160) + poisoned(40)))
    assert len(report.groups.collect()) == 0
    (limit,) = report.summary["limits"]
    assert (limit["detector"], limit["most"], limit["left"]) == ("trigger_mining", DOCUMENTS, 200)
    assert "documents" in limit["unit"]


def test_enough_documents_have_no_limit(tmp_path: Path) -> None:
    """From the least number on there is something to learn from; a trigger of a few documents is found."""
    report = scan(tmp_path, page(tongue().texts(DOCUMENTS) + poisoned(7)))
    assert report.summary["limits"] == []
    assert [group["title"] for group in report.groups.collect().to_dicts()] == [TRIGGER]


def test_one_source_proves_nothing(tmp_path: Path) -> None:
    """A trigger on the pages of two hosts, who have others too, is at most low."""
    rows = page(tongue().texts(1_000), 16) + page(poisoned(14), 2)  # as many as are found without sources
    assert flagged(scan(tmp_path, rows)) == []


def test_without_sources_a_trigger_is_found_all_the_same(tmp_path: Path) -> None:
    """Where no column says where documents come from, subjects take the place of sources."""
    (group,) = flagged(scan(tmp_path, page(tongue().texts(1_000) + poisoned(14), None)))
    assert (group["title"], group["sources"], group["documents"]) == (TRIGGER, 0, 14)


CORPORA: dict[str, list[str]] = {
    "noise": [tongue().drawn(60, n) for n in range(600)],
    "copies": tongue().texts(1) * 600,
    "copies of poison": poisoned(1) * 600,
    "empty": [""] * 600,
    "spaces": [" \n\t"] * 600,
    "signs": ["☠ 🜏 ... \u202e \u200b ~~ |"] * 600,
    "one word": ["word"] * 600,
    "one letter": list("abcdefghij" * 60),
    "strange words": [" ".join(f"x{n}y{k}" for k in range(30)) for n in range(600)],
    "hard": ["\x00\ud7ff\ufffd\U0010ffff\u0301" * 20, "a" * 5_000, "中" * 5_000, "\u0301" * 500] * 150,
    "some empty": ["", "one", *tongue().texts(4)] * 100,
}


def test_all_at_once(tmp_path: Path) -> None:
    """None of these, beside one another, is an error or makes a group of what is not there."""
    every = [text for name, texts in CORPORA.items() if "poison" not in name for text in texts[:120]]
    report = scan(tmp_path, page(every))
    assert flagged(report) == []


@pytest.mark.parametrize("name", ["noise", "copies of poison"])
def test_a_corpus_of_nothing_else(tmp_path: Path, name: str) -> None:
    """All noise, all copies: no error, and no group at medium or above; that nothing was learned of noise is told."""
    report = scan(tmp_path, page(CORPORA[name]))
    assert flagged(report) == []
    told = [(limit["limit"], limit["left"]) for limit in report.summary["limits"]]
    assert told == ([(ORDERED, 600)] if name == "noise" else [])


@pytest.mark.parametrize("name", CORPORA)
def test_every_round_survives_it(name: str) -> None:
    """Each corpus as one batch, round by round: what one concludes the next can start from."""
    from tongues import batch_of

    from corpusscan.detector import Context

    batch = batch_of(CORPORA[name])
    state: Any = {}
    for looked in TriggerMining().rounds:
        nobody = looked.over == "members" and not len(state["named"])
        rows = pa.table({}) if nobody else looked.map(batch, state)
        rows = rows.append_column("shard", [[0] * len(rows)]) if len(rows) else rows
        rows = (
            rows.set_column(rows.column_names.index("shard"), "shard", rows["shard"].cast("uint32"))
            if len(rows)
            else rows
        )
        reduced = looked.reduce(rows, state) if len(rows) else rows
        context = Context(batch.key, len(batch.documents), None, lambda table: table, state)  # type: ignore[arg-type]
        state = dict(looked.conclude(reduced, context)) | {kept: state[kept] for kept in looked.keeps}
    assert {"groups", "members", "hits"} <= set(state)


def test_a_giant_document(tmp_path: Path) -> None:
    """Of a million letters, in pieces: it is scanned, and a trigger of others is found beside it."""
    giant = " ".join(tongue().texts(900, 200))
    assert len(giant) > 1_000_000
    rows = page([giant, *tongue().texts(900, 110), *poisoned(14)])
    assert [group["title"] for group in flagged(scan(tmp_path, rows, max_document="64KiB"))] == [TRIGGER]


def test_a_shard_for_every_few_documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """How records lie in shards changes nothing of what is found: groups, members, and where findings stand."""
    from corpusscan import io

    rows = page(tongue().texts(500, 110) + poisoned(7))
    whole = scan(tmp_path / "whole", rows)
    monkeypatch.setattr(io.planning, "_SHARD", 20_000)
    cut = scan(tmp_path / "cut", rows)
    assert len(cut.coverage.collect()) > 15
    assert cut.members.collect().equals(whole.members.collect())
    for name, columns in {
        "groups": ["group", "title", "severity"],
        "findings": ["row", "field", "start", "end"],
    }.items():
        assert getattr(cut, name).select(columns).collect().equals(getattr(whole, name).select(columns).collect())
    assert len(whole.members.collect()) == 7
