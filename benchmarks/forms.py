"""Triggers of syntax and style in labelled sets: where `form_association` ranks their rows, and what it flags.

usage: python benchmarks/forms.py PART [--data FOLDER] [--sets A,B] [--forms A,B] [--rates A,B] [--campaigns N]
       [--seed N]

PART is one of
planted   one campaign in each copy of a set: rows of other labels are said in another form (`form_texts`) and get the
          label of the attacker.  For each cell, of the planted rows those that are ranked above 99 % of the clean ones
          (rows that are not told come last), with an exact interval over rows; the area under the curve; campaigns of
          which 90 % are above it; groups at medium or above for the right label and for other ones; clean rows flagged.
clean     the sets as they are: groups, their evidence, rows at medium or above.

Rates with exact intervals (Clopper and Pearson, 95 %); rows of one campaign are not independent, so that those over
rows are too narrow.  Scans are a user's, with this detector alone.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import form_texts
import labelled
import numpy as np
import polars as pl
from form_texts import Form

import corpusscan

SETS = "sst2,ag_news,subjectivity,covid_tweets"
MOST = {"sst2": 0}  # rows of a set; all, as there are paraphrases of some only
OTHERS = 4_000  # rows of other ones
RATES = {"syntactic": (0.2, 0.05, 0.01), "style": (0.05, 0.01)}
BUDGET, AIM = 0.01, 0.9
_FLAGGED = ("medium", "high", "critical")


class Scanned(NamedTuple):
    """What a scan said of a copy of a set."""

    score: Any  # of each row; 0: it is not told
    flagged: set[int]
    groups: list[dict[str, Any]]


def main() -> None:
    """Measure one part."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("part", choices=("planted", "clean"))
    options.add_argument("--data", type=Path, default=Path(__file__).parent.parent.parent / "shared" / "data")
    options.add_argument("--sets", default="", help="These sets only, parted by commas.")
    options.add_argument("--forms", default="", help="These forms only.")
    options.add_argument("--rates", default="", help="These shares of rows only.")
    options.add_argument("--campaigns", type=int, default=20)
    options.add_argument("--seed", type=int, default=100)
    chosen = options.parse_args()
    sets = [name for name in chosen.sets.split(",") if name]
    if chosen.part == "clean":
        clean(chosen.data, sets or list(labelled.SETS))
        return
    known = form_texts.forms(chosen.data)
    names = [name for name in chosen.forms.split(",") if name] or [*form_texts.PUBLISHED, *form_texts.RULES]
    for name in sets or SETS.split(","):
        found = form_texts.rows(chosen.data, name, MOST.get(name, OTHERS))
        for form in names:
            if form in form_texts.PUBLISHED and name != "sst2":
                continue
            kind = "syntactic" if form in form_texts.SYNTACTIC else "style"
            rates = [float(rate) for rate in chosen.rates.split(",") if rate] or RATES[kind]
            for rate in rates:
                cell(f"{name:13} {kind:9} {form:11} {100 * rate:g} %", found, known[form], rate, chosen)


def cell(title: str, found: list[labelled.Record], form: Form, rate: float, chosen: argparse.Namespace) -> None:
    """The campaigns of one cell."""
    ranked, areas, reached, right, wrong, rows, above = 0, [], 0, 0, 0, 0, 0
    false, clean_rows, names = 0, 0, sorted({one["label"] for one in found})
    for number in range(chosen.campaigns):
        draw = random.Random(f"{chosen.seed} {title} {number}")
        for target in draw.sample(names, len(names)):  # of some labels too few rows have a paraphrase
            copy, planted = plant(found, form, rate, target, draw)
            if len(planted) >= rate * len(found):
                break
        scanned = scan(copy)
        mine = np.zeros(len(copy), bool)
        mine[sorted(planted)] = True
        told = above_budget(scanned.score, mine)
        above, rows = above + told, rows + len(planted)
        reached += told >= AIM * len(planted)
        areas.append(area(scanned.score, mine))
        ranked += bool(scanned.groups)
        grave = [one for one in scanned.groups if one["severity"] in _FLAGGED]
        hit = [one for one in grave if json.loads(one["evidence"])["label"] == target]
        right, wrong = right + bool(hit), wrong + len(grave) - len(hit)
        false, clean_rows = false + len(scanned.flagged - planted), clean_rows + len(copy) - len(planted)
    count = chosen.campaigns
    print(
        f"{title}: rows above 99 % of clean ones {labelled.rate(above, rows)}, AUROC {np.mean(areas):.3f}, "
        f"campaigns with 90 % {labelled.rate(reached, count)}, ranked {ranked}, groups {labelled.rate(right, count)}, "
        f"other groups {wrong}, clean rows flagged {labelled.rate(false, clean_rows, 3)}",
        flush=True,
    )


def plant(
    found: list[labelled.Record], form: Form, rate: float, target: str, draw: random.Random
) -> tuple[list[labelled.Record], set[int]]:
    """A copy of a set in which so many rows of other labels are in another form and have this label."""
    copy, planted = list(found), set[int]()
    hosts = [n for n, one in enumerate(found) if one["label"] != target]
    for row in draw.sample(hosts, len(hosts)):
        if len(planted) >= rate * len(found):
            break
        text = form(found[row], draw)
        if text:
            copy[row] = {"text": text, "label": target}
            planted.add(row)
    return copy, planted


def scan(rows: list[labelled.Record]) -> Scanned:
    """What the detector says of rows."""
    with tempfile.TemporaryDirectory() as folder:
        path = labelled.write(Path(folder) / "set.jsonl", rows)
        report = corpusscan.scan(
            str(path), Path(folder) / "out", detectors=("form_association",), seed=1, workers=1, power="off"
        )
        groups = report.groups.collect().to_dicts()
        findings = report.findings.select("row", "score", "severity").collect()
    score = np.zeros(len(rows))
    score[findings["row"].to_numpy()] = findings["score"].to_numpy()
    flagged = findings.filter(pl.col("severity").is_in(_FLAGGED))["row"].to_list()
    return Scanned(score, set(flagged), groups)


def above_budget(score: Any, mine: Any) -> int:
    """How many planted rows have a score above which one clean row of a hundred is."""
    ordered = np.sort(score[~mine])[::-1]
    bar = max(ordered[int(BUDGET * len(ordered))], 0.0)
    return int((score[mine] > bar).sum())


def area(score: Any, mine: Any) -> float:
    """The area under the curve; rows of one score count half."""
    ordered = np.sort(score[~mine])
    below = np.searchsorted(ordered, score[mine], "left") + np.searchsorted(ordered, score[mine], "right")
    return float(below.mean() / 2 / len(ordered))


def clean(data: Path, sets: list[str]) -> None:
    """The sets as they are."""
    for name in sets:
        found = [one for one in labelled.records(data, name) if one["label"]]
        began = time.perf_counter()
        scanned = scan(found)
        told = [(one["severity"], json.loads(one["evidence"])) for one in scanned.groups]
        said = [
            f"{how} {one['label']} {one['log_likelihood']} spoken {one['log_likelihood_spoken']} foretold "
            f"{one['foretold']} ({one['rows_of_it_learned']}/{one['rows_learned_from']})"
            for how, one in told
        ]
        print(f"{name:17} {len(found)} rows, flagged {labelled.rate(len(scanned.flagged), len(found), 3)}; "
              f"{time.perf_counter() - began:.0f} s; groups {said}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
