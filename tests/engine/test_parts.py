"""Parts of a scan (`--shard-index`): in any order, several at once, killed, run again: what one scan would leave."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar, Self

import pytest
import zstandard
from corpora import Run, make_records, table_bytes, write_jsonl

from corpusscan import audit, config
from corpusscan.engine.local import Lost
from corpusscan.engine.tasks import Digest, Map, Outcome, Reduce, Task, execute
from corpusscan.errors import PartDone, UsageError, WorkspaceError
from corpusscan.io import planning
from corpusscan.workspace import Part, Workspace, opened

DETECTORS = ("exact_duplicate", "rules")


class Here:
    """An engine that does the tasks in this process, counts them, and loses those of one shard."""

    done: ClassVar[Counter[type]] = Counter()
    lost: ClassVar[str] = ""

    def __init__(self, root: Path, *_: object) -> None:
        self.workspace = Workspace(root)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def run(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Outcome | Lost] | None]:
        for task in tasks:
            self.done[type(task)] += 1
            if isinstance(task, Map) and self.lost and task.shard.file == self.lost:
                yield task, Lost("memory_limit", "of this test")
            else:
                yield task, execute(task, self.workspace)


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scans of this process do their tasks in it, and cut small shards."""
    monkeypatch.setattr(audit, "Local", Here)
    monkeypatch.setattr(planning, "_SHARD", 16 * 1024)
    monkeypatch.setattr(Here, "done", Counter())


def _scan(corpus: Path, out: Path, **options: object) -> dict[str, bytes]:
    settings = config.build({"seed": 1, "detectors": DETECTORS, **options}, "test")
    audit.run([str(corpus)], out, settings, lambda _: None)
    return table_bytes(out)


def _part(corpus: Path, out: Path, index: int, count: int = 3, **options: object) -> str:
    """What a part says at its end."""
    with pytest.raises(PartDone) as ended:
        _scan(corpus, out, shard_index=index, shard_count=count, **options)
    assert ended.value.exit_code == 0
    return str(ended.value)


def _array(corpus: Path, out: Path, count: int = 3, **options: object) -> None:
    """Run all parts, in a random order each time, until all say that all is done."""
    draw = random.Random(3)
    for _ in range(12):
        order = draw.sample(range(count), count)
        told = [_part(corpus, out, index, count, **options) for index in order]
        if all("all steps are done" in one for one in told):
            return
    pytest.fail("the parts do not come to an end")


def test_seven_parts_are_one_scan(corpus: Path, tmp_path: Path) -> None:
    """Started in any order until nothing is left, then concluded: the tables of one scan, and no task done twice."""
    several = (*DETECTORS, "near_duplicate", "repeated_passage")
    whole = _scan(corpus, tmp_path / "whole", detectors=several)
    once = dict(Here.done)
    assert once[Digest] > 7
    assert once[Reduce] > 3
    Here.done.clear()
    _array(corpus, tmp_path / "out", 7, detectors=several)
    assert not list((tmp_path / "out").glob("*.parquet")), "a part leaves no report"
    assert dict(Here.done) == once
    assert _scan(corpus, tmp_path / "out", detectors=several) == whole
    assert dict(Here.done) == once, "what is left for the last is to conclude"


def test_the_last_scan_does_what_parts_left(corpus: Path, tmp_path: Path) -> None:
    """A few parts, once, and of another number too; the scan of all takes over from where they got."""
    whole = _scan(corpus, tmp_path / "whole")
    once = Counter(Here.done)
    Here.done.clear()
    for index, count in ((2, 7), (6, 7), (0, 2)):
        assert "its share of scanning is done" in _part(corpus, tmp_path / "out", index, count)
    assert _scan(corpus, tmp_path / "out") == whole
    assert Here.done == once


def test_a_sample_is_drawn_when_all_shards_are_named(corpus: Path, tmp_path: Path) -> None:
    """With `--sample` a part waits with reading until every shard has a digest; the shards are those of one scan."""
    whole = _scan(corpus, tmp_path / "whole", sample=0.5)
    assert "its share of fingerprinting is done" in _part(corpus, tmp_path / "out", 2, sample=0.5)
    _array(corpus, tmp_path / "out", sample=0.5)
    assert _scan(corpus, tmp_path / "out", sample=0.5) == whole


def test_a_large_compressed_file_is_cut_by_one_part(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others stop until it is cut, then all read its pieces; the tables are those of one scan."""
    folder = tmp_path / "packed"
    folder.mkdir()
    lines = b"".join(path.read_bytes() for path in sorted(corpus.rglob("*.jsonl")))
    (folder / "all.jsonl.zst").write_bytes(zstandard.compress(lines))
    monkeypatch.setattr(planning, "_WHOLE", 1_000)
    whole = _scan(folder, tmp_path / "whole")
    assert "its share of unpacking is done (0 tasks now), 1 tasks" in _part(folder, tmp_path / "out", 2)
    assert "its share of scanning is done" in _part(folder, tmp_path / "out", 0)
    _array(folder, tmp_path / "out")
    assert _scan(folder, tmp_path / "out") == whole


def test_what_a_part_lost_holds_up_nobody(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others go on without it and with its reason, as one scan would; it is tried again, and may succeed."""
    good = _scan(corpus, tmp_path / "good")
    monkeypatch.setattr(Here, "lost", "part1.jsonl")
    whole = _scan(corpus, tmp_path / "whole")
    _array(corpus, tmp_path / "out")
    assert whole != good
    assert _scan(corpus, tmp_path / "out") == whole
    monkeypatch.setattr(Here, "lost", "")
    _array(corpus, tmp_path / "out")
    assert _scan(corpus, tmp_path / "out") == good


def _start(corpus: Path, out: Path, *more: str) -> subprocess.Popen[str]:
    code = (
        "import sys; from corpusscan import cli; from corpusscan.io import planning\n"
        "planning._SHARD = 16384; sys.argv[0] = 'corpusscan'; cli.main()"
    )
    options = ["-o", str(out), "--detectors", "exact_duplicate", "--workers", "1", "--quiet"]
    line = [sys.executable, "-c", code, "scan", str(corpus), *options, *more]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_parts_that_run_at_once_and_one_that_is_killed(tmp_path: Path) -> None:
    """Two processes begin together and draw one key; one dies; all are run again; a scan concludes as one alone."""
    corpus, out = tmp_path / "corpus", tmp_path / "out"
    for part in range(6):
        write_jsonl(corpus / f"{part}.jsonl", make_records(150, seed=part))
    numbers = [("--shard-index", str(index), "--shard-count", "2") for index in range(2)]
    first = [_start(corpus, out, *number) for number in numbers]
    while not list(out.glob("work/artefacts/*/*.parquet")):
        assert any(one.poll() is None for one in first)
        time.sleep(0.02)
    first[1].kill()
    for one in first:
        one.communicate()
    key = (out / "work/key").read_bytes()
    for one in [_start(corpus, out, *number) for number in numbers]:
        _, told = one.communicate()
        assert one.returncode == 0, told
        assert "corpusscan: part " in told
    tables = _scan(corpus, out, seed=None, detectors=("exact_duplicate",))
    assert (out / "work/key").read_bytes() == key
    alone = tmp_path / "alone"
    (alone / "work").mkdir(parents=True)
    (alone / "work/key").write_bytes(key)
    assert _scan(corpus, alone, seed=None, detectors=("exact_duplicate",)) == tables


@pytest.mark.parametrize("links", [True, False])
def test_the_key_is_drawn_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool) -> None:
    """Of many who draw at the same moment one is first and all have its key, also where files cannot be linked."""

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    if not links:
        monkeypatch.setattr(os, "link", refuse)
    together, keys = threading.Barrier(8), []

    def draw() -> None:
        together.wait()
        keys.append(Workspace(tmp_path).key(None))

    threads = [threading.Thread(target=draw) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len(set(keys)) == 1
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def _open(stack: ExitStack, out: Path, part: Part | None = None) -> None:
    stack.enter_context(opened(out, ["corpus"], overwrite=False, part=part))


def test_parts_share_a_workspace_and_a_scan_of_all_does_not(tmp_path: Path) -> None:
    """Parts of one number run at once; the same part twice, parts of another number, a scan of all are refused."""
    with ExitStack() as stack:
        _open(stack, tmp_path, Part(0, 3))
        _open(stack, tmp_path, Part(2, 3))
        with pytest.raises(WorkspaceError, match=r"part 2 of 3 .* is running already"):
            _open(stack, tmp_path, Part(2, 3))
        with pytest.raises(WorkspaceError, match=r"another --shard-count are running \(0 of 3, 2 of 3\)"):
            _open(stack, tmp_path, Part(1, 4))
        with pytest.raises(WorkspaceError, match=r"parts of a scan are running there \(0 of 3, 2 of 3\)"):
            _open(stack, tmp_path)
    with ExitStack() as stack:
        _open(stack, tmp_path)
        for part in (Part(1, 3), None):
            with pytest.raises(WorkspaceError, match="another scan writes there"):
                _open(stack, tmp_path, part)
    with ExitStack() as stack:
        _open(stack, tmp_path, Part(1, 4))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"shard_index": 0}, "--shard-count with it"),
        ({"shard_count": 4}, "--shard-index with it"),
        ({"shard_index": 4, "shard_count": 4}, "a number from 0 to 3"),
        ({"shard_index": -1, "shard_count": 4}, "a number from 0 to 3"),
        ({"shard_index": 0, "shard_count": 0}, "1 or more"),
        ({"shard_index": 0, "shard_count": 2, "index": "seen"}, "scan without parts"),
        ({"engine": "spark"}, "one of local, ray"),
        ({"ray_address": "auto"}, "--engine ray with it"),
    ],
)
def test_flags_that_cannot_be_meant(options: dict[str, object], told: str) -> None:
    """Each is refused with what to give instead."""
    with pytest.raises(UsageError, match=told):
        config.build(options, "test")


def test_a_part_says_what_is_done_and_what_to_do(corpus: Path, command: Run) -> None:
    """Exit code 0, nothing on stdout, one line on stderr."""
    done = command("scan", corpus, "-o", "out", "--shard-index", "1", "--shard-count", "2", "--detectors", "rules")
    assert (done.returncode, done.stdout) == (0, "")
    assert "part 1 of 2 (counted from 0): its share of scanning is done" in done.stderr
    assert "without --shard-index" in done.stderr
