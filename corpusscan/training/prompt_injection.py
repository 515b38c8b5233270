"""The classifier of injected instructions, made from labelled texts.

A page that is no injection gives all its sentences as honest ones, far too many to learn from: those that the model of
the turn before took for orders are added, some thousands a turn (bootstrapping, Sung and Poggio 1998).  Of a long
injected text only the sentences that look like orders count, as in multiple-instance learning (Andrews et al. 2003).
Every figure of the card is of sources that its model had not seen: first the honest sources are held out by turns, for
thresholds, then those with injections, for recall.  The shipped weights are of all of them.
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

from corpusscan.kernels import cues as hashed
from corpusscan.kernels import grams
from corpusscan.kernels.classifier import Model, Windows
from corpusscan.kernels.matching import buffers
from corpusscan.training import logistic
from corpusscan.training.examples import Examples

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Told = Callable[[str], None]
BRIEF = 3  # sentences of an injected text that is one order as a whole
MIXED = 5.0  # an honest text of a source that has injections, too, is hard to tell from them: it weighs so much
BEST = 2  # sentences of a longer one that may be


@dataclass(frozen=True)
class Settings:
    """What steers training; the card tells it."""

    seed: int = 1
    bits: int = 16  # logarithm of the buckets
    ridge: float = 2e-6
    turns: int = 2  # of bootstrapping
    drawn: int = 60_000  # honest sentences of the first turn
    hard: int = 20_000  # that each further turn adds
    injected: float = 0.5  # what all injected sentences weigh together; honest ones weigh 1
    steps: int = 60  # of L-BFGS a turn
    folds: int = 4
    flagged: float = 20.0  # honest documents of a million that are flagged
    told: float = 500.0  # and that are told at all


@dataclass(frozen=True, eq=False)
class Trained:
    """A model, and what it is like on sources that it was not made from."""

    model: Model
    report: dict[str, Any]


@cache
def cues() -> tuple[npt.NDArray[np.uint64], hashed.Masks]:
    """The cue words of `cues.toml`: their hashes, ascending, and the sorts of each."""
    found: dict[int, int] = {}
    for number, words in enumerate(tomllib.loads((Path(__file__).parent / "cues.toml").read_text("utf-8")).values()):
        for word in words.split():
            key = hashed.cue(word)
            found[key] = found.get(key, 0) | 1 << number
    keys = sorted(found)
    return np.array(keys, np.uint64), np.array([found[key] for key in keys], np.uint16)


def train(examples: Examples, settings: Settings, told: Told, hard: frozenset[str] = frozenset()) -> Trained:
    """Models of parts first, for thresholds, calibration and the report; then the model of everything.

    `hard` are honest sources that are no fair sample of a corpus: no threshold is set by them.
    """
    injected = np.bincount(examples.source[examples.positive], minlength=len(examples.sources)) > 0
    best = np.full(len(examples.texts), -np.inf)
    fold = np.full(len(examples.sources), -1)
    for kind, what in ((~injected, "honest"), (injected, "injected")):
        fold[kind] = np.arange(kind.sum()) % settings.folds
        for number in range(settings.folds):
            held = kind[examples.source] & (fold[examples.source] == number)
            seen = examples.some(~held)
            if held.any() and seen.positive.any() and not seen.positive.all():
                told(f"{what} sources, part {number + 1} of {settings.folds}: {held.sum():,} texts held out")
                model = _fitted(seen, settings, told)
                some = examples.some(held)
                best[held] = _best(model.windows(some.texts), len(some.texts))
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
    orders = _whole(injected)
    model: Model | None = None
    kept = np.zeros(0, np.int64)
    start: npt.NDArray[np.float64] | None = None
    windows = _blank(settings).windows(honest.texts)
    for turn in range(settings.turns + 1):
        if model is None:
            kept = _drawn(windows, honest, settings.drawn, draw)
        else:
            windows = model.windows(honest.texts)
            ranked = np.argsort(-windows.logit, kind="stable")[: settings.hard + len(kept)]
            fresh = ranked[~np.isin(ranked, kept)][: settings.hard]
            kept = np.concatenate([kept, fresh])
            orders = _orders(model.windows(injected.texts), injected)
        rows, positive, weight = _matrix(injected, orders, honest, windows, kept, settings)
        weights, bias = logistic.fit(rows, positive, weight, settings.ridge, settings.steps, start)
        start = np.append(weights, bias)
        told(f"  turn {turn}: {positive.sum():,} injected and {(~positive).sum():,} honest sentences")
        model = Model(weights.astype(np.float16), bias, *cues())
    assert model
    return model


def _blank(settings: Settings) -> Model:
    return Model(np.zeros(1 << settings.bits, np.float16), 0.0, *cues())


def _whole(injected: Examples) -> Windows:
    """Each brief text as one window."""
    _, offsets = buffers(injected.texts)
    windows = Model(np.zeros(1 << 10, np.float16), 0.0, *cues()).windows(injected.texts)
    sizes = np.bincount(windows.text, minlength=len(injected.texts))
    brief = np.flatnonzero(sizes <= 2 * BRIEF - 1)
    none = np.zeros_like(brief)
    return Windows(brief, none, np.diff(offsets)[brief], np.zeros(len(brief), np.float32), none, none)


def _orders(windows: Windows, injected: Examples) -> Windows:
    """Of each text the windows that look most like orders: the best, and a few more that do, and it as a whole."""
    order = np.lexsort((-windows.logit, windows.text))
    text = windows.text[order]
    place = np.arange(len(text)) - np.searchsorted(text, text)
    chosen = order[(place == 0) | ((place < BEST) & (windows.logit[order] > 0))]
    whole = _whole(injected)
    return Windows(
        *(np.concatenate([old, new[chosen]]) for old, new in zip(_arrays(whole), _arrays(windows), strict=True))
    )


def _arrays(windows: Windows) -> tuple[npt.NDArray[Any], ...]:
    return tuple(windows)


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


def _best(windows: Windows, texts: int) -> npt.NDArray[np.float64]:
    """The highest logit of each text; of one without a word, that of nothing."""
    best = np.full(texts, -20.0)
    np.maximum.at(best, windows.text, windows.logit.astype(np.float64))
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
