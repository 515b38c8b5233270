"""The last word of a scan on a terminal: one screen of 80 by 24, plain text where there is no terminal."""

from __future__ import annotations

from rich.cells import set_cell_size
from rich.console import Console
from rich.text import Text

from corpusscan.report import power, words
from corpusscan.report.summary import Summary
from corpusscan.report.visible import defang, visible

GROUPS = 8
LINES_PER_WARNING = 2  # beyond the first, taken from the groups, so that all fits one screen
COLUMNS = (("severity", 8), ("docs", 7), ("sources", 7), ("attack", 21))  # the title takes what is left
WARNINGS = 4

_COLOURS = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "blue", "info": "dim"}
_VERDICTS = {"clean": "bold green", "findings": "bold red", "incomplete": "bold yellow"}


def render(summary: Summary, console: Console, report: str = "") -> None:
    """Prints verdict, coverage, the gravest groups and what the exit code means; `report` is where the page lies."""
    style = "bold red" if summary["exit"]["findings"] else _VERDICTS[summary["exit"]["verdict"]]
    _line(console, words.headline(summary), style)
    _line(console, words.extent(summary))
    _line(console, words.reading(summary), "yellow" if summary["exit"]["incomplete"] else "")
    for warning in _warnings(summary):
        _line(console, warning, "yellow")
    if told := power.line(summary):
        _line(console, defang(told, 200))
    if summary["top_groups"]:
        _groups(summary, console)
    console.print()
    if report:
        _line(console, f"Report: {visible(report)}", wrap=True)
    _line(console, words.ending(summary).capitalize() + ".", "dim", wrap=True)


def _warnings(summary: Summary) -> list[str]:
    """What a verdict does not speak of: losses, columns and detectors left out; at most `WARNINGS` lines."""
    reasons = summary["coverage"]["reasons"]
    unread = [*reasons["errored"].items(), *reasons["skipped"].items()]
    lost = [f"{visible(reason, 40)} {words.number(n)}" for reason, n in unread]
    columns = [visible(name, 30) for name in summary["columns"]["not_scanned"]]
    idle = [f"{visible(row['name'], 30)} ({visible(row['reason'], 60)})" for row in summary["detectors_not_run"]]
    aside = [defang(words.aside(summary), 160)] if summary["limits"] else []
    labelled = (("Not read", lost), ("Left aside", aside), ("Columns not scanned", columns), ("Did not run", idle))
    return [f"{label}: {', '.join(items)}" for label, items in labelled if items][:WARNINGS]


def _groups(summary: Summary, console: Console) -> None:
    console.print()
    room = max(10, console.width - sum(width + 2 for _, width in COLUMNS))
    spare = LINES_PER_WARNING * max(0, len(_warnings(summary)) + bool(power.line(summary)) - 1)
    shown = summary["top_groups"][: max(GROUPS - spare, 0)]
    if shown:
        _row(console, [(name, width, "dim") for name, width in COLUMNS] + [("title", room, "dim")])
    for group in shown:
        severity, attack = str(group["severity"]), words.attack(str(group["attack"]))
        counts = words.number(group["documents"]), words.number(group["sources"] or None)
        texts = [visible(text, 60) for text in (severity, *counts, attack)] + [defang(group["title"] or "–", 200)]
        styles = [_COLOURS.get(severity, ""), "", "", "", ""]
        _row(console, list(zip(texts, [*(width for _, width in COLUMNS), room], styles, strict=True)))
    hidden = summary["groups"] - len(shown)
    if hidden > 0:
        _line(console, f"and {words.plural(hidden, 'more group')} in the report", "dim")


def _row(console: Console, cells: list[tuple[str, int, str]]) -> None:
    """One line of cells cut to their widths; numbers to the right."""
    line = Text()
    for text, width, style in cells:
        fitted = _fit(_safe(text, console), width)
        line.append(fitted.strip().rjust(width) if text.replace(",", "").isdecimal() else fitted, style)
        line.append("  ")
    line.rstrip()
    console.print(line, no_wrap=True, overflow="crop", crop=True)


def _line(console: Console, text: str, style: str = "", *, wrap: bool = False) -> None:
    shown = _safe(text, console)
    two_lines = 2 * console.width - 8
    console.print(Text(shown if wrap else _fit(shown, two_lines).rstrip(), style), soft_wrap=False)


def _fit(text: str, width: int) -> str:
    """`text` in exactly `width` terminal cells, cut with an ellipsis or filled with spaces."""
    fitted = set_cell_size(text, width)
    if fitted.rstrip() == text.rstrip():
        return fitted
    return set_cell_size(text, width - 3).rstrip() + "..."


def _safe(text: str, console: Console) -> str:
    """What the console's encoding cannot write becomes an escape instead of an error."""
    encoding = console.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
