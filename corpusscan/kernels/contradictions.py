"""Labels that the text speaks against, and the words and other features at which they gather.

A label contradicts its text where models that have not seen it (`outoffold`) hold another class to be several times
likelier, and no mere habit of the corpus makes it so.  How often that happens by chance is told by strata of the class
foreseen and of how surely: so ambiguous texts, hard classes and the border between two explain their own errors.  What
is asked of a feature is asked as if it were not there, else labels that depend on it would be foreseen by it.
A flip goes to one label, and contradicts clear texts as well as doubtful ones, where honest errors are of the doubtful:
so each label is asked about alone (and all together), by the strength of what contradicts it, not by counts.
Features differ by nature, too: how much is estimated from all of them (an empirical null, Efron 2004), as the shape of
a gamma distribution of rates, so that counts, and strengths in their usual units, are negative binomial.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from corpusscan.kernels import outoffold, profile
from corpusscan.kernels.latent import Floats
from corpusscan.kernels.outoffold import Model, Numbers, Read
from corpusscan.kernels.words import Hashes, Offsets

ODDS = 3.0  # of the class foreseen against the label given
DOUBTFUL = 2.5  # odds beyond which they tell how strongly
SURE = np.array([0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99])  # chances of the class foreseen that part strata
BLOCK = 1 << 22  # numbers that are worked on at once
KNOWN = 1e-6  # odds by chance below which a feature is no evidence of how features differ by nature
SPREAD = (0.02, 2.0)  # least and most variance of rates, the mean being 1
TELLING = 2.0  # contradictions expected of a feature that tells how features differ
AS_MANY = 50.0  # errors, that count for the least spread

Bools = npt.NDArray[np.bool_]


class Foreseen(NamedTuple):
    """What others say of documents."""

    top: Numbers  # the class foreseen
    chance: Floats  # of it
    given: Floats  # chance of the label
    odds: Floats  # logarithm, of the class foreseen against the label given

    @property
    def against(self) -> Bools:
        """Whether the label contradicts the text."""
        told: Bools = self.odds >= np.log(ODDS)
        return told

    @property
    def strength(self) -> Floats:
        """How strongly the text speaks against the label."""
        return strength(self.odds)

    @property
    def stratum(self) -> Numbers:
        """By the class foreseen and how surely."""
        return self.top * (len(SURE) + 1) + np.searchsorted(SURE, self.chance)


class Null(NamedTuple):
    """How often labels contradict texts by chance."""

    prior: Floats  # share of each class
    rates: Floats  # strata x classes: of the documents of a stratum those that have that label against their text
    strengths: Floats  # strata x classes: how strongly, over all documents of a stratum; and its square
    squares: Floats


class Carried(NamedTuple):
    """Features of documents, each once, as if the feature were not there."""

    document: Numbers
    feature: Numbers  # place in the vocabulary
    found: Foreseen
    words: Numbers  # features of the vocabulary x 2: of a pair that stands in them its words; -1: none


class Counts(NamedTuple):
    """Contradictions in the documents of features, by label: features x classes."""

    against: Floats
    strength: Floats  # of these, and what is expected of it, and of its square
    expected: Floats
    squares: Floats

    def __add__(self, other: Any) -> Counts:
        return Counts(*(one + more for one, more in zip(self, other, strict=True)))


def foreseen(logits: Floats, label: Numbers, bare: Floats) -> Foreseen:
    """What logits (documents x classes) say of documents with these labels; `bare` are those of a text of no words.

    That a class is the usual one, or the one of all that lack some word, says nothing against a label: words must.
    """
    chance, rows = outoffold.chances(logits), np.arange(len(label))
    top = chance.argmax(axis=1)
    most, given = chance[rows, top], chance[rows, label]
    whole, words = (one[rows, top] - one[rows, label] for one in (logits, logits - bare))
    return Foreseen(top, most, given, np.minimum(whole, words))


def strength(odds: Floats) -> Floats:
    """What odds (their logarithm) say beyond doubt."""
    told: Floats = np.maximum(odds - np.float32(np.log(DOUBTFUL)), 0)
    return told


def null(found: Foreseen, label: Numbers, prior: Floats) -> Null:
    """Rates and strengths of contradictions by strata, from all documents."""
    shape = len(prior) * (len(SURE) + 1), len(prior)
    count = np.bincount(found.stratum, minlength=shape[0])
    cell = found.stratum * shape[1] + label
    few = 0.5 / max(shape[1] - 1, 1)
    strong = found.strength
    usual = float(strong.sum() / max(int((strong > 0).sum()), 1))

    def mean(of: Any, one: float) -> Floats:
        added = np.bincount(cell, of, shape[0] * shape[1]).reshape(shape)
        told: Floats = ((added + few * one) / (count + 1)[:, None]).astype(np.float32)
        return told

    return Null(prior, mean(found.against, 1), mean(strong, usual), mean(strong**2, usual**2))


def toward(part: Any, label: int) -> Any:
    """Of columns by label that of one; beyond the last label: of all together."""
    return part[:, label] if label < part.shape[1] else part.sum(axis=1)


def counts(feature: Numbers, label: Numbers, found: Foreseen, chance: Null, features: int, once: Bools) -> Counts:
    """Contradictions at features (numbers below `features`); those count that are seen for the first time (`once`)."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415  # takes a third of a second

    classes = len(chance.prior)
    cell = feature * classes + label
    told = (np.bincount(cell, of * once, features * classes) for of in (found.against, found.strength))
    many = csr_matrix((np.ones(len(feature), np.float32), (feature, found.stratum)), (features, len(chance.rates)))
    against, strong = (one.reshape(features, classes).astype(np.float32) for one in told)
    return Counts(against, strong, many @ chance.strengths, many @ chance.squares)


def carried(
    hashes: Hashes, bounds: Offsets, model: Model, fold: Numbers, label: Numbers, chance: Null, tested: Bools
) -> Iterator[Carried]:
    """The `tested` features (of the vocabulary) of documents whose words are hashes[bounds[i]:bounds[i + 1]]."""
    step = max(BLOCK // max(model.classes, 4), 1)
    cuts = np.unique(np.minimum(np.searchsorted(bounds, np.arange(0, bounds[-1] + step, step)), len(fold)))
    for first, last in itertools.pairwise(cuts.tolist()):
        own = hashes[bounds[first] : bounds[last]]
        some = slice(first, last)
        one = _carried(own, bounds[first : last + 1] - bounds[first], model, fold[some], label[some], chance, tested)
        yield one._replace(document=one.document + first)


def _carried(
    hashes: Hashes, bounds: Offsets, model: Model, fold: Numbers, label: Numbers, chance: Null, tested: Bools
) -> Carried:
    known = (model.features, model.rarity)
    seen = outoffold.read(hashes, bounds, known)
    logits, said = outoffold.logits(model, seen, fold), outoffold.said(model, seen, fold)
    document = np.repeat(np.arange(len(fold)), np.diff(seen.bounds))
    entry = document * len(model.features) + seen.feature  # ascending
    without = said.copy()  # what is to be taken out: of a word, its pairs, too; of a pair, both words
    places = _pairs(hashes, bounds, model, seen, entry)
    for one in (places.first, places.second):
        np.add.at(without, one[one >= 0], said[places.pair[one >= 0]])
    words = (
        np.where(places.first >= 0, places.first, places.second),
        np.where(places.second >= 0, places.second, places.first),
    )
    whole = (places.first >= 0) | (places.second >= 0)
    pair, first, second = places.pair[whole], words[0][whole], words[1][whole]
    without[pair] = without[first] + np.where((first != second)[:, None], without[second] - said[pair], 0)
    parts = np.full((len(model.features), 2), -1, np.int64)
    parts[seen.feature[pair]] = np.column_stack([seen.feature[first], seen.feature[second]])
    mine = tested[seen.feature]
    own = document[mine]
    found = foreseen(logits[own] - without[mine], label[own], outoffold.wide(model.bias[fold[own]]))
    return Carried(own, seen.feature[mine].astype(np.int64), found, parts)


class _Pairs(NamedTuple):
    """Pairs of words of documents, each once: places among the features of documents; -1 where there is none."""

    pair: Numbers
    first: Numbers
    second: Numbers


def _pairs(hashes: Hashes, bounds: Offsets, model: Model, seen: Read, entry: Numbers) -> _Pairs:
    owner = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    word = _places(outoffold.cut(hashes), owner, model.features, entry)
    pair = _places(outoffold.cut(profile.pair_hashes(hashes)), owner, model.features, entry)
    pair[bounds[:-1][np.diff(bounds) > 0]] = -1
    places, at = np.unique(pair, return_index=True)
    at = at[places >= 0]
    return _Pairs(pair[at], word[at - 1], word[at])


def _places(values: Hashes, owner: Numbers, features: Hashes, entry: Numbers) -> Numbers:
    """Where each value of a document stands among the features of documents; -1: it is none."""
    if not len(features):
        return np.full(len(values), -1, np.int64)
    number = np.minimum(np.searchsorted(features, values), len(features) - 1)
    found = np.searchsorted(entry, owner * len(features) + number)
    told: Numbers = np.where(features[number] == values, found, -1)
    return told


def spread(against: npt.NDArray[Any], expected: npt.NDArray[Any], *, whole: bool = False) -> float:
    """The variance of the rates of features by nature, by moments: of all, or of those above what is expected of them.

    Those beyond all chance are left out, but of the `whole`: else many of one flip excuse it.  So are those of which
    nothing is expected.
    """
    usual = expected >= TELLING
    if not whole:
        usual &= tails(against, expected, SPREAD[0]) > KNOWN
    variances = []
    for some in (usual, usual & (against > expected)):  # a word that turns the sense about is above all others
        own, mean = against[some], expected[some]
        beyond = float((((own - mean) ** 2) - mean).sum()) + AS_MANY * SPREAD[0]
        variances.append(beyond / (float((mean**2).sum()) + AS_MANY))
    return float(np.clip(max(variances), SPREAD[0], None if whole else SPREAD[1]))


def tails(least: Any, mean: Any, variance: Any) -> npt.NDArray[np.float64]:
    """With what probability a count is at least so large, its mean varying by a gamma distribution."""
    from scipy.special import betainc  # noqa: PLC0415  # takes a third of a second

    least, mean = np.asarray(least, np.float64), np.maximum(np.asarray(mean, np.float64), 1e-9)
    told = betainc(np.maximum(least, 1e-9), 1 / variance, mean * variance / (1 + mean * variance))
    found: npt.NDArray[np.float64] = np.where(least > 0, told, 1.0)
    return found
