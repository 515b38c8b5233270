"""The faces of a report: summary, page and SARIF log, made from the tables in OUT and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import orjson

from corpusscan.errors import WorkspaceError
from corpusscan.report.html import build_html
from corpusscan.report.report import TABLES, Report
from corpusscan.report.sarif import build_sarif
from corpusscan.report.summary import Extra, Summary, summarize
from corpusscan.workspace import write_atomic

MANIFEST = "manifest.json"


def build(out: Path) -> Report:
    """Summarise the tables in `out`, with what `manifest.json` says of the run, and write the pages.

    Raises `WorkspaceError` where `out` holds no finished scan.
    """
    missing = [name for name in (*(f"{table}.parquet" for table in TABLES), MANIFEST) if not (out / name).exists()]
    if missing:
        raise WorkspaceError(f"{out}: no finished scan, {missing[0]} is missing; run corpusscan scan first")
    try:
        manifest: dict[str, Any] = orjson.loads((out / MANIFEST).read_bytes())
        summary: Summary = summarize(out, cast(Extra, manifest["run"]))
    except (ValueError, KeyError, OSError) as error:
        raise WorkspaceError(f"{out}: {MANIFEST} is damaged ({error}); run corpusscan scan again") from None
    page = build_html(out, summary).encode()
    write_atomic(out / "report.html", lambda path: path.write_bytes(page))
    log = build_sarif(out, summary)
    write_atomic(out / "findings.sarif", lambda path: path.write_bytes(log))
    text = orjson.dumps(summary, option=orjson.OPT_INDENT_2)
    write_atomic(out / "summary.json", lambda path: path.write_bytes(text))
    return Report(out, summary)
