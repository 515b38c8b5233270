"""Same input, options and key: the result tables are identical byte for byte, however the work was done."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import orjson
import psutil
import pytest
import zstandard
from corpora import Run, make_records, table_bytes, write_jsonl
from here import Here

from corpusscan import audit, config, io
from corpusscan.engine import many
from corpusscan.engine.local import Lost
from corpusscan.engine.tasks import Outcome, Task

KILLS = int(os.environ.get("CORPUSSCAN_TEST_KILLS", "2"))
# Together these have every stage that a kill can meet: groups over many documents, and looks at suspects alone.
SOME = "exact_duplicate,near_duplicate,repeated_passage,trigger_mining"


@pytest.fixture
def many_shards(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The corpus, cut into shards of about 40 KiB by this process."""
    monkeypatch.setattr(io.planning, "_SHARD", 40 * 1024)
    return corpus


def _audit(corpus: Path, out: Path, **options: object) -> dict[str, bytes]:
    audit.run([str(corpus)], out, config.build({"seed": 1, "workers": 1, **options}, "test"), lambda _: None)
    return table_bytes(out)


def _but_coverage(tables: dict[str, bytes]) -> dict[str, bytes]:
    """The tables in which the cut of the files into shards must not show."""
    return {name: data for name, data in tables.items() if name != "coverage"}


@pytest.mark.usefixtures("here")
def test_cut_and_order_of_the_shards_show_in_coverage_only(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Smaller shards, worked off from last to first, give the same findings, documents, groups and members."""
    whole = _audit(corpus, tmp_path / "a")

    class Reversed(Here):
        def run(self, tasks: Sequence[Task]) -> Iterable[tuple[Task, Outcome | Lost] | None]:  # type: ignore[override]
            return super().run(list(reversed(tasks)))

    monkeypatch.setattr(audit, "Local", Reversed)
    monkeypatch.setattr(io.planning, "_SHARD", 16 * 1024)
    assert _but_coverage(_audit(corpus, tmp_path / "b")) == _but_coverage(whole)


@pytest.mark.usefixtures("here")
def test_many_shards_told_together_are_the_same(
    many_shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What very many shards left is read in groups, and folders are listed: it does not show, nor does a rerun."""
    some = {"detectors": ("exact_duplicate", "near_duplicate", "repeated_passage")}
    alone = _audit(many_shards, tmp_path / "a", **some)
    monkeypatch.setattr(many, "GROUP", 2)
    assert _audit(many_shards, tmp_path / "b", **some) == alone
    for folder in ("accounts", "sources", "sizes"):
        assert len(list((tmp_path / "b/work" / folder).iterdir())) > 2
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "b/work").rglob("*.parquet")}
    assert _audit(many_shards, tmp_path / "b", **some) == alone
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "b/work").rglob("*.parquet")} == stamps


def test_workers_and_the_hash_seed_of_python_do_not_show(corpus: Path, tmp_path: Path, command: Run) -> None:
    """One worker with PYTHONHASHSEED 0, two with 1: the same tables."""
    for workers, seed in (("1", "0"), ("2", "1")):
        done = command(
            "scan", corpus, "-o", tmp_path / seed, "--seed", "1", "--workers", workers, "--quiet",
            "--fail-on", "medium", PYTHONHASHSEED=seed,
        )  # fmt: skip
        assert done.returncode == 1, done.stderr
    assert table_bytes(tmp_path / "0") == table_bytes(tmp_path / "1")


@pytest.mark.usefixtures("here")
def test_a_rerun_does_nothing_again(corpus: Path, tmp_path: Path) -> None:
    """A second scan of the same corpus writes no artefact and leaves the same tables."""
    first = _audit(corpus, tmp_path / "out")
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "out/work/artefacts").rglob("*.parquet")}
    assert _audit(corpus, tmp_path / "out") == first
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out/work/artefacts").rglob("*.parquet")} == stamps


@pytest.mark.usefixtures("here")
def test_changing_one_detector_redoes_only_that_one(corpus: Path, tmp_path: Path) -> None:
    """Another rule pack makes new artefacts for `rules`; those of the other detectors stay."""
    _audit(corpus, tmp_path / "out")
    before = set((tmp_path / "out/work/artefacts").rglob("*.parquet"))
    pack = tmp_path / "pack"
    pack.mkdir()
    (pack / "pack.yml").write_text("title: Mine\ndescription: Mine\n")
    (pack / "river.yml").write_text(
        "id: river\ntitle: A river\nseverity: low\nattack: availability\nstatus: test\nreferences: [https://example.org]\n"
        "false_positives: [rivers]\nmatch:\n  any:\n    - phrase: The river\n"
        "tests:\n  match: [The river ran, The river is]\n  no_match: [a brook, the sea]\n"
    )
    _audit(corpus, tmp_path / "out", rules=(str(pack),))
    new = set((tmp_path / "out/work/artefacts").rglob("*.parquet")) - before
    assert len(new) == 2 * 3  # hits and cards, for three shards


def _start(corpus: Path, out: Path) -> subprocess.Popen[bytes]:
    line = [
        sys.executable,
        "-m",
        "corpusscan",
        "scan",
        str(corpus),
        "-o",
        str(out),
        "--seed",
        "1",
        "--quiet",
        "--workers",
        "2",
        "--fail-on",
        "medium",
        "--detectors",
        SOME,
    ]
    return subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Calm(NamedTuple):
    """A corpus that was scanned undisturbed, and how long that took."""

    corpus: Path
    tables: dict[str, bytes]
    seconds: float


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Calm:
    """Eight files, a shard each."""
    corpus = tmp_path_factory.mktemp("calm") / "corpus"
    for part in range(8):
        write_jsonl(corpus / f"{part}.jsonl", make_records(150, seed=part))
    started = time.monotonic()
    assert _start(corpus, corpus.parent / "out").wait() == 1
    return Calm(corpus, table_bytes(corpus.parent / "out"), time.monotonic() - started)


@pytest.mark.parametrize("number", range(KILLS))
@pytest.mark.parametrize("victim", ["parent", "worker"])
def test_a_kill_at_any_moment_leaves_the_same_bytes(calm: Calm, tmp_path: Path, victim: str, number: int) -> None:
    """SIGKILL to the scan, or to one of its workers, then the same command: the tables of an undisturbed run."""
    draw, corpus = random.Random(f"{victim}{number}"), calm.corpus
    scan = _start(corpus, tmp_path / "out")
    time.sleep(draw.uniform(0.2, calm.seconds))
    children = psutil.Process(scan.pid).children() if scan.poll() is None else []
    prey = scan.pid if victim == "parent" or not children else draw.choice(children).pid
    with contextlib.suppress(ProcessLookupError):
        os.kill(prey, signal.SIGKILL)
    scan.wait()
    _, alive = psutil.wait_procs(children, timeout=5)
    assert not alive, "no worker outlives its scan"
    assert _start(corpus, tmp_path / "out").wait() == 1
    assert table_bytes(tmp_path / "out") == calm.tables


@pytest.fixture
def packed(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The corpus as one compressed file that is cut into many pieces."""
    folder = tmp_path / "packed"
    folder.mkdir()
    lines = b"".join(path.read_bytes() for path in sorted(corpus.rglob("*.jsonl")))
    (folder / "all.jsonl.zst").write_bytes(zstandard.compress(lines))
    monkeypatch.setattr(io.planning, "_SHARD", 40 * 1024)
    return folder


@pytest.mark.usefixtures("here")
def test_a_compressed_file_in_pieces_is_the_same_corpus(
    packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut or whole: the same findings with the same rows, every byte accounted for, and no piece is left."""
    whole = _audit(packed, tmp_path / "whole")
    monkeypatch.setattr(io.planning, "_WHOLE", 1_000)
    cut = _audit(packed, tmp_path / "cut")
    assert _but_coverage(cut) == _but_coverage(whole)
    summary = orjson.loads((tmp_path / "cut/summary.json").read_bytes())
    assert summary["coverage"]["shards"] > 3
    assert summary["coverage"]["files_incomplete"] == 0
    assert not list((tmp_path / "cut/work/pieces").rglob("*.zst"))


@pytest.mark.usefixtures("here")
def test_pieces_come_back_where_they_are_needed(packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rerun reads nothing; where artefacts are gone, the file is cut once more, to the same tables."""
    monkeypatch.setattr(io.planning, "_WHOLE", 1_000)
    first = _audit(packed, tmp_path / "out")
    assert _audit(packed, tmp_path / "out") == first
    for artefact in (tmp_path / "out/work/artefacts").rglob("*[!s].parquet"):  # their cards are written anew
        artefact.unlink()
    assert _audit(packed, tmp_path / "out") == first


def test_a_kill_while_pieces_are_cut_leaves_the_same_bytes(tmp_path: Path) -> None:
    """A scan that ends with its file cut in part is gone on with: the file is cut again."""
    corpus, out = tmp_path / "corpus", tmp_path / "out"
    corpus.mkdir()
    records = [line for part in range(20) for line in make_records(100, seed=part)]
    lines = write_jsonl(tmp_path / "a.jsonl", records).read_bytes()
    (corpus / "a.jsonl.zst").write_bytes(zstandard.compress(lines))
    code = (
        "import sys; from corpusscan import io, scan; io.planning._WHOLE, io.planning._SHARD = 1000, 16384\n"
        "scan(sys.argv[1], sys.argv[2], seed=1, workers=1, detectors=('exact_duplicate', 'near_duplicate'))"
    )
    line = [sys.executable, "-c", code, str(corpus)]
    subprocess.run([*line, str(tmp_path / "calm")], check=True)
    in_part = 0
    for pieces in (1, 3, 9):
        begun = time.time()
        scan = subprocess.Popen([*line, str(out)])
        while scan.poll() is None and len(_newer(out / "work/pieces", begun)) < pieces:
            time.sleep(0.002)
        scan.kill()
        scan.wait()
        in_part += not list((out / "work/pieces").glob("*.json"))
    assert in_part, "no kill came before all was cut"
    subprocess.run([*line, str(out)], check=True)
    assert table_bytes(out) == table_bytes(tmp_path / "calm")


def _newer(folder: Path, moment: float) -> list[Path]:
    """Pieces that were written since then; none where they are being removed."""
    with contextlib.suppress(FileNotFoundError):
        return [path for path in folder.rglob("*.zst") if path.stat().st_mtime > moment]
    return []
