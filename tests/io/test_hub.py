"""Datasets of the hub: one commit is read, whatever happens there meanwhile; scripts and pickles are never loaded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from corpora import TABLES, Run, make_records
from hubs import LATER, SHA, Hub
from serving import serving

from corpusscan import io
from corpusscan.config import Columns
from corpusscan.detectors.supply_chain import SupplyChain
from corpusscan.errors import InputError
from corpusscan.io import repository
from corpusscan.io.places import storage

pytestmark = [pytest.mark.hf, pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")]

FAST = ("--detectors", "rules,exact_duplicate,near_duplicate")
RECORDS = make_records(300)


def as_parquet() -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(RECORDS), sink)
    return sink.getvalue().to_pybytes()


FILES = {
    "README.md": b"# a dataset",
    ".gitattributes": b"",
    "data/train-0.parquet": as_parquet(),
    "data/t\u00e9st #1.jsonl": b"".join(orjson.dumps(record) + b"\n" for record in RECORDS),
    "set.py": b"raise SystemExit('never run')",
    "model.pkl": b"\x80\x04.",
}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The imitation, and an environment that leads there with a token."""
    pytest.importorskip("huggingface_hub")
    with serving() as server, serving() as store:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("HF_TOKEN", "hf_geheim")
        monkeypatch.setattr(storage, "PAUSE", 0.0)
        storage.driver.cache_clear()
        yield Hub(server, store, FILES)
    storage.driver.cache_clear()


def files(given: str) -> list[str]:
    return [shard.file for shard in io.plan([given], Columns(), None).shards]


def test_a_dataset_is_read_at_one_commit(hub: Hub) -> None:
    """A branch is resolved once: labels and the manifest's input name the commit, and so does what is read later."""
    plan = io.plan(["hf://datasets/owner/set"], Columns(), None)
    prefix = f"hf://datasets/owner/set@{SHA}"
    assert [shard.file for shard in plan.shards] == [
        f"{prefix}/data/train-0.parquet",
        f"{prefix}/data/t\u00e9st #1.jsonl",
    ]
    assert plan.inputs == [prefix]
    assert sorted(plan.companions) == [f"{prefix}/.gitattributes", f"{prefix}/README.md"]
    assert {(file, reason) for file, _, _, reason in plan.skipped} == {
        (f"{prefix}/set.py", "loading_script"), (f"{prefix}/model.pkl", "pickle")
    }  # fmt: skip
    hub.commit(LATER, {})
    hub.name("main", LATER)
    account = io.Account()
    assert sum(len(batch.texts) for batch in io.read(plan.shards[0], Columns(), 2**20, bytes(32), account)) == 300
    asked = [path for path, _ in hub.server.seen + hub.store.seen]
    assert not [path for path in asked if path.endswith((".py", ".pkl", ".md"))]


def test_the_repository_is_looked_at(hub: Hub) -> None:
    """Files are opened at the commit that was resolved, and judged; a revision that nobody pinned is told."""
    files = {**FILES, "README.md": b"---\nconfigs:\n- data_files: data/*.parquet\n---\n", "data/x.bin": b"\x80\x04."}
    hub.commit(SHA, {**files, "model.pkl": b"cos\nsystem\n(S'id'\ntR."})
    root = f"hf://datasets/owner/set@{SHA}"
    told = {
        "data/t\u00e9st #1.jsonl": "not-in-card", "data/x.bin": "hidden-pickle", "model.pkl": "pickle-runs-code",
        "set.py": "loading-script",
    }  # fmt: skip
    for given, unpinned in ((["hf://datasets/owner/set"], True), ([root], False)):
        [looked] = repository.repositories(io.plan(given, Columns(), None), given)
        found = {hit["file"]: hit["rule"] for hit in SupplyChain().inspect(looked).to_pylist()}
        assert found == {f"{root}/{file}": rule for file, rule in told.items()} | (
            {root: "unpinned-revision"} if unpinned else {}
        )
    assert not any("authorization" in headers for _, headers in hub.store.seen)


def test_few_of_many_files_are_opened(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where each costs a request some are opened, those first that may carry code; the others are told by name."""
    monkeypatch.setattr(repository, "ELSEWHERE", 2)
    given = ["hf://datasets/owner/set"]
    [looked] = repository.repositories(io.plan(given, Columns(), None), given)
    files = list(looked.files)
    assert looked.left == 4
    assert [file.path for file in files if file.fault != repository.NOT_OPENED] == ["README.md", "model.pkl"]
    assert {file.fate for file in files} == {"companion", "data", "pickle", "loading_script"}


def test_the_token_goes_to_the_hub_alone(hub: Hub) -> None:
    """It comes from the environment; the store to which the hub points gets none."""
    files("hf://datasets/owner/set")
    assert all(headers.get("authorization") == "Bearer hf_geheim" for _, headers in hub.server.seen)
    assert hub.store.seen
    assert not any("authorization" in headers for _, headers in hub.store.seen)


def test_revisions_paths_and_globs(hub: Hub) -> None:
    """A branch or a commit, a folder, a file, a pattern."""
    hub.name("refs%2Fconvert%2Fparquet", SHA)
    train, test = (f"hf://datasets/owner/set@{SHA}/data/{name}" for name in ("train-0.parquet", "t\u00e9st #1.jsonl"))
    for given, wanted in {
        f"owner/set@{SHA}": [train, test], "owner/set@main/data": [train, test], "owner/set/*.parquet": [train],
        "owner/set/data/train-0.parquet": [train], "owner/set@refs/convert/parquet/data/": [train, test],
    }.items():  # fmt: skip
        assert files(f"hf://datasets/{given}") == wanted


def test_a_digest_is_that_of_the_content(hub: Hub) -> None:
    """A large file has its digest from its checksum: in another commit it is the same, and nothing is read for it."""
    first, small = (io.digest(shard) for shard in io.plan(["hf://datasets/owner/set"], Columns(), None).shards)
    hub.commit(LATER, FILES)
    hub.name("main", LATER)
    shards = io.plan(["hf://datasets/owner/set"], Columns(), None).shards
    sent = hub.store.sent
    assert [io.digest(shard) for shard in shards] == [first, small]
    assert hub.store.sent == sent


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [(403, "GatedRepo", "gated"), (401, "RepoNotFound", "private"), (404, "RepoNotFound", "no such dataset"),
     (404, "RevisionNotFound", "no such revision"), (500, "", "connection_lost")],
)  # fmt: skip
def test_what_cannot_be_had_is_told(status: int, code: str, told: str, hub: Hub) -> None:
    """Gated, private, missing, out of order: one line with a remedy, without the token."""
    answer = (status, {"X-Error-Code": code} if code else {}, b"{}")
    hub.server.answers["/api/datasets/owner/set/revision/x"] = answer
    with pytest.raises(InputError) as caught:
        io.plan(["hf://datasets/owner/set@x"], Columns(), None)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("given", ["hf://owner/set", "hf://datasets/set", "hf://datasets/../x", "hf://models/a/b"])
def test_an_address_that_is_none_is_refused(given: str) -> None:
    """What is no dataset's address: the form is told, nothing is asked."""
    with pytest.raises(InputError, match="hf://datasets/OWNER/NAME"):
        io.plan([given], Columns(), None)


def test_a_hub_that_stumbles_is_read(hub: Hub) -> None:
    """500 twice, then well, at the hub and at its store."""
    [shard, _] = io.plan(["hf://datasets/owner/set"], Columns(), None).shards
    [path] = hub.store.files
    hub.store.faults[path] = [500, "drop", None]
    hub.server.faults[f"/datasets/owner/set/resolve/{SHA}/data/train-0.parquet"] = [503, None]
    batches = io.read(shard, Columns(), 2**20, bytes(32), io.Account())
    assert sum(len(batch.texts) for batch in batches) == 300


def test_a_scan_of_the_hub_gives_what_its_copy_gives(hub: Hub, command: Run, called: Run, tmp_path: Path) -> None:
    """Findings, documents and groups are those of a local copy but for the names of files; the commit is told."""
    for path in ("data/train-0.parquet", "data/t\u00e9st #1.jsonl"):
        (tmp_path / "copy" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "copy" / path).write_bytes(FILES[path])
    ran = command("scan", "hf://datasets/owner/set/data", "-o", "there", "--seed", "1", *FAST)
    assert ran.returncode == 0, ran.stderr
    assert SHA in ran.stderr
    assert "hf_geheim" not in ran.stderr
    assert called("scan", "copy", "-o", "here", "--seed", "1", "--quiet", *FAST).returncode == 0
    for name in TABLES:
        there, here = (pl.read_parquet(tmp_path / out / f"{name}.parquet") for out in ("there", "here"))
        if "file" in here.columns:
            there = there.with_columns(pl.col("file").str.strip_prefix(f"hf://datasets/owner/set@{SHA}/"))
        same = [column for column in here.columns if column not in ("finding_id", "independent_id")]
        assert there.select(same).equals(here.select(same)), name
    asked = len(hub.store.seen)
    assert (
        command("scan", "hf://datasets/owner/set/data", "-o", "there", "--seed", "1", "--quiet", *FAST).returncode == 0
    )
    assert len(hub.store.seen) - asked < 10
    assert orjson.loads((tmp_path / "there" / "summary.json").read_bytes())["inputs"] == [
        f"hf://datasets/owner/set@{SHA}/data"
    ]
    for file in (tmp_path / "there").rglob("*"):
        assert not file.is_file() or b"geheim" not in file.read_bytes()
