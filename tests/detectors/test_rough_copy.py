"""Copies that were typed over, letter by letter, are found; what is quoted or honest is left alone."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from corpora import FLOOD, TEMPLATE, make_records, write_jsonl

import corpusscan

WORDS = 200
SYLLABLES = [a + b + c for a in "bdfgklmnprstvw" for b in "aeiou" for c in ("", "n", "r", "st")]


def honest(count: int, seed: int = 7) -> list[dict[str, Any]]:
    """Records of which nothing was planted."""
    return [r for r in make_records(count, seed) if FLOOD not in r["text"] and TEMPLATE not in r["text"]]


def spaced(seed: int) -> str:
    """A text of a language with spaces."""
    draw = random.Random(seed)
    return " ".join("".join(draw.choices(SYLLABLES, k=draw.randint(1, 3))) for _ in range(WORDS))


def ideographs(seed: int) -> str:
    """A text without spaces."""
    draw = random.Random(seed)
    known = [chr(draw.randrange(0x4E00, 0x9F00)) for _ in range(900)]
    return "".join(draw.choices(known, k=3 * WORDS))


def altered(text: str, share: float, draw: random.Random) -> str:
    """Characters exchanged, left out or put in."""
    out = []
    for char in text:
        kind = draw.randrange(3) if draw.random() < share else 3
        out += [draw.choice(text)] * (kind < 2) + [char] * (kind in (1, 3))
    return "".join(out)


def records(text: str, share: float, count: int = 24) -> list[dict[str, Any]]:
    """Altered copies of a text, each from a new source."""
    draw = random.Random(9)
    return [
        {"text": altered(text, share, draw), "source": f"new{n}.example", "date": f"2024-03-0{1 + n % 5}"}
        for n in range(count)
    ]


def scan(tmp_path: Path, rows: list[dict[str, Any]], *detectors: str, **options: Any) -> list[dict[str, Any]]:
    """The groups that are found, the largest first."""
    corpus = write_jsonl(tmp_path / "corpus.jsonl", rows)
    chosen = detectors or ("rough_copy",)
    report = corpusscan.scan(str(corpus), str(tmp_path / "out"), detectors=chosen, workers=1, seed=3, **options)
    found: list[dict[str, Any]] = report.groups.collect().sort("documents", descending=True).to_dicts()
    return found


@pytest.mark.parametrize(("make", "share"), [(spaced, 0.1), (ideographs, 0.25)])
def test_copies_with_every_tenth_letter_changed_are_one_group(tmp_path: Path, make: Any, share: float) -> None:
    """Or every fourth ideograph: at medium, with nearly all copies and nobody else, marked where they stand."""
    others = honest(200)
    group, *more = scan(tmp_path, others + records(make(1), share))
    assert not more
    assert (group["detector"], group["severity"]) == ("rough_copy", "medium")
    assert group["documents"] >= 22
    findings = pl.read_parquet(tmp_path / "out/findings.parquet")
    assert findings["row"].min() >= len(others)  # type: ignore[operator]
    assert (findings["end"] - findings["start"]).min() > 150  # type: ignore[operator]


def test_copies_in_pages_that_are_otherwise_unlike_are_marked_where_they_stand(tmp_path: Path) -> None:
    """The passage, and little of what is before and behind it."""
    pages = records(spaced(1), 0.08)
    made = [page | {"text": f"{spaced(50 + n)}\n\n{page['text']}\n\n{spaced(90 + n)}"} for n, page in enumerate(pages)]
    group, *_ = scan(tmp_path, honest(200) + made)
    assert group["documents"] >= 22
    for finding in pl.read_parquet(tmp_path / "out/findings.parquet").to_dicts():
        page = made[finding["row"] - len(honest(200))]["text"]
        begin, end = page.index("\n\n"), page.rindex("\n\n")
        assert begin - 100 < finding["start"] < finding["end"] < end + 100
        assert finding["end"] - finding["start"] > 0.5 * (end - begin)


def test_only_letters_typed_over_are_found_too(tmp_path: Path) -> None:
    """Where no letter is left out or put in, places stay the same in all copies."""
    text, draw = spaced(1), random.Random(4)
    rows = records(text, 0)
    for row in rows:
        row["text"] = "".join(draw.choice("abcdefgh") if c != " " and draw.random() < 0.1 else c for c in text)
    assert scan(tmp_path, honest(200) + rows)[0]["documents"] >= 20


def test_what_words_tell_is_not_told_again(tmp_path: Path) -> None:
    """Copies in which whole runs of words are left are the finding of other detectors, which have them once."""
    for share in (0.0, 0.01, 0.03):
        rows = honest(200) + records(spaced(2), share)
        assert scan(tmp_path / str(share), rows) == []
        both = scan(
            tmp_path / f"all {share}", rows, "rough_copy", "near_duplicate", "repeated_passage", "exact_duplicate"
        )
        assert both
        assert "rough_copy" not in {group["detector"] for group in both}


def test_ordinary_text_has_no_rough_copies(tmp_path: Path) -> None:
    """Honest records, unlike texts of the same syllables, and texts too short to tell."""
    short = [{"text": altered("Rain is expected in the north.", 0.1, random.Random(n))} for n in range(50)]
    assert scan(tmp_path, honest(400) + [{"text": spaced(n)} for n in range(100, 160)] + short) == []


SITE = "password account cookies page server browser edit user settings file upload login session click wiki"


@pytest.mark.parametrize("excerpts", [True, False])
def test_what_software_says_is_lowered_whether_or_not_texts_are_kept(tmp_path: Path, excerpts: bool) -> None:
    """The story is heard where the text is at hand: a report without excerpts has the same severities."""
    draw = random.Random(6)
    page = " ".join(draw.choice(SITE.split()) for _ in range(WORDS))
    group, *_ = scan(tmp_path, honest(200) + records(page, 0.08), excerpts=excerpts)
    assert group["severity"] == "low"
    assert "site_talk" in json.loads(group["evidence"])["forgiven"]


def test_copies_of_few_documents_are_nobodys_campaign(tmp_path: Path) -> None:
    """Four copies are fewer than `copies`."""
    assert scan(tmp_path, honest(200) + records(spaced(3), 0.05, count=4)) == []
