"""S3, as an imitation of it speaks: listing, companions, skips, findings and faults of a bucket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest
from corpora import TABLES, Run, make_records
from imitation import Imitation, bucket

from corpusscan import io
from corpusscan.config import Columns
from corpusscan.errors import InputError
from corpusscan.io.places import answers, storage

pytestmark = [
    pytest.mark.remote,
    # Of the imitation, and of what it and the driver stand on.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

FAST = ("--detectors", "rules,exact_duplicate,near_duplicate")
LINES = b"".join(orjson.dumps(record) + b"\n" for record in make_records(300))
OBJECTS = {
    "corpus/a.jsonl": LINES,
    "corpus/deep/b.jsonl": b"".join(orjson.dumps(record) + b"\n" for record in make_records(200, seed=8)),
    "corpus/deep/": b"",
    "corpus/README.md": b"# read me",
    "corpus/.cache/x.jsonl": LINES,
    "corpus/load.py": b"import os",
    "corpus/weights.pkl": b"\x80\x04.",
    "corpus/c.zip": b"PK\x03\x04",
    "corpus/odd::file:///etc/passwd": b"odd",
    "corpus/x[1].jsonl": LINES,
    "corpus/new\u202eline.jsonl": LINES,
    "other/d.jsonl": LINES,
}
Answer = Callable[[dict[str, Any]], list[bytes] | None]


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Imitation]:
    """A bucket with those objects, and an environment that leads there."""
    with bucket(monkeypatch, OBJECTS) as imitation:
        yield imitation


def test_a_bucket_is_a_folder(s3: Imitation) -> None:
    """Objects below a prefix are data, companions and skips as files are; names are data, whatever they say."""
    plan = io.plan(["s3://bucket/corpus"], Columns(), None)
    assert [shard.file for shard in plan.shards] == ["a.jsonl", "deep/b.jsonl", "new\u202eline.jsonl", "x[1].jsonl"]
    assert sorted(plan.companions) == [".cache/", "README.md"]
    assert {(file, reason) for file, _, _, reason in plan.skipped} == {
        ("load.py", "loading_script"), ("weights.pkl", "pickle"), ("c.zip", "zip_archive"),
        ("odd::file:///etc/passwd", "unknown_format"),
    }  # fmt: skip
    opened = {path for method, path in s3.asked if method == "GET"}
    assert not opened & {"/bucket/corpus/load.py", "/bucket/corpus/weights.pkl"}
    assert [s.file for s in io.plan(["s3://bucket/corpus/"], Columns(), None).shards] == [s.file for s in plan.shards]


def test_an_object_and_a_glob_are_inputs(s3: Imitation) -> None:
    """One object, also where its name looks like a pattern; a pattern, with labels from where its magic begins."""
    files = {
        given: [shard.file for shard in io.plan([given], Columns(), None).shards]
        for given in ("s3://bucket/corpus/a.jsonl", "s3://bucket/corpus/x[1].jsonl", "s3://bucket/*/deep/*.jsonl",
                      "s3://bucket/other/*.jsonl")
    }  # fmt: skip
    assert list(files.values()) == [["a.jsonl"], ["x[1].jsonl"], ["corpus/deep/b.jsonl"], ["d.jsonl"]]
    for missing in ("s3://bucket/none", "s3://bucket/none*.jsonl", "s3://nobucket/x"):
        with pytest.raises(InputError):
            io.plan([missing], Columns(), None)


def test_a_bucket_gives_what_its_copy_gives(s3: Imitation, command: Run, called: Run, tmp_path: Path) -> None:
    """All tables of a scan are those of a local copy; a second run reads no object again; no credential is kept."""
    for key in ("corpus/a.jsonl", "corpus/deep/b.jsonl"):
        (tmp_path / key).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / key).write_bytes(OBJECTS[key])
    for key in set(OBJECTS) - {"corpus/a.jsonl", "corpus/deep/b.jsonl"}:
        import boto3

        boto3.client("s3").delete_object(Bucket="bucket", Key=key)
    ran = command("scan", "s3://bucket/corpus", "-o", "there", "--seed", "1", "--quiet", *FAST)
    assert ran.returncode == 0, ran.stderr
    assert not ran.stderr
    assert called("scan", tmp_path / "corpus", "-o", "here", "--seed", "1", "--quiet", *FAST).returncode == 0
    for name in TABLES:
        there, here = (pl.read_parquet(tmp_path / out / f"{name}.parquet") for out in ("there", "here"))
        assert there.equals(here), name
    before = len(s3.asked)
    assert command("scan", "s3://bucket/corpus", "-o", "there", "--seed", "1", "--quiet", *FAST).returncode == 0
    assert len(s3.asked) - before < 30
    for file in (tmp_path / "there").rglob("*"):
        assert not file.is_file() or b"geheim" not in file.read_bytes()


def texts(shard: io.Shard) -> list[str]:
    account = io.Account()
    found = [
        text
        for batch in io.read(shard, Columns(), 2**20, bytes(32), account)
        for text in batch.texts["text"].to_pylist()
    ]
    assert not account.errored
    return found


def test_a_bucket_that_stumbles_is_read(s3: Imitation) -> None:
    """500 twice, then well: nothing is lost."""
    [shard] = io.plan(["s3://bucket/corpus/a.jsonl"], Columns(), None).shards
    left = [500, 503]
    s3.fault = lambda method, path: left.pop() if left and path.endswith("a.jsonl") else None
    assert len(texts(shard)) == 300
    assert not left


@pytest.mark.parametrize(("status", "reason"), [(500, "connection_lost"), (403, "unreadable"), (404, "file_gone")])
def test_a_bucket_that_fails_says_how(status: int, reason: str, s3: Imitation) -> None:
    """After the plan an object cannot be read any more: the reason says how, within the attempts."""
    [shard] = io.plan(["s3://bucket/corpus/a.jsonl"], Columns(), None).shards
    s3.fault = lambda method, path: status
    with pytest.raises(io.storage.UnreadableError) as caught:
        storage.of(shard).open().read()
    assert caught.value.reason == reason


def test_an_object_that_changes_is_noticed(s3: Imitation) -> None:
    """Other bytes under the same key since the plan: the shard is not read as if they were the same."""
    import boto3

    [shard] = io.plan(["s3://bucket/corpus/a.jsonl"], Columns(), None).shards
    first = io.digest(shard)
    boto3.client("s3").put_object(Bucket="bucket", Key="corpus/a.jsonl", Body=LINES + LINES)
    account = io.Account()
    assert not list(io.read(shard, Columns(), 2**20, bytes(32), account))
    assert account.reasons["errored"] == {answers.CHANGED: 1}
    [again] = io.plan(["s3://bucket/corpus/a.jsonl"], Columns(), None).shards
    assert io.digest(again) != first
