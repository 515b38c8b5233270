"""How labels are wrong: anywhere by chance, from one class to another, or where their texts leave least doubt.

Of each class only the documents are asked that models which have not seen them (`outoffold`) foresee most surely, the
label not being heard: there honest doubt has faded, and labels that were turned, by lot or by a hand, have not (the
lapse rate of psychometric functions, Wichmann and Hill 2001).  What the model itself expects is no measure: it has
learned what was turned.  Of two classes each is the measure of the other, as honest confusion among the surest is about
as wide both ways, and all other pairs are.  A pair must exceed both (an intersection-union test, Berger 1982), each
rate a gamma distribution about what was counted, so that counts are negative binomial.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from corpusscan.kernels import contradictions
from corpusscan.kernels.contradictions import Foreseen
from corpusscan.kernels.outoffold import Numbers
from corpusscan.kernels.words import Hashes

PART = 10  # of a class foreseen one document in so many is among the surest; these are compared with the next two parts
FEWEST = 8  # labels turned of a pair that is told
SPREAD = 0.3  # variance of the rates of honest pairs, the mean being 1, beside what chance makes of few
GATHERED = 0.01  # of all pairs, by chance, up to which one is told; and of the surest against the next
TOLD = 3  # pairs at most


class Pair(NamedTuple):
    """Labels given that are another class than is foreseen, most surely."""

    given: int
    foreseen: int
    found: int
    expected: float
    p_value: float  # over all pairs


def surest(found: Foreseen, label: Numbers, content: Hashes, classes: int) -> dict[str, Any]:
    """What the surest documents say, as JSON has it; copies with one label count once, in whatever order they come.

    `wrong` of `documents`; of the next two parts `next_wrong` of `next_documents`; `rises`: with what chance as many
    are wrong of the surest where they are no more often wrong than the next; `pairs`: those that stand out.
    """
    once, part = _parts(found, label, content, classes)
    top, next_two = (once[mine] for mine in (part == 0, (part == 1) | (part == 2)))
    wrong = found.top != label
    most, after = int(wrong[top].sum()), int(wrong[next_two].sum())
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (label[top], found.top[top]), 1)
    told = {"documents": len(top), "wrong": most, "next_documents": len(next_two), "next_wrong": after}
    share = len(top) / max(len(top) + len(next_two), 1)
    sizes = np.bincount(label, minlength=classes)
    return told | {"rises": rises(most, after, share), "pairs": pairs(counts, sizes)}


def _parts(found: Foreseen, label: Numbers, content: Hashes, classes: int) -> tuple[Numbers, Numbers]:
    """Documents, each once, and their part of those of the class foreseen, the surest 0; -1: too doubtful to be asked.

    Each class has its own surest ones, since a class of which much is turned is foreseen less surely for it; but a
    class of which even these are in the more doubtful half of all documents is no measure of another.
    """
    order = np.lexsort((found.chance, label, content))
    first = np.append(True, (np.diff(content[order]) != 0) | (np.diff(label[order]) != 0))
    once = order[first[: len(order)]]
    once = once[np.lexsort((label[once], content[once], -found.chance[once], found.top[once]))]
    sizes = np.bincount(found.top[once], minlength=classes)
    rank = np.arange(len(once)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    part = rank // np.maximum(sizes // PART, 1)[found.top[once]]
    chance = found.chance[once]
    asked = (sizes >= PART)[found.top[once]] & (chance >= np.median(chance) if len(chance) else True)
    return once, np.where(asked, part, -1)


def rises(most: int, after: int, share: float) -> float:
    """With what chance so many of both are in the first part: binomial, which is more than by lots without return."""
    from scipy.special import betainc  # noqa: PLC0415  # takes a third of a second

    return float(betainc(most, after + 1, share)) if most else 1.0


def pairs(counts: Numbers, sizes: Numbers) -> list[Pair]:
    """Of labels given x classes foreseen the pairs that have more than those turned about, and all others, let expect.

    Others as they are spread evenly over the classes, or by their `sizes`, whichever brings more.
    """
    classes, foreseen = len(counts), counts.sum(axis=0)
    wrong = counts - np.diag(np.diag(counts))
    back, rest = wrong.T + 1, wrong.sum() - wrong + 1  # one more than was seen: where none was, there may be one
    counterpart = foreseen[None, :] * back / np.maximum(foreseen, 1)[:, None]
    others = np.maximum(*(rest * _shares(foreseen, weight) for weight in (np.ones(classes), sizes)))
    both = [
        (contradictions.tails(wrong, expected, SPREAD + 1 / of), expected)
        for expected, of in ((counterpart, back), (others, rest))
    ]
    last = both[1][0] >= both[0][0]
    p_value = np.maximum(both[0][0], both[1][0]) * classes * (classes - 1)
    expected = np.where(last, both[1][1], both[0][1])
    given, top = np.nonzero((wrong >= FEWEST) & (p_value <= GATHERED))
    found = [
        Pair(a, b, int(wrong[a, b]), float(expected[a, b]), float(p_value[a, b]))
        for a, b in zip(given.tolist(), top.tolist(), strict=True)
    ]
    return sorted(found, key=lambda one: (one.p_value, one.given, one.foreseen))[:TOLD]


def _shares(foreseen: Numbers, weight: Any) -> npt.NDArray[np.float64]:
    """Of labels turned by lot, those of each pair beside all others: labels given, by weight, x classes foreseen."""
    chances = weight[:, None] * foreseen[None, :] * (1.0 - np.eye(len(foreseen)))
    told: npt.NDArray[np.float64] = chances / np.maximum(chances.sum() - chances, 1e-9)
    return told
