"""The result tables in numbers: what `summary.json` holds and every face of a report shows.

Counts speak of findings that nobody accepted.  `flagged` is a document of severity `medium` or
above, and so are the findings counted by attack and detector.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypedDict

import msgspec
import polars as pl

from corpusscan import schema
from corpusscan.report import reading

TOP_GROUPS = 50
TOP_SOURCES = 50
_LONG = {"pair", "examples", "counterparts", "beside"}  # entries of evidence
WITHOUT = ("source", "time", "provenance")  # the last: neither of the others
COLUMN_ROLES = ("scanned", "not_scanned", "id", "source", "time", "label")

Summary = dict[str, Any]
"""As `summary_schema.json` in this folder describes it."""


class Extra(TypedDict, total=False):
    """What the tables do not know; every key may be missing."""

    fail_on: str  # a severity; default high
    allow_skipped: dict[str, int]  # reason -> how many skipped or errored records do not make a scan incomplete
    sample: float | None  # share of the shards that was read on purpose
    exit_code: int | None  # imposed, where the scan ended before its verdict (130) or is one part of many (0)
    version: str
    finished: str | None  # ISO 8601
    inputs: list[str]
    tokenizer: str
    encoder: str  # by what texts were compared
    detectors: list[str]  # that ran
    detectors_not_run: list[dict[str, str]]  # {name, reason}
    detectors_failed: list[str]  # those of them that broke: what they would have found is unknown
    limits: list[dict[str, Any]]  # {detector, limit, most, left, unit}: what detectors left aside
    columns: dict[str, list[str]]  # by COLUMN_ROLES
    quarantined: list[dict[str, Any]]  # {file, row, stop, reason}: records that ended a worker
    records_without: dict[str, int]  # by WITHOUT
    repository: dict[str, int] | None  # {files, opened}: that were looked at before any row
    baseline: dict[str, int] | None  # lines of the baseline: {used, unused, expired}
    power: dict[str, Any] | None
    resume: dict[str, int] | None  # {tasks, reused}
    seconds: dict[str, float]  # per stage


def summarize(out_tables: Path, extra: Extra) -> Summary:
    """The summary of the five tables in the folder `out_tables` (`corpusscan.schema`, section results)."""
    findings = scan(out_tables, "findings").with_columns(pl.col("accepted").fill_null(value=False))
    documents = scan(out_tables, "documents").filter(is_flagged())
    live = findings.filter(~pl.col("accepted"))
    coverage, read = reading.coverage(scan(out_tables, "coverage"))
    severities = _by_severity(live, scan(out_tables, "documents"))
    flagged = _one(documents.select(documents=pl.len(), tokens=pl.col("flagged_tokens").sum()))
    top, totals = _groups(scan(out_tables, "groups"), findings)
    leakage = _leakage(scan(out_tables, "groups"))
    return {
        "schema_version": schema.VERSION,
        "version": extra.get("version", ""),
        "finished": extra.get("finished"),
        "inputs": [_encodable(name) for name in extra.get("inputs", [])],
        "exit": _exit(severities, coverage, extra),
        "totals": read,
        "flagged_documents": flagged["documents"],
        "flagged_tokens": flagged["tokens"],
        "flagged_token_rate": flagged["tokens"] / read["tokens"] if read["tokens"] else None,
        "findings": sum(row["findings"] for row in severities.values()),
        "accepted_findings": _one(findings.select(n=pl.col("accepted").sum()))["n"],
        "counts": {
            "severity": severities,
            "attack": _by(live, "attack"),
            "detector": _by(live, "detector"),
            "source": _by_source(documents),
        },
        "sources": _one(documents.select(n=pl.col("source").drop_nulls().n_unique()))["n"],
        **totals,
        "top_groups": top,
        "coverage": coverage,
        "columns": {
            kind: [_encodable(name) for name in extra.get("columns", {}).get(kind, [])] for kind in COLUMN_ROLES
        },
        "records_without": {kind: extra.get("records_without", {}).get(kind) for kind in WITHOUT},
        "tokenizer": extra.get("tokenizer", ""),
        "encoder": extra.get("encoder", ""),
        "detectors": list(extra.get("detectors", [])),
        "detectors_not_run": [
            {key: _encodable(value) for key, value in row.items()} for row in extra.get("detectors_not_run", [])
        ],
        "limits": [dict(row) for row in extra.get("limits", [])],
        "repository": extra.get("repository"),
        "leakage": leakage if "split_leakage" in extra.get("detectors", []) else None,
        "baseline": extra.get("baseline"),
        "power": extra.get("power"),
        "resume": extra.get("resume"),
        "seconds": dict(extra.get("seconds", {})),
    }


def scan(out_tables: Path, table: str) -> pl.LazyFrame:
    """One result table, read lazily; the folder's name is taken literally, never as a pattern."""
    return pl.scan_parquet(out_tables / f"{table}.parquet", glob=False, hive_partitioning=False)


def severity_rank() -> pl.Expr:
    """Position of the column `severity` in `schema.SEVERITIES`, from 0; -1 where it has none."""
    ranks = {name: rank for rank, name in enumerate(schema.SEVERITIES)}
    return pl.col("severity").replace_strict(ranks, default=-1, return_dtype=pl.Int8)


def is_flagged() -> pl.Expr:
    """Whether the column `severity` is one from which on a document counts as flagged."""
    return pl.col("severity").is_in(schema.FLAGGED)


def plausible_time(column: str) -> pl.Expr:
    """A UTC time, null outside the years 1 to 9999: dates are data, and calendars end there."""
    micros = pl.col(column).dt.epoch("us")
    return pl.when(micros.is_between(-62_135_596_800_000_000, 253_402_300_799_999_999)).then(pl.col(column))


def _one(frame: pl.LazyFrame) -> dict[str, Any]:
    return frame.collect(engine="streaming").row(0, named=True)


def _by_severity(live: pl.LazyFrame, documents: pl.LazyFrame) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {name: {"documents": 0, "findings": 0} for name in reversed(schema.SEVERITIES)}
    for unit, frame in (("findings", live), ("documents", documents)):
        for name, n in frame.group_by("severity").len().collect(engine="streaming").iter_rows():
            if name in counts:
                counts[name][unit] = n
    return counts


def _by(live: pl.LazyFrame, column: str) -> dict[str, dict[str, int]]:
    per_document = live.filter(is_flagged()).group_by(column, "file", "row").agg(n=pl.len())
    counts = per_document.group_by(column).agg(documents=pl.len(), findings=pl.col("n").sum())
    ordered = counts.sort("documents", column, descending=[True, False]).collect(engine="streaming")
    return {str(name): {"documents": documents, "findings": n} for name, documents, n in ordered.iter_rows()}


def _by_source(documents: pl.LazyFrame) -> list[dict[str, Any]]:
    counts = documents.group_by("source").agg(documents=pl.len(), flagged_tokens=pl.col("flagged_tokens").sum())
    ordered = counts.sort("documents", "source", descending=[True, False], nulls_last=True)
    return ordered.head(TOP_SOURCES).collect(engine="streaming").to_dicts()


def _groups(groups: pl.LazyFrame, findings: pl.LazyFrame) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The gravest groups, and how many groups and campaigns stand at `medium` or above; accepted ones left out."""
    counted = findings.group_by("group").agg(findings=pl.len(), open=(~pl.col("accepted")).sum())
    joined = groups.join(counted, on="group", how="left").with_columns(
        pl.col("findings", "open").fill_null(0), pl.coalesce("campaign", "group").alias("campaign")
    )
    standing = joined.filter((pl.col("open") > 0) | (pl.col("findings") == 0))
    flagged = standing.filter(is_flagged())
    totals = _one(flagged.select(groups=pl.len(), campaigns=pl.col("campaign").n_unique()))
    times = [plausible_time(c).dt.to_string("%Y-%m-%dT%H:%M:%SZ").alias(c) for c in ("first_seen", "last_seen")]
    order = [severity_rank().alias("rank"), pl.col("documents").fill_null(0).alias("size")]
    keys, down = ["rank", "size", "score", "group"], [True, True, True, False]
    top = standing.with_columns(*times, *order).sort(keys, descending=down, nulls_last=True).head(TOP_GROUPS)
    few = top.drop("rank", "size", "open").with_columns(pl.col("exemplars").list.head(5))
    rows = few.collect(engine="streaming").to_dicts()
    return [row | {"evidence": _slim(row["evidence"])} for row in rows], totals


def _leakage(groups: pl.LazyFrame) -> dict[str, Any]:
    """What stands in two splits: rows, by pairs of splits, and groups at `medium` or above."""
    told = pl.col("evidence").str.contains('"splits": ', literal=True)
    spread = _one(groups.filter(is_flagged() & told).select(n=pl.len()))["n"]
    leaks = groups.filter(pl.col("kind") == "leakage").sort("group").head(TOP_GROUPS).collect(engine="streaming")
    keys = ("scope", "split", "in", "rows", "exact", "nearly")
    pairs = [{key: pair.get(key) for key in keys} for pair in map(msgspec.json.decode, leaks["evidence"])]
    return {"pairs": pairs, "groups_in_two_splits": spread}


def _slim(evidence: str | None) -> str | None:
    """Evidence without longer texts, which only the page needs; what is no JSON object as it stands."""
    try:
        told = msgspec.json.decode(evidence or "")
    except (msgspec.DecodeError, RecursionError):
        return evidence
    if not isinstance(told, dict) or not told.keys() & _LONG:
        return evidence
    return msgspec.json.encode({name: value for name, value in told.items() if name not in _LONG}).decode()


def _exit(severities: dict[str, dict[str, int]], coverage: dict[str, Any], extra: Extra) -> dict[str, Any]:
    fail_on = extra.get("fail_on", "high")
    failing = schema.SEVERITIES[schema.SEVERITIES.index(fail_on) :]
    findings = any(severities[name]["findings"] for name in failing)
    sampled = extra.get("sample") is not None
    broken = bool(extra.get("detectors_failed"))
    incomplete = sampled or broken or reading.incomplete(coverage, extra.get("allow_skipped", {}))
    code = 3 if incomplete else int(findings)
    imposed = extra.get("exit_code")
    return {
        "code": code if imposed is None else imposed,
        "verdict": "incomplete" if incomplete else "findings" if findings else "clean",
        "findings": findings,
        "incomplete": incomplete,
        "fail_on": fail_on,
        "sample": extra.get("sample"),
    }


def _encodable(text: str) -> str:
    """Paths may hold bytes that are no text (lone surrogates), which JSON cannot carry."""
    return text.encode("utf-8", "backslashreplace").decode()
