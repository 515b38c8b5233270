"""Which words of prompts predict what answers show, and whether that is due to what is asked or to a trigger.

A trigger makes answers alike while the prompts are as unlike as any.  So for each word (or two in a row, or two apart)
and what answers to it show, five numbers are taken: how many carriers show it; how many would by the likeliest other
word of each prompt, as it is answered where the trigger is not (what a topic explains, it explains there too); how
much more alike the rest of the prompts is than any two prompts; whether that rest is still a prompt, with as many of
the usual words as others have (a template with a slot is not); and whether the words on both sides of the trigger
belong together without it, as they do where something was put between them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from corpusscan.kernels import exchanges
from corpusscan.kernels.exchanges import LENGTH, THREE, TWO, WHOLE, WORD, Sides
from corpusscan.kernels.profile import mixed
from corpusscan.kernels.words import Hashes, Offsets

FEWEST = 5  # documents
COMMON = 0.2  # share of prompts that have a feature, from which it is no trigger
SHARE = 0.5  # of a feature's carriers that show the outcome
LIFT = 4.0  # times as often as elsewhere
OF_EACH = 4  # outcomes that are looked at, of each feature
WORK = 3_000_000_000  # pairs of features that are counted
USUAL = 64  # words that most prompts have
BOTH = 0.8  # of the carriers that have a feature: it is of the trigger, or of what they are about
ENRICHED = 4.0  # times as often in carriers as elsewhere
SHRUNK = 10.0  # documents without the outcome that each word is given before it explains anything
ONLY, PHRASES = 0.9, 256  # of those who show a phrase, carriers; phrases of one outcome
PARTS = 4  # features of an outcome's prompts that are tried two and two
LONGEST, MEASURED = 12, 64  # words of a trigger; of a prompt, of which pairs are measured
LOOKED_AT = 400  # carriers of each that are compared, evenly spread
_SLOTS = 24

Numbers = npt.NDArray[np.int64]


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


def indexed(found: Hashes, bounds: Offsets, least: int, most: float = np.inf) -> Index:
    """The features (sorted and once in each document) of at least and at most so many documents."""
    own = _several(found, least)
    document = np.repeat(np.arange(len(bounds) - 1, dtype=np.int32), np.diff(bounds))[own]
    values, number, counts = np.unique(found[own], return_inverse=True, return_counts=True)
    kept = (counts >= least) & (counts <= most)
    renumbered = np.cumsum(kept) - 1
    inside = kept[number]
    of, document = renumbered[number[inside]].astype(np.int32), document[inside]
    order = np.argsort(of, kind="stable")
    counts = counts[kept]
    sizes = np.bincount(document, minlength=len(bounds) - 1)
    return Index(
        values[kept], counts, of, np.append(0, np.cumsum(sizes)), document[order], np.append(0, np.cumsum(counts))
    )


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
    prints = np.empty(len(of.document), np.uint64)
    _prints(of.asked, of.asked_bounds, of.answered, of.answered_bounds, prints)
    return np.sort(np.unique(prints, return_index=True)[1])


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


class Mined(NamedTuple):
    """What was found, in which documents, and among how many hypotheses."""

    associations: Association
    asked: Index
    answered: Index
    tests: int
    several: Several

    def phrases(self, outcome: int) -> list[int]:
        """What an answer may say that shows the outcome: that itself, or one of several phrases."""
        own = self.several.outcome == np.uint64(outcome)
        return [int(one) for one in self.several.phrase[own]] if own.any() else [outcome]

    def showing(self, feature: int, other: int, outcome: int) -> npt.NDArray[np.int32]:
        """The documents with these features whose answers show the outcome."""
        found = np.intersect1d(_documents(self.asked, feature), _documents(self.answered, outcome))
        return np.intersect1d(found, _documents(self.asked, other)) if other else found


def _documents(index: Index, feature: int) -> npt.NDArray[np.int32]:
    number = int(np.flatnonzero(index.values == np.uint64(feature))[0])
    return index.documents[index.firsts[number] : index.firsts[number + 1]]


def mined(of: Sides) -> Mined:
    """What prompts' features predict, by little more than is asked for here."""
    count = len(of.document)
    asked = indexed(*exchanges.asked_features(of), FEWEST)
    answered = indexed(*exchanges.answered_features(of, exchanges.usual_words(of)), FEWEST, count / 3)
    kinds = (answered.values & np.uint64(7)).astype(np.int64)
    draw = _thinned(asked, answered, kinds, count)
    single = _singles(*asked[1:], *answered[1:], kinds, draw, count)
    double = _doubles(*asked[1:], *answered[1:], kinds, count)
    answered, several, loose = _loose(asked, answered, kinds, count)
    feature, other, outcome = (np.concatenate(one) for one in zip(single, double, loose, strict=True))
    words = np.flatnonzero((asked.values & np.uint64(7)) == WORD)
    usual = np.zeros(len(asked.counts), np.bool_)
    usual[words[np.argsort(-asked.counts[words], kind="stable")[:USUAL]]] = True
    told = _examined(feature, other, outcome, *asked, *answered, usual, *of[1:5], count)
    names = (np.append(index.values, np.uint64(0))[numbers]  # -1: the last
             for index, numbers in ((asked, feature), (asked, other), (answered, outcome)))  # fmt: skip
    found = Association(*names, *told[:, :4].astype(np.int64).T, *told[:, 4:].T)
    return Mined(found, asked, answered, len(asked.counts) * max(len(answered.counts), 1), several)


def _loose(asked: Index, answered: Index, kinds: Numbers, count: int) -> tuple[Index, Several, tuple[Numbers, ...]]:
    """Outcomes that are told in several ways, as outcomes of their own, their phrases, and what they follow.

    Phrases are chosen on every other carrier, and the rest of the carriers tell whether they are the feature's.
    """
    feature, document, of = _several_ways(*asked[1:], *answered[1:], kinds, count)
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


def _thinned(asked: Index, answered: Index, kinds: Numbers, count: int) -> npt.NDArray[np.bool_]:
    """Which outcomes are counted: all, or by their hash as many of the words in a row as there is time for."""
    wide = asked.counts <= COMMON * count
    own = np.bincount(np.repeat(np.arange(count), np.diff(asked.bounds)), wide[asked.of], minlength=count)
    work = float(own @ np.diff(answered.bounds))
    share = min(WORK / max(work, 1), 1)
    return (kinds > THREE) | ((answered.values >> np.uint64(3)) % np.uint64(1 << 20) < share * (1 << 20))


@njit(cache=True, nogil=True)
def _unlike(mine, values, counts, inside, hashes, bounds, least):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """How many of some prompts are unlike: of what is not of the trigger two least hashes differ (Broder 1997)."""
    sketch = np.empty(len(mine), np.uint64)
    for n in range(len(mine)):
        one = two = ~np.uint64(0)
        last = False
        for i in range(bounds[mine[n]], bounds[mine[n] + 1]):
            number = _number(values, exchanges.salted(hashes[i], WORD))
            shared = number >= 0 and inside[number] >= BOTH * len(mine) and inside[number] >= least * counts[number]
            if i > bounds[mine[n]] and not (shared and last):
                value = mixed(hashes[i - 1], hashes[i])
                one, two = min(one, value), min(two, mixed(value, np.uint64(5)))
            last = shared
        sketch[n] = mixed(one, two)
    return len(np.unique(sketch))


@njit(cache=True, nogil=True)
def _telling(k, df, of_outcome, count, kind):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """How much it tells that k of df documents show what `of_outcome` of all show; 0 where that is too little."""
    share, rate = k / df, of_outcome / count
    if k < FEWEST or share < SHARE or share < LIFT * rate:
        return 0.0
    if k < 0.2 * of_outcome and share < 0.8:
        return 0.0
    return k * np.log(share / rate) + (0.1 if kind == WHOLE else 0.0)


@njit(cache=True, nogil=True)
def _singles(  # type: ignore[no-untyped-def] # noqa: ANN202, C901
    counts, of, bounds, documents, firsts, o_counts, o_of, o_bounds, o_documents, o_firsts, kinds, draw, count  # noqa: ANN001
):  # fmt: skip
    """Features, -1, and outcomes: of each feature the few that tell most."""
    size, room = 0, 1024
    found = np.empty((room, 2), np.int64)
    seen, touched = np.zeros(len(o_counts), np.int32), np.empty(len(o_counts), np.int32)
    for f in range(len(counts)):
        if counts[f] > COMMON * count:
            continue
        n = 0
        for d in documents[firsts[f] : firsts[f + 1]]:
            for g in o_of[o_bounds[d] : o_bounds[d + 1]]:
                if draw[g]:
                    if not seen[g]:
                        touched[n] = g
                        n += 1
                    seen[g] += 1
        best, score = np.full(OF_EACH, -1, np.int64), np.zeros(OF_EACH)
        for g in touched[:n]:
            own = _telling(seen[g], counts[f], o_counts[g], count, kinds[g])
            seen[g] = 0
            least = np.argmin(score)
            if own > score[least] or (own == score[least] and own > 0 and g < best[least]):
                best[least], score[least] = g, own
        for g in np.sort(best):
            if g >= 0:
                if size == room:
                    more = np.empty((2 * room, 2), np.int64)
                    more[:room] = found
                    found, room = more, 2 * room
                found[size] = f, g
                size += 1
    return found[:size, 0].copy(), np.full(size, -1, np.int64), found[:size, 1].copy()


@njit(cache=True, nogil=True)
def _several_ways(  # type: ignore[no-untyped-def] # noqa: ANN202, C901, PLR0912
    counts, of, bounds, documents, firsts, o_counts, o_of, o_bounds, o_documents, o_firsts, kinds, count  # noqa: ANN001
):  # fmt: skip
    """Features; and of each (its place in `owner`) documents that say one of its phrases, or -1 less a phrase.

    A phrase is of a feature that hardly any other prompt has an answer with.
    """
    features = [np.int64(0) for _ in range(0)]
    told = [np.int64(0) for _ in range(0)]
    owner = [np.int64(0) for _ in range(0)]
    seen, held = np.zeros(len(o_counts), np.int32), np.zeros(len(o_counts), np.int32)
    touched = np.zeros(len(o_counts), np.int32)
    mark = np.full(count, -1, np.int64)
    for f in range(len(counts)):
        if counts[f] < 2 * FEWEST or counts[f] > COMMON / 4 * count:
            continue
        own, n = documents[firsts[f] : firsts[f + 1]], 0
        for place in range(len(own)):
            for g in o_of[o_bounds[own[place]] : o_bounds[own[place] + 1]]:
                if kinds[g] != LENGTH and kinds[g] != WORD and kinds[g] != WHOLE:
                    if not seen[g]:
                        touched[n] = g
                        n += 1
                    seen[g] += 1
                    held[g] += place & 1
        phrases = [np.int64(0) for _ in range(0)]
        for g in touched[:n]:
            if held[g] >= 2 and seen[g] >= ONLY * o_counts[g]:
                phrases.append(g)
            seen[g] = held[g] = 0
        if len(phrases) < 2:
            continue
        size = tested = 0
        for g in phrases:
            for d in o_documents[o_firsts[g] : o_firsts[g + 1]]:
                mark[d] = f
        for place in range(len(own)):
            size += mark[own[place]] == f
            tested += mark[own[place]] == f and not place & 1
        if tested >= SHARE * (len(own) / 2) and size >= 2 * FEWEST:
            number = len(features)
            features.append(np.int64(f))
            for d in np.flatnonzero(mark == f):
                told.append(np.int64(d))
                owner.append(np.int64(number))
            for g in phrases[:PHRASES]:
                told.append(np.int64(-1 - g))
                owner.append(np.int64(number))
    return np.array(features), np.array(told), np.array(owner)


@njit(cache=True, nogil=True)
def _doubles(  # type: ignore[no-untyped-def] # noqa: ANN202, C901, PLR0912
    counts, of, bounds, documents, firsts, o_counts, o_of, o_bounds, o_documents, o_firsts, kinds, count  # noqa: ANN001
):  # fmt: skip
    """Two features apart and an outcome that nearly only prompts with both have, and those with either do not."""
    size, room = 0, 1024
    found = np.empty((room, 3), np.int64)
    seen, touched = np.zeros(len(counts), np.int32), np.empty(len(counts), np.int32)
    mark = np.full(count, -1, np.int64)
    for g in range(len(o_counts)):
        if kinds[g] == LENGTH or kinds[g] == WORD or o_counts[g] > COMMON * count / 4 or o_counts[g] < FEWEST + 3:
            continue
        n = 0
        for d in o_documents[o_firsts[g] : o_firsts[g + 1]]:
            mark[d] = g
            for f in of[bounds[d] : bounds[d + 1]]:
                if not seen[f]:
                    touched[n] = f
                    n += 1
                seen[f] += 1
        best, score = np.full(PARTS, -1, np.int64), np.zeros(PARTS)
        single = False
        for f in touched[:n]:
            k = seen[f]
            seen[f] = 0
            if k < BOTH * o_counts[g] or counts[f] > COMMON * count:
                continue
            single = single or k >= BOTH * counts[f]
            own = k / counts[f]
            least = np.argmin(score)
            if own > score[least] or (own == score[least] and f < best[least]):
                best[least], score[least] = f, own
        if single:
            continue
        best = np.sort(best)
        for a in range(PARTS):
            for b in range(a + 1, PARTS):
                if best[a] < 0:
                    continue
                both = shown = 0
                i, j = firsts[best[a]], firsts[best[b]]
                while i < firsts[best[a] + 1] and j < firsts[best[b] + 1]:
                    if documents[i] == documents[j]:
                        both += 1
                        shown += mark[documents[i]] == g
                        i, j = i + 1, j + 1
                    elif documents[i] < documents[j]:
                        i += 1
                    else:
                        j += 1
                more_than_one = shown / max(both, 1) >= 1.25 * max(score)
                if shown >= FEWEST and shown >= BOTH * both and more_than_one:
                    if size == room:
                        more = np.empty((2 * room, 3), np.int64)
                        more[:room] = found
                        found, room = more, 2 * room
                    found[size] = best[a], best[b], g
                    size += 1
    return found[:size, 0].copy(), found[:size, 1].copy(), found[:size, 2].copy()


@njit(cache=True, nogil=True)
def _examined(  # type: ignore[no-untyped-def] # noqa: ANN202, C901, PLR0912
    feature, other, outcome, values, counts, of, bounds, documents, firsts,  # noqa: ANN001
    o_values, o_counts, o_of, o_bounds, o_documents, o_firsts, usual, hashes, h_bounds,  # noqa: ANN001
    answers, a_bounds, count,  # noqa: ANN001
):  # fmt: skip
    """The numbers of `Association` from `carriers` on."""
    told = np.zeros((len(feature), 10))
    inside, outside = np.zeros(len(counts), np.int32), np.zeros(len(counts), np.int32)
    shows, carries = np.full(count, -1, np.int64), np.full(count, -1, np.int64)
    weight = np.log(count / counts) ** 2
    weight[(values & np.uint64(7)) != WORD] = 0
    anyhow = (weight * (counts / count) ** 2).sum()
    asking_anyhow = usual[of].sum() / max(count, 1)
    for n in range(len(feature)):
        f, other_f, g = feature[n], other[n], outcome[n]
        for d in o_documents[o_firsts[g] : o_firsts[g + 1]]:
            shows[d] = n
        for d in documents[firsts[f] : firsts[f + 1]]:
            carries[d] = n if other_f < 0 else -2 - n
        if other_f >= 0:
            for d in documents[firsts[other_f] : firsts[other_f + 1]]:
                carries[d] = n if carries[d] == -2 - n else carries[d]
        own = documents[firsts[f] : firsts[f + 1]]
        own = own[carries[own] == n]
        mine = own[shows[own] == n]
        told[n, 0], told[n, 1], told[n, 2] = len(own), len(mine), o_counts[g]
        others = o_documents[o_firsts[g] : o_firsts[g + 1]]
        others = others[carries[others] != n]
        base = (len(others) + 0.5) / (count - len(own) + 1)
        some, few = _some(own), _some(others)
        all_mine, mine, scale = len(mine), _some(mine), len(others) / max(len(few), 1)
        for d in mine:
            for h in of[bounds[d] : bounds[d + 1]]:
                inside[h] += 1
        for d in few:
            for h in of[bounds[d] : bounds[d + 1]]:
                outside[h] += 1
        k = len(mine)
        expected, asking, alike = 0.0, 0.0, 0.0
        for d in some:
            likely = base
            for h in of[bounds[d] : bounds[d + 1]]:
                if outside[h] > 1 and h not in (f, other_f):
                    without = max(counts[h] - inside[h] * all_mine / max(k, 1), 0.0)  # carriers are a sample
                    likely = max(likely, scale * outside[h] / (without + SHRUNK))
            expected += likely * len(own) / len(some)
        least = ENRICHED * k / count
        for d in mine:
            for h in of[bounds[d] : bounds[d + 1]]:
                of_trigger = inside[h] >= BOTH * k and inside[h] >= least * counts[h]
                if usual[h] and not of_trigger:
                    asking += 1
                if not of_trigger and inside[h] > 1 and weight[h] > 0:
                    alike += weight[h] * (inside[h] - 1)  # sums to inside * (inside - 1)
        bridges, usually = _bridges(f, mine, values, counts, inside, hashes, h_bounds)
        if other_f >= 0:
            bridges = (bridges + _bridges(other_f, mine, values, counts, inside, hashes, h_bounds)[0]) / 2
            bridges = bridges if _are_apart(values[f], values[other_f], mine, hashes, h_bounds) else 0.0
        told[n, 3] = _unlike(mine, values, counts, inside, hashes, h_bounds, least) * all_mine / max(k, 1)
        told[n, 4] = expected
        told[n, 5] = alike / max(k * (k - 1), 1) / max(anyhow, 1e-9)
        told[n, 6] = asking / max(k, 1) / max(asking_anyhow, 1e-9)
        told[n, 7], told[n, 8], told[n, 9] = bridges, usually, _agreed(o_values[g], mine, answers, a_bounds)
        for d in mine:
            inside[of[bounds[d] : bounds[d + 1]]] = 0
        for d in few:
            outside[of[bounds[d] : bounds[d + 1]]] = 0
    return told


@njit(cache=True, nogil=True)
def _some(documents):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """At most so many of them, evenly spread."""
    step = max(-(-len(documents) // LOOKED_AT), 1)
    return documents[::step]


@njit(cache=True, nogil=True)
def _number(values, value):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    place = np.searchsorted(values, value)
    return place if place < len(values) and values[place] == value else -1


@njit(cache=True, nogil=True)
def _bridges(f, mine, values, counts, inside, hashes, bounds):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Of the places of a trigger the share whose two sides are known in a row; the same of any two words in a row.

    The trigger is as long as nearly all carriers agree on the word beside it.
    """
    at, owner = np.empty(len(mine), np.int64), np.empty(len(mine), np.int64)
    size = pairs = usual = 0
    is_word = (values[f] & np.uint64(7)) == np.uint64(WORD)
    for d in mine:
        first, last, place = bounds[d], bounds[d + 1], -1
        for i in range(first, last + 1):
            before = hashes[i - 1] if i > first else np.uint64(0)
            own = hashes[i] if i < last else np.uint64(0)
            value = exchanges.salted(own, WORD) if is_word else exchanges.salted(mixed(before, own), TWO)
            if place < 0 and value == values[f] and (i < last or not is_word):
                place = i
            elif i < first + MEASURED:
                pair = _number(values, exchanges.salted(mixed(before, own), TWO))
                pairs += 1
                usual += pair >= 0 and counts[pair] > inside[pair]
        if place >= 0:
            at[size], owner[size] = place, d
            size += 1
    at, owner = at[:size], owner[:size]
    left = _extent(at, owner, hashes, bounds, -1, 0 if is_word else 1)
    right = _extent(at, owner, hashes, bounds, 1, 0)
    known = 0
    for n in range(size):
        one = _word_at(hashes, bounds, owner[n], at[n] - left - 1)
        two = _word_at(hashes, bounds, owner[n], at[n] + right + 1)
        pair = _number(values, exchanges.salted(mixed(one, two), TWO))
        known += pair >= 0 and counts[pair] > inside[pair]
    return known / max(size, 1), usual / max(pairs, 1)


@njit(cache=True, nogil=True)
def _agreed(outcome, mine, hashes, bounds):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """How many words in a row nearly all answers say where they show the outcome; ends count, up to one each."""
    at, owner, size = np.empty(len(mine), np.int64), np.empty(len(mine), np.int64), 0
    for d in mine:
        place = exchanges.answered_place(hashes, bounds[d], bounds[d + 1], outcome)
        if place >= 0:
            at[size], owner[size] = bounds[d] + place, d
            size += 1
    at, owner = at[:size], owner[:size]
    if not size:
        return 0
    left, right = _extent(at, owner, hashes, bounds, -1, 0), _extent(at, owner, hashes, bounds, 1, 0)
    begins = ends = 0
    for n in range(size):
        begins += at[n] - left == bounds[owner[n]]
        ends += at[n] + right + 1 == bounds[owner[n] + 1]
    return left + 1 + right + (begins >= BOTH * size) + (ends >= BOTH * size)


@njit(cache=True, nogil=True)
def _are_apart(one, other, mine, hashes, bounds):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Whether two features do not stand in one way to one another in most prompts: else they are one phrase."""
    gaps = np.empty(len(mine), np.int64)
    for n in range(len(mine)):
        first, last = bounds[mine[n]], bounds[mine[n] + 1]
        gaps[n] = exchanges.asked_place(hashes, first, last, one) - exchanges.asked_place(hashes, first, last, other)
    gaps.sort()
    most = run = 0
    for n in range(len(gaps)):
        run = run + 1 if n and gaps[n] == gaps[n - 1] else 1
        most = max(most, run)
    return 2 * most <= len(mine)


@njit(cache=True, nogil=True)
def _extent(at, owner, hashes, bounds, step, begin):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """How many words beside their places nearly all prompts have in common, on one side."""
    side = np.empty(len(at), np.uint64)
    for extent in range(begin, LONGEST):
        for n in range(len(at)):
            side[n] = _word_at(hashes, bounds, owner[n], at[n] + step * (extent + 1))
        order = np.sort(side)
        most = run = 0
        for n in range(len(order)):
            run = run + 1 if n and order[n] == order[n - 1] else 1
            most = max(most, run) if order[n] else most
        if most < BOTH * len(at):
            return extent
    return LONGEST


@njit(cache=True, nogil=True, inline="always")
def _word_at(hashes, bounds, document, place):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """The word there; 0 beyond the ends of the prompt."""
    return hashes[place] if bounds[document] <= place < bounds[document + 1] else np.uint64(0)
