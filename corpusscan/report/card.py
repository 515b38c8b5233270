"""A block for the card of a dataset: what was audited, what was found, and how to do it again; Markdown.

Text from the corpus is spelled as for a screen (`visible`), links are dead, and every character that Markdown or HTML
obeys is escaped (CommonMark 0.31, 2.4: any ASCII punctuation may be).  A card is published: paths of this machine are
told by their last part alone.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath
from typing import Any

import msgspec
import orjson
import polars as pl

from corpusscan import schema
from corpusscan.addresses import is_address
from corpusscan.config import ScanConfig
from corpusscan.report import power, words
from corpusscan.report.report import Report
from corpusscan.report.summary import Summary, scan
from corpusscan.report.visible import defang, visible

BEGIN, END = "<!-- corpusscan audit: begin -->", "<!-- corpusscan audit: end -->"
_OBEYED = re.compile(r"[\\`*_{}\[\]#|~$@^]|:(?=\w)")  # no text begins a line: lists and headings need none
_FATES = (("scanned", "scanned"), ("skipped", "skipped"), ("errored", "unreadable"))
_NAMES, _NAME = 30, 80  # of a list that are told, and characters of each
_HERE = frozenset(  # of no account for what is found, or of this machine
    {"workers", "memory_limit", "task_timeout", "engine", "ray_address", "shard_index", "shard_count", "overwrite",
     "baseline", "write_baseline", "save_rules", "index", "device", "power", "excerpts"}
)  # fmt: skip
_FLAG = {"text_column": "--text-column", "rules": "--rules"}  # given once for each value; other lists with commas


def card(report: Report) -> str:
    """The block, between two comments by which a later one can take its place."""
    summary = report.summary
    manifest = orjson.loads((report.out / "manifest.json").read_bytes())
    parts = [
        BEGIN, "## Data audit", "",
        f"**{escaped(words.headline(summary))}** {escaped(words.extent(summary))}", "",
        *_table(("", ""), _facts(summary)), "",
        "### Findings", "", *_findings(report.out, summary), "",
        "### What this verdict is worth", "", *_worth(summary), "",
        "### Do it again", "", *_again(summary, manifest.get("config", {})), END,
    ]  # fmt: skip
    return "\n".join(parts) + "\n"


def escaped(text: str, limit: int = 400) -> str:
    """Text that Markdown shows as it stands: no markup, no HTML, no live link, on one line."""
    plain = defang(text, limit).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _OBEYED.sub(lambda found: "\\" + found[0], plain)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """A table of cells that are escaped already."""
    columns = list(head)
    yield f"| {' | '.join(columns)} |"
    yield "|" + "---|" * len(columns)
    yield from (f"| {' | '.join(row)} |" for row in rows)


def _facts(summary: Summary) -> Iterator[tuple[str, str]]:
    read, ended = summary["coverage"], summary["exit"]
    yield "audited with", escaped(f"corpusscan {summary['version']}, {(summary['finished'] or '')[:10]}")
    yield "data", ", ".join(escaped(_named(name), _NAME * 2) for name in summary["inputs"][:_NAMES]) or "not recorded"
    yield "verdict", escaped(f"{ended['verdict']} (exit {ended['code']}, threshold {ended['fail_on']})")
    counts = ", ".join(f"{words.number(read[fate])} {told}" for fate, told in _FATES)
    yield "records", escaped(f"{counts}, in {words.plural(read['files'], 'file')}")
    for fate in ("errored", "skipped"):
        if read["reasons"][fate]:
            yield f"{fate} because", _list(f"{reason} {words.number(n)}" for reason, n in read["reasons"][fate].items())
    yield "columns scanned", _list(summary["columns"]["scanned"])
    yield "columns not scanned", _list(summary["columns"]["not_scanned"])
    without = summary["records_without"]
    told = ", ".join(f"{kind} {words.number(without[kind])}" for kind in ("source", "time"))
    yield "records without", escaped(f"{told}, either {words.number(without['provenance'])}")
    yield "splits", _splits(summary)
    yield "files beside the rows", _repository(summary)
    yield "detectors", _list(summary["detectors"])
    if summary["detectors_not_run"]:
        yield "did not run", _list(f"{row['name']} ({row['reason']})" for row in summary["detectors_not_run"])


def _named(name: str) -> str:
    """An input as it may be published."""
    return name if is_address(name) else PurePath(name).name or "a folder"


def _list(names: Iterable[str]) -> str:
    some = list(names)
    more = f" and {len(some) - _NAMES} more" if len(some) > _NAMES else ""
    return (", ".join(escaped(name, _NAME) for name in some[:_NAMES]) or "none") + more


def _splits(summary: Summary) -> str:
    leakage = summary["leakage"]
    if leakage is None:
        return "not compared"
    pairs = [
        f"{words.number(pair['exact'] + pair['nearly'])} of {words.number(pair['rows'])} rows of"
        f" {escaped(pair['split'], _NAME)} are in {escaped(pair['in'], _NAME)}"
        f" ({words.number(pair['nearly'])} of them nearly)"
        for pair in leakage["pairs"][:_NAMES]
    ]
    spread = leakage["groups_in_two_splits"]
    both = f"; {words.plural(spread, 'flagged group stands', 'flagged groups stand')} in two splits" if spread else ""
    return ("; ".join(pairs) or "no row of one is in another") + both


def _repository(summary: Summary) -> str:
    looked = summary["repository"]
    if not looked:
        return "not looked at"
    opened = f"{words.plural(looked['files'], 'file')} looked at, {words.number(looked['opened'])} of them opened"
    return f"{opened}; {words.plural(words.files_flagged(summary), 'file')} that may run code"


def _findings(out: Path, summary: Summary) -> Iterator[str]:
    """Findings that nobody accepted, by attack and severity."""
    live = scan(out, "findings").filter(~pl.col("accepted").fill_null(value=False))
    counted = live.group_by("attack", "severity").agg(
        findings=pl.len(), documents=pl.struct("file", "row").n_unique(), groups=pl.col("group").n_unique()
    )
    rows = counted.collect(engine="streaming").to_dicts()
    rank = {name: place for place, name in enumerate(reversed(schema.SEVERITIES))}
    rows.sort(key=lambda row: (rank.get(row["severity"], 9), -row["documents"], row["attack"]))
    if rows:
        numbers = ("documents", "groups", "findings")
        told = (
            (row["severity"], words.attack(row["attack"]), *(words.number(row[name]) for name in numbers))
            for row in rows
        )
        yield from _table(("severity", "attack", *numbers), (map(escaped, one) for one in told))
    else:
        yield "None."
    if summary["accepted_findings"]:
        yield ""
        accepted = words.plural(summary["accepted_findings"], "finding was", "findings were")
        yield f"{accepted} accepted by a reviewer, and not counted."


def _worth(summary: Summary) -> Iterator[str]:
    measured = (summary["power"] or {}).get("measured")
    yield "Flagged means: severity medium or above. The detectors listed above found nothing else; that is no proof"
    yield "that nothing else is there."
    if summary["limits"]:
        yield f"Left aside by bounds of work: {escaped(words.aside(summary))}."
    if not measured:
        yield "Which campaigns would have been found was not measured."
        return
    yield f"Of campaigns that were planted into a copy, {escaped(power.within(measured))}:"
    yield ""
    for head, some in (("found", power.found(measured)), ("not surely found", power.not_found(measured))):
        yield from (f"- {head}: {escaped(one)}" for one in some[:_NAMES])


def _again(summary: Summary, config: dict[str, Any]) -> Iterator[str]:
    inputs = [visible(shlex.quote(_named(name))) for name in summary["inputs"]]
    command = ["corpusscan scan", *inputs, *map(visible, _flags(config))]
    lines = [f"pip install corpusscan=={visible(summary['version'])}", " ".join(command).replace("<!--", "<! --")]
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", "".join(lines))), default=0))
    yield from (f"{fence}bash", *lines, fence)
    if not all(is_address(name) for name in summary["inputs"]):
        yield ""
        yield "Paths are told by their last part."


def _flags(config: dict[str, Any]) -> Iterator[str]:
    """The flags whose values are not the defaults, of those on which it depends what is found."""
    usual = msgspec.to_builtins(ScanConfig())
    for name, value in config.items():
        if name in _HERE or value == usual.get(name) or value in (None, [], {}):
            continue
        flag = "--" + name.replace("_", "-")
        if isinstance(value, bool):
            yield flag if value else f"--no-{flag[2:]}"
        elif isinstance(value, dict):
            yield from (f"{flag} {shlex.quote(f'{key}={count}')}" for key, count in sorted(value.items()))
        elif isinstance(value, list) and name in _FLAG:
            yield from (f"{flag} {shlex.quote(_named(str(one)))}" for one in value)
        else:
            yield f"{flag} {shlex.quote(','.join(map(str, value)) if isinstance(value, list) else _named(str(value)))}"
