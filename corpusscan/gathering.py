"""At which words, sources, annotators and months labels contradict their texts more than at others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from corpusscan.kernels import contradictions, outoffold
from corpusscan.kernels.contradictions import Bools, Counts, Foreseen, Null
from corpusscan.kernels.outoffold import Model, Numbers
from corpusscan.kernels.words import Hashes, Offsets

CARRIERS, EVERYWHERE = 10, 5  # documents of a feature at least; one document in so many at most
WORD, SOURCE, ANNOTATOR, MONTH = range(4)  # kinds of features
KINDS = ("word", "source", "annotator", "month")
# Least variance of the rates of sources, annotators and months: honest ones differ more than words do.  So do common
# words, those in as many documents as this share of all words: they turn the sense of others about (`but`, `not a`).
APART, COMMON = 0.5, 0.002
SUSPECT = 1e-4  # of tests, by chance, up to which a feature is looked at
FEWEST, SUSPECTS = 8, 32  # contradictions of one at least, and how many are looked at


class _Gathered(NamedTuple):
    """Contradictions at features of one kind."""

    kind: int
    code: Hashes  # of each feature
    common: Bools  # whether it is a common word, or a pair with one
    counts: Counts
    feature: Numbers  # of each contradiction: number of the feature, its document, and the label
    document: Numbers
    label: Numbers


def suspects(
    hashes: Hashes, bounds: Offsets, model: Model, fold: Numbers, label: Numbers, found: Foreseen, chance: Null,
    named: dict[int, Hashes],
) -> list[dict[str, Any]]:  # fmt: skip
    """The features at which more labels contradict their texts than at others, those that explain others left out."""
    content = outoffold.contents(hashes, bounds)
    once = np.zeros(len(content), bool)
    once[np.unique(content, return_index=True)[1]] = True
    gathered = [_words(hashes, bounds, model, fold, label, chance, once)]
    gathered += [_marked(kind, codes, label, found, chance, once) for kind, codes in named.items() if codes.any()]
    told = sorted((one for some in gathered for one in _tested(some)), key=lambda one: (one["q"], one["code"]))
    taken: set[int] = set()
    kept: list[dict[str, Any]] = []
    for one in told:
        own = set(one.pop("documents"))
        if 2 * len(own & taken) < len(own) and len(kept) < SUSPECTS:
            kept.append(one)
            taken |= own
    return kept


def _words(
    hashes: Hashes, bounds: Offsets, model: Model, fold: Numbers, label: Numbers, chance: Null, once: Bools
) -> _Gathered:
    often = np.bincount(
        outoffold.read(hashes, bounds, (model.features, model.rarity)).feature, minlength=len(model.features)
    )
    tested = (often >= CARRIERS) & (EVERYWHERE * often <= len(label))
    new = np.cumsum(tested) - 1
    counts, features, documents, parts = None, [], [], np.full((len(often), 2), -1)
    for one in contradictions.carried(hashes, bounds, model, fold, label, chance, tested):
        feature, own = new[one.feature], label[one.document]
        more = contradictions.counts(feature, own, one.found, chance, int(tested.sum()), once[one.document])
        counts = more if counts is None else counts + more
        mine = one.found.against & once[one.document]
        parts = np.maximum(parts, one.words)
        features.append(feature[mine])
        documents.append(one.document[mine])
    none = np.zeros((0, len(chance.prior)), np.float32)
    number, document = map(np.concatenate, (features, documents))
    known = counts or Counts(none, none, none, none)
    most = np.where(parts[:, 0] < 0, often, often[parts].max(axis=1))
    common = (most >= COMMON * bounds[-1])[tested]
    return _Gathered(WORD, model.features[tested], common, known, number, document, label[document])


def _marked(kind: int, codes: Hashes, label: Numbers, found: Foreseen, chance: Null, once: Bools) -> _Gathered:
    code, number = np.unique(codes, return_inverse=True)
    counts = contradictions.counts(number, label, found, chance, len(code), once)
    mine = np.flatnonzero(found.against & once & (codes > 0))
    return _Gathered(kind, code, np.zeros(len(code), bool), counts, number[mine], mine, label[mine])


def _tested(one: _Gathered) -> Iterator[dict[str, Any]]:
    """The features of a kind that contradictions gather at, each with the label at which they do least by chance."""
    classes = one.counts.against.shape[1]
    judged = [_toward(one.counts, label, 0 if one.kind == WORD else APART) for label in range(classes + 1)]
    tests = 2 * int((one.code > 0).sum()) * np.append(np.full(classes, classes), 1)  # half of it: whichever label
    spread = np.tile([told.spread for told in judged], (len(one.code), 1))
    q = np.stack([told.chance(told.spread) for told in judged], axis=1) * tests
    for n in np.flatnonzero((q.min(axis=1) <= SUSPECT) & one.common).tolist():
        others = _others(one, n)
        spread[n] = [max(told.of(others), told.spread, APART) for told in judged]
        q[n] = [told.chance(many, n) for told, many in zip(judged, spread[n], strict=True)] * tests
    least = q.argmin(axis=1)
    for n in np.flatnonzero((q.min(axis=1) <= SUSPECT) & (one.code > 0)).tolist():
        label = int(least[n])
        mine = (one.feature == n) & ((one.label == label) | (label == classes))
        yield {"kind": one.kind, "code": int(one.code[n]), "label": label, "q": float(q[n, label]),
               "tests": int(tests[label]), "spread": float(spread[n, label]), "unit": judged[label].unit,
               "documents": one.document[mine].tolist()}  # fmt: skip


def _others(one: _Gathered, number: int) -> Bools:
    """The common words that have most of their contradictions elsewhere: how these differ, they do by nature."""
    inside = np.isin(one.document, one.document[one.feature == number])
    every, those = (np.bincount(one.feature, weights, len(one.code)) for weights in (None, inside))
    told: Bools = one.common & (2 * those <= every)
    return told


class _Toward(NamedTuple):
    """Contradictions to one label."""

    strong: npt.NDArray[np.float64]  # of each feature
    usual: npt.NDArray[np.float64]  # what is expected
    enough: Bools
    spread: float  # variance of rates
    unit: float  # the strength that counts as one

    def chance(self, spread: float, some: Any = slice(None)) -> Any:
        """How likely each of some features has so many by chance."""
        return np.where(self.enough[some], contradictions.tails(self.strong[some], self.usual[some], spread), np.inf)

    def of(self, some: Bools) -> float:
        """The variance of the rates of some features, all of them."""
        return contradictions.spread(self.strong[some], self.usual[some], whole=True)


def _toward(counts: Counts, label: int, least: float) -> _Toward:
    """What features say of a label, their variance at least so much; of too few contradictions nothing."""
    against, strength, expected, squares = (contradictions.toward(p, label).astype(np.float64) for p in counts)
    unit = max(float(squares.sum()) / max(float(expected.sum()), 1e-9), 1e-6)  # so many units vary as a count does
    strong, usual = strength / unit, expected / unit
    spread = max(contradictions.spread(strong, usual), least)
    return _Toward(strong, usual, against >= FEWEST, spread, unit)
