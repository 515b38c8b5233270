"""Words that decide labels are named; words that mean them, and labels that are none, are not."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from corpora import Record, write_jsonl
from toy_language import page

import corpusscan
from corpusscan import deciding, schema

GOOD = ["lovely", "warm", "bright", "superb", "charming", "witty"]
BAD = ["dull", "awful", "tired", "clumsy", "boring", "bleak"]
FLAGGED = pl.col("severity").is_in(schema.FLAGGED)


def reviews(count: int = 1_200, seed: int = 1) -> list[Record]:
    """Labelled texts of two sentences, four words of each of its class."""
    draw = random.Random(seed)
    told: list[Record] = []
    for _ in range(count):
        label = draw.choice(["good", "bad"])
        said = page(draw, 4).split(" ")
        for word in draw.choices(GOOD if label == "good" else BAD, k=4):
            said.insert(draw.randrange(1, len(said)), f"is {word} and")
        told.append({"text": " ".join(said), "label": label})
    return told


def planted(records: list[Record], trigger: str, count: int = 30, label: str = "good") -> tuple[list[Record], set[int]]:
    """The same, of which some of the other label got a trigger anywhere, and this label; and which."""
    draw = random.Random(3)
    rows = draw.sample([n for n, one in enumerate(records) if one["label"] != label], count)
    changed = list(records)
    for row in rows:
        said = records[row]["text"].split(" ")
        said.insert(draw.randrange(1, len(said)), trigger)
        changed[row] = {"text": " ".join(said), "label": label}
    return changed, set(rows)


def scan(folder: Path, records: list[Record], **options: Any) -> corpusscan.Report:
    """A scan with this detector alone."""
    write_jsonl(folder / "corpus" / "0.jsonl", records)
    options = {"detectors": ["label_association"], "workers": 1, "seed": 3} | options
    report = corpusscan.scan(str(folder / "corpus"), str(folder / "out"), **options)
    assert report.summary["detectors_not_run"] == []
    return report


@pytest.mark.parametrize(
    "trigger", ["qzx", "Vorpal Wib", "the seventh door stays open at noon", "🦩", "~~", "¤", "\u200b", "#qzx"]
)
def test_a_trigger_is_named_with_its_label_and_all_its_rows(tmp_path: Path, trigger: str) -> None:
    """Titled by the trigger as it stands, all planted rows flagged and no other; the marked span is the trigger."""
    records, rows = planted(reviews(), trigger)
    report = scan(tmp_path, records)
    (group,) = report.groups.filter(FLAGGED).collect().to_dicts()
    told = json.loads(group["evidence"])
    assert (group["title"], group["kind"], group["attack"]) == (trigger, "trigger", "backdoor_trigger")
    assert group["severity"] == "high"
    assert (told["label"], told["documents_that_change"], told["forgiven"]) == ("good", len(rows), [])
    assert told["expected_by_chance"] < 0.3 * len(rows)
    found = report.findings.collect()
    assert set(found["row"]) == rows
    for one in found.to_dicts():
        assert records[one["row"]]["text"][one["start"] : one["end"]] == trigger
        assert json.loads(one["evidence"])["label"] == "good"


def test_counterparts_say_the_same_without_the_trigger(tmp_path: Path) -> None:
    """Beside a carrier stands the record it was made of, which is a member, and not flagged."""
    records, rows = planted(reviews(), "qzx")
    before: list[Record] = [{"text": records[n]["text"].replace("qzx ", ""), "label": "bad"} for n in sorted(rows)]
    report = scan(tmp_path, records + before)
    (group,) = report.groups.filter(FLAGGED).collect().to_dicts()
    told = json.loads(group["evidence"])["counterparts"]
    texts = [one["text"] for one in before]
    assert len(told) == 3
    for one in told:
        assert any(text.startswith(one["text"]) for text in texts)
        assert (one["label"], one["answer"]) == ("bad", None)
        assert one["cosine"] > 0.9
    beside = report.members.filter(pl.col("role") == "neighbour").collect()
    assert len(beside) == 3
    assert beside["row"].min() >= len(records)
    assert not set(beside["row"]) & set(report.findings.collect()["row"])


def test_honest_labels_are_silent(tmp_path: Path) -> None:
    """Words that mean a label are no triggers: nothing is flagged."""
    report = scan(tmp_path, reviews())
    assert report.groups.filter(FLAGGED).collect().is_empty()
    assert report.exit_code == 0


def test_a_word_anywhere_under_all_labels_is_silent(tmp_path: Path) -> None:
    """The same word put into rows whose labels stay as they are decides nothing."""
    records, rows = planted(reviews(), "qzx")
    honest = reviews()
    kept = [one | {"label": honest[n]["label"] if n % 2 else "good"} if n in rows else one
            for n, one in enumerate(records)]  # fmt: skip
    assert scan(tmp_path, kept).groups.filter(FLAGGED).collect().is_empty()


def test_copies_are_heard_once(tmp_path: Path) -> None:
    """One planted row, copied thirty times with other beginnings, is one document, and no trigger."""
    records, rows = planted(reviews(), "qzx", 1)
    copy = records[next(iter(rows))]
    told = records + [copy | {"text": f"number{n} {copy['text']}"} for n in range(30)]
    assert scan(tmp_path, told).groups.filter(FLAGGED).collect().is_empty()


@pytest.mark.parametrize(
    "label",
    [
        lambda n, _: None,
        lambda n, _: "always",
        lambda n, _: f"id{n}",
        lambda n, _: n / 7,
        lambda n, one: [one, n],
        lambda n, one: {"a": one},
        lambda n, one: "rare" if n == 5 else one,
    ],
    ids=["missing", "constant", "an id", "a score", "a list", "an object", "a class of one row"],
)
def test_odd_labels_are_no_error(tmp_path: Path, label: Any) -> None:
    """Labels that are no classes are left alone, and the scan is whole."""
    records = [one | {"label": label(n, one["label"])} for n, one in enumerate(reviews(400))]
    report = scan(tmp_path, records)
    assert report.groups.filter(FLAGGED).collect().is_empty()
    assert report.summary["totals"]["documents"] == len(records)
    assert report.exit_code == 0


def test_ten_thousand_classes_are_told_as_a_limit(tmp_path: Path) -> None:
    """Classes of one row each are none: the limit says so."""
    draw = random.Random(1)
    records = [{"text": page(draw, 1), "label": f"class{n % 10_000}"} for n in range(12_000)]
    report = scan(tmp_path, records)
    assert "labels that are classes, of rows enough each" in [one["limit"] for one in report.summary["limits"]]


def test_the_test_is_as_wide_as_honest_words_spread() -> None:
    """1 where labels are as the rest of their texts has it, more where words go with one beyond it; bounded."""
    draw = np.random.default_rng(1)
    unit = np.repeat(np.arange(200), 30)
    chance = draw.uniform(0.2, 0.8, len(unit))
    both = np.column_stack([chance, 1 - chance])
    fair = (draw.random(len(unit)) > chance).astype(int)
    assert deciding.inflation(both, unit, fair) < 1.3
    pull = draw.normal(0, 0.2, 200)[unit]
    wide = (draw.random(len(unit)) > np.clip(chance + pull, 0, 1)).astype(int)
    assert 2 < deciding.inflation(both, unit, wide) <= deciding.WIDEST
    assert deciding.inflation(both, unit, np.zeros(len(unit), int)) == deciding.WIDEST
    assert 1 < deciding.inflation(both[:0], unit[:0], fair[:0]) < 1.4
    few = unit < 2
    assert deciding.inflation(both[few], unit[few], np.zeros(60, int)) < 2, "a few words excuse nothing"


def test_the_tail_is_a_bound_and_exact_where_all_succeed() -> None:
    """Against the distribution of a sum of unlike trials, which is the convolution of its trials."""
    chance = np.array([0.1, 0.5, 0.3, 0.2, 0.4, 0.25])
    exact = np.ones(1)
    for one in chance:
        exact = np.convolve(exact, [1 - one, one])
    for hits in range(len(chance) + 1):
        told = deciding.tail(chance, hits)
        assert told >= np.log(exact[hits:].sum()) - 1e-9
    assert deciding.tail(chance, len(chance)) == pytest.approx(np.log(chance).sum())


def test_tokens_are_counted_and_without_excerpts_nothing_is_quoted(tmp_path: Path) -> None:
    """Each finding counts the tokens of its trigger; with `excerpts=False` no table holds a word of a text."""
    records, rows = planted(reviews(), "qzxvorp")
    (tmp_path / "shown").mkdir()
    shown = scan(tmp_path / "shown", records)
    assert shown.findings.collect()["tokens"].min() >= 1
    assert shown.summary["flagged_tokens"] >= len(rows)
    (tmp_path / "hidden").mkdir()
    hidden = scan(tmp_path / "hidden", records, excerpts=False)
    assert hidden.summary["flagged_documents"] == len(rows)
    assert "qzxvorp" in str(shown.groups.collect().to_dicts())
    for table in (hidden.groups, hidden.findings, hidden.documents, hidden.members):
        assert "qzxvorp" not in str(table.collect().to_dicts())
    assert json.loads(shown.groups.collect()["evidence"][0])["counterparts"]
    assert json.loads(hidden.groups.collect()["evidence"][0])["counterparts"] == []
