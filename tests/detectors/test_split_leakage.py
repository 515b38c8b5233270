"""Rows of a test split that are in the training split are told, and nothing is flagged by it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from corpora import make_records, write_jsonl

from corpusscan import audit, config, io
from corpusscan.report import Report

ALL = ("exact_duplicate", "near_duplicate", "rules", "split_leakage")


def scan(folder: Path, out: Path, **options: Any) -> Report:
    """A scan by the detectors that matter here."""
    given = {"seed": 1, "workers": 1, "detectors": ALL, **options}
    return audit.run([str(folder)], out, config.build(given, "test"), lambda _: None)


def honest(count: int, seed: int) -> list[dict[str, Any]]:
    """Records of which none is planted and no two are alike."""
    made = [one for one in make_records(count + 20, seed) if "marigold" not in one["text"] and "<|" not in one["text"]]
    return [{**one, "id": f"{seed}-{one['id']}", "text": f"{one['text']} {seed}"} for one in made[:count]]


def write(folder: Path, **splits: list[dict[str, Any]]) -> Path:
    """A dataset with a file for each split."""
    for split, records in splits.items():
        write_jsonl(folder / "data" / f"{split}.jsonl", records)
    return folder


@pytest.fixture
def leaking(tmp_path: Path) -> Path:
    """300 rows to train on; of 100 to test by six are equal to some and two nearly so, and two of 50 others."""
    train, validation, test = honest(300, 1), honest(50, 2), honest(100, 3)
    long = [one for one in train if len(one["text"].split()) > 100]
    for row in range(6):
        test[10 * row]["text"] = train[row]["text"]
    for row in range(2):
        words = long[-1 - row]["text"].split()
        test[70 + row]["text"] = " ".join([*words[:50], "elsewhere", *words[51:]])
    validation[3]["text"] = train[9]["text"]
    validation[4]["text"] = test[0]["text"]
    return write(tmp_path / "set", train=train, validation=validation, test=test)


def test_leaks_are_counted_by_pairs_of_splits(leaking: Path, tmp_path: Path) -> None:
    """Equal and near-copies, a row of test in train and in validation; each row is a finding below what is flagged."""
    report = scan(leaking, tmp_path / "out")
    assert report.summary["leakage"] == {
        "pairs": [
            {"scope": "data", "split": "test", "in": "train", "rows": 100, "exact": 6, "nearly": 2},
            {"scope": "data", "split": "test", "in": "validation", "rows": 100, "exact": 1, "nearly": 0},
            {"scope": "data", "split": "validation", "in": "train", "rows": 50, "exact": 2, "nearly": 0},
        ],
        "groups_in_two_splits": 0,
    }
    found = report.findings.filter(pl.col("detector") == "split_leakage").collect()
    into_train = found.filter(pl.col("group") == "split_leakage:test:train:data")
    assert into_train["row"].to_list() == [0, 10, 20, 30, 40, 50, 70, 71]
    assert into_train["rule"].to_list() == ["leak"] * 6 + ["near-leak"] * 2
    assert set(found["severity"]) == {"low"}
    assert set(found["attack"]) == {"tampering"}
    assert report.summary["flagged_documents"] == 0
    members = report.members.filter(pl.col("group") == "split_leakage:test:train:data").collect()
    assert dict(members.group_by("role").len().iter_rows()) == {"exemplar": 1, "carrier": 7, "neighbour": 8}


def test_without_near_copies_it_says_so(leaking: Path, tmp_path: Path) -> None:
    """Where near_duplicate does not run, equal rows are found all the same."""
    report = scan(leaking, tmp_path / "out", detectors=("split_leakage",))
    assert [pair["nearly"] for pair in report.summary["leakage"]["pairs"]] == [0, 0, 0]
    evidence = json.loads(report.groups.collect()["evidence"][0])
    assert evidence["note"] == "near-copies were not looked for"


def test_the_cut_and_the_workers_do_not_show(leaking: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other shards, other workers: the same findings, groups and members."""
    whole = scan(leaking, tmp_path / "a")
    monkeypatch.setattr(io.planning, "_SHARD", 8_000)
    cut = scan(leaking, tmp_path / "b", workers=2)
    for table in ("findings", "groups", "members", "documents"):
        assert getattr(cut, table).collect().equals(getattr(whole, table).collect()), table


def test_little_is_usual(tmp_path: Path) -> None:
    """Less than a hundredth of a split is worth knowing, and no more; rows within a split are no leak."""
    train, test = honest(100, 1), honest(300, 2)
    test[5]["text"] = train[5]["text"]
    test[6]["text"] = test[7]["text"]
    report = scan(write(tmp_path / "set", train=train, test=test), tmp_path / "out")
    found = report.findings.filter(pl.col("detector") == "split_leakage").collect()
    assert found["severity"].to_list() == ["info"]


def test_a_campaign_on_both_sides_is_told(tmp_path: Path) -> None:
    """A group at medium or above whose members stand in two splits says so, with how many stand where."""
    records = make_records(300)
    report = scan(write(tmp_path / "set", train=records[:200], test=records[200:]), tmp_path / "out")
    assert report.summary["leakage"]["groups_in_two_splits"] >= 1
    groups = report.groups.filter(pl.col("group").str.starts_with("exact_duplicate")).collect()
    [told] = [json.loads(evidence)["splits"] for evidence in groups["evidence"]]
    planted = [number for number, one in enumerate(records) if "marigold" in one["text"]]
    inside = sum(number < 200 for number in planted)
    assert told == f"train {inside}, test {12 - inside}"


def test_other_folders_are_other_datasets(tmp_path: Path) -> None:
    """Splits are compared within a folder or configuration; without two of one dataset nobody looks."""
    records = honest(60, 1)
    write_jsonl(tmp_path / "set" / "en" / "train.jsonl", records)
    write_jsonl(tmp_path / "set" / "fr" / "test.jsonl", records)
    report = scan(tmp_path / "set", tmp_path / "out")
    assert report.summary["leakage"] is None
    assert "split_leakage" not in report.summary["detectors"]


def test_many_leaks_are_told_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All are counted, some are looked at, and what was left aside is said; rows without text are no copies."""
    monkeypatch.setattr("corpusscan.detectors.split_leakage.TOLD", 5)
    records = honest(40, 1)
    empty = [{"text": ""}] * 3
    report = scan(
        write(tmp_path / "set", train=records + empty, test=records + empty),
        tmp_path / "out",
        detectors=("split_leakage",),
    )
    assert [pair["exact"] for pair in report.summary["leakage"]["pairs"]] == [40]
    assert len(report.findings.collect()) == 5
    assert [(row["detector"], row["left"]) for row in report.summary["limits"]] == [("split_leakage", 35)]
