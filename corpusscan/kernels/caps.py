"""Which hits are kept where there are too many: the gravest of each rule and of each document, the earlier first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple


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
