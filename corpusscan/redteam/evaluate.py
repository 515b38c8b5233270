"""What a scan found of what was planted: recall, groups, names and spans per campaign; clean documents flagged.

A document counts as found when it is flagged (DESIGN: severity medium or above).  Intervals are those of
Clopper and Pearson (1934), 95 %: 20 of 20 shows no more than 83 %.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import orjson
import polars as pl

from corpusscan import schema
from corpusscan.errors import InputError
from corpusscan.kernels.intervals import interval
from corpusscan.redteam.plant import CAMPAIGNS, SCHEMA

Document = tuple[str, int]
Place = tuple[str, int, str]  # file, row, field
_HALF = 0.5  # of a campaign in one group, and of that group from the campaign: found as a group


class Rate(msgspec.Struct, frozen=True):
    """`hits` of `trials` with the 95 % interval of the rate behind them; null where nothing was tried."""

    hits: int
    trials: int
    rate: float | None
    low: float | None
    high: float | None


class Score(msgspec.Struct, frozen=True):
    """One campaign, or all campaigns of one attack."""

    name: str
    attack: str  # as `redteam list` calls it; its kind, where a truth file comes without campaigns.json
    campaigns: int
    planted: int
    found: Rate
    found_low: int  # at severity low or above
    grouped: int  # campaigns that were found as a group
    rank: int | None  # of the first such group among all groups of severity low or above, most severe first
    named: int  # campaigns with a group whose title holds the trigger, template or claim
    name_rank: int | None  # of the first such group
    triggers: int  # campaigns that have something to name
    span_precision: float | None  # of the code points marked in its documents, how many were planted
    span_recall: float | None  # of the code points planted in part of a document, how many were marked


class Evaluation(msgspec.Struct, frozen=True):
    """All campaigns, all attacks, and the documents that nobody planted."""

    campaigns: list[Score]
    attacks: list[Score]
    clean: Rate
    clean_by_rule: dict[str, int]


def rate(hits: int, trials: int) -> Rate:
    """The rate with its exact interval."""
    if not trials:
        return Rate(hits, trials, None, None, None)
    return Rate(hits, trials, hits / trials, *interval(hits, trials, 0.025))


def evaluate(out: Path, truth: Path) -> Evaluation:
    """Score the report in `out` against a truth file.  Raises `InputError` where one does not fit the other."""
    coverage = _table(out / "coverage.parquet")
    planted = _truth(truth, coverage)
    report = _Report.of(out)
    facts = _facts(truth.parent / CAMPAIGNS)
    campaigns = {
        str(name): rows for (name,), rows in planted.sort("campaign").group_by("campaign", maintain_order=True)
    }
    attacks: dict[str, list[str]] = defaultdict(list)
    for name, rows in campaigns.items():
        attacks[facts.get(name, {}).get("attack") or str(rows["attack"][0])].append(name)
    of_campaign = {name: attack for attack, names in attacks.items() for name in names}
    poison = _documents(planted.drop_nulls("row"))
    return Evaluation(
        [_score(name, of_campaign[name], {name: rows}, facts, report) for name, rows in campaigns.items()],
        [
            _score(a, a, {name: campaigns[name] for name in names}, facts, report)
            for a, names in sorted(attacks.items())
        ],
        rate(len(report.flagged - poison), int(coverage["scanned"].sum()) - len(poison)),
        report.guilty(poison),
    )


class _Report(NamedTuple):
    """What of a report is scored."""

    flagged: set[Document]
    low: set[Document]
    ranked: list[tuple[str, str]]  # group and title, as a reviewer comes to them
    members: Mapping[str, set[Document]]
    marked: Mapping[Place, list[tuple[int, int]]]
    open: pl.DataFrame  # findings that count

    @classmethod
    def of(cls, out: Path) -> _Report:
        documents, groups = _table(out / "documents.parquet"), _table(out / "groups.parquet")
        members: dict[str, set[Document]] = defaultdict(set)
        for group, file, row in _table(out / "members.parquet").select("group", "file", "row").iter_rows():
            members[group].add((file, row))
        findings = _table(out / "findings.parquet")
        findings = findings.filter(pl.col("severity").is_in(schema.FLAGGED) & ~pl.col("accepted"))
        return cls(
            _documents(documents.filter(pl.col("severity").is_in(schema.FLAGGED))),
            _documents(documents.filter(pl.col("severity") != "info")),
            ranked(groups), members, _spans(findings), findings,
        )  # fmt: skip

    def guilty(self, poison: set[Document]) -> dict[str, int]:
        """By rule or group: documents that nobody planted."""
        found: dict[str, set[Document]] = defaultdict(set)
        for group, file, row in self.open.select("group", "file", "row").iter_rows():
            if (file, row) not in poison:
                found[group].add((file, row))
        return {name: len(some) for name, some in sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))}


def _score(
    name: str, attack: str, campaigns: Mapping[str, pl.DataFrame], facts: Mapping[str, Any], report: _Report
) -> Score:
    rows = pl.concat(campaigns.values())
    mine = _documents(rows.drop_nulls("row"))
    triggers = [trigger for campaign in campaigns if (trigger := facts.get(campaign, {}).get("trigger"))]
    ranks = [_group_rank(_documents(some.drop_nulls("row")), report) for some in campaigns.values()]
    names = [_name_rank(trigger, report.ranked) for trigger in triggers]
    precision, recall = _span_scores(rows, mine, report.marked)
    return Score(
        name=name, attack=attack, campaigns=len(campaigns), planted=rows.select("campaign", "row", "doc_id").n_unique(),
        found=rate(len(mine & report.flagged), len(mine)), found_low=len(mine & report.low),
        grouped=sum(rank is not None for rank in ranks), rank=min(filter(None, ranks), default=None),
        named=sum(rank is not None for rank in names), name_rank=min(filter(None, names), default=None),
        triggers=len(triggers), span_precision=precision, span_recall=recall,
    )  # fmt: skip


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


def ranked(groups: pl.DataFrame) -> list[tuple[str, str]]:
    """(group, title) of the groups a reviewer would look at, in that order."""
    rank = pl.col("severity").replace_strict(dict(zip(schema.SEVERITIES, range(5), strict=True)), return_dtype=pl.Int8)
    shown = groups.filter(pl.col("severity") != "info").with_columns(rank=rank)
    order = shown.sort("rank", "score", "documents", "group", descending=[True, True, True, False])
    return list(order.select("group", "title").iter_rows())


def _group_rank(mine: set[Document], report: _Report) -> int | None:
    for rank, (group, _) in enumerate(report.ranked, 1):
        common = len(report.members[group] & mine)
        if common >= 2 and common >= _HALF * len(mine) and common >= _HALF * len(report.members[group]):
            return rank
    return None


def _name_rank(trigger: str, ranked: list[tuple[str, str]]) -> int | None:
    """A title names a trigger that it holds, or a claim of which it holds every word."""
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
