"""Records that end workers: they are found, named and counted, and everything else is scanned."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from pathlib import Path

import deadly
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from corpora import Record, make_records, table_bytes, write_jsonl
from hypothesis import given, settings
from hypothesis import strategies as st

from corpusscan import audit, config, detectors, terminal
from corpusscan.detectors.exact_duplicate import ExactDuplicate
from corpusscan.engine.local import Lost
from corpusscan.engine.quarantine import MOST, NOT_TRIED, bisect
from corpusscan.report import Report

Scan = Callable[..., Report]


@pytest.fixture
def scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scan:
    """Scans with detectors that die, in workers that can import them."""
    monkeypatch.setenv("PYTHONPATH", str(Path(deadly.__file__).parent), prepend=os.pathsep)

    def run(corpus: Path, out: str = "out", late: bool = False, alone: bool = False, **options: object) -> Report:
        others = [] if alone else [deadly.Late() if late else ExactDuplicate()]
        active = [deadly.Deadly(), *others]
        monkeypatch.setattr(detectors, "create", lambda *_: active)
        settings_ = config.build({"seed": 1, "workers": 2, **options}, "test")
        return audit.run([str(corpus)], tmp_path / out, settings_, lambda _: None)

    return run


def _corpus(folder: Path, words: dict[int, str], count: int = 240, files: int = 2) -> Path:
    """Records of which some, by number, carry a word."""
    records = make_records(count)
    for row, word in words.items():
        records[row]["text"] = f"{records[row]['text']} {word}"
    return _written(folder, records, files)


def _written(folder: Path, records: list[Record], files: int) -> Path:
    size = len(records) // files
    for part in range(files):
        write_jsonl(folder / f"{part}.jsonl", records[part * size : (part + 1) * size])
    return folder


def _broken(corpus: Path, folder: Path, rows: dict[str, list[int]]) -> Path:
    """The corpus, with lines that are no JSON in these rows."""
    folder.mkdir()
    for path in corpus.iterdir():
        lines = path.read_bytes().splitlines(keepends=True)
        for row in rows.get(path.name, []):
            lines[row] = b"no json\n"
        (folder / path.name).write_bytes(b"".join(lines))
    return folder


def _errors(report: Report) -> dict[str, dict[str, int]]:
    rows = report.coverage.collect().to_dicts()
    assert all(row["rows"] == row["scanned"] + row["skipped"] + row["errored"] for row in rows if row["rows"])
    return {row["file"]: json.loads(row["reasons"]).get("errored", {}) for row in rows}


def _named(report: Report) -> list[tuple[str, int, str]]:
    return [(one["file"], one["row"], one["reason"]) for one in report.quarantined]


def test_a_record_that_kills_is_alone_in_being_lost(tmp_path: Path, scan: Scan) -> None:
    """Killed, gone or raised: each such record is counted under its reason, every other one is scanned.

    All tables but coverage are those of a corpus in which these records cannot be read, scanned by more workers; a
    rerun with these searches for nothing.
    """
    corpus = _corpus(tmp_path / "corpus", {0: deadly.KILL, 5: deadly.RAISE, 19: deadly.READER}, count=20)
    report = scan(corpus, workers=1)
    assert report.exit_code == 3
    assert _named(report) == [
        ("0.jsonl", 0, "worker_died"),
        ("0.jsonl", 5, "task_failed"),
        ("1.jsonl", 9, "worker_died"),
    ]
    assert _errors(report) == {"0.jsonl": {"task_failed": 1, "worker_died": 1}, "1.jsonl": {"worker_died": 1}}
    tables = table_bytes(tmp_path / "out")
    scan(_broken(corpus, tmp_path / "broken", {"0.jsonl": [0, 5], "1.jsonl": [9]}), "other")
    assert {**table_bytes(tmp_path / "other"), "coverage": tables["coverage"]} == tables
    kept = set((tmp_path / "out/work/artefacts").rglob("*"))
    again = scan(corpus)
    assert table_bytes(tmp_path / "out") == tables
    assert again.summary["resume"]["reused"] == again.summary["resume"]["tasks"]
    assert set((tmp_path / "out/work/artefacts").rglob("*")) == kept


def test_a_record_that_kills_a_later_look_is_lost_from_the_first(tmp_path: Path, scan: Scan) -> None:
    """What a later round dies of is passed over by all: the tables are those of a corpus that cannot be read there."""
    records, copies = make_records(240), [20, 21, 22, 100, 130, 200]
    for row in copies:
        records[row]["text"] = f"The same in six documents, and {deadly.LATE} in the second look at them. " * 3
    corpus = _written(tmp_path / "corpus", records, 2)
    report = scan(corpus, late=True)
    assert [(one["file"], one["row"]) for one in report.quarantined] == [
        *(("0.jsonl", row) for row in copies[:4]), *(("1.jsonl", row - 120) for row in copies[4:])
    ]  # fmt: skip
    tables = table_bytes(tmp_path / "out")
    scan(_broken(corpus, tmp_path / "broken", {"0.jsonl": copies[:4], "1.jsonl": [10, 80]}), "other")
    assert {**table_bytes(tmp_path / "other"), "coverage": tables["coverage"]} == tables


def test_memory_and_silence_have_their_own_words(
    tmp_path: Path, scan: Scan, capsys: pytest.CaptureFixture[str]
) -> None:
    """A record that takes more memory than a worker may have, one that it never gets done with: named on the screen."""
    records = [{"text": f"text {number}"} for number in range(4)]
    records[0]["text"], records[3]["text"] = deadly.HANG, deadly.GROW
    report = scan(_written(tmp_path / "corpus", records, 2), alone=True, memory_limit="500MiB", task_timeout=6)
    assert _named(report) == [("0.jsonl", 0, "timeout"), ("1.jsonl", 1, "memory_limit")]
    assert _errors(report) == {"0.jsonl": {"timeout": 1}, "1.jsonl": {"memory_limit": 1}}
    terminal.show_report(report)
    told = " ".join(capsys.readouterr().err.split())
    assert "Not read: 0.jsonl, row 0: timeout Not read: 1.jsonl, row 1: memory_limit" in told
    assert "--memory-limit" in told
    manifest = json.loads((report.out / "manifest.json").read_bytes())
    assert [(one["file"], one["row"]) for one in manifest["run"]["quarantined"]] == [("0.jsonl", 0), ("1.jsonl", 1)]


def test_where_every_record_kills_the_search_ends(tmp_path: Path, scan: Scan) -> None:
    """After so many records of a shard the rest is counted as not tried, and other files are scanned."""
    corpus = _corpus(tmp_path / "corpus", dict.fromkeys(range(40), deadly.RAISE), count=80)
    report = scan(corpus)
    assert _errors(report) == {"0.jsonl": {"task_failed": MOST, NOT_TRIED: 40 - MOST}, "1.jsonl": {}}
    assert report.summary["totals"]["documents"] == 40


def test_a_file_that_kills_when_it_is_opened_is_lost_alone(tmp_path: Path, scan: Scan) -> None:
    """The file is lost, as nobody can tell its records apart; the others are scanned, and this process survives."""
    corpus = _corpus(tmp_path / "corpus", {}, count=80)
    (corpus / "1.jsonl").rename(corpus / f"1{deadly.OPEN}.jsonl")
    report = scan(corpus)
    assert report.exit_code == 3
    assert _errors(report) == {"0.jsonl": {}, f"1{deadly.OPEN}.jsonl": {"worker_died": 1}}
    assert report.summary["totals"]["documents"] == 40


def _refusing(plain: Callable[..., object], corpus: Path) -> Callable[..., object]:
    def opened(path: object, *more: object, **options: object) -> object:
        assert str(corpus) not in str(path), "opened by Arrow in the process that plans"
        return plain(path, *more, **options)

    return opened


def test_a_table_that_kills_when_it_is_opened_is_lost_alone(
    tmp_path: Path, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parquet and Arrow: this process has Arrow open no file of a corpus, so what ends Arrow ends a worker alone."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for seed, name in enumerate(("good", deadly.OPEN)):
        table = pa.Table.from_pylist(make_records(20, seed))
        pq.write_table(table, corpus / f"{name}.parquet")
        feather.write_feather(table, str(corpus / f"{name}.arrow"), version=2)

    with monkeypatch.context() as patch:
        for owner, name in ((pa, "memory_map"), (pq, "ParquetFile")):
            patch.setattr(owner, name, _refusing(getattr(owner, name), corpus))
        report = scan(corpus, alone=True)
    assert report.exit_code == 3
    died = {"worker_died": 1}
    assert _errors(report) == {
        "good.arrow": {}, "good.parquet": {}, f"{deadly.OPEN}.arrow": died, f"{deadly.OPEN}.parquet": died
    }  # fmt: skip
    assert report.summary["totals"]["documents"] == 40


@given(st.integers(1, 300), st.sets(st.integers(0, 299), max_size=20))
@settings(max_examples=200)
def test_bisection_finds_all_in_few_tries(rows: int, guilty: set[int]) -> None:
    """Each record that kills alone, in order, in at most 2 log2(rows) + 2 tries each; behind so many none is tried."""
    bad = sorted(row for row in guilty if row < rows)
    search, answer, tries = bisect(rows), None, 0
    while True:
        try:
            start, stop = search.send(answer)
        except StopIteration as done:
            found = done.value
            break
        tries += 1
        answer = Lost("worker_died") if any(start <= row < stop for row in bad) else None
    assert [one.start for one in found if one.reason != NOT_TRIED] == bad[:MOST]
    assert tries <= max(len(bad), 1) * (2 * math.log2(rows) + 2)
    rest = [one for one in found if one.reason == NOT_TRIED]
    assert [one.stop for one in rest] == ([rows] if rest else [])
    assert len(bad) <= MOST or rest[0].start <= bad[MOST]
