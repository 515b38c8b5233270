"""A compressed file in pieces: nothing lost, nothing doubled, every piece whole lines, every fault told once."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import zstandard

from corpusscan import io
from corpusscan.config import Columns
from corpusscan.errors import UnreadableError
from corpusscan.io.layout import compression

LINES = [b'{"text": "' + b"x" * (i % 97) + b'"}' for i in range(5_000)]
DATA = b"\n".join(LINES) + b"\n"


def cut(path: Path, target: int) -> list[io.Shard]:
    """The shards of the pieces of `path`."""
    with path.open("rb") as file:
        kind = compression.kind_of(file.read(4))
    size = path.stat().st_size
    shard = io.Shard(
        index=0, file=path.name, path=str(path), format="jsonl", unit="byte", start=0, stop=size, bytes_total=size,
        bytes=size, compression=kind, piece=target,
    )  # fmt: skip
    folder = path.parent / "pieces"
    return io.pieces.shards(shard, io.pieces.cut(shard, folder), folder)


def content(shard: io.Shard) -> bytes:
    """The decompressed bytes of a piece."""
    return b"".join(compression.blocks(Path(shard.path), shard.compression))


def read(shards: list[io.Shard]) -> tuple[list[str], list[io.Account]]:
    """The texts of all pieces, and their accounts."""
    texts: list[str] = []
    accounts = [io.Account() for _ in shards]
    for shard, account in zip(shards, accounts, strict=True):
        for batch in io.read(shard, Columns(), 2**20, bytes(32), account):
            texts += batch.texts["text"].to_pylist()
    return texts, accounts


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.jsonl.zst"])
@pytest.mark.parametrize("target", [1, 60, 4_000, 10**6, len(DATA), 10**9])
def test_pieces_are_the_file_in_whole_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, target: int
) -> None:
    """Put together they are the decompressed file; each ends with a line; their places follow one another."""
    monkeypatch.setattr(compression, "BLOCK", 1_000)
    data = DATA if target > 60 else DATA[:3_000] + b"\n"
    path = tmp_path / name
    path.write_bytes(gzip.compress(data) if name.endswith("gz") else zstandard.compress(data))
    shards = cut(path, target)
    assert b"".join(map(content, shards)) == data
    assert [shard.stop - shard.start for shard in shards] == [len(content(shard)) for shard in shards]
    assert [shard.start for shard in shards] == [0, *(shard.stop for shard in shards[:-1])]
    assert all(content(shard).endswith(b"\n") for shard in shards)
    assert {shard.bytes_total for shard in shards} == {len(data)}
    assert all(len(content(shard)) <= target + 120 for shard in shards)
    assert len({shard.digest for shard in shards}) == len({content(shard) for shard in shards})


def test_a_last_line_without_an_end_is_a_line(tmp_path: Path) -> None:
    """What stands behind the last line feed is in the last piece."""
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(DATA[:-1]))
    assert b"".join(map(content, cut(path, 5_000))) == DATA[:-1]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [(lambda data: data[:-3], "truncated_gzip"), (lambda data: data + b"junk!", "trailing_junk")],
)
def test_damage_is_told_by_the_last_piece(tmp_path: Path, damage: object, reason: str) -> None:
    """All that came before it is read, and the file is no complete one."""
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(damage(gzip.compress(DATA)))  # type: ignore[operator]
    texts, accounts = read(cut(path, 10_000))
    assert len(accounts) > 5
    assert len(texts) == sum(len(line) > len(b'{"text": ""}') for line in LINES)
    assert [account.unknowable for account in accounts] == [False] * (len(accounts) - 1) + [True]
    assert accounts[-1].reasons["errored"] == {reason: 1}


def test_a_fault_is_part_of_the_digest(tmp_path: Path) -> None:
    """The account of a piece depends on it, so a piece that ends well has another name."""
    data = gzip.compress(b'{"text": "a"}\n')
    (tmp_path / "a.jsonl.gz").write_bytes(data)
    (tmp_path / "b.jsonl.gz").write_bytes(data + b"junk!")
    whole, broken = cut(tmp_path / "a.jsonl.gz", 100)[0], cut(tmp_path / "b.jsonl.gz", 100)[0]
    assert whole.digest != broken.digest
    assert (whole.fault, broken.fault) == ("", "trailing_junk")


def test_nothing_but_damage_is_one_piece_that_says_so(tmp_path: Path) -> None:
    """A file of which nothing can be decompressed is not silently empty."""
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(b"\x1f\x8b" + b"\xff" * 500)
    (shard,) = cut(path, 100)
    account = io.Account()
    assert list(io.read(shard, Columns(), 2**20, bytes(32), account)) == []
    assert sum(account.reasons["errored"].values()) == 1
    assert account.unknowable


def test_only_large_files_are_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small compressed file is one shard, read as it is; so is every plain file, which has shards of its own."""
    for number in range(3):
        (tmp_path / f"{number}.jsonl.gz").write_bytes(gzip.compress(DATA[: 20_000 * (1 + number)], 0))
    (tmp_path / "plain.jsonl").write_bytes(DATA)
    monkeypatch.setattr(io.planning, "_WHOLE", 50_000)
    plan = io.plan([str(tmp_path)], Columns(), None)
    assert [shard.piece > 0 for shard in plan.shards] == [False, False, True, False]


def test_a_missing_piece_is_an_error_that_counts(tmp_path: Path) -> None:
    """Somebody tidied up while the scan ran: told, not read as nothing."""
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(DATA))
    shard = cut(path, 10**6)[0]
    Path(shard.path).unlink()
    account = io.Account()
    assert list(io.read(shard, Columns(), 2**20, bytes(32), account)) == []
    assert account.unknowable
    with pytest.raises((UnreadableError, OSError)):
        content(shard)
