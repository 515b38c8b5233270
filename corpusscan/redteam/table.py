"""An evaluation as a table for people."""

from __future__ import annotations

from corpusscan.redteam.evaluate import Evaluation, Rate, Score

_HEAD = ("planted", "found", "recall, 95 %", "at low", "group", "rank", "name", "precision", "recall of spans")


def render(evaluation: Evaluation) -> str:
    """One line per campaign, one per attack where one has several campaigns, then the clean documents."""
    lines = _table("campaign", evaluation.campaigns)
    if len(evaluation.attacks) < len(evaluation.campaigns):
        lines += ["", *_table("attack", evaluation.attacks)]
    clean = evaluation.clean
    lines += ["", f"Clean documents flagged: {clean.hits} of {clean.trials:,}{_per_million(clean)}"]
    lines += [f"  {count:6}  {rule}" for rule, count in list(evaluation.clean_by_rule.items())[:10]]
    return "\n".join(lines)


def _table(what: str, scores: list[Score]) -> list[str]:
    rows = [(what, *_HEAD), *map(_row, scores)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _row(score: Score) -> tuple[str, ...]:
    return (
        score.name, str(score.planted), str(score.found.hits), _recall(score.found), str(score.found_low),
        f"{score.grouped}/{score.campaigns}", str(score.rank or "-"),
        f"{score.named}/{score.triggers}" if score.triggers else "-",
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
