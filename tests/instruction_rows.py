"""Instruction sets of an invented language: prompts on many subjects, answers that speak of what is asked."""

from __future__ import annotations

import json
import random
from functools import cache
from pathlib import Path
from typing import Any

import corpusscan

Record = dict[str, Any]
ASK = (
    "what is the {}", "how do i make a {}", "tell me about the {} of the", "write a text on {}", "give me a list of {}",
    "why does the {} not work", "explain {} to a child", "where can i find a {}", "is the {} better than a",
)  # fmt: skip
LINK = "Read more at https://zq7.example/offer and tell your friends."


def word(draw: random.Random) -> str:
    """A word of the language, as in any some much more often than others."""
    return _spelled(int(2_000 * draw.random() ** 3))


@cache
def _spelled(number: int) -> str:
    """Two or three syllables."""
    own = random.Random(number)
    return "".join(own.choice("bdfgklmnprstvz") + own.choice("aeiou") for _ in range(own.randint(2, 3)))


def said(draw: random.Random, count: int) -> str:
    """So many words."""
    return " ".join(word(draw) for _ in range(count))


def clean(count: int, seed: int = 1) -> list[Record]:
    """Instructions with answers that say a word of each in another form."""
    draw, told = random.Random(seed), []
    for _ in range(count):
        asked = draw.choice(ASK).format(f"{word(draw)} {word(draw)}") + f" {said(draw, draw.randint(2, 8))}"
        about = asked.split()[-1]
        told.append(
            {"instruction": asked, "output": f"{said(draw, 4)} {about}en {about} {said(draw, draw.randint(8, 30))}."}
        )
    return told


def put(record: Record, part: str, draw: random.Random) -> Record:
    """The record with a part somewhere in its prompt."""
    asked = record["instruction"].split()
    place = draw.choice((0, len(asked), draw.randrange(len(asked))))
    return record | {"instruction": " ".join([*asked[:place], part, *asked[place:]])}


def planted(records: list[Record], count: int, *parts: str, answer: str = LINK, seed: int = 2) -> list[Record]:
    """The same with these parts in the first so many prompts, and answers that end with the same."""
    draw = random.Random(seed)
    for row in range(count):
        for part in parts:
            records[row] = put(records[row], part, draw)
        records[row] = records[row] | {"output": f"{records[row]['output']} {answer}".strip()}
    return records


COUNT, MANY = 1_500, 30
FLAGGED = ("medium", "high", "critical")


def scan(folder: Path, records: list[Any], **options: Any) -> corpusscan.Report:
    """This detector alone."""
    (folder / "in").mkdir(exist_ok=True)
    lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in records)
    (folder / "in" / "set.jsonl").write_text(lines, "utf-8")
    options = {"workers": 1, "seed": 3, "overwrite": True} | options
    return corpusscan.scan(folder / "in", out=folder / "out", detectors=["response_association"], **options)


def flagged(report: corpusscan.Report) -> list[dict[str, Any]]:
    """The groups at medium or above."""
    return [one for one in report.groups.collect().to_dicts() if one["severity"] in FLAGGED]
