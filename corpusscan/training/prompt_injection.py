"""The classifier of injected instructions, made from labelled texts.

A page that is no injection gives all its sentences as honest ones, far too many to learn from: those that the model of
the turn before took for orders are added, some thousands a turn (bootstrapping, Sung and Poggio 1998).  Of a long
injected text only the sentences that look like orders count, as in multiple-instance learning (Andrews et al. 2003).
Every figure of the card is of sources that its model had not seen: sources are held out by turns, honest ones, for
thresholds, with others that have injections, for recall.  The shipped weights are of all of them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from corpusscan.kernels import cues as hashed
from corpusscan.kernels import grams, structure
from corpusscan.kernels.classifier import Model, Windows
from corpusscan.kernels.columns import buffers
from corpusscan.training import logistic
from corpusscan.training.examples import Examples

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Told = Callable[[str], None]
MIXED = 5.0  # an honest text of a source that has injections, too, is hard to tell from them: it weighs so much


@dataclass(frozen=True)
class Settings:
    """What steers training; the card tells it."""

    seed: int = 1
    bits: int = 17  # logarithm of the buckets
    ridge: float = 8e-6
    turns: int = 1  # of bootstrapping
    drawn: int = 60_000  # honest sentences of the first turn
    hard: int = 30_000  # that each further turn adds
    injected: float = 0.5  # what all injected sentences weigh together; honest ones weigh 1
    steps: int = 40  # of L-BFGS a turn
    folds: int = 6
    flagged: float = 20.0  # honest documents of a million that reach the upper level
    told: float = 200.0  # and the lower one


@dataclass(frozen=True, eq=False)
class Trained:
    """A model, and what it is like on sources that it was not made from."""

    model: Model
    report: dict[str, Any]


@cache
def cues() -> tuple[npt.NDArray[np.uint64], hashed.Sorts]:
    """The cue words of `cues.toml`: their hashes, ascending, and the sort of each; one of two sorts stands twice."""
    found = {
        (hashed.cue(word), number)
        for number, words in enumerate(tomllib.loads((Path(__file__).parent / "cues.toml").read_text("utf-8")).values())
        for word in words.split()
    }
    return (
        np.array([key for key, _ in sorted(found)], np.uint64), np.array([sort for _, sort in sorted(found)], np.uint16)
    )  # fmt: skip


def train(examples: Examples, settings: Settings, told: Told, hard: frozenset[str] = frozenset()) -> Trained:
    """Models of parts first, for thresholds, calibration and the report; then the model of everything.

    `hard` are honest sources that are no fair sample of a corpus: no threshold is set by them.
    """
    injected = np.bincount(examples.source[examples.positive], minlength=len(examples.sources)) > 0
    best = np.full(len(examples.texts), -np.inf)
    fold = np.where(injected, np.cumsum(injected), np.cumsum(~injected)) % settings.folds
    for number in range(settings.folds):
        held = fold[examples.source] == number
        seen = examples.some(~held)
        if held.any() and seen.positive.any() and not seen.positive.all():
            told(f"part {number + 1} of {settings.folds}: {held.sum():,} texts held out")
            best[held] = _best(_fitted(seen, settings, told), examples.some(held).texts)
    fair = ~injected & ~np.isin(examples.sources, sorted(hard))
    ranked = np.sort(best[fair[examples.source] & np.isfinite(best)])[::-1]
    levels = _level(ranked, settings.told), _level(ranked, settings.flagged)
    told("all sources")
    model = _fitted(examples, settings, told)
    known = np.isfinite(best)
    weight = _weights(examples.source[known], examples.positive[known], 1.0)
    platt = logistic.platt(best[known], examples.positive[known], weight)
    model = Model(model.weights, model.bias, model.cues, model.sorts, platt, levels)
    facts = {"settings": asdict(settings), "no_fair_sample": sorted(hard), "fair_documents": len(ranked)}
    return Trained(model, facts | _report(examples, best, fold, model))


def _fitted(examples: Examples, settings: Settings, told: Told) -> Model:
    """Weights from some examples, turn after turn."""
    draw = np.random.default_rng(settings.seed)
    injected, honest = examples.some(examples.positive), examples.some(~examples.positive)
    blank = Model(np.zeros(1 << settings.bits, np.float16), 0.0, *cues())
    windows, orders = _cued(blank.windows(honest.texts)), _cued(blank.windows(injected.texts))
    kept = _drawn(windows, honest, settings.drawn, draw)
    start: npt.NDArray[np.float64] | None = None
    for turn in range(settings.turns + 1):
        rows, positive, weight = _matrix(injected, orders, honest, windows, kept, settings)
        weights, bias = logistic.fit(rows, positive, weight, settings.ridge, settings.steps, start)
        start = np.append(weights, bias)
        told(f"  turn {turn}: {positive.sum():,} injected and {(~positive).sum():,} honest sentences")
        model = Model(weights.astype(np.float16), bias, *cues())
        if turn < settings.turns:
            windows = _cued(model.windows(honest.texts))
            ranked = np.argsort(-windows.logit, kind="stable")[: settings.hard + len(kept)]
            kept = np.concatenate([kept, ranked[~np.isin(ranked, kept)][: settings.hard]])
            orders = _orders(_cued(model.windows(injected.texts)))
    return model


def _cued(windows: Windows) -> Windows:
    """Those with a cue word: the others are judged without being looked at."""
    return _some(windows, windows.logit > structure.NONE)


def _some(windows: Windows, chosen: Flags | Numbers) -> Windows:
    return Windows(windows.text[chosen], windows.begin[chosen], windows.end[chosen], windows.logit[chosen])


def _orders(windows: Windows) -> Windows:
    """Of each injected text the sentence that looks most like an order, and all others that do."""
    best = np.full(int(windows.text.max(initial=0)) + 1, -np.inf)
    np.maximum.at(best, windows.text, windows.logit)
    return _some(windows, (windows.logit >= best[windows.text]) | (windows.logit > 0))


def _drawn(windows: Windows, honest: Examples, most: int, draw: np.random.Generator) -> Numbers:
    """Windows at random, of each source about as many."""
    source = honest.source[windows.text]
    count = np.bincount(source, minlength=len(honest.sources))
    share = 1 / np.maximum(count, 1) ** 0.7
    share *= most / max((share * count).sum(), 1e-9)
    return np.flatnonzero(draw.random(len(source)) < share[source])


def _matrix(
    injected: Examples, orders: Windows, honest: Examples, windows: Windows, kept: Numbers, settings: Settings
) -> tuple[Any, Flags, npt.NDArray[np.float64]]:
    """Rows of features, whether each is injected, and what it weighs."""
    from scipy.sparse import csr_matrix, vstack  # noqa: PLC0415

    parts = []
    for some, own, chosen in ((injected, orders, np.arange(len(orders.text))), (honest, windows, kept)):
        data, offsets = buffers(some.texts)
        base = offsets[own.text[chosen]]
        buckets, values, bounds = grams.rows(
            data, base + own.begin[chosen], base + own.end[chosen], settings.bits, hashed.table(*cues())
        )
        parts.append(csr_matrix((values, buckets, bounds), (len(chosen), 1 << settings.bits)))
    positive = np.arange(len(orders.text) + len(kept)) < len(orders.text)
    source = np.concatenate([injected.source[orders.text], honest.source[windows.text[kept]]])
    return vstack(parts, "csr"), positive, _weights(source, positive, settings.injected)


def _weights(source: Numbers, positive: Flags, injected: float) -> npt.NDArray[np.float64]:
    """Injected ones weigh `injected` of what honest ones weigh together, each source by the root of its number."""
    weight = np.ones(len(source))
    count = np.bincount(source[positive], minlength=int(source.max(initial=0)) + 1)
    weight[~positive & (count[source] > 0)] = MIXED
    weight[positive] = 1 / np.sqrt(count[source[positive]])
    weight[positive] *= injected * (~positive).sum() / weight[positive].sum()
    return weight


def _best(model: Model, texts: pa.LargeStringArray) -> npt.NDArray[np.float64]:
    """The highest logit of each text, as the detector holds it against its document."""
    windows = model.windows(texts)
    best = np.full(len(texts), float(structure.NONE))
    np.maximum.at(best, windows.text, structure.contrast(windows.text, windows.logit).astype(np.float64))
    return best


def _level(ranked: npt.NDArray[np.float64], per_million: float) -> float:
    """The logit that so many of a million honest documents of unseen sources reach, of theirs in falling order."""
    if not len(ranked):
        return 0.0
    place = min(int(per_million * 1e-6 * len(ranked)), len(ranked) - 1)
    return float(np.nextafter(np.float32(ranked[place]), np.float32(np.inf)))


def _report(examples: Examples, best: npt.NDArray[np.float64], fold: Numbers, model: Model) -> dict[str, Any]:
    """Per source: rows, and how many a model of other sources flags; and how far scores are probabilities."""
    low, flagged = model.levels
    sources = []
    for number, name in enumerate(examples.sources):
        own = examples.source == number
        entry: dict[str, Any] = {"source": name, "fold": int(fold[number])}
        for kind, some in (("injected", own & examples.positive), ("honest", own & ~examples.positive)):
            if some.any():
                entry[kind] = {
                    "texts": int(some.sum()), "flagged": int((best[some] >= flagged).sum()),
                    "told": int((best[some] >= low).sum()),
                }  # fmt: skip
        sources.append(entry)
    known = np.isfinite(best)
    score = model.probability(best[known].astype(np.float32))
    weight = _weights(examples.source[known], examples.positive[known], 1.0)
    curve = []
    for lower in np.arange(10) / 10:
        some = (score >= lower) & (score < lower + 0.1 + (lower == 0.9))
        if some.any():
            share = np.average(examples.positive[known][some], weights=weight[some])
            curve.append({"score": round(float(np.average(score[some], weights=weight[some])), 3),
                          "injected": round(float(share), 3), "texts": int(some.sum())})  # fmt: skip
    return {"sources": sources, "calibration_curve": curve, "levels": {"low": low, "flagged": flagged}}
