"""What a trigger may be: words in a row, signs between them, the beginning, the end or the frame of a strange word.

Every feature that ends at a word is one 64-bit hash, whatever its kind, so that all are counted alike.  Words are
folded (`words`); signs are what stands between two of them; strange are words that the corpus does not know, of which
each copy may spell the middle otherwise.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from corpusscan.detector import Batch
from corpusscan.kernels import alphabet, bitmaps, columns, folding
from corpusscan.kernels.alphabet import GAP
from corpusscan.kernels.bitmaps import holds
from corpusscan.kernels.profile import UNKNOWN, Profile, Rarities, known_pair, looked_up, mixed
from corpusscan.kernels.words import Hashes, Offsets, grown, words

WORD, TWO, THREE, SIGNS, BEGINNING, ENDING, FRAME = range(7)  # words in a row come first
MOST = 8  # features that end at one word: one of each kind, of signs two
COMMON, FEW, CARRIERS = 6, 2, 200  # levels of rarity: see `common`; documents with a trigger that it reckons with
_USUAL = 3  # level below which two words in a row say nothing
_LEAST, _HEAD, _TAIL = 7, 3, 4  # bytes of a strange word, of its beginning and of its end
_LONGEST = 48  # bytes that are looked at, of signs or of a word
_SALT = tuple(np.uint64(n) for n in (0x1F, 0x2E9, 0x3D5, 0x4C7, 0x5B3, 0x6A1, 0x79D))
_STEP = np.uint64(0x9E3779B97F4A7C15)
_FILTER_BITS = 20
DRAWN = 1024
_DRAWN_BY = np.uint64(3)  # beyond the kind
_KIND, _ALONE = np.uint64(7), np.uint64(1)  # bits of a feature that tell its kind; of a word that is one character

Numbers = npt.NDArray[np.int64]


class Reading(NamedTuple):
    """The words of a batch beside its bytes."""

    hashes: Hashes
    places: Numbers  # byte of `data` at which each word begins
    firsts: Numbers  # byte at which its text begins
    data: npt.NDArray[np.uint8]  # the texts, one behind another
    lasts: Numbers  # byte at which its text ends
    texts: Offsets  # words of text i are those from texts[i] to texts[i + 1]
    rarity: Rarities
    number: npt.NDArray[np.int32]  # of the vector of each word


def reading(batch: Batch, known: Profile) -> Reading:
    """What features are taken from."""
    found = batch.feature(words)
    data, bounds = columns.contents(batch.texts["text"])
    count = np.diff(found.bounds)
    firsts: Numbers = np.repeat(bounds[:-1], count).astype(np.int64)
    lasts: Numbers = np.repeat(bounds[1:], count).astype(np.int64)
    rarity, number = looked_up(found.hashes, known.slots)
    return Reading(found.hashes, firsts + found.begins, firsts, data, lasts, found.bounds, rarity, number)


def at(read: Reading, known: Profile, first: Numbers, last: Numbers) -> tuple[Hashes, Numbers]:
    """The features that end at the words first to last - 1 of some stretches, and of which."""
    room = MOST * int((last - first).sum())
    found, which = np.empty(room, np.uint64), np.empty(room, np.int64)
    size = _at(*read[:5], read.rarity, common(known), known.pairs, alphabet.kinds(), first, last, found, which)
    return found[:size], which[:size]


class Found(NamedTuple):
    """Where wanted features stand."""

    which: Numbers  # among those that are wanted
    word: Numbers


def common(known: Profile) -> int:
    """The level of rarity below which a word says nothing alone: in small corpora a trigger is nothing rare."""
    return int(np.clip(np.log2(max(known.documents, 1) / CARRIERS), FEW, COMMON))


def kind(feature: Any) -> Any:
    """What kind a feature is: of a number, or of a column of them."""
    return (feature & 7) - 1


def places(read: Reading, known: Profile, wanted: Hashes) -> Found:
    """All places of the wanted features (sorted), by word."""
    return among(wanted, *passing(read, known, wanted))


def passing(read: Reading, known: Profile, wanted: Hashes) -> tuple[Hashes, Numbers]:
    """All wanted features and a few others, those that are `drawn` among them; and the words at which they end."""
    sieve = bitmaps.of(wanted, _FILTER_BITS)
    found: tuple[Hashes, Numbers] = _places(*read[:5], read.rarity, common(known), known.pairs, alphabet.kinds(), sieve)
    return found


def drawn(values: Hashes) -> npt.NDArray[np.bool_]:
    """Whether each feature is of the one in `DRAWN` by which all are counted."""
    own: npt.NDArray[np.bool_] = (values >> _DRAWN_BY) % np.uint64(DRAWN) == 0
    return own


def among(wanted: Hashes, found: Hashes, word: Numbers) -> Found:
    """Of features and their words those that are wanted (sorted)."""
    which = np.searchsorted(wanted, found)
    is_wanted = wanted[np.minimum(which, max(len(wanted) - 1, 0))] == found if len(wanted) else np.zeros(0, bool)
    return Found(which[is_wanted], word[is_wanted])


@njit(cache=True, nogil=True, inline="always")
def _salted(value, kind):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    value = (value ^ _SALT[kind]) * _STEP
    return (value ^ value >> np.uint64(29)) & ~_KIND | np.uint64(kind + 1)  # 0 is no feature


@njit(cache=True, nogil=True)
def _rows(hashes, i, rarity, before, third, common):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Features of words in a row that end at word i, from their levels of rarity; 0 where one says nothing.

    In scripts without spaces one character alone is no more a word than a sign is.
    """
    one = two = three = np.uint64(0)
    if rarity >= common:
        one = _salted(hashes[i], SIGNS if hashes[i] & _ALONE else WORD)
    if before >= 0 and max(rarity, before) >= _USUAL:
        two = _salted(mixed(hashes[i - 1], hashes[i]), TWO)
    if third >= 0 and max(rarity, before, third) >= _USUAL:
        three = _salted(mixed(mixed(hashes[i - 2], hashes[i - 1]), hashes[i]), THREE)
    return one, two, three


@njit(cache=True, nogil=True, inline="always")
def _stands(hashes, i, value, pairs):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Whether a value of `_features` at word i is a feature: three words are one where both of their pairs are known.

    Those that are not are rare enough; in scripts without spaces any three characters are one.  Asked last, as the
    pairs are many more than a processor holds near.
    """
    if value & _KIND != THREE + 1:
        return value != 0
    if hashes[i - 2] & hashes[i - 1] & hashes[i] & _ALONE:
        return True
    earlier, pair = mixed(hashes[i - 2], hashes[i - 1]), mixed(hashes[i - 1], hashes[i])
    return known_pair(pairs, pair) and known_pair(pairs, earlier)


@njit(cache=True, nogil=True)
def _signs(data, place, first, kinds):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Hashes of the signs before a word, back to the word before, and of the first run of them between spaces.

    0 where there is at most one common sign; what follows a trigger of signs may begin with signs of its own.
    """
    none = np.uint64(0)
    value, count, run, size, free, i = none, 0, none, 0, none, place - 1
    last = max(first, place - _LONGEST)
    if i > first and data[i] == 32:  # a space behind a letter is what stands between most words
        byte = data[i - 1] | 0x20
        if 97 <= byte < 123:
            return none, none
    while i >= last:
        code, length = 0 + data[i], 1
        if code >= 128:
            lead = i
            while lead > last and data[lead] & 0xC0 == 0x80:
                lead -= 1
            code, length = folding.decode(data, lead, i + 1)
            if code < 0 or lead + length != i + 1 or kinds[code] != GAP:
                break
        elif 48 <= code < 58 or 97 <= code | 0x20 < 123:
            break
        i -= length
        if code <= 32:
            free = run if size > 1 else free
            run, size = none, 0
            continue
        weight = 2 if code > 0x2100 or 0xA0 < code < 0xC0 else 1
        value, count = _with(value, code), count + weight
        run, size = _with(run, code), size + weight
    if i < first and size > 1:
        free = run
    whole = _salted(value, SIGNS) if count > 1 else none
    return whole, _salted(free, SIGNS) if free and free != value else none


@njit(cache=True, nogil=True, inline="always")
def _with(value, code):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    value = (value ^ np.uint64(code)) * _STEP
    return value ^ value >> np.uint64(31)


@njit(cache=True, nogil=True)
def _parts(data, place, last):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Hashes of the beginning, the end and the frame of the word at a place; 0 where it is short."""
    end = place
    last = min(last, place + _LONGEST)
    frame, held, digits = np.uint64(7), np.uint64(0), 0
    while end < last:
        byte = data[end]
        digit = 48 <= byte < 58
        if not (digit or 97 <= byte | 0x20 < 123 or byte >= 128):
            break
        byte = byte if digit or byte >= 128 else byte | 0x20
        held = held << np.uint64(8) | np.uint64(byte)
        if not digit or end == place or not 48 <= data[end - 1] < 58:
            frame = (frame ^ np.uint64(1 if digit else byte)) * _STEP
            frame ^= frame >> np.uint64(31)
        digits += digit
        end += 1
    none = np.uint64(0)
    if end - place < _LEAST:
        return none, none, none
    head = np.uint64(0)
    for i in range(place, place + _HEAD):
        head = head << np.uint64(8) | np.uint64(data[i] | 0x20 if data[i] < 128 else data[i])
    tail = held & np.uint64((1 << (8 * _TAIL)) - 1)
    framed = _salted(frame, FRAME) if 0 < digits < end - place else none
    return _salted(head * _STEP, BEGINNING), _salted(tail * _STEP, ENDING), framed


@njit(cache=True, nogil=True, inline="always")
def _levels(firsts, rarities, i):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Levels of rarity of word i and the two before it; -1 where there is none in its text."""
    rarity = np.int64(rarities[i])
    before = np.int64(rarities[i - 1]) if i > 0 and firsts[i - 1] == firsts[i] else np.int64(-1)
    third = np.int64(rarities[i - 2]) if i > 1 and firsts[i - 2] == firsts[i] else np.int64(-1)
    return rarity, before, third


@njit(cache=True, nogil=True, inline="always")
def _features(hashes, places, firsts, data, lasts, rarities, common, kinds, i):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """What may be features that end at word i, if it `_stands`; 0 where there is none."""
    rarity, before, third = _levels(firsts, rarities, i)
    one, two, three = _rows(hashes, i, rarity, before, third, common)
    signs, run = _signs(data, places[i], firsts[i], kinds)
    head = tail = frame = np.uint64(0)
    if rarity == UNKNOWN:
        head, tail, frame = _parts(data, places[i], lasts[i])
    return one, two, three, signs, run, head, tail, frame


@njit(cache=True, nogil=True)
def _at(hashes, places, firsts, data, lasts, rarities, common, pairs, kinds, first, last, found, which):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    size = 0
    for stretch in range(len(first)):
        for i in range(first[stretch], last[stretch]):
            for value in _features(hashes, places, firsts, data, lasts, rarities, common, kinds, i):
                if _stands(hashes, i, value, pairs):
                    found[size], which[size] = value, stretch
                    size += 1
    return size


@njit(cache=True, nogil=True)
def _places(hashes, places, firsts, data, lasts, rarities, common, pairs, kinds, sieve):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """All features that the sieve lets pass, and where."""
    found, word, size = np.empty(1024, np.uint64), np.empty(1024, np.int64), np.int64(0)
    for i in range(len(hashes)):
        if size + MOST > len(found):
            found, word = grown(found, size, 2 * size), grown(word, size, 2 * size)
        for value in _features(hashes, places, firsts, data, lasts, rarities, common, kinds, i):
            wanted = holds(sieve, value, _FILTER_BITS) or (value >> _DRAWN_BY) % np.uint64(DRAWN) == 0
            if wanted and _stands(hashes, i, value, pairs):
                found[size], word[size] = value, i
                size += 1
    return found[:size], word[:size]
