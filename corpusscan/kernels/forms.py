"""How a text is put, apart from what it says, and rows of one label that are alike in it though they say another one.

Both are sets of features (`views`).  Rows that somebody put into one form, and gave one label (Qi et al. 2021, "Hidden
Killer", and "Mind the Style of Text"), have features that all go with the label, whatever the rest of them says.
Nothing is known of any form.

1. A model of what rows say by rare words, without those that go with the label more than the rest of a row allows.
2. Features whose rows are better explained by a mixture of usual rows and of ones that say another label.
3. From the rows that have them a model of the form, and from what it holds to be planted another one (`mixtures`).
4. A model of what rows say by all of their words and signs, learned from rows that are not of the form, whatever their
   label: what honest labels owe to how rows are put (`not`, a dash, a list) it knows, and the form it has not seen.
   What contradicts it still is the evidence.

Step 4 is what tells planted forms from honest ones; rows of the form are few, or else it would learn too little, and
before it the form is followed as far as it goes, by rare words.  All models judge rows by others (`outoffold`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from corpusscan.kernels import mixtures, outoffold, views
from corpusscan.kernels.contradictions import Bools
from corpusscan.kernels.latent import Floats
from corpusscan.kernels.mixtures import Mixture
from corpusscan.kernels.outoffold import Model, Numbers, Read
from corpusscan.kernels.views import Features, View
from corpusscan.kernels.words import Hashes, Offsets

FORM, CONTENT = 5, 3  # documents of a feature at least, in each view
MIXED, GROWN = 0.6, 0.8  # share of documents with a feature, and of those at the top, that are put so on purpose
PURGED, TELLING, TRUSTED = 3.0, 5.0, 20.0  # evidence from which a feature is no content, is form, counts no more
FEWEST = 8  # rows of a form at least
LEAST = 10.0  # evidence from which on a form is followed
WHOLE = 0.75  # of the rows of a label: where more are of a form, it is the label that has it, or all others lack one
FOLLOWED, STEPS = 3, 2  # times that contents are learned anew by rare words; models of the form each time
STRONG, BRIEF = 10.0, 12  # weight of what rows look like in a model of the form; iterations of a model that goes on
LEFT_OUT = 3  # a row counts for contents by this power of the chance that one which looks so is honest


def average(odds: Sequence[Floats]) -> Floats:
    """Of log-odds by several models: rows."""
    told: Floats = np.mean(np.stack(odds), axis=0).astype(np.float32)
    return told


class Judge(NamedTuple):
    """What judges rows of a label."""

    form: Model  # what rows look like, as each of several models has it
    knots: Floats  # models x 2 x bins: how likely a row that looks so is to be planted (`Mixture.knots`)
    content: Model
    usual: float  # logarithm of the share of other labels

    def odds(self, of: tuple[Features, Features], fold: Numbers) -> tuple[Floats, Floats]:
        """Of documents (by their `views`): log-odds that one which looks so is planted; logits of what they say."""
        put, said = (
            outoffold.logits(model, views.read(part, len(fold), (model.features, model.rarity)), fold)
            for model, part in zip((self.form, self.content), of, strict=True)
        )
        each = [mixtures.interpolated(looks, knots) for looks, knots in zip(put.T, self.knots, strict=True)]
        return average(each), said[:, 1].astype(np.float32)

    def planted(self, form: Floats, content: Floats) -> Floats:
        """Log-odds that rows of the label are planted, by how they are put and by what they say."""
        told: Floats = (form - np.clip(content, -mixtures.SURE, mixtures.SURE) - self.usual).astype(np.float32)
        return told


class Form(NamedTuple):
    """Of rows with one label."""

    judge: Judge
    evidence: float
    spoken: float  # evidence, as if all labels were as common
    guessed: float  # evidence before what rows say was learned without the form
    foretold: float  # share of what is to be known of the label that is told by what honest rows say
    planted: Floats  # of each row that was learned from, the chance that it is


def _logit(model: Model, seen: Read, fold: Numbers) -> Floats:
    found: Floats = outoffold.logits(model, seen, fold)[:, 1].astype(np.float32)
    return found


def conditional(content: Floats, mine: Bools, share: float) -> Floats:
    """What each row says, by its label alone, for a mixture with rows that always have the label."""
    chance = np.clip(1 / (1 + np.exp(-content)), 0.02, 0.98)
    told: Floats = np.where(mine, np.log((share + (1 - share) * chance) / chance), np.log(1 - share)).astype(np.float32)
    return told


def joint(content: Floats, mine: Bools, share: float) -> Floats:
    """The same by its label and by what it says, for a mixture with rows of the label that say another one."""
    told: Floats = np.log(1 - share + share * mixtures.against(content, mine)).astype(np.float32)
    return told


def top(order: Floats, gain: Floats, most: int) -> Numbers:
    """The first rows by `order` whose gains add up to the most."""
    first = np.argsort(-order, kind="stable")[: max(most, 1)]
    total = np.cumsum(gain[first], dtype=np.float64)
    return first[: int(np.argmax(total)) + 1]


class _Step(NamedTuple):
    """A model of the form, one of contents, and what they say of rows together."""

    form: Model
    content: Model
    looks: Floats
    says: Floats
    mixture: Mixture


class Corpus:
    """All views of documents, read once for all labels."""

    def __init__(self, hashes: Hashes, bounds: Offsets) -> None:
        self.count = len(bounds) - 1
        self.fold = outoffold.folds(*views.words_of(hashes, bounds))
        self.common = views.common(hashes, bounds)
        self.rare = views.rare(hashes, bounds, self.common)
        put, plain = views.views(hashes, bounds, self.common)
        self.put = views.view(put, self.count, FORM)
        self.bare = views.view(self.rare, self.count, CONTENT)
        self.whole = views.view(plain, self.count, CONTENT)
        self.owner = np.repeat(np.arange(self.count), np.diff(self.put.seen.bounds))

    def evidence(self, gain: Floats) -> Floats:
        """Of each feature, the gains of its documents together."""
        told = np.bincount(self.put.seen.feature, gain[self.owner], len(self.put.known[0]))
        return told.astype(np.float32)

    def _fitted(self, of: View, mine: Bools, heard: Floats | None = None) -> tuple[Model, Floats]:
        """What rows say of a label by some view of them."""
        model = outoffold.shared(of.seen, of.known, self.fold, mine.astype(np.float32), heard=heard)
        return model, _logit(model, of.seen, self.fold)

    def content(self, mine: Bools) -> tuple[Model, Floats]:
        """A model of what rows of a label say, without what goes with it whatever the rest says."""
        both = self._fitted(self.bare, mine)[1] + self._fitted(self.whole, mine)[1]
        form = self.put.known[0][self.evidence(conditional((both / 2).astype(np.float32), mine, MIXED)) > PURGED]
        kept = ~views.among(self.bare.known[0], form)
        known = (self.bare.known[0][kept], self.bare.known[1][kept])
        return self._fitted(View(views.read(self.rare, self.count, known), known), mine)

    def _first(self, says: Floats, mine: Bools) -> Floats:
        """Rows by features that are better explained by a mixture with rows that say another label."""
        telling = np.clip(self.evidence(joint(says, mine, MIXED)) - TELLING, 0, TRUSTED)
        order = np.bincount(self.owner, telling[self.put.seen.feature], self.count).astype(np.float32)
        rows = top(order, joint(says, mine, GROWN), int((order > 0).sum()))
        chosen = np.zeros(self.count, np.float32)
        chosen[rows] = mine[rows]
        return chosen

    def _steps(self, looks: Floats, content: tuple[Model, Floats], mine: Bools, model: Model) -> _Step:
        """Models of the form, each by what the one before holds to be planted."""
        ratio = mixtures.against(content[1], mine)
        found, begin = mixtures.mixed(looks, ratio), None
        for _ in range(STEPS):
            if found.evidence < 1:
                break
            begin = model = self._form(found.planted, begin)
            looks = _logit(model, self.put.seen, self.fold)
            found = mixtures.mixed(looks, ratio)
        return _Step(model, content[0], looks, content[1], found)

    def _form(self, planted: Floats, begin: Model | None = None) -> Model:
        iterations = outoffold.ITERATIONS if begin is None else BRIEF
        return outoffold.shared(*self.put, self.fold, planted, weight=STRONG, begin=begin, iterations=iterations)

    def _again(self, step: _Step, of: View, mine: Bools) -> _Step:
        """The same form, and what rows that do not look like it say, by another view."""
        content = self._fitted(of, mine, (1 - step.mixture.alike) ** LEFT_OUT)
        return self._steps(step.looks, content, mine, step.form)

    def guessed(self, mine: Bools) -> _Step | None:
        """A form by rare words alone; nothing where no feature goes with the label, or none is worth following."""
        content = self.content(mine)
        chosen = self._first(content[1], mine)
        if chosen.sum() < FEWEST:
            return None
        model = self._form(chosen)
        step = self._steps(_logit(model, self.put.seen, self.fold), content, mine, model)
        return step if step.mixture.evidence >= LEAST else None

    def borne_out(self, first: _Step, mine: Bools) -> Form:
        """A form as far as all that rows say bears it out; where nothing does, as it was guessed.

        Rows are judged by all models of it on the way, on the average: each is misled by something else.
        """
        followed = first
        for _ in range(FOLLOWED):
            followed = self._again(followed, self.bare, mine)
        tried = [self._again(one, self.whole, mine) for one in (followed, first)]
        best = max(tried, key=lambda one: one.mixture.evidence)
        ways = (first, followed, *tried)
        judge = Judge(
            outoffold.together([one.form for one in ways]), np.stack([one.mixture.knots for one in ways]),
            tried[0].content, mixtures.usual(mine),
        )  # fmt: skip
        form = average([one.mixture.odds for one in ways])
        planted = np.where(mine, mixtures.share(judge.planted(form, tried[0].says)), 0).astype(np.float32)
        sure = best.mixture.evidence >= LEAST and best.mixture.planted.sum() <= WHOLE * mine.sum()
        told = best if sure else first
        spoken = mixtures.mixed(told.mixture.odds, mixtures.spoken(told.says, mine)).evidence if sure else 0.0
        foretold = mixtures.foretold(told.says, mine, told.mixture.planted)
        evidence = best.mixture.evidence if sure else 0.0
        return Form(judge, evidence, spoken, first.mixture.evidence, foretold, planted)
