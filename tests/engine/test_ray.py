"""Ray as an engine: the same tables, the same answers when workers die, and nobody without the token is let in."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pyarrow as pa
import pytest
from corpora import make_records, table_bytes, write_jsonl

from corpusscan import audit, config, io, program
from corpusscan.config import Columns
from corpusscan.detectors.exact_duplicate import ExactDuplicate
from corpusscan.engine import ray
from corpusscan.engine.local import Lost
from corpusscan.engine.ray import Cluster
from corpusscan.engine.tasks import Digest, Job, Map, Outcome, Reading, Reduce
from corpusscan.errors import UsageError, WorkspaceError
from corpusscan.workspace import Workspace

pytestmark = pytest.mark.xdist_group("ray")  # one cluster on this machine at a time

DETECTORS = "exact_duplicate,near_duplicate"
PATIENCE = 60  # seconds


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight files, a shard each."""
    corpus = tmp_path_factory.mktemp("ray") / "corpus"
    for part in range(8):
        write_jsonl(corpus / f"{part}.jsonl", make_records(150, seed=part))
    return corpus


@pytest.fixture(scope="module")
def calm(corpus: Path) -> dict[str, bytes]:
    """The tables of the corpus, scanned by local processes."""
    settings = {"seed": 1, "workers": 1, "detectors": DETECTORS.split(",")}
    audit.run([str(corpus)], corpus.parent / "local", config.build(settings, "test"), lambda _: None)
    return table_bytes(corpus.parent / "local")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of two workers on this machine."""
    with Cluster(tmp_path_factory.mktemp("work"), 2, 2**31) as engine:
        yield engine


def _start(corpus: Path, out: Path, *more: str) -> subprocess.Popen[bytes]:
    line = [sys.executable, "-m", "corpusscan", "scan", str(corpus), "-o", str(out), "--detectors", DETECTORS]
    line += ["--seed", "1", "--quiet", "--workers", "2", "--fail-on", "medium", "--engine", "ray", *more]
    return subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=None)


def _answers(engine: Cluster, *tasks: object) -> list[Outcome | Lost]:
    return [item[1] for item in engine.run(tasks) if item is not None]  # type: ignore[arg-type]


def _shard(corpus: Path) -> io.Shard:
    return io.plan([str(corpus / "0.jsonl")], Columns(), None).shards[0]


@pytest.mark.ray
def test_ray_leaves_the_tables_of_local_processes(
    corpus: Path, calm: dict[str, bytes], cluster: Cluster, tmp_path: Path
) -> None:
    """A scan that comes to a cluster with its address and token: byte for byte what workers of this machine leave."""
    import ray as library

    address = library.get_runtime_context().gcs_address
    assert _start(corpus, tmp_path / "out", "--ray-address", address).wait(PATIENCE) == 1
    assert table_bytes(tmp_path / "out") == calm
    assert not list((tmp_path / "out/work/ray").iterdir())


@pytest.mark.ray
def test_nobody_without_the_token_is_let_in(cluster: Cluster, corpus: Path, tmp_path: Path) -> None:
    """Another token: the scan ends with code 2 and says where to look."""
    import ray as library

    address = library.get_runtime_context().gcs_address
    line = [sys.executable, "-m", "corpusscan", "scan", str(corpus), "-o", str(tmp_path / "out"), "--quiet"]
    done = subprocess.run(
        [*line, "--engine", "ray", "--ray-address", address, "--detectors", DETECTORS],
        env={**os.environ, "RAY_AUTH_TOKEN": "another" * 8}, capture_output=True, text=True, check=False,
        timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "docs/scale.md" in done.stderr


@pytest.mark.ray
def test_whatever_a_task_does_there_is_an_answer(cluster: Cluster, corpus: Path) -> None:
    """Done; raised: lost with its message; its worker dead twice: lost; a damaged artefact: the end."""
    workspace = Workspace(cluster.root)
    workspace.write("artefacts/other", pa.table({"row": [0], "partition": [0]}))  # what no map of it leaves
    wrong = Reduce(Job(ExactDuplicate(), 0, (), "job"), 0, 1, ((0, "artefacts/other"),))
    named, failed = _answers(cluster, Digest(_shard(corpus)))[0], _answers(cluster, wrong)[0]
    assert isinstance(named, Outcome)
    assert named.digest == io.digest(_shard(corpus))
    assert isinstance(failed, Lost)
    assert (failed.reason, "digest" in failed.detail) == ("task_failed", True)

    class Deadly(Digest):
        def __reduce__(self) -> tuple[object, ...]:
            return os._exit, (3,)

    dead = _answers(cluster, Deadly(_shard(corpus)))[0]
    assert isinstance(dead, Lost)
    assert dead.reason == "worker_died"
    (Path(cluster.root) / "artefacts/cut.parquet").write_bytes(b"PAR1")
    damaged = Reduce(Job(ExactDuplicate(), 0, (), "job"), 0, 1, ((0, "artefacts/cut"),))
    with pytest.raises(WorkspaceError, match=r"cut\.parquet: damaged .*delete"):
        _answers(cluster, damaged)


@pytest.mark.ray
def test_a_worker_that_holds_too_much_is_ended(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its task is lost for that reason, and the next worker begins afresh."""
    records = [line for part in range(40) for line in make_records(200, seed=part)]
    shard = _shard(write_jsonl(tmp_path / "0.jsonl", records).parent)
    reading = Reading(Columns(), 2**24, None, excerpts=True)
    task = Map(shard, reading, bytes(32), "artefacts/account", (Job(ExactDuplicate(), 0, (), "artefacts/x"),))
    monkeypatch.setattr(cluster, "memory_limit", 1)
    over = _answers(cluster, task)[0]
    assert isinstance(over, Lost)
    assert over.reason == "memory_limit"
    monkeypatch.setattr(cluster, "memory_limit", 2**31)
    assert isinstance(_answers(cluster, task)[0], Outcome)


# Processes of Ray end late after their driver: who has the time says so.
VICTIMS = ["worker", "driver"] if "CORPUSSCAN_TEST_FAULTS" in os.environ else ["worker"]


def _killed(processes: list[psutil.Process], victim: str) -> bool:
    """Kill the first of the processes whose name begins so; they may end at any moment, between two lines too."""
    for one in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            if one.name().startswith(victim):
                one.kill()
                return True
    return False


@pytest.mark.ray
@pytest.mark.parametrize("victim", VICTIMS)
def test_a_kill_leaves_the_same_bytes(corpus: Path, calm: dict[str, bytes], tmp_path: Path, victim: str) -> None:
    """SIGKILL to a worker of Ray, or to the scan, which is run again: the same tables, and no process stays behind."""
    scan = _start(corpus, tmp_path / "out")
    watched, end, struck = psutil.Process(scan.pid), time.monotonic() + PATIENCE, False
    while not struck and time.monotonic() < end:
        everybody = watched.children(recursive=True)
        struck = _killed(everybody, "ray::_do")
        time.sleep(0.01)
    assert struck, "no task was seen"
    if victim == "driver":
        watched.kill()
        scan.wait(PATIENCE)
        scan = _start(corpus, tmp_path / "out")
    assert scan.wait(PATIENCE) == 1
    _, alive = psutil.wait_procs(everybody, timeout=PATIENCE)
    assert not alive
    assert table_bytes(tmp_path / "out") == calm


def test_without_ray_the_remedy_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Ray is not installed, `--engine ray` says how it is."""
    monkeypatch.setattr(ray, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"pip install 'corpusscan\[ray\]'"):
        Cluster(tmp_path, 1, 2**30)


def test_the_driver_is_on_a_node_of_the_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `ray://` address is refused with what to do."""
    monkeypatch.setattr(ray, "find_spec", lambda _: object())
    with pytest.raises(UsageError, match="on a node of the cluster"):
        Cluster(tmp_path, 1, 2**30, address="ray://head:10001")


def test_a_node_must_see_the_workspace_and_run_the_same_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A canary that is not there, and one of another version, are told with the remedy; the right one is fine."""
    monkeypatch.setattr(ray, "_TICK", 0)
    assert "must lie on storage that all nodes share" in ray._amiss(str(tmp_path), "none")
    (tmp_path / "old").write_text("other")
    assert "another version" in ray._amiss(str(tmp_path), "old")
    (tmp_path / "mine").write_text(program.code())
    assert ray._amiss(str(tmp_path), "mine") == ""
