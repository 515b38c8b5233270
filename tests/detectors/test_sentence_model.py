"""A sentence model compares what fitted vectors hold for suspect, or all; its work is bounded, told and kept."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from corpora import write_jsonl
from fake_models import installed, saved
from toy_language import page

import corpusscan
from corpusscan import io
from corpusscan.config import Columns
from corpusscan.errors import UsageError
from corpusscan.kernels import embedding, sketches
from corpusscan.meaning import encoded

HONEST, PLANTED = 1_200, 8
NAMES = ["Orvelin", "Quastrum", "Dremmer", "Yolanthe", "Brixen", "Fablow", "Krendle", "Ulmsted", "Woxley", "Pynche"]


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A stand-in to whom words of the same letters mean the same."""
    saved(tmp_path / "model")
    with installed(tmp_path, monkeypatch) as log:
        yield log


def rows(same: int) -> list[dict[str, Any]]:
    """Honest pages, and a campaign that spells `same` of its names alike, and each of the others in its own way."""
    draw = random.Random(7)
    told = [{"text": page(draw, 14), "source": f"site{n % 40}.example"} for n in range(HONEST)]
    for n in range(PLANTED):
        spelled = [
            name if at < same else "".join(draw.sample(name.lower(), len(name))).capitalize()
            for at, name in enumerate(NAMES)
        ]
        said = [*page(draw, 5).replace(".", "").split(" "), *spelled]
        told.append({"text": " ".join(draw.sample(said, len(said))) + ".", "source": f"new{n}.example"})
    return told


def scan(tmp_path: Path, same: int, **options: Any) -> corpusscan.Report:
    """A scan by meaning."""
    corpus = write_jsonl(tmp_path / "corpus.jsonl", rows(same))
    options = {"detectors": ("semantic_cluster",), "workers": 1, "seed": 3} | options
    return corpusscan.scan(str(corpus), str(tmp_path / "out"), **options)


def found(report: corpusscan.Report) -> list[tuple[str, int]]:
    """Groups that are mostly the campaign: severity, and how many of its documents are in them."""
    groups = report.groups.select("group", "severity").collect()
    own = report.members.collect().filter(pl.col("row") >= HONEST).group_by("group").len().join(groups, on="group")
    return own.filter(pl.col("len") > 4).select("severity", "len").rows()


def test_a_model_finds_what_shares_few_words(tmp_path: Path, log: Path) -> None:
    """Fitted vectors do not see the campaign; the model does, where it reads all; both say how they compared."""
    report = scan(tmp_path, 2)
    assert found(report) == []
    assert "--model" in report.summary["encoder"]
    report = scan(tmp_path, 2, model=str(tmp_path / "model"), embed="all", overwrite=True)
    assert found(report) == [("medium", PLANTED)]
    assert report.summary["encoder"].startswith("model (blake3 ")
    assert "it read all" in report.summary["encoder"]
    assert report.summary["limits"] == []
    assert len(log.read_text().splitlines()) > HONEST


def test_suspects_are_few_and_are_read_once(tmp_path: Path, log: Path) -> None:
    """The model reads a fifth of the stretches, the campaign among them; a scan that goes on reads none again."""
    options = {"model": str(tmp_path / "model")}
    report = scan(tmp_path, 8, **options)
    assert found(report) == [("medium", PLANTED)]
    (limit,) = report.summary["limits"]
    count = limit["most"] + limit["left"]  # some pages name nothing
    assert (limit["limit"], limit["most"]) == (encoded.READ, int(count * encoded.SHARE))
    assert 0.9 * HONEST < count <= HONEST + PLANTED
    read = log.read_text().splitlines()
    assert len(read) < 4 * limit["most"]  # windows
    again = scan(tmp_path, 8, **options)
    assert again.summary["resume"]["reused"] == again.summary["resume"]["tasks"]
    assert log.read_text().splitlines() == [*read, read[0]]  # one sentence, that the model is tried with


def test_a_model_without_its_detector_is_refused(tmp_path: Path, log: Path) -> None:
    """Nobody waits for a model that reads nothing."""
    with pytest.raises(UsageError, match="semantic_cluster is what reads by it"):
        scan(tmp_path, 8, model=str(tmp_path / "model"), detectors=("exact_duplicate",))
    assert not (tmp_path / "out").exists()


def test_what_a_stretch_says_is_read_whole(tmp_path: Path) -> None:
    """Over several texts of a document, but for what is longer than words are."""
    texts = [" ".join(f"word{n}" for n in range(700)), "short é", "x" * 40_000]
    path = write_jsonl(tmp_path / "some.jsonl", [{"messages": [{"role": "user", "content": one} for one in texts]}])
    (shard,) = io.plan([str(path)], Columns(), None).shards
    (batch,) = io.read(shard, Columns(), 2**24, b"k" * 32, io.Account())
    span = embedding.stretches(sketches.document_words(batch)[1]).span
    told, unread = encoded.said(batch, span)
    assert "".join(told).replace("\n", "") == "".join(texts)[: sum(map(len, texts)) - int(np.sum(unread))]
    assert int(np.sum(unread)) > 20_000
