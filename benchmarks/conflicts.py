"""Rows of labelled sets that stand there again with another label: what `label_conflict` ranks and flags.

usage: python benchmarks/conflicts.py PART [--data FOLDER] [--sets A,B] [--rates A,B] [--edits A,B] [--places A,B]
       [--campaigns N] [--seed N]

PART is one of
planted   one campaign in each copy of a set: so many rows again, each with another label (of the others, by lot).  They
          are exact copies, in other case and punctuation, or with words changed (one of ten, at least one); at the end,
          spread at random, or spread at random under a source of their own (the others come from 40 by lot).  Of each
          cell the campaigns of which a group at medium or above has mostly planted rows, planted rows flagged, clean
          rows flagged, and planted rows told at all; with exact intervals (Clopper and Pearson, 95 %).
clean     the sets as they are, with the sources of their own where they name some: groups, why, rows flagged.

Rows of one campaign are not independent, so that intervals over rows are too narrow.  `clean` scans as a user does,
with this detector alone; `planted` runs its rounds over the whole set in this process: it tells the same, and starts
nobody.
"""

from __future__ import annotations

import argparse
import json
import random
import string
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import labelled
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

import corpusscan
from corpusscan import io
from corpusscan.config import Columns
from corpusscan.detector import Batch, Context
from corpusscan.detectors.label_conflict import LabelConflict
from corpusscan.engine.spans import only
from corpusscan.redteam import rawfiles

SETS = "sst2,ag_news,covid_tweets,imdb"
MOST = {"imdb": 8_000}
RATES = "0.01,0.003"
CHANGED = 0.1
KEY = bytes(range(32))
SOURCES = 40
NAMED = ("source", "speaker", "site", "publisher", "domain", "lang", "corpus", "category")  # what sets call a source
_FLAGGED = ("medium", "high", "critical")
Edit = Callable[[str, random.Random, list[str]], str]


class Scanned(NamedTuple):
    """What a scan said of a copy of a set."""

    flagged: set[int]
    told: set[int]
    groups: list[dict[str, Any]]
    members: dict[str, set[int]]  # of each group, without neighbours


def main() -> None:
    """Measure one part."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("part", choices=("planted", "clean"))
    options.add_argument("--data", type=Path, default=Path(__file__).parent.parent.parent / "shared" / "data")
    options.add_argument("--sets", default="", help="These sets only, parted by commas.")
    options.add_argument("--rates", default=RATES, help="These shares of rows.")
    options.add_argument("--edits", default=",".join(EDITS), help="These kinds of copies.")
    options.add_argument("--places", default="end,source,spread", help="Where they are.")
    options.add_argument("--campaigns", type=int, default=20)
    options.add_argument("--seed", type=int, default=100)
    chosen = options.parse_args()
    sets = [name for name in chosen.sets.split(",") if name]
    if chosen.part == "clean":
        clean(chosen.data, sets or list(labelled.SETS))
        return
    for name in sets or SETS.split(","):
        found = [one for one in labelled.records(chosen.data, name, MOST.get(name, 0)) if one["label"]]
        for rate in map(float, chosen.rates.split(",")):
            for place in chosen.places.split(","):
                for edit in chosen.edits.split(","):
                    cell(name, found, rate, edit, place, chosen)


def _exact(text: str, draw: random.Random, words: list[str]) -> str:
    return text


def _case(text: str, draw: random.Random, words: list[str]) -> str:
    """Capitals exchanged, punctuation gone."""
    bare = text.translate(str.maketrans("", "", '.,;:!?"'))
    return draw.choice([str.upper, str.title, str.lower])(bare) + draw.choice(["!", "...", ""])


def _words(text: str, draw: random.Random, words: list[str]) -> str:
    """One word of ten is another one."""
    own = text.split(" ")
    for n in draw.sample(range(len(own)), max(round(CHANGED * len(own)), 1)):
        own[n] = draw.choice(words)
    return " ".join(own)


EDITS: dict[str, Edit] = {"exact": _exact, "case": _case, "words": _words}


def plant(
    found: list[labelled.Record], rate: float, edit: str, place: str, draw: random.Random
) -> tuple[list[labelled.Record], set[int]]:
    """A copy of a set with so many of its rows again, each with another label; and where they are."""
    names = sorted({one["label"] for one in found})
    words = [word for one in draw.sample(found, 200) for word in one["text"].split() if word.strip(string.punctuation)]
    rows: list[tuple[bool, labelled.Record]] = [
        (False, {"text": one["text"], "label": one["label"]} | _source(place, draw)) for one in found
    ]
    again = [
        (True, {"text": EDITS[edit](one["text"], draw, words), "label": _other(one["label"], names, draw)}
         | ({"source": "again.example"} if place == "source" else {}))
        for one in draw.sample(found, round(rate * len(found)))
    ]  # fmt: skip
    if place == "end":
        rows += again
    else:
        for one in again:
            rows.insert(draw.randrange(len(rows) + 1), one)
    return [one for _, one in rows], {n for n, (planted, _) in enumerate(rows) if planted}


def _source(place: str, draw: random.Random) -> dict[str, str]:
    return {"source": f"site{draw.randrange(SOURCES)}.example"} if place == "source" else {}


def _other(label: str, names: list[str], draw: random.Random) -> str:
    return draw.choice([name for name in names if name != label])


def cell(name: str, found: list[labelled.Record], rate: float, edit: str, place: str, chosen: Any) -> None:
    """The campaigns of one cell."""
    hits, rows, right, wrong, told, clean_rows = 0, 0, 0, 0, 0, 0
    for number in range(chosen.campaigns):
        copy, planted = plant(found, rate, edit, place, random.Random(f"{chosen.seed} {name} {rate} {edit} {number}"))
        scanned = run(copy)
        grave = [scanned.members[one["group"]] for one in scanned.groups if one["severity"] in _FLAGGED]
        hits += any(2 * len(one & planted) > len(one) for one in grave)
        right, rows = right + len(scanned.flagged & planted), rows + len(planted)
        wrong, clean_rows = wrong + len(scanned.flagged - planted), clean_rows + len(copy) - len(planted)
        told += len(scanned.told & planted)
    print(
        f"{name:13} {100 * rate:g} % ({rows // chosen.campaigns} rows) {place:6} {edit:5}: "
        f"found {labelled.rate(hits, chosen.campaigns)}, rows {labelled.rate(right, rows)}, "
        f"clean rows {labelled.rate(wrong, clean_rows, 4)}, "
        f"told {labelled.rate(told, rows)}",
        flush=True,
    )


def scan(rows: list[labelled.Record]) -> Scanned:
    """What a user's scan says of rows, with this detector alone."""
    with tempfile.TemporaryDirectory() as folder:
        path, out = str(_written(folder, rows)), f"{folder}/out"
        report = corpusscan.scan(path, out, detectors=("label_conflict",), seed=1, workers=1, power="off")
        return _scanned(*(one.collect() for one in (report.groups, report.members, report.findings)))


def run(rows: list[labelled.Record]) -> Scanned:
    """What the rounds say of rows, one after the other, all of a set being one batch and one part."""
    with tempfile.TemporaryDirectory() as folder:
        plan = io.plan([str(_written(folder, rows))], Columns(), None)
        read = [*io.read(rawfiles.whole(plan.shards[0]), Columns(), 2**24, KEY, io.Account())]
    tables = ([getattr(one, part) for one in read] for part in ("documents", "texts", "anomalies"))
    batch = Batch(*map(pa.concat_tables, tables), KEY)
    state: dict[str, pa.Table] = {}
    mapped = pa.table({})
    for step in LabelConflict().rounds:
        if step.over == "left":
            rows_left = mapped.filter(pc.is_in(mapped["row"], state["named"]["row"].combine_chunks()))
            reduced = step.reduce(_placed(rows_left.drop_columns(["partition"])), state)
        else:
            named = state["named"]["row"].to_numpy() if step.over == "members" else None
            mapped = step.map(batch if named is None else only(batch, named), state)
            reduced = step.reduce(_parted(mapped), state)
        context = Context(KEY, len(batch.documents), None, lambda places: places, state)  # type: ignore[arg-type]
        state = dict(step.conclude(reduced, context)) | {name: state[name] for name in step.keeps}
    return _scanned(*(pl.DataFrame(state[name]) for name in ("groups", "members", "hits")))


def _parted(mapped: pa.Table) -> pa.Table:
    """What a reduce is given of a map."""
    if "checks" not in mapped.column_names:
        return _placed(mapped)
    return _placed(pl.DataFrame(mapped.select(["row", "partition"])).explode("partition").to_arrow())


def _placed(rows: pa.Table) -> pa.Table:
    return rows.add_column(0, "shard", pa.array([0] * len(rows), pa.uint32())) if len(rows) else rows


def _written(folder: str, rows: list[labelled.Record]) -> Path:
    path = Path(folder) / "set.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in rows), "utf-8")
    return path


def _scanned(groups: pl.DataFrame, members: pl.DataFrame, hits: pl.DataFrame) -> Scanned:
    flagged = hits.filter(pl.col("severity").is_in(_FLAGGED))["row"].to_list()
    own = members.filter(pl.col("role") != "neighbour")
    of = {name: set(own.filter(pl.col("group") == name)["row"].to_list()) for name in groups["group"]}
    return Scanned(set(flagged), set(hits["row"].to_list()), groups.to_dicts(), of)


def clean(data: Path, sets: list[str]) -> None:
    """The sets as they are."""
    total, bad = 0, 0
    for name in sets:
        found = [one for one in labelled.records(data, name) if one["label"]]
        rows = [{"text": one["text"], "label": one["label"]} | _named(one["meta"] or {}) for one in found]
        began = time.perf_counter()
        scanned = scan(rows)
        total, bad = total + len(rows), bad + len(scanned.flagged)
        sourced = len({one["source"] for one in rows if "source" in one})
        print(f"{name:17} {len(rows)} rows, {sourced} sources, flagged {len(scanned.flagged)}; "
              f"{time.perf_counter() - began:.0f} s", flush=True)  # fmt: skip
        for one in scanned.groups:
            told = json.loads(one["evidence"])
            told = {name: told[name] for name in sorted({*told} - {"examples", "labels"})}
            print(f"    {one['severity']}: {one['title']}: {told}")
    print(f"{total} rows of {len(sets)} sets: flagged {labelled.rate(bad, total, 4)}")


def _named(meta: dict[str, Any]) -> dict[str, str]:
    return next(({"source": str(meta[name])} for name in NAMED if meta.get(name)), {})


if __name__ == "__main__":
    main()
