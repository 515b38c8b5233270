"""Rows of one label from one source that are unlike that label elsewhere, though the source's other rows are not.

A cell is the rows of a source with a label.  Its shift is what its rows say on the average beyond those of the label
elsewhere; how alike two of its rows are in that, less how alike a row is to the source's rows of other labels, is its
own shift (an unbiased estimate of squared distances of means, Gretton et al. 2012): an honest source that has its
topic, or its style, has it with all labels alike.  Chance is what other dealings of each label's rows to the sources
bring, as many to each (a permutation test; the largest of all cells each time, Westfall and Young 1993).

Where honest sources differ at all they differ by label, too: a column that follows one trial is as odd as any poison.
So cells are compared only where sources are as if rows had been dealt to them by lot: `apart` says how far they are
from that.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from corpusscan.kernels import outoffold
from corpusscan.kernels.contradictions import Bools
from corpusscan.kernels.latent import Floats
from corpusscan.kernels.outoffold import FOLDS, Model, Numbers, Read
from corpusscan.kernels.words import Hashes

ROWS, SOURCES = 20, 10  # rows of a cell, and sources that have two cells, at least
CELLS = 200  # that are compared, of the sources with most rows
DEALT, FIRST = 100, 20  # dealings, and those after which it is asked whether sources differ anyway
APART = 3.0  # times as much as chance has it, up to which sources are like dealt by lot
EXCESS = 1.2  # of a cell that is told
BEYOND = 0.995  # of the label's rows elsewhere, that are less like a cell's own shift than rows that are told
TELLING = 30  # features of a cell that are named
_NORMAL = 0.4549  # the median of the square of a standard normal variable


Values = npt.NDArray[np.float64]
Known = tuple[Hashes, Floats]  # features, and how rare each is


class Cell(NamedTuple):
    """An odd cell."""

    source: int
    label: int
    rows: int
    excess: float  # its own shift, in standard deviations of chance, against the largest that chance brought anywhere


class Found(NamedTuple):
    """What is told of cells."""

    cells: list[Cell]  # the oddest first
    sources: int  # that were compared
    apart: float  # how much sources differ in all that they say, where chance is 1


class _Cells:
    """The cells of a corpus, whatever rows are dealt to them."""

    def __init__(self, seen: Read, source: Numbers, label: Numbers) -> None:
        self.said = _matrix(seen)
        self.source, self.label, self.classes = source, label, int(label.max(initial=0)) + 1
        size = (int(source.max(initial=0)) + 1, self.classes)
        count = np.bincount(source * self.classes + label, minlength=size[0] * size[1]).reshape(size)
        cells = _compared(count)
        self.of, self.at = np.divmod(cells, self.classes)
        self.place = np.full(count.size, -1)
        self.place[cells] = np.arange(len(cells))
        self.rows = count.ravel()[cells].astype(np.float32)
        self.whole = count.sum(axis=0)[self.at].astype(np.float32)
        _, self.begins, self.owner = np.unique(self.of, return_index=True, return_inverse=True)
        self.totals = self._sums(label, self.classes)[self.at]
        self.square = np.asarray(self.said.multiply(self.said).sum(axis=1)).ravel()

    def _sums(self, of: Numbers, count: int) -> Floats:
        """What the rows of each say, added up; -1: of none."""
        from scipy.sparse import csr_matrix  # noqa: PLC0415  # takes a third of a second

        kept = np.flatnonzero(of >= 0)
        ones = csr_matrix((np.ones(len(kept), np.float32), (of[kept], kept)), shape=(count, len(of)))
        told: Floats = (ones @ self.said).toarray()
        return told

    def told(self, source: Numbers) -> tuple[Values, Values]:
        """The own shift of each cell, and of each source how alike its cells are in theirs."""
        code = self.place[source * self.classes + self.label]
        own = self._sums(code, len(self.of))
        mean = (self.totals - own) / (self.whole - self.rows)[:, None]  # of the label elsewhere
        shift = own - self.rows[:, None] * mean  # of the rows, added up
        squares = np.bincount(code[code >= 0], self.square[code >= 0], len(self.of))
        alone = squares - 2 * _dots(own, mean) + self.rows * _dots(mean, mean)  # each row with itself
        both, joined = _dots(shift, shift), np.add.reduceat(shift, self.begins, axis=0)
        others = _dots(shift, joined[self.owner]) - both
        left = np.add.reduceat(self.rows, self.begins)[self.owner] - self.rows
        alike = (both - alone) / (self.rows * (self.rows - 1))
        return alike - others / (self.rows * left), np.add.reduceat(others, self.begins)

    def dealt(self, draw: np.random.Generator) -> Numbers:
        """The rows of each label dealt anew, as many to each source."""
        told = self.source.copy()
        for one in range(self.classes):
            mine = np.flatnonzero(self.label == one)
            told[mine] = self.source[draw.permutation(mine)]
        return told


def _matrix(seen: Read) -> Any:
    from scipy.sparse import csr_matrix  # noqa: PLC0415

    width = int(seen.feature.max(initial=0)) + 1
    return csr_matrix((seen.value, seen.feature, seen.bounds), shape=(len(seen.bounds) - 1, width))


def _dots(one: Floats, other: Floats) -> Values:
    told: Values = np.einsum("ij,ij->i", one, other).astype(np.float64)
    return told


def _compared(count: Numbers) -> Numbers:
    """The cells that are compared, of rows by source and label: numbers of source x labels + label."""
    whole = count.sum(axis=0)
    good = (count >= ROWS) & (whole - count >= ROWS)
    good &= (good.sum(axis=1) >= 2)[:, None]
    order = np.argsort(-(count * good).sum(axis=1), kind="stable")
    good[order[np.cumsum(good[order].sum(axis=1)) > CELLS]] = False
    return np.flatnonzero(good)


def odd(seen: Read, source: Numbers, label: Numbers) -> Found:
    """The cells that are odd, of documents of length 1 that say no other's words again; none where sources differ."""
    cells = _Cells(seen, source, label)
    sources = len(cells.begins)
    if sources < SOURCES:
        return Found([], sources, 1.0)
    draw = np.random.default_rng(0)
    chance = [cells.told(cells.dealt(draw)) for _ in range(FIRST)]
    own, whole = cells.told(source)
    spread = np.std([both for _, both in chance], axis=0)
    apart = float(np.median((whole / np.maximum(spread, 1e-12)) ** 2) / _NORMAL)
    if apart > APART:
        return Found([], sources, apart)
    dealt = np.array([one for one, _ in chance] + [cells.told(cells.dealt(draw))[0] for _ in range(DEALT - FIRST)])
    unit = np.maximum(dealt.std(axis=0), 1e-12)
    excess = own / unit / max(float((dealt / unit).max()), 1e-12)
    told = [
        Cell(int(cells.of[n]), int(cells.at[n]), int(cells.rows[n]), float(excess[n]))
        for n in np.argsort(-excess, kind="stable")
        if excess[n] >= EXCESS
    ]
    return Found(told, sources, apart)


class Telling(NamedTuple):
    """What tells the odd rows of cells: a model with a class for each cell, judged by rows of other folds."""

    model: Model
    threshold: list[float]
    features: list[list[int]]  # of each cell the places of those that tell most


def telling(seen: Read, known: Known, source: Numbers, label: Numbers, fold: Numbers, cells: list[Cell]) -> Telling:
    """What tells the odd rows of these cells from those of the label elsewhere, and not other rows of the source."""
    said, weights = _matrix(seen), np.zeros((len(known[0]), FOLDS, len(cells)), np.float32)
    for n, one in enumerate(cells):
        for part in range(FOLDS):
            kept = fold != part
            total = said.T @ (kept * (_contrast(source == one.source, label, one.label, kept) * one.rows))
            weights[: len(total), part, n] = total
    none = np.zeros((0, FOLDS, len(cells)), np.float32)
    model = Model(*known, weights.astype(np.float16), none, np.zeros((FOLDS, len(cells)), np.float32))
    score = scores(model, seen, fold)
    elsewhere = [score[(label == one.label) & (source != one.source), n] for n, one in enumerate(cells)]
    most = np.argsort(-weights.sum(axis=1), axis=0, kind="stable")[:TELLING]
    return Telling(model, [float(np.quantile(one, BEYOND)) for one in elsewhere], most.T.tolist())


def _contrast(mine: Bools, label: Numbers, own: int, kept: Bools) -> Floats:
    """How much each row counts: those of the cell against the label elsewhere, less the same of the source's others."""
    told = np.zeros(len(label), np.float32)
    others = (mine & kept & (label != own)).sum()
    for one in range(int(label.max()) + 1):
        inside, outside = (np.flatnonzero(some & kept & (label == one)) for some in (mine, ~mine))
        if len(inside) and len(outside):
            share = 1.0 if one == own else -len(inside) / others
            told[inside], told[outside] = share / len(inside), -share / len(outside)
    return told


def scores(model: Model, seen: Read, fold: Numbers) -> Floats:
    """How much documents are like the odd rows of each cell: documents x cells."""
    return outoffold.logits(model, seen, fold)[:, -model.bias.shape[1] :]
