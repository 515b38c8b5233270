"""Rows that stand in a set again with another label: pairs are ranked; what one side brought is flagged."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from corpora import Record, write_jsonl

import corpusscan
from corpusscan import schema

OTHER = {"good": "bad", "bad": "good"}
FLAGGED = pl.col("severity").is_in(schema.FLAGGED)
SAYING = {"good": ["lovely", "warm", "superb", "witty"], "bad": ["dull", "awful", "clumsy", "bleak"]}


def reviews(count: int = 1_500, seed: int = 1) -> list[Record]:
    """Labelled texts, no two alike, of forty sources; two words of each tell its label."""
    draw = random.Random(seed)
    told: list[Record] = []
    for n in range(count):
        label = draw.choice(["good", "bad"])
        words = [f"word{draw.randrange(4_000)}" for _ in range(14)] + draw.sample(SAYING[label], 2)
        text = " ".join(draw.sample(words, len(words)))
        told.append({"text": text, "label": label, "source": f"site{n % 40}.example", "date": f"2024-0{1 + n % 9}-03"})
    return told


def again(records: list[Record], count: int, seed: int = 2, **changed: Any) -> list[Record]:
    """Some of the records, each with the other label."""
    hosts = random.Random(seed).sample(records, count)
    return [one | {"label": OTHER[one["label"]]} | changed for one in hosts]


def spread(records: list[Record], more: list[Record], seed: int = 3) -> list[Record]:
    """The records with more of them anywhere."""
    draw, told = random.Random(seed), list(records)
    for one in more:
        told.insert(draw.randrange(len(told)), one)
    return told


def scan(folder: Path, *files: list[Record], **options: Any) -> tuple[list[dict[str, Any]], corpusscan.Report]:
    """The groups that are found, and the report; each list of records is a file."""
    (folder / "corpus").mkdir(parents=True)
    for n, records in enumerate(files):
        write_jsonl(folder / "corpus" / f"{n}.jsonl", records)
    how = {"workers": 1, "seed": 3} | options
    report = corpusscan.scan(str(folder / "corpus"), str(folder / "out"), detectors=["label_conflict"], **how)
    assert report.summary["detectors_not_run"] == []
    return report.groups.collect().to_dicts(), report


def rows(report: corpusscan.Report) -> set[int]:
    """The rows that are flagged."""
    return set(report.findings.filter(FLAGGED).collect()["row"].to_list())


def severe(groups: list[dict[str, Any]]) -> list[str]:
    """The titles of groups at medium or above."""
    return [one["title"] for one in groups if one["severity"] in schema.FLAGGED]


def test_rows_appended_with_another_label_are_flagged(tmp_path: Path) -> None:
    """Forty copies at the end are a group of these rows alone; each stands beside the row it repeats."""
    honest = reviews()
    groups, report = scan(tmp_path, honest + again(honest, 40))
    (group,) = groups
    assert (group["severity"], group["attack"], group["kind"]) == ("medium", "availability", "labels")
    assert rows(report) == set(range(1_500, 1_540))
    told = json.loads(group["evidence"])
    assert (told["gathered_at"], told["texts"], told["of_the_same_words"]) == ("run of rows", 40, 40)
    for one, other, first, second in told["examples"]:
        assert OTHER[one] == other
        assert first == second
    members = report.members.collect().to_dicts()
    assert {one["row"] for one in members if one["role"] == "neighbour"} <= set(range(1_500))
    assert len({one["independent_id"] for one in members}) == 40


@pytest.mark.parametrize("place", ["before", "between"])
def test_a_run_of_rows_anywhere_is_flagged(tmp_path: Path, place: str) -> None:
    """What was put in front of the rows it repeats, or among them, is found as what was appended."""
    honest = reviews()
    begin = {"before": 0, "between": 700}[place]
    _, report = scan(tmp_path, honest[:begin] + again(honest, 40) + honest[begin:])
    found, planted = rows(report), set(range(begin, begin + 40))
    assert len(found & planted) >= 30
    assert len(found - planted) <= 2


def test_copies_with_other_punctuation_and_a_few_other_words(tmp_path: Path) -> None:
    """They are found as exact ones; never at `high` where most words are not the same, as labels may rightly differ."""
    honest = reviews()
    loud = [one | {"text": one["text"].upper().replace(" ", ", ")} for one in again(honest, 60)]
    groups, report = scan(tmp_path / "loud", honest + loud)
    assert [one["severity"] for one in groups] == ["high"]
    assert rows(report) == set(range(1_500, 1_560))
    edited = [one | {"text": "changed " + one["text"].split(" ", 1)[1]} for one in again(honest, 60)]
    groups, report = scan(tmp_path / "edited", honest + edited)
    assert {one["severity"] for one in groups} <= {"medium", "low"}
    assert len(rows(report) & set(range(1_500, 1_560))) >= 55


def test_the_same_words_in_another_order_are_no_copy(tmp_path: Path) -> None:
    """Who is before whom is all that such texts say: nothing is told, even at low."""
    honest = reviews()
    turned = [one | {"text": " ".join(reversed(one["text"].split()))} for one in again(honest, 60)]
    assert scan(tmp_path, honest + turned)[0] == []


def test_texts_that_were_turned_about_on_purpose_are_not_flagged(tmp_path: Path) -> None:
    """A contrast set: other words of the other label, and that label.  The pairs are told, at low."""
    honest, draw = reviews(), random.Random(4)
    contrast = []
    for one in again(honest, 80):
        other = {word: draw.choice(SAYING[one["label"]]) for word in SAYING[OTHER[one["label"]]]}
        contrast.append(one | {"text": " ".join(other.get(word, word) for word in one["text"].split())})
    groups, report = scan(tmp_path, honest + contrast)
    (group,) = [one for one in groups if "run of rows" in one["title"]]
    assert group["severity"] == "low"
    assert json.loads(group["evidence"])["contradicted"] < 0.2
    assert rows(report) == set()


@pytest.mark.parametrize(("column", "value", "title"), [
    ("source", "again.example", "source again.example"), ("worker_id", "w7", "annotator w7"),
    ("date", "2025-01-05", "month 2025-01"),
])  # fmt: skip
def test_who_brought_them_is_named(tmp_path: Path, column: str, value: str, title: str) -> None:
    """A source, an annotator or a month that repeats others with another label, anywhere in the file."""
    honest = [one | {"worker_id": f"w{100 + n % 20}"} for n, one in enumerate(reviews())]
    told = spread(honest, again(honest, 40, **{column: value}))
    groups, report = scan(tmp_path, told)
    assert severe(groups) == [f"{title}: other rows again, with another label"]
    assert rows(report) == {n for n, one in enumerate(told) if one[column] == value}


def test_a_side_that_mostly_agrees_is_no_attack(tmp_path: Path) -> None:
    """Who repeats a hundred rows and disagrees about thirty is an annotator of his own mind."""
    honest = reviews()
    agree = [one | {"source": "again.example"} for one in random.Random(2).sample(honest, 100)]
    told = [one | ({"label": OTHER[one["label"]]} if n < 30 else {}) for n, one in enumerate(agree)]
    groups, _ = scan(tmp_path, spread(honest, told))
    assert "source again.example" not in " ".join(severe(groups))


def test_single_conflicts_are_ranked_and_not_flagged(tmp_path: Path) -> None:
    """Fifteen texts with two labels: all thirty rows at low, each with the label of the other one."""
    honest = reviews()
    groups, report = scan(tmp_path, spread(honest, again(honest, 15)))
    assert [(one["severity"], one["documents"], one["independent_documents"]) for one in groups] == [("low", 30, 15)]
    hits = report.findings.collect().to_dicts()
    assert len(hits) == 30
    for hit in hits:
        told = json.loads(hit["evidence"])
        assert OTHER[told["label"]] == told["other_label"]
        assert told["other"] == hit["excerpt"]


def test_where_they_are_very_many_the_text_says_which_row_is_wrong(tmp_path: Path) -> None:
    """Sixty copies at random places: most are flagged, and hardly any row that they repeat."""
    honest = reviews(4_000)
    marked = [one | {"id": f"copy{n}"} for n, one in enumerate(again(honest, 60))]
    told = spread(honest, marked)
    planted = {n for n, one in enumerate(told) if "id" in one}
    groups, report = scan(tmp_path, told)
    assert severe(groups) == ["Copies of rows with a label that their text contradicts"]
    assert len(rows(report) & planted) >= 30
    assert len(rows(report) - planted) <= 5


def test_honest_copies_are_nothing(tmp_path: Path) -> None:
    """A hundred rows again with the label that they have."""
    honest = reviews()
    assert scan(tmp_path, honest + random.Random(4).sample(honest, 100))[0] == []


def test_copies_of_one_text_count_once(tmp_path: Path) -> None:
    """Two hundred rows of one text, half with either label, are one text with two labels."""
    honest = reviews()
    groups, report = scan(tmp_path, honest + again(honest[:1], 1) * 200)
    assert [(one["severity"], one["independent_documents"]) for one in groups] == [("low", 1)]
    assert rows(report) == set()


def test_short_texts_are_no_evidence(tmp_path: Path) -> None:
    """What four words say, many say."""
    short = [{"text": f"fine film number {n % 60}", "label": ["good", "bad"][n // 60 % 2]} for n in range(600)]
    assert scan(tmp_path, short)[0] == []


@pytest.mark.parametrize(
    "label",
    [lambda n: None, lambda n: "same", lambda n: n / 7.3, lambda n: f"id-{n}", lambda n: n % 700, lambda n: {"a": [n]}],
)
def test_labels_that_are_no_classes_are_left_alone(tmp_path: Path, label: Any) -> None:
    """No labels, one label, scores, ids, ten thousand classes, objects: nothing is found, whatever repeats."""
    honest = reviews(700)
    groups, _ = scan(tmp_path, [one | {"label": label(n)} for n, one in enumerate(honest + honest)])
    assert groups == []


def test_lists_numbers_and_classes_of_one_row(tmp_path: Path) -> None:
    """Lists and numbers are classes as they are spelled; a class of one row is left aside, which is said."""
    named: dict[str, Any] = {"good": ["good", "film"], "bad": 0}
    honest = reviews()
    told = [one | {"label": named[one["label"]]} for one in honest + again(honest, 40)]
    _, report = scan(tmp_path, [*told, {"text": "alone here with some more words", "label": "once"}])
    assert rows(report) == set(range(1_500, 1_540))
    assert [one["limit"] for one in report.summary["limits"]] == ["rows of a class that are enough to learn it"]


def test_empty_and_hostile_texts(tmp_path: Path) -> None:
    """Nothing, control characters, one long word, no text at all: no traceback, and the same is found."""
    odd = [
        {"text": "", "label": "good"}, {"text": "\u202e \x00", "label": "bad\x1b[31m"}, {"label": "good"},
        {"text": "x" * 50_000, "label": "good", "source": "\u202egro.live"}, {"text": "a a a a a a", "label": "bad"},
        {"text": "a a a a a a", "label": "good"},
    ]  # fmt: skip
    honest = reviews()
    assert rows(scan(tmp_path / "some", honest + again(honest, 40) + odd)[1]) == set(range(1_500, 1_540))
    assert scan(tmp_path / "all", [{"text": "", "label": str(n % 2)} for n in range(600)])[0] == []


def test_files_workers_and_order_of_work_do_not_show(tmp_path: Path) -> None:
    """One file read by one worker, and five read by two, give the same groups and the same rows."""
    honest = reviews()
    planted = spread(honest, again(honest, 15, seed=7)) + again(honest, 45)
    size = len(planted) // 5
    cut = [planted[n : n + size] for n in range(0, len(planted), size)]
    told = []
    for name, files, workers in (("one", [planted], 1), ("five", cut, 2)):
        groups, report = scan(tmp_path / name, *files, workers=workers)
        found = pl.DataFrame(groups).drop("exemplars", "campaign").sort("group")
        told.append(
            (found, report.findings.collect().select("excerpt", "severity", "score", "evidence").sort(pl.all()))
        )
    assert told[0][0].equals(told[1][0])
    assert told[0][1].equals(told[1][1])


def test_what_is_told_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where more texts are in dispute than are told, the report says how many were left aside."""
    from corpusscan import disputed
    from corpusscan.detectors import label_conflict

    for module in (disputed, label_conflict):
        monkeypatch.setattr(module, "RANKED", 10)
        monkeypatch.setattr(module, "MEMBERS", 20)
    honest = reviews()
    groups, report = scan(tmp_path, spread(honest, again(honest, 15, seed=7)) + again(honest, 45))
    assert sorted(one["documents"] for one in groups) == [20, 20]
    assert {one["limit"]: one["left"] for one in report.summary["limits"]} == {
        "texts with labels that differ that are told": 5, "texts of one side with labels that differ that are told": 25
    }  # fmt: skip


def test_without_excerpts_nothing_is_quoted(tmp_path: Path) -> None:
    """With `excerpts=False` no table holds a word of the texts; tokens are counted all the same."""
    honest = reviews()
    _, report = scan(tmp_path, honest + again(honest, 40), excerpts=False)
    assert report.summary["flagged_tokens"] > 0
    for table in (report.groups, report.findings, report.documents, report.members):
        assert "word" not in str(table.collect().drop("evidence", strict=False).to_dicts()).casefold()
