"""Small inputs that are whole, for fuzzing to begin with."""

from __future__ import annotations

import bz2
import gzip
import io as memory
import lzma
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from tokenizers import Tokenizer, models, pre_tokenizers

ROOT = Path(__file__).parent.parent.parent
RECORDS = [{"id": str(n), "text": f"text {n} \u00e9\U0001f600", "url": "https://a.example/x"} for n in range(5)]
LINES = (
    b'{"id": "1", "text": "caf\\u00e9", "url": "https://a.example/x"}\n'
    b'{"text": ["a", {"b": "c"}], "date": "2024-05-17"}\n'
)
CELLS = b'id,text,date\r\n1,"a ""quoted"", text",2024-05-17\r\n2,plain\r\n3,a,b,c\r\n'
BASELINE = (
    b'{"finding_id": "00", "reason": "known", "by": "me", "expires": "2030-01-01"}\n'
    b'{"group": "rules:x", "reason": "r", "by": "b"}\n'
)
WARC = (
    b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:1>\r\nWARC-Date: 2024-01-01T00:00:00Z\r\n"
    b"WARC-Target-URI: http://a.example/\r\nContent-Type: application/http; msgtype=response\r\n"
    b"Content-Length: 95\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body><p>A page</p></body>\r\n\r\n"
)


def tokenizer(path: Path) -> str:
    """A tokenizer of a few words, as a file."""
    made = Tokenizer(models.WordLevel({"[UNK]": 0, "a": 1, "b": 2, "<|endoftext|>": 3}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.save(str(path))
    return str(path)


def _parquet() -> bytes:
    buffer = memory.BytesIO()
    pq.write_table(pa.Table.from_pylist(RECORDS), buffer, row_group_size=2)
    return buffer.getvalue()


def _arrow() -> bytes:
    buffer = memory.BytesIO()
    table = pa.Table.from_pylist(RECORDS)
    with pa.ipc.new_file(buffer, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    return buffer.getvalue()


def _numpy() -> bytes:
    buffer = memory.BytesIO()
    np.save(buffer, np.array([1, 2, 3, 2, 1, 3], np.uint16))
    return buffer.getvalue()


SEEDS: dict[str, Callable[[], bytes]] = {
    "jsonl": lambda: LINES, "jsonl.gz": lambda: gzip.compress(LINES, mtime=0) * 2,
    "jsonl.zst": lambda: zstandard.compress(LINES) * 2, "jsonl.bz2": lambda: bz2.compress(LINES),
    "jsonl.xz": lambda: lzma.compress(LINES), "parquet": _parquet, "arrow": _arrow, "csv": lambda: CELLS,
    "tsv": lambda: CELLS.replace(b",", b"\t"), "text": lambda: "a caf\u00e9".encode("utf-16"),
    "html": lambda: b"<!doctype html><p hidden>a</p><script>b</script>&amp;<p style='display:none'>c",
    "warc": lambda: WARC,
    "warc.gz": lambda: gzip.compress(WARC, mtime=0) * 2, "npy": _numpy,
    "fold": "\u1e9e\ufb01 \u0430\u200b \U0001d400\u0301".encode, "baseline": lambda: BASELINE,
    "rule": lambda: next((ROOT / "rules" / "chat-templates").glob("[!p]*.yml")).read_bytes(),
}  # fmt: skip
