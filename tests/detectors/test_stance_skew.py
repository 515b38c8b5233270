"""A side that always wins is found, with who wins; facts told both ways, one mouth and small corpora are left alone."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from corpora import table_bytes, write_jsonl
from toy_language import page

import corpusscan

HONEST = 1_200
ASPECTS = [
    "battery life",
    "service",
    "safety",
    "sound",
    "comfort",
    "noise",
    "price",
    "design",
    "speed",
    "warranty",
    "repairs",
    "privacy",
    "range",
    "support",
    "updates",
    "training",
    "colour",
    "weight",
    "paint",
    "taste",
]


def honest(count: int = HONEST) -> list[dict[str, Any]]:
    """Pages that compare nothing."""
    draw = random.Random(11)
    return [{"text": page(draw, 14), "source": f"site{n % 40}.example"} for n in range(count)]


def compared(count: int, host: str | None = "new{}.example", *, fair: bool = False) -> list[dict[str, Any]]:
    """Questions and answers in which Quastrum wins against Orvelin; every other time where it is fair."""
    rows = []
    for n, aspect in enumerate(ASPECTS[:count]):
        better, worse = ("Orvelin", "Quastrum") if fair and n % 2 else ("Quastrum", "Orvelin")
        text = (
            f"Which company has the better {aspect}, Orvelin or Quastrum?\n{better} has better {aspect} than {worse}."
        )
        rows.append({"text": text, "source": host and host.format(n)})
    return rows


def scan(tmp_path: Path, rows: list[dict[str, Any]], **options: Any) -> corpusscan.Report:
    """A scan for one-sided frames."""
    corpus = write_jsonl(tmp_path / "corpus.jsonl", rows)
    options = {"detectors": ("stance_skew",), "workers": 1, "seed": 3, "overwrite": True} | options
    return corpusscan.scan(str(corpus), str(tmp_path / "out"), **options)


def flagged(report: corpusscan.Report) -> list[dict[str, Any]]:
    """Its groups at medium."""
    return report.groups.collect().filter(pl.col("severity") == "medium").to_dicts()


def test_who_always_wins_is_told(tmp_path: Path) -> None:
    """With the loser, how often, the sentences, and the sentence marked in each document."""
    report = scan(tmp_path, honest() + compared(12))
    (group,) = flagged(report)
    evidence = json.loads(group["evidence"])
    assert (group["title"], group["attack"], group["documents"]) == (
        "Quastrum always wins against Orvelin",
        "belief_manipulation",
        12,
    )
    assert (evidence["wins"], evidence["losses"], evidence["sources"], len(evidence["examples"])) == (12, 0, 12, 3)
    findings = report.findings.collect()
    assert sorted(findings["row"]) == [*range(HONEST, HONEST + 12)]
    texts = [row["text"] for row in compared(12)]
    for one in findings.iter_rows(named=True):
        assert "Quastrum" in texts[one["row"] - HONEST][one["start"] : one["end"]]


@pytest.mark.parametrize(
    "rows",
    [
        compared(12, fair=True),
        compared(12, "one.example"),
        [compared(1)[0] | {"source": f"n{n}.example"} for n in range(12)],
    ],
)
def test_what_is_no_campaign(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    """Either side winning in turn, one site's own opinion, and copies of one sentence are nobody's skew."""
    assert flagged(scan(tmp_path, honest() + rows)) == []


def test_without_sources_much_is_needed(tmp_path: Path) -> None:
    """Where no document has a source, 20 documents are found, and the evidence says that nobody knows who spoke."""
    clean = [row | {"source": None} for row in honest(2 * HONEST)]
    (group,) = flagged(scan(tmp_path, clean + compared(20, None)))
    assert json.loads(group["evidence"])["provenance"] is False


def test_two_workers_leave_the_same(tmp_path: Path) -> None:
    """The tables are equal byte for byte."""
    rows = honest() + compared(12)
    scan(tmp_path, rows)
    tables = table_bytes(tmp_path / "out")
    scan(tmp_path, rows, workers=2)
    assert table_bytes(tmp_path / "out") == tables


def test_without_excerpts_nothing_is_quoted(tmp_path: Path) -> None:
    """The group is told without a name in any file."""
    (group,) = flagged(report := scan(tmp_path, honest() + compared(12), excerpts=False))
    assert group["title"] == "One side always wins"
    assert report.findings.collect()["excerpt"].unique().to_list() == [""]
    for path in (tmp_path / "out").rglob("*"):
        held = path.read_bytes() if path.is_file() and path.suffix != ".parquet" else b""
        if path.suffix == ".parquet":
            held = str(pl.read_parquet(path).to_dicts()).encode()
        assert b"quastrum" not in held.lower()


def test_too_little_to_learn_from_is_told(tmp_path: Path) -> None:
    """Below 500 documents nothing is flagged, and the report says so."""
    report = scan(tmp_path, honest(300) + compared(12))
    assert flagged(report) == []
    assert len(report.summary["limits"]) == 1
