"""A workspace in a bucket: what a scan leaves there, who may write there, and what happens when it fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from corpora import TABLES, Run, make_records, write_jsonl
from imitation import Imitation, bucket

from corpusscan.engine import shuffle
from corpusscan.errors import UsageError, WorkspaceError
from corpusscan.workspace import Part, Workspace, leases, opened

pytestmark = [
    pytest.mark.remote,
    # Of the imitation, and of what it and the driver stand on.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
OUT = "s3://bucket/report"
FAST = ("--detectors", "rules,exact_duplicate", "--seed", "1", "--quiet")


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Imitation]:
    """An empty bucket, and leases that are short."""
    monkeypatch.setattr(leases, "RENEWED", 0.2)
    monkeypatch.setattr(leases, "DEAD", 1.5)
    monkeypatch.setattr(leases, "TICK", 0.1)
    with bucket(monkeypatch, {}) as imitation:
        yield imitation


def fetched(name: str) -> bytes:
    """A file of the report."""
    import boto3

    return bytes(boto3.client("s3").get_object(Bucket="bucket", Key=f"report/{name}")["Body"].read())


def test_a_report_in_a_bucket_is_that_of_a_folder(s3: Imitation, command: Run, called: Run, tmp_path: Path) -> None:
    """All tables byte for byte, page and summary; a second run does nothing again; `report` rebuilds it there."""
    write_jsonl(tmp_path / "corpus/a.jsonl", make_records(400))
    write_jsonl(tmp_path / "corpus/b.jsonl", make_records(300, seed=8))
    there = command("scan", tmp_path / "corpus", "-o", OUT, *FAST)
    here = called("scan", tmp_path / "corpus", "-o", "here", *FAST)
    assert (there.returncode, there.stderr) == (here.returncode, here.stderr)
    for name in TABLES:
        assert fetched(f"{name}.parquet") == (tmp_path / "here" / f"{name}.parquet").read_bytes(), name
    assert b"<html" in fetched("report.html")
    before = len([path for method, path in s3.asked if method == "PUT" and "/artefacts/" in path])
    assert before
    assert command("scan", tmp_path / "corpus", "-o", OUT, *FAST).returncode == here.returncode
    assert len([path for method, path in s3.asked if method == "PUT" and "/artefacts/" in path]) == before
    assert called("report", OUT, "--json").returncode == 0
    assert not Workspace(f"{OUT}/work").store.names("held")


def test_parts_share_a_bucket(s3: Imitation, command: Run, called: Run, tmp_path: Path) -> None:
    """An array of two parts and a scan that concludes leave the tables of one scan."""
    for name in "abc":
        write_jsonl(tmp_path / f"corpus/{name}.jsonl", make_records(200, seed=ord(name)))
    here = called("scan", tmp_path / "corpus", "-o", "here", *FAST)
    for part in "01":
        ran = command("scan", tmp_path / "corpus", "-o", OUT, *FAST, "--shard-index", part, "--shard-count", "2")
        assert ran.returncode == 0, ran.stderr
    assert command("scan", tmp_path / "corpus", "-o", OUT, *FAST).returncode == here.returncode
    for name in TABLES:
        assert fetched(f"{name}.parquet") == (tmp_path / "here" / f"{name}.parquet").read_bytes(), name


@pytest.mark.ray
@pytest.mark.xdist_group("ray")
def test_ray_workers_share_a_bucket(s3: Imitation, command: Run, called: Run, tmp_path: Path) -> None:
    """The tables of a scan with one worker and a folder, byte for byte."""
    for name in "ab":
        write_jsonl(tmp_path / f"corpus/{name}.jsonl", make_records(200, seed=ord(name)))
    here = called("scan", tmp_path / "corpus", "-o", "here", *FAST)
    ran = command("scan", tmp_path / "corpus", "-o", OUT, *FAST, "--engine", "ray", "--workers", "2")
    assert (ran.returncode, ran.stderr) == (here.returncode, here.stderr)
    for name in TABLES:
        assert fetched(f"{name}.parquet") == (tmp_path / "here" / f"{name}.parquet").read_bytes(), name


def test_out_inside_the_input_is_no_data(s3: Imitation, command: Run) -> None:
    """A report below the address that is scanned is not scanned with it."""
    import boto3

    boto3.client("s3").put_object(Bucket="bucket", Key="a.jsonl", Body=b'{"text": "a text"}\n')
    for _ in range(2):
        assert command("scan", "s3://bucket", "-o", OUT, *FAST).returncode == 0
    assert pl.read_parquet(fetched("coverage.parquet"))["file"].to_list() == ["a.jsonl"]


def test_one_scan_at_a_time(s3: Imitation) -> None:
    """While one holds a bucket another is refused, whole or part; parts of one count go together; then it is free."""
    with (
        opened(OUT, ["a"], overwrite=False),
        pytest.raises(WorkspaceError, match="another scan writes there"),
        opened(OUT, ["a"], overwrite=False),
    ):
        pass
    with opened(OUT, ["a"], overwrite=False, part=Part(0, 2)), opened(OUT, ["a"], overwrite=False, part=Part(1, 2)):
        for part, told in ((Part(1, 2), "running already"), (Part(0, 3), "another --shard-count"), (None, "parts")):
            with pytest.raises(WorkspaceError, match=told), opened(OUT, ["a"], overwrite=False, part=part):
                pass
    with pytest.raises(WorkspaceError, match="holds the scan of"), opened(OUT, ["b"], overwrite=False):
        pass


def test_of_many_that_come_together_one_at_most_gets_in(s3: Imitation) -> None:
    """Whatever the order of what they write and see."""
    inside, most, lock = [0], [0], threading.Lock()

    def come() -> None:
        try:
            with opened(OUT, ["a"], overwrite=False):
                with lock:
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                time.sleep(0.5)
                with lock:
                    inside[0] -= 1
        except WorkspaceError:
            pass

    threads = [threading.Thread(target=come) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[0] <= 1


def test_a_killed_scan_leaves_a_lease_that_ends(s3: Imitation, tmp_path: Path) -> None:
    """Nobody gives a sign of life: the next one waits for a while, then goes on."""
    code = f"from corpusscan.workspace import opened\nimport time\nwith opened({OUT!r}, ['a'], overwrite=False):\n"
    code += "    print('in', flush=True)\n    time.sleep(60)"
    other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=os.environ)
    assert other.stdout
    assert other.stdout.readline() == b"in\n"
    other.send_signal(signal.SIGKILL)
    other.wait()
    with opened(OUT, ["a"], overwrite=False) as workspace:
        assert len([name for name in workspace.store.names("held") if name.endswith(".claim")]) == 1


def test_one_taken_for_dead_publishes_nothing(s3: Imitation) -> None:
    """A scan whose claim another has cleared away ends with a word, before results of two are mixed."""
    with opened(OUT, ["a"], overwrite=False) as workspace:
        [claim] = [name for name in workspace.store.names("held") if name.endswith(".claim")]
        workspace.store.remove(f"held/{claim}")
        with pytest.raises(WorkspaceError, match="took over"):
            workspace.publish(())


def test_the_first_key_stays(s3: Imitation) -> None:
    """Of several processes that draw a run key all have the one that was first."""
    keys = {Workspace(f"{OUT}/work").key(None) for _ in range(3)}
    Workspace(f"{OUT}/work").store.keep_first("key", b"x" * 32)
    assert {Workspace(f"{OUT}/work").key(None)} == keys


def test_parts_of_large_artefacts_are_read(s3: Imitation) -> None:
    """Numbers and rows of a partition come back from a bucket as they were laid, also of more than is read at once."""
    import numpy as np

    draw = np.random.default_rng(1)
    values = draw.integers(0, 1 << 64, 600_000, np.uint64, endpoint=False)
    lists = pa.ListArray.from_arrays(pa.array(np.arange(0, 600_001, 10, np.int32)), pa.array(values))
    table = pa.table({"row": np.arange(60_000, dtype=np.uint64), "partition": lists})
    workspace = Workspace(f"{OUT}/work")
    shuffle.lay(workspace, "artefacts/aa/a", table)
    low, high = 5 << 28, 6 << 28
    part = shuffle.part(workspace, "artefacts/aa/a", low, high)
    assert sorted(part["partition"].to_pylist()) == sorted(v for v in values.tolist() if low <= v >> 32 < high)
    assert workspace.rows("artefacts/aa/a") == 60_000
    assert workspace.listed("artefacts") == {"artefacts/aa/a"}


@pytest.mark.parametrize(
    ("out", "told"),
    [
        ("https://a.example/x", "nothing can be written there"),
        ("hf://datasets/a/b", "nothing can be written there"),
        ("simplecache::s3://bucket/x", "nothing can be written there"),
        ("file:///tmp/x", "give it as a path"),
        ("nosuch://a/b", "no driver|cannot be opened"),
    ],
)
def test_an_address_that_cannot_be_is_refused(out: str, told: str) -> None:
    """Before anything is read, with what to give instead."""
    with pytest.raises(UsageError, match=told), opened(out, ["a"], overwrite=False):
        pass


def test_a_bucket_that_is_not_there_is_said(s3: Imitation, command: Run, tmp_path: Path) -> None:
    """One line, exit code 2."""
    write_jsonl(tmp_path / "a.jsonl", make_records(20))
    ran = command("scan", tmp_path / "a.jsonl", "-o", "s3://nobucket/x", *FAST)
    assert ran.returncode == 2
    assert "s3://nobucket/x" in ran.stderr
    assert "Traceback" not in ran.stderr
