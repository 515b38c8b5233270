"""From names to files: nothing below an input is passed over in silence, and no two files share a label."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corpusscan import io
from corpusscan.config import Columns
from corpusscan.errors import InputError
from corpusscan.io.places.finding import find

GOOD = b'{"text": "good", "id": 1}\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A corpus of one good file."""
    root = tmp_path / "corpus"
    root.mkdir()
    (root / "good.jsonl").write_bytes(GOOD)
    return root


def refusal(*inputs: Path | str, **columns: object) -> str:
    """What a plan over `inputs` is refused with."""
    with pytest.raises(InputError) as caught:
        io.plan([str(each) for each in inputs], Columns(**columns), None)
    return str(caught.value)


def test_a_missing_input_says_so(folder: Path) -> None:
    """No file, no folder, no glob, an address, a name that is too long or holds a NUL: one line with a remedy."""
    assert "no such file or folder" in refusal(folder / "none.jsonl")
    assert "no such file or folder" in refusal(folder / "good.jsonl" / "below")
    assert "holds no data" in refusal(folder / "*.parquet")
    assert "memory:// is not read" in refusal("memory://bucket/key")
    assert "check the path" in refusal("x" * 5000)
    assert "no such file" in refusal("a\0b")


def test_a_forbidden_input_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The path of an input may lie where nobody may look: one line, no traceback."""
    stat = Path.stat

    def refuse(path: Path, **options: bool) -> os.stat_result:
        if path.name == "secret.jsonl":
            raise PermissionError(13, "Permission denied")
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", refuse)
    assert "Permission denied" in refusal(folder / "secret.jsonl")


def test_an_unreadable_file_is_refused_when_named_and_counted_in_a_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Permission denied on opening: exit 2 for what the user named, a counted loss for what lies in a corpus."""
    secret = folder / "secret.jsonl"
    secret.write_bytes(GOOD)
    usual = Path.open

    def refuse(path: Path, *arguments: str, **options: str) -> object:
        if path.name == "secret.jsonl":
            raise PermissionError(13, "Permission denied")
        return usual(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    assert "Permission denied" in refusal(secret)
    plan = io.plan([str(folder)], Columns(), None)
    assert plan.skipped == [("secret.jsonl", len(GOOD), "errored", "unreadable")]


def test_a_folder_that_cannot_be_listed_is_counted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below an input it is a counted loss; the input itself is refused."""
    (folder / "closed").mkdir()
    scandir = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert ("closed/", 0, "errored", "unreadable") in io.plan([str(folder)], Columns(), None).skipped
    assert "cannot be listed" in refusal(folder / "closed")


def test_an_empty_input_says_so(folder: Path) -> None:
    """An empty file or folder named by the user is refused; an empty file in a corpus is a counted skip."""
    (folder / "empty.jsonl").touch()
    (folder / "sub").mkdir()
    assert "holds no data" in refusal(folder / "empty.jsonl")
    assert "holds no data" in refusal(folder / "sub")
    assert io.plan([str(folder)], Columns(), None).skipped == [("empty.jsonl", 0, "skipped", "empty_file")]


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.xls", b"a,b\n1,2\n"), ("a.doc.gz", b"\x1f\x8b"), ("noname", b"\0\1")],
)
def test_an_unknown_format_says_what_is_known(folder: Path, name: str, data: bytes) -> None:
    """Named: refused with the formats there are.  In a corpus: a counted skip."""
    (folder / name).write_bytes(data)
    assert "convert it to JSON, CSV, plain text, Parquet or Arrow" in refusal(folder / name)
    assert io.plan([str(folder)], Columns(), None).skipped == [(name, len(data), "skipped", "unknown_format")]


def test_a_corrupt_parquet_that_was_named_is_refused(folder: Path) -> None:
    """A file without its footer can never be read: said at once."""
    pq.write_table(pa.table({"text": ["a"]}), folder / "a.parquet")
    (folder / "a.parquet").write_bytes((folder / "a.parquet").read_bytes()[:-3])
    assert "corrupt_parquet" in refusal(folder / "a.parquet")


def test_a_named_file_is_known_by_its_first_bytes(folder: Path) -> None:
    """Without a known suffix the user's word and the magic number are enough."""
    pq.write_table(pa.table({"text": ["a"]}), folder / "data")
    (folder / "lines").write_bytes(GOOD)
    plan = io.plan([str(folder / "data"), str(folder / "lines")], Columns(), None)
    assert [(shard.file, shard.format) for shard in plan.shards] == [("0/data", "parquet"), ("1/lines", "jsonl")]


@pytest.mark.parametrize("role", ["text", "id", "source", "time", "label"])
def test_a_missing_column_lists_those_there_are(folder: Path, role: str) -> None:
    """Every column the user names must occur in every input; the answer lists what does."""
    named = {"text": ("nope",)} if role == "text" else {role: "nope"}
    message = refusal(folder, **named)
    assert "no column 'nope'" in message
    assert "id, text" in message
    assert "\n" not in message


def test_no_known_column_asks_for_a_name(folder: Path) -> None:
    """Nothing that is called like a text: the flag that helps is named."""
    (folder / "good.jsonl").write_bytes(b'{"a": "b", "c\\n": 1}')
    assert "--text-column" in refusal(folder)


def test_a_column_that_comes_late_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key first seen in a later shard counts as there."""
    monkeypatch.setattr(io.planning, "_SHARD", 1000)
    (folder / "good.jsonl").write_bytes(b'{"a": 1}\n' * 200_000 + GOOD)
    assert io.plan([str(folder)], Columns(text=("text",)), None).shards


def test_every_file_is_data_a_companion_or_a_skip(folder: Path) -> None:
    """Known companions are listed, folders of tools too; links to folders, pipes and dangling links are counted."""
    for name in (
        "README.md",
        "LICENSE",
        ".gitattributes",
        "dataset_info.json",
        "state.json",
        "_SUCCESS",
        "a.jsonl.sha256",
    ):
        (folder / name).write_text("x")
    (folder / ".cache").mkdir()
    (folder / "link").symlink_to(folder.parent)
    (folder / "gone.jsonl").symlink_to(folder / "nowhere")
    (folder / "same.jsonl").symlink_to(folder / "good.jsonl")
    os.mkfifo(folder / "pipe.jsonl")
    plan = io.plan([str(folder)], Columns(), None)
    assert sorted(plan.companions) == sorted(
        [
            "README.md",
            "LICENSE",
            ".gitattributes",
            "dataset_info.json",
            "state.json",
            "_SUCCESS",
            "a.jsonl.sha256",
            ".cache/",
        ]
    )
    assert {(file, reason) for file, _, _, reason in plan.skipped} == {
        ("link", "symlink_to_folder"), ("gone.jsonl", "unreadable"), ("pipe.jsonl", "not_a_file")
    }  # fmt: skip
    assert [shard.file for shard in plan.shards] == ["good.jsonl", "same.jsonl"]


def test_file_names_are_data(folder: Path) -> None:
    """Line feeds, escapes, invalid UTF-8, backslashes: every file keeps a label of its own, which is valid text."""
    names = [
        b"line\nfeed.jsonl",
        b"esc\x1b[2J.jsonl",
        b"a\xff.jsonl",
        b"a\\xff.jsonl",
        b"a\\\\xff.jsonl",
        "ü\u202e.jsonl".encode(),
    ]
    for name in names:
        Path(os.fsdecode(bytes(folder) + b"/" + name)).write_bytes(GOOD)
    labels = [shard.file for shard in io.plan([str(folder)], Columns(), None).shards]
    assert len(set(labels)) == len(names) + 1
    assert all(label.encode() for label in labels)
    assert {"line\nfeed.jsonl", "a\\xff.jsonl", "a\\\\xff.jsonl"} < set(labels)


def test_the_output_below_an_input_is_not_read(folder: Path) -> None:
    """A second scan must not find the first one's tables."""
    (folder / "out" / "work").mkdir(parents=True)
    (folder / "out" / "work" / "x.jsonl").write_bytes(GOOD)
    assert [place.label for place in find([str(folder)], folder / "out")] == ["good.jsonl"]


def test_several_inputs_keep_their_files_apart(folder: Path) -> None:
    """The same file under two inputs is two files, each with the number of its input."""
    plan = io.plan([str(folder), str(folder / "good.jsonl"), str(folder / "*.jsonl")], Columns(), None)
    assert [shard.file for shard in plan.shards] == ["0/good.jsonl", "1/good.jsonl", "2/good.jsonl"]
    assert len({io.digest(shard) for shard in plan.shards}) == 1


def test_a_digest_names_bytes_and_how_they_are_read(folder: Path) -> None:
    """Another byte, another place of a byte order mark, another row group: another digest."""
    (folder / "other.jsonl").write_bytes(GOOD.replace(b"good", b"goad"))
    pq.write_table(pa.table({"text": ["a", "a"]}), folder / "a.parquet", row_group_size=1)
    pq.write_table(pa.table({"text": ["a", "b"]}), folder / "b.parquet", row_group_size=1)
    plan = io.plan([str(folder)], Columns(), None)
    assert len({io.digest(shard) for shard in plan.shards}) == len(plan.shards) == 4


def test_a_link_that_leads_out_of_the_input_is_not_followed(folder: Path) -> None:
    """Nothing of this machine is quoted in a report because a corpus links to it; the cache of the hub is read."""
    secret = folder.parent / "secret.jsonl"
    secret.write_bytes(GOOD)
    (folder / "link.jsonl").symlink_to(secret)
    assert io.plan([str(folder)], Columns(), None).skipped == [("link.jsonl", len(GOOD), "skipped", "symlink_outside")]
    assert io.plan([str(folder / "*.jsonl")], Columns(), None).skipped[0][3] == "symlink_outside"
    assert len(io.plan([str(folder / "link.jsonl")], Columns(), None).shards) == 1  # the user says so
    cache = folder.parent / "datasets--owner--name"
    snapshot = cache / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (cache / "blobs").mkdir()
    (cache / "blobs" / ("a" * 64)).write_bytes(GOOD)
    (snapshot / "a.jsonl").symlink_to("../../blobs/" + "a" * 64)
    assert [shard.file for shard in io.plan([str(snapshot)], Columns(), None).shards] == ["a.jsonl"]
