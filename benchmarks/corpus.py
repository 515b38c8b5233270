"""Makes a corpus of any size for benchmarks: real sentences of the example corpus, resampled.

Document lengths are lognormal with a mean of about 2.5 KB, as in web crawls; 2 % are exact copies.
"""

from __future__ import annotations

import random
import re
from pathlib import Path

import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "examples" / "corpus"
DATA = HERE / "data"
ROW_GROUP = 10_000


def sentences() -> list[list[str]]:
    """Sentences of the examples, in one list per source: a document is in one language."""
    records: list[dict[str, str]] = []
    for path in sorted(EXAMPLES.iterdir()):
        if path.suffix == ".parquet":
            records += pl.read_parquet(path, columns=["text", "source"]).to_dicts()
        else:
            raw = zstandard.open(path).read() if path.suffix == ".zst" else path.read_bytes()
            records += [orjson.loads(line) for line in raw.splitlines() if line]
    pools: dict[str, set[str]] = {}
    for record in records:
        parts = [part.strip() for part in re.split(r"(?<=[.!?。])\s", record["text"])]
        plain = {part for part in parts if 20 <= len(part) <= 400 and not set(part) & set("<>|{}")}
        pools.setdefault(record["source"], set()).update(plain)
    return [sorted(pools[source]) for source in sorted(pools) if len(pools[source]) >= 50]


def make(documents: int, seed: int = 1) -> tuple[Path, Path]:
    """`documents` documents as JSON Lines and as Parquet; made once, then found again."""
    DATA.mkdir(exist_ok=True)
    lines, table = DATA / f"c{documents}.jsonl", DATA / f"c{documents}.parquet"
    if lines.exists() and table.exists():
        return lines, table
    draw = random.Random(seed)
    pools = sentences()
    sizes = [len(pool) for pool in pools]
    text = ""
    with lines.with_suffix(".part").open("wb") as file:
        writer = None
        for start in range(0, documents, ROW_GROUP):
            rows = []
            for number in range(start, min(start + ROW_GROUP, documents)):
                if not text or draw.random() >= 0.02:
                    (pool,) = draw.choices(pools, sizes)
                    text = " ".join(draw.choices(pool, k=max(1, int(draw.lognormvariate(2.6, 0.9)))))
                rows.append({"id": f"d{number}", "text": text, "source": f"h{draw.randrange(5000)}.example"})
            file.write(b"".join(orjson.dumps(row) + b"\n" for row in rows))
            batch = pa.Table.from_pylist(rows)
            writer = writer or pq.ParquetWriter(table.with_suffix(".tmp"), batch.schema, compression="zstd")
            writer.write_table(batch)
        assert writer
        writer.close()
    lines.with_suffix(".part").rename(lines)
    table.with_suffix(".tmp").rename(table)
    return lines, table
