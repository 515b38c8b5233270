"""Rows of one label as a mixture of honest ones and of ones that say something else: who is which, and how sure it is.

A row that is planted has the label whatever it says, and says what rows of other labels say.  By Bayes' rule it is,
as a planted one, 1 / (chance of the label by what it says) - 1 times as likely, over the share of other labels, as it
is as an honest one; a row of another label is not planted.  What a row looks like gives log-odds that it is planted, of
unknown scale; scale and offset are those of most likelihood (as in Platt 1999, where classes are seen).  Then rows that
look so much so, or less, each have the share of most likelihood among them, however the shares go up and down: honest
rows may look more so than planted ones, and what they say gives them away (histogram binning, Zadrozny and Elkan 2001).
By Bayes' rule again each row has its chance (the expectation of Dempster, Laird and Rubin 1977).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from corpusscan.kernels.contradictions import Bools
from corpusscan.kernels.latent import Floats

SURE = 4.0  # logits beyond which what a row says is not believed
_STEEPEST, _FLATTEST, _FARTHEST = 7.4, 0.14, (-15.0, 5.0)  # scales and offsets that are looked at
_STARTS = (0.0, 1.5, -1.5)
_BIN, _WIDER = 40, 1.25  # rows that look most so, which have a share of their own; each next bin is wider
_HELD, _ROUNDS = 3.0, 60  # rows that the share of scale and offset counts for in a bin; steps to a share


class Mixture(NamedTuple):
    """Of rows, by what they look like and by what they say."""

    odds: Floats  # log-odds that each is planted, by what it looks like alone
    planted: Floats  # the chance that each is, by its label and by what it says too
    evidence: float  # how much likelier labels are with planted rows than without, a logarithm, by scale and offset
    knots: Floats  # 2 x bins: what rows look like, ascending, and their log-odds

    @property
    def alike(self) -> Floats:
        """How likely a row that looks like each is to be planted."""
        told: Floats = share(self.odds).astype(np.float32)
        return told


def usual(mine: Bools) -> float:
    """The logarithm of the share of rows with other labels."""
    return float(np.log(max(1 - mine.mean(), 1e-6)))


def against(content: Floats, mine: Bools) -> Floats:
    """How much likelier each row is as a planted one, by its label and what it says; 0 of rows of other labels."""
    told: Floats = np.where(mine, np.exp(-np.clip(content, -SURE, SURE) - usual(mine)), 0).astype(np.float32)
    return told


def spoken(content: Floats, mine: Bools) -> Floats:
    """The same by what it says alone, as if all labels were as common: a row that says nothing says nothing here."""
    known = np.clip(mine.mean(), 1e-6, 1 - 1e-6)
    beyond = np.clip(content - np.log(known / (1 - known)), -SURE, SURE)
    told: Floats = np.where(mine, np.exp(-beyond), 0).astype(np.float32)
    return told


def foretold(content: Floats, mine: Bools, planted: Floats) -> float:
    """How much of what there is to know of a label, beyond its share, is told by what honest rows say.

    Of the entropy the part that is explained (McFadden 1974); nothing where no honest row has the label.
    """
    honest = 1 - planted.astype(np.float64)
    known = float((honest * mine).sum() / max(honest.sum(), 1e-9))
    if not 0 < known < 1:
        return 0.0
    surprise = float((honest * np.logaddexp(0, np.where(mine, -content, content))).sum() / honest.sum())
    return 1 - surprise / -float(known * np.log(known) + (1 - known) * np.log(1 - known))


def mixed(looks: Floats, ratio: Floats) -> Mixture:
    """The mixture by what rows look like (log-odds of any scale) and by how much likelier they are as planted ones."""
    from scipy.optimize import minimize  # noqa: PLC0415  # takes a third of a second

    told, times = looks.astype(np.float64), ratio.astype(np.float64)

    def loss(of: Any) -> tuple[float, Any]:
        scale, alike = np.exp(of[0]), share(np.exp(of[0]) * told + of[1])
        both = 1 - alike + alike * times
        slope = (times - 1) / both * alike * (1 - alike)
        return -float(np.log(both).sum()), -np.array([(slope * scale * told).sum(), slope.sum()])

    bounds = [(np.log(_FLATTEST), np.log(_STEEPEST)), _FARTHEST]
    tried = [minimize(loss, np.array([0.0, one]), jac=True, method="L-BFGS-B", bounds=bounds) for one in _STARTS]
    best = min(tried, key=lambda one: float(one.fun))
    knots = _knots(told, float(np.exp(best.x[0])), float(best.x[1]), times)
    odds = interpolated(looks, knots)
    alike = share(odds)
    planted = (alike * times / (1 - alike + alike * times)).astype(np.float32)
    return Mixture(odds, planted, max(-float(best.fun), 0.0), knots)


def interpolated(looks: Floats, knots: Floats) -> Floats:
    """Log-odds of rows by what they look like."""
    told: Floats = np.interp(looks, *knots).astype(np.float32)
    return told


def _knots(looks: Any, scale: float, offset: float, ratio: Any) -> Floats:
    """Of bins of rows, from those that look most so on, each by its own share."""
    order = np.argsort(-looks, kind="stable")
    wide = np.cumsum(_BIN * _WIDER ** np.arange(np.log(len(order) + 2) / np.log(_WIDER))).astype(np.int64)
    bounds = [0, *wide[wide + _BIN <= len(order)].tolist(), len(order)]
    told = []
    for first, last in pairwise(bounds):
        mine = order[first:last]
        alike = usual = float(share(scale * looks[mine] + offset).mean())
        for _ in range(_ROUNDS):
            planted = alike * ratio[mine] / (1 - alike + alike * ratio[mine])
            alike = float((planted.sum() + _HELD * usual) / (len(mine) + _HELD))
        told.append((looks[mine].mean(), np.log(alike / (1 - alike))))
    return np.array(told[::-1], np.float32).T


def share(odds: Any) -> Any:
    """Log-odds as chances, none of them sure."""
    return np.clip(1 / (1 + np.exp(-np.clip(odds, -60, 60))), 1e-9, 1 - 1e-9)
