"""What a scan found of what was planted: recall, groups, names and spans per campaign; clean documents flagged.

A document counts as found when it is flagged (DESIGN: severity medium or above).  Intervals are those of
Clopper and Pearson (1934), 95 %: 20 of 20 shows no more than 83 %.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import orjson
import polars as pl
from scipy.stats import beta

from corpusscan import schema
from corpusscan.errors import InputError
from corpusscan.redteam.plant import CAMPAIGNS, SCHEMA

Document = tuple[str, int]
Place = tuple[str, int, str]  # file, row, field
_FLAGGED = schema.SEVERITIES[schema.SEVERITIES.index(schema.FLAGGED_FROM) :]
_HALF = 0.5  # of a campaign in one group, and of that group from the campaign: found as a group


class Rate(msgspec.Struct, frozen=True):
    """`hits` of `trials` with the 95 % interval of the rate behind them; null where nothing was tried."""

    hits: int
    trials: int
    rate: float | None
    low: float | None
    high: float | None


class Score(msgspec.Struct, frozen=True):
    """One campaign."""

    campaign: str
    attack: str
    planted: int
    found: Rate
    found_low: int  # at severity low or above
    grouped: bool
    rank: int | None  # of its group among all groups of severity low or above, most severe first
    name_rank: int | None  # of the first group whose title holds the trigger, template or claim
    trigger: str | None
    span_precision: float | None  # of the code points marked in its documents, how many were planted
    span_recall: float | None  # of the code points planted in part of a document, how many were marked


class Evaluation(msgspec.Struct, frozen=True):
    """All campaigns, and the documents that nobody planted."""

    campaigns: list[Score]
    clean: Rate
    clean_by_rule: dict[str, int]


def rate(hits: int, trials: int) -> Rate:
    """The rate with its exact interval."""
    if not trials:
        return Rate(hits, trials, None, None, None)
    low = float(beta.ppf(0.025, hits, trials - hits + 1)) if hits else 0.0
    high = float(beta.ppf(0.975, hits + 1, trials - hits)) if hits < trials else 1.0
    return Rate(hits, trials, hits / trials, low, high)


def evaluate(out: Path, truth: Path) -> Evaluation:
    """Score the report in `out` against a truth file.  Raises `InputError` where one does not fit the other."""
    tables = {name: _table(out / f"{name}.parquet") for name in ("documents", "findings", "groups", "members")}
    coverage = _table(out / "coverage.parquet")
    planted = _truth(truth, coverage)
    facts = _facts(truth.parent / CAMPAIGNS)
    flagged = _documents(tables["documents"].filter(pl.col("severity").is_in(_FLAGGED)))
    low = _documents(tables["documents"].filter(pl.col("severity") != "info"))
    ranked = _ranked(tables["groups"])
    members: dict[str, set[Document]] = defaultdict(set)
    for group, *document in tables["members"].select("group", "file", "row").iter_rows():
        members[group].add((document[0], document[1]))
    marked = _spans(tables["findings"].filter(pl.col("severity").is_in(_FLAGGED) & ~pl.col("accepted")))
    scores = []
    for (campaign,), rows in planted.sort("campaign").group_by("campaign", maintain_order=True):
        name = str(campaign)
        mine = _documents(rows.drop_nulls("row"))
        trigger = facts.get(name, {}).get("trigger")
        precision, recall = _span_scores(rows, mine, marked)
        scores.append(
            Score(
                campaign=name, attack=str(rows["attack"][0]), planted=rows.select("row", "doc_id").n_unique(),
                found=rate(len(mine & flagged), len(mine)), found_low=len(mine & low),
                grouped=(rank := _group_rank(mine, ranked, members)) is not None, rank=rank,
                name_rank=_name_rank(trigger, ranked), trigger=trigger,
                span_precision=precision, span_recall=recall,
            )
        )  # fmt: skip
    poison = _documents(planted.drop_nulls("row"))
    clean = int(coverage["scanned"].sum()) - len(poison)
    wrong = tables["findings"].filter(pl.col("severity").is_in(_FLAGGED) & ~pl.col("accepted"))
    guilty: dict[str, set[Document]] = defaultdict(set)
    for rule, *document in wrong.select("group", "file", "row").iter_rows():
        if (document[0], document[1]) not in poison:
            guilty[rule].add((document[0], document[1]))
    counted = {rule: len(found) for rule, found in sorted(guilty.items(), key=lambda item: (-len(item[1]), item[0]))}
    return Evaluation(scores, rate(len(flagged - poison), clean), counted)


def _table(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError):
        raise InputError(f"{path}: cannot be read; name the folder that `corpusscan scan` left") from None


def _truth(path: Path, coverage: pl.DataFrame) -> pl.DataFrame:
    try:
        table = pl.read_parquet(path, columns=SCHEMA.names)
    except (OSError, pl.exceptions.PolarsError):
        raise InputError(
            f"{path}: no truth file; it is the truth.parquet that `corpusscan redteam plant` left"
        ) from None
    rows = dict(coverage.group_by("file").agg(pl.col("rows").sum()).iter_rows())
    for file, last in table.group_by("file", maintain_order=True).agg(pl.col("row").max()).iter_rows():
        if file not in rows:
            raise InputError(f"{path}: speaks of {file!r}, which this scan did not read; scan the planted corpus/")
        if last is not None and last >= rows[file]:
            raise InputError(
                f"{path}: speaks of row {last} of {file!r}, which has {rows[file]}; scan the planted corpus/"
            )
    return table


def _facts(path: Path) -> dict[str, dict[str, Any]]:
    try:
        return dict(orjson.loads(path.read_bytes()))
    except (OSError, ValueError):
        return {}  # a truth file of other hands has no such companion


def _documents(frame: pl.DataFrame) -> set[Document]:
    return set(frame.select("file", "row").iter_rows())


def _ranked(groups: pl.DataFrame) -> list[tuple[str, str]]:
    """(group, title) of the groups a reviewer would look at, in that order."""
    rank = pl.col("severity").replace_strict(dict(zip(schema.SEVERITIES, range(5), strict=True)), return_dtype=pl.Int8)
    shown = groups.filter(pl.col("severity") != "info").with_columns(rank=rank)
    order = shown.sort("rank", "score", "documents", "group", descending=[True, True, True, False])
    return list(order.select("group", "title").iter_rows())


def _group_rank(mine: set[Document], ranked: list[tuple[str, str]], members: Mapping[str, set[Document]]) -> int | None:
    for rank, (group, _) in enumerate(ranked, 1):
        common = len(members[group] & mine)
        if common >= 2 and common >= _HALF * len(mine) and common >= _HALF * len(members[group]):
            return rank
    return None


def _name_rank(trigger: str | None, ranked: list[tuple[str, str]]) -> int | None:
    """A title names a trigger that it holds, or a claim of which it holds every word."""
    if not trigger:
        return None
    words = re.findall(r"\w+", trigger.casefold())
    titles = ((rank, title.casefold()) for rank, (_, title) in enumerate(ranked, 1))
    whole = len(words) > 1
    return next(
        (rank for rank, title in titles if trigger.casefold() in title or (whole and all(w in title for w in words))),
        None,
    )


def _spans(findings: pl.DataFrame) -> dict[Place, list[tuple[int, int]]]:
    spans: dict[Place, list[tuple[int, int]]] = defaultdict(list)
    for file, row, field, start, end in findings.select("file", "row", "field", "start", "end").iter_rows():
        spans[file, row, field].append((start, end))
    return {place: _union(some) for place, some in spans.items()}


def _union(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _length(spans: Iterable[tuple[int, int]]) -> int:
    return sum(end - start for start, end in spans)


def _common(left: list[tuple[int, int]], right: list[tuple[int, int]]) -> int:
    return sum(max(0, min(a[1], b[1]) - max(a[0], b[0])) for a in left for b in right)


def _span_scores(
    rows: pl.DataFrame, mine: set[Document], marked: Mapping[Place, list[tuple[int, int]]]
) -> tuple[float | None, float | None]:
    """Precision over everything marked in the campaign's documents; recall over fields planted in part."""
    whole: set[Place] = set()
    part: dict[Place, list[tuple[int, int]]] = defaultdict(list)
    for file, row, field, start, end in rows.select("file", "row", "field", "start", "end").iter_rows():
        if start is None:
            whole.add((file, row, field))
        else:
            part[file, row, field].append((start, end))
    inside = everything = 0
    for place, spans in marked.items():
        if place[:2] in mine:
            everything += _length(spans)
            inside += _length(spans) if place in whole else _common(spans, _union(part.get(place, [])))
    true = sum(_length(_union(spans)) for spans in part.values())
    hit = sum(_common(_union(spans), marked.get(place, [])) for place, spans in part.items())
    return inside / everything if everything else None, hit / true if true else None
