"""A round over a sample sees a secret part of the records, the same whenever it looks."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pytest
from corpora import make_records, write_jsonl

from corpusscan import detectors, io
from corpusscan.config import Columns
from corpusscan.detector import Batch, Context, Detector, Round, State
from corpusscan.engine import wave
from corpusscan.engine.local import Lost
from corpusscan.engine.rounds import Rounds
from corpusscan.engine.tasks import Outcome, Reading, Task, execute, in_sample, sampled
from corpusscan.io import planning
from corpusscan.workspace import Workspace, opened

COUNT, SHARDS = 600, 3
KEYS = (bytes(range(32)), bytes(range(1, 33)))


@dataclass(frozen=True)
class Look(Round):
    """Remembers which records it saw."""

    kind: str
    before: str | None = None

    @property
    def over(self) -> Any:  # type: ignore[override]
        """As it is told."""
        return self.kind

    def map(self, batch: Batch, state: State) -> pa.Table:
        """The rows, with the first letters of their texts."""
        texts = dict(zip(batch.texts["row"].to_pylist(), batch.texts["text"].to_pylist(), strict=True))
        said = [texts[row][:20] for row in batch.documents["row"].to_pylist()]
        none = pa.array(np.zeros(len(said), np.uint32))
        return pa.table({"row": batch.documents["row"], "said": said, "partition": none})

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """What was seen, beside what was seen before."""
        seen = {name: table for name, table in context.state.items() if name.startswith("seen")}
        return {**seen, f"seen{len(seen)}": reduced}


@dataclass(frozen=True)
class Watch(Detector):
    """Looks at a sample, at all, and at a sample again."""

    name: ClassVar[str] = "exact_duplicate"  # of a module, which keys are made of
    kinds: tuple[str, ...] = ("sample", "all", "sample")

    @property
    def rounds(self) -> tuple[Round, ...]:
        """One for each kind."""
        return tuple(Look(kind) for kind in self.kinds)


@dataclass(frozen=True)
class Hear(Look):
    """Names one record, and tells of how many documents it heard."""

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """The number where texts stand, so that `seen` reads it."""
        if self.kind == "all":
            return {"named": pa.table({"shard": pa.array([1], pa.uint32()), "row": pa.array([0], pa.uint64())})}
        return {"seen0": pa.table({"shard": [0], "row": [0], "said": [str(context.documents)]})}


@dataclass(frozen=True)
class Ask(Watch):
    """Looks at all, then at one record."""

    @property
    def rounds(self) -> tuple[Round, ...]:
        """Both."""
        return (Hear("all"), Hear("members"))


class Here:
    """Runs tasks in this process."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def run(self, tasks: Iterable[Task]) -> Iterable[tuple[Task, Outcome | Lost] | None]:
        """Each with its outcome."""
        for task in tasks:
            yield task, execute(task, self.workspace)


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """A corpus in three files of equal length."""
    records = make_records(COUNT)
    parts = [records[n::SHARDS] for n in range(SHARDS)]
    return [str(write_jsonl(tmp_path / f"{n}.jsonl", part)) for n, part in enumerate(parts)]


def seen(
    files: list[str], out: Path, key: bytes = KEYS[0], watch: Detector | None = None
) -> list[set[tuple[int, int, str]]]:
    """What each round saw: shard, row, text."""
    with opened(out, files, overwrite=True) as workspace:
        plan = io.plan(files, Columns(), out)
        work = Rounds(Here(workspace), workspace, Reading(Columns(), 2**24, None, True), key, lambda _: None)
        collected = work.fingerprint(plan.shards, 1.0)
        work.audit(collected, [watch or Watch()])
        assert not collected.failed
        assert not collected.lost
        found = collected.concluded["exact_duplicate"]
    told = [found[f"seen{n}"] for n in range(len(found))]
    return [set(zip(*(one[name].to_pylist() for name in ("shard", "row", "said")), strict=True)) for one in told]


def test_a_small_corpus_is_seen_whole(files: list[str], tmp_path: Path) -> None:
    """Nothing is left to chance where all can be looked at."""
    first, every, second = seen(files, tmp_path / "out")
    assert first == every == second
    assert len(every) == COUNT


def test_who_looks_at_one_record_hears_of_all(files: list[str], tmp_path: Path) -> None:
    """A conclusion knows how many documents the corpus has, also behind a look at records of one shard."""
    assert seen(files, tmp_path / "out", watch=Ask()) == [{(0, 0, str(COUNT))}]


def test_a_small_corpus_has_shards_for_several_workers() -> None:
    """An eighth each, no less than 4 MiB, no more than 32; one that grows a little is cut where it was."""
    sizes = [planning._shard(total * 2**20) // 2**20 for total in (1, 27, 35, 70, 100, 300, 10_000)]
    assert sizes == [4, 4, 4, 8, 8, 32, 32]


def test_a_file_that_breaks_off_is_in_the_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows how many records it has; of those that were met as many are seen again as of any other."""
    whole = write_jsonl(tmp_path / "whole.jsonl", make_records(COUNT)).read_bytes()
    cut = tmp_path / "a.jsonl.gz"
    cut.write_bytes(gzip.compress(whole, mtime=0)[:-200])
    monkeypatch.setattr(wave, "SAMPLE", 2 * cut.stat().st_size)  # one in two: packed bytes count three times
    first, every, second = seen([str(cut)], tmp_path / "out")
    assert first == second
    assert 0 < len(first) < len(every) < COUNT


@pytest.mark.parametrize("part", [2, 4, 8])
def test_one_record_in_so_many_is_seen(
    files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    """Of every shard about as many, the same ones while all is read and alone, each with its own text."""
    size = sum(Path(file).stat().st_size for file in files)
    monkeypatch.setattr(wave, "SAMPLE", size // part + 1 if part > 2 else size // 2 + size // 4)
    first, every, second = seen(files, tmp_path / "out")
    assert len(every) == COUNT
    assert first == second
    assert first < every
    for shard in range(SHARDS):
        count = sum(one[0] == shard for one in first)
        wanted = COUNT / SHARDS / part
        assert abs(count - wanted) < 5 * wanted**0.5


def test_another_key_samples_others(files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who does not know the key cannot tell which."""
    monkeypatch.setattr(wave, "SAMPLE", sum(Path(file).stat().st_size for file in files) // 4 + 1)
    mine, others = (seen(files, tmp_path / str(n), key)[0] for n, key in enumerate(KEYS))
    assert 0 < len(mine & others) < min(len(mine), len(others)) / 2
    assert mine == seen(files, tmp_path / "again", KEYS[0])[0]


def test_shards_of_equal_bytes_are_sampled_alike_others_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is chosen depends on the bytes of the shard, not on its name or place."""
    records = make_records(400)
    files = [str(write_jsonl(tmp_path / f"{n}.jsonl", records[:200])) for n in range(2)]
    files.append(str(write_jsonl(tmp_path / "other.jsonl", records[200:])))
    monkeypatch.setattr(wave, "SAMPLE", sum(Path(file).stat().st_size for file in files) // 4 + 1)
    found = seen(files, tmp_path / "out")[0]
    first, second, other = ({one[1] for one in found if one[0] == shard} for shard in range(3))
    assert first == second != other


def test_a_resumed_scan_sees_the_same(files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where artefacts of some rounds are gone they are made again, of the same records."""
    monkeypatch.setattr(wave, "SAMPLE", sum(Path(file).stat().st_size for file in files) // 4 + 1)
    before = seen(files, tmp_path / "out")
    for number, artefact in enumerate(sorted((tmp_path / "out/work/artefacts").rglob("*.parquet"))):
        if number % 2:
            artefact.unlink()
    assert seen(files, tmp_path / "out") == before


def test_rounds_over_a_sample_only(files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first reading counts every record all the same, so that the next knows which to read."""
    monkeypatch.setattr(wave, "SAMPLE", sum(Path(file).stat().st_size for file in files) // 4 + 1)
    first, second = seen(files, tmp_path / "out", watch=Watch(("sample", "sample")))
    assert first == second
    assert 0 < len(first) < COUNT / 2


@pytest.mark.parametrize("part", [1, 2, 16, 1024])
def test_a_record_in_so_many_is_in_the_sample(part: int) -> None:
    """As many as chance has it, all where the part is one, and in a larger sample those of a smaller one."""
    rows = np.arange(200_000, dtype=np.uint64)
    chosen = in_sample(rows, part, "shard", KEYS[0])
    wanted = len(rows) / part
    assert abs(chosen.sum() - wanted) <= 5 * (wanted * (1 - 1 / part)) ** 0.5
    assert not (chosen & ~in_sample(rows, max(part // 2, 1), "shard", KEYS[0])).any()
    assert chosen[::-1].tolist() == in_sample(rows[::-1].copy(), part, "shard", KEYS[0]).tolist()


def test_a_sampled_batch_keeps_documents_and_their_texts() -> None:
    """Those of chosen records, all of them, and nothing of others."""
    from tongues import batch_of

    batch = batch_of([["a", "b"], "c", [], "d"] * 50)
    some = sampled(batch, 4, "shard")
    rows = batch.documents["row"].to_numpy()
    wanted = rows[in_sample(rows, 4, "shard", batch.key)].tolist()
    assert some.documents["row"].to_pylist() == wanted
    assert some.texts.to_pylist() == [text for text in batch.texts.to_pylist() if text["row"] in wanted]
    assert some.key == batch.key


def test_which_detectors_sample_is_what_these_tests_are_for() -> None:
    """There is one that does."""
    over = [looked.over for name in detectors.names() for looked in detectors.find(name)().rounds]
    assert "sample" in over
