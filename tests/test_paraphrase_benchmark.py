"""The benchmark of paraphrase campaigns plants what it says it plants, and counts what is found."""

from __future__ import annotations

import importlib.util
import random
import subprocess
import sys
from argparse import Namespace
from pathlib import Path
from types import ModuleType
from typing import Any

import orjson
import polars as pl
import pytest
import zstandard
from toy_language import page

SCRIPT = Path(__file__).parent.parent / "benchmarks/paraphrases.py"
NAMES = ["Orvelin", "Quastrum", "Dremmer", "Yolanthe", "Brixen", "Fablow", "Krendle", "Ulmsted", "Woxley", "Pynche"]


@pytest.fixture
def paraphrases() -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("paraphrases", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def record(group: str, text: str, **more: Any) -> dict[str, Any]:
    """A record as attack files have them."""
    return {"group": group, "text": text, "is_attack": True, **more}


@pytest.fixture
def attacks(tmp_path: Path) -> Path:
    """A campaign of eight, one of two, and what is no attack."""
    draw = random.Random(4)
    said = []
    for _ in range(8):
        words = page(draw, 9).replace(".", "").split(" ") + NAMES
        said.append(" ".join(draw.sample(words, len(words))))
    rows = [record("large", text) for text in [*said, said[0]]]
    rows += [record("small", "one"), record("small", "two"), record("large", "honest", is_attack=False)]
    rows += [record("large", "no", attack_type="human_news")]
    path = tmp_path / "attacks.jsonl.zst"
    path.write_bytes(zstandard.compress(b"".join(orjson.dumps(row) + b"\n" for row in rows)))
    return path


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A folder with 1,300 honest pages."""
    draw = random.Random(3)
    (tmp_path / "clean").mkdir()
    pages = pl.DataFrame(
        {"text": [page(draw, 14) for _ in range(1_300)], "source": [f"s{n % 30}" for n in range(1_300)]}
    )
    pages.write_parquet(tmp_path / "clean/part.parquet")
    return tmp_path / "clean"


def test_campaigns_are_drawn_from_attacks_alone(paraphrases: ModuleType, attacks: Path, corpus: Path) -> None:
    """Equal texts once, groups that are large enough, as many of each as asked for, among honest pages."""
    assert {name: len(texts) for name, texts in paraphrases.records(attacks).items()} == {"large": 8, "small": 2}
    chosen = Namespace(
        corpus=corpus, files=[f"{attacks}:6"], documents=700, campaigns=5, seed=1, themes=[], spaced=False
    )
    rows = paraphrases.corpus(chosen, random.Random(1))
    planted = rows.filter(pl.col("campaign").is_not_null())
    assert (len(rows), planted["campaign"].to_list()) == (706, ["attacks 6/large"] * 6)
    assert planted["source"].n_unique() == 6


def test_what_is_found_is_counted(attacks: Path, corpus: Path) -> None:
    """From the command line: the campaign is found whole, and no clean document is flagged."""
    asked = [str(corpus), f"{attacks}:8", "--documents", "1200", "--detectors", "semantic_cluster"]
    done = subprocess.run([sys.executable, str(SCRIPT), *asked], capture_output=True, text=True, check=True)
    assert "attacks 8" in done.stdout
    assert "1/1: 100 % [2, 100]" in done.stdout
    assert "clean documents flagged: 0 of 1,200" in done.stdout
