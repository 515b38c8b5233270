"""What a scan says of planted triggers: campaigns found and named, documents flagged, groups that nobody planted."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import watch
from copies import Documents, Found, share

from corpusscan.redteam.evaluate import ranked

TOP = 3


@dataclass(frozen=True)
class Campaign:
    """What was found of one campaign."""

    name: str
    trigger: str  # "" where it has none
    size: int
    flagged: int  # documents at medium or above
    found: bool  # a group at medium or above, at least half of which is its documents
    low: bool  # the same, at low or above
    rank: int | None  # of the first group that names the trigger, among those that are not another campaign's
    why: str  # of the group with most of it


@dataclass(frozen=True)
class Alarm:
    """A group at medium or above, most of which nobody planted."""

    title: str
    severity: str
    documents: int
    evidence: str


def scanned(corpus: Path, out: Path, detectors: str, seed: int, workers: int | None = None) -> watch.Cost:
    """Scan as a whole process; its time and peak memory.  Ends the program where the scan fails."""
    line = [sys.executable, "-m", "corpusscan", "scan", corpus, "-o", out, "--detectors", detectors, "--overwrite"]
    more = ["--seed", str(seed), "--quiet", *(["--workers", str(workers)] if workers else [])]
    out.mkdir(parents=True, exist_ok=True)
    cost = watch.run([*line, *more], out / "log", limit=7_200)
    if cost.code not in (0, 1):
        sys.exit(f"the scan of {corpus} ended with {cost.code}: {cost.error}")
    return cost


def scores(report: Path, planted: Path, cell: str) -> tuple[list[Campaign], list[Alarm]]:
    """Of every campaign of a cell; and the groups at medium or above that are mostly not planted.

    `planted` is a folder that `plant` left; what it calls otherwise than the cell was planted beside.
    """
    truth, facts = pl.read_parquet(planted / "truth.parquet"), orjson.loads((planted / "campaigns.json").read_bytes())
    found, order = Found.of(report), ranked(pl.read_parquet(report / "groups.parquet"))
    mine: dict[str, Documents] = {
        str(name): set(rows.select("file", "row").iter_rows())
        for (name,), rows in truth.sort("campaign").group_by("campaign", maintain_order=True)
    }
    poison: Documents = set().union(*mine.values())
    campaigns = []
    for name, documents in mine.items():
        if facts[name]["attack"] == cell:
            own = [(group, title) for group, title in order if not mostly(found.members[group], poison - documents)]
            campaigns.append(campaign(name, documents, facts[name], found, own))
    return campaigns, false_groups(found, poison)


def mostly(members: Documents, some: Documents) -> bool:
    """Whether at least half of a group are of these documents."""
    return 2 * len(members & some) >= len(members)


def false_groups(found: Found, poison: Documents) -> list[Alarm]:
    """Groups at medium or above that are mostly documents nobody planted."""
    return [
        Alarm(row["title"], row["severity"], len(found.members[group]), str(row["evidence"]))
        for group, row in found.groups.items()
        if found.suspect(group) and not mostly(found.members[group], poison)
    ]


def campaign(
    name: str, mine: Documents, facts: dict[str, Any], found: Found, order: Sequence[tuple[str, str]]
) -> Campaign:
    """The score of one campaign; `order` are groups and titles as a reviewer comes to them."""
    own = {group: len(found.members[group] & mine) for document in mine for group in found.of_document[document]}
    half = [group for group in own if mostly(found.members[group], mine)]
    names = [facts["trigger"] or "", facts["parameters"].get("suffix") or ""]
    rank = next((at for at, (_, title) in enumerate(order, 1) if any(named(title, one) for one in names)), None)
    why = "in no group"
    if most := min(own, key=lambda group: (-own[group], group), default=""):
        row = found.groups[most]
        why = f"{row['severity']} {own[most]}/{len(found.members[most])} {row['title']!r}"
    return Campaign(
        name, names[0], len(mine), len(mine & found.flagged), any(map(found.suspect, half)),
        any(found.groups[group]["severity"] != "info" for group in half), rank, why,
    )  # fmt: skip


def named(title: str, trigger: str) -> bool:
    """Whether a title holds a trigger, or says of it at least half, as a whole word or some."""
    title, trigger = title.casefold(), trigger.casefold()
    if not trigger:
        return False
    return trigger in title or any(
        re.search(rf"(?<!\w){re.escape(part)}(?!\w)", title) for part in _parts(trigger) if part in title
    )


def _parts(trigger: str) -> Iterator[str]:
    """Stretches of at least half of a trigger."""
    least = (len(trigger) + 1) // 2
    for start in range(len(trigger) - least + 1):
        for end in range(start + least, len(trigger) + 1):
            if (part := trigger[start:end]) == part.strip():
                yield part


HEAD = (
    f"{'cell':20}{'size':>5}{'campaigns':>10}   "
    + "".join(f"{head:18}" for head in ("found", "low or above", f"trigger in top {TOP}", "documents found"))
    + "false/scan   seconds    memory"
)


def line(cell: str, size: int, plantings: Sequence[dict[str, Any]]) -> str:
    """A cell's line of the table; rates in per cent with their 95 % intervals (Clopper-Pearson)."""
    some = [Campaign(**one) for planting in plantings for one in planting["campaigns"]]
    with_trigger = [one for one in some if one.trigger]
    top = sum(one.rank is not None and one.rank <= TOP for one in with_trigger)
    scans = len(plantings)
    rates = (
        share(sum(one.found for one in some), len(some)),
        share(sum(one.low for one in some), len(some)),
        share(top, len(with_trigger)) if with_trigger else "-",
        share(sum(one.flagged for one in some), sum(one.size for one in some)),
    )
    false = sum(len(planting["false"]) for planting in plantings) / scans
    seconds = sum(planting["seconds"] for planting in plantings) / scans
    memory = max(planting["memory"] for planting in plantings) / 1e9
    told = "".join(f"{rate:18}" for rate in rates)
    return f"{cell:20}{size:5}{len(some):10}   {told}{false:10.2f}{seconds:10.1f}{memory:7.2f} GB"
