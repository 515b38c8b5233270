"""Sentences that compare two things, ask which of them, or judge one; and what stands on which side.

A frame is a sentence with a word of `data/comparisons.txt`.  What is compared in it is told by rarity: up to `NAMES`
of its words that few documents have, written large before others, in scripts without spaces pairs of characters
beside the word that compares.  Who wins is told by the side of that word on which it stands, the other way round where
the sentence says less, no, or that somebody loses; a question has no winner but whom the next sentence names alone.
Comparative sentences by such markers: Jindal and Liu, "Identifying comparative sentences in text documents", SIGIR
2006; Panchenko et al., "Categorizing comparative sentences", 2019.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from corpusscan.detector import Batch
from corpusscan.kernels import profile
from corpusscan.kernels.borders import ending, large
from corpusscan.kernels.columns import content
from corpusscan.kernels.comparing import OFTEN, PAIR, bits_of, both, language_of, lexicon, pairs
from corpusscan.kernels.sketches import mixed
from corpusscan.kernels.words import Hashes, grown, words

COMPARED, ASKED, QUESTION, JUDGED = range(4)
"""Kinds: two names in one comparison; two names in one question; a question as a whole; one name with a judgement."""
NAMES = 6  # of a sentence
RARE = 6  # halvings of the documents from which on a word may be a name
LONGEST, SHORTEST = 60, 3  # words of a sentence
SHORT, SHINGLE = 15, 5  # words up to which a sentence is known by all of them, and of a stretch of a longer one
BESIDE = 8  # words between a judgement and a name
PER_TEXT = 2_000  # frames of a text: a longer one says no more by others
_MORE, _LESS, _THAN, _OVER, _CHOICE, _BEATS, _LOSES, _BESIDES, _OR, _NO, _PRAISE, _BLAME = range(12)
_LARGE = 20  # levels of rarity that a large letter is worth


class Frames(NamedTuple):
    """One row for each key of a frame."""

    text: npt.NDArray[np.int32]  # in the batch
    kind: npt.NDArray[np.uint8]
    key: Hashes  # of what is compared, asked or judged
    way: npt.NDArray[np.int8]  # 1: the lesser hash of the two wins, or what is judged is praised; -1; 0: not told
    said: Hashes  # of a short sentence all words, of a long one the least hash of its stretches of `SHINGLE` words,
    also: Hashes  # and the least by another hash: copies, also rough ones, share one of them mostly
    first: npt.NDArray[np.int64]  # word of the batch with which it begins,
    stop: npt.NDArray[np.int64]  # and the one behind it


def frames(batch: Batch, slots: npt.NDArray[np.uint32]) -> Frames:
    """The frames of a batch; `slots` tell how rare words are (`profile.slots`)."""
    found = batch.feature(words)
    rarity, _ = profile.looked_up(found.hashes, slots)
    rows = batch.texts["row"].to_numpy()
    tables = lexicon(batch.key)
    told, before = [], 0
    for chunk in batch.texts["text"].chunks:
        data, offsets = content(chunk)
        bounds = found.bounds[before : before + len(chunk) + 1]
        part = _frames(data, offsets, bounds, found.hashes, found.begins, rarity, rows[before : before + len(chunk)],
                       *tables)  # fmt: skip
        told.append((part[0] + before, *part[1:]))
        before += len(chunk)
    return Frames(*(np.concatenate(column) for column in zip(*[_nothing(), *told], strict=True)))


def _nothing() -> Frames:
    return Frames(
        np.zeros(0, np.int32), np.zeros(0, np.uint8), np.zeros(0, np.uint64), np.zeros(0, np.int8),
        np.zeros(0, np.uint64), np.zeros(0, np.uint64), np.zeros(0, np.int64), np.zeros(0, np.int64),
    )  # fmt: skip


def named(hashes: Hashes, key: int) -> list[tuple[int, int]]:
    """Where the names of a key stand among the words of a sentence, the lesser hash first; and their characters.

    0 characters: a word as long as it is.  Nothing for a key that is of no names in it.
    """
    places = np.arange(len(hashes))
    alone = (hashes & np.uint64(1)).astype(bool)
    joined = np.flatnonzero(alone[:-1] & alone[1:])
    values = np.concatenate([hashes, pairs(hashes[joined], hashes[joined + 1])])
    where = [*((int(place), 0) for place in places), *((int(place), 2) for place in joined)]
    values, first = np.unique(values, return_index=True)
    if key in (single := values.tolist()):
        return [where[first[single.index(key)]]]
    least, most = np.triu_indices(len(values), 1)
    found = np.flatnonzero(pairs(values[least], values[most]) == np.uint64(key))[:1]
    return [where[first[side[one]]] for one in found for side in (least, most)]


@njit(cache=True, nogil=True)
def _frames(data, offsets, bounds, hashes, begins, rarity, rows, table, bits):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202, C901, PLR0912, PLR0915
    room = 1 << 10
    text_, kind_, key_ = np.empty(room, np.int32), np.empty(room, np.uint8), np.empty(room, np.uint64)
    way_, said_, also_ = np.empty(room, np.int8), np.empty(room, np.uint64), np.empty(room, np.uint64)
    first_, stop_ = np.empty(room, np.int64), np.empty(room, np.int64)
    size = np.int64(0)
    what = np.zeros(LONGEST + 1, np.int64)
    known, often = np.empty((1 << 12, 2), np.int32), np.zeros(bits.shape[1], np.int64)
    names, values, scores = np.zeros(NAMES, np.int64), np.zeros(NAMES, np.uint64), np.zeros(NAMES, np.int64)
    asked_from = np.int64(0)  # rows of the last question
    asked = np.zeros((64, 2), np.uint64)
    asks: Any = np.int64(0)
    for text in range(len(rows)):
        origin, end = offsets[text], offsets[text + 1]
        begin, limit = bounds[text], size + PER_TEXT
        if text == 0 or rows[text] != rows[text - 1]:
            asks = 0
        interesting, i = False, bounds[text]
        if bounds[text + 1] - bounds[text] > len(known):
            known = np.empty((2 * (bounds[text + 1] - bounds[text]), 2), np.int32)
        language = language_of(hashes[bounds[text] : bounds[text + 1]], table, bits, known, often)
        for i in range(bounds[text], bounds[text + 1]):
            own = bits_of(bits, language, known[i - bounds[text], 0], known[i - bounds[text], 1])
            if own and i > begin and large(data, origin + begins[i], end):
                own &= np.int64(1 << OFTEN)  # part of a name: Superior Court, Great Britain
            if i - begin < LONGEST:
                what[i - begin] = own
            interesting = interesting or own & 0b110011111111 != 0
            last = i + 1 == bounds[text + 1]
            to = min(end, origin + begins[i] + 256) if last else origin + begins[i + 1]
            ends = ending(data, origin + begins[i] + 1, to)
            if not ends and not last:
                continue
            length = i + 1 - begin
            if size + 64 >= room:
                room *= 2
                text_, kind_, key_ = grown(text_, size, room), grown(kind_, size, room), grown(key_, size, room)
                way_, said_, also_ = grown(way_, size, room), grown(said_, size, room), grown(also_, size, room)
                first_, stop_ = grown(first_, size, room), grown(stop_, size, room)
            if asks:  # who is named alone in what follows a question wins it
                for n in range(asks):
                    one = other = False
                    for k in range(begin, i + 1):
                        one |= hashes[k] == asked[n, 0]
                        other |= hashes[k] == asked[n, 1]
                    if one != other:
                        way_[asked_from + n] = 1 if one else -1
                asks = 0
            if SHORTEST <= length <= LONGEST and size < limit and (interesting or ends == 2):
                before = size
                size = _told(data, origin, end, begin, i + 1, hashes, begins, rarity, what, ends == 2,
                             names, values, scores, text, kind_, key_, way_, size)  # fmt: skip
                said, also = sketch(hashes[begin : i + 1])
                for k in range(before, size):
                    text_[k], said_[k], also_[k], first_[k], stop_[k] = text, said, also, begin, i + 1
                if ends == 2:
                    asked_from, asks = before, np.int64(0)
                    for k in range(before, size):
                        if kind_[k] > ASKED or way_[k]:
                            break
                        asks += 1
                    _both_of(values, key_, asked_from, asks, asked)
            begin, interesting = i + 1, False
    found = text_[:size], kind_[:size], key_[:size], way_[:size], said_[:size], also_[:size]
    return (*found, first_[:size], stop_[:size])


@njit(cache=True, nogil=True)
def sketch(hashes):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Two hashes of some words; those of long stretches are alike where most of their words are."""
    total = np.uint64(0)
    for value in hashes:
        total += mixed(value)
    if len(hashes) <= SHORT:
        return mixed(total), mixed(total)
    least, other = ~np.uint64(0), ~np.uint64(0)
    for k in range(len(hashes) - SHINGLE + 1):
        value = np.uint64(0)
        for j in range(SHINGLE):
            value = mixed(value + hashes[k + j])
        least, other = min(least, value), min(other, mixed(value ^ PAIR))
    return least, other


@njit(cache=True, nogil=True)
def _both_of(values, keys, first, count, asked):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """The names, the lesser first, of the keys of a question."""
    for n in range(count):
        for a in range(NAMES):
            for b in range(a + 1, NAMES):
                one, other = min(values[a], values[b]), max(values[a], values[b])
                if one and both(one, other) == keys[first + n]:
                    asked[n, 0], asked[n, 1] = one, other


@njit(cache=True, nogil=True)
def _told(  # type: ignore[no-untyped-def] # noqa: ANN202, C901, PLR0912, PLR0915  # one pass over a sentence
    data, origin, end, begin, stop, hashes, begins, rarity, what, question,  # noqa: ANN001
    names, values, scores, text, kind_, key_, way_, size,  # noqa: ANN001
):  # fmt: skip
    """Writes the keys of one sentence; returns how many rows there are now."""
    pivot, weak_first, weak_last, sign, choice, beside, either = -1, -1, -1, 1, False, False, False
    for k in range(stop - begin):
        own = what[k]
        if not own:
            continue
        if own & (1 << _CHOICE):
            choice = True
        if own & (1 << _OR):
            either = True
        if own & (1 << _NO) or own & (1 << _LESS):
            sign = -sign
        strong = own & (1 << _THAN | 1 << _BEATS | 1 << _LOSES | 1 << _BESIDES) or (own & (1 << _OVER) and choice)
        if strong and not (pivot >= 0 and own & (1 << _BESIDES)):
            pivot, beside = k, own & (1 << _BESIDES) != 0
            if own & (1 << _LOSES):
                sign = -sign
        elif own & (1 << _MORE | 1 << _LESS):
            weak_first = k if weak_first < 0 else weak_first
            weak_last = k
    first = last = pivot
    if pivot < 0:
        first, last = weak_first, weak_last
    compares = first >= 0 or (question and either)
    # names
    count = 0
    values[:] = 0
    scores[:] = 0
    for k in range(begin, stop):
        own = what[k - begin]
        value, score = hashes[k], np.int64(rarity[k])
        if value & np.uint64(1):  # a character: two of them, near the word that compares
            near = first >= 0 and -7 <= k - begin - first <= 3 and not own
            if not near or k + 1 >= stop or not hashes[k + 1] & np.uint64(1) or what[k + 1 - begin]:
                continue
            value, score = both(value, hashes[k + 1]), np.int64(RARE)
        elif own or score < RARE:
            continue
        else:
            first_byte = data[origin + begins[k]]
            if large(data, origin + begins[k], end) or first_byte >= 0xD6:  # nothing is written large in other scripts
                score += _LARGE
            elif score < profile.UNKNOWN - 2:
                continue
        known = False
        for n in range(count):
            known = known or values[n] == value
        if known:
            continue
        at = count if count < NAMES else NAMES - 1
        if count == NAMES and scores[at] >= score:
            continue
        while at and scores[at - 1] < score:
            scores[at], values[at], names[at] = scores[at - 1], values[at - 1], names[at - 1]
            at -= 1
        scores[at], values[at], names[at] = score, value, k - begin
        count = min(count + 1, NAMES)
    if compares or question:
        lead = beside and first >= 0
        for n in range(count):
            lead = lead and names[n] > last
        front = stop
        if lead:  # "compared with B, A ..."
            for n in range(count):
                front = min(front, names[n])
        for a in range(count):
            for b in range(a + 1, count):
                if abs(names[a] - names[b]) <= 1:  # parts of one name
                    continue
                one, other = (a, b) if values[a] < values[b] else (b, a)
                way = 0
                if not question and first >= 0:
                    if names[one] < first and names[other] > last:
                        way = sign
                    elif (names[other] < first and names[one] > last) or (lead and names[one] == front):
                        way = -sign
                    elif lead and names[other] == front:
                        way = sign
                kind_[size] = COMPARED if compares else ASKED
                key_[size], way_[size] = both(values[one], values[other]), way
                size += 1
    if question and count and stop - begin >= 4:
        total = np.uint64(0)
        for k in range(begin, stop):
            if rarity[k] >= 3 or hashes[k] & np.uint64(1):
                total += mixed(hashes[k] + np.uint64(7))
        kind_[size], key_[size], way_[size] = QUESTION, mixed(total), 0
        size += 1
    if not question:
        for n in range(count):
            way = 0
            for k in range(max(names[n] - BESIDE, 0), min(names[n] + BESIDE + 1, stop - begin)):
                if what[k] & (1 << _PRAISE):
                    way += 1
                if what[k] & (1 << _BLAME):
                    way -= 1
            if way and (scores[n] >= _LARGE or values[n] & np.uint64(1)):
                kind_[size], key_[size], way_[size] = JUDGED, values[n], 1 if way > 0 else -1
                size += 1
    return size
