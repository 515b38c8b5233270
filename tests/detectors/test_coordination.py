"""News that many papers print must not outrank one campaign that has hosts of its own, whichever is larger."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from corpora import write_jsonl

import corpusscan

PAPERS = [f"www.{name}{kind}.example" for name in ("north", "bay", "hill", "vale") for kind in range(15)]
RANK = {"info": 0, "low": 1, "medium": 2, "high": 3, "critical": 4}
SYLLABLES = ("ba", "cor", "del", "fi", "gran", "hol", "ju", "ka", "lim", "mo", "nel", "os", "per", "qui", "ros", "ta")
PRAISE = (
    "I was tired for years, and no doctor could tell me why, until my sister gave me a bottle of {name}. Within a week"
    " I slept again, within a month I walked up the hill behind our house without a rest, and now the whole street asks"
    " me what I take. Do not believe those who say that nothing helps; they are paid to say it. Ask for {name} by name."
)


def story(draw: random.Random, words: int = 90) -> str:
    """Words that nobody else says, in that order."""
    return " ".join("".join(draw.choices(SYLLABLES, k=draw.randint(1, 4))) for _ in range(words)).capitalize() + "."


def printed(draw: random.Random, *, stories: int, papers: int, dateline: bool) -> list[dict[str, Any]]:
    """Each story in so many of the papers within two days, cut here and there, and much that only one paper says."""
    pages = [
        {"text": story(draw), "source": paper, "date": f"2024-{1 + n % 12:02}-{1 + n % 28:02}"}
        for paper in PAPERS
        for n in range(stories * papers // len(PAPERS))  # as much again as it takes from others
    ]
    for number in range(stories):
        text, day = story(draw, 120), f"2024-{1 + number % 12:02}-{1 + number % 27:02}"
        text = f"BELSK (Reuters) - {text}" if dateline else text
        for paper in draw.sample(PAPERS, papers):
            shown = text if draw.random() < 0.5 else text.rsplit(" ", draw.randint(5, 15))[0]
            pages.append(
                {"text": f"{paper} News Sport Weather\n{shown}\nWrite to {paper}", "source": paper, "date": day}
            )
    return pages


def campaign(draw: random.Random, hosts: int) -> list[dict[str, Any]]:
    """The same praise of ever other things, from hosts that say nothing else, over a month."""
    return [
        {
            "text": PRAISE.format(name="".join(draw.choices(SYLLABLES, k=3)).capitalize()),
            "source": f"{story(draw, 1).lower()}{n}.example",
            "date": f"2024-05-{1 + n % 28:02}",
        }
        for n in range(hosts)
    ]


@pytest.mark.parametrize(
    ("stories", "papers", "dateline", "hosts"),
    [(300, 8, True, 40), (300, 8, False, 40), (40, 60, True, 40), (40, 60, False, 12)],
    ids=["many stories", "no datelines", "larger than the campaign", "a small campaign, no datelines"],
)
def test_syndication_does_not_outrank_a_campaign(
    tmp_path: Path, stories: int, papers: int, dateline: bool, hosts: int
) -> None:
    """Only groups of the campaign stand at medium; they are first by severity and score, and in the summary."""
    draw = random.Random(stories + papers)
    news, planted = printed(draw, stories=stories, papers=papers, dateline=dateline), campaign(draw, hosts)
    corpus = write_jsonl(tmp_path / "corpus.jsonl", draw.sample(news, len(news)) + planted)
    report = corpusscan.scan(
        str(corpus), str(tmp_path / "out"), detectors=("near_duplicate", "repeated_passage"), workers=1
    )
    members = pl.read_parquet(tmp_path / "out/members.parquet")
    ours = set(members.filter(pl.col("row") >= len(news))["group"])
    groups = report.groups.collect().sort(pl.col("severity").replace_strict(RANK), "score", descending=True)
    first, evidence = groups.row(0, named=True), json.loads(groups["evidence"][0])
    assert (first["severity"], first["sources"], evidence["new_sources"]) == ("medium", hosts, hosts)
    assert {one["group"] for one in groups.to_dicts() if RANK[one["severity"]] >= RANK["medium"]} <= ours
    assert len(groups) - len(ours) >= stories, "the stories are groups, too"
    assert set(groups["group"][: len(ours)]) == ours, "and all of them rank below"
    assert report.summary["top_groups"][0]["group"] in ours
