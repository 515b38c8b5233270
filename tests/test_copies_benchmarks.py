"""The benchmarks of altered copies alter what they say they alter, and the curve counts every class."""

from __future__ import annotations

import importlib.util
import os
import random
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corpusscan.redteam.attack import Host
from corpusscan.redteam.world import World

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
TEXT = "\n\n".join(
    " ".join(f"word{n % 37} stands, here {n}." for n in range(30 * part, 30 * part + 30)) for part in range(4)
)


@pytest.fixture
def alterations() -> ModuleType:
    """The module, which lies beside the scripts that use it."""
    spec = importlib.util.spec_from_file_location("alterations", BENCHMARKS / "alterations.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def world() -> World:
    """A corpus of forty texts of words that no copy has."""
    draw = random.Random(1)
    texts = [" ".join("".join(draw.choices("qxyz", k=6)) for _ in range(200)) for _ in range(40)]
    hosts = [Host("f", row, {"text": text}, "text", text) for row, text in enumerate(texts)]
    return World(hosts, list(hosts), ["a.example"], "seed")


def altered(alterations: ModuleType, kind: str, world: World) -> list[Any]:
    """The parts of a copy of `TEXT`."""
    parts: list[Any] = alterations.KINDS[kind](TEXT, world, world.hosts)
    return parts


@pytest.mark.parametrize("share", [5, 10, 20])
def test_so_many_words_are_exchanged(alterations: ModuleType, world: World, share: int) -> None:
    """As many words as the kind says become words of the corpus; all else stays."""
    ((content, planted),) = altered(alterations, f"words {share} %", world)
    words = re.findall(r"[^\W\d_]+", content)
    assert planted
    assert len(words) == len(re.findall(r"[^\W\d_]+", TEXT))
    assert sum(set(word) <= set("qxyz") for word in words) / len(words) == pytest.approx(share / 100, rel=0.5)


@pytest.mark.parametrize(
    ("kind", "some"), [("zero-width", "\u200b\u200c\u200d\u2060\ufeff"), ("soft hyphens", "\u00ad")]
)
def test_what_is_put_in_is_all_that_changes(alterations: ModuleType, world: World, kind: str, some: str) -> None:
    """Without the invisible characters, of which there are many, the copy is the text."""
    ((content, _),) = altered(alterations, kind, world)
    assert len(content) > 1.05 * len(TEXT)
    assert re.sub(f"[{some}]", "", content) == TEXT


@pytest.mark.parametrize("share", [50, 100, 300])
def test_padding_is_so_long_and_not_planted(alterations: ModuleType, world: World, share: int) -> None:
    """The text stands whole among foreign words in the proportion that the kind says."""
    parts = altered(alterations, f"padding {share} %", world)
    assert [part for part in parts if isinstance(part, tuple)] == [(TEXT, True)]
    foreign = sum(alterations.length(part) for part in parts if isinstance(part, str))
    assert foreign / alterations.length(TEXT) == pytest.approx(share / 100, rel=0.1)


def test_a_cut_copy_keeps_one_or_two_paragraphs(alterations: ModuleType, world: World) -> None:
    """What was planted is a stretch of the text, of one paragraph or two."""
    for _ in range(10):
        ((kept, _),) = [part for part in altered(alterations, "cut to paragraphs", world) if isinstance(part, tuple)]
        assert kept in TEXT
        assert len(kept.split("\n\n")) in (1, 2)


def test_the_curve_counts_every_class(tmp_path: Path) -> None:
    """Each class has its pairs; what is nearly the same is reported, what is half the same is not."""
    draw = random.Random(2)
    texts = [" ".join(f"{draw.getrandbits(30):x}" for _ in range(150)) for _ in range(60)]
    pq.write_table(pa.table({"text": texts}), tmp_path / "corpus.parquet")
    line = [sys.executable, str(BENCHMARKS / "curve.py"), str(tmp_path / "corpus.parquet"), "--pairs", "20"]
    paths = {"PYTHONPATH": os.pathsep.join([str(BENCHMARKS.parent), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(line, capture_output=True, text=True, env=os.environ | paths, check=False)
    assert done.returncode == 0, done.stderr
    rows = [row.split() for row in done.stdout.splitlines() if " to " in row]
    assert [row[3] for row in rows] == ["20"] * 10
    assert float(rows[-1][-3]) == 100
    assert float(rows[0][-3]) == 0
