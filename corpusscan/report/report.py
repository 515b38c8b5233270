"""A finished scan in Python: its summary, and its tables as lazy frames."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from corpusscan.report.notebook import repr_html
from corpusscan.report.summary import Summary

if TYPE_CHECKING:
    from corpusscan.report.mined_rules import Saved

TABLES = ("findings", "documents", "groups", "members", "coverage")
FILES = (*(f"{name}.parquet" for name in TABLES), "summary.json", "manifest.json", "report.html", "findings.sarif")


class Report:
    """What a scan found; the tables stay on disk until they are collected."""

    def __init__(self, out: Path, summary: Summary, place: str = "") -> None:
        self.out, self.summary = out, summary
        self.place = place or str(out)  # the folder or the address where it lies for good; `out` may be a copy
        self.kept: object = None  # what keeps that copy
        self.saved: Saved | None = None  # the rules of mined triggers, where the scan was asked for them
        self.quarantined: list[dict[str, Any]] = []  # records that ended workers: file, row, stop, reason

    @property
    def exit_code(self) -> int:
        """What the command line would have exited with."""
        return int(self.summary["exit"]["code"])

    @property
    def findings(self) -> pl.LazyFrame:
        """One row per flagged span."""
        return self._table("findings")

    @property
    def documents(self) -> pl.LazyFrame:
        """One row per document with a finding."""
        return self._table("documents")

    @property
    def groups(self) -> pl.LazyFrame:
        """One row per rule with hits, cluster, trigger, template or claim."""
        return self._table("groups")

    @property
    def members(self) -> pl.LazyFrame:
        """Which documents belong to which group."""
        return self._table("members")

    @property
    def coverage(self) -> pl.LazyFrame:
        """One row per shard: what was read of it."""
        return self._table("coverage")

    def _table(self, name: str) -> pl.LazyFrame:
        # A folder called `year=2024` or `a[1]` is a folder, no pattern and no column.
        return pl.scan_parquet(self.out / f"{name}.parquet", glob=False, hive_partitioning=False)

    def save(self, out: str | Path) -> Path:
        """Copy the report (without the working files) to the folder `out` and return it."""
        target = Path(out)
        target.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            shutil.copyfile(self.out / name, target / name)
            (target / name).chmod(0o600)
        return target

    def __repr__(self) -> str:
        exit_ = self.summary["exit"]
        flagged, scanned = self.summary["flagged_documents"], self.summary["totals"]["documents"]
        return f"Report({exit_['verdict']}: {flagged} flagged of {scanned} documents)"

    def _repr_html_(self) -> str:
        return repr_html(self.summary)
