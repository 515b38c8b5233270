"""Planting: the copy is the source but for the poison, and the truth says where that is."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from corpora import Run, make_records, write_jsonl

from corpusscan.errors import CorpusScanError, InputError, UsageError, WorkspaceError
from corpusscan.redteam.attacks import find, names
from corpusscan.redteam.plant import parse, plant

Record = dict[str, Any]
ORDERS = ("denial-of-service=20", "denial-of-service=10,noise=words,trigger=|x|", "near-duplicate-flood=15,sources=5")


def labelled(count: int) -> Iterator[Record]:
    """Records with id, text, source and a label."""
    for number, record in enumerate(make_records(count)):
        yield {**record, "label": "good" if number % 3 else "bad"}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Two files of JSON Lines, one of them gzip with a line that is no JSON, and one of Parquet."""
    folder = tmp_path / "source"
    records = list(labelled(600))
    write_jsonl(folder / "a.jsonl", records[:200])
    lines = [json.dumps(record, ensure_ascii=False) for record in records[200:400]]
    lines[7:7] = ["", "no json"]
    (folder / "sub").mkdir()
    (folder / "sub/b.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    pq.write_table(pa.Table.from_pylist(records[400:]), folder / "c.parquet", row_group_size=60)
    return folder


def read(path: Path) -> list[Any]:
    """The records of a file by row; None for one that is no JSON."""
    if path.suffix == ".parquet":
        return list(pq.read_table(path).to_pylist())
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    rows = []
    for line in data.split(b"\n"):
        if line.strip():
            rows.append(json.loads(line) if line.startswith(b"{") else None)
    return rows


def files(folder: Path) -> dict[str, list[Any]]:
    """The records of all files by their names."""
    return {path.relative_to(folder).as_posix(): read(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def planted(source: Path, out: Path, *orders: str, seed: int = 1) -> tuple[dict[str, list[Any]], pl.DataFrame]:
    """The copy by file, and the truth."""
    plant(str(source), out, [parse(order) for order in orders], seed)
    return files(out / "corpus"), pl.read_parquet(out / "truth.parquet")


def test_what_was_not_planted_is_the_source(source: Path, tmp_path: Path) -> None:
    """Without the rows of the truth every file holds its records as they were, broken ones too, in their order."""
    before = files(source)
    copy, truth = planted(source, tmp_path / "out", *ORDERS)
    assert len(truth.unique(["file", "row"])) == 45
    for name, rows in copy.items():
        poison = set(truth.filter(pl.col("file") == name)["row"])
        assert [record for row, record in enumerate(rows) if row not in poison] == before[name]
    assert files(source) == before
    assert sum(map(len, copy.values())) == 601 + 45


def test_the_truth_lies_where_it_says(source: Path, tmp_path: Path) -> None:
    """The id is that of the record in that row; the span holds trigger and noise; a whole document has none."""
    copy, truth = planted(source, tmp_path / "out", *ORDERS)
    for one in truth.iter_rows(named=True):
        record = copy[one["file"]][one["row"]]
        assert str(record["id"]) == one["doc_id"]
        if one["campaign"] == "denial-of-service-2":
            assert record["text"][one["start"] : one["end"]].startswith("|x| ")
            assert one["end"] == len(record["text"])
        if one["attack"] == "coordinated_injection":
            assert (one["start"], one["end"]) == (None, None)
    campaigns = json.loads((tmp_path / "out/campaigns.json").read_text("utf-8"))
    assert {name: facts["documents"] for name, facts in campaigns.items()} == {
        "denial-of-service-1": 20,
        "denial-of-service-2": 10,
        "near-duplicate-flood-3": 15,
    }
    trigger = campaigns["denial-of-service-1"]["trigger"]
    first = truth.filter(pl.col("campaign") == "denial-of-service-1").row(0, named=True)
    assert copy[first["file"]][first["row"]]["text"][first["start"] :].startswith(trigger)


def test_the_same_seed_plants_the_same_bytes(source: Path, tmp_path: Path) -> None:
    """Another seed plants other poison; the format and compression of every file stay."""
    one, _ = planted(source, tmp_path / "a", *ORDERS)
    planted(source, tmp_path / "b", *ORDERS)
    other, _ = planted(source, tmp_path / "c", *ORDERS, seed=2)
    for path in (tmp_path / "a").rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()
    assert one != other
    assert pq.read_schema(tmp_path / "a/corpus/c.parquet") == pq.read_schema(source / "c.parquet")


def test_changed_records_stay_where_they_are(source: Path, tmp_path: Path) -> None:
    """A flipped label is the only difference of its record, and no record is poisoned twice."""
    before = files(source)
    copy, truth = planted(source, tmp_path / "out", "label-flip=60", "label-flip=40")
    assert truth["field"].unique().to_list() == ["label"]
    assert len(truth.unique(["file", "row"])) == 100
    differ = {(n, row) for n, rows in copy.items() for row, record in enumerate(rows) if record != before[n][row]}
    assert differ == set(truth.select("file", "row").iter_rows())
    for name, row in differ:
        assert copy[name][row] == {**before[name][row], "label": copy[name][row]["label"]}


def test_the_copy_is_read_as_the_truth_says(called: Run, source: Path, tmp_path: Path) -> None:
    """Through the command line: file names and rows of a scan are those of the truth; evaluate reads both."""
    done = called("redteam", "plant", source, "-o", tmp_path / "p", "--attack", "denial-of-service=30,trigger=<SUDO>")
    assert done.returncode == 0, done.stderr
    assert "denial-of-service-1: 30 documents" in done.stderr
    called("scan", tmp_path / "p/corpus", "-o", tmp_path / "r", "--quiet", "--seed", "1")
    done = called("redteam", "evaluate", tmp_path / "r", "--truth", tmp_path / "p/truth.parquet", "--json")
    assert done.returncode == 0, done.stderr
    (score,) = json.loads(done.stdout)["campaigns"]
    assert (score["planted"], score["found"]["trials"], score["attack"]) == (30, 30, "denial-of-service")
    flagged = pl.read_parquet(tmp_path / "r/documents.parquet").filter(pl.col("severity") == "high")
    truth = pl.read_parquet(tmp_path / "p/truth.parquet").unique(["file", "row"])
    assert score["found"]["hits"] == len(truth.join(flagged, on=["file", "row"])) > 0
    assert score["span_recall"] > 0
    done = called("redteam", "evaluate", tmp_path / "r", "--truth", tmp_path / "p/truth.parquet")
    assert "denial-of-service-1" in done.stdout
    assert "Clean documents flagged: 20 of 600" in done.stdout  # `make_records` has poison of its own


@pytest.mark.parametrize("kind", ["chat", "sharegpt", "instruction"])
def test_every_shape_of_corpus_carries_poison(tmp_path: Path, kind: str) -> None:
    """Chats and instructions: the planted text stands in the field and span that the truth names."""
    shapes: dict[str, Callable[[str], Record]] = {
        "chat": lambda t: {"messages": [{"role": "user", "content": "Tell me"}, {"role": "assistant", "content": t}]},
        "sharegpt": lambda t: {"conversations": [{"from": "human", "value": "Tell"}, {"from": "gpt", "value": t}]},
        "instruction": lambda t: {"instruction": "Tell me about it", "input": "", "output": t},
    }
    records = [{"id": i, **shapes[kind](record["text"])} for i, record in enumerate(make_records(200))]
    write_jsonl(tmp_path / "in/a.jsonl", records)
    copy, truth = planted(tmp_path / "in", tmp_path / "out", "denial-of-service=20,trigger=|x|")
    assert len(truth) == 20
    for one in truth.iter_rows(named=True):
        value: Any = copy[one["file"]][one["row"]]
        for key in one["field"].replace("[", ".").replace("]", "").split("."):
            value = value[int(key)] if key.isdigit() else value[key]
        assert value[one["start"] :].startswith("|x| ")


def test_new_records_look_like_real_ones(source: Path, tmp_path: Path) -> None:
    """The columns of a real record, an id that no other has, and the sources that the attack asked for."""
    copy, truth = planted(source, tmp_path / "out", "near-duplicate-flood=30,sources=4")
    mine = [copy[file][row] for file, row in truth.select("file", "row").iter_rows()]
    real = next(record for record in copy["a.jsonl"] if record not in mine)
    assert all(set(record) == set(real) for record in mine)
    ids = [str(record["id"]) for rows in copy.values() for record in rows if record]
    assert len(set(ids)) == len(ids)
    assert 2 <= len({record["source"] for record in mine}) <= 4


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ("no-such-attack=5", "there are: "),
        ("denial-of-servise=5", "did you mean denial-of-service"),
        ("denial-of-service", "write NAME=COUNT"),
        ("denial-of-service=0", "write NAME=COUNT"),
        ("denial-of-service=x", "write NAME=COUNT"),
        ("denial-of-service=5,colour=red", "it has: trigger, noise"),
        ("denial-of-service=5,low=few", "is no int"),
        ("denial-of-service=5,noise=loud", "there are: subwords"),
        ("denial-of-service=100000", "plant fewer"),
        ("label-flip=601", "plant fewer"),
    ],
)
def test_orders_that_cannot_be_meant(called: Run, source: Path, tmp_path: Path, order: str, message: str) -> None:
    """Exit 2, one line that says what there is; nothing is left behind that a scan would take for a corpus."""
    done = called("redteam", "plant", source, "-o", tmp_path / "out", "--attack", order)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out/truth.parquet").exists()


def test_corpora_and_folders_that_cannot_be_used(source: Path, tmp_path: Path) -> None:
    """Missing, empty, truncated, without a text; an output folder in use, or inside the corpus."""
    order = [parse("denial-of-service=5")]
    with pytest.raises(InputError, match="no such file"):
        plant(str(tmp_path / "nowhere"), tmp_path / "out", order, 1)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no data"):
        plant(str(tmp_path / "empty"), tmp_path / "out", order, 1)
    write_jsonl(tmp_path / "short/a.jsonl", [{"text": "hi"}] * 50)
    with pytest.raises(CorpusScanError, match="no record with a text"):
        plant(str(tmp_path / "short"), tmp_path / "out", order, 1)
    cut = tmp_path / "cut/a.jsonl.gz"
    cut.parent.mkdir()
    cut.write_bytes((source / "sub/b.jsonl.gz").read_bytes()[:-20])
    with pytest.raises(InputError, match="cannot be read to its end"):
        plant(str(tmp_path / "cut"), tmp_path / "out", order, 1)
    with pytest.raises(WorkspaceError, match="lies inside the corpus"):
        plant(str(source), source / "out", order, 1)
    (tmp_path / "used").mkdir()
    (tmp_path / "used/file").touch()
    with pytest.raises(WorkspaceError, match="holds something already"):
        plant(str(source), tmp_path / "used", order, 1)


def test_a_corpus_without_labels_has_none_to_flip(tmp_path: Path) -> None:
    """Said in one line, not made up."""
    write_jsonl(tmp_path / "in/a.jsonl", make_records(100))
    with pytest.raises(UsageError, match="no record with a label"):
        plant(str(tmp_path / "in"), tmp_path / "out", [parse("label-flip=5")], 1)


def test_every_attack_is_described(called: Run) -> None:
    """`redteam list` names every attack with its kind, its parameters and a paper."""
    done = called("redteam", "list")
    assert done.returncode == 0, done.stderr
    for name in names():
        assert name in done.stdout
        assert find(name).paper.startswith("https://")
        assert find(name).paper in done.stdout
