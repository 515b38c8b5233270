"""What is fuzzed: functions of bytes that must end with a result or an error of ours, with the books in order."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from corpusscan import io, rules
from corpusscan.config import Columns
from corpusscan.errors import CorpusScanError
from corpusscan.kernels import folding
from corpusscan.report import baseline

Target = Callable[[bytes], None]
NAMES = {  # by target: the name of the file whose bytes are fuzzed
    "jsonl": "a.jsonl", "jsonl.gz": "a.jsonl.gz", "jsonl.zst": "a.jsonl.zst", "jsonl.bz2": "a.jsonl.bz2",
    "jsonl.xz": "a.jsonl.xz", "parquet": "a.parquet", "arrow": "a.arrow", "csv": "a.csv", "tsv": "a.tsv",
    "text": "a.txt", "html": "a.html", "warc": "a.warc", "warc.gz": "a.warc.gz", "npy": "a.npy",
}  # fmt: skip
_MEMORY = Path("/dev/shm")  # a folder of random name below it


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as name:
        yield Path(name)


def reader(name: str, tokenizer: str | None = None) -> Target:
    """Plans and reads a file of this name; every record is accounted for, twice in the same way."""

    def run(data: bytes) -> None:
        with _folder() as folder:
            (folder / name).write_bytes(data)
            columns = Columns(tokenizer=tokenizer)
            try:
                shards = io.plan([str(folder)], columns, None).shards
            except CorpusScanError:
                return
            for shard in shards:
                first = _read(shard)
                assert first == _read(shard)
                io.digest(shard)

    return run


def _read(shard: io.Shard) -> tuple[int, int, int, int]:
    account, documents, size = io.Account(), 0, 0
    for batch in io.read(shard, Columns(), 2**16, bytes(32), account):
        rows = batch.documents["row"].to_numpy()
        assert np.all(np.diff(rows.astype(np.int64)) > 0)
        batch.texts.validate(full=True)
        documents += len(rows)
        size += sum(len(text.encode()) for text in batch.texts["text"].to_pylist())
    assert account.scanned == documents
    assert account.text_bytes == size
    assert account.unknowable or io.count(shard) == account.rows
    account.as_json()
    return documents, size, account.skipped, account.errored


def fold(data: bytes) -> None:
    """Folding is the same by text and by bytes, folds nothing twice, and keeps a place for every byte."""
    text = data.decode("utf-8", "replace")
    folded = folding.fold(text)
    assert folding.fold_bytes(text.encode()) == folded.encode()
    assert folding.fold(folded) == folded
    assert len(folding.folded_code_points(text.encode())) == len(folded.encode())


def rule(data: bytes) -> None:
    """A rule loads, or an error says what is wrong; one that loads can be tried."""
    with _folder() as folder:
        (folder / "fuzzed.yml").write_bytes(data)
        with suppress(CorpusScanError):
            rules.load([folder])


def accepted(data: bytes) -> None:
    """A baseline loads, or an error names the line."""
    with _folder() as folder:
        (folder / "baseline.jsonl").write_bytes(data)
        with suppress(CorpusScanError):
            baseline.in_force(baseline.load(folder / "baseline.jsonl"), dt.date(2026, 1, 1))


def targets(tokenizer: str) -> dict[str, Target]:
    """All of them by name; arrays of tokens are spelled out with a tokenizer."""
    readers = {name: reader(file, tokenizer if file.endswith(".npy") else None) for name, file in NAMES.items()}
    return {**readers, "fold": fold, "rule": rule, "baseline": accepted}
