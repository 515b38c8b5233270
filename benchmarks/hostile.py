"""Inputs that somebody made to stop or to fool the reader: what each gets, and what it costs.

usage: python benchmarks/hostile.py [--only NAME ...] [--detectors A,B]

For each: exit code, the reasons under which records or files are counted, the most that a process of it held (mapped
files aside), seconds.  Every corpus also holds one good document, which must be scanned.  Linux; makes some 3 GB of
files, one case after the other.
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import io as memory
import json
import lzma
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from corpusscan.engine.local import memory_of

GOOD = b'{"text": "a good document"}\n'
ZEROS = bytes(2**20)
MiB, GiB = 2**20, 2**30
Make = Callable[[Path], object]


def packed(name: str, begin: Callable[[Path], object], size: int, head: bytes = b"") -> Make:
    """A file of `head` and so many zeros, packed."""

    def make(folder: Path) -> None:
        with begin(folder / name) as file:  # type: ignore[attr-defined]
            file.write(head)
            for _ in range(size // MiB):
                file.write(ZEROS)

    return make


def gz(path: Path) -> object:
    """A member of gzip, to be written in little time."""
    return gzip.open(path, "wb", 1)


def bz(path: Path) -> object:
    """A stream of bzip2, to be written in little time."""
    return bz2.open(path, "wb", 1)


def zst(path: Path) -> object:
    """A frame of Zstandard, to be written."""
    return zstandard.open(path, "wb")


def large(name: str, size: int, head: bytes, tail: bytes, fill: bytes = b"x") -> Make:
    """A file with one long stretch in it."""

    def make(folder: Path) -> None:
        with (folder / name).open("wb") as file:
            file.write(head)
            block = fill * (MiB // len(fill))
            for _ in range(size // MiB):
                file.write(block)
            file.write(tail)

    return make


def parquet(name: str, table: pa.Table, **options: object) -> Make:
    """A table as it is."""
    return lambda folder: pq.write_table(table, folder / name, **options)


def repeated(rows: int, text: str) -> pa.Table:
    """One text, so many times: a few bytes as a dictionary."""
    return pa.table({"text": pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), [text])})


def row_group(folder: Path) -> None:
    """Two gigabytes of strings in one row group."""
    texts = pa.array([os.urandom(500).hex() for _ in range(1000)] * 2000)
    pq.write_table(pa.table({"text": texts}), folder / "a.parquet", row_group_size=2_000_000, use_dictionary=False)


def extension(folder: Path) -> None:
    """An Arrow file of a type whose name would have Python code called."""
    field = pa.field(
        "text", pa.string(), metadata={"ARROW:extension:name": "arrow.py_extension_type",
                                       "ARROW:extension:metadata": b"\x80\x04cos\nsystem\n(S'touch canary'\ntR."},
    )  # fmt: skip
    table = pa.table([pa.array(["text of a hostile type"])], schema=pa.schema([field]))
    with pa.ipc.new_file(str(folder / "a.arrow"), table.schema) as writer:
        writer.write_table(table)


def arrow_lie(folder: Path) -> None:
    """A compressed buffer that says it is larger than any memory."""
    table = pa.table({"text": ["x" * 10_000] * 100})
    buffer = memory.BytesIO()
    with pa.ipc.new_file(buffer, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    data, said = buffer.getvalue(), struct.pack("<q", 10_000 * 100)
    place = data.find(said)
    (folder / "a.arrow").write_bytes(data[:place] + struct.pack("<q", 2**40) + data[place + 8 :])


def names(folder: Path) -> None:
    """Names that are no names; the longest that a file system takes."""
    for name in (
        "line\nfeed.jsonl",
        "\x1b[31mred.jsonl",
        "..jsonl",
        " .jsonl",
        "n" * 240 + ".jsonl",
        "back\\slash.jsonl",
    ):
        (folder / name).write_bytes(GOOD)
    (folder / os.fsdecode(b"no\xffunicode.jsonl")).write_bytes(GOOD)


def links(folder: Path) -> None:
    """A loop, a way out, and things that are no files."""
    (folder / "loop").symlink_to(folder)
    (folder / "self.jsonl").symlink_to(folder / "self.jsonl")
    (folder / "out.txt").symlink_to("/etc/hostname")
    (folder / "null.jsonl").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe.jsonl")


def archive(folder: Path) -> None:
    """Zeros in a zip."""
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.jsonl", ZEROS * 100)


def planted(folder: Path) -> None:
    """A configuration that would have nothing found, and code beside the data."""
    (folder / "corpusscan.toml").write_text('detectors = ["exact_duplicate"]\n')
    (folder / "dataset.py").write_text("open('canary', 'w')\n")


def xz(path: Path) -> object:
    """A stream of xz, to be written in little time."""
    return lzma.open(path, "wb", preset=1)  # who writes it closes it


def line(data: bytes) -> Make:
    """A file of these bytes."""
    return lambda folder: (folder / "a.jsonl").write_bytes(data)


def long_string(folder: Path) -> None:
    """A text of 1 GiB in a table of a few kilobytes."""
    pq.write_table(
        pa.table({"text": pa.array(["x" * GiB], pa.large_string())}), folder / "a.parquet", compression="zstd"
    )


def many_files(folder: Path) -> None:
    """A file for each of very many documents."""
    for number in range(100_000):
        (folder / f"{number}.txt").write_bytes(b"text %d" % number)


WIDE = pa.table({f"c{n}": ["x"] for n in range(20_000)} | {"text": ["fine"]})
TWICE = pa.Table.from_arrays([pa.array(["a"])] * 2, ["text", "text"])
KEYS = json.dumps({f"k{n}": "" for n in range(10**6)} | {"text": "x"}).encode() + b"\n"
CASES: dict[str, Make] = {
    "a line of 1 GiB": large("a.jsonl", GiB, b'{"text": "', b'"}\n' + GOOD),
    "a line of 1 GiB, packed": packed("a.jsonl.gz", gz, GiB, b'{"text": "'),
    "a CSV cell of 1 GiB": large("a.csv", GiB, b'text\n"', b'"\nfine\n'),
    "a CSV of commas, 256 MiB": large("a.csv", 256 * MiB, b"text\n", b"\nfine\n", b","),
    "a text file of 1 GiB": large("a.txt", GiB, b"", b""),
    "10 GB of zeros, gzip": packed("a.jsonl.gz", gz, 10 * 10**9),
    "10 GB of zeros, Zstandard": packed("a.jsonl.zst", zst, 10 * 10**9),
    "1 GB of zeros, bzip2": packed("a.jsonl.bz2", bz, 10**9),
    "1 GB of zeros, xz": packed("a.txt.xz", xz, 10**9),
    "zeros in a zip": archive,
    "Parquet: 2 GB in 20 kB": parquet("a.parquet", repeated(2_000_000, "x" * 1000)),
    "Parquet: a text of 1 GiB": long_string,
    "Parquet: a row group of 2 GB": row_group,
    "Parquet: 20,000 columns": parquet("a.parquet", WIDE),
    "Parquet: a column twice": parquet("a.parquet", TWICE),
    "Parquet: a column of nulls": parquet("a.parquet", pa.table({"text": pa.nulls(9)})),
    "Arrow: a buffer that lies": arrow_lie,
    "Arrow: a hostile extension type": extension,
    "nested 10,000 deep": line(b'{"text": ' + b"[" * 10_000 + b"]" * 10_000 + b"}\n"),
    "5 million values in a line": line(b'{"text": [' + b"0," * (5 * MiB) + b"0]}\n"),
    "a key 100,000 times": line(b"{" + b'"text": "x",' * 100_000 + b'"n": 1}\n'),
    "a million keys": line(KEYS),
    "100,000 files": many_files,
    "names": names,
    "links, pipes, devices": links,
    "a configuration and code": planted,
}  # fmt: skip


def peak(process: subprocess.Popen[bytes]) -> int:
    """Resident bytes of the largest process of those that run, sampled until they end."""
    largest = 0
    while process.poll() is None:
        with suppress(psutil.Error):
            root = psutil.Process(process.pid)
            for one in [*root.children(recursive=True)]:
                with suppress(psutil.Error):
                    largest = max(largest, memory_of(one))
        time.sleep(0.05)
    return largest


def reasons(out: Path) -> Iterator[str]:
    """What was counted, most frequent first."""
    summary = json.loads((out / "summary.json").read_text()) if (out / "summary.json").exists() else {}
    for fate in ("errored", "skipped", "scanned"):
        for reason, count in summary.get("coverage", {}).get("reasons", {}).get(fate, {}).items():
            yield f"{reason} {count:,}" if fate != "scanned" else f"({reason} {count:,})"


def main() -> None:
    """Print the table; exit 1 where a case ended otherwise than with 0, 1 or 3, or left something behind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--detectors")
    given = parser.parse_args()
    bad = 0
    print(f"{'input':34}{'exit':>5}{'MiB':>7}{'s':>7}  counted as")
    for name, make in CASES.items():
        if given.only and name not in given.only:
            continue
        with tempfile.TemporaryDirectory() as place:
            root = Path(place)
            corpus, out = root / "corpus", root / "out"
            corpus.mkdir()
            (corpus / "good.jsonl").write_bytes(GOOD)
            make(corpus)
            command = [
                sys.executable,
                "-m",
                "corpusscan",
                "scan",
                str(corpus),
                "-o",
                str(out),
                "--workers",
                "1",
                "--quiet",
            ]
            command += ["--detectors", given.detectors] if given.detectors else []
            started = time.monotonic()
            process = subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE)
            largest = peak(process)
            took, said = time.monotonic() - started, process.stderr.read().decode() if process.stderr else ""
            told = "; ".join(reasons(out)) or said.strip()[-80:]
            wrong = process.returncode not in (0, 1, 3) or "Traceback" in said or (root / "canary").exists()
            bad += wrong
            print(
                f"{name:34}{process.returncode:5}{largest / MiB:7.0f}{took:7.1f}  {told}{'  WRONG' if wrong else ''}",
                flush=True,
            )
            shutil.rmtree(corpus, ignore_errors=True)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
