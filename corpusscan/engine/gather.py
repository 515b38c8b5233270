"""From artefacts back to the corpus: absolute rows, coverage, and all that the result tables need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import orjson
import polars as pl
import pyarrow as pa

from corpusscan import io, schema
from corpusscan.detector import Detector
from corpusscan.engine import perfile
from corpusscan.engine.collected import Collected
from corpusscan.engine.quarantine import DEADLY
from corpusscan.workspace import Workspace

_COPIES = {"shard": pl.UInt32, "row": pl.UInt64, "cluster": pl.UInt64}


def offsets(plan: io.Plan, collected: Collected, workspace: Workspace) -> dict[int, int]:
    """For each shard the absolute row, within its file, of its first record."""
    first: dict[int, int] = {}
    following: dict[str, int] = {}
    for shard in plan.shards:
        first[shard.index] = following.get(shard.file, 0)
        rows = None
        if shard.index in collected.accounts and shard.index not in collected.lost:
            rows = collected.account(shard.index, workspace)["rows"]
        later = any(other.file == shard.file for other in plan.shards[shard.index + 1 : shard.index + 2])
        lost = collected.lost.get(shard.index)
        if lost and lost.rows is not None:
            rows = lost.rows
        elif rows is None and later and not (lost and lost.reason in DEADLY):  # nor may this process die of it
            rows = io.count(shard)
        following[shard.file] = first[shard.index] + (rows or 0)
    return first


def gather(
    collected: Collected, first: dict[int, int], detectors: Sequence[Detector], workspace: Workspace
) -> dict[str, Any]:
    """Hits, groups, members and cards of all detectors, as `report.tables.result_tables` takes them."""
    places = [place for shard in collected.shards for place in _places(shard, first[shard.index])]
    types = {"shard": pl.UInt32, "begin": pl.UInt64, "file": pl.String, "first": pl.UInt64}
    hits: list[tuple[str, int | None, pa.Table]] = []
    for name, parts in sorted(collected.flags.items()):
        hits += [(name, shard, workspace.read(artefact)) for shard, artefact in parts]
    concluded = sorted(collected.concluded.items())
    hits += [(name, None, state["hits"]) for name, state in concluded]
    known = {detector.name: detector for detector in detectors}
    rules = {(name, rule) for name, _, table in hits if len(table) for rule in table["rule"].unique().to_pylist()}
    titles = {(name, rule): known[name].title(rule) for name, rule in rules}
    return {
        "shards": pl.DataFrame(places, schema=types),
        "hits": hits,
        "groups": [(name, state["groups"]) for name, state in concluded],
        "members": [state["members"] for _, state in concluded],
        "cards": [(shard, workspace.read(f"{artefact}.cards")) for shard, artefact in sorted(set(collected.cards))],
        "titles": titles,
        "copies": pl.DataFrame(collected.copies) if collected.copies is not None else pl.DataFrame(schema=_COPIES),
    }


def with_files(
    gathered: dict[str, Any], hits: dict[str, pa.Table], titles: dict[tuple[str, str], str]
) -> dict[str, Any]:
    """What was gathered, and findings about files as a whole, `FILE_HITS` by detector.

    Each such file is the record 0 of itself: it has no row, and no other identity.
    """
    shards: list[dict[str, Any]] = []
    parts: list[tuple[str, int, pa.Table]] = []
    cards: list[tuple[int, pa.Table]] = []
    begin = max(gathered["shards"]["shard"].to_list(), default=-1) + 1
    for detector, table in sorted(hits.items()):
        frame = pl.DataFrame(table)
        for (file,), rows in frame.group_by("file", maintain_order=True):
            number = begin + len(shards)
            shards.append({"shard": number, "begin": 0, "file": file, "first": 0})
            parts.append((detector, number, rows.drop("file", "content_hash").to_arrow().cast(schema.HITS)))
            card = {"row": 0, "id": None, "source": None, "time": None, "tokens": 0}
            card["content_hash"] = rows["content_hash"][0]
            cards.append((number, pa.Table.from_pylist([card], schema=schema.CARDS)))
    return {
        **gathered,
        "shards": pl.concat([gathered["shards"], pl.DataFrame(shards, schema=gathered["shards"].schema)]),
        "hits": [*gathered["hits"], *parts],
        "cards": [*gathered["cards"], *cards],
        "titles": {**gathered["titles"], **titles},
    }


def _places(shard: io.Shard, first: int) -> list[dict[str, Any]]:
    """Where its records lie in files: from which row on, in which file, as which row of it."""
    if not shard.files:
        return [{"shard": shard.index, "begin": 0, "file": shard.file, "first": first}]
    return [{"shard": shard.index, "begin": row, "file": one.label, "first": 0} for row, one in enumerate(shard.files)]


def coverage_table(
    plan: io.Plan, collected: Collected, workspace: Workspace
) -> tuple[pa.Table, dict[str, list[str]], dict[str, int]]:
    """COVERAGE, one row per shard; the columns scanned and not scanned; records without source, time, and either."""
    rows = [_skipped(*item) for item in plan.skipped]
    columns: dict[str, Counter[str]] = {}
    for shard in plan.shards:
        if shard.index in collected.lost:
            rows += _unread(shard, "errored", collected.lost[shard.index].reason)
        elif shard.index not in collected.accounts:
            rows += _unread(shard, "skipped", "not_sampled")
        else:
            account = collected.account(shard.index, workspace)
            for role, counts in orjson.loads(account.pop("columns")).items():
                columns.setdefault(role, Counter()).update(counts)
            stop, told, _ = (account.pop(name) for name in ("stop", "files", "lists"))
            reasons = orjson.loads(account.pop("reasons"))
            if told is not None:
                rows += [{**row, "reasons": _json(row["reasons"])} for row in perfile.coverage(shard, told)]
                continue
            status = "complete" if stop is None else "errored"
            rows.append(_row(shard, status, reasons, stop=shard.stop if stop is None else stop, **account))
    table = pa.Table.from_pylist(sorted(rows, key=lambda row: (row["file"], row["start"])), schema=schema.COVERAGE)
    without = columns.pop("without", Counter())
    return table, _column_names(columns), {kind: without[kind] for kind in ("source", "time", "provenance")}


def held(collected: Collected, first: dict[int, int]) -> list[dict[str, Any]]:
    """Records that were not read because they ended a worker: file, rows (`row` to before `stop`), reason."""
    told: list[dict[str, Any]] = []
    for shard in (shard for shard in collected.shards if shard.held):
        for start, stop, reason in shard.held.ranges if shard.held else ():
            if shard.files:
                told += [
                    {"file": shard.files[n].label, "row": 0, "stop": 1, "reason": reason} for n in range(start, stop)
                ]
            else:
                before = first[shard.index]
                told.append({"file": shard.file, "row": before + start, "stop": before + stop, "reason": reason})
    return [one for one in told if one["reason"] not in io.faults.REASONS]


def _column_names(columns: dict[str, Counter[str]]) -> dict[str, list[str]]:
    scanned = sorted(columns.get("text", ()))
    used = {role: sorted(columns.get(role, ())) for role in ("id", "source", "time", "label")}
    return {"scanned": scanned, "not_scanned": sorted(set(columns.get("unscanned", ())) - set(scanned)), **used}


def _row(shard: io.Shard, status: str, reasons: dict[str, dict[str, int]], stop: int, **counts: int) -> dict[str, Any]:
    blank = {"rows": None, "lines": None, "scanned": 0, "skipped": 0, "errored": 0, "text_bytes": 0, "tokens": 0}
    return {
        **blank, "file": shard.file, "unit": shard.unit, "start": shard.start, "stop": stop,
        "bytes_total": shard.bytes_total, "status": status, "reasons": _json(reasons), **counts,
    }  # fmt: skip


def _unread(shard: io.Shard, status: str, reason: str) -> list[dict[str, Any]]:
    if shard.files:
        return [_skipped(one.label, one.bytes, status, reason) for one in shard.files]
    return [_row(shard, status, {status: {reason: 1}}, stop=shard.start)]


def _skipped(file: str, size: int, status: str, reason: str) -> dict[str, Any]:
    return {
        "file": file, "unit": "byte", "start": 0, "stop": 0, "bytes_total": size, "status": status, "rows": None,
        "scanned": 0, "skipped": 0, "errored": 0, "reasons": _json({status: {reason: 1}}), "text_bytes": 0, "tokens": 0,
    }  # fmt: skip


def _json(reasons: dict[str, dict[str, int]]) -> str:
    return orjson.dumps(reasons, option=orjson.OPT_SORT_KEYS).decode()
