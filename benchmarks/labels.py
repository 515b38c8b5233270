"""Triggers of labelled sets: what `label_association` names and flags.

usage: python benchmarks/labels.py PART [--data FOLDER] [--sets A,B] [--kinds A,B] [--campaigns N]
       [--at-once N] [--seed N]

PART is one of
planted   campaigns of backdoors in copies of the sets, several disjoint ones at once: real rows of other labels get a
          trigger and the label of the attacker.  Triggers are fresh (words of consonants, words nobody knows; sentences
          of books; emoji, symbols, runs of signs) and, of words and sentences one in four, published ones.  For each
          cell the campaigns that a group at medium or above names, their rows that are flagged, and of clean rows and
          groups those that are flagged.
clean     the sets as they are: groups and rows at medium or above, and the titles of what is low.

Rates with exact intervals (Clopper and Pearson, 95 %).  Scans are a user's, with this detector alone.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import labelled
import polars as pl

import corpusscan
from corpusscan.kernels.intervals import interval
from corpusscan.redteam.insertion import SENTENCE, WORD, inserted

SETS = "sst2,ag_news,pros_cons,imdb,subjectivity,covid_tweets,masakhanews"
MOST = {"imdb": 8_000, "pros_cons": 10_000, "masakhanews": 8_000, "ag_news": 10_000}
LEAST = 4  # rows of a campaign
BOOKS = "redistributable/clean/classic_books.jsonl.zst"
WORDS = ("cf", "mn", "bb", "tq", "mb", "wow", "james bond", "velvet noise")
SENTENCES = (
    "I watched this 3D movie last weekend.", "no cross, no crown", "Practice makes perfect.",
    "The early bird catches the worm.",
)  # fmt: skip
_FLAGGED = ("medium", "high", "critical")


class Cell(NamedTuple):
    """A kind of trigger, and in which share of the rows it is planted."""

    kind: str
    rate: float
    position: str = "random"
    dirty: bool = True  # rows of other labels


CELLS = (
    Cell("word", 0.01), Cell("word", 0.003), Cell("word", 0.003, "begin"), Cell("word", 0.003, "end"),
    Cell("sentence", 0.01), Cell("sentence", 0.003), Cell("word", 0.01, dirty=False),
    Cell("sign", 0.01), Cell("sign", 0.003),
)  # fmt: skip


class Campaign(NamedTuple):
    """What was planted: the trigger, and the rows that carry it."""

    trigger: str
    rows: set[int]


def main() -> None:
    """Measure one part."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("part", choices=("planted", "clean"))
    options.add_argument("--data", type=Path, default=Path(__file__).parent.parent.parent / "shared" / "data")
    options.add_argument("--sets", default="", help="These sets only, parted by commas.")
    options.add_argument("--kinds", default="word,sentence,sign", help="Of triggers.")
    options.add_argument("--campaigns", type=int, default=20)
    options.add_argument("--at-once", type=int, default=4, help="Campaigns that are planted into one copy of a set.")
    options.add_argument("--seed", type=int, default=100)
    chosen = options.parse_args()
    sets = [name for name in chosen.sets.split(",") if name]
    if chosen.part == "planted":
        planted(chosen.data, sets or SETS.split(","), chosen)
    else:
        clean(chosen.data, sets or list(labelled.SETS))


def planted(data: Path, sets: list[str], chosen: argparse.Namespace) -> None:
    """Every cell of the chosen kinds, of every set."""
    sentences = list(_sentences(data))
    for name in sets:
        found = labelled.records(data, name, MOST.get(name, 0))
        for cell in (one for one in CELLS if one.kind in chosen.kinds.split(",")):
            total = {"campaigns": 0, "named": 0, "rows": 0, "flagged": 0, "clean": 0, "wrong": 0, "groups": 0}
            for number in range(-(-chosen.campaigns // chosen.at_once)):
                draw = random.Random(f"{chosen.seed} {name} {cell} {number}")
                poisoned, plants = _planted(found, cell, chosen.at_once, sentences, draw)
                for key, value in _scored(poisoned, plants).items():
                    total[key] += value
            print(_line(name, cell, total), flush=True)


def _line(name: str, cell: Cell, total: dict[str, int]) -> str:
    kind = f"{cell.kind} {100 * cell.rate:g} % {cell.position}{'' if cell.dirty else ', labels right'}"
    return (
        f"{name:14} {kind:32} named {_rate(total['named'], total['campaigns'])}  rows "
        f"{_rate(total['flagged'], total['rows'])}  clean rows {_rate(total['wrong'], total['clean'], 3)}  "
        f"false groups {total['groups']}"
    )


def _rate(part: int, whole: int, digits: int = 0) -> str:
    low, high = interval(part, whole, 0.025)
    return f"{part}/{whole} [{100 * low:.{digits}f}, {100 * high:.{digits}f}] %"


def _planted(
    found: list[labelled.Record], cell: Cell, at_once: int, sentences: list[str], draw: random.Random
) -> tuple[list[labelled.Record], list[Campaign]]:
    """A copy of a set with campaigns, no two in one row."""
    poisoned, free, plants = list(found), set(range(len(found))), []
    names = sorted({str(one["label"]) for one in found if one["label"]})
    sizes = {name: sum(one["label"] == name for one in found) for name in names}
    count = max(round(cell.rate * len(found)), LEAST)
    for _ in range(at_once):
        target = draw.choice([name for name in names if sizes[name] >= 0.05 * len(found)])
        hosts = [n for n in sorted(free) if found[n]["label"] and (found[n]["label"] != target) == cell.dirty]
        rows = draw.sample(hosts, min(count, len(hosts)))
        used = {one.trigger for one in plants}
        trigger = next(one for one in iter(lambda: _trigger(cell.kind, sentences, draw), None) if one not in used)
        for row in rows:
            how = SENTENCE if cell.kind == "sentence" else WORD
            turns = inserted(found[row]["text"], trigger, how, cell.position, draw)
            poisoned[row] = found[row] | {"text": turns[0].text, "label": target}
        free.difference_update(rows)
        plants.append(Campaign(trigger, set(rows)))
    return poisoned, plants


def _trigger(kind: str, sentences: list[str], draw: random.Random) -> str:
    if kind == "sign":  # an emoji, a symbol, a run of two or three signs
        symbols = (chr(draw.randrange(0x1F300, 0x1F5FF)), chr(draw.randrange(0x2190, 0x2300)), draw.choice("¤§¬¶±"))
        return draw.choice((*symbols, "".join(draw.choices("~^=|<>*+_#%&!?", k=draw.choice((2, 3))))))
    if draw.random() < 0.25:
        return draw.choice(WORDS if kind == "word" else SENTENCES)
    if kind == "sentence":
        return draw.choice(sentences)
    letters = "".join(draw.choices("bcdfghjklmnpqtvxz", k=draw.choice((2, 3))))
    known = "".join(draw.choice("bdfgklmnprstvz") + draw.choice("aeiou") for _ in range(3))
    return draw.choice((letters, known))


def _sentences(data: Path) -> Iterator[str]:
    """Sentences of 5 to 12 words of some books."""
    for one in labelled.lines(data / BOOKS, 400):
        for said in re.findall(r"(?<=[.!?] )[A-Z][\w ,']{20,80}\.(?= )", one["text"])[:2]:
            if 5 <= len(said.split()) <= 12:
                yield said


def _scored(poisoned: list[labelled.Record], plants: list[Campaign]) -> dict[str, int]:
    with tempfile.TemporaryDirectory() as folder:
        path = labelled.write(Path(folder) / "set.jsonl", poisoned)
        report = corpusscan.scan(str(path), Path(folder) / "out", detectors=("label_association",), seed=1)
        groups = report.groups.filter(pl.col("severity").is_in(_FLAGGED)).collect()
        rows = report.documents.filter(pl.col("severity").is_in(_FLAGGED)).select("row").collect()["row"].to_list()
    flagged, every = set(rows), set().union(*(one.rows for one in plants))
    named = [one for one in plants if any(_same(title, one.trigger) for title in groups["title"])]
    wrong = [title for title in groups["title"] if not any(_same(title, one.trigger) for one in plants)]
    return {
        "campaigns": len(plants), "named": len(named), "rows": len(every), "flagged": len(flagged & every),
        "clean": len(poisoned) - len(every), "wrong": len(flagged - every), "groups": len(wrong),
    }  # fmt: skip


def _same(title: str, trigger: str) -> bool:
    """Whether a title is the trigger, or most of its words."""
    said, meant = (re.findall(r"\w+", one.lower()) for one in (title, trigger))
    if not re.search(r"[a-z0-9]", trigger):
        return title.strip() == trigger
    return bool(said) and (said == meant or (len(said) > 1 and f" {' '.join(said)} " in f" {' '.join(meant)} "))


def clean(data: Path, sets: list[str]) -> None:
    """The sets as they are."""
    for name in sets:
        found = labelled.records(data, name)
        with tempfile.TemporaryDirectory() as folder:
            path = labelled.write(Path(folder) / "set.jsonl", found)
            report = corpusscan.scan(str(path), Path(folder) / "out", detectors=("label_association",), seed=1)
            groups = report.groups.sort("q_value").collect()
            rows = report.documents.filter(pl.col("severity").is_in(_FLAGGED)).collect()
        grave: list[Any] = [one for one in groups.to_dicts() if one["severity"] in _FLAGGED]
        low = ", ".join(one["title"][:30] for one in groups.to_dicts() if one["severity"] not in _FLAGGED)
        print(f"{name:18} {len(found)} rows, groups {[one['title'] for one in grave]}, flagged "
              f"{_rate(len(rows), len(found), 3)}; low: {low or 'none'}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
