"""Signatures go out to datasketch and come in from it; what cannot be compared, or is damaged, is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from corpora import Run, make_records, write_jsonl
from datasketch import LeanMinHash, MinHash

import corpusscan
from corpusscan import interchange
from corpusscan.detectors.near_duplicate import NAME
from corpusscan.engine import index as indexes
from corpusscan.engine import signatures
from corpusscan.errors import UsageError
from corpusscan.kernels.affine32 import SCHEME

pytestmark = pytest.mark.usefixtures("here")

STORY = (
    "The council of {place} decided on Monday that the old bridge over the river will be closed for good, because"
    " {person} found cracks in every pillar. Nobody told the fishermen. The mayor said that a ferry would be paid for"
    " until a new bridge stands, and that the money had been found in the budget for schools. Parents were furious,"
    " teachers wrote letters, and the only shop on the far bank has put its shutters down. A meeting is planned."
)


def story(number: int) -> str:
    """One of sixteen versions."""
    places, people = ["Ardmore", "Belsk", "Corvo", "Dunmore"], ["an engineer", "Ms Ito", "inspectors", "a diver"]
    return STORY.format(place=places[number % 4], person=people[number // 4 % 4])


def corpus(path: Path, first: int, count: int) -> Path:
    """Honest records and `count` versions of a story, from hosts that nobody else has."""
    copies = [
        {"text": story(n), "source": f"new{n}.example", "date": f"2025-03-{1 + n % 3:02d}"}
        for n in range(first, first + count)
    ]
    return write_jsonl(path, [*make_records(100, seed=first), {"text": "too short"}, *copies])


def scan(source: Path, index: Path, **options: Any) -> pl.DataFrame:
    """The groups of near-copies that a scan with an index finds."""
    options = {"detectors": ("near_duplicate",), "workers": 1, "index": str(index), "sketch": "affine32"} | options
    out = str(source.with_suffix(".out"))
    return corpusscan.scan(str(source), out, overwrite=True, **options).groups.collect()


def empty(folder: Path, like: Path | None = None) -> Path:
    """An index without documents, with a key of its own or that of another one."""
    interchange.create(folder, seed=3)
    if like:
        shutil.copy(like / "key", folder / "key")
    return folder


def by_datasketch(shingles: interchange.Shingles, texts: list[str]) -> list[bytes]:
    """The texts' signatures, made and serialised by datasketch."""
    made = []
    for text in texts:
        minhash = MinHash(hashfunc=int)
        minhash.update_batch(shingles.hashes(text))
        lean = LeanMinHash(minhash)
        made.append(bytearray(lean.bytesize("<")))
        lean.serialize(made[-1], "<")
    return [bytes(one) for one in made]


def written(path: Path, metadata: dict[bytes, bytes], said: list[bytes], **columns: Any) -> Path:
    """A file of signatures as somebody else writes it."""
    table = pa.table({"signature": pa.array(said, pa.binary(len(said[0]))), **columns})
    pq.write_table(table.replace_schema_metadata(metadata), path)
    return path


def test_what_goes_out_is_what_datasketch_makes(tmp_path: Path) -> None:
    """Each exported signature is the LeanMinHash of its text, byte for byte, and likeness is told alike."""
    index, records = tmp_path / "index", corpus(tmp_path / "c.jsonl", 0, 6)
    scan(records, index)
    assert interchange.export(index, tmp_path / "f.parquet") == 106
    texts = [json.loads(line)["text"] for line in records.read_text().splitlines()]
    rows = pq.read_table(tmp_path / "f.parquet").to_pylist()
    assert [row["signature"] for row in rows] == by_datasketch(
        interchange.Shingles(index), [texts[row["row"]] for row in rows]
    )
    assert (rows[-1]["source"], rows[-1]["time"]) == ("new5.example", datetime(2025, 3, 3, tzinfo=UTC))
    assert rows[-1]["bytes"] == len(texts[-1])
    first, last = (LeanMinHash.deserialize(rows[n]["signature"], "<") for n in (-6, -1))
    exact = [{*interchange.Shingles(index).hashes(texts[n]).tolist()} for n in (-6, -1)]
    assert abs(first.jaccard(last) - len(exact[0] & exact[1]) / len(exact[0] | exact[1])) < 0.15


def test_what_went_out_comes_in_as_it_was(tmp_path: Path) -> None:
    """An index that was exported, and imported under the same key, is the same; twice is once."""
    index = tmp_path / "index"
    scan(corpus(tmp_path / "one.jsonl", 0, 6), index)
    scan(corpus(tmp_path / "two.jsonl", 6, 3), index)
    interchange.export(index, tmp_path / "f.parquet")
    other = empty(tmp_path / "other", like=index)
    assert interchange.bring(other, tmp_path / "f.parquet") == (209, 0)
    assert interchange.bring(other, tmp_path / "f.parquet") == (0, 209)
    for digest in indexes.Index(index).shards(NAME):
        assert indexes.Index(other).table(NAME, digest).equals(indexes.Index(index).table(NAME, digest))
        for name in (f"{NAME}/{digest}.arrow", f"{NAME}/{digest}.parquet", f"sources/{digest}.sources.parquet"):
            assert (other / name).read_bytes() == (index / name).read_bytes()


def test_a_scan_finds_copies_of_what_came_in(tmp_path: Path) -> None:
    """Five signatures that datasketch made, and three documents of this corpus: one group of eight."""
    index = empty(tmp_path / "index")
    shingles = interchange.Shingles(index)
    said = by_datasketch(shingles, [story(5 + n % 3) for n in range(5)] + ["nothing"])
    sources = pa.array([f"new{n}.example" for n in range(5)] + [None])
    times = pa.array([datetime(2025, 3, 1 + n % 3) for n in range(6)], pa.timestamp("ns"))
    file = written(tmp_path / "f.parquet", shingles.metadata, said, source=sources, time=times)
    assert interchange.bring(index, file) == (5, 0), "what has no shingle is left out"
    (group,) = scan(corpus(tmp_path / "c.jsonl", 5, 3), index).to_dicts()
    evidence = json.loads(group["evidence"])
    assert (group["documents"], evidence["copies"], evidence["earlier_copies"]) == (3, 8, 5)
    assert (group["sources"], evidence["days"], evidence["new_sources"]) == (8, 3, 8)


def test_signatures_alone_are_enough(tmp_path: Path) -> None:
    """Without source, time, length and hash of a document its signature counts as a copy."""
    index = empty(tmp_path / "index")
    shingles = interchange.Shingles(index)
    interchange.bring(
        index, written(tmp_path / "f.parquet", shingles.metadata, by_datasketch(shingles, [story(1)] * 4))
    )
    (group,) = scan(corpus(tmp_path / "c.jsonl", 5, 3), index).to_dicts()
    assert (group["documents"], json.loads(group["evidence"])["copies"], group["sources"]) == (3, 7, 3)


def test_a_file_without_shards_is_kept_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts are of bounded size, and the same file is the same parts."""
    monkeypatch.setattr(signatures, "PART", 4)
    monkeypatch.setattr(signatures, "_BATCH", 3)
    index = empty(tmp_path / "index")
    shingles = interchange.Shingles(index)
    said = by_datasketch(shingles, [story(n) for n in range(10)])
    file = written(tmp_path / "f.parquet", shingles.metadata, said)
    assert interchange.bring(index, file) == (10, 0)
    assert interchange.bring(index, file) == (0, 10)
    kept = [indexes.Index(index).table(NAME, digest) for digest in indexes.Index(index).shards(NAME)]
    assert sorted(row for table in kept for row in table["row"].to_pylist()) == [*range(10)]
    assert sorted(map(len, kept)) == [2, 4, 4]


def test_schemes_and_keys_are_not_mixed(tmp_path: Path) -> None:
    """An index of one sketch refuses the other; a file of another key, seed, scheme or shingle is refused by name."""
    one, other = tmp_path / "one", empty(tmp_path / "other")
    source = corpus(tmp_path / "c.jsonl", 0, 6)
    scan(source, one, sketch="fss")
    with pytest.raises(UsageError, match=r"made with scheme 'fss-.*', not 'affine32'.*; choose its --sketch"):
        scan(source, one)
    with pytest.raises(UsageError, match="made with scheme 'fss-"):
        interchange.export(one, tmp_path / "f.parquet")
    with pytest.raises(UsageError, match="made with scheme 'affine32', not 'fss-"):
        scan(source, other, sketch="fss")
    with pytest.raises(UsageError, match="there is none"):
        interchange.export(tmp_path / "nothing", tmp_path / "f.parquet")
    assert not (tmp_path / "nothing").exists()
    shingles = interchange.Shingles(other)
    said = by_datasketch(shingles, [story(1)])
    facts = orjson.loads(shingles.metadata[signatures.METADATA])
    changes = {"key": "0" * 16, "seed": 2, "num_perm": 2**31, "scheme": "legacy", "shingle": None, "unicode": [[]]}
    for name, value in changes.items():
        metadata = {signatures.METADATA: orjson.dumps(facts | {name: value})}
        with pytest.raises(UsageError, match=f"its signatures were made with {name} "):
            interchange.bring(other, written(tmp_path / "f.parquet", metadata, said))


HASHES = pa.array([b"h" * 16] * 3, pa.binary(16))
BAD: dict[str, tuple[Callable[[pa.Table], pa.Table], str]] = {
    "no metadata": (lambda table: table.replace_schema_metadata(None), "no facts"),
    "facts that are no object": (lambda table: table.replace_schema_metadata({"corpusscan": "[1]"}), "no facts"),
    "facts that are no JSON": (lambda table: table.replace_schema_metadata({"corpusscan": "{"}), "cannot be imported"),
    "no signatures": (lambda table: table.append_column("of", table[0]).drop_columns("signature"), "no column"),
    "short signatures": (lambda table: cast(table, lambda said: said[:-1]), "binary.524"),
    "signatures of any length": (lambda table: table.cast(table.schema.set(0, any_length(table))), "column signature"),
    "another byte order": (lambda table: cast(table, lambda said: said[:8] + said[8:12][::-1] + said[12:]), "making"),
    "a huge number of values": (lambda table: cast(table, lambda said: said[:8] + b"\0\0\0\x80" + said[12:]), "making"),
    "the scheme legacy": (lambda table: cast(table, lambda said: said[:12] + b"\2" + said[13:]), "making"),
    "no signature": (lambda table: cast(table, lambda _: None), "null"),
    "two of a name": (lambda table: table.append_column("signature", table["signature"]), "one name"),
    "a shard without row": (lambda table: table.append_column("shard", shards(b"s" * 32)), "without row"),
    "shards of any name": (lambda table: table.append_column("shard", pa.array(["../../key"] * 3)), "column shard"),
    "rows out of order": (lambda table: placed(table, shards(b"s" * 32), [2, 1, 3]), "out of order"),
    "rows twice": (lambda table: placed(table, shards(b"s" * 32), [1, 1, 2]), "out of order"),
    "a shard in two places": (lambda table: placed(table, shards(b"s" * 32, b"t" * 32, b"s" * 32), [1, 1, 2]), "order"),
    "rows beyond all shards": (lambda table: placed(table, shards(b"s" * 32), [1, 2, 2**32]), "cannot be imported"),
    "rows below none": (lambda table: placed(table, shards(b"s" * 32), [-1, 2, 3]), "cannot be imported"),
    "a source of any type": (lambda table: table.append_column("source", pa.array([[1]] * 3)), "column source"),
    "a source too long": (lambda table: table.append_column("source", pa.array(["s" * 1025] * 3)), "1024"),
    "a source of no Unicode": (lambda table: table.append_column("source", no_unicode()), "UTF8"),
    "a time in no calendar": (lambda table: table.append_column("time", moments(2**62)), "calendar"),
    "a time before all": (lambda table: table.append_column("time", moments(-(2**62))), "calendar"),
    "a time as text": (lambda table: table.append_column("time", pa.array(["2025"] * 3)), "column time"),
    "a length below nothing": (lambda table: table.append_column("bytes", pa.array([-1] * 3)), "cannot be imported"),
}  # fmt: skip


def cast(table: pa.Table, change: Callable[[bytes], bytes | None]) -> pa.Table:
    """The table with its signatures changed."""
    said = [change(one) for one in table["signature"].to_pylist()]
    width = len(said[0]) if said[0] else signatures.WIDTH
    return table.set_column(0, "signature", pa.array(said, pa.binary(width)))


def any_length(table: pa.Table) -> pa.Field:
    return table.schema.field(0).with_type(pa.binary())


def shards(*names: bytes) -> pa.Array:
    return pa.array([*names, *names, *names][:3], pa.binary(32))


def placed(table: pa.Table, names: pa.Array, rows: list[int]) -> pa.Table:
    return table.append_column("shard", names).append_column("row", pa.array(rows, pa.int64()))


def no_unicode() -> pa.Array:
    return pa.array([b"\xff"] * 3).view(pa.string())


def moments(value: int) -> pa.Array:
    return pa.array([value] * 3, pa.timestamp("us"))


@pytest.mark.parametrize("what", BAD)
def test_a_bad_file_is_refused_in_one_line(tmp_path: Path, what: str) -> None:
    """Whatever is wrong with it, it is told, and nothing of it is kept."""
    change, told = BAD[what]
    index = empty(tmp_path / "index")
    shingles = interchange.Shingles(index)
    good = pa.table({"signature": pa.array(by_datasketch(shingles, [story(n) for n in range(3)]), pa.binary(525))})
    file = tmp_path / "f.parquet"
    pq.write_table(change(good.replace_schema_metadata(shingles.metadata)), file)
    with pytest.raises(UsageError, match=told) as caught:
        interchange.bring(index, file)
    assert "\n" not in str(caught.value)
    assert indexes.Index(index).shards(NAME) == []


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    """Cut short anywhere, or with a byte changed in any page; a byte that nobody reads may be any."""
    index, draw, file = tmp_path / "index", np.random.default_rng(3), tmp_path / "g.parquet"
    scan(corpus(tmp_path / "c.jsonl", 0, 6), index)
    interchange.export(index, tmp_path / "f.parquet")
    data = (tmp_path / "f.parquet").read_bytes()
    facts = interchange._facts(indexes.key_of(index, SCHEME))
    whole = [*signatures.read(tmp_path / "f.parquet", facts)]
    other = empty(tmp_path / "other", like=index)
    refused = 0
    for _ in range(60):
        file.write_bytes(data[: draw.integers(len(data))])
        with pytest.raises(UsageError, match="cannot be imported"):
            interchange.bring(other, file)
        at = int(draw.integers(4, len(data) // 2))  # pages, not the statistics in the footer
        file.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        try:
            assert [*signatures.read(file, facts)] == whole
        except (pa.ArrowException, OSError, ValueError):
            refused += 1
    assert refused > 50


def test_a_small_file_does_not_fill_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it would take in the index is known, and compared with what is free, before anything is written."""
    index = empty(tmp_path / "index")
    shingles = interchange.Shingles(index)
    file = written(tmp_path / "f.parquet", shingles.metadata, by_datasketch(shingles, [story(1)] * 50))
    free = shutil.disk_usage(tmp_path)._replace(free=50 * 1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: free)
    with pytest.raises(UsageError, match="50 documents take 52,500 bytes of disk"):
        interchange.bring(index, file)
    monkeypatch.setattr(signatures, "SHARD_ROWS", 49)
    with pytest.raises(UsageError, match="a shard has more than 49 documents"):
        interchange.bring(index, file)


def test_the_commands(tmp_path: Path, called: Run) -> None:
    """Create, scan, export, import; what is refused is one line and exit 2."""
    for name in ("a", "b"):
        assert called("index", "create", name, "--seed", "5").returncode == 0
    assert "has a key of its own" in called("index", "create", "a", "--seed", "6").stderr
    source = corpus(tmp_path / "c.jsonl", 0, 3)
    (tmp_path / "corpusscan.toml").write_text('sketch = "affine32"\nindex = "a"\nworkers = 1\n')
    assert called("scan", source, "--detectors", "near_duplicate").returncode == 0
    assert "f.parquet: 103 signatures" in called("index", "export", "a", "f.parquet").stderr
    assert "103 signatures imported, 0 were" in called("index", "import", "b", "f.parquet").stderr
    for arguments in (("export", "c", "f.parquet"), ("import", "a", "c.jsonl"), ("import", "a", "nothing")):
        done = called("index", *arguments)
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert "give one of fss, affine32" in called("scan", source, "--sketch", "minhash").stderr
