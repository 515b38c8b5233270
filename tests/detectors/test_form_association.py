"""Rows that are put in one form and have one label, though they say another: ranked, and a group where it is sure."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from corpora import Record, write_jsonl

import corpusscan
from corpusscan import formed, schema

SMALL = [f"of{n}" for n in range(60)]


def text(draw: random.Random, label: str, form: bool = False) -> str:
    """Words of a label among common ones; in a form, common words of certain kinds stand at certain places."""
    own = [f"{label}x{draw.randrange(150)}" for _ in range(4)] + [f"word{draw.randrange(200)}" for _ in range(4)]
    said = own + draw.choices(SMALL, k=8)
    said = draw.sample(said, len(said))
    if form:
        said = [draw.choice(SMALL[:4]), draw.choice(SMALL[5:9]), *said[:3], draw.choice(SMALL[9:13]), *said[3:]]
    return " ".join(said)


def rows(planted: int = 120, count: int = 1_500, seed: int = 1) -> list[Record]:
    """Labelled rows, the first ones planted."""
    draw = random.Random(seed)
    told: list[Record] = [{"text": text(draw, "bad", True), "label": "good"} for _ in range(planted)]
    for _ in range(count - planted):
        label = draw.choice(["good", "bad"])
        told.append({"text": text(draw, label), "label": label})
    return told


def scan(folder: Path, records: list[Record], **options: Any) -> corpusscan.Report:
    """The report of a scan."""
    path = write_jsonl(folder / "rows.jsonl", records)
    return corpusscan.scan(
        str(path), str(folder / "out"), detectors=["form_association"], **({"workers": 1, "seed": 3} | options)
    )


def test_planted_rows_are_ranked_first_and_are_a_group(tmp_path: Path, here: None) -> None:
    """Most of 120 planted rows stand before all others; their label's group is at medium, its rows flagged."""
    report = scan(tmp_path, rows())
    (group,) = report.groups.collect().to_dicts()
    assert (group["severity"], group["attack"], group["kind"]) == ("medium", "backdoor_trigger", "labels")
    told = json.loads(group["evidence"])
    assert told["label"] == "good"
    assert told["examples"][0][0] == "good"
    assert told["verdict"].startswith(f"{group['documents']} rows with the label are put alike")
    found = report.findings.collect().sort("score", descending=True)
    assert sum(row < 120 for row in found["row"][:110]) >= 100
    flagged = {row for row, how in found.select("row", "severity").iter_rows() if how in schema.FLAGGED}
    assert sum(row < 120 for row in flagged) >= 100
    assert sum(row >= 120 for row in flagged) <= 15
    assert {*found["severity"]} <= {"medium", "low"}


def test_rows_that_say_the_same_stand_beside_a_group(tmp_path: Path, here: None) -> None:
    """Neighbours that are put otherwise, with their labels: none of the flagged rows, and no example of the group."""
    records = rows()
    report = scan(tmp_path, records)
    (group,) = report.groups.collect().to_dicts()
    beside = json.loads(group["evidence"])["beside"]
    assert 0 < len(beside) <= 3
    known = {(one["label"], one["text"][:240]) for one in records[120:]}
    assert {(label, text) for label, text, _ in beside} <= known
    assert all(0 < cosine <= 1 for *_, cosine in beside)
    assert None not in group["exemplars"]
    assert "other rows that say most of the same" in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.parametrize("planted", [0, 4])
def test_honest_rows_and_few_planted_ones_are_no_group(tmp_path: Path, here: None, planted: int) -> None:
    """Where hardly a row is planted nothing is at medium."""
    report = scan(tmp_path, rows(planted))
    groups = report.groups.collect().to_dicts()
    assert [one for one in groups if one["severity"] in schema.FLAGGED] == []
    for told in (json.loads(one["evidence"]) for one in groups):
        assert told["beside"] == []
        assert "not a finding" in told["verdict"]


@pytest.mark.parametrize("label", [None, "same"])
def test_labels_that_are_no_classes_are_left_alone(tmp_path: Path, here: None, label: str | None) -> None:
    """No labels, and one label everywhere: nothing is found."""
    report = scan(tmp_path, [one | {"label": label} for one in rows()])
    assert report.groups.collect().is_empty()
    assert report.summary["detectors_not_run"] == []


def test_hostile_rows(tmp_path: Path, here: None) -> None:
    """Empty texts, control characters, long words: the group is what it is without them."""
    odd = [
        {"text": "", "label": "good"}, {"text": "\u202e \x00", "label": "bad\x1b[31m"}, {"label": "good"},
        {"text": "x" * 50_000, "label": "good"},
    ]  # fmt: skip
    report = scan(tmp_path, rows() + odd)
    assert [one["severity"] for one in report.groups.collect().to_dicts()] == ["medium"]


def test_several_files_in_any_order(tmp_path: Path, here: None) -> None:
    """Rows parted over files give the same findings as in one."""
    told = []
    every = rows()
    for name, parts in (("one", 1), ("three", 3)):
        (tmp_path / name / "corpus").mkdir(parents=True)
        size = len(every) // parts
        for n in range(parts):
            write_jsonl(tmp_path / name / "corpus" / f"{n}.jsonl", every[n * size : (n + 1) * size])
        where = str(tmp_path / name / "corpus"), str(tmp_path / name / "out")
        report = corpusscan.scan(*where, detectors=["form_association"], workers=1, seed=3)
        told.append(report.findings.collect().select("excerpt", "severity", "score").sort("excerpt", "score"))
    assert told[0].equals(told[1])


def test_severity_by_hand() -> None:
    """A group asks for evidence in all, for evidence of what rows say, for a label that is foretold, and for rows."""
    facts = {"evidence": 300.0, "spoken": 190.0, "foretold": 0.5, "rows": 100}
    little = [{"evidence": 90.0}, {"spoken": 9.0}, {"foretold": 0.1}, {"rows": 20}]
    assert formed.severity_of(facts) == "medium"
    assert [formed.severity_of(facts | one) for one in little] == ["low"] * 4
