"""Which features behind which texts are alike are worth an alarm."""

from __future__ import annotations

import polars as pl

from corpusscan.kernels import continuations, outcomes

ANYWHERE = 0.18
STRONG = {
    "carriers": 30, "with_it": 30, "independent": 12, "before": 0.3, "behind": 0.8, "p_value": 1e-20, "flipped": 1e-3,
    "said": 30, "at": 30, "kind": outcomes.ALIKE,
}  # fmt: skip


def grave(**facts: float) -> list[bool]:
    """Whether a feature with these facts is grave; nothing where it is no group."""
    rows = [{"shard": 0, "row": n, "feature": 7, "alike": n} | STRONG | facts for n in range(30)]
    frame = pl.DataFrame(rows, {"shard": pl.UInt32, "row": pl.UInt64, "alike": pl.UInt64} | continuations.TESTS)
    groups, named, _ = continuations.grouped(frame, 10_000, ANYWHERE, 100, 1_000)
    assert len(named) == 30 * len(groups)
    return list(groups["grave"])


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
