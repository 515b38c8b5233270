"""Texts that stand in a set more than once with labels that differ, and who brought them.

That some texts have two labels is so everywhere.  A side (a source, an annotator, a month, a run of rows) that repeats
what others say, mostly with a label that none of them has, far more often than its size would make, is another thing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from corpusscan.gathering import ANNOTATOR, APART, KINDS, MONTH, SOURCE
from corpusscan.kernels import contradictions, stretches

RUN = len(KINDS)  # a kind of side: rows that follow one another
FEWEST, SURE = 20, 1e-6  # texts of a side, and of tests those that chance would bring
GRAVE = (50, 1e-10)  # the same for `high`
SAME = 0.99  # similarity of the same words, whatever their order
MOST = 0.3  # of the labelled rows, that a side may have: else nobody can say which side is the odd one
MOSTLY = 0.5  # of the texts that a side repeats, that have a label of its own
SIDES, CANDIDATES = 16, 64  # that are told, and that are judged of a kind
COLUMN = {SOURCE: KINDS[SOURCE], ANNOTATOR: KINDS[ANNOTATOR], MONTH: KINDS[MONTH]}


class Side(NamedTuple):
    """Who brought labels that others contradict."""

    kind: int
    code: int  # a keyed hash, a month; 0: none
    rows: pl.DataFrame  # that have a label which no copy outside has
    told: dict[str, Any]
    q: float

    @property
    def severity(self) -> str:
        """How grave it is; where words differ, labels may do so rightly (texts that were turned about on purpose)."""
        enough = self.told["texts"] >= GRAVE[0] and self.q <= GRAVE[1]
        return "high" if enough and mostly_same(self.told) else "medium"


class Counted(NamedTuple):
    """How large a corpus and its sides are."""

    rows: int
    sides: pl.DataFrame  # kind, code, share of the labelled rows
    usual: dict[int, int]  # how many sides of each kind there are


def mostly_same(told: dict[str, Any]) -> bool:
    """Whether most texts of a side have the very words of those that they repeat."""
    return bool(2 * told["of_the_same_words"] >= told["texts"])


def conflicts(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of texts with more than one label."""
    return rows.filter(pl.col("label").n_unique().over("cluster") > 1)


def sides(rows: pl.DataFrame, counted: Counted) -> Iterator[Side]:
    """The sides, those that explain the most first; what one explains is none of the next's."""
    for kind in (SOURCE, ANNOTATOR, RUN, MONTH):
        for _ in range(SIDES):
            found = [one for one in _of_kind(kind, rows, counted) if one is not None]
            if not found:
                break
            best = min(found, key=lambda one: (one.q, -one.told["texts"], one.code))
            yield best
            rows = rows.join(best.rows.select("cluster").unique(), on="cluster", how="anti", maintain_order="left")


def _of_kind(kind: int, rows: pl.DataFrame, counted: Counted) -> Iterator[Side | None]:
    """What is found of the sides of a kind."""
    against = conflicts(rows)
    if kind == RUN:
        for first, last in _runs(against, counted.rows):
            share = (last - first + 1) / counted.rows
            yield _judged(kind, 0, rows, pl.col("place").is_between(first, last), share, counted.rows)
        return
    column = COLUMN[kind]
    many = against.filter(pl.col(column) > 0).group_by(column).agg(texts=pl.col("cluster").n_unique())
    many = many.filter(pl.col("texts") >= FEWEST).sort(["texts", column], descending=[True, False]).head(CANDIDATES)
    known = counted.sides.filter(pl.col("kind") == kind)
    least = min(known["share"].to_list(), default=1.0)  # of those that are not known by name
    shares = dict(known.select("code", "share").iter_rows())
    for code in many[column].to_list():
        tests = counted.usual.get(kind, 1)
        yield _judged(kind, code, rows, pl.col(column) == code, float(shares.get(code, least)), tests)


def _runs(against: pl.DataFrame, length: int) -> Iterator[tuple[int, int]]:
    """Where the last rows of texts gather, which came behind others; and the first ones."""
    if against["cluster"].n_unique() < FEWEST:
        return
    for which in (pl.col("place").max(), pl.col("place").min()):
        places = against.group_by("cluster").agg(which)["place"].unique().sort()
        yield stretches.densest(places.cast(pl.Int64).to_numpy(), length)


def _judged(kind: int, code: int, rows: pl.DataFrame, mine: pl.Expr, share: float, tests: int) -> Side | None:
    """A side of that share of the labelled rows, if its labels differ from those of others as only an attack's do."""
    own, others = rows.filter(mine), rows.filter(~mine)
    repeated = own.join(others, on="cluster", how="semi", maintain_order="left")
    contrary = repeated.join(others, on=["cluster", "label"], how="anti", maintain_order="left")
    texts, copied = contrary["cluster"].n_unique(), repeated["cluster"].n_unique()
    if texts < FEWEST or texts < MOSTLY * copied or share > MOST:
        return None
    elsewhere = conflicts(rows.join(own, on="cluster", how="anti"))["cluster"].n_unique()
    expected = 2 * (elsewhere + 1) * share / (1 - share)  # a conflict has two rows, at least
    q = float(contradictions.tails(texts, expected, APART) * tests)
    if q > SURE:
        return None
    told = {
        "gathered_at": "run of rows" if kind == RUN else KINDS[kind], "texts": texts, "repeated_texts": copied,
        "of_the_same_words": contrary.filter(pl.col("similarity") >= SAME)["cluster"].n_unique(),
        "expected_by_chance": round(expected, 2), "share_of_rows": round(share, 5), "q_value": q,
    }  # fmt: skip
    return Side(kind, code, contrary, told, q)


def placed(rows: pl.DataFrame, last: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """The rows with their `place` in the corpus, shard after shard, and its length, from the last row of each shard."""
    sizes = last.group_by("shard").agg(size=pl.col("last").max() + 1).sort("shard")
    begins = sizes.with_columns(begin=pl.col("size").cum_sum() - pl.col("size"))
    found = rows.join(begins, on="shard", how="left", maintain_order="left")
    return found.with_columns(place=(pl.col("begin") + pl.col("row")).cast(pl.Int64)).drop("size", "begin"), int(
        np.int64(sizes["size"].sum())
    )
