"""How a text is put, apart from what it says, and rows of one label that are alike in it though they say another one.

Two views of each document.  What it says: its words, without the commonest of the corpus.  How it is put: the common
words with a gap for whatever stands between them, up to three in a row from the beginning on, and words and pairs.
Rows that somebody put into one form, and gave one label (Qi et al. 2021, "Hidden Killer", and "Mind the Style of
Text"), have features that all go with the label, whatever the rest of them says.  Nothing is known of any form.

1. A model of what documents say, without words that go with the label more than the rest of their documents allows.
2. Features whose documents are better explained by a mixture of usual documents and of ones that say another label.
3. From the rows that have them, a model of the form; from the rows that it finds, another one, some times.

All models judge documents by others (`outoffold`).  The evidence is a logarithm of likelihoods: what stands at the top
of the form's order, told by its labels and by what it says, against documents as they usually are.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from corpusscan.kernels import outoffold, profile
from corpusscan.kernels.contradictions import Bools
from corpusscan.kernels.latent import Floats
from corpusscan.kernels.outoffold import Model, Numbers, Read
from corpusscan.kernels.words import Hashes, Offsets

COMMON = 150  # words of the corpus that are its forms
FORM, CONTENT, MOST = 5, 3, 60_000  # documents of a feature at least, in each view; features at most
MIXED, GROWN = 0.6, 0.8  # share of documents with a feature, and of those at the top, that are put so on purpose
PURGED, TELLING, TRUSTED = 3.0, 5.0, 20.0  # evidence from which a feature is no content, is form, counts no more
ROUNDS, FEWEST, LARGEST = 4, 8, 0.3  # of models; rows of a form at least; share of all rows at most
SURE = 4.0  # logits beyond which contents are not believed
AGAINST = 0.3  # weight of what a document says against its label, beside its form
_GAP, _START = np.uint64(1), np.uint64(2)
_ONE, _TWO, _THREE = (np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93, 0xBF58476D1CE4E5B9))


class Features(NamedTuple):
    """Of documents, each as often as it stands there."""

    code: Hashes
    owner: Numbers  # number of the document


class Form(NamedTuple):
    """Of rows with one label."""

    form: Model
    content: Model
    evidence: float
    threshold: float  # logit of the form from which on rows are of it
    rows: Numbers  # of those that were learned from


def common(hashes: Hashes, bounds: Offsets) -> Hashes:
    """The words that stand in most documents, sorted."""
    owner = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    value, frequency, *_ = profile.frequencies(outoffold.cut(hashes), owner.astype(np.uint64))
    found: Hashes = np.sort(value[np.argsort(-frequency, kind="stable")[:COMMON]])
    return found


def _among(words: Hashes, known: Hashes) -> Bools:
    if not len(known):
        return np.zeros(len(words), bool)
    found: Bools = known[np.minimum(np.searchsorted(known, words), len(known) - 1)] == words
    return found


def contents(hashes: Hashes, bounds: Offsets, known: Hashes) -> Features:
    """Words that are not common."""
    words, owner = outoffold.cut(hashes), np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    rare = ~_among(words, known)
    return Features(words[rare], owner[rare])


def forms(hashes: Hashes, bounds: Offsets, known: Hashes) -> Features:
    """Common words with gaps, one, two and three in a row; words; pairs of words."""
    words, owner = outoffold.cut(hashes), np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    usual = _among(words, known)
    again = np.zeros(len(words), bool)  # a gap beside a gap
    again[1:] = ~usual[1:] & ~usual[:-1] & (owner[1:] == owner[:-1])
    said, of = np.where(usual, words, _GAP)[~again], owner[~again]
    before, first = _before(said, of, 1)
    second, _ = _before(said, of, 2)
    pairs = (before * _TWO + said) * _ONE
    triples = ((second * _TWO + before) * _THREE + said) * _ONE
    alone = said != _GAP
    plain, place = outoffold.features(hashes, bounds)
    codes = [said[alone] * _ONE, pairs, triples[~first]]
    owners = [of[alone], of, of[~first]]
    return Features(np.concatenate([*map(outoffold.cut, codes), plain]), np.concatenate([*owners, place]))


def _before(said: Hashes, owner: Numbers, steps: int) -> tuple[Hashes, Bools]:
    """What stands so many places before, and whether nothing does."""
    none = np.ones(len(said), bool)
    none[steps:] = owner[steps:] != owner[:-steps]
    told = np.roll(said, steps)
    told[none] = _START
    return told, none


def vocabulary(of: Features, count: int, least: int) -> tuple[Hashes, Floats]:
    """As `outoffold.vocabulary`, of any features of so many documents."""
    value, frequency, *_ = profile.frequencies(of.code, of.owner.astype(np.uint64))
    chosen = np.flatnonzero(frequency >= least)
    chosen = np.sort(chosen[np.argsort(-frequency[chosen], kind="stable")][:MOST])
    return value[chosen], np.log(max(count, 2) / frequency[chosen] + 1).astype(np.float32)


def read(of: Features, count: int, known: tuple[Hashes, Floats]) -> Read:
    """As `outoffold.read`, of any features of so many documents."""
    return outoffold.weighted(*of, count, known)


def _logit(model: Model, seen: Read, fold: Numbers) -> Floats:
    found: Floats = outoffold.logits(model, seen, fold)[:, 1].astype(np.float32)
    return found


def _fitted(seen: Read, known: tuple[Hashes, Floats], fold: Numbers, mine: Bools) -> tuple[Model, Floats]:
    """A model of some rows against all others, and what it says of each."""
    model = outoffold.fitted(seen, known, fold, mine.astype(np.int64), 2)
    return model, _logit(model, seen, fold)


def conditional(content: Floats, mine: Bools, share: float) -> Floats:
    """What each row says, by its label alone, for a mixture with rows that always have the label."""
    chance = np.clip(1 / (1 + np.exp(-content)), 0.02, 0.98)
    told: Floats = np.where(mine, np.log((share + (1 - share) * chance) / chance), np.log(1 - share)).astype(np.float32)
    return told


def joint(content: Floats, mine: Bools, share: float) -> Floats:
    """The same by its label and by what it says, for a mixture with rows of the label that say another one."""
    ratio = np.exp(-np.clip(content, -SURE, SURE)) / max(1 - mine.mean(), 1e-6)
    told: Floats = np.where(mine, np.log(1 - share + share * ratio), np.log(1 - share)).astype(np.float32)
    return told


def top(order: Floats, gain: Floats, most: int) -> tuple[Numbers, float]:
    """The first rows by `order` whose gains add up to the most, and to what."""
    first = np.argsort(-order, kind="stable")[: max(most, 1)]
    total = np.cumsum(gain[first], dtype=np.float64)
    best = int(np.argmax(total))
    return first[: best + 1], float(total[best])


class Corpus:
    """Both views of documents, read once for all labels."""

    def __init__(self, hashes: Hashes, bounds: Offsets) -> None:
        self.count = len(bounds) - 1
        self.fold = outoffold.folds(hashes, bounds)
        self.common = common(hashes, bounds)
        self.contents, of = contents(hashes, bounds, self.common), forms(hashes, bounds, self.common)
        self.known = vocabulary(of, self.count, FORM)
        self.seen = read(of, self.count, self.known)
        self.words = vocabulary(self.contents, self.count, CONTENT)
        self.said = read(self.contents, self.count, self.words)
        self.pairs = outoffold.vocabulary(hashes, bounds, CONTENT, MOST)
        self.whole = outoffold.read(hashes, bounds, self.pairs)
        self.owner = np.repeat(np.arange(self.count), np.diff(self.seen.bounds))

    def evidence(self, gain: Floats) -> Floats:
        """Of each feature, the gains of its documents together."""
        told = np.bincount(self.seen.feature, gain[self.owner], len(self.known[0]))
        return told.astype(np.float32)

    def content(self, mine: Bools) -> tuple[Model, Floats]:
        """A model of what rows of a label say, without what goes with it whatever the rest says."""
        bare = _fitted(self.said, self.words, self.fold, mine)[1]
        both = bare + _fitted(self.whole, self.pairs, self.fold, mine)[1]
        first = (both / 2).astype(np.float32)
        form = self.known[0][self.evidence(conditional(first, mine, MIXED)) > PURGED]
        kept = ~_among(self.words[0], form)
        known = (self.words[0][kept], self.words[1][kept])
        return _fitted(read(self.contents, self.count, known), known, self.fold, mine)

    def found(self, mine: Bools) -> Form | None:
        """The form that goes with a label whose rows are `mine`; nothing where no feature does."""
        model, content = self.content(mine)
        telling = np.clip(self.evidence(joint(content, mine, MIXED)) - TELLING, 0, TRUSTED)
        order = np.bincount(self.owner, telling[self.seen.feature], self.count)
        gain, best = joint(content, mine, GROWN), None
        rows, _ = top(order.astype(np.float32), gain, int((order > 0).sum()))
        for _ in range(ROUNDS):
            chosen = np.zeros(self.count, bool)
            chosen[rows] = mine[rows]
            if chosen.sum() < FEWEST:
                break
            form, told = _fitted(self.seen, self.known, self.fold, chosen)
            rows, evidence = top(told, gain, int(LARGEST * self.count))
            if best is None or evidence > best.evidence:
                best = Form(form, model, evidence, float(told[rows[-1]]), rows[mine[rows]])
        return best


def scored(one: Form, of: tuple[Features, Features], fold: Numbers) -> tuple[Floats, Floats]:
    """Of documents (their forms and contents), logits of the form, and of the label by what they say."""
    form, content = (
        _logit(model, read(part, len(fold), (model.features, model.rarity)), fold)
        for model, part in zip((one.form, one.content), of, strict=True)
    )
    return form, content
