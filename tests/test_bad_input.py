"""Bad input, end to end: a finding, a counted skip or one line that says what to do; never a crash, never silence."""

from __future__ import annotations

import gzip
import io as memory
import json
import os
import zipfile
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
    "unknown format": (b"a,b\n1,2\n", [], "convert it to JSON, CSV, plain text, Parquet or Arrow"),
    "parquet without its end": (parquet({"text": ["a"]})[:-1], [], "corrupt_parquet"),
    "without a text column": (b'{"title_": "a", "body_": "b"}\n', [], "it has: body_, title_"),
    "without the named text column": (b'{"id": 1, "text": "b"}\n', ["--text-column", "nope"], "it has: id, text"),
    "without the named id column": (b'{"id": 1, "text": "b"}\n', ["--id-column", "nope"], "it has: id, text"),
    "a name too long": ("n" * 5000, [], "check the path"),
    "an escape in its name": (f"no{ESCAPE}\nwhere", [], "no such file or folder"),
}


@pytest.mark.parametrize("case", NAMED)
def test_a_named_input_that_cannot_be_read_is_one_line(called: Run, tmp_path: Path, case: str) -> None:
    """Missing, empty, unknown, cut, or without the named column: exit 2 and one line that says what to do."""
    content, options, wanted = NAMED[case]
    suffix = {"unknown format": ".xls", "parquet without its end": ".parquet"}.get(case, ".jsonl")
    name = content if isinstance(content, str) else str(tmp_path / f"input{suffix}")
    if isinstance(content, bytes):
        Path(name).write_bytes(content)
    code, stderr = scan(called, name, *options)
    assert code == 2
    assert wanted in stderr
    assert stderr.count("\n") == 1
    assert stderr.startswith("corpusscan: ")
    assert "\x1b" not in stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_a_named_input_that_is_no_file_is_one_line(called: Run, tmp_path: Path) -> None:
    """A pipe can be read only once: refused, with what to do instead."""
    os.mkfifo(tmp_path / "pipe.jsonl")
    code, stderr = scan(called, tmp_path / "pipe.jsonl")
    assert (code, stderr.count("\n")) == (2, 1)
    assert "save them first" in stderr


def test_an_unreadable_named_input_is_one_line(called: Run, tmp_path: Path) -> None:
    """A path that leads through a file, and one that links to itself: refused whoever asks, the superuser too."""
    (tmp_path / "file").write_bytes(GOOD)
    (tmp_path / "loop.jsonl").symlink_to(tmp_path / "loop.jsonl")
    for name in ("file/below.jsonl", "loop.jsonl"):
        code, stderr = scan(called, tmp_path / name)
        assert (code, stderr.count("\n")) == (2, 1)
        assert "corpusscan: " in stderr


FOUND = {
    "invalid-utf8": b'{"text": "a\xffb"}',
    "control-character": b'{"text": "a\0b"}',
    "lone-surrogate": b'{"text": "a\\ud800b"}',
    "duplicate-key": b'{"text": "a", "text": "b"}',
}


def test_what_parsers_read_differently_is_a_finding(called: Run, corpus: Path) -> None:
    """Invalid UTF-8, raw NUL, lone surrogates, repeated keys: scanned, found, and the corpus is complete."""
    for rule, line in FOUND.items():
        (corpus / f"{rule}.jsonl").write_bytes(GOOD + line + b"\n" + GOOD)
    struct = pa.array([b"good", b"a\xff"], pa.binary()).view(pa.string())
    (corpus / "invalid.parquet").write_bytes(parquet({"text": struct}))
    code, _ = scan(called, corpus)
    assert code == 0  # nothing here is of high severity
    wanted = {(f"{rule}.jsonl", 1, rule) for rule in FOUND} | {("invalid.parquet", 1, "invalid-utf8")}
    assert findings(corpus.parent) == wanted
    assert all(
        row["status"] == "complete" and row["rows"] == row["scanned"] for row in coverage(corpus.parent).values()
    )
    code = called("scan", corpus, "-o", "out", "--detectors", "malformed", "--fail-on", "medium", "--quiet").returncode
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


def test_odd_records_are_records(called: Run, corpus: Path) -> None:
    """NUL, separators, null, numbers, nesting, blank lines, CRLF, a mark, no last line feed: complete, all scanned."""
    for name, (data, _, _) in FINE.items():
        (corpus / f"{name}.jsonl").write_bytes(data)
    code, stderr = scan(called, corpus)
    assert (code, stderr) == (0, "")
    books = coverage(corpus.parent)
    for name, (_, rows, notes) in FINE.items():
        row = books[f"{name}.jsonl"]
        assert (row["status"], row["rows"], row["scanned"]) == ("complete", rows, rows), name
        assert row["reasons"] == ({"scanned": notes} if notes else {}), name
    assert not findings(corpus.parent)


def record(body: bytes, length: int | None = None) -> bytes:
    """A WARC record of plain text, of the length that it has or says it has."""
    told = len(body) if length is None else length
    head = f"WARC/1.0\r\nWARC-Type: resource\r\nContent-Type: text/plain\r\nContent-Length: {told}\r\n\r\n"
    return head.encode() + body + b"\r\n\r\n"


def arrow(table: pa.Table) -> bytes:
    """A table as an Arrow file."""
    buffer = memory.BytesIO()
    with pa.ipc.new_file(buffer, table.schema) as file:
        file.write_table(table)
    return buffer.getvalue()


ENDLESS = record(b"one") + b"WARC/1.0\r\n" + b"X: y\r\n" * 20_000
TWICE = pa.Table.from_arrays([pa.array(["a"])] * 2, ["text", "text"])
TWO = parquet(TWICE)
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
    "two.arrow": (arrow(TWICE), None, 0, "duplicate_column", "errored"),
    "two.csv": (b"text,text\na,b\n", None, 0, "duplicate_column", "errored"),
    "short.warc": (record(b"one") + record(b"two", 60) + record(b"three"), 3, 2, "wrong_length", "errored"),
    "endless.warc": (ENDLESS, 2, 1, "headers_too_long", "errored"),
    "load.py": (b"open('canary', 'w')", None, 0, "loading_script", "skipped"),
    "weights.pkl": (b"\x80\x04.", None, 0, "pickle", "skipped"),
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
        assert row["reasons"][fate].get(reason) == 1, name
        assert rows is not None or row["status"] != "complete", name
    assert books["loop"]["reasons"] == {"skipped": {"symlink_to_folder": 1}}
    assert set(books) == {*LOST, "good.jsonl", "loop"}
    manifest = json.loads((corpus.parent / "out" / "manifest.json").read_text())
    assert manifest["companions"] == ["LICENSE", "README.md", "_SUCCESS"]


def test_several_members_and_frames_are_whole_files(called: Run, corpus: Path) -> None:
    """Members and frames that end inside a line, empty and skippable ones, zero padding: complete."""
    skippable = b"\x50\x2a\x4d\x18\x02\0\0\0hi"
    halves = (GOOD * 3)[:25], (GOOD * 3)[25:]
    (corpus / "a.jsonl.gz").write_bytes(b"".join(map(gzip.compress, (*halves, b""))) + bytes(512))
    (corpus / "a.jsonl.zst").write_bytes(skippable + b"".join(map(zstandard.compress, (*halves, b""))) + skippable)
    code, _ = scan(called, corpus)
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


def test_file_names_are_data(called: Run, corpus: Path) -> None:
    """Escapes, line feeds, no UTF-8, dots, the longest there is: every file scanned, nothing acts on the screen."""
    longest = b"n" * (os.pathconf(corpus, "PC_NAME_MAX") - 6) + b".jsonl"
    odd = (b"..jsonl", b"a..b.jsonl", b"-rf.jsonl", longest)
    for name in (
        f"e{ESCAPE}.jsonl".encode(),
        b"line\nfeed.jsonl",
        b"bad\xff.jsonl",
        f"skip{ESCAPE}.xls".encode(),
        *odd,
    ):
        Path(os.fsdecode(bytes(corpus) + b"/" + name)).write_bytes(GOOD + FOUND["duplicate-key"])
    done = called("scan", corpus, "-o", "out", "--detectors", "malformed", "--workers", "1")
    assert done.returncode == 3
    assert "\x1b" not in done.stderr
    assert "Traceback" not in done.stderr
    assert {name for name, _, _ in findings(corpus.parent)} == {
        f"e{ESCAPE}.jsonl",
        "line\nfeed.jsonl",
        "bad\\xff.jsonl",
        *map(bytes.decode, odd),
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


def test_bombs_are_counted_and_what_lies_beside_them_is_scanned(command: Run, corpus: Path) -> None:
    """A few kilobytes of zeros, packed, that stand for a line above the limit, and a zip of them: exit 3, by name."""
    zeros = bytes(2**20)
    for suffix, pack in {"gz": gzip.open, "zst": zstandard.open}.items():
        with pack(corpus / f"bomb.jsonl.{suffix}", "wb") as file:
            for _ in range(130):
                file.write(zeros)
            file.write(b"\n" + GOOD)
    with zipfile.ZipFile(corpus / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.jsonl", zeros)
    code, _ = scan(command, corpus, "--memory-limit", "700MiB")
    books = coverage(corpus.parent)
    assert code == 3
    for suffix in ("gz", "zst"):
        row = books[f"bomb.jsonl.{suffix}"]
        assert (row["rows"], row["scanned"], row["reasons"]["skipped"]) == (2, 1, {"line_too_long": 1}), suffix
    assert books["bomb.zip"]["reasons"] == {"skipped": {"zip_archive": 1}}
    assert books["good.jsonl"]["scanned"] == 1


@pytest.mark.parametrize(("texts", "code", "reasons"), [(200, 0, {}), (400, 3, {"errored": {"ratio_too_high": 1}})])
def test_a_parquet_bomb_is_what_it_stands_for(
    texts: int, code: int, reasons: dict[str, Any], command: Run, corpus: Path
) -> None:
    """A kilobyte that stands for texts of 1 MB: scanned in the memory that one worker may have, up to 256 MiB."""
    once = pa.DictionaryArray.from_arrays(pa.array([0] * texts, pa.int32()), ["word " * 200_000])
    (corpus / "bomb.parquet").write_bytes(parquet({"text": once}, compression="zstd"))
    assert (corpus / "bomb.parquet").stat().st_size < 10_000
    assert scan(command, corpus, "--memory-limit", "900MiB")[0] == code
    told = coverage(corpus.parent)["bomb.parquet"]
    assert min(texts, 256) <= told["scanned"] <= texts
    assert {fate: why for fate, why in told["reasons"].items() if fate == "errored"} == reasons


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_links_pipes_and_devices_are_counted_and_never_opened(command: Run, corpus: Path) -> None:
    """Loops, ways out, devices, pipes: each skipped or errored under its reason, the good file scanned, exit 3."""
    (corpus.parent / "secret.jsonl").write_bytes(GOOD)
    links = {"loop": ".", "self.jsonl": "self.jsonl", "out.jsonl": "../secret.jsonl", "zero.jsonl": "/dev/zero"}
    for name, target in links.items():
        (corpus / name).symlink_to(target)
    os.mkfifo(corpus / "pipe.jsonl")
    code, _ = scan(command, corpus)
    books = coverage(corpus.parent)
    reasons = {name: [*row["reasons"].values()] for name, row in books.items() if name != "good.jsonl"}
    assert code == 3
    assert reasons == {
        "loop": [{"symlink_to_folder": 1}], "self.jsonl": [{"unreadable": 1}], "out.jsonl": [{"symlink_outside": 1}],
        "zero.jsonl": [{"not_a_file": 1}], "pipe.jsonl": [{"not_a_file": 1}],
    }  # fmt: skip
    assert books["good.jsonl"]["scanned"] == 1


def test_a_type_that_would_call_something_is_a_text(command: Run, corpus: Path) -> None:
    """An Arrow extension type whose metadata is a pickle: its storage is scanned, nothing is unpickled."""
    told = {"ARROW:extension:name": "arrow.py_extension_type",
            "ARROW:extension:metadata": b"\x80\x04cos\nsystem\n(S'touch canary'\ntR."}  # fmt: skip
    schema = pa.schema([pa.field("text", pa.string(), metadata=told)])
    table = pa.table([pa.array(["a text"])], schema=schema)
    (corpus / "a.arrow").write_bytes(arrow(table))
    (corpus / "a.parquet").write_bytes(parquet(table))
    code, _ = scan(command, corpus)
    assert code == 0
    assert {name: row["scanned"] for name, row in coverage(corpus.parent).items()} == {
        "a.arrow": 1, "a.parquet": 1, "good.jsonl": 1
    }  # fmt: skip
    assert not [*corpus.parent.rglob("canary")]


def test_tables_of_nulls_and_odd_cells_are_read(called: Run, corpus: Path) -> None:
    """Null columns, ragged rows, stray quotes, line feeds in quotes: all scanned, what is odd is noted, exit 0."""
    nulls = pa.table({"text": pa.nulls(3)})
    files = {
        "nulls.parquet": (parquet(nulls), 3, {"nothing_to_scan": 3}),
        "nulls.arrow": (arrow(nulls), 3, {"nothing_to_scan": 3}),
        "ragged.csv": (b"id,text\n1\n2,a,b\n", 2, {"ragged_record": 2, "nothing_to_scan": 1}),
        "stray.csv": (b'id,text\n1,a"b"c\n2,"x"y\n', 2, {}),
        "lines.tsv": (b'id\ttext\n1\t"a\nb"\n', 1, {}),
        "open.csv": (b'id,text\n1,"a\n2,b\n', 1, {"unclosed_quote": 1}),
    }
    for name, (data, _, _) in files.items():
        (corpus / name).write_bytes(data)
    code, _ = scan(called, corpus)
    books = coverage(corpus.parent)
    assert code == 0
    for name, (_, rows, notes) in files.items():
        assert (books[name]["scanned"], books[name]["reasons"].get("scanned", {})) == (rows, notes), name


def test_a_rule_that_is_wrong_is_one_line(called: Run, corpus: Path) -> None:
    """Aliases, tags and repeated keys in YAML: exit 2, the file and what to do, before anything is read."""
    (corpus.parent / "pack").mkdir()
    for text in ("id: a\ntitle: &a x\nstatus: *a\n", "id: a\ntitle: !!python/name:os.system x\n", "id: a\nid: a\n"):
        (corpus.parent / "pack" / "a.yml").write_text(text)
        done = called("scan", corpus, "-o", "out", "--detectors", "rules", "--rules", "pack")
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert "a.yml" in done.stderr


def test_what_was_not_read_says_where_and_what_helps(called: Run, corpus: Path) -> None:
    """On the screen: a file for each reason, a remedy, and the flag for losses that are none."""
    (corpus / "a.zip").write_bytes(b"PK\x03\x04")
    (corpus / "b.jsonl").write_bytes(GOOD + b"no json\n")
    done = called("scan", corpus, "-o", "out", "--detectors", "malformed", "--workers", "1")
    told = " ".join(done.stderr.split())
    assert done.returncode == 3
    assert "a.zip: zip_archive; unpack it" in told
    assert "b.jsonl: invalid_json; mend these records" in told
    assert "--allow-skipped" in told


def test_out_may_be_a_link_to_a_folder(called: Run, corpus: Path) -> None:
    """It is the user's word, and leads where it leads; also into the input, where it is not read."""
    for target in (corpus.parent / "elsewhere", corpus / "report"):
        target.mkdir()
        (corpus.parent / "out").symlink_to(target)
        assert scan(called, corpus) == (0, "")
        assert (target / "report.html").exists()
        assert {*coverage(corpus.parent)} == {"good.jsonl"}
        (corpus.parent / "out").unlink()


def test_out_that_can_hold_no_report_is_one_line(called: Run, corpus: Path) -> None:
    """A link to a file, to nothing, to itself, to the input: exit 2, nothing written there."""
    out, file = corpus.parent / "out", corpus.parent / "file"
    file.write_bytes(b"precious")
    for target, told in (
        (file, "Not a directory"),
        ("nowhere", "leads to nothing"),
        (out, "link"),
        (corpus, "lies in"),
    ):
        out.symlink_to(target)
        code, stderr = scan(called, corpus)
        assert (code, stderr.count("\n")) == (2, 1), target
        assert told in stderr
        assert "-o" in stderr
        out.unlink()
    assert file.read_bytes() == b"precious"
    assert [path.name for path in corpus.iterdir()] == ["good.jsonl"]


def test_a_link_in_the_input_is_no_place_for_a_report(called: Run, corpus: Path) -> None:
    """Whoever made the corpus would choose where this user writes."""
    (corpus.parent / "victim").mkdir()
    (corpus / "report").symlink_to(corpus.parent / "victim")
    done = called("scan", corpus, "-o", corpus / "report", "--detectors", "malformed", "--quiet")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "choose another -o" in done.stderr
    assert not [*(corpus.parent / "victim").iterdir()]


@pytest.mark.parametrize("name", ["work", "work/key", "work/lock", "work/artefacts", "work/inputs.json"])
def test_a_link_planted_among_working_files_is_refused(called: Run, corpus: Path, name: str) -> None:
    """Whoever planted it would have this user write, or take a key, where it leads."""
    victim, link = corpus.parent / "victim", corpus.parent / "out" / name
    victim.mkdir() if name in ("work", "work/artefacts") else victim.write_bytes(b"precious")
    link.parent.mkdir(parents=True)
    link.symlink_to(victim)
    code, stderr = scan(called, corpus)
    assert (code, stderr.count("\n")) == (2, 1)
    assert "is a link" in stderr
    assert not [*victim.iterdir()] if victim.is_dir() else victim.read_bytes() == b"precious"


def test_results_replace_links_and_do_not_follow_them(called: Run, corpus: Path) -> None:
    """A link planted where a result goes: the file that it leads to stays as it was."""
    scan(called, corpus)
    victim = corpus.parent / "victim"
    victim.write_bytes(b"precious")
    for name in ("report.html", "findings.parquet", "summary.json"):
        (corpus.parent / "out" / name).unlink()
        (corpus.parent / "out" / name).symlink_to(victim)
    assert scan(called, corpus) == (0, "")
    assert victim.read_bytes() == b"precious"
    assert not (corpus.parent / "out" / "report.html").is_symlink()
