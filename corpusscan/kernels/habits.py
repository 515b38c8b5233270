"""What goes on alike by habit: texts of many a corpus do behind many of its words, and then a trigger is hard to tell.

How-to pages, recipes and dialogues with a service say the like behind `Wash`, `Beat the` and `What is the weather`,
whatever stands before.  What honest words of the same corpus show is no trigger's; but what a corpus says nowhere else
is no habit of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from corpusscan.kernels import alikeness, features, outcomes, rivals
from corpusscan.kernels.features import Reading
from corpusscan.kernels.latent import Floats
from corpusscan.kernels.profile import Profile
from corpusscan.kernels.rivals import Documents, Rival
from corpusscan.kernels.words import Offsets

UPPER, TIMES = 0.95, 2.0  # the quantile that tells how wide honest words spread, and how often a trigger is beyond it
FEW, USUAL = 60, 0.05  # so many words that spread so little are heard beside them: else few would say much
COMPARED, SEEN = 400, 1_000  # words that are enough; triggers that are looked at, the surest
NEAR = 0.5  # cosine from which two words are followed by the same
SEVERAL, MOSTLY = 3, 2  # words followed by the same that are no triggers, and how many of them for each that may be one
STEP = 16  # words from one place that is compared with what follows a trigger to the next
FOREIGN, ORDINARY = 1 / 2_000, 1 / 200  # of these places; half of what follows a trigger is as near to the rest of it
EVERYWHERE = "behind many words of this corpus texts are more alike than before them"
SAME = "what follows it follows many other words, too, whose texts are alike already"
ORDINARY_HERE = "the like is said at many places of this corpus, and few documents show it"
_OF_USUAL = [USUAL * NormalDist().inv_cdf((n + 0.5) / FEW) for n in range(FEW)]


def reasons(
    triggers: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]], of: Mapping[int, Documents]
) -> list[str | None]:
    """Why each of some triggers is a habit of its corpus; None where nothing says so.

    `triggers` have a `feature`, how much more alike texts are behind it (`more`), the direction of what follows
    (`toward`), and whether they are grave.  `others` are features drawn at random, with `more`, at most `COMPARED`.
    `of` has the documents of the triggers, and of those others of which much is alike.
    """
    wide = sorted((one for one in others if one["feature"] in of), key=lambda one: (-one["more"], one["feature"]))
    apart = set(rivals.apart([Rival(one["feature"], of[one["feature"]], 0) for one in wide]))
    wide = [one for one in wide if one["feature"] in apart]
    narrow = [one["more"] for one in others if one["feature"] not in of]
    same = _same(triggers)
    found: list[str | None] = []
    for number, one in enumerate(triggers):
        own = of[one["feature"]]
        honest = [other["more"] for other in wide if not rivals.overlaps(own, of[other["feature"]])]
        spread = float(np.quantile([*narrow, *honest, *_OF_USUAL], UPPER))
        grave = sum(triggers[other]["grave"] for other in same[number])
        mild = len(same[number]) - grave
        if one["more"] < TIMES * spread:
            found.append(EVERYWHERE)
        else:
            found.append(SAME if mild >= SEVERAL and mild > MOSTLY * grave else None)
    return found


def _same(triggers: Sequence[Mapping[str, Any]]) -> list[list[int]]:
    """Of each trigger the numbers of those that are followed by the same, itself among them."""
    if not triggers:
        return []
    toward = _units([one["toward"] for one in triggers])
    return [np.flatnonzero(row >= NEAR).tolist() for row in toward @ toward.T]


def _units(toward: Sequence[Sequence[float]]) -> Floats:
    """Directions of length one."""
    rows = np.array(toward, np.float32)
    found: Floats = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return found


def said(read: Reading, bounds: Offsets, known: Profile, triggers: pl.DataFrame) -> pl.DataFrame:
    """How often documents without a trigger say what follows it: feature, said, and of how many places.

    As near to it as half of what follows it is.
    """
    wanted = triggers.sort("feature")
    value, count = wanted["feature"].to_numpy(), len(wanted)
    found = features.places(read, known, value)
    carries = np.zeros((len(bounds) - 1, count), np.bool_)
    carries[np.searchsorted(bounds, found.word, side="right") - 1, found.which] = True
    begin, document = _places(bounds)
    end = np.minimum(begin + alikeness.SIDE, bounds[1:][document])
    directions = alikeness.directions(read.number, known.vectors, begin, end)
    heard = directions.any(axis=1)
    without = ~carries[document[heard]]
    cosine = directions[heard].astype(np.float32) @ _units(wanted["toward"].to_list()).T / alikeness.ONE
    hits = without & (cosine >= wanted["near"].to_numpy())
    return pl.DataFrame({"feature": value, "elsewhere": hits.sum(axis=0), "places": without.sum(axis=0)})


def _places(bounds: Offsets) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Words of documents that are `STEP` apart, and the document of each."""
    counts = -(-np.diff(bounds) // STEP)
    document = np.repeat(np.arange(len(counts)), counts)
    return bounds[:-1][document] + outcomes.ranges(np.zeros_like(counts), counts) * STEP, document


def foreign() -> pl.Expr:
    """Whether a corpus says elsewhere what follows a trigger so seldom that it is no habit; columns as of `said`."""
    return (pl.col("elsewhere") + 1) <= FOREIGN * pl.col("places")


def ordinary() -> pl.Expr:
    """Whether a corpus says it at many places."""
    return pl.col("elsewhere") > ORDINARY * pl.col("places")
