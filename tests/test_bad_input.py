"""Bad input, end to end: a finding, a counted skip or one line that says what to do; never a crash, never silence."""

from __future__ import annotations

import gzip
import io as memory
import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from corpora import Run

GOOD = b'{"text": "good"}\n'
ESCAPE = "\x1b]0;title\x07"


def parquet(table: pa.Table | dict[str, Any], **options: Any) -> bytes:
    """A table as a file."""
    buffer = memory.BytesIO()
    pq.write_table(table if isinstance(table, pa.Table) else pa.table(table), buffer, **options)
    return buffer.getvalue()


def scan(command: Run, *arguments: Path | str) -> tuple[int, str]:
    """The exit code and stderr of a scan for malformed records, in one worker; OUT is `out`."""
    done = command("scan", *arguments, "-o", "out", "--detectors", "malformed", "--workers", "1", "--quiet")
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return done.returncode, done.stderr


def coverage(folder: Path) -> dict[str, dict[str, Any]]:
    """The coverage table by file; fails where its books do not balance."""
    rows = {row["file"]: row for row in pq.read_table(folder / "out" / "coverage.parquet").to_pylist()}
    for row in rows.values():
        row["reasons"] = json.loads(row["reasons"])
        assert row["rows"] is None or row["rows"] == row["scanned"] + row["skipped"] + row["errored"]
    return rows


def findings(folder: Path) -> set[tuple[str, int, str]]:
    """File, row and rule of every finding."""
    table = pq.read_table(folder / "out" / "findings.parquet").to_pylist()
    return {(row["file"], row["row"], row["rule"]) for row in table}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A folder with one good file."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "good.jsonl").write_bytes(GOOD)
    return folder


NAMED = {
    "missing": (None, [], "no such file or folder"),
    "glob without a match": ("*.parquet", [], "holds no data"),
    "an unknown storage": ("nosuch://bucket/key", [], "nosuch://bucket/key: "),
    "empty": (b"", [], "holds no data"),
    "unknown format": (b"a,b\n1,2\n", [], "convert it to JSON Lines, CSV, plain text, Parquet or Arrow"),
    "JSON array": (b'[{"text": "a"}]', [], "one object per line"),
    "parquet without its end": (parquet({"text": ["a"]})[:-1], [], "corrupt_parquet"),
    "without a text column": (b'{"title_": "a", "body_": "b"}\n', [], "it has: body_, title_"),
    "without the named text column": (b'{"id": 1, "text": "b"}\n', ["--text-column", "nope"], "it has: id, text"),
    "without the named id column": (b'{"id": 1, "text": "b"}\n', ["--id-column", "nope"], "it has: id, text"),
    "a name too long": ("n" * 5000, [], "check the path"),
    "an escape in its name": (f"no{ESCAPE}\nwhere", [], "no such file or folder"),
}


@pytest.mark.parametrize("case", NAMED)
def test_a_named_input_that_cannot_be_read_is_one_line(command: Run, tmp_path: Path, case: str) -> None:
    """Missing, empty, unknown, cut, or without the named column: exit 2 and one line that says what to do."""
    content, options, wanted = NAMED[case]
    suffix = {"unknown format": ".xls", "JSON array": ".json", "parquet without its end": ".parquet"}.get(
        case, ".jsonl"
    )
    name = content if isinstance(content, str) else str(tmp_path / f"input{suffix}")
    if isinstance(content, bytes):
        Path(name).write_bytes(content)
    code, stderr = scan(command, name, *options)
    assert code == 2
    assert wanted in stderr
    assert stderr.count("\n") == 1
    assert stderr.startswith("corpusscan: ")
    assert "\x1b" not in stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_a_named_input_that_is_no_file_is_one_line(command: Run, tmp_path: Path) -> None:
    """A pipe can be read only once: refused, with what to do instead."""
    os.mkfifo(tmp_path / "pipe.jsonl")
    code, stderr = scan(command, tmp_path / "pipe.jsonl")
    assert (code, stderr.count("\n")) == (2, 1)
    assert "save them first" in stderr


def test_an_unreadable_named_input_is_one_line(command: Run, tmp_path: Path) -> None:
    """A path that leads through a file, and one that links to itself: refused whoever asks, the superuser too."""
    (tmp_path / "file").write_bytes(GOOD)
    (tmp_path / "loop.jsonl").symlink_to(tmp_path / "loop.jsonl")
    for name in ("file/below.jsonl", "loop.jsonl"):
        code, stderr = scan(command, tmp_path / name)
        assert (code, stderr.count("\n")) == (2, 1)
        assert "corpusscan: " in stderr


FOUND = {
    "invalid-utf8": b'{"text": "a\xffb"}',
    "control-character": b'{"text": "a\0b"}',
    "lone-surrogate": b'{"text": "a\\ud800b"}',
    "duplicate-key": b'{"text": "a", "text": "b"}',
}


def test_what_parsers_read_differently_is_a_finding(command: Run, corpus: Path) -> None:
    """Invalid UTF-8, raw NUL, lone surrogates, repeated keys: scanned, found, and the corpus is complete."""
    for rule, line in FOUND.items():
        (corpus / f"{rule}.jsonl").write_bytes(GOOD + line + b"\n" + GOOD)
    struct = pa.array([b"good", b"a\xff"], pa.binary()).view(pa.string())
    (corpus / "invalid.parquet").write_bytes(parquet({"text": struct}))
    code, _ = scan(command, corpus)
    assert code == 0  # nothing here is of high severity
    wanted = {(f"{rule}.jsonl", 1, rule) for rule in FOUND} | {("invalid.parquet", 1, "invalid-utf8")}
    assert findings(corpus.parent) == wanted
    assert all(
        row["status"] == "complete" and row["rows"] == row["scanned"] for row in coverage(corpus.parent).values()
    )
    code = command("scan", corpus, "-o", "out", "--detectors", "malformed", "--fail-on", "medium", "--quiet").returncode
    assert code == 1


FINE = {
    "nul": (b'{"text": "a\\u0000b"}', 1, {}),
    "separators": ('{"text": "a\u2028b\u2029c\u0085d"}'.encode(), 1, {}),
    "null": (b'{"text": null}', 1, {"nothing_to_scan": 1}),
    "empty": (b'{"text": ""}', 1, {"nothing_to_scan": 1}),
    "number": (b'{"text": 17}', 1, {"number_as_text": 1}),
    "big": (b'{"text": ' + b"9" * 5000 + b"}", 1, {}),
    "nan": (b'{"text": NaN}', 1, {"number_as_text": 1}),
    "list": (b'{"text": ["a", ["b"]]}', 1, {}),
    "nested": (b'{"messages": [{"role": "user", "content": [{"text": "a"}]}]}', 1, {}),
    "blank": (b"\n \t\n\r\n\n", 0, {}),
    "crlf": (b'{"text": "a"}\r\n{"text": "b"}\r', 2, {}),
    "bom": (b'\xef\xbb\xbf{"text": "a"}', 1, {}),
    "unended": (b'{"text": "a"}', 1, {}),
}


def test_odd_records_are_records(command: Run, corpus: Path) -> None:
    """NUL, separators, null, numbers, nesting, blank lines, CRLF, a mark, no last line feed: complete, all scanned."""
    for name, (data, _, _) in FINE.items():
        (corpus / f"{name}.jsonl").write_bytes(data)
    code, stderr = scan(command, corpus)
    assert (code, stderr) == (0, "")
    books = coverage(corpus.parent)
    for name, (_, rows, notes) in FINE.items():
        row = books[f"{name}.jsonl"]
        assert (row["status"], row["rows"], row["scanned"]) == ("complete", rows, rows), name
        assert row["reasons"] == ({"scanned": notes} if notes else {}), name
    assert not findings(corpus.parent)


TWO = parquet(pa.Table.from_arrays([pa.array(["a"])] * 2, ["text", "text"]))
LOST = {  # name -> file, its rows (None: nobody can know), scanned, reason, fate
    "nojson.jsonl": (GOOD + b"nonsense\n" + GOOD, 3, 2, "invalid_json", "errored"),
    "list.jsonl": (GOOD + b"[1]\n" + GOOD, 3, 2, "not_an_object", "errored"),
    "deep.jsonl": (GOOD + b'{"text": ' + b"[" * 9999 + b"]" * 9999 + b"}\n", 2, 1, "nested_too_deep", "errored"),
    "notext.jsonl": (GOOD + b'{"x": "a"}\n', 2, 1, "no_text_column", "skipped"),
    "cut.jsonl.gz": (gzip.compress(GOOD * 9)[:-9], None, 9, "truncated_gzip", "errored"),
    "cut.jsonl.zst": (zstandard.compress(GOOD * 9)[:-4], None, 0, "truncated_zstd", "errored"),
    "junk.jsonl.gz": (gzip.compress(GOOD * 9) + b"junk", None, 9, "trailing_junk", "errored"),
    "junk.jsonl.zst": (zstandard.compress(GOOD * 9) + b"junk", None, 9, "trailing_junk", "errored"),
    "cut.parquet": (parquet({"text": ["a"]})[:-1], None, 0, "corrupt_parquet", "errored"),
    "two.parquet": (TWO, None, 0, "duplicate_column", "errored"),
    "unknown.xls": (b"a,b\n", None, 0, "unknown_format", "skipped"),
    "empty.jsonl": (b"", None, 0, "empty_file", "skipped"),
}  # fmt: skip


def test_what_cannot_be_read_is_counted_and_the_scan_is_incomplete(command: Run, corpus: Path) -> None:
    """Each loss under its own reason, in its own file; the rest is scanned; exit 3."""
    for name, (data, *_) in LOST.items():
        (corpus / name).write_bytes(data)
    for name in ("README.md", "LICENSE", "_SUCCESS"):
        (corpus / name).write_text("about the data")
    (corpus / "loop").symlink_to(corpus)
    code, stderr = scan(command, corpus)
    assert (code, stderr) == (3, "")
    books = coverage(corpus.parent)
    for name, (_, rows, scanned, reason, fate) in LOST.items():
        row = books[name]
        assert (row["rows"], row["scanned"]) == (rows, scanned), name
        assert row["reasons"][fate] == {reason: 1}, name
        assert rows is not None or row["status"] != "complete", name
    assert books["loop"]["reasons"] == {"skipped": {"symlink_to_folder": 1}}
    assert set(books) == {*LOST, "good.jsonl", "loop"}
    manifest = json.loads((corpus.parent / "out" / "manifest.json").read_text())
    assert manifest["companions"] == ["LICENSE", "README.md", "_SUCCESS"]


def test_several_members_and_frames_are_whole_files(command: Run, corpus: Path) -> None:
    """Members and frames that end inside a line, empty and skippable ones, zero padding: complete."""
    skippable = b"\x50\x2a\x4d\x18\x02\0\0\0hi"
    halves = (GOOD * 3)[:25], (GOOD * 3)[25:]
    (corpus / "a.jsonl.gz").write_bytes(b"".join(map(gzip.compress, (*halves, b""))) + bytes(512))
    (corpus / "a.jsonl.zst").write_bytes(skippable + b"".join(map(zstandard.compress, (*halves, b""))) + skippable)
    code, _ = scan(command, corpus)
    books = coverage(corpus.parent)
    assert code == 0
    assert {name: row["scanned"] for name, row in books.items()} == {"a.jsonl.gz": 3, "a.jsonl.zst": 3, "good.jsonl": 1}


def test_a_footer_on_which_the_library_ends_the_process_is_counted(command: Run, corpus: Path) -> None:
    """An unknown codec in the footer: the plan survives it, and the scan counts it."""
    whole = parquet({"text": ["aaaa", "bbbb", None], "id": [1, 2, 3]}, compression="snappy")
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    for place in range(footer, len(whole) - 8, 9):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        (corpus / f"{place}.parquet").write_bytes(damaged)
    code, _ = scan(command, corpus)
    assert code in (0, 3)
    books = coverage(corpus.parent)
    assert books["good.jsonl"]["scanned"] == 1
    for row in books.values():
        assert row["scanned"] == row["rows"] or row["status"] != "complete" or row["skipped"] + row["errored"]


def test_file_names_are_data(command: Run, corpus: Path) -> None:
    """Escapes, line feeds and bytes that are no UTF-8 in names: every file scanned, nothing acts on the screen."""
    for name in (f"e{ESCAPE}.jsonl".encode(), b"line\nfeed.jsonl", b"bad\xff.jsonl", f"skip{ESCAPE}.xls".encode()):
        Path(os.fsdecode(bytes(corpus) + b"/" + name)).write_bytes(GOOD + FOUND["duplicate-key"])
    done = command("scan", corpus, "-o", "out", "--detectors", "malformed", "--workers", "1")
    assert done.returncode == 3
    assert "\x1b" not in done.stderr
    assert "Traceback" not in done.stderr
    assert {name for name, _, _ in findings(corpus.parent)} == {
        f"e{ESCAPE}.jsonl",
        "line\nfeed.jsonl",
        "bad\\xff.jsonl",
    }
    assert ESCAPE.encode() not in (corpus.parent / "out" / "report.html").read_bytes()


def test_a_line_of_100_mb_is_scanned_or_counted(command: Run, corpus: Path) -> None:
    """100 MB without a line feed are scanned within a worker's memory; 200 MB are a counted skip."""
    with (corpus / "long.jsonl").open("wb") as file:
        for size in (100, 200):
            file.write(b'{"text": "' + b"long " * (size * 2**20 // 5) + b'"}\n')
    code = command(
        "scan", corpus, "-o", "out", "--detectors", "malformed", "--workers", "1", "--memory-limit", "2GiB"
    ).returncode
    rows = [
        row
        for row in pq.read_table(corpus.parent / "out" / "coverage.parquet").to_pylist()
        if row["file"] == "long.jsonl"
    ]
    assert code == 3
    assert [(row["status"], row["rows"], row["scanned"]) for row in rows] == [("complete", 1, 1), ("complete", 1, 0)]
    assert json.loads(rows[1]["reasons"])["skipped"] == {"line_too_long": 1}
