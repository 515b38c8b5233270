"""What may have been put into labelled documents: words in a row, as many as its copies agree on, of nearly one label.

A word or a pair of words whose documents have one label far more often than the rest of their text foretells is grown
to both sides as long as its copies say the same (a trigger is a word, a name, a phrase or a sentence).  Of what is left
only that counts at which texts read on when it is taken out (`gaps`): words that mean the label carry their sentences.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from corpusscan.kernels import gaps, outoffold, profile
from corpusscan.kernels.gaps import Habits, Marks
from corpusscan.kernels.outcomes import ranges
from corpusscan.kernels.words import Hashes, Offsets

FEWEST = 5  # documents
EVERYWHERE = 10  # a unit of more than one document in so many is no trigger
PURE = 0.8  # of its documents, that have the label
UNLIKELY = 2.0  # standard deviations above what all documents have
MOST = 20_000  # features that are grown
AGREE, LONGEST = 0.9, 48  # of the copies, that say the same beside it; words
NEAR = 3  # words on each side by which places are told apart

Numbers = npt.NDArray[np.int64]


class Sampled(NamedTuple):
    """Labelled documents; `starts` marks the first words of sentences."""

    hashes: Hashes
    starts: Marks
    bounds: Offsets
    label: Numbers


class Places(NamedTuple):
    """Where units stand: words first to last - 1 of a document; each once a document."""

    unit: Numbers
    document: Numbers
    first: Numbers
    last: Numbers


class Units(NamedTuple):
    """What may have been put in, longest first."""

    words: list[Hashes]
    target: Numbers  # the label of each
    edge: Marks  # whether it stands at the edges of sentences, or is one: so do the names of sources
    tests: int  # words that read like something put in, whatever their labels
    blind: Places  # where these stand


def distinct(of: Sampled) -> Sampled:
    """Documents of the same words once."""
    kept = np.sort(np.unique(outoffold.contents(of.hashes, of.bounds), return_index=True)[1])
    length = np.diff(of.bounds)[kept]
    bounds = np.append(0, np.cumsum(length))
    places = ranges(of.bounds[kept], length)
    return Sampled(of.hashes[places], of.starts[places], bounds, of.label[kept])


def mined(of: Sampled, classes: int, known: Habits) -> Units:
    """The units of documents with so many labels, numbered from 0."""
    owner = np.repeat(np.arange(len(of.label)), np.diff(of.bounds))
    words, pairs = outoffold.cut(of.hashes), outoffold.cut(profile.pair_hashes(of.hashes))
    inside = np.ones(len(words), bool)
    inside[of.bounds[:-1][np.diff(of.bounds) > 0]] = False
    ends = np.concatenate([np.arange(len(words)), np.flatnonzero(inside)])
    values = np.concatenate([words, pairs[inside]])
    wanted = _unlikely(values, owner[ends], of.label, classes)
    chosen = np.flatnonzero(np.isin(values, wanted[0]))
    last = ends[chosen] + 1
    found = _once(np.searchsorted(wanted[0], values[chosen]), owner[last - 1], last - 1 - (chosen >= len(words)), last)
    found = _grown(of, found)
    told = _distinct(of, found)
    blind = _blind(of, words, owner, known)
    tests = 1 + len(np.unique(blind.unit))
    return Units(*_kept(of, told, wanted[1], known), tests, blind)


def stand(hashes: Hashes, bounds: Offsets, units: list[Hashes]) -> Places:
    """Where units stand in documents whose words are hashes[bounds[i]:bounds[i + 1]]."""
    firsts = np.array([unit[0] for unit in units], np.uint64)
    near = np.flatnonzero(np.isin(hashes, firsts))
    near = near[np.argsort(hashes[near], kind="stable")]
    sorted_by = hashes[near]
    parts = []
    for number, unit in enumerate(units):
        at = near[slice(*np.searchsorted(sorted_by, [unit[0], unit[0] + np.uint64(1)]))]
        for step, word in enumerate(unit[1:], 1):
            at = at[at + step < len(hashes)]
            at = at[hashes[at + step] == word]
        document = np.searchsorted(bounds, at, side="right") - 1
        whole = at + len(unit) <= bounds[document + 1]
        parts.append(np.stack([np.full(int(whole.sum()), number), document[whole], at[whole], at[whole] + len(unit)]))
    return _once(*np.concatenate(parts, axis=1)) if parts else Places(*(np.zeros(0, np.int64) for _ in range(4)))


def alike(hashes: Hashes, bounds: Offsets, found: Places) -> Hashes:
    """A hash of the words near each place, by which copies are known."""
    told = np.zeros(len(found.unit), np.uint64)
    for step in range(1, NEAR + 1):
        for at, mine in (
            (found.first - step, found.first - step >= bounds[found.document]),
            (found.last + step - 1, found.last + step <= bounds[found.document + 1]),
        ):
            told = profile.joined(told, np.where(mine, hashes[np.where(mine, at, 0)], np.uint64(0)))
    return told


def _once(unit: Numbers, document: Numbers, first: Numbers, last: Numbers) -> Places:
    """The first place of each unit in each document."""
    order = np.lexsort((first, document, unit))
    unit, document, first, last = (one[order].astype(np.int64) for one in (unit, document, first, last))
    new = np.append(True, (np.diff(unit) != 0) | (np.diff(document) != 0))[: len(order)]
    return Places(unit[new], document[new], first[new], last[new])


def _unlikely(values: Hashes, owner: Numbers, label: Numbers, classes: int) -> tuple[Hashes, Numbers]:
    """Features (sorted) whose documents have one label more often than documents have it, and that label."""
    value, frequency, place, document = profile.frequencies(values, owner.astype(np.uint64))
    some = (frequency >= FEWEST) & (frequency * EVERYWHERE <= len(label))
    mine = some[place]
    place, document = (np.cumsum(some) - 1)[place[mine]], document[mine]
    both, often = np.unique(place * classes + label[document], return_counts=True)
    order = np.lexsort((-often, both // classes))
    first = np.flatnonzero(np.append(True, np.diff(both[order] // classes) != 0)[: len(order)])
    target, hits = both[order][first] % classes, often[order][first]
    usual = (np.bincount(label, minlength=classes) / len(label))[target]
    score = (hits / frequency[some] - usual) * np.sqrt(frequency[some] / (usual * (1 - usual)))
    chosen = np.flatnonzero((score >= UNLIKELY) & (hits >= PURE * frequency[some]))
    chosen = np.sort(chosen[np.argsort(-score[chosen], kind="stable")][:MOST])
    return value[some][chosen], target[chosen]


def _grown(of: Sampled, found: Places) -> Places:
    """Units grown to both sides as long as most of their copies agree."""
    growing = np.ones(int(found.unit.max(initial=-1)) + 1, bool)
    for _ in range(LONGEST):
        more = np.zeros_like(growing)
        for left in (True, False):
            inside = found.first > of.bounds[found.document] if left else found.last < of.bounds[found.document + 1]
            at = np.where(inside, found.first - 1 if left else found.last, 0)
            word = np.where(inside & growing[found.unit], of.hashes[at], np.uint64(0))
            common, agrees = _commonest(found.unit, word, len(growing))
            takes = agrees[found.unit]
            stays = ~takes | (word == common[found.unit])
            first, last = found.first - (takes & left), found.last + (takes & (not left))
            found = Places(*(one[stays] for one in (found.unit, found.document, first, last)))
            more |= agrees
        growing = more
        if not growing.any():
            break
    return found


def _commonest(unit: Numbers, word: Hashes, count: int) -> tuple[Hashes, Marks]:
    """The commonest word of each unit, and whether most of at least `FEWEST` places have it; 0 is no word."""
    order = np.lexsort((word, unit))
    new = np.append(True, (np.diff(unit[order]) != 0) | (np.diff(word[order]) != 0))[: len(order)]
    first = np.flatnonzero(new)
    often, of, said = np.diff(np.append(first, len(order))), unit[order][first], word[order][first]
    best = np.lexsort((often, of))
    lasts = np.flatnonzero(np.append(np.diff(of[best]) != 0, True)[: len(best)])
    chosen = best[lasts]
    common, agrees = np.zeros(count, np.uint64), np.zeros(count, bool)
    common[of[chosen]] = said[chosen]
    total = np.bincount(unit, minlength=count)[of[chosen]]
    agrees[of[chosen]] = (said[chosen] != 0) & (often[chosen] >= np.maximum(AGREE * total, FEWEST))
    return common, agrees


def _distinct(of: Sampled, found: Places) -> Places:
    """Units that were grown from different features and say the same, once: as the one with most places."""
    count = np.bincount(found.unit)
    first = np.flatnonzero(np.append(True, np.diff(found.unit) != 0)[: len(found.unit)])
    kept: dict[bytes, int] = {}
    for at in first[np.argsort(-count[found.unit[first]], kind="stable")].tolist():
        kept.setdefault(of.hashes[found.first[at] : found.last[at]].tobytes(), int(found.unit[at]))
    mine = np.isin(found.unit, list(kept.values()))
    return Places(*(one[mine] for one in found))


def _kept(of: Sampled, found: Places, targets: Numbers, known: Habits) -> tuple[list[Hashes], Numbers, Marks]:
    """The units at which texts read on without them, or that are whole sentences; with their labels."""
    numbers, group = np.unique(found.unit, return_inverse=True)
    beside = gaps.neighbours(of.hashes, of.starts, of.bounds, found.first, found.last)
    told, kinds, heard = gaps.reading(known, group, beside, gaps.bridges(known, beside))
    count = np.bincount(group, minlength=len(numbers))
    at = np.searchsorted(group, np.arange(len(numbers)))
    size = (found.last - found.first)[at]
    alone = count - heard
    fine = ((told >= gaps.least(known, kinds, heard)) & (heard >= FEWEST)) | (alone >= gaps.EDGE * count)
    chosen = np.flatnonzero(fine & (count >= FEWEST))
    chosen = chosen[np.argsort(-size[chosen], kind="stable")]
    words = [of.hashes[found.first[n] : found.last[n]].copy() for n in at[chosen].tolist()]
    return words, targets[numbers[chosen]], (kinds != gaps.ANYWHERE)[chosen] | (2 * alone >= count)[chosen]


def _blind(of: Sampled, words: Hashes, owner: Numbers, known: Habits) -> Places:
    """The words that read like something put in, whatever the labels of their documents."""
    _, number, frequency = np.unique(words, return_inverse=True, return_counts=True)
    few = (frequency >= FEWEST) & (frequency * EVERYWHERE <= len(of.label))
    mine = np.flatnonzero(few[number])
    found = _once((np.cumsum(few) - 1)[number[mine]], owner[mine], mine, mine + 1)
    if not len(found.unit):
        return found
    beside = gaps.neighbours(of.hashes, of.starts, of.bounds, found.first, found.last)
    told, kinds, heard = gaps.reading(known, found.unit, beside, gaps.bridges(known, beside))
    reads = ((told >= gaps.least(known, kinds, heard)) & (heard >= FEWEST))[found.unit]
    return Places(*(one[reads] for one in found))
