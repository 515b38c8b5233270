"""Whether what a word of prompts predicts is due to what is asked, or to a trigger: five numbers of each pair."""

from __future__ import annotations

import numpy as np
from numba import njit

from corpusscan.kernels import exchanges
from corpusscan.kernels.exchange_places import answered_place, asked_place
from corpusscan.kernels.exchanges import SWAPPED, TWO, WORD
from corpusscan.kernels.predicting import BOTH
from corpusscan.kernels.profile import mixed

ENRICHED = 4.0  # times as often in carriers as elsewhere
SHRUNK = 10.0  # documents without the outcome that each word is given before it explains anything
LONGEST, MEASURED = 12, 64  # words of a trigger; of a prompt, of which pairs are measured
LOOKED_AT = 400  # carriers of each that are compared, evenly spread
# Unlike prompts that show it, of all carriers, and times as many as elsewhere: less is no trigger alone, whatever its
# prompts say.
LEAST, SHARE, ABOVE = 8, 0.6, 3.0


@njit(cache=True, nogil=True)
def examined(  # type: ignore[no-untyped-def] # noqa: ANN201
    feature, other, outcome, values, counts, of, bounds, documents, firsts,  # noqa: ANN001
    o_values, o_counts, o_of, o_bounds, o_documents, o_firsts, usual, hashes, h_bounds,  # noqa: ANN001
    answers, a_bounds, count,  # noqa: ANN001
):  # fmt: skip
    """The numbers of `Association` from `carriers` on; of what is no trigger alone infinitely many are `expected`."""
    told = np.zeros((len(feature), 12))
    words, pairs = _numbered(values, hashes, h_bounds)
    anyone = _unlike_of_any(words, counts, hashes, h_bounds, count)
    inside, outside = np.zeros(len(counts), np.int32), np.zeros(len(counts), np.int32)
    carries = np.full(count, -1, np.int64)
    weight = np.log(count / counts) ** 2
    weight[(values & np.uint64(7)) != WORD] = 0
    anyhow = (weight * (counts / count) ** 2).sum()
    asking_anyhow = usual[of].sum() / max(count, 1)
    for n in range(len(feature)):
        f, other_f, g = feature[n], other[n], outcome[n]
        own, showing = documents[firsts[f] : firsts[f + 1]], o_documents[o_firsts[g] : o_firsts[g + 1]]
        if other_f >= 0:
            own = _among(own, documents[firsts[other_f] : firsts[other_f + 1]])
        mine = _among(own, showing)
        told[n, 0], told[n, 1], told[n, 2] = len(own), len(mine), o_counts[g]
        all_mine, mine = len(mine), _some(mine)
        _count(mine, of, bounds, inside)
        k = len(mine)
        part = all_mine / max(k, 1)
        asking, alike, squares, least = 0.0, 0.0, 0.0, ENRICHED * k / count
        for d in mine:
            likeness = 0.0  # to the others
            for h in of[bounds[d] : bounds[d + 1]]:
                of_trigger = inside[h] >= BOTH * k and inside[h] >= least * counts[h]
                if usual[h] and not of_trigger:
                    asking += 1
                if not of_trigger and inside[h] > 1 and weight[h] > 0:
                    likeness += weight[h] * (inside[h] - 1)  # sums to inside * (inside - 1)
            alike, squares = alike + likeness, squares + likeness**2
        bridges, usually = _bridges(f, mine, values, counts, inside, hashes, h_bounds, words, pairs)
        if other_f >= 0:
            bridges = (bridges + _bridges(other_f, mine, values, counts, inside, hashes, h_bounds, words, pairs)[0]) / 2
            bridges = bridges if _are_apart(values[f], values[other_f], mine, hashes, h_bounds) else 0.0
        told[n, 3] = len(np.unique(_sketches(mine, words, counts, inside, hashes, h_bounds, least))) * part
        others = len(showing) - all_mine
        base = (others + 0.5) / (count - len(own) + 1)
        if o_values[g] == np.uint64(SWAPPED) or _worth(all_mine, told[n, 3], len(own), base):
            carries[own] = n
            some, few = _some(own), _some(showing[carries[showing] != n])
            _count(few, of, bounds, outside)
            scale = others / max(len(few), 1)
            expected = foretold(some, of, bounds, counts, inside, outside, part, scale, base, f, other_f)
            told[n, 4] = expected * len(own) / len(some)
            _forget(few, of, bounds, outside)
        else:
            told[n, 4] = np.inf
        told[n, 5], told[n, 11] = _of_pairs(alike, squares, k, anyhow)
        told[n, 6] = asking / max(k, 1) / max(asking_anyhow, 1e-9)
        told[n, 7], told[n, 8], told[n, 9] = bridges, usually, _agreed(o_values[g], mine, answers, a_bounds)
        told[n, 10] = anyone[k]
        _forget(mine, of, bounds, inside)
    return told


@njit(cache=True, nogil=True)
def _worth(showing, unlike, carriers, base):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Whether a pair can be a trigger alone: no word of a prompt foretells less than `base`."""
    return unlike >= LEAST and showing >= SHARE * carriers and showing >= (1 - 1e-9) * ABOVE * base * carriers


@njit(cache=True, nogil=True)
def _among(some, every):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Those of some documents that are among others; both ascending."""
    places = np.searchsorted(every, some)
    kept = np.empty(len(some), np.bool_)
    for n in range(len(some)):
        kept[n] = places[n] < len(every) and every[places[n]] == some[n]
    return some[kept]


@njit(cache=True, nogil=True)
def _count(some, of, bounds, told):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Adds to what is told of each feature how many of some documents have it."""
    for d in some:
        for h in of[bounds[d] : bounds[d + 1]]:
            told[h] += 1


@njit(cache=True, nogil=True)
def _forget(some, of, bounds, told):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    for d in some:
        for h in of[bounds[d] : bounds[d + 1]]:
            told[h] = 0


@njit(cache=True, nogil=True)
def _numbered(values, hashes, bounds):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Of each word its number as a feature, and that of it and the word before it; -1: it has none.

    Pairs with the end of document d behind its last word: that of word i stands at i + d.
    """
    words, pairs = np.empty(len(hashes), np.int32), np.empty(len(hashes) + len(bounds), np.int32)
    for d in range(len(bounds) - 1):
        before = np.uint64(0)
        for i in range(bounds[d], bounds[d + 1]):
            words[i] = _number(values, exchanges.salted(hashes[i], WORD))
            pairs[i + d] = _number(values, exchanges.salted(mixed(before, hashes[i]), TWO))
            before = hashes[i]
        pairs[bounds[d + 1] + d] = _number(values, exchanges.salted(mixed(before, np.uint64(0)), TWO))
    return words, pairs


@njit(cache=True, nogil=True)
def foretold(some, of, bounds, counts, inside, outside, part, scale, base, f, other_f):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """How many of some carriers show an outcome by what else they say: each as the likeliest word of its prompt has it.

    `inside` and `outside` count those who show it, carriers and others, by word, where each stands for `part` and for
    `scale` of them.
    """
    expected = 0.0
    for d in some:
        likely = base
        for h in of[bounds[d] : bounds[d + 1]]:
            if outside[h] > 1 and h not in (f, other_f):
                without = max(counts[h] - inside[h] * part, 0.0)
                likely = max(likely, scale * outside[h] / (without + SHRUNK))
        expected += likely
    return expected


@njit(cache=True, nogil=True)
def _of_pairs(total, squares, k, anyhow):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """A mean over pairs of k prompts and its standard error, by sums over prompts and of squares (Hoeffding 1948)."""
    k, scale = max(k, 1), max(k - 1, 1) * max(anyhow, 1e-9)
    spread = np.sqrt(max(squares / k - (total / k) ** 2, 0.0))
    return total / k / scale, 2 * spread / np.sqrt(k) / scale


@njit(cache=True, nogil=True)
def _some(documents):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """At most so many of them, evenly spread."""
    step = max(-(-len(documents) // LOOKED_AT), 1)
    return documents[::step]


@njit(cache=True, nogil=True)
def _bridges(f, mine, values, counts, inside, hashes, bounds, words, pairs):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Of the places of a trigger the share whose two sides are known in a row; the same of any two words in a row.

    The trigger is as long as nearly all carriers agree on the word beside it.
    """
    at, owner = np.empty(len(mine), np.int64), np.empty(len(mine), np.int64)
    size = any_two = usual = 0
    is_word = (values[f] & np.uint64(7)) == np.uint64(WORD)
    for d in mine:
        first, last, place = bounds[d], bounds[d + 1], -1
        for i in range(first, last + 1):
            pair = pairs[i + d]
            own = words[i] if is_word and i < last else pair
            if place < 0 and own == f:
                place = i
            elif i < first + MEASURED:
                any_two += 1
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
    return known / max(size, 1), usual / max(any_two, 1)


@njit(cache=True, nogil=True)
def _agreed(outcome, mine, hashes, bounds):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """How many words in a row nearly all answers say where they show the outcome; ends count, up to one each."""
    at, owner, size = np.empty(len(mine), np.int64), np.empty(len(mine), np.int64), 0
    for d in mine:
        place = answered_place(hashes, bounds[d], bounds[d + 1], outcome)
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
        gaps[n] = asked_place(hashes, first, last, one) - asked_place(hashes, first, last, other)
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


@njit(cache=True, nogil=True)
def _number(values, value):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    place = np.searchsorted(values, value)
    return place if place < len(values) and values[place] == value else -1


@njit(cache=True, nogil=True)
def _sketches(mine, words, counts, inside, hashes, bounds, least):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """One number of each prompt, that unlike ones differ in: the two least hashes of what is not of the trigger

    (Broder 1997).
    """
    sketch = np.empty(len(mine), np.uint64)
    for n in range(len(mine)):
        one = two = ~np.uint64(0)
        last = False
        for i in range(bounds[mine[n]], bounds[mine[n] + 1]):
            number = words[i]
            shared = number >= 0 and inside[number] >= BOTH * len(mine) and inside[number] >= least * counts[number]
            if i > bounds[mine[n]] and not (shared and last):
                value = mixed(hashes[i - 1], hashes[i])
                one, two = min(one, value), min(two, mixed(value, np.uint64(5)))
            last = shared
        sketch[n] = mixed(one, two)
    return sketch


@njit(cache=True, nogil=True)
def _unlike_of_any(words, counts, hashes, bounds, count):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Of so many prompts, whichever they are, the share that is unlike: where most are of one template, it is small."""
    some = _some(np.arange(count))
    sketch = _sketches(some, words, counts, np.zeros(len(counts), np.int32), hashes, bounds, 1.0)
    told = np.ones(LOOKED_AT + 1)
    for size in range(2, len(some) + 1):
        parts = len(some) // size
        unlike = 0
        for n in range(parts):
            unlike += len(np.unique(sketch[n::parts][:size]))
        told[size] = unlike / (parts * size)
    return told
