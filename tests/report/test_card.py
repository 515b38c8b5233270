"""The block for a dataset card says what was audited, and nothing that the data says acts in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from corpora import Run, make_records, power_of, write_jsonl
from markdown_it import MarkdownIt
from markdown_it.token import Token

from corpusscan.report import Report
from corpusscan.report.card import BEGIN, END, card, escaped
from corpusscan.report.summary import summarize


def block(out: Path, extra: dict[str, Any], config: dict[str, Any] | None = None) -> str:
    """The block for these tables."""
    (out / "manifest.json").write_bytes(orjson.dumps({"run": extra, "config": config or {}}))
    return card(Report(out, summarize(out, extra)))


def tokens(markdown: str) -> list[Token]:
    """What a reader of Markdown makes of it, with tables and bare links as GitHub and the hub have them."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return [one for token in parser.parse(markdown) for one in (token, *(token.children or []))]


def test_it_says_what_was_audited(tables: Callable[..., Path], extra: dict[str, Any]) -> None:
    """Version, data, verdict, records, columns, provenance, splits, files, findings, worth, and the same command."""
    pair = {"scope": "", "split": "test", "in": "train", "rows": 50, "exact": 3, "nearly": 1}
    known = {
        **extra, "inputs": ["/home/somebody/secret-project/set", "hf://datasets/o/n@abc"],
        "records_without": {"source": 1, "time": 2, "provenance": 1}, "repository": {"files": 7, "opened": 6},
    }  # fmt: skip
    out = tables()
    (out / "manifest.json").write_bytes(orjson.dumps({"config": {"seed": 4, "workers": 2, "without": []}}))
    summary = summarize(out, known) | {"leakage": {"pairs": [pair], "groups_in_two_splits": 2}}
    text = card(Report(out, summary))
    assert text.startswith(BEGIN)
    assert text.endswith(f"{END}\n")
    for wanted in (
        "corpusscan 0.1.0, 2026-01-31", "| data | set, hf[:]//datasets/o/n", "source 1, time 2, either 1",
        "4 of 50 rows of test are in train (1 of them nearly)", "2 flagged groups stand in two splits",
        "7 files looked at, 6 of them opened", "| columns not scanned | meta.headers, html |", "backdoor trigger",
        "corpusscan scan set hf://datasets/o/n@abc --seed 4", "was not measured",
    ):  # fmt: skip
        assert wanted.replace("[:]", "\\[:\\]") in text, wanted
    assert "somebody" not in text
    assert "workers" not in text


def test_hostile_text_is_text(tables: Callable[..., Path], extra: dict[str, Any], hostile: Any) -> None:
    """No markup, no HTML, no link, no image, no line of its own, whatever inputs, columns and reasons are called."""
    nasty = [
        *hostile("https://evil.example"), "![x](https://e.example)", "[x](javascript:1)", "<https://e.example>",
        "`code`", "| a | b |", "\n# heading\n- list", "**bold**", "@somebody #1 :smile: $x$", "```\nfence", "~~x~~",
        "\\", "&lt;b&gt;", END, "x\n---\ny: 1",
    ]  # fmt: skip
    known = {
        **extra, "inputs": nasty[:20], "columns": {"scanned": nasty[:30], "not_scanned": nasty[-30:]},
        "detectors": nasty[-20:], "power": power_of(nasty[-9:]),
        "detectors_not_run": [{"name": one, "reason": one} for one in nasty[-9:]],
        "limits": [{"detector": one, "limit": one, "most": 1, "left": 2, "unit": one} for one in nasty[-9:]],
    }  # fmt: skip
    text = block(tables(hostile=nasty), known, {"text_column": nasty[-9:], "source_column": nasty[-4]})
    kinds = [token.type for token in tokens(text)]
    assert not set(kinds) & {"link_open", "image", "html_inline", "code_inline", "em_open", "s_open"}
    assert kinds.count("html_block") == 2
    assert kinds.count("fence") == 1
    assert kinds.count("heading_open") == 4
    assert kinds.count("strong_open") == 1
    assert text.count(END) == 1
    assert not [char for char in text if char != "\n" and not char.isprintable()]
    assert "https:" not in text.split("### Do it again")[0]


@pytest.mark.parametrize("text", ["a_b*c", "<b>", "a|b", "[x](y)", "`x`", "&amp;", "#1 @x", "x:y:z"])
def test_escapes_show_what_was_there(text: str) -> None:
    """A reader sees the same characters."""
    [inline] = [token for token in tokens(f"x {escaped(text)}") if token.type == "inline"]
    assert "".join(one.content for one in inline.children or []) == f"x {text}"


def test_the_command_prints_it(called: Run, tmp_path: Path) -> None:
    """`report OUT --card` has the block on stdout and nothing else; with --json it is refused."""
    write_jsonl(tmp_path / "set" / "train.jsonl", make_records(60))
    fast = ("--detectors", "rules", "--workers", "1", "--seed", "1", "--quiet")
    assert called("scan", "set", "-o", "out", *fast).returncode == 0
    done = called("report", "out", "--card")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(BEGIN)
    assert "corpusscan scan set --detectors rules --seed 1" in done.stdout
    assert called("report", "out", "--card", "--json").returncode == 2
    assert called("report", "nowhere", "--card").returncode == 2
