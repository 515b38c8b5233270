"""What deduplicators found, against what is true: planted families, and brute force over shingles."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from itertools import chain
from pathlib import Path

import families
import polars as pl

ALIKE = 0.8  # pairs of this similarity and above are to be found
UNLIKE = 0.7  # a document whose group has nobody this similar was grouped wrongly
SAMPLE = 500  # documents judged per tool


def recall(groups: pl.DataFrame, planted: pl.DataFrame, size: int) -> float | None:
    """Of the planted pairs of `ALIKE` and above in families of `size`: the share that is in one group.

    Where a tool only flags documents (its one group is -1), a pair counts when both are flagged.
    """
    pairs = planted.filter((pl.col("jaccard") >= ALIKE) & (pl.col("size") == size))
    group_of = dict(groups.select("row", "group").iter_rows())
    hits = [a in group_of and group_of[a] == group_of.get(b) for a, b in pairs.select("left", "right").iter_rows()]
    return sum(hits) / len(hits) if hits else None


def precisions(found: dict[str, pl.DataFrame], corpus: Path) -> dict[str, float]:
    """Of a sample of the grouped documents of each tool: the share with somebody of `UNLIKE` or above in its group.

    For tools that only flag: somebody in the corpus.
    """
    draw = random.Random(1)
    samples = {tool: draw.sample(sorted(groups["row"]), min(SAMPLE, len(groups))) for tool, groups in found.items()}
    near = neighbours(corpus, sorted(set(chain.from_iterable(samples.values()))))
    result = {}
    for tool, rows in samples.items():
        group_of = dict(found[tool].select("row", "group").iter_rows())
        right = [any(group_of[row] in (-1, group_of.get(other)) for other in near[row]) for row in rows]
        result[tool] = sum(right) / len(right)
    return result


def neighbours(corpus: Path, rows: list[int]) -> dict[int, list[int]]:
    """Of each of the rows: the documents with a similarity of `UNLIKE` and above, by counting shared shingles."""
    wanted = set(rows)
    sets = {
        start + place: families.shingles(text)
        for start, column in families.texts(corpus)
        for place, text in enumerate(column)
        if start + place in wanted
    }
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for row in rows:
        for shingle in sets[row]:
            holders[shingle].append(row)
    near: dict[int, list[int]] = {row: [] for row in rows}
    for start, column in families.texts(corpus):
        for other, text in enumerate(column, start):
            own = families.shingles(text)
            shared = Counter(chain.from_iterable(holders[shingle] for shingle in own if shingle in holders))
            for row, count in shared.items():
                if row != other and count / (len(sets[row]) + len(own) - count) >= UNLIKE:
                    near[row].append(other)
    return near
