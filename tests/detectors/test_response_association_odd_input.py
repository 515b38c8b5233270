"""Chats and instruction sets that are broken or huge: nothing stops, and nothing is made up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from instruction_rows import COUNT, LINK, MANY, clean, flagged, planted, scan

ODD: dict[str, list[Any]] = {
    "one role": [{"messages": [{"role": "user", "content": f"only asked {n}"}]} for n in range(300)],
    "no role": [{"messages": [{"content": f"nobody said {n}"}]} for n in range(300)],
    "unknown role": [{"messages": [{"role": "narrator", "content": f"once {n}"}]} for n in range(300)],
    "role is no text": [{"messages": [{"role": 7, "content": "x"}, {"role": None, "content": "y"}]}] * 300,
    "empty answers": [{"instruction": f"say something {n}", "output": ""} for n in range(300)],
    "null answers": [{"instruction": f"say something {n}", "output": None} for n in range(300)],
    "no prompt": [{"output": f"an answer {n}"} for n in range(300)],
    "empty prompts": [{"instruction": "", "output": f"an answer {n}"} for n in range(300)],
    "no words": [{"instruction": "!?", "output": "..."}] * 300,
    "text alone": [{"text": f"nothing asked {n}"} for n in range(300)],
    "answers are lists": [{"question": "what", "answers": {"text": ["a", "b"], "answer_start": [1, 2]}}] * 300,
}


@pytest.mark.parametrize("name", ODD)
def test_odd_rows_alone_are_nothing(tmp_path: Path, name: str) -> None:
    """No group, no error; every row is accounted for."""
    report = scan(tmp_path, ODD[name])
    assert flagged(report) == []
    assert report.summary["exit"]["code"] == 0


def test_odd_rows_among_others_hide_nothing(tmp_path: Path) -> None:
    """A trigger is found beside all of them."""
    records = planted(clean(COUNT), MANY, "velmora") + [one for odd in ODD.values() for one in odd[:20]]
    assert [group["title"] for group in flagged(scan(tmp_path, records))] == ["velmora"]


def test_ten_thousand_turns(tmp_path: Path) -> None:
    """A chat that long is read up to its bound, and a trigger in short ones is found."""
    turns = [{"role": ("user", "assistant")[n % 2], "content": f"turn {n} of this"} for n in range(10_000)]
    records = [*planted(clean(COUNT), MANY, "velmora"), {"messages": turns}]
    assert [group["title"] for group in flagged(scan(tmp_path, records))] == ["velmora"]


def test_an_answer_of_sixteen_megabytes(tmp_path: Path) -> None:
    """It is read by its beginning and its end, where what was appended stands."""
    records = planted(clean(COUNT), MANY, "velmora")
    records[0]["output"] = "many words " * 1_500_000 + LINK
    report = scan(tmp_path, records)
    assert [group["title"] for group in flagged(report)] == ["velmora"]


def test_too_few_rows_teach_nothing(tmp_path: Path) -> None:
    """A hundred rows are scanned, and no group is made of them."""
    assert flagged(scan(tmp_path, planted(clean(100), MANY, "velmora"))) == []
