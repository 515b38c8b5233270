"""Exact intervals of rates (Clopper and Pearson 1934)."""

from __future__ import annotations


def interval(hits: int, trials: int, tail: float) -> tuple[float, float]:
    """Between which the rate behind `hits` of `trials` lies, but for so much at each end."""
    from scipy.special import betaincinv  # noqa: PLC0415  # takes a third of a second

    low = float(betaincinv(hits, trials - hits + 1, tail)) if hits else 0.0
    return low, float(betaincinv(hits + 1, trials - hits, 1 - tail)) if hits < trials else 1.0
