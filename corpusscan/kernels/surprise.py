"""How surprising the sources and the days of copies are, against those of the corpus they stand in."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

DECADES = 12  # beyond which odds say nothing more
PRIOR = -1.0  # copies are honest until something speaks against it
Counts = npt.NDArray[np.int64]
KEPT = 0.8  # of the copies that a burst holds: one straggler a year later does not undo it
SAMPLED = 10_000  # sources; where more are told, they may be a part of all


def usual(counts: Counts, sizes: Counts, apart: Counts, documents: int) -> float:
    """The share of sources of copies that would say little beside, were the copies anywhere in the corpus.

    `counts` are the copies of each source of a group, `sizes` the documents of every source (or of a part of them),
    `apart` those of the sources that have most of their documents in any group, `documents` all of the corpus.
    Between drawing documents and drawing sources (a geometric mean, documents counting twice): honest copies lie on
    the long tail of hosts with a page or two more often than documents do, but a host costs an attacker no more than
    a document.  Sources apart do not count as usual, nor do the group's own documents, so that campaigns hide
    one another little.
    """
    few = 2 * int(np.median(counts)) if len(counts) else 0
    total = int(sizes.sum())
    of_documents = (max(int(sizes[sizes <= few].sum()) - int(counts.sum()), 0) + 1) / (total + 20)
    part = 1 if len(sizes) < SAMPLED else min(total / max(documents, 1), 1)
    small = max(int((sizes <= few).sum()) - part * int((apart <= few).sum()), 0)
    of_sources = (small + 1) / (max(len(sizes) - part * len(apart), 0) + 20)
    return float(min((of_documents**2 * of_sources) ** (1 / 3), 1.0))


def excess(new: int, sources: int, usual: float) -> float:
    """The share that is new of the sources that chance would not have made new."""
    return max(new - usual * sources, 0) / max(sources - usual * sources, 1)


def of_sources(new: int, sources: int, usual: float) -> float:
    """With what probability at least so many of the sources are new, where each is with probability `usual`."""
    return _tail(new, sources, usual)


def of_days(days: Counts, all_days: Counts) -> float:
    """With what probability so many copies fall into so few days, were they drawn from the days of all copies.

    Both are sorted numbers of days, `all_days` with those of this group too, which are left out.  A bound of the scan
    statistic (Naus 1965): each copy opens the shortest window that holds `KEPT` of them, and the others fall into it,
    or not, as copies of other groups do.  1 where there are not as many others to compare with.
    """
    copies, others = len(days), len(all_days) - len(days)
    kept = max(int(np.ceil(KEPT * copies)), 2)
    if copies < kept or others < copies:
        return 1.0
    first = int(np.argmin(days[kept - 1 :] - days[: copies - kept + 1]))
    begin, end = days[first], days[first + kept - 1]
    inside = _within(all_days, begin, end) - _within(days, begin, end)
    return float(min(copies * _tail(kept - 1, copies - 1, (inside + 1) / (others + 1)), 1))


def _tail(least: int, trials: int, probability: float) -> float:
    """With what probability at least so many trials of so many succeed."""
    from scipy.special import bdtrc  # noqa: PLC0415  # takes a third of a second, and few scans need it

    return float(bdtrc(least - 1, trials, probability)) if least > 0 else 1.0


def _within(days: Counts, begin: int, end: int) -> int:
    return int(np.searchsorted(days, end, "right") - np.searchsorted(days, begin, "left"))


def weights(
    *, sources: int, new: float, odds: float, burst: float, length: float, slot: bool, reworded: bool
) -> dict[str, float]:
    """What speaks for a campaign (above 0) and against it: natural logarithms of odds, which add up (Good 1950).

    New sources weigh most, by their share (`new`, of those that chance would not have made new) and by how rarely
    chance finds so many; days less, since news is repeated in a day too; a slot and words exchanged are traces of a
    machine; `length` is 1, or less for texts so short that they repeat by themselves.  Set by reasoning, not fitted:
    they order groups of one severity, and decide on none.
    """
    told = {
        "prior": PRIOR,
        "sources": 0.5 * math.log10(max(sources, 1)),
        "new_sources": 6 * new * _decades(odds),
        "burst": 1.5 * _decades(burst),
        "slot": 1.0 * slot,
        "reworded": 2.0 * reworded,
        "short": -2 * (1 - length),
    }
    return {name: round(weight, 3) for name, weight in told.items() if round(weight, 3)}


def score(weighed: dict[str, float]) -> float:
    """Weights as a probability."""
    return 1 / (1 + math.exp(-sum(weighed.values())))


def _decades(odds: float) -> float:
    """How many tenfolds below 1, as a share of those that count."""
    return min(-math.log10(max(odds, 10.0**-DECADES)), DECADES) / DECADES
