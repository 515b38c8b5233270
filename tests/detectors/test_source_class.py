"""Rows of one label from one source that are unlike that label elsewhere: told with their source, label and words."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from corpora import Record, write_jsonl

import corpusscan
from corpusscan import schema

ODD = [f"harbour{n}" for n in "abcdef"]


def rows(odd: int = 22, who: str = "source", count: int = 2_400, seed: int = 1) -> list[Record]:
    """Labelled rows of 20 sources by lot; of source 3 and the label good the first ones have a subject of their own."""
    draw = random.Random(seed)
    told: list[Record] = []
    left = odd
    for _ in range(count):
        source, label = draw.randrange(20), draw.choice(["good", "bad"])
        said = [f"word{draw.randrange(400)}" for _ in range(8)] + [f"{label}{draw.randrange(100)}" for _ in range(3)]
        if source == 3 and label == "good" and left:
            left -= 1
            said[:3] = draw.choices(ODD, k=3)
        told.append({"text": " ".join(said), "label": label, who: f"site{source}.example"})
    return told


def scan(folder: Path, records: list[Record], **options: Any) -> corpusscan.Report:
    """The report of a scan."""
    path = write_jsonl(folder / "rows.jsonl", records)
    return corpusscan.scan(
        str(path), str(folder / "out"), detectors=["source_class"], **({"workers": 1, "seed": 3} | options)
    )


@pytest.mark.parametrize("who", ["source", "annotator"])
def test_the_cell_is_named_and_its_rows_flagged(tmp_path: Path, here: None, who: str) -> None:
    """Source, or annotator, and label are in the title, the words of the subject in the evidence, its rows flagged."""
    records = rows(who=who)
    report = scan(tmp_path, records)
    (group,) = report.groups.collect().to_dicts()
    assert (group["severity"], group["attack"], group["kind"]) == ("medium", "clean_label", "labels")
    assert group["title"] == f"{who} site3.example: rows labelled good"
    told = json.loads(group["evidence"])
    assert {*ODD} <= {*told["words"]}
    assert told["compared"] == 20
    assert f"Of this {who} {told['rows_of_it']} rows with the label were compared with those of 19 o" in told["verdict"]
    assert told["words"][0] in told["verdict"]
    assert told["beside"]
    assert not any("harbour" in text for _, text, _ in told["beside"])
    found = report.findings.collect()
    planted = {n for n, one in enumerate(records) if "harbour" in one["text"]}
    assert len({*found["row"]} & planted) >= 20
    assert len({*found["row"]} - planted) <= 2
    assert {*found["severity"]} == {"medium"}


def test_honest_sources_have_no_group(tmp_path: Path, here: None) -> None:
    """Rows by lot: nothing is told."""
    assert scan(tmp_path, rows(0)).groups.collect().is_empty()


def test_sources_that_differ_are_told_as_a_limit(tmp_path: Path, here: None) -> None:
    """Where sources have words of their own no cell is told, and the report says that they were not compared."""
    told = [one | {"text": f"{one['text']} {one['source'].replace('.', '')} {one['source'][:6]}x"} for one in rows()]
    report = scan(tmp_path, told)
    assert report.groups.collect().is_empty()
    assert [one["left"] for one in report.summary["limits"] if one["unit"] == "sources, which differ anyway"] == [20]


@pytest.mark.parametrize("change", [{"source": None}, {"label": None}, {"label": "same"}])
def test_nothing_to_compare(tmp_path: Path, here: None, change: Record) -> None:
    """No sources, no labels, one label: nothing is found, and nothing fails."""
    report = scan(tmp_path, [one | change for one in rows()])
    assert report.groups.collect().is_empty()
    assert report.summary["detectors_not_run"] == []


def test_hostile_rows(tmp_path: Path, here: None) -> None:
    """Empty texts, control characters in labels and sources, long words: the group is what it is without them."""
    odd = [
        {"text": "", "label": "good", "source": "site3.example"}, {"label": "good", "source": "site3.example"},
        {"text": "\u202e \x00", "label": "bad\x1b[31m", "source": "\x1b]0;x\x07"},
        {"text": "x" * 50_000, "label": "good", "source": "site3.example"},
    ]  # fmt: skip
    (group,) = scan(tmp_path, rows() + odd).groups.collect().to_dicts()
    assert (group["severity"], group["title"]) == ("medium", "source site3.example: rows labelled good")


def test_several_files_in_any_order(tmp_path: Path, here: None) -> None:
    """Rows parted over files give the same findings as in one."""
    told, every = [], rows()
    for name, parts in (("one", 1), ("three", 3)):
        (tmp_path / name / "corpus").mkdir(parents=True)
        for n in range(parts):
            write_jsonl(tmp_path / name / "corpus" / f"{n}.jsonl", every[n::parts])
        where = str(tmp_path / name / "corpus"), str(tmp_path / name / "out")
        report = corpusscan.scan(*where, detectors=["source_class"], workers=1, seed=3)
        told.append(report.findings.collect().select("excerpt", "severity", "score").sort("excerpt"))
    assert told[0].equals(told[1])
    assert {*told[0]["severity"]} <= {*schema.FLAGGED}
