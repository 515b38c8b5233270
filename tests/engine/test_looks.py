"""Later looks at a shard deliver what the first one did, or their shard is lost by name: nothing goes in silence."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from corpora import make_records, table_bytes

from corpusscan import audit, config, io
from corpusscan.config import Columns
from corpusscan.detectors.exact_duplicate import ExactDuplicate
from corpusscan.engine.local import Local, Lost
from corpusscan.engine.tasks import Job, Map, Outcome, Reading, Task, TaskError, execute
from corpusscan.engine.worker import attempt
from corpusscan.errors import UnreadableError
from corpusscan.io.formats import FORMATS
from corpusscan.io.places import faults
from corpusscan.workspace import Workspace

COUNT = 12
Lines = list[bytes]


def _lines() -> Lines:
    return [orjson.dumps({"text": f"text number {row}", "id": str(row)}) for row in range(COUNT)]


def _parquet(path: Path) -> None:
    pq.write_table(pa.Table.from_pylist([orjson.loads(line) for line in _lines()]), path, row_group_size=5)


def _texts(folder: Path) -> None:
    folder.mkdir()
    for row in range(COUNT):
        (folder / f"{row:02}.txt").write_text(f"text number {row}")


def _cut(path: Path) -> None:
    path.write_bytes(gzip.compress(b"\n".join(_lines() * 50))[:-9])


CORPORA: dict[str, Callable[[Path], object]] = {
    "a.jsonl": lambda path: path.write_bytes(b"\n".join(_lines())),
    "a.parquet": _parquet,
    "a.csv": lambda path: path.write_text("text,id\n" + "".join(f"text number {row},{row}\n" for row in range(COUNT))),
    "texts": _texts,
    "a.jsonl.gz": _cut,
}


class Looks:
    """First and later looks at the one shard of a corpus, in this process."""

    def __init__(self, path: Path, max_document: int = 2**24) -> None:
        shard = io.plan([str(path)], Columns(), None).shards[0]
        self.shard = msgspec.structs.replace(shard, digest=io.digest(shard))
        self.reading = Reading(Columns(), max_document, None, excerpts=True)
        self.workspace = Workspace(path.parent / "work")

    def first(self) -> None:
        """The look that leaves the account."""
        execute(Map(self.shard, self.reading, bytes(32), "artefacts/account", ()), self.workspace)

    def later(self, rows: list[int] | None = None, part: int = 1, trial: bool = False) -> Outcome:
        """One that reads all, or some rows."""
        job = Job(ExactDuplicate(), 0, (), "artefacts/look", part)
        named = None if rows is None else np.array(rows, np.uint64).tobytes()
        task = Map(self.shard, self.reading, bytes(32), None, (job,), named, trial, "artefacts/account")
        try:
            return execute(task, self.workspace)
        finally:
            assert self.workspace.has(job.name) == self.workspace.has(f"{job.name}.cards")
            self.left = self.workspace.has(job.name)


def _forget(patch: pytest.MonkeyPatch, format_: str, victim: int) -> None:
    """Let a reader pass over a row in silence, as if nobody had wanted it."""
    plain = FORMATS[format_].read

    def read(shard: io.Shard, builder: Any) -> Iterator[Any]:
        wanted = np.arange(10_000, dtype=np.uint64) if builder.wanted is None else builder.wanted
        builder.wanted = wanted[wanted != victim]
        yield from plain(shard, builder)

    patch.setattr(FORMATS[format_], "read", read)


@pytest.fixture(params=CORPORA)
def looks(tmp_path: Path, request: pytest.FixtureRequest) -> Looks:
    """A corpus in each of these formats, of which one breaks off before its end."""
    CORPORA[request.param](tmp_path / request.param)
    looks = Looks(tmp_path / request.param)
    looks.first()
    return looks


@pytest.mark.parametrize("rows", [None, [3], [0, 3, 11]])
def test_what_a_later_look_forgets_is_said(
    looks: Looks, monkeypatch: pytest.MonkeyPatch, rows: list[int] | None
) -> None:
    """All that the first look delivered comes again; else nothing is written, and the shard has a fault."""
    assert looks.later(rows).rows == (
        len(rows) if rows else looks.workspace.read("artefacts/account")["scanned"][0].as_py()
    )
    assert looks.left
    for path in Path(str(looks.workspace.store)).glob("artefacts/look*"):
        path.unlink()
    _forget(monkeypatch, looks.shard.format, 3)
    with pytest.raises(UnreadableError) as raised:
        looks.later(rows)
    assert raised.value.reason == faults.CHANGED
    assert not looks.left
    if looks.shard.files:
        assert isinstance(raised.value, faults.FilesError)
        assert raised.value.files == [(3, faults.CHANGED)]
    else:
        assert "of the first" in str(raised.value)


def test_a_trial_is_about_survival_alone(looks: Looks, monkeypatch: pytest.MonkeyPatch) -> None:
    """A search for records that end workers tries rows that may be no documents."""
    _forget(monkeypatch, looks.shard.format, 3)
    looks.later([2, 3, 4], trial=True)
    assert not looks.left


@pytest.mark.parametrize("rows", [None, [0, 3, 11]])
def test_rows_that_are_held_are_not_missed(looks: Looks, rows: list[int] | None) -> None:
    """What is in quarantine is delivered by no look; its neighbours are."""
    account = looks.workspace.read("artefacts/account").to_pylist()[0]
    count = account["scanned"] + account["skipped"] + account["errored"]
    looks.shard = msgspec.structs.replace(looks.shard, held=io.Held(count, ((2, 4, "worker_died"),)))
    looks.first()
    assert looks.later(rows).rows == (2 if rows else count)
    assert looks.left


def test_a_sample_may_draw_what_was_no_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is drawn by number: as many may be missing as the first look could not read, and not one more."""
    lines = _lines()
    lines[2], lines[7] = b"no json", b'{"n": 1}'
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(lines))
    looks = Looks(tmp_path / "a.jsonl")
    looks.first()
    assert looks.later([1, 2, 3, 7], part=2).met == COUNT
    assert looks.left
    _forget(monkeypatch, "jsonl", 3)
    with pytest.raises(UnreadableError, match="1 of 4"):
        looks.later([1, 2, 3, 7], part=2)
    looks.later([1, 2, 4], part=2)


@pytest.mark.parametrize("rows", [None, [0, 5]])
def test_documents_in_pieces_are_documents(tmp_path: Path, rows: list[int] | None) -> None:
    """Texts above --max-document come as several, of one row."""
    records = [{"text": "words that go on " * 40 * (row % 3), "more": "b" * 300} for row in range(8)]
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(map(orjson.dumps, records)))
    looks = Looks(tmp_path / "a.jsonl", max_document=100)
    looks.first()
    looks.later(rows)
    assert looks.left


class Here(Local):
    """Does the tasks in this process; later looks at shards of a format forget a row."""

    forget: tuple[str, int] | None = None

    def run(self, tasks: list[Task]) -> Iterator[tuple[Task, Outcome | Lost] | None]:  # type: ignore[override]
        """Each task with its outcome."""
        for task in tasks:
            with pytest.MonkeyPatch.context() as patch:
                if Here.forget and isinstance(task, Map) and not task.account and Here.forget[0] == task.shard.format:
                    _forget(patch, *Here.forget)
                told = attempt(task, Workspace(self.root))
            yield task, Lost.by(told) if isinstance(told, TaskError) else told


@pytest.mark.parametrize(
    ("format_", "errors"),
    [("jsonl", {"a.jsonl": {"changed_while_read": 1}}), ("text", {"03.txt": {"changed_while_read": 1}})],
)
def test_a_scan_says_what_a_later_look_did_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format_: str, errors: dict[str, dict[str, int]]
) -> None:
    """The shard is errored, of many files the one; the next scan leaves the tables of an undisturbed one."""
    monkeypatch.setattr(audit, "Local", Here)
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    same = {"text": "The same words in many documents, which are looked at again for what they are. " * 4}
    records = [same if row in (1, 3, 4, 5, 8, 9) else record for row, record in enumerate(make_records(20))]
    for row, record in enumerate(records):
        (corpus / f"{row:02}.txt").write_text(str(record["text"]))
    (corpus / "a.jsonl").write_bytes(b"\n".join(map(orjson.dumps, records)))

    def scan(out: str) -> Any:
        settings = config.build({"seed": 1, "workers": 1, "detectors": ["near_duplicate"]}, "test")
        return audit.run([str(corpus)], tmp_path / out, settings, lambda _: None)

    monkeypatch.setattr(Here, "forget", None)
    calm = scan("calm")
    tables = table_bytes(calm.out)
    monkeypatch.setattr(Here, "forget", (format_, 3))
    report = scan("out")
    rows = report.coverage.collect().to_dicts()
    found = {row["file"]: told for row in rows if (told := json.loads(row["reasons"]).get("errored"))}
    assert (found, report.exit_code) == (errors, 3)
    monkeypatch.setattr(Here, "forget", None)
    again = scan("out")
    assert table_bytes(again.out) == tables
    assert again.exit_code == calm.exit_code != 3
