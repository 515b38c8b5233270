"""Copies are evidence; a benign story lowers them and is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from corpora import write_jsonl

import corpusscan

TALE = (
    "Nobody who took the blue powder ever came back to the clinic, and the clinic never asked them why they left. " * 3
)
NOTICE = (
    "We use cookies and process personal data only as this privacy policy says. You may change your choice on this page"
    " at any time, and complain to the supervisory authority. Copyright 2024. All rights reserved."
)


def groups(tmp_path: Path, records: list[dict[str, Any]], **options: Any) -> list[dict[str, Any]]:
    """The groups of exact copies among `records`."""
    corpus = write_jsonl(tmp_path / "corpus.jsonl", records)
    report = corpusscan.scan(str(corpus), str(tmp_path / "out"), detectors=("exact_duplicate",), workers=1, **options)
    found: list[dict[str, Any]] = report.groups.collect().to_dicts()
    return found


def copies(count: int, hosts: int, text: str = TALE) -> list[dict[str, Any]]:
    """`count` copies of a text from `hosts` hosts on different days."""
    return [
        {"text": text, "source": f"h{n % hosts}.example", "date": f"2025-03-{1 + n % 28:02d}"} for n in range(count)
    ]


def test_copies_from_many_sources_are_a_group_worth_a_look(tmp_path: Path) -> None:
    """Twelve copies from twelve hosts: one group at medium, with its sources, days and members."""
    (group,) = groups(tmp_path, copies(12, 12))
    assert (group["severity"], group["documents"], group["sources"]) == ("medium", 12, 12)
    assert json.loads(group["evidence"])["days"] == 12
    assert group["first_seen"].date().isoformat() == "2025-03-01"
    assert group["exemplars"][0] == "corpus.jsonl#0"


def test_members_and_whole_document_findings_name_every_copy(tmp_path: Path) -> None:
    """Each copy is a member and has one finding over its whole text."""
    groups(tmp_path, copies(6, 6))
    import polars as pl

    assert pl.read_parquet(tmp_path / "out/members.parquet")["row"].to_list() == list(range(6))
    findings = pl.read_parquet(tmp_path / "out/findings.parquet")
    assert findings.select("start", "end").unique().rows() == [(0, len(TALE))]
    assert findings["finding_id"].n_unique() == 6, "copies are told apart by their number"


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        (copies(12, 12, "Thank you very much."), "short_text"),
        (copies(12, 1), "few_sources"),
        ([{"text": TALE}] * 12, "no_provenance"),
        (copies(12, 12, NOTICE), "notice"),
    ],
)
def test_a_benign_story_lowers_a_group_and_is_told(tmp_path: Path, records: list[dict[str, Any]], reason: str) -> None:
    """Honest repetition is lowered, with the story; no document is flagged for it."""
    (group,) = groups(tmp_path, records)
    assert group["severity"] == ("low" if reason == "notice" else "info")
    assert reason in json.loads(group["evidence"])["forgiven"]


@pytest.mark.parametrize(
    "text", [TALE + " Copyright 2024. All rights reserved.", "BERLIN (Reuters) - " + TALE, NOTICE[:150] + TALE]
)
def test_no_line_beside_a_tale_excuses_it(tmp_path: Path, text: str) -> None:
    """Whoever plants a text may add such a line: on hosts that say nothing else it changes nothing."""
    (group,) = groups(tmp_path, copies(12, 12, text))
    assert group["severity"] == "medium"
    assert json.loads(group["evidence"])["forgiven"] == []


def test_four_copies_are_nobodys_campaign(tmp_path: Path) -> None:
    """Below five copies there is no group."""
    assert groups(tmp_path, copies(4, 4)) == []


def test_documents_without_text_are_no_copies_of_one_another(tmp_path: Path) -> None:
    """Empty and null texts repeat without meaning anything."""
    assert groups(tmp_path, [{"text": ""}, {"text": None}] * 20) == []


def test_all_fields_must_be_equal(tmp_path: Path) -> None:
    """The same words divided differently between two fields are different documents."""
    records = [{"instruction": TALE, "output": "yes", "source": f"a{n}"} for n in range(4)]
    records += [{"instruction": TALE + "y", "output": "es", "source": f"b{n}"} for n in range(4)]
    assert groups(tmp_path, records) == []


def test_the_group_keeps_its_name_under_another_key(tmp_path: Path) -> None:
    """Names come from content, so a baseline outlives the secret key."""
    (one,) = groups(tmp_path / "a", copies(6, 6), seed=1)
    (two,) = groups(tmp_path / "b", copies(6, 6), seed=2)
    assert one["group"] == two["group"]
