"""Files of a repository that carry code are findings, whatever they are called; honest repositories are left alone."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpora import Run, make_records, write_jsonl

from corpusscan import io as reading
from corpusscan import schema
from corpusscan.config import Columns
from corpusscan.detectors.supply_chain import _RULES, SupplyChain
from corpusscan.engine.repository import inspected
from corpusscan.io import repository


class Evil:
    """Runs a command when it is unpickled."""

    def __reduce__(self) -> Any:
        return os.system, ("exit 3",)


EVIL = pickle.dumps(Evil())


def zipped(**members: bytes) -> bytes:
    """A zip with these members; `__` in a name stands for `../`."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "../"), data)
    return sink.getvalue()


def tarred(name: str, data: bytes, link: str = "") -> bytes:
    """A packed tar with one member."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = 0 if link else len(data)
        member.type, member.linkname = (tarfile.SYMTYPE, link) if link else (tarfile.REGTYPE, "")
        archive.addfile(member, io.BytesIO(data))
    return sink.getvalue()


def array(values: Any) -> bytes:
    """An array as NumPy saves it."""
    sink = io.BytesIO()
    np.save(sink, values, allow_pickle=True)
    return sink.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with one honest file of rows."""
    write_jsonl(tmp_path / "repo" / "data" / "train.jsonl", make_records(20))
    (tmp_path / "repo" / "README.md").write_text("# a dataset")
    return tmp_path / "repo"


def found(folder: Path) -> dict[str, list[str]]:
    """What is said of the folder: rules by file."""
    told: dict[str, list[str]] = {}
    plan = reading.plan([str(folder)], Columns(), None)
    for one in repository.repositories(plan, [str(folder)]):
        table = SupplyChain().inspect(one)
        assert table.schema == schema.FILE_HITS
        for hit in table.to_pylist():
            told.setdefault(hit["file"], []).append(hit["rule"])
            assert json.loads(hit["evidence"])["note"]
    return told


@pytest.mark.parametrize(
    ("name", "data", "rules"),
    [("a.pkl", EVIL, ["pickle-runs-code"]), ("a.pkl", pickle.dumps([1]), ["pickle"]),
     ("a.pkl", pickle.dumps([1] * 99)[:-9], ["pickle-unknown-imports"]), ("a.pkl", b"", ["pickle"]),
     ("weights.bin", EVIL, ["pickle-runs-code"]), ("a.jsonl", EVIL, ["pickle-runs-code"]),
     ("b.parquet", b"cos\nsystem\n(S'id'\ntR.", ["pickle-runs-code"]), ("c.data", pickle.dumps([1]), ["hidden-pickle"]),
     ("c.data", b"\x80\x02cstrange\nthing\n.", ["hidden-pickle-imports"]), ("words.txt", b"cat\ndog\n", []),
     ("maths.txt", b"cos\nsin\ntan\n", []), ("a.pkl.gz", gzip.compress(EVIL), ["pickle-runs-code"]),
     ("model.pt", zipped(**{"m/data.pkl": EVIL}), ["pickle-runs-code"]),
     ("a.bin", zipped(**{"m/data.pkl": EVIL}), ["pickle-runs-code"]),
     ("a.jsonl", zipped(x=EVIL), ["pickle-runs-code"]), ("a.tar.gz", tarred("x", EVIL), ["pickle-runs-code"]),
     ("a.npy", array(np.array([Evil()], object)), ["pickle-runs-code"]), ("a.npy", array(np.arange(3)), []),
     ("a.npz", zipped(**{"a.npy": array(np.array([Evil()], object))}), ["pickle-runs-code"]),
     ("b.npz", zipped(**{"a.npy": array(np.arange(3))}), ["archive"]),
     ("a.zip", zipped(**{"a.txt": b"x"}), ["archive"]), ("a.zip", zipped(__x=b""), ["archive-leaves-folder"]),
     ("a.zip", zipped(**{"run.sh": b""}), ["archive-with-code"]), ("a.zip", b"PK\x03\x04junk", ["odd-archive"]),
     ("a.zip", zipped(**{"b.zip": b""}), ["odd-archive"]), ("a.7z", b"7z\xbc\xaf\x27\x1c", ["archive"]),
     ("a.tar.gz", tarred("x", b"", "/etc/passwd"), ["archive-leaves-folder"]),
     ("a.data", b"\x7fELF" + bytes(90), ["disguised-program"]), ("a.csv", b"MZ" + bytes(90), ["disguised-program"]),
     ("a.jsonl", b"#!/bin/sh\nid\n", ["disguised-program"]), ("a.txt", b"#!/bin/sh\nid\n", []),
     ("tool", b"\x7fELF" + bytes(90), ["program"]), ("libx.so.1", b"\x7fELF" + bytes(90), ["program"]),
     ("a.exe", b"MZ" + bytes(90), ["program"]), ("tool.py", b"print(1)", ["program"]),
     ("repo.py", b"print(1)", ["loading-script"]), ("x.py", b"class X(GeneratorBasedBuilder): 1", ["loading-script"]),
     ("c.yaml", b"a: !!python/object/apply:os.system [id]", ["yaml-runs-code"]), ("c.yaml", b"a: 1", []),
     ("config.json", b'{"auto_map": {"AutoModel": "x.Y"}}', ["remote-code"])],
)  # fmt: skip
def test_what_carries_code_is_found(name: str, data: bytes, rules: list[str], folder: Path) -> None:
    """Each by name, first bytes, opcodes and members; nothing is run, loaded or unpacked; honest files are silent."""
    (folder / name).write_bytes(data)
    assert found(folder) == ({name: rules} if rules else {})


def test_the_card_says_what_belongs(folder: Path) -> None:
    """Files with rows that its data_files do not name, and what it has loaded from elsewhere or run."""
    write_jsonl(folder / "data" / "other.jsonl", make_records(20))
    (folder / "README.md").write_text(
        "---\nconfigs:\n- data_files: [data/train*, 'https://e.example/x']\n---\nload(trust_remote_code=True)\n"
    )
    assert found(folder) == {
        "README.md": ["card-loads-elsewhere", "remote-code"], "data/other.jsonl": ["not-in-card"]
    }  # fmt: skip


def test_links_that_leave_are_not_followed(folder: Path, tmp_path: Path) -> None:
    """A link out of the input is told by its name alone."""
    (tmp_path / "secret").write_bytes(EVIL)
    (folder / "a.pkl").symlink_to(tmp_path / "secret")
    [looked] = repository.repositories(reading.plan([str(folder)], Columns(), None), [str(folder)])
    [file] = [file for file in looked.files if file.path == "a.pkl"]
    assert (file.data, file.fault) == (b"", "symlink_outside")


def test_many_alike_are_told_once_each_and_counted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository of programs has a bounded number of findings, which say how many more there are."""
    monkeypatch.setattr("corpusscan.detectors.supply_chain.MOST", 3)
    for number in range(8):
        (folder / f"p{number}.py").write_text("print(1)")
    [looked] = repository.repositories(reading.plan([str(folder)], Columns(), None), [str(folder)])
    hits = SupplyChain().inspect(looked).to_pylist()
    assert [hit["file"] for hit in hits] == ["p0.py", "p1.py", "p2.py"]
    assert {json.loads(hit["evidence"])["and_as_many_more_files"] for hit in hits} == {5}


def test_a_file_of_rows_alone_is_no_repository(folder: Path) -> None:
    """Who names one file has its rows scanned, and no more."""
    path = str(folder / "data" / "train.jsonl")
    assert list(repository.repositories(reading.plan([path], Columns(), None), [path])) == []


def test_severities_are_those_that_are_documented() -> None:
    """High is what runs code for sure; honest data sets must not be flagged for a harmless pickle or an archive."""
    assert [rule for rule, told in _RULES.items() if told.severity == "high"] == ["pickle-runs-code"]
    assert all(
        told.severity in ("info", "low") for rule, told in _RULES.items() if rule in ("pickle", "program", "archive")
    )


def test_without_excerpts_nothing_is_quoted(folder: Path) -> None:
    """`--no-excerpts` leaves out what files say, and keeps what to do about them."""
    (folder / "a.pkl").write_bytes(EVIL)
    plan = reading.plan([str(folder)], Columns(), None)
    looked = inspected(plan, [str(folder)], [SupplyChain()], excerpts=False)
    [hit] = looked.hits["supply_chain"].to_pylist()
    assert hit["excerpt"] == ""
    assert "system" not in hit["evidence"]
    assert json.loads(hit["evidence"])["note"]
    assert looked.facts == {"files": 3, "opened": 3}


def test_findings_stand_in_the_report(folder: Path, called: Run, tmp_path: Path) -> None:
    """Before any row, as findings of row 0 of the file; exit 3 as a pickle is a skip, exit 1 where that is allowed."""
    (folder / "a.pkl").write_bytes(EVIL)
    fast = ("--detectors", "malformed,supply_chain", "--workers", "1", "--seed", "1")
    ran = called("scan", "repo", "-o", "out", *fast)
    assert ran.returncode == 3
    assert "1 file may run code" in ran.stderr
    fast += ("--allow-skipped", "pickle=1")
    again = called("scan", "repo", "-o", "out2", "--write-baseline", "base.jsonl", *fast)
    assert again.returncode == 1
    import polars as pl

    [finding] = pl.read_parquet(tmp_path / "out" / "findings.parquet").to_dicts()
    assert (finding["file"], finding["row"], finding["attack"]) == ("a.pkl", 0, "supply_chain")
    assert "posix.system" in finding["excerpt"]
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "A pickle that runs code when it is loaded" in page
    assert "never load it" in page
    assert json.loads((tmp_path / "out" / "summary.json").read_bytes())["repository"] == {"files": 3, "opened": 3}
    accepted = called("scan", "repo", "-o", "out3", "--baseline", "base.jsonl", *fast)
    assert accepted.returncode == 0
    (folder / "a.pkl").write_bytes(pickle.dumps([Evil(), 1]))
    changed = called("scan", "repo", "-o", "out4", "--baseline", "base.jsonl", *fast)
    assert changed.returncode == 1
