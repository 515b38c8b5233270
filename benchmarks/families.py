"""Plants families of near-copies, whose similarities are known exactly, into a benchmark corpus.

An original keeps its row; copies, in which words are replaced at random, take the place of other
rows, so that the corpus keeps its size.  Families of eight are campaigns, families of two are pairs.
The truth: every two members of a family with the Jaccard similarity of their shingles of five words, in
lower case, where a character of a script that is written without spaces is a word.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

SIZES = {8: 1000, 2: 500}  # members of a family: documents of the corpus per family of that size
WORDS = range(80, 2000)  # of an original
NEAREST, FARTHEST = 0.98, 0.75  # similarity of copy and original that is aimed at, drawn evenly
SHINGLE = 5
_WORD = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]|[^\\W_]+")

Shingles = set[tuple[str, ...]]


def shingles(text: str) -> Shingles:
    """All runs of five words."""
    words = _WORD.findall(text.lower())
    return set(zip(*(words[i:] for i in range(SHINGLE)), strict=False))


def jaccard(one: Shingles, other: Shingles) -> float:
    """Similarity of two sets."""
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared) if shared else 0.0


def plant(source: Path, target: Path, seed: int = 1) -> Path:
    """Write `target` (Parquet with the column text, as `source`) and, beside it, the truth, whose path is returned."""
    truth = target.with_suffix(".truth.parquet")
    if target.exists() and truth.exists():
        return truth
    draw = random.Random(seed)
    documents = pq.ParquetFile(source).metadata.num_rows
    sizes = [size for size, per in SIZES.items() for _ in range(max(1, documents // per))]
    rows = draw.sample(range(documents), 2 * len(sizes) + sum(sizes))
    originals = _suitable(source, rows[: 2 * len(sizes)])[: len(sizes)]
    free, replaced, pairs = iter(rows[2 * len(sizes) :]), {}, []
    for family, ((row, text), size) in enumerate(zip(originals, sizes, strict=False)):
        members = {row: text} | {next(free): _changed(text, draw) for _ in range(size - 1)}
        replaced |= members
        sets = {member: shingles(copy) for member, copy in members.items()}
        pairs += [(family, size, a, b, jaccard(sets[a], sets[b])) for a, b in combinations(sorted(sets), 2)]
    _rewrite(source, target, replaced)
    pl.DataFrame(pairs, ["family", "size", "left", "right", "jaccard"], orient="row").write_parquet(truth)
    return truth


def texts(source: Path) -> Iterator[tuple[int, list[str]]]:
    """The first row and the texts of each row group."""
    file, start = pq.ParquetFile(source), 0
    for group in range(file.num_row_groups):
        column = file.read_row_group(group, columns=["text"])["text"].to_pylist()
        yield start, column
        start += len(column)


def _suitable(source: Path, rows: list[int]) -> list[tuple[int, str]]:
    """Those of the rows whose text is long enough and parts its words by spaces, as all peers need."""
    wanted, found = set(rows), {}
    for start, column in texts(source):
        for row in wanted.intersection(range(start, start + len(column))):
            text = column[row - start]
            if len(text.split()) in WORDS and text.count(" ") > len(text.encode()) / 12:
                found[row] = text
    return [(row, found[row]) for row in rows if row in found]


def _changed(text: str, draw: random.Random) -> str:
    """A copy in which words are replaced, so many that a similarity drawn at random is to be expected."""
    similarity = draw.uniform(FARTHEST, NEAREST)
    # A share q of the shingles changed leaves (1 - q) / (1 + q); a shingle lives while none of its words changes.
    rate = 1 - (2 * similarity / (1 + similarity)) ** (1 / SHINGLE)
    words = text.split()
    count = max(1, round(rate * len(words)))
    for place in draw.sample(range(len(words)), count):
        words[place] = f"{draw.choice(words).strip('.,;:')}{draw.choice(('s', 'ed', 'en', 'o'))}"
    return " ".join(words)


def _rewrite(source: Path, target: Path, replaced: dict[int, str]) -> None:
    file, start = pq.ParquetFile(source), 0
    part = target.with_suffix(".tmp")
    with pq.ParquetWriter(part, file.schema_arrow, compression="zstd") as writer:
        for group in range(file.num_row_groups):
            table = file.read_row_group(group)
            column = table["text"].to_pylist()
            for row in range(start, start + len(column)):
                if row in replaced:
                    column[row - start] = replaced[row]
            place = table.schema.get_field_index("text")
            writer.write_table(table.set_column(place, "text", pa.array(column, table.schema.field("text").type)))
            start += len(column)
    part.rename(target)
