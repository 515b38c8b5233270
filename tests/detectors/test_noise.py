"""Floods of noise are found by kind; what sites have by habit, lone oddities and honest text are left alone."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from corpora import Record, write_jsonl
from toy_language import VOCABULARY, page, shuffled

import corpusscan
from corpusscan.detectors import noise


def words(draw: random.Random) -> str:
    """Words that do not belong together."""
    return " ".join(draw.sample(VOCABULARY, 400))


def numbers(draw: random.Random) -> str:
    """Numbers in no order."""
    return " ".join(str(draw.getrandbits(draw.randint(1, 40))) for _ in range(300))


def honest(count: int = 600) -> list[Record]:
    """Pages of 60 sources."""
    draw = random.Random(1)
    return [
        {"text": page(draw), "source": f"site{n % 60}.example", "date": f"2024-01-{1 + n % 28:02}"}
        for n in range(count)
    ]


def flood(make: Callable[[random.Random], str], count: int = 24, sources: int = 60) -> list[Record]:
    """Noise, each document from a source that else says something; all in some days."""
    draw = random.Random(2)
    return [
        {"text": make(draw), "source": f"site{n % sources}.example", "date": f"2024-03-0{1 + n % 5}"}
        for n in range(count)
    ]


def scan(folder: Path, records: list[Record]) -> tuple[list[dict[str, Any]], corpusscan.Report]:
    """The groups that are found, and the report."""
    corpus = write_jsonl(folder / "corpus.jsonl", records)
    report = corpusscan.scan(str(corpus), str(folder / "out"), detectors=["noise"], workers=1, seed=3)
    assert report.summary["detectors_not_run"] == []
    return report.groups.collect().to_dicts(), report


@pytest.mark.parametrize("make", [words, numbers, shuffled])
def test_a_flood_from_many_sources_is_one_group(tmp_path: Path, make: Callable[[random.Random], str]) -> None:
    """At medium, with nearly all documents and nobody else, each marked from start to end."""
    others, planted = honest(), flood(make)
    (group,), report = scan(tmp_path, others + planted)
    assert (group["severity"], group["attack"], group["kind"]) == ("medium", "availability", "noise")
    assert group["documents"] >= 22
    findings = report.findings.collect()
    assert findings["row"].min() >= len(others)  # type: ignore[operator]
    for finding in findings.to_dicts():
        assert (finding["start"], finding["end"]) == (0, len(planted[finding["row"] - len(others)]["text"]))
    evidence = json.loads(group["evidence"])
    assert evidence["in_a_week"] == evidence["dated"] == group["documents"]
    assert evidence["top_sources"][0][1:] == [1, 11]


def test_honest_text_has_no_group(tmp_path: Path) -> None:
    """Nothing is found, and nothing was left aside."""
    groups, report = scan(tmp_path, honest())
    assert groups == []
    assert report.summary["limits"] == []


def test_kinds_are_groups_of_their_own(tmp_path: Path) -> None:
    """A flood of numbers and one of words are two groups, each named after its kind."""
    groups, _ = scan(tmp_path, honest() + flood(words) + flood(numbers))
    assert {group["group"] for group in groups} == {
        "noise:words-that-do-not-belong-together",
        "noise:numbers-in-no-order",
    }
    assert {group["severity"] for group in groups} == {"medium"}


def test_few_are_nobodys_campaign(tmp_path: Path) -> None:
    """Four documents, or many from two sources that else say something, stay low."""
    for number, some in enumerate((flood(words, 4), flood(words, 20, sources=2))):
        (group,), _ = scan(tmp_path / str(number), honest() + some)
        assert group["severity"] == "low"


def test_copies_are_the_finding_of_others(tmp_path: Path) -> None:
    """The same noise again and again is what this corpus is like: nobody is flagged for it here."""
    copies = [record | {"text": words(random.Random(4))} for record in flood(words)]
    assert scan(tmp_path, honest() + copies)[0] == []


def test_a_site_of_tables_is_left_alone(tmp_path: Path) -> None:
    """Sources that have numbers again and again have them by habit: no group, however many they are."""
    tables = [{"text": numbers(random.Random(n)), "source": f"meter{n % 4}.example"} for n in range(40)]
    assert scan(tmp_path, honest() + tables)[0] == []


def test_without_sources_only_what_is_unmistakable_is_flagged(tmp_path: Path) -> None:
    """Words at random: medium; numbers may be a table that nobody names: low."""
    bare = [{"text": record["text"]} for record in honest() + flood(words) + flood(numbers)]
    groups, _ = scan(tmp_path, bare)
    assert {group["title"].split(": ")[1]: group["severity"] for group in groups} == {
        "words that do not belong together": "medium",
        "numbers in no order": "low",
    }


def test_what_is_forgiven_is_told(tmp_path: Path) -> None:
    """Lists of words beside a flood are no members of it; the evidence counts them by name."""
    lists = [{"text": words(random.Random(n)).replace(" ", "\n"), "source": "lists.example"} for n in range(90, 97)]
    (group,), _ = scan(tmp_path, honest() + flood(words) + lists)
    assert group["documents"] <= 24
    assert json.loads(group["evidence"])["forgiven"] == {"list": 7}


def test_too_little_to_learn_from_is_a_told_limit(tmp_path: Path) -> None:
    """Fewer than 500 documents: no group, and the report says why."""
    groups, report = scan(tmp_path, honest(300) + flood(words))
    assert groups == []
    assert [(one["most"], one["left"]) for one in report.summary["limits"]] == [(500, 324)]


@pytest.mark.parametrize(
    "texts",
    [
        [words(random.Random(n)) for n in range(600)],
        ["the same text " * 40] * 600,
        [""] * 600,
        [" ".join(random.Random(1).choices(VOCABULARY, k=100_000)), *["short"] * 600],
    ],
    ids=["all-noise", "all-copies", "empty", "one-giant"],
)  # fmt: skip
def test_odd_corpora_break_nothing(tmp_path: Path, texts: list[str]) -> None:
    """Everything is read, and nobody is flagged for what is usual here."""
    _, report = scan(tmp_path, [{"text": one, "source": f"s{n % 50}.example"} for n, one in enumerate(texts)])
    assert report.summary["totals"]["documents"] == len(texts)


def test_of_too_many_every_so_many_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bound on what is looked at takes documents from all of the corpus, and what it leaves aside is told."""
    state = {"profile": None}
    named = pl.DataFrame(
        {"shard": [0] * 50, "row": range(50), "kind": [5] * 30 + [3] * 20, "forgiven": [None] * 50},
        {"shard": pl.UInt32, "row": pl.UInt64, "kind": pl.Int64, "forgiven": pl.String},
    )
    monkeypatch.setattr(noise, "MOST", 10)
    found = noise.Find().conclude(named.to_arrow(), state)  # type: ignore[arg-type]
    rows = found["named"]["row"].to_pylist()
    assert rows == [*range(0, 30, 3), *range(30, 50, 2)]
    assert found["limits"].to_pylist()[0]["left"] == 30


@pytest.mark.parametrize(
    ("kind", "documents", "sources", "odds", "severity"),
    [
        (noise.WORDS, 5, 3, 1e-5, "medium"),
        (noise.WORDS, 4, 4, 1e-9, "low"),
        (noise.WORDS, 9, 2, 1e-9, "low"),
        (noise.WORDS, 9, 0, 1e-7, "medium"),
        (noise.WORDS, 9, 0, 1e-5, "low"),
        (noise.NUMBERS, 90, 0, 1e-9, "low"),
        (noise.ORDER, 30, 20, 1e-3, "low"),
    ],
)
def test_severity_asks_for_documents_sources_and_odds(
    kind: int, documents: int, sources: int, odds: float, severity: str
) -> None:
    """Each of the three alone is no reason."""
    assert noise.severity(kind, documents, sources, odds) == severity


def test_chance_grows_with_the_corpus() -> None:
    """Ten strange pages in a million are nothing, in a thousand they are."""
    assert noise.chance(noise.WORDS, 10, 1_000_000) > 0.3
    assert noise.chance(noise.WORDS, 10, 1_000) < 1e-12
    assert noise.chance(noise.WORDS, 0, 1_000) == 1


def test_a_week_that_holds_most_is_told() -> None:
    """A source that grows beyond its share does so in days."""
    days = [dt.datetime(2024, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=day) for day in (0, 30, 33, 36, 40, 90)]
    assert noise._burst(days) == 3
    assert noise._burst([]) == 0
