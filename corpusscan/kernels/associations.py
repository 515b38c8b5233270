"""Whether what carries a feature shows an outcome more often than chance: exact tails, the likeliest strata left out.

A trigger is spread over a corpus, a house style or a topic is not.  So the two sources with most hits, and, apart from
that, the publisher with most, are left out of what is counted and of what is expected; of documents without a source
two strata.  That is a test of the partial conjunction that others show it too (Benjamini and Heller 2008), with a
Poisson tail for rare outcomes; of the two tails the larger counts.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

LEFT_OUT = 2  # sources, or strata; of publishers one
RARE = 0.01  # rate of an outcome in a stratum: where it is more, it tells nothing, and hides what others tell


class Association(NamedTuple):
    """What is known of one feature."""

    independent: int  # documents with the outcome, counting what depends on one another once
    tested: int  # of these, in strata where the outcome is rare
    expected: float  # of the independent by chance, were its occurrences as any of their strata
    tested_by_chance: float  # of the tested
    p_value: float  # without the strata with most of them


def association(
    strata: npt.NDArray[Any],
    occurrences: npt.NDArray[Any],
    sources: npt.NDArray[Any],
    publishers: npt.NDArray[Any],
    alike: npt.NDArray[Any],
    other_strata: npt.NDArray[Any],
    others: npt.NDArray[Any],
    rates: npt.NDArray[np.float64],
) -> Association:
    """The association of a feature; its `carriers` are those with the outcome.

    `strata`, `occurrences`, `sources`, `publishers` and `alike` are of the documents with the outcome: number of the
    stratum, how often the feature stands there, the source (0: it has none) and who publishes it, and what is equal in
    those that depend on one another.  `other_strata` and `others` are of the documents without it: so many occurrences
    in a stratum.  `rates` is how often an occurrence in a stratum has the outcome by chance; strata in which that is
    nothing rare are not tested.
    """
    _, first = np.unique(alike, return_index=True)
    rest = float((rates[other_strata] * others).sum())
    expected = rest + float(np.minimum(rates[strata[first]] * occurrences[first], 1).sum())
    tested = first[rates[strata[first]] <= RARE]
    own = np.minimum(rates[strata[tested]] * occurrences[tested], 1)
    quiet = rates[other_strata] <= RARE
    without = float((rates[other_strata[quiet]] * others[quiet]).sum())
    told = [(sources, LEFT_OUT), (publishers, 1)] if sources.all() else [(strata, LEFT_OUT)]
    kept = [_spread(values[tested], most) for values, most in told]
    tails = [poisson_tail(int(some.sum()), without + float(own[some].sum())) for some in kept]
    return Association(len(first), len(tested), expected, without + float(own.sum()), max(tails))


def _spread(values: npt.NDArray[Any], left_out: int) -> npt.NDArray[np.bool_]:
    """Which are not of so many values that occur most."""
    known, number, counts = np.unique(values, return_inverse=True, return_counts=True)
    most = np.argsort(-counts, kind="stable")[: min(left_out, len(known))]
    return ~np.isin(number, most)


def poisson_tail(least: int, mean: float) -> float:
    """With what probability a Poisson variable is at least so large."""
    from scipy.special import pdtrc  # noqa: PLC0415  # takes a third of a second

    return float(pdtrc(least - 1, mean)) if least > 0 else 1.0


def q_values(p_values: npt.NDArray[np.float64], tests: int) -> npt.NDArray[np.float64]:
    """False discovery rates under any dependence (Benjamini and Yekutieli 2001) of the least of so many p-values."""
    order = np.argsort(p_values, kind="stable")
    tests = max(tests, len(p_values))
    factor = tests * (np.log(tests) + 0.57722 + 0.5 / tests) if tests else 0.0  # the harmonic number, times the tests
    scaled = p_values[order] * factor / np.arange(1, len(order) + 1)
    found = np.empty(len(order))
    found[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1)
    return found
