"""Which hits are kept where there are too many, and how much of each group is looked at where all is too much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Sizes = npt.NDArray[np.int64]
SOME, FEW = 10_000, 50  # values of which so many must differ


class Kept(NamedTuple):
    """A hit that is kept, and whether others of its rule, or of its document, are not."""

    place: int  # among the hits
    rule_over: bool
    row_over: bool


def capped(hits: Sequence[tuple[int, str, int]], per_rule: int, per_row: int) -> list[Kept]:
    """Of hits (row, rule, rank; a higher rank is graver) at most so many per rule of a row, and per row; in order."""
    of_rule: Counter[tuple[int, str]] = Counter()
    of_row: Counter[int] = Counter()
    rules_over, rows_over, kept = set(), set(), []
    for i in sorted(range(len(hits)), key=lambda i: -hits[i][2]):
        row, rule, _ = hits[i]
        if of_rule[row, rule] == per_rule:
            rules_over.add((row, rule))
        elif of_row[row] == per_row:
            rows_over.add(row)
        else:
            of_rule[row, rule] += 1
            of_row[row] += 1
            kept.append(i)
    return [Kept(i, hits[i][:2] in rules_over, hits[i][0] in rows_over) for i in sorted(kept)]


def shares(sizes: Sizes, budget: int, fewest: int) -> Sizes:
    """How many members of each group are looked at, `budget` in all.

    All where they fit.  Else so many of each, the same for all, that they just fit: however large some groups
    are, no small one is hidden by them.  Where even `fewest` of each are too many, the groups behind have none.
    """
    low, high = fewest, int(sizes.max(initial=fewest))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if np.minimum(sizes, middle).sum() <= budget else (low, middle - 1)
    taken = np.minimum(sizes, low)
    return np.where(np.cumsum(taken) <= budget, taken, 0)


def room(values: npt.NDArray[np.uint64], held: int) -> float:
    """How much of `held` is a partition's share: partitions are equal ranges of hashes, which these values fill."""
    if len(np.unique(values[:: len(values) // SOME + 1])) < FEW:
        return held  # so few tell no range
    return held * int(values.max() - values.min()) / 2**64
