"""The faces of a report: summary, page and SARIF log, made from the tables in OUT and nothing else."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import orjson

from corpusscan.addresses import shown
from corpusscan.errors import WorkspaceError
from corpusscan.report.html import build_html
from corpusscan.report.report import TABLES, Report
from corpusscan.report.sarif import build_sarif
from corpusscan.report.summary import Extra, Summary, summarize
from corpusscan.workspace import publish, store, write_atomic

MANIFEST = "manifest.json"
NEEDED = (*(f"{table}.parquet" for table in TABLES), MANIFEST)


FACES = ("report.html", "findings.sarif", "summary.json")


def rebuild(out: str | Path) -> Report:
    """`build` in a folder; of a report in storage elsewhere the tables are fetched and the pages brought there.

    Raises `WorkspaceError` where there is no finished scan.
    """
    there = store(out)
    if there.root:
        return build(there.root)
    folder = tempfile.TemporaryDirectory(prefix="corpusscan-")
    for name in NEEDED:
        with suppress(FileNotFoundError):  # `build` says which one is missing
            there.fetch(name, Path(folder.name) / name)
    report = build(Path(folder.name), str(out))
    publish(report.out, there, FACES)
    report.kept = folder
    return report


def build(out: Path, place: str = "") -> Report:
    """Summarise the tables in `out`, with what `manifest.json` says of the run, and write the pages.

    `place` says where the report will lie in the end, if that is not `out`.
    Raises `WorkspaceError` where `out` holds no finished scan.
    """
    told = shown(place or out)
    missing = [name for name in NEEDED if not (out / name).exists()]
    if missing:
        raise WorkspaceError(f"{told}: no finished scan, {missing[0]} is missing; run corpusscan scan first")
    try:
        manifest: dict[str, Any] = orjson.loads((out / MANIFEST).read_bytes())
        summary: Summary = summarize(out, cast(Extra, manifest["run"]))
    except (ValueError, KeyError, OSError) as error:
        raise WorkspaceError(f"{told}: {MANIFEST} is damaged ({error}); run corpusscan scan again") from None
    page = build_html(out, summary).encode()
    write_atomic(out / "report.html", lambda path: path.write_bytes(page))
    log = build_sarif(out, summary)
    write_atomic(out / "findings.sarif", lambda path: path.write_bytes(log))
    text = orjson.dumps(summary, option=orjson.OPT_INDENT_2)
    write_atomic(out / "summary.json", lambda path: path.write_bytes(text))
    return Report(out, summary, place)
