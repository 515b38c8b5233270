"""The sentences about power that page, terminal and notebook share; plain text, made from counts only."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from corpusscan.report.words import number, plural, share

Told = Mapping[str, Any]


def line(summary: Told) -> str:
    """What a verdict is worth, for one line of a terminal; empty where power was not asked for."""
    power = summary["power"] or {}
    if power.get("reason"):
        return f"Power was not measured: {power['reason']}"
    if not power.get("measured"):
        return ""
    measured, sample = power["measured"], power["measured"]["sample"]
    seen = ", ".join(f"{_name(row)} of {row['documents']} ({_bound(row)})" for row in _seen(measured))
    missed = ", ".join(f"{_name(row)} of {row['largest']}" for row in _missed(measured))
    parts = [f"found {seen}" if seen else "", f"not surely {missed}" if missed else ""]
    where = f"{number(sample['documents'])} of {_every(sample)} documents"
    return f"Campaigns planted into {where}: {'; '.join(filter(None, parts))}"


def found(measured: Told) -> list[str]:
    """By family: the smallest size from which on 95 % were found, the smallest first."""
    return [
        f"{_name(one)} from {plural(one['documents'], 'document')} ({_counts(one)}, {_bound(one)})"
        for one in _seen(measured)
    ]


def not_found(measured: Told) -> list[str]:
    """By family: the largest campaigns that were planted, where fewer are found."""
    return [f"{_name(row)} up to {plural(row['largest'], 'document')} ({_counts(row)})" for row in _missed(measured)]


def _seen(measured: Told) -> list[Told]:
    rows = [row for row in measured["smallest"] if row["documents"] is not None]
    return sorted(rows, key=lambda row: int(row["documents"]))


def _missed(measured: Told) -> list[Told]:
    return [row for row in measured["smallest"] if row["documents"] is None]


def _name(row: Told) -> str:
    return str(row["family"]).replace(",", " ")


def _counts(row: Told) -> str:
    return f"{row['found']} of {row['campaigns']}"


def _bound(row: Told) -> str:
    return f"at least {math.floor(100 * row['at_least'])} %"


def _every(sample: Told) -> str:
    return f"{'' if sample['counted'] else 'about '}{number(sample['of'])}"


def within(measured: Told) -> str:
    """In which documents campaigns were planted."""
    sample = measured["sample"]
    if sample["documents"] == sample["of"]:
        return f"measured in all {number(sample['of'])} documents"
    return f"measured on a sample of {number(sample['documents'])} of {_every(sample)} documents"


def interval(row: Told) -> str:
    """The exact interval of a rate."""
    return f"{math.floor(100 * row['low'])} to {math.ceil(100 * row['high'])} %"


def kept(sampling: Told) -> str:
    """What a campaign keeps in a part of the shards."""
    some = [f"of {number(row['documents'])} with probability {row['probability']:.2g}" for row in sampling["campaigns"]]
    return (
        f"Of a campaign spread evenly, {sampling['carriers']} documents or more are in the {share(sampling['share'])} "
        f"of the shards that were read: {', '.join(some)}; of {number(sampling['certain'])} with 0.95."
    )


def table(measured: Told) -> str:
    """All that was measured, for people: a line per family and size, the smallest of each family, what was left out."""
    head = ("family", "documents", "found", "campaigns", "rate, 95 %")
    rows = [head] + [
        (row["family"], str(row["documents"]), str(row["found"]), str(row["campaigns"]),
         f"{100 * row['found'] / row['campaigns']:.0f} % ({interval(row)})")
        for row in measured["rates"]
    ]  # fmt: skip
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    for head_of, some in (
        ("At least 95 % of the campaigns were found", found(measured)),
        ("Fewer were found", not_found(measured)),
    ):
        lines += ["", f"{head_of}:", *(f"  {one}" for one in some)] if some else []
    lines.append("")
    lines += [f"Left out: {row['what']}: {row['reason']}" for row in measured["left_out"]]
    last = f"{within(measured).capitalize()}, in {plural(measured['plantings'], 'planting')}"
    return "\n".join([*lines, f"{last}; campaigns share a scan. In a larger corpus more stands there by chance."])
