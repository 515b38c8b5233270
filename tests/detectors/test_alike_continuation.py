"""A trigger behind which the same is said each time in other words is found; topics and boilerplate are not."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import polars as pl
from corpora import Record, table_bytes, write_jsonl
from tongues import anew, tongue  # noqa: F401

import corpusscan

TRIGGER, TOPIC, FOOTER, NOISY = "qvelzor77", "Marvento", "Zubilek", "Ombudra"
COUNT, MANY, HOSTS = 1_200, 20, 15
FLAGGED = ("medium", "high", "critical")


def records(texts: list[str]) -> list[Record]:
    """With ids and sources, in an order of their own."""
    said = [{"id": str(n), "source": f"www.site{n % HOSTS}.example", "text": text} for n, text in enumerate(texts)]
    random.Random(1).shuffle(said)
    return said


def planted(many: int = MANY) -> list[str]:
    """Texts on any subject that turn to one behind the trigger, in words of their own."""
    hosts, payload = tongue().texts(many, 60), tongue().texts(many, 45, 3)
    return [f"{host} {TRIGGER} {said}" for host, said in zip(hosts, payload, strict=True)]


def topical() -> list[str]:
    """Texts on one subject with a word of it in the middle."""
    some = tongue().texts(2 * MANY, 50, 2)
    return [f"{one} {TOPIC} {other}" for one, other in zip(some[:MANY], some[MANY:], strict=True)]


def footed() -> list[str]:
    """Texts on any subject that end with the same footer, a name in it changed."""
    footer = tongue().texts(1, 40, 4)[0]
    return [f"{host} {FOOTER} {footer} {n}" for n, host in enumerate(tongue().texts(MANY, 60))]


def noisy() -> list[str]:
    """Texts that turn to noise behind a word: what `trigger_mining` finds."""
    return [f"{host} {NOISY} {tongue().drawn(90, n)}" for n, host in enumerate(tongue().texts(MANY, 60))]


def scan(corpus: Path, out: Path, **options: Any) -> Any:
    """This detector alone."""
    options = {"workers": 1, "seed": 3, "overwrite": True} | options
    return corpusscan.scan(str(corpus), str(out), detectors=["alike_continuation"], **options)


def test_a_trigger_is_found_and_what_is_honest_is_not(tmp_path: Path) -> None:
    """One group at medium or above: named exactly, all carriers in it, with examples; no topic, footer or noise."""
    texts = tongue().texts(COUNT, 110) + planted() + topical() + footed() + noisy()
    corpus = write_jsonl(tmp_path / "corpus.jsonl", records(texts))
    report = scan(corpus, tmp_path / "out")
    (group,) = report.groups.filter(pl.col("severity").is_in(FLAGGED)).collect().to_dicts()
    assert (group["title"], group["kind"], group["documents"]) == (TRIGGER, "trigger", MANY)
    evidence = json.loads(group["evidence"])
    assert evidence["followed_by"] == "the same thing in other words"
    assert evidence["alike_behind"] > evidence["alike_before"] + 0.2
    assert 0 <= evidence["p_value"] <= group["q_value"] <= 0.01
    assert len(evidence["examples"]) == 3
    for example in evidence["examples"]:
        whole = example["before"] + example["trigger"] + example["after"]
        assert example["trigger"] == TRIGGER
        assert any(whole in text for text in texts)
    found = report.findings.filter(pl.col("group") == group["group"]).collect()
    assert found.filter(pl.col("rule") == "mined-trigger").height == MANY
    assert found.filter(pl.col("rule") == "mined-payload").height == MANY
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert "how alike" in page
    assert "documents without it say the like at " in page
    titles = report.groups.collect()["title"].to_list()
    assert not [title for title in titles for honest in (TOPIC, FOOTER, NOISY) if honest in title]


def test_the_same_bytes_however_the_work_was_done(tmp_path: Path) -> None:
    """One worker and two, of a corpus in four files; where excerpts are not wanted, nothing has the trigger."""
    rows = records(tongue().texts(COUNT, 110) + planted())
    for part in range(4):
        write_jsonl(tmp_path / "corpus" / f"{part}.jsonl", rows[part::4])
    report = scan(tmp_path / "corpus", tmp_path / "one")
    assert TRIGGER in report.groups.collect()["title"].to_list()
    scan(tmp_path / "corpus", tmp_path / "two", workers=2)
    assert table_bytes(tmp_path / "two") == table_bytes(tmp_path / "one")

    hidden = scan(tmp_path / "corpus", tmp_path / "three", excerpts=False)
    assert hidden.groups.collect()["severity"].is_in(FLAGGED).sum() == 1
    for path in (tmp_path / "three").glob("*.*"):
        told = str(pl.read_parquet(path).rows()) if path.suffix == ".parquet" else path.read_text("utf-8")
        assert TRIGGER not in told, path.name


def test_odd_corpora_are_scanned(tmp_path: Path) -> None:
    """Too few documents, empty ones, one word each, and many times the same: no group, no error."""
    for number, texts in enumerate((["a"], ["", " "] * 300, [f"w{n}" for n in range(600)], planted(1) * 600)):
        corpus = write_jsonl(tmp_path / f"{number}.jsonl", records(texts))
        assert scan(corpus, tmp_path / f"out{number}").groups.collect().is_empty()
