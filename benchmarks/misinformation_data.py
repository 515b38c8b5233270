"""Texts that `corpusscan train misinformation` learns from: public sets whose licences let them be passed on.

    python benchmarks/misinformation_data.py SETS -o rows.jsonl

SETS is a folder with the sets named in `JUDGED` and `TRUE` as JSON Lines (.zst) with `text` and `label`.  The sets that
`benchmarks/misinformation.py` is run on must not be among them.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import zstandard

JUDGED = {  # labels of what was found false, and of what was found true; others are left out
    "misinfo/covid_fake_tweets": ("fake", "real"), "misinfo/covid_rumors": ("F", "T"),
    "misinfo/fakenews_spanish": ("Fake", "True"), "factual/truthfulqa": ("false", "true"),
}  # fmt: skip
TRUE = {"factual/medquad": 3_000, "factual/pubmedqa_l": 508}  # so many texts at most


def main() -> None:
    """Write one row per text: text, label (1: false), source."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("sets", type=Path)
    options.add_argument("-o", "--out", type=Path, required=True)
    chosen, draw = options.parse_args(), random.Random(1)
    with chosen.out.open("w", encoding="utf-8") as out:
        for name, (false, true) in JUDGED.items():
            for row in rows(chosen.sets, name):
                if row["label"] in (false, true):
                    out.write(line(row, name, row["label"] == false))
        for name, most in TRUE.items():
            known = [*rows(chosen.sets, name)]
            for row in draw.sample(known, min(most, len(known))):
                out.write(line(row, name, wrong=False))


def rows(sets: Path, name: str) -> Iterator[dict[str, Any]]:
    """The records of a set."""
    with zstandard.open(sets / f"{name}.jsonl.zst", "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def line(row: dict[str, Any], name: str, wrong: bool) -> str:
    """A row to learn from."""
    told = {"text": row["text"], "label": int(wrong), "source": name.split("/")[1]}
    return json.dumps(told, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main()
