"""How many things occur so often in a corpus by its own habits: a Pareto tail through those that occur a few times.

Words, names and pairs of them are met by power laws (Zipf 1949; Clauset, Shalizi and Newman, "Power-law distributions
in empirical data", SIAM Review 2009).  The exponent is the maximum of the likelihood among counts of `FIRST` to `LAST`,
which no group that is judged has, so that campaigns do not excuse one another; a few counts are pulled to `USUAL`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FIRST, LAST = 2, 4  # counts that tell the tail
USUAL, WEIGHT = 3.0, 5.0  # exponent of the tail before anything is seen, and as how many things that counts
LEAST, MOST = 0.5, 5.0
MARGIN = 1.0  # things more than were seen: where none was, there may be one
_EXPONENTS = np.linspace(LEAST, MOST, 181)

Counts = npt.NDArray[np.int64]


def expected(keys: Counts, least: int) -> float:
    """How many of the things of which keys[c] occur c times would occur `least` times or more.

    An upper estimate: with one thing more than was seen, and none of those beyond `LAST`.
    """
    few = np.zeros(LAST + 1)
    few[: min(len(keys), LAST + 1)] = keys[: LAST + 1]
    few[:FIRST] = 0
    slope, count = exponent(few), few.sum() + MARGIN
    beyond = (FIRST / (LAST + 1)) ** slope  # of all from FIRST on, those that are not seen here
    return float(count / (1 - beyond) * (FIRST / max(least, FIRST)) ** slope)


def exponent(few: npt.NDArray[np.float64]) -> float:
    """The exponent of the tail P(count >= c) ~ c ** -exponent, given that counts are `FIRST` to `LAST`."""
    counts = np.arange(FIRST, LAST + 1)
    of_tail = counts[None, :] ** -_EXPONENTS[:, None] - (counts[None, :] + 1.0) ** -_EXPONENTS[:, None]
    share = np.log(of_tail / of_tail.sum(axis=1, keepdims=True))
    prior = share[np.argmin(np.abs(_EXPONENTS - USUAL))]
    seen = few[FIRST : LAST + 1] + WEIGHT * np.exp(prior)
    return float(_EXPONENTS[np.argmax(share @ seen)])
