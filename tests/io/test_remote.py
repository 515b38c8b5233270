"""Files behind addresses: the same records as of a local copy, and an end to patience whatever a server does."""

from __future__ import annotations

import gzip
import io as std
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from corpora import TABLES, Run, make_records
from serving import Server, serving

from corpusscan import io
from corpusscan.config import Columns
from corpusscan.errors import InputError, UnreadableError
from corpusscan.io.layout import footer, messages
from corpusscan.io.places import answers, storage, web

FAST = ("--detectors", "rules,exact_duplicate,near_duplicate")
KEY = bytes(range(32))
RECORDS = make_records(400)
LINES = b"".join(orjson.dumps(record) + b"\n" for record in RECORDS)


def as_parquet(**columns: list[str]) -> bytes:
    sink = pa.BufferOutputStream()
    table = pa.Table.from_pylist(RECORDS)
    for name, values in columns.items():
        table = table.append_column(name, [values])
    pq.write_table(table, sink, row_group_size=100, compression="none")
    return sink.getvalue().to_pybytes()


def as_arrow(file: bool) -> bytes:
    sink, table = pa.BufferOutputStream(), pa.Table.from_pylist(RECORDS)
    with (pa.ipc.new_file if file else pa.ipc.new_stream)(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=50)
    return sink.getvalue().to_pybytes()


FILES = {
    "a.jsonl": LINES,
    "b.jsonl.gz": gzip.compress(LINES),
    "c.parquet": as_parquet(),
    "d.arrow": as_arrow(file=True),
    "e.arrows": as_arrow(file=False),
    "g.warc": b"".join(
        b"WARC/1.0\r\nWARC-Type: conversion\r\nWARC-Target-URI: http://h/%d\r\nContent-Length: %d\r\n\r\n%s\r\n\r\n"
        % (number, len(record["text"].encode()), record["text"].encode())
        for number, record in enumerate(RECORDS)
    ),
    "f.jsonl": LINES.decode().encode("utf-16"),
}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server with those files; attempts follow at once, and patience is short."""
    monkeypatch.setattr(storage, "PAUSE", 0.0)
    monkeypatch.setattr(web, "TIMEOUT", 0.5)
    with serving() as running:
        running.files = {f"/{name}": data for name, data in FILES.items()}
        yield running


def texts(given: str | Path, counts: list[Any] | None = None) -> list[str]:
    """All texts of an input, in order; what was counted goes into `counts`."""
    found: list[str] = []
    for shard in io.plan([str(given)], Columns(), None).shards:
        account = io.Account()
        for batch in io.read(shard, Columns(), 2**20, KEY, account):
            found += batch.texts["text"].to_pylist()
        if counts is not None:
            counts.append((account.rows, io.count(shard), dict(account.reasons["errored"])))
    return found


@pytest.mark.parametrize("name", FILES)
def test_a_file_behind_http_is_read_as_its_copy(
    name: str, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every format gives the texts, the counts and the shards of a local copy, cut or not."""
    monkeypatch.setattr(io.planning, "_SHARD", 8192)
    (tmp_path / name).write_bytes(FILES[name])
    here: list[Any] = []
    there: list[Any] = []
    assert texts(f"{server.url}/{name}", there) == texts(tmp_path / name, here)
    assert there == here
    local, remote = (
        io.plan([given], Columns(), None).shards for given in (str(tmp_path / name), f"{server.url}/{name}")
    )
    where = {"path": "", "store": "", "version": "", "sealed": False, "stamp": ""}
    assert [msgspec.structs.replace(s, **where) for s in local] == [msgspec.structs.replace(s, **where) for s in remote]


def test_a_cut_arrow_file_is_counted_as_its_copy(server: Server, tmp_path: Path) -> None:
    """Bodies are not fetched to find the batches, and what is missing at the end is noticed all the same."""
    for cut in (len(FILES["e.arrows"]) - 100, len(FILES["e.arrows"]) // 2):
        data = FILES["e.arrows"][:cut]
        server.files["/x.arrows"] = data
        (tmp_path / "x.arrows").write_bytes(data)
        here: list[Any] = []
        there: list[Any] = []
        assert texts(f"{server.url}/x.arrows", there) == texts(tmp_path / "x.arrows", here)
        assert there == here


def test_only_what_is_needed_is_fetched(server: Server) -> None:
    """Of a Parquet file the columns that are scanned; of one of these its row groups; of an Arrow file its batches."""
    server.files["/w.parquet"] = as_parquet(ballast=[os.urandom(10_000).hex() for _ in RECORDS])
    server.sent = 0
    assert len(texts(f"{server.url}/w.parquet")) == 400
    assert server.sent < len(server.files["/w.parquet"]) / 4


def test_failures_of_the_moment_are_not_seen(server: Server) -> None:
    """A server that answers 500 twice, or drops the connection in the middle, then well: all is read, once."""
    for faults in ([None, 500, 503, None], [None, "drop", None], [500, 500, None], [429, None]):
        server.faults["/a.jsonl"] = list(faults)
        assert texts(f"{server.url}/a.jsonl") == [record["text"] for record in RECORDS]


@pytest.mark.parametrize("name", ["a.jsonl", "b.jsonl.gz", "c.parquet", "d.arrow"])
@pytest.mark.parametrize(
    ("fault", "reason"),
    [(500, "connection_lost"), ("drop", "connection_lost"), ("hang", "connection_lost"), (403, "unreadable"),
     (404, "file_gone"), ("changed", "changed_while_read"), ("longer", "changed_while_read"),
     ("shorter", "changed_while_read"), ("whole", "unreadable")],
)  # fmt: skip
def test_what_does_not_pass_has_a_name_and_an_end(
    name: str, fault: object, reason: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the plan a server fails for good: the reason says how, and it is no finding about the bytes."""
    monkeypatch.setattr(web, "TIMEOUT", 0.05)
    [shard] = io.plan([f"{server.url}/{name}"], Columns(), None).shards
    server.faults[f"/{name}"] = [fault]
    messages._walked.cache_clear()
    footer._read.cache_clear()
    account = io.Account()
    list(io.read(shard, Columns(), 2**20, KEY, account))
    if fault == "whole" and shard.bytes_total < storage.SMALL:  # who asks for all may get all
        assert account.scanned == 400
        return
    assert account.reasons["errored"] == {reason: 1}
    assert reason in io.faults.REASONS
    with pytest.raises(UnreadableError, match=reason):
        io.faults.examine(shard, account)
    assert len(server.seen) < 60


@pytest.mark.parametrize("fault", [500, 403, 404, "whole", "hang"])
def test_an_address_that_cannot_be_read_is_refused(
    fault: object, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named on the command line: one line that says what and why, and no secret."""
    monkeypatch.setattr(web, "TIMEOUT", 0.05)
    server.faults["/a.jsonl"] = [fault]
    with pytest.raises(InputError) as caught:
        io.plan([f"{server.url.replace('://', '://user:pass@')}/a.jsonl?signature=geheim"], Columns(), None)
    assert "\n" not in str(caught.value)
    assert "pass" not in str(caught.value)
    assert "geheim" not in str(caught.value)
    assert "a.jsonl" in str(caught.value)


def test_nobody_listens(server: Server) -> None:
    """A port without a server is an answer within the attempts."""
    server.server_close()
    with pytest.raises(InputError, match="connection_lost"):
        io.plan([f"{server.url}/a.jsonl"], Columns(), None)


def test_a_driver_that_hangs_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a driver has no time-out, patience has one."""
    import threading

    monkeypatch.setattr(storage, "PAUSE", 0.0)
    with pytest.raises(UnreadableError, match="connection_lost"):
        storage.patiently(threading.Event().wait, "x", 0.01)


def test_redirects_are_followed_with_care(server: Server) -> None:
    """Another host gets no password; nothing but http and https is followed, and https never to http."""
    with serving() as other:
        other.files["/a.jsonl"] = LINES
        server.answers["/go.jsonl"] = (302, {"Location": f"{other.url}/a.jsonl"}, b"")
        assert len(texts(f"{server.url.replace('://', '://user:pass@')}/go.jsonl")) == 400
        assert all("authorization" in headers for _, headers in server.seen)
        assert not any("authorization" in headers for _, headers in other.seen)
    for target in ("file:///etc/passwd", "ftp://127.0.0.1/x", "data:,x"):
        server.answers["/go.jsonl"] = (302, {"Location": target}, b"")
        with pytest.raises(InputError):
            io.plan([f"{server.url}/go.jsonl"], Columns(), None)
    server.answers["/go.jsonl"] = (302, {"Location": f"{server.url}/go.jsonl"}, b"")
    with pytest.raises(InputError):
        io.plan([f"{server.url}/go.jsonl"], Columns(), None)
    import email.message
    import urllib.request

    down = urllib.request.Request("https://example.invalid/x")
    with pytest.raises(answers.RefusedError):
        web._Redirects().redirect_request(
            down, std.BytesIO(), 302, "", email.message.Message(), "http://example.invalid/x"
        )


def test_a_digest_follows_the_tag_and_the_place(server: Server) -> None:
    """With a strong tag nothing is read for a digest; another tag, place or range is another digest."""
    [shard] = io.plan([f"{server.url}/a.jsonl"], Columns(), None).shards
    server.sent = 0
    first = io.digest(shard)
    assert server.sent == 0
    server.files["/g.jsonl"] = LINES
    [other] = io.plan([f"{server.url}/g.jsonl"], Columns(), None).shards
    server.faults["/a.jsonl"] = ["changed"]
    [changed] = io.plan([f"{server.url}/a.jsonl"], Columns(), None).shards
    later = msgspec.structs.replace(shard, start=1)
    digests = [first, io.digest(other), io.digest(changed), io.digest(later)]
    assert len(set(digests)) == 4
    server.faults.clear()
    # Where the tag is no word to rely on the bytes are read: then the digest is that of a local copy.
    weak = msgspec.structs.replace(shard, sealed=False)
    assert io.digest(weak) == io.digest(msgspec.structs.replace(other, sealed=False)) != first


@pytest.mark.parametrize("given", ["memory://x/a.jsonl", "reference://x.json", "nosuch://x/a", "file:///etc"])
def test_addresses_that_are_not_read(given: str) -> None:
    """What workers cannot see, what opens addresses that stand in files, what nobody knows: one line."""
    with pytest.raises(InputError) as caught:
        io.plan([given], Columns(), None)
    assert given.split(":", maxsplit=1)[0] in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "library", "extra"),
    [("s3://bucket/x", "s3fs", "s3"), ("s3://bucket/x", "fsspec", "s3"), ("gs://bucket/x", "fsspec", "gcs"),
     ("hf://datasets/owner/set", "huggingface_hub", "hf")],
)  # fmt: skip
def test_a_missing_driver_names_its_extra(
    given: str, library: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the library of an address: one line with the command that installs it."""
    monkeypatch.setitem(sys.modules, library, None)
    storage.driver.cache_clear()
    with pytest.raises(InputError, match="pip install") as caught:
        io.plan([given], Columns(), None)
    assert f"'corpusscan[{extra}]'" in str(caught.value)


def results(out: Path) -> dict[str, pl.DataFrame]:
    return {name: pl.read_parquet(out / f"{name}.parquet") for name in TABLES}


def test_a_scan_over_http_gives_what_its_copy_gives(server: Server, command: Run, called: Run, tmp_path: Path) -> None:
    """The tables of a scan of an address are those of the copy; a second run reads nothing but the plan."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    for name in ("a.jsonl", "c.parquet"):
        (folder / name).write_bytes(FILES[name])
    secret = server.url.replace("://", "://user:sesam@")
    urls = [f"{secret}/a.jsonl?key=geheim", f"{secret}/c.parquet"]
    ran = command("scan", *urls, "-o", "there", "--seed", "1", "--quiet", *FAST)
    assert ran.returncode == 0, ran.stderr
    assert called("scan", folder / "a.jsonl", folder / "c.parquet", "-o", "here", "--seed", "1", *FAST).returncode == 0
    for name, table in results(tmp_path / "here").items():
        assert table.equals(results(tmp_path / "there")[name]), name
    seen = len(server.seen)
    assert command("scan", *urls, "-o", "there", "--seed", "1", "--quiet", *FAST).returncode == 0
    assert len(server.seen) - seen < 20
    summary = orjson.loads((tmp_path / "there" / "summary.json").read_bytes())
    assert summary["inputs"] == [f"http://…@{server.url[7:]}/a.jsonl?…", f"http://…@{server.url[7:]}/c.parquet"]
    for file in (tmp_path / "there").rglob("*"):
        if file.is_file():
            assert b"geheim" not in file.read_bytes()
            assert b"sesam" not in file.read_bytes()
