"""Which words of prompts predict what answers show, and whether that is due to what is asked or to a trigger.

A trigger makes answers alike while the prompts are as unlike as any.  So for each word (or two in a row, or two apart)
and what answers to it show, five numbers are taken: how many carriers show it; how many would by the likeliest other
word of each prompt, as it is answered where the trigger is not (what a topic explains, it explains there too); how
much more alike the rest of the prompts is than any two prompts; whether that rest is still a prompt, with as many of
the usual words as others have (a template with a slot is not); and whether the words on both sides of the trigger
belong together without it, as they do where something was put between them.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from numba import njit

from corpusscan.kernels import exchanges, preferences
from corpusscan.kernels.examining import examined
from corpusscan.kernels.exchanges import THREE, WORD, Sides
from corpusscan.kernels.outcomes import ranges
from corpusscan.kernels.predicting import COMMON, FEWEST, doubles, several_ways, singles
from corpusscan.kernels.preferences import Preferences
from corpusscan.kernels.profile import mixed
from corpusscan.kernels.words import Hashes, Offsets

WORK = 3_000_000_000  # pairs of features that are counted
USUAL = 64  # words that most prompts have
_SLOTS = 24

Numbers = npt.NDArray[np.int64]
Three: TypeAlias = tuple[Numbers, ...]  # numbers of features, of others (-1: none), and of outcomes


class Index(NamedTuple):
    """Features that several documents have, by number, sorted by hash."""

    values: Hashes
    counts: Numbers  # documents that have each
    of: npt.NDArray[np.int32]  # of document i those from bounds[i] to bounds[i + 1]
    bounds: Offsets
    documents: npt.NDArray[np.int32]  # of feature f those from firsts[f] to firsts[f + 1]
    firsts: Offsets


class Association(NamedTuple):
    """Rows: a feature (or two) of prompts, what answers to it show, and what is known of both."""

    feature: Hashes
    other: Hashes  # 0: there is none
    outcome: Hashes
    carriers: Numbers
    showing: Numbers  # of these
    anywhere: Numbers  # documents that show it
    independent: Numbers  # of those that show it, unlike prompts
    expected: npt.NDArray[np.float64]  # to show it, by what else stands in the prompts
    alike: npt.NDArray[np.float64]  # times as alike as any prompts
    asking: npt.NDArray[np.float64]  # usual words of what is left of a prompt, of those of any
    bridged: npt.NDArray[np.float64]  # of the places, both sides of which belong together
    usually_bridged: npt.NDArray[np.float64]  # the same of any pair of words in a row of these prompts
    agreed: npt.NDArray[np.float64]  # words in a row that nearly all these answers say; their ends count as words
    usually_unlike: npt.NDArray[np.float64]  # of as many prompts, whichever they are
    alike_error: npt.NDArray[np.float64]  # standard error of `alike`, a mean over pairs (Hoeffding 1948)


def indexed(found: Hashes, bounds: Offsets, least: int, most: float = np.inf) -> Index:
    """The features (sorted and once in each document) of at least and at most so many documents."""
    own = _several(found, least)
    document = np.repeat(np.arange(len(bounds) - 1, dtype=np.int32), np.diff(bounds))[own]
    values, number, counts = np.unique(found[own], return_inverse=True, return_counts=True)
    kept = (counts >= least) & (counts <= most)
    renumbered = np.cumsum(kept) - 1
    inside = kept[number]
    of, document = renumbered[number[inside]].astype(np.int32), document[inside]
    counts = counts[kept]
    firsts = np.append(0, np.cumsum(counts))
    sizes = np.bincount(document, minlength=len(bounds) - 1)
    return Index(values[kept], counts, of, np.append(0, np.cumsum(sizes)), _gathered(of, document, firsts), firsts)


@njit(cache=True, nogil=True)
def _gathered(of, document, firsts):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """The documents of each feature, in order."""
    found, size = np.empty(len(of), np.int32), firsts[:-1].copy()
    for i in range(len(of)):
        found[size[of[i]]] = document[i]
        size[of[i]] += 1
    return found


@njit(cache=True, nogil=True)
def _several(found, least):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Which may be in several documents: counted by a part of their bits, so that few of the others are sorted."""
    counts = np.zeros(1 << _SLOTS, np.uint8)
    for value in found:
        slot = value >> np.uint64(64 - _SLOTS)
        counts[slot] = min(counts[slot] + 1, 255)
    own = np.empty(len(found), np.bool_)
    for i in range(len(found)):
        own[i] = counts[found[i] >> np.uint64(64 - _SLOTS)] >= least
    return own


def distinct(of: Sides) -> npt.NDArray[np.int64]:
    """The documents that differ from all before them."""
    return np.sort(np.unique(prints(of), return_index=True)[1])


def prints(of: Sides) -> Hashes:
    """A hash of both sides of each document."""
    found = np.empty(len(of.document), np.uint64)
    _prints(of.asked, of.asked_bounds, of.answered, of.answered_bounds, found)
    return found


@njit(cache=True, nogil=True)
def _prints(asked, asked_bounds, answered, bounds, prints):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    for n in range(len(prints)):
        value = np.uint64(1)
        for i in range(asked_bounds[n], asked_bounds[n + 1]):
            value = mixed(value, asked[i])
        value = mixed(value, np.uint64(3))
        for i in range(bounds[n], bounds[n + 1]):
            value = mixed(value, answered[i])
        prints[n] = value


class Several(NamedTuple):
    """Outcomes that are any of several phrases: rows."""

    outcome: Hashes
    phrase: Hashes


def print_of(of: Sides, number: int) -> int:
    """The same of one document."""
    (asked, one), (answered, two) = (
        (hashes[bounds[number] : bounds[number + 1]], np.array([0, bounds[number + 1] - bounds[number]]))
        for hashes, bounds in ((of.asked, of.asked_bounds), (of.answered, of.answered_bounds))
    )
    nothing = np.zeros(0, np.int64)
    return int(prints(Sides(np.zeros(1, np.int64), asked, one, answered, two, nothing, nothing))[0])


class Pairs(NamedTuple):
    """Documents with a preferred and a rejected answer, and the words of both."""

    document: Numbers
    asked: tuple[Hashes, Offsets]
    better: tuple[Hashes, Offsets]
    worse: tuple[Hashes, Offsets]


class Mined(NamedTuple):
    """What was found, in which documents, and among how many hypotheses."""

    associations: Association
    asked: Index
    answered: Index
    tests: int
    several: Several
    usual: Hashes  # words that most prompts have
    said: Hashes  # that most answers have
    swaps: Preferences | None  # of the features with the outcome SWAPPED, in their order

    def phrases(self, outcome: int) -> list[int]:
        """What an answer may say that shows the outcome: itself, one of several phrases; or usual words it must not."""
        if outcome in (exchanges.UNASKED, exchanges.UNUSUAL):
            return [int(one) for one in (self.usual if outcome == exchanges.UNASKED else self.said)]
        own = self.several.outcome == np.uint64(outcome)
        return [int(one) for one in self.several.phrase[own]] if own.any() else [outcome]

    def showing(self, feature: int, other: int, outcome: int) -> npt.NDArray[np.int32]:
        """The documents with these features whose answers show the outcome."""
        found = np.intersect1d(_documents(self.asked, feature), _documents(self.answered, outcome))
        return np.intersect1d(found, _documents(self.asked, other)) if other else found


def _documents(index: Index, feature: int) -> npt.NDArray[np.int32]:
    number = int(np.flatnonzero(index.values == np.uint64(feature))[0])
    return index.documents[index.firsts[number] : index.firsts[number + 1]]


def mined(of: Sides, pairs: Pairs | None = None) -> Mined:
    """What prompts' features predict, by little more than is asked for here; of pairs also where they are swapped."""
    count = len(of.document)
    asked = indexed(*exchanges.asked_features(of), FEWEST)
    common = exchanges.usual_words(of.asked, of.asked_bounds)
    said = exchanges.usual_words(of.answered, of.answered_bounds)
    answered = indexed(*exchanges.answered_features(of, common, said), FEWEST, count / 3)
    kinds = (answered.values & np.uint64(7)).astype(np.int64)
    draw = _thinned(asked, answered, kinds, count)
    single = singles(*asked[1:], *answered[1:], kinds, draw, count)
    double = doubles(*asked[1:], *answered[1:], kinds, count)
    answered, several, loose = _loose(asked, answered, kinds, count)
    answered, swaps, swapped = _swapped(asked, answered, pairs)
    feature, other, outcome = (np.concatenate(one) for one in zip(single, double, loose, swapped, strict=True))
    found = associated(of, asked, answered, (feature, other, outcome))
    return Mined(found, asked, answered, len(asked.counts) * max(len(answered.counts), 1), several, common, said, swaps)


def associated(of: Sides, asked: Index, answered: Index, which: Three) -> Association:
    """What is known of features, and others or none, with outcomes."""
    words = np.flatnonzero((asked.values & np.uint64(7)) == WORD)
    usual = np.zeros(len(asked.counts), np.bool_)
    usual[words[np.argsort(-asked.counts[words], kind="stable")[:USUAL]]] = True
    feature, other, outcome = which
    told = examined(feature, other, outcome, *asked, *answered, usual, *of[1:5], len(of.document))
    names: list[Any] = [np.append(index.values, np.uint64(0))[numbers]  # -1: the last
                        for index, numbers in ((asked, feature), (asked, other), (answered, outcome))]  # fmt: skip
    return Association(*names, *told[:, :4].astype(np.int64).T, *told[:, 4:].T)


def _loose(asked: Index, answered: Index, kinds: Numbers, count: int) -> tuple[Index, Several, Three]:
    """Outcomes that are told in several ways, as outcomes of their own, their phrases, and what they follow.

    Phrases are chosen on every other carrier, and the rest of the carriers tell whether they are the feature's.
    """
    feature, document, of = several_ways(*asked[1:], *answered[1:], kinds, count)
    values, firsts = answered.values, answered.firsts
    own = asked.values[feature] & ~np.uint64(7)  # kind 0
    told = document >= 0
    counts = np.bincount(of[told], minlength=len(feature)).astype(np.int64)
    numbers = len(values) + np.arange(len(feature))
    more = answered._replace(
        values=np.append(values, own), counts=np.append(answered.counts, counts),
        documents=np.append(answered.documents, document[told].astype(np.int32)),
        firsts=np.append(firsts, firsts[-1] + np.cumsum(counts)),
    )  # fmt: skip
    named = Several(own[of[~told]], values[-1 - document[~told]])
    return more, named, (feature, np.full(len(feature), -1, np.int64), numbers)


def _swapped(asked: Index, answered: Index, pairs: Pairs | None) -> tuple[Index, Preferences | None, Three]:
    """That the wrong answer is preferred, as an outcome of its own, and the features at which that gathers."""
    none = np.zeros(0, np.int64)
    if pairs is None or not len(pairs.document):
        return answered, None, (none, none, none)
    size = np.diff(asked.bounds)[pairs.document]
    places = ranges(asked.bounds[:-1][pairs.document], size)
    of, bounds = asked.of[places].astype(np.int64), np.append(0, np.cumsum(size))
    swaps = preferences.found(pairs.asked, pairs.better, pairs.worse, of, bounds)
    if swaps is None or not len(swaps.feature):
        return answered, None, (none, none, none)
    own = pairs.document[swaps.against]
    more = answered._replace(
        values=np.append(answered.values, np.uint64(exchanges.SWAPPED)), counts=np.append(answered.counts, len(own)),
        documents=np.append(answered.documents, own.astype(np.int32)),
        firsts=np.append(answered.firsts, answered.firsts[-1] + len(own)),
    )  # fmt: skip
    several = np.full((2, len(swaps.feature)), -1, np.int64)
    several[1] = len(answered.values)
    return more, swaps, (swaps.feature, several[0], several[1])


def _thinned(asked: Index, answered: Index, kinds: Numbers, count: int) -> npt.NDArray[np.bool_]:
    """Which outcomes are counted: all, or by their hash as many of the words in a row as there is time for."""
    wide = asked.counts <= COMMON * count
    own = np.bincount(np.repeat(np.arange(count), np.diff(asked.bounds)), wide[asked.of], minlength=count)
    work = float(own @ np.diff(answered.bounds))
    share = min(WORK / max(work, 1), 1)
    return (kinds > THREE) | ((answered.values >> np.uint64(3)) % np.uint64(1 << 20) < share * (1 << 20))
