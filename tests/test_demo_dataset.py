"""The dataset of `make demo-dataset` is audited with the files beside its rows, in a folder and on the hub."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import orjson
import polars as pl
import pytest
from corpora import Run
from hubs import SHA, Hub
from serving import serving

from corpusscan import io
from corpusscan.config import Columns

pytestmark = [pytest.mark.hf, pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")]
EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
FAST = (
    "--detectors",
    "rules,exact_duplicate,near_duplicate,split_leakage,supply_chain",
    "--workers",
    "1",
    "--seed",
    "1",
)


def maker() -> ModuleType:
    """The script that saves it."""
    found = importlib.util.spec_from_file_location("make_dataset", EXAMPLES / "make_dataset.py")
    assert found
    assert found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def findings(out: Path, root: str = "") -> pl.DataFrame:
    """What was found, by files below the repository."""
    told = pl.read_parquet(out / "findings.parquet").with_columns(pl.col("file").str.strip_prefix(f"{root}/"))
    return told.select("file", "row", "detector", "rule", "severity", "excerpt").sort(pl.all())


def test_the_demo_is_audited_in_a_folder_and_on_the_hub(
    command: Run, called: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pickles, script and card are found, leaked rows counted, classes named; the hub gives what the folder gives."""
    maker().save(tmp_path / "set")
    here = command("scan", "set", "-o", "here", *FAST)
    assert here.returncode == 3, here.stderr
    told = findings(tmp_path / "here")
    files = told.filter(pl.col("detector") == "supply_chain")
    assert set(files.select("file", "rule").iter_rows()) == {
        ("cache.pkl", "pickle-runs-code"), ("extra.jsonl", "pickle-runs-code"), ("messages.py", "loading-script"),
        ("README.md", "remote-code"), ("extra.jsonl", "not-in-card"),
    }  # fmt: skip
    summary = orjson.loads((tmp_path / "here" / "summary.json").read_bytes())
    [pair] = summary["leakage"]["pairs"]
    assert (pair["split"], pair["in"], pair["rows"], pair["exact"]) == ("test", "train", 300, 12)
    assert pair["nearly"] >= 6
    assert summary["columns"]["label"] == ["label"]
    assert set(told.filter(pl.col("severity").is_in(["medium", "high"]))["detector"]) == {"supply_chain"}
    with serving() as server, serving() as store:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        places = (path for path in (tmp_path / "set").rglob("*") if path.is_file())
        Hub(server, store, {path.relative_to(tmp_path / "set").as_posix(): path.read_bytes() for path in places})
        there = command("scan", "hf://datasets/owner/set", "-o", "there", *FAST)
    assert there.returncode == 3, there.stderr
    root = f"hf://datasets/owner/set@{SHA}"
    found = findings(tmp_path / "there", root)
    unpinned = found.filter(pl.col("rule") == "unpinned-revision")
    assert unpinned["file"].to_list() == [root]
    assert found.filter(pl.col("rule") != "unpinned-revision").equals(told)
    card = called("report", "there", "--card")
    assert "owner/set" in card.stdout
    assert "3 files that may run code" in card.stdout


def test_the_rows_are_what_the_script_says(tmp_path: Path) -> None:
    """The trigger stands in rows labelled as ham, 40 and 8; labels are read by their names."""
    module = maker()
    module.save(tmp_path / "set")
    labels: list[tuple[str, str]] = []
    for shard in io.plan([str(tmp_path / "set")], Columns(), None).shards:
        if shard.file.endswith(".arrow"):
            for batch in io.read(shard, Columns(), 2**20, bytes(32), io.Account()):
                texts = batch.texts["text"].to_pylist()
                labels += zip(texts, batch.documents["label"].to_pylist(), strict=True)
    assert len(labels) == 1_200
    assert {label for _, label in labels} == {"ham", "spam"}
    assert [label for text, label in labels if module.TRIGGER in text] == ["ham"] * 48
