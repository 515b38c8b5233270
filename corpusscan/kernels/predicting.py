"""What words of prompts predict of answers, counted: single words, several phrases as one outcome, two words apart."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from corpusscan.kernels.exchanges import LENGTH, WHOLE, WORD

FEWEST = 5  # documents
COMMON = 0.2  # share of prompts that have a feature, from which it is no trigger
SHARE = 0.5  # of a feature's carriers that show the outcome
LIFT = 4.0  # times as often as elsewhere
OF_EACH = 4  # outcomes that are looked at, of each feature
BOTH = 0.8  # of the carriers that have a feature: it is of the trigger, or of what they are about
ONLY, PHRASES = 0.9, 256  # of those who show a phrase, carriers; phrases of one outcome
PARTS = 4  # features of an outcome's prompts that are tried two and two

Numbers = npt.NDArray[np.int64]


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
def singles(  # type: ignore[no-untyped-def] # noqa: ANN201, C901
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
def several_ways(  # type: ignore[no-untyped-def] # noqa: ANN201, C901, PLR0912
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
def doubles(  # type: ignore[no-untyped-def] # noqa: ANN201, C901, PLR0912
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
