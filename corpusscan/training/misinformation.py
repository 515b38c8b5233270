"""The classifier of texts that read like those which fact-checkers found false.

It knows how a text is written, not what is true: it ranks what is to be read first and flags nothing.  Each source with
texts of both kinds is held out in turn; every figure of the card, and the calibration, is of models that had not seen
the source.  Sources of one kind only are learned from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from corpusscan.kernels import cues, grams
from corpusscan.kernels.classifier import Model
from corpusscan.kernels.columns import buffers
from corpusscan.training import card, logistic
from corpusscan.training.examples import Examples
from corpusscan.training.prompt_injection import Trained

NAME = "misinformation"
LOW, HIGH = 0.05, 0.005  # of true texts of unseen sources that reach the first level, and the second
Flags = npt.NDArray[np.bool_]
Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Settings:
    """What steers training; the card tells it."""

    bits: int = 16  # logarithm of the buckets
    ridge: float = 1e-6
    steps: int = 80  # of L-BFGS


def train(examples: Examples, settings: Settings, told: Callable[[str], None]) -> Trained:
    """Models without each source first, for the report and the calibration; then the model of everything."""
    rows = _rows(examples, settings)
    mixed = [n for n in range(len(examples.sources)) if len(np.unique(examples.positive[examples.source == n])) > 1]
    logit = np.full(len(examples.texts), np.nan)
    for number in mixed if len(mixed) > 1 else []:
        held = examples.source == number
        told(f"{examples.sources[number]}: {held.sum():,} texts held out")
        weights, bias = _fitted(rows, examples, ~held, settings)
        logit[held] = rows[held] @ weights + bias
    told("all sources")
    weights, bias = _fitted(rows, examples, np.ones(len(logit), np.bool_), settings)
    known = np.isfinite(logit)
    platt, levels = (1.0, 0.0), (0.0, 0.0)
    if known.any():
        weight = _weights(examples, known)
        platt = logistic.platt(logit[known], examples.positive[known], weight[known])
        true = np.sort(logit[known & ~examples.positive])[::-1]
        levels = float(true[int(LOW * len(true))]), float(true[int(HIGH * len(true))])
    none = np.zeros(0, np.uint64), np.zeros(0, np.uint16)
    model = Model(weights.astype(np.float16), bias, *none, platt, levels)
    sources = [_source(examples, number, logit, model) for number in range(len(examples.sources))]
    report = {"settings": asdict(settings), "levels": levels, "sources": sources}
    return Trained(model, report | {"calibration_curve": _curve(examples, logit, known, model)})


def _rows(examples: Examples, settings: Settings) -> Any:
    from scipy.sparse import csr_matrix  # noqa: PLC0415

    data, offsets = buffers(examples.texts)
    none = cues.table(np.zeros(0, np.uint64), np.zeros(0, np.uint16))
    buckets, values, bounds = grams.rows(data, offsets[:-1], offsets[1:], settings.bits, none)
    return csr_matrix((values, buckets, bounds), (len(examples.texts), 1 << settings.bits))


def _fitted(rows: Any, examples: Examples, seen: Flags, settings: Settings) -> tuple[Values, float]:
    weight = _weights(examples, seen)[seen]
    return logistic.fit(rows[seen], examples.positive[seen], weight, settings.ridge, settings.steps)


def _weights(examples: Examples, some: Flags) -> Values:
    """A source weighs by the root of its size, and in it the false ones as much as the true ones."""
    weight = np.zeros(len(examples.texts))
    for number in range(len(examples.sources)):
        own = some & (examples.source == number)
        kinds = [part for part in (own & examples.positive, own & ~examples.positive) if part.any()]
        for part in kinds:
            weight[part] = np.sqrt(own.sum()) / len(kinds) / part.sum()
    return weight


def measured(score: Values, positive: Flags) -> dict[str, float]:
    """What scores are worth on texts of both kinds, at one half: area under the curve, precision, recall, F1.

    `all_false` is the F1 of calling everything false; `calibration_error` is weighed by texts, in ten steps (Naeini
    et al. 2015).
    """
    rank = np.argsort(np.argsort(score, kind="stable"), kind="stable") + 1.0
    ones, zeros = int(positive.sum()), int((~positive).sum())
    called = score > 0.5
    hits = int((called & positive).sum())
    error = sum(
        abs(float(score[own].sum()) - int(positive[own].sum()))
        for own in (np.minimum((score * 10).astype(np.int64), 9) == step for step in range(10))
    )
    return {
        "area": round((float(rank[positive].sum()) - ones * (ones + 1) / 2) / max(ones * zeros, 1), 3),
        "precision": round(hits / max(int(called.sum()), 1), 3), "recall": round(hits / max(ones, 1), 3),
        "f1": round(2 * hits / max(int(called.sum()) + ones, 1), 3),
        "all_false": round(2 * ones / max(len(score) + ones, 1), 3),
        "calibration_error": round(error / max(len(score), 1), 3),
    }  # fmt: skip


def _source(examples: Examples, number: int, logit: Values, model: Model) -> dict[str, Any]:
    own = examples.source == number
    told: dict[str, Any] = {"source": examples.sources[number], "texts": int(own.sum())}
    told["false"] = int(examples.positive[own].sum())
    if np.isfinite(logit[own]).all():
        score = model.probability(logit[own].astype(np.float32)).astype(np.float64)
        told["held_out"] = measured(score, examples.positive[own])
    return told


def _curve(examples: Examples, logit: Values, known: Flags, model: Model) -> list[dict[str, float]]:
    """Scores of models that had not seen the source, in ten steps, beside the share that is false."""
    score = model.probability(logit[known].astype(np.float32)).astype(np.float64)
    step, weight = np.minimum((score * 10).astype(np.int64), 9), _weights(examples, known)[known]
    positive = examples.positive[known]
    return [
        {
            "score": round(float(np.average(score[own], weights=weight[own])), 3),
            "false": round(float(np.average(positive[own], weights=weight[own])), 3), "texts": int(own.sum()),
        }
        for own in (step == number for number in range(10)) if own.any()
    ]  # fmt: skip


def figures(facts: dict[str, Any]) -> list[str]:
    """What the classifier is worth on sources that were held out, as paragraphs of its card."""
    names = ("area", "precision", "recall", "f1", "all_false", "calibration_error")
    rows = [
        [one["source"], f"{one['texts']:,}", f"{one['false']:,}"]
        + [f"{one['held_out'][name]:.2f}" if "held_out" in one else "" for name in names]
        + [one["about"]]
        for one in facts["sources"]
    ]
    curve = [[f"{one['score']:.2f}", f"{one['false']:.2f}", f"{one['texts']:,}"] for one in facts["calibration_curve"]]
    return [
        "## On sources that were held out",
        (
            "Each row is of a model that was made without this source; *area* under the curve, the others at a score "
            "of\none half; *all false*: the F1 of calling every text false, which a classifier that knows nothing "
            "reaches."
        ),
        card.table(["source", "texts", "false", *(name.replace("_", " ") for name in names), "licence"], *rows),
        "## Calibration",
        "Scores of these models beside the share that is false, sources weighed by the root of their size.",
        card.table(["score", "false", "texts"], *curve),
    ]
