"""The last word of a scan fits one screen and cannot be made to act."""

import io
import unicodedata
from pathlib import Path

import pytest
from corpora import power_of
from rich.cells import cell_len
from rich.console import Console

from corpusscan.report.summary import summarize
from corpusscan.report.terminal import render


def shown(summary, report=None, **console) -> str:
    """What `render` writes to a terminal of 80 columns, or to whatever `console` says."""
    out = io.StringIO()
    render(summary, Console(**({"file": out, "width": 80, "_environ": {}} | console)), str(report or ""))
    return (console.get("file") or out).getvalue() if isinstance(console.get("file", out), io.StringIO) else ""


@pytest.fixture
def worst(tables, extra, write, make_shard, hostile, left_aside):
    """A summary with as much to say as there can be, all of it hostile and long."""
    long = [text * 20 for text in hostile("http://canary.example")] + ["漢字" * 300]
    folder = tables(groups=60, documents=300, hostile=long)
    reasons = {"skipped": {"too_large": 7}, "errored": {f"reason_{n}": 1 for n in range(30)}}
    write(folder, "coverage", [make_shard(f"{n}", skipped=7, errored=30, reasons=reasons) for n in range(50)])
    idle = [{"name": text, "reason": text} for text in long]
    limits = [left_aside | {"detector": text, "limit": text, "unit": text} for text in long]
    told = {
        "columns": {"scanned": long, "not_scanned": long},
        "detectors_not_run": idle,
        "limits": limits,
        "power": power_of(long),
    }
    return summarize(folder, extra | told | {"power": power_of(long)})


def test_one_screen(worst) -> None:
    """The worst summary takes at most 24 lines of 80 cells."""
    lines = shown(worst, Path("/a/rather/long/path/to/a/folder") / ("x" * 60) / "report.html").splitlines()
    assert len(lines) <= 24
    assert max(map(cell_len, lines)) <= 80


@pytest.mark.parametrize("terminal", [True, False])
def test_data_cannot_act(worst, terminal) -> None:
    """No control, bidi or zero-width character of the data reaches the terminal, and rich markup stays text."""
    text = shown(worst, Path("odd\x1b[2J\u202e.html"), force_terminal=terminal, color_system=None)
    assert {char for char in text if unicodedata.category(char)[0] == "C"} <= {"\n", "\x1b"}
    assert "\x1b[2J" not in text
    assert "\x1b]8" not in text
    assert "http://" not in text


def test_plain_where_there_is_no_terminal(worst) -> None:
    """Into a file goes text without any escape sequence."""
    assert "\x1b" not in shown(worst)


def test_colours_on_a_terminal_unless_refused(worst) -> None:
    """A terminal gets colour; NO_COLOR takes it away."""
    terminal = {"force_terminal": True, "color_system": "standard"}
    assert "\x1b[1;31m" in shown(worst, **terminal)
    assert "31m" not in shown(worst, **terminal, _environ={"NO_COLOR": "1"})


def test_a_narrow_encoding_is_no_error(tables, extra) -> None:
    """What ASCII cannot write is spelled out instead of raising."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    render(summarize(tables(hostile=["漢字 → naïve"]), extra), Console(file=stream, width=80, _environ={}))
    stream.flush()
    assert b"\\u6f22" in raw.getvalue()


@pytest.mark.parametrize("width", [20, 40, 200])
def test_other_widths(worst, width) -> None:
    """No line is wider than the terminal, whatever its width."""
    assert max(map(cell_len, shown(worst, width=width).splitlines())) <= width


def test_it_says_what_matters(tables, extra) -> None:
    """Verdict, reading, the gravest group, the report's place and the exit code are all there."""
    text = shown(summarize(tables(), extra), Path("out/report.html"))
    for part in (
        "look planted",
        "Everything was read",
        "critical",
        "out/report.html",
        "Exit 1:",
        "meta.headers",
        "semantic",
    ):
        assert part in text


def test_it_says_what_was_left_aside(tables, extra, left_aside) -> None:
    """One line where detectors left something aside, none where they did not."""
    folder = tables()
    assert "Left aside: near_duplicate 7,001 documents" in shown(summarize(folder, extra | {"limits": [left_aside]}))
    assert "Left aside" not in shown(summarize(folder, extra))
