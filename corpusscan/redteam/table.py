"""An evaluation as a table for people."""

from __future__ import annotations

from corpusscan.redteam.evaluate import Evaluation, Rate, Score

_HEAD = (
    "campaign",
    "planted",
    "found",
    "recall, 95 %",
    "at low",
    "group",
    "rank",
    "name",
    "precision",
    "recall of spans",
)


def render(evaluation: Evaluation) -> str:
    """One line per campaign, then the clean documents."""
    rows = [_HEAD, *(_row(score) for score in evaluation.campaigns)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    clean = evaluation.clean
    lines += ["", f"Clean documents flagged: {clean.hits} of {clean.trials:,}{_per_million(clean)}"]
    lines += [f"  {count:6}  {rule}" for rule, count in list(evaluation.clean_by_rule.items())[:10]]
    return "\n".join(lines)


def _row(score: Score) -> tuple[str, ...]:
    return (
        score.campaign, str(score.planted), str(score.found.hits), _recall(score.found), str(score.found_low),
        "yes" if score.grouped else "no", str(score.rank or "-"),
        "-" if score.trigger is None else str(score.name_rank or "no"),
        _share(score.span_precision), _share(score.span_recall),
    )  # fmt: skip


def _recall(found: Rate) -> str:
    if found.rate is None or found.low is None or found.high is None:
        return "-"
    return f"{found.rate:.0%} ({found.low:.0%} to {found.high:.0%})"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _per_million(clean: Rate) -> str:
    if clean.rate is None or clean.low is None or clean.high is None:
        return ""
    return f", {clean.rate * 1e6:.0f} per million ({clean.low * 1e6:.0f} to {clean.high * 1e6:.0f})"
