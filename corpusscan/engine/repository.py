"""Files are judged before any row is read: what detectors say of the repositories that inputs are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from corpusscan import io
from corpusscan.detector import Detector, File, Limit, Repository
from corpusscan.io import repository
from corpusscan.schema import FILE_HITS

_QUOTES = {"reason", "imports", "members"}  # entries of evidence


@dataclass
class Looked:
    """What was found in files, by detector; `facts` says how many were looked at, None where nobody did."""

    hits: dict[str, pa.Table] = field(default_factory=dict)
    titles: dict[tuple[str, str], str] = field(default_factory=dict)
    facts: dict[str, int] | None = None
    limits: list[dict[str, Any]] = field(default_factory=list)


def inspected(plan: io.Plan, inputs: list[str], detectors: Sequence[Detector], *, excerpts: bool) -> Looked:
    """The findings of detectors that judge files."""
    judges = [detector for detector in detectors if detector.of_files]
    looked = Looked(facts={"files": 0, "opened": 0} if judges else None)
    for detector in judges:
        parts, left = [FILE_HITS.empty_table()], 0
        for one in repository.repositories(plan, inputs):
            parts.append(detector.inspect(_counted(one, looked)))
            left += one.left
        table = pa.concat_tables(parts)
        looked.hits[detector.name] = table if excerpts else _without_text(table)
        looked.titles |= {(detector.name, rule): detector.title(rule) for rule in table["rule"].unique().to_pylist()}
        if left:
            limit = Limit("files elsewhere that are opened", repository.ELSEWHERE, left, "files told by name alone")
            looked.limits.append({"detector": detector.name, **limit._asdict()})
    return looked


def _without_text(table: pa.Table) -> pa.Table:
    """The findings without what is quoted from files."""
    kept = [
        {
            **row,
            "excerpt": "",
            "evidence": json.dumps({k: v for k, v in told.items() if k not in _QUOTES}, sort_keys=True),
        }
        for row in table.to_pylist()
        for told in [json.loads(row["evidence"])]
    ]
    return pa.Table.from_pylist(kept, schema=FILE_HITS)


def _counted(one: Repository, looked: Looked) -> Repository:
    def counted() -> Iterator[File]:
        for file in one.files:
            assert looked.facts is not None
            looked.facts["files"] += 1
            looked.facts["opened"] += file.fault != repository.NOT_OPENED
            yield file

    return replace(one, files=counted())
