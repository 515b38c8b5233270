"""The same documents in every format and packing: the same findings, and as many records as another reader counts.

usage: python benchmarks/formats.py CORPUS... [--count 20000] [--only NAME ...] [--detectors A,B]

A CORPUS is anything that `corpusscan scan` reads.  Findings are compared as (document, field, start, end, detector,
rule, severity), with those of JSON Lines of the same columns: files of text and tokens have no ids, sources and dates.
"""

from __future__ import annotations

import argparse
import bz2
import csv
import gzip
import lzma
import shutil
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import zstandard
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from corpusscan import io, scan
from corpusscan.config import Columns
from corpusscan.io.formats import FORMATS
from corpusscan.redteam import sample

COLUMNS = ("id", "text", "source")
END = "<|endoftext|>"
Rows = list[dict[str, Any]]
PACKINGS: dict[str, tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]] = {
    "gz": (gzip.compress, gzip.decompress),
    "zst": (zstandard.compress, lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data)),
    "bz2": (bz2.compress, bz2.decompress),
    "xz": (lambda data: lzma.compress(data, preset=1), lzma.decompress),
}


def documents(corpus: list[str], count: int) -> Rows:
    """`count` documents of the corpora, drawn blindly, with strings alone."""
    with tempfile.TemporaryDirectory() as folder:
        drawn = sample.draw(corpus, Path(folder) / "drawn", count, 1, Path(folder) / "out", shards=10_000)
        rows: Rows = []
        for shard in io.plan([str(drawn.path)], Columns(), None).shards:
            for batch in io.read(shard, Columns(), 2**28, bytes(32), io.Account()):
                about = {row["row"]: row for row in batch.documents.to_pylist()}
                texts: dict[int, str] = {}
                for text in batch.texts.to_pylist():
                    texts[text["row"]] = texts.get(text["row"], "") + text["text"]
                rows += [
                    {
                        "id": f"d{len(rows) + place}",
                        "text": text,
                        "source": about[row]["source"] or "nobody",
                        "url": f"http://nobody/{len(rows) + place}",
                        "date": "2024-01-01T00:00:00Z",
                    }
                    for place, (row, text) in enumerate(texts.items())
                ]
    return rows[:count]


def lines(rows: Rows) -> bytes:
    """JSON Lines."""
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def cells(rows: Rows, delimiter: str) -> bytes:
    """CSV as the standard library writes it."""
    with tempfile.TemporaryFile("w+", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*rows[0]], delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
        file.seek(0)
        return file.read().encode()


class Case:
    """One way to keep the documents: it writes them, and another reader counts them."""

    def __init__(
        self, name: str, write: Callable[[Path, Rows], None], count: Callable[[Path], int], **how: Any
    ) -> None:
        self.name, self.write, self.count = name, write, count
        self.columns: tuple[str, ...] = how.pop("columns", COLUMNS)
        self.flat: bool = how.pop("flat", False)  # without line feeds inside texts
        self.options: dict[str, Any] = how

    def kept(self, row: dict[str, Any]) -> dict[str, Any]:
        """What of a document this way can keep."""
        row = {name: row[name] for name in self.columns}
        return {**row, "text": " ".join(row["text"].split())} if self.flat else row


def one(name: str, make: Callable[[Rows], bytes]) -> Callable[[Path, Rows], None]:
    """Writes one file."""
    return lambda folder, rows: (folder / name).write_bytes(make(rows)) and None


def counted(data: bytes, name: str) -> int:
    """Records by readers that are not ours."""
    if ".csv" in name or ".tsv" in name:
        options = pyarrow.csv.ParseOptions(newlines_in_values=True, delimiter="\t" if ".tsv" in name else ",")
        blocks = pyarrow.csv.ReadOptions(block_size=2**30)
        return len(pyarrow.csv.read_csv(pa.BufferReader(data), parse_options=options, read_options=blocks))
    return sum(1 for line in data.decode().split("\n") if line.strip())


def cases(tokenizer: Path) -> Iterator[Case]:
    """Every format, plain and packed."""
    makers: dict[str, Callable[[Rows], bytes]] = {
        "jsonl": lines, "csv": lambda rows: cells(rows, ","), "tsv": lambda rows: cells(rows, "\t"),
    }  # fmt: skip
    for name, make in makers.items():
        plain = f"a.{name}"
        yield Case(name, one(plain, make), lambda path, n=plain: counted((path / n).read_bytes(), n))
        for suffix, (pack, unpack) in PACKINGS.items():
            packed = f"a.{name}.{suffix}"
            yield Case(
                f"{name}.{suffix}", one(packed, lambda rows, m=make, p=pack: p(m(rows))),
                lambda path, n=packed, u=unpack: counted(u((path / n).read_bytes()), n),
            )  # fmt: skip
    yield Case(
        "jsonl, UTF-16", one("a.jsonl", lambda rows: lines(rows).decode().encode("utf-16")),
        lambda path: len((path / "a.jsonl").read_bytes().decode("utf-16").split("\n")) - 1,
    )  # fmt: skip
    yield from table_cases()
    yield from text_cases(tokenizer)
    yield from warc_cases()


def table_cases() -> Iterator[Case]:
    """Tables, read by Polars or Arrow as others would."""
    yield Case(
        "parquet",
        lambda path, rows: pq.write_table(pa.Table.from_pylist(rows), path / "a.parquet", row_group_size=5000),
        lambda path: pl.scan_parquet(path / "a.parquet").select(pl.len()).collect().item(),
    )  # fmt: skip
    yield Case("arrow", arrow, lambda path: len(pl.read_ipc(path / "a.arrow")))
    yield Case(
        "feather, zstd", lambda path, rows: pl.DataFrame(rows).write_ipc(path / "a.feather", compression="zstd"),
        lambda path: len(pa.ipc.open_file(path / "a.feather").read_all()),
    )  # fmt: skip


def text_cases(tokenizer: Path) -> Iterator[Case]:
    """Texts without anything beside them."""
    yield Case("text files", text_files, lambda path: len(list(path.iterdir())), columns=("text",))
    yield Case(
        "text, --lines", one("a.txt", lambda rows: "".join(row["text"] + "\n" for row in rows).encode()),
        lambda path: (path / "a.txt").read_bytes().count(b"\n"), columns=("text",), flat=True, lines=True,
    )  # fmt: skip
    for name, write in (("tokens, .npy", numpy_tokens), ("tokens, raw .bin", raw_tokens)):
        yield Case(
            name, lambda path, rows, w=write: w(path, rows, tokenizer), lambda path: ends(path, tokenizer),
            columns=("text",), tokenizer=str(tokenizer),
        )  # fmt: skip


def warc_cases() -> Iterator[Case]:
    """WARC and WET, where this version reads them."""
    if "warc" in FORMATS:
        yield Case("wet.gz", one("a.warc.wet.gz", wet), wet_records, columns=("text", "url", "date"))


def wet(rows: Rows) -> bytes:
    """Conversion records, a gzip member each, as Common Crawl writes them."""
    parts = []
    for number, row in enumerate(rows):
        body = row["text"].encode()
        head = (
            f"WARC/1.0\r\nWARC-Type: conversion\r\nWARC-Target-URI: http://nobody/{number}\r\n"
            f"WARC-Date: 2024-01-01T00:00:00Z\r\nWARC-Record-ID: <urn:uuid:{number:032x}>\r\n"
            f"Content-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        parts.append(gzip.compress(head.encode() + body + b"\r\n\r\n", 6, mtime=0))
    return b"".join(parts)


def wet_records(path: Path) -> int:
    """Members of gzip, as there is one for each record."""
    data, members = (path / "a.warc.wet.gz").read_bytes(), 0
    while data:
        member = zlib.decompressobj(wbits=31)
        member.decompress(data)
        data, members = member.unused_data, members + 1
    return members


def arrow(path: Path, rows: Rows) -> None:
    """An IPC file of several batches."""
    table = pa.Table.from_pylist(rows)
    with pa.ipc.new_file(str(path / "a.arrow"), table.schema) as writer:
        writer.write_table(table, max_chunksize=1000)


def text_files(path: Path, rows: Rows) -> None:
    """A file for each document; their names sort as the documents do."""
    for number, row in enumerate(rows):
        (path / f"{number:08}.txt").write_bytes(row["text"].encode())


def trained(rows: Rows, path: Path) -> Path:
    """A tokenizer of byte pairs, from which every text comes back."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=4000, special_tokens=[END], initial_alphabet=alphabet, show_progress=False)
    made.train_from_iterator((row["text"][:2000] for row in rows[:2000]), trainer)
    made.save(str(path))
    return path


def _ids(rows: Rows, tokenizer: Path) -> Any:
    made = Tokenizer.from_file(str(tokenizer))
    end = made.token_to_id(END)
    made.encode_special_tokens = True  # a text that spells the end of texts does not end
    encoded = (made.encode_batch_fast([row["text"] for row in rows[at : at + 500]]) for at in range(0, len(rows), 500))
    return np.concatenate([np.array([*one.ids, end], np.uint16) for some in encoded for one in some])


def numpy_tokens(path: Path, rows: Rows, tokenizer: Path) -> None:
    """One array."""
    np.save(path / "a.npy", _ids(rows, tokenizer))


def raw_tokens(path: Path, rows: Rows, tokenizer: Path) -> None:
    """Tokens and nothing else."""
    (path / "a.bin").write_bytes(_ids(rows, tokenizer).tobytes())


def ends(path: Path, tokenizer: Path) -> int:
    """Tokens that end documents."""
    (file,) = path.iterdir()
    array = np.load(file) if file.suffix == ".npy" else np.fromfile(file, "<u2")
    return int((array == Tokenizer.from_file(str(tokenizer)).token_to_id(END)).sum())


def found(folder: Path, out: Path, detectors: list[str] | None, options: dict[str, Any]) -> tuple[Counter[Any], Any]:
    """What a scan finds, by the number of the document, and its summary."""
    report = scan(str(folder), out, seed=1, detectors=detectors, **options)
    numbers = {}
    rows = report.findings.collect()
    for file, row in rows.select("file", "row").unique().iter_rows():
        numbers[file, row] = int(file[:8]) if file[:8].isdigit() else row
    what = ("field", "start", "end", "detector", "rule", "severity")
    told = [(numbers[row["file"], row["row"]], *(row[name] for name in what)) for row in rows.iter_rows(named=True)]
    return Counter(told), report.summary


def main() -> None:
    """Print the table; exit 1 where a format differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", nargs="+")
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--detectors")
    given = parser.parse_args()
    detectors = given.detectors.split(",") if given.detectors else None
    rows = documents(given.corpus, given.count)
    bad = 0
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        tokenizer = trained(rows, root / "tokenizer.json")
        known: dict[tuple[tuple[str, ...], bool], Counter[Any]] = {}
        print(
            f"{len(rows):,} documents\n{'format':18}{'MB':>8}{'records':>9}"
            f"{'counted':>9}{'findings':>9}{'differ':>8}{'s':>7}"
        )
        for number, case in enumerate(cases(tokenizer)):
            if given.only and case.name not in given.only:
                continue
            mine = [case.kept(row) for row in rows]
            about = case.columns, case.flat
            if about not in known:
                (root / f"known{number}").mkdir()
                (root / f"known{number}" / "a.jsonl").write_bytes(lines(mine))
                known[about] = found(root / f"known{number}", root / f"knownout{number}", detectors, {})[0]
            folder, out = root / f"corpus{number}", root / f"out{number}"
            folder.mkdir()
            case.write(folder, mine)
            size, started = sum(path.stat().st_size for path in folder.iterdir()) / 1e6, time.monotonic()
            told, summary = found(folder, out, detectors, case.options)
            took = time.monotonic() - started
            differ, records = (told - known[about]).total() + (known[about] - told).total(), case.count(folder)
            whole = summary["coverage"]["rows"] == summary["coverage"]["scanned"] == records == len(mine)
            bad += bool(differ) or not whole
            print(
                f"{case.name:18}{size:8.1f}{summary['coverage']['scanned']:9,}{records:9,}{told.total():9,}{differ:8}{took:7.1f}",
                flush=True,
            )
            shutil.rmtree(folder)
            shutil.rmtree(out)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
