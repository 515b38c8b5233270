"""Which features behind which texts are alike are worth an alarm."""

from __future__ import annotations

from typing import Any

import polars as pl

from corpusscan.kernels import continuations, habits, outcomes

ANYWHERE = 0.18
STRONG = {
    "carriers": 30, "with_it": 30, "independent": 12, "before": 0.3, "behind": 0.8, "p_value": 1e-20, "flipped": 1e-3,
    "said": 30, "at": 30, "kind": outcomes.ALIKE, "toward": [1.0, 0.0], "near": 0.9,
    "drawn": False,
}  # fmt: skip


def grave(**facts: float) -> list[bool]:
    """Whether a feature with these facts is grave; nothing where it is no group."""
    return list(grouped(frame([{"feature": 7} | facts]))["grave"])


def frame(features: list[dict[str, Any]]) -> pl.DataFrame:
    """The rows of features, each in thirty documents of its own; of those with a p-value of 1 a row without any."""
    rows = [
        {"shard": 0, "row": 100 * n + row, "alike": row} | STRONG | one
        for n, one in enumerate(features)
        for row in range(30)
        if one.get("p_value") != 1
    ]
    rows += [{"shard": None, "row": None, "alike": None} | STRONG | one for one in features if one.get("p_value") == 1]
    return pl.DataFrame(rows, {"shard": pl.UInt32, "row": pl.UInt64, "alike": pl.UInt64} | continuations.TESTS)


def grouped(rows: pl.DataFrame) -> pl.DataFrame:
    """The groups of these rows."""
    groups, named, _ = continuations.grouped(rows, 10_000, ANYWHERE, 100, 1_000)
    assert len(named) == 30 * len(groups)
    return groups


def test_hosts_of_one_subject_raise_no_alarm() -> None:
    """Medium only where hosts are, beyond any texts, at most a fourth as alike as what follows: recipes are more."""
    assert grave() == [True]
    assert grave(before=0.36, behind=0.66) == [False]
    assert grave(before=0.44, behind=0.66) == []


def test_what_is_unsure_raises_no_alarm() -> None:
    """Little difference, carriers of which half say nothing on one side, sides that could be exchanged, or chance."""
    assert grave(before=0.2, behind=0.4) == [False]
    assert grave(with_it=14) == [False]
    assert grave(flipped=0.02) == []
    assert grave(p_value=1e-5) == []


def after(features: list[dict[str, Any]], elsewhere: int = 0, places: int = 0) -> list[tuple[bool, str | None]]:
    """What is said of the first feature where what follows it is said elsewhere at some places of so many."""
    kinds = {"feature": pl.UInt64, "elsewhere": pl.Int64, "places": pl.Int64}
    said = pl.DataFrame({"feature": [7], "elsewhere": [elsewhere], "places": [places]}, kinds)
    groups = continuations.judged(grouped(frame(features)), said).filter(pl.col("feature") == 7)
    return list(groups.select("grave", "habit").rows())


def test_what_others_of_the_corpus_do_is_no_alarm_and_says_why() -> None:
    """Where the like is alike behind drawn words of other documents, none is grave; where it is not, this one is."""
    drawn = {"drawn": True, "p_value": 1e-3}
    usual = [{"feature": n, "before": 0.3, "behind": 0.31, "drawn": True, "p_value": 1.0} for n in range(100, 400)]
    wide = [{"feature": n, "before": 0.3, "behind": 0.7} | drawn for n in range(400, 500)]
    assert after([{"feature": 7}, *usual]) == [(True, None)]
    assert after([{"feature": 7}, *usual, *wide]) == [(False, habits.EVERYWHERE)]
    # What is said nowhere else is no habit; of few places nobody knows.
    assert after([{"feature": 7}, *usual, *wide], 0, 10_000) == [(True, None)]
    assert after([{"feature": 7}, *usual, *wide], 9, 10_000) == [(False, habits.EVERYWHERE)]
    assert after([{"feature": 7}, *usual, *wide], 0, 1_000) == [(False, habits.EVERYWHERE)]


def test_what_a_corpus_says_at_many_places_asks_for_more_documents() -> None:
    """Eight; and hosts of one subject are told at low, however seldom it is said, without a reason of this kind."""
    assert after([{"feature": 7}], 90, 10_000) == [(True, None)]
    assert after([{"feature": 7, "independent": 7}], 90, 10_000) == [(False, habits.ORDINARY_HERE)]
    assert after([{"feature": 7, "independent": 7}], 9, 10_000) == [(True, None)]
    assert after([{"feature": 7, "before": 0.36, "behind": 0.7}], 0, 10_000) == [(False, None)]
