"""The sentences that page, terminal and notebook share; plain text, made from counts only."""

from __future__ import annotations

from typing import Any

EXIT_CODES = {
    0: "nothing at or above the chosen severity was found, and everything was read",
    1: "something at or above the chosen severity was found",
    2: "the command, its configuration or a named input was wrong, or the disk is full; resumable",
    3: "incomplete: not everything was read, whatever was found",
    130: "interrupted; the same command resumes",
}

SEVERITIES = {
    "critical": "Act before training: the text carries an attack that works, as seen in published poisonings.",
    "high": "Very likely planted. Remove, or let somebody who knows the source explain it.",
    "medium": "Suspicious enough to count as flagged. Look at the campaign, not at each document.",
    "low": "Unusual, with common innocent reasons. Not counted as flagged.",
    "info": "Worth knowing when another finding points at the same place.",
}


def number(value: float | None) -> str:
    """1234567 as `1,234,567`; a dash where nothing was counted."""
    return "–" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def plural(count: int, word: str, many: str | None = None) -> str:
    """`1 document`, `2 documents`."""
    return f"{number(count)} {word if count == 1 else many or word + 's'}"


def share(part: float | None, whole: float = 1) -> str:
    """A part as a percentage with two digits that count; never `0 %` of something that is there."""
    if part is None or not whole:
        return "–"
    percent = 100 * part / whole
    if part and percent < 0.0001:
        return "< 0.0001 %"
    if 99 < percent < 100:
        return f"{min(percent, 99.99):.2f} %"  # nearly all is not all
    return f"{percent:.2g} %" if percent < 10 else f"{percent:.0f} %"


def few(expected: float) -> str:
    """How many are expected, in words where that is hardly one: `fewer than one (0.16)`."""
    if not expected >= 0:
        return "–"
    return f"fewer than one ({expected:.2g})" if expected < 0.95 else number(round(expected))


def false_discoveries(q_value: float) -> str:
    """A false discovery rate as what a reader may expect of it."""
    if not 0 <= q_value < 0.5:
        return "half of what looks like this, or more, would be chance"
    names = ((1e-9, "one in a billion"), (1e-6, "one in a million"))
    odds = next((name for most, name in names if q_value <= most), None) or f"one in {number(int(1 / q_value))}"
    return f"of triggers as sure as this at most {odds} is expected to be chance ({q_value:.1g})"


def amount(size: int) -> str:
    """Bytes for people: `1.4 GB`."""
    if size < 1000:
        return plural(size, "byte")
    value, units = size / 1000, ["PB", "TB", "GB", "MB", "kB"]
    while value >= 999.5 and len(units) > 1:
        value, _ = value / 1000, units.pop()
    return f"{value:.3g} {units[-1]}"


def step(name: str) -> str:
    """The step of a timeline: `1mo` as `month`, `10y` as `10 years`."""
    names = {"1d": "day", "1w": "week", "1mo": "month", "3mo": "quarter", "1y": "year"}
    return names.get(name, name.replace("y", " years"))


def headline(summary: dict[str, Any]) -> str:
    """The verdict in one sentence."""
    flagged, ended = summary["flagged_documents"], summary["exit"]
    files = files_flagged(summary)
    planted, risky = flagged - files, f"{plural(files, 'file')} may run code"
    looks = f"{plural(planted, 'document')} look{'s' * (planted == 1)} planted"
    found = looks if not files else f"{looks}, and {risky}" if planted else risky
    if flagged and ended["incomplete"]:
        return f"{found}, and not everything was read."
    if flagged and not ended["findings"]:
        return f"{found}, none at or above {ended['fail_on']}."
    if flagged:
        return f"{found}."
    if ended["incomplete"]:
        return "No verdict: not everything was read."
    if ended["findings"]:
        return "Something was found, below what counts as flagged."
    return "Nothing planted was found, within limits." if summary["limits"] else "Nothing planted was found."


def files_flagged(summary: dict[str, Any]) -> int:
    """How many of the flagged documents are no rows but files beside them."""
    return int(summary["counts"]["detector"].get("supply_chain", {"documents": 0})["documents"])


def extent(summary: dict[str, Any]) -> str:
    """How many documents, tokens and campaigns the verdict is about."""
    scanned = plural(summary["totals"]["documents"], "scanned document")
    if summary["flagged_documents"] <= files_flagged(summary):
        return f"{scanned}, none flagged."
    tokens = f"{plural(summary['flagged_tokens'], 'token')} ({share(summary['flagged_token_rate'])})"
    return f"{tokens} in {plural(summary['campaigns'], 'campaign')}, among {scanned}."


def reading(summary: dict[str, Any]) -> str:
    """What was read and what was not."""
    counts, sample = summary["coverage"], summary["exit"]["sample"]
    lost = [
        f"{plural(counts[fate], 'record')} {verb}"
        for fate, verb in (("skipped", "skipped"), ("errored", "unreadable"))
        if counts[fate]
    ]
    if counts["files_incomplete"]:
        lost.append(f"{number(counts['files_incomplete'])} of {plural(counts['files'], 'file')} incomplete")
    if sample is not None:
        lost.append(f"only a sample was read ({share(sample)} of the shards{_thinned(summary)})")
    if not lost:
        return f"Everything was read: {plural(counts['rows'], 'record')} in {plural(counts['files'], 'file')}."
    allowed = "" if summary["exit"]["incomplete"] else " (allowed for this scan)"
    known = max(counts["rows"], counts["scanned"] + counts["skipped"] + counts["errored"])
    return f"{number(counts['scanned'])} of {plural(known, 'known record')} read; {'; '.join(lost)}{allowed}."


def _thinned(summary: dict[str, Any]) -> str:
    """What a campaign of usual size keeps in the part that was read."""
    sampling = (summary["power"] or {}).get("sampling")
    if not sampling:
        return ""
    row = next((row for row in sampling["campaigns"] if row["documents"] >= 250), sampling["campaigns"][-1])
    least, size, chance = sampling["carriers"], number(row["documents"]), f"{row['probability']:.2g}"
    return f": of {size} carriers {least} are there with probability {chance}"


def aside(summary: dict[str, Any]) -> str:
    """What detectors found and did not look at, as a list; empty where they looked at all."""
    told: dict[str, list[str]] = {}
    for row in summary["limits"]:
        told.setdefault(row["detector"], []).append(f"{number(row['left'])} {row['unit']}")
    return "; ".join(f"{detector} {', '.join(parts)}" for detector, parts in told.items())


def ending(summary: dict[str, Any]) -> str:
    """What the exit code says."""
    code = summary["exit"]["code"]
    return f"exit {code}: {EXIT_CODES.get(code, 'see the documentation')}"


def attack(name: str) -> str:
    """`backdoor_trigger` as people write it."""
    return name.replace("_", " ")
