"""What a machine does to a scan: every fault has a name, nothing is half-written, and the same command resumes."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from secrets import token_hex
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from corpora import make_records, table_bytes, write_jsonl

from corpusscan import audit, config, workspace
from corpusscan.engine.local import Local, Lost
from corpusscan.engine.tasks import Cut, Digest, Map, Outcome, Task, TaskError
from corpusscan.engine.worker import attempt
from corpusscan.errors import CorpusScanError, WorkspaceError
from corpusscan.io import planning
from corpusscan.report import Report
from corpusscan.workspace import files

MOST = int(os.environ.get("CORPUSSCAN_TEST_FAULTS", "8"))  # calls of which each fails once


class Here(Local):
    """Does the tasks in this process, so that a test can let each of its reads and writes fail."""

    before: Callable[[Task], None] = staticmethod(lambda _: None)

    def run(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Outcome | Lost] | None]:
        """Each task with its outcome."""
        for task in tasks:
            Here.before(task)
            told = attempt(task, workspace.Workspace(self.root))
            if isinstance(told, TaskError) and told.fatal:
                raise WorkspaceError(told.message)
            yield task, Lost.by(told) if isinstance(told, TaskError) else told


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """All work is done in this process."""
    monkeypatch.setattr(audit, "Local", Here)
    monkeypatch.setattr(Here, "before", staticmethod(lambda _: None))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Two formats, three files, a group of copies, and names that only one file has."""
    records = make_records(60)
    for part in range(2):
        write_jsonl(tmp_path / f"corpus/{part}.jsonl", records[part * 20 : (part + 1) * 20])
    pq.write_table(pa.Table.from_pylist(records[40:]), tmp_path / "corpus/2.parquet", compression="none")
    return tmp_path / "corpus"


def _scan(corpus: Path, out: Path) -> Report:
    settings = config.build({"seed": 1, "workers": 1, "detectors": ["exact_duplicate", "malformed"]}, "test")
    return audit.run([str(corpus)], out, settings, lambda _: None)


def _errors(report: Report) -> dict[str, list[str]]:
    rows = report.coverage.collect().to_dicts()
    return {row["file"]: sorted(json.loads(row["reasons"]).get("errored", {})) for row in rows}


def _unfinished(out: Path) -> list[Path]:
    return [path for path in out.rglob("*") if files.is_beside(path.name)]


class Faults:
    """Lets the k-th of some calls fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, corpus: Path) -> None:
        self.patch, self.corpus, self.calls, self.at, self.error = monkeypatch, corpus, 0, -1, 0

    def count(self) -> None:
        """One more call."""
        self.calls += 1
        if self.calls == self.at:
            raise OSError(self.error, os.strerror(self.error))

    def calling(self, owner: Any, name: str) -> None:
        """Count the calls of a function."""
        plain = getattr(owner, name)

        def call(*arguments: Any, **options: Any) -> Any:
            self.count()
            return plain(*arguments, **options)

        self.patch.setattr(owner, name, call)

    def reading(self) -> None:
        """Count the reads of files of the corpus."""
        plain, faults = Path.open, self

        class Counted:
            def __init__(self, file: Any) -> None:
                self.file = file

            def __getattr__(self, name: str) -> Any:
                return getattr(self.file, name)

            def __enter__(self) -> Counted:
                return self

            def __exit__(self, *_: object) -> None:
                self.file.close()

            def read(self, *size: int) -> Any:
                faults.count()
                return self.file.read(*size)

            def readinto(self, place: Any) -> Any:
                faults.count()
                return self.file.readinto(place)

        def opened(path: Path, *arguments: Any, **options: Any) -> Any:
            inside = path.is_relative_to(faults.corpus)
            if inside:
                faults.count()
            file = plain(path, *arguments, **options)
            return Counted(file) if inside else file

        self.patch.setattr(Path, "open", opened)


def _every(calls: int, most: int) -> list[int]:
    """All numbers of calls, or so many that lie as far apart as there are."""
    return sorted({1 + place * (calls - 1) // max(min(calls, most) - 1, 1) for place in range(min(calls, most))})


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE])
def test_whichever_read_fails_the_next_run_reads_it(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """A failed read is counted under its name (or the scan ends with one line); a rerun leaves undisturbed tables."""
    calm = _scan(corpus, tmp_path / "calm")
    tables = table_bytes(calm.out)
    faults = Faults(monkeypatch, corpus)
    faults.reading()
    _scan(corpus, tmp_path / "counted")
    named = {errno.EIO: "read_error", errno.ESTALE: "file_gone"}[number]
    seen = set()
    for at in _every(faults.calls, MOST):
        out = tmp_path / f"out{at}"
        faults.calls, faults.at, faults.error = 0, at, number
        report = _scan(corpus, out)
        told = {reason for reasons in _errors(report).values() for reason in reasons}
        assert told <= {named}
        assert report.exit_code == (3 if told else calm.exit_code)
        seen |= told
        faults.at = -1
        assert table_bytes(_scan(corpus, out).out) == tables
        assert not _unfinished(out)
    assert seen == {named}


def test_whichever_write_fails_the_next_run_goes_on(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk at any write, sync or rename ends the scan and says what to do; a rerun ends as if undisturbed."""
    tables = table_bytes(_scan(corpus, tmp_path / "calm").out)
    faults = Faults(monkeypatch, corpus)
    faults.calling(pq, "write_table")
    faults.calling(os, "fsync")
    faults.calling(Path, "replace")
    faults.calling(Path, "write_bytes")
    _scan(corpus, tmp_path / "counted")
    for at in _every(faults.calls, 2 * MOST):
        out = tmp_path / f"out{at}"
        faults.calls, faults.at, faults.error = 0, at, [errno.ENOSPC, errno.EDQUOT][at % 2]
        with pytest.raises(CorpusScanError, match="disk is full: make room and run the same command to resume"):
            _scan(corpus, out)
        assert not _unfinished(out)
        faults.at = -1
        assert table_bytes(_scan(corpus, out).out) == tables
        assert not _unfinished(out)


@pytest.mark.parametrize("name", ["0.jsonl", "2.parquet"])
@pytest.mark.parametrize("kind", [Digest, Map])
def test_a_file_that_changes_is_named_and_read_again(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[Task], name: str
) -> None:
    """Other bytes of one length: counted as changed, none kept under the old name; a rerun reads them."""
    path, reached = corpus / name, []
    before = table_bytes(_scan(corpus, tmp_path / "before").out)

    def change(task: Task) -> None:
        if isinstance(task, kind) and task.shard.file == name and not reached:  # type: ignore[union-attr]
            reached.append(task)
            path.write_bytes(path.read_bytes().replace(b"marigold", b"Marigold"))

    monkeypatch.setattr(Here, "before", staticmethod(change))
    report = _scan(corpus, tmp_path / "out")
    assert reached
    assert (report.exit_code, _errors(report)[name]) == (3, ["changed_while_read"])
    again, fresh = _scan(corpus, tmp_path / "out"), _scan(corpus, tmp_path / "fresh")
    assert table_bytes(again.out) == table_bytes(fresh.out)
    assert again.exit_code == fresh.exit_code != 3
    assert table_bytes(again.out) != before


@pytest.mark.parametrize("name", ["0.jsonl", "2.parquet"])
@pytest.mark.parametrize("kind", [Digest, Map])
def test_a_mount_that_is_lost_is_named_and_resumed(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[Task], name: str
) -> None:
    """Files that were there a moment ago: counted as gone; once they are back, the same command reads them."""
    away = tmp_path / "away"
    tables = table_bytes(_scan(corpus, tmp_path / "calm").out)

    def lose(task: Task) -> None:
        if isinstance(task, kind) and task.shard.file == name and not away.exists():  # type: ignore[union-attr]
            (corpus / name).rename(away)

    monkeypatch.setattr(Here, "before", staticmethod(lose))
    report = _scan(corpus, tmp_path / "out")
    assert (report.exit_code, _errors(report)[name]) == (3, ["file_gone"])
    monkeypatch.setattr(Here, "before", staticmethod(lambda _: None))
    away.rename(corpus / name)
    assert table_bytes(_scan(corpus, tmp_path / "out").out) == tables


def test_what_killed_processes_were_writing_is_removed(corpus: Path, tmp_path: Path) -> None:
    """Files of a scan that did not end are swept by the next one; files of others are not touched."""
    _scan(corpus, tmp_path / "out")
    left, other = tmp_path / "out/work/artefacts/.a.parquet.123.0123abcd", tmp_path / "out/.hidden"
    for path in (left, other, tmp_path / "out/work/unfinished"):
        path.write_bytes(b"x")
    _scan(corpus, tmp_path / "out")
    assert (left.exists(), other.exists(), (tmp_path / "out/work/unfinished").exists()) == (False, True, False)


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE])
def test_a_file_that_fails_while_it_is_cut_is_cut_again(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Half of a compressed file leaves no note: the next run cuts it, and finds what an undisturbed one finds."""
    monkeypatch.setattr(planning, "_WHOLE", 100)
    monkeypatch.setattr(planning, "_SHARD", 4_000)
    random_text = [{"text": token_hex(60)} for _ in range(200)]
    lines = b"".join(orjson.dumps(record) + b"\n" for record in random_text)
    (corpus / "3.jsonl.zst").write_bytes(zstandard.compress((corpus / "0.jsonl").read_bytes() + lines))
    tables = table_bytes(_scan(corpus, tmp_path / "calm").out)

    def fail(task: Task) -> None:
        faults.at = faults.calls + 3 if isinstance(task, Cut) else -1

    faults = Faults(monkeypatch, corpus / "3.jsonl.zst")
    faults.error = number
    faults.reading()
    monkeypatch.setattr(Here, "before", staticmethod(fail))
    _scan(corpus, tmp_path / "out")
    assert faults.calls
    assert not list((tmp_path / "out/work/pieces").glob("*.json"))
    faults.at = -1
    monkeypatch.setattr(Here, "before", staticmethod(lambda _: None))
    assert table_bytes(_scan(corpus, tmp_path / "out").out) == tables


def test_of_many_small_files_only_those_are_lost_that_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They share a shard: one that is gone and one that changed are counted, the rest is scanned; a rerun reads all."""
    folder = tmp_path / "texts"
    folder.mkdir()
    for number, record in enumerate(make_records(20)):
        (folder / f"{number:02}.txt").write_text(record["text"])
    tables = table_bytes(_scan(folder, tmp_path / "calm").out)

    def lose(task: Task) -> None:
        if isinstance(task, Map) and not (tmp_path / "away").exists():
            (folder / "03.txt").rename(tmp_path / "away")
            (folder / "07.txt").write_text("other words")

    monkeypatch.setattr(Here, "before", staticmethod(lose))
    kept = (folder / "07.txt").read_bytes()
    report = _scan(folder, tmp_path / "out")
    errors = {file: told for file, told in _errors(report).items() if told}
    assert errors == {"03.txt": ["file_gone"], "07.txt": ["changed_while_read"]}
    assert (report.exit_code, report.summary["totals"]["documents"]) == (3, 18)
    monkeypatch.setattr(Here, "before", staticmethod(lambda _: None))
    (tmp_path / "away").rename(folder / "03.txt")
    (folder / "07.txt").write_bytes(kept)
    assert table_bytes(_scan(folder, tmp_path / "out").out) == tables
