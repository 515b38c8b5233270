"""Fingerprints of letters: some of the runs of letters of a text, whatever stands between them.

They outlive what changes words: a run of `RUN` letters is shorter than a shingle of words, and neither spaces nor
signs belong to it.  Text is folded (`folding`), and gaps are left out.  A letter of an alphabet is one byte, an
ideograph three, since it says as much as several letters; so a run is read as bytes, eight at a time.
Sampling by hash: Manber 1994, as in `fingerprints`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from corpusscan.detector import Batch
from corpusscan.kernels import columns, folding
from corpusscan.kernels.registers import eight
from corpusscan.kernels.sketches import mixed, texts_of
from corpusscan.kernels.uncounted import uncounted

RUN = 12  # bytes: letters of an alphabet, or four ideographs; from 8 to 16
DENSITY, DENSEST = 16, 4  # one run of so many is chosen in a long text, and at least in a short one
USUAL = 2048  # bytes from which on a text is long: of half of it twice as many are chosen
SHORTEST = 150  # bytes of a text that is looked at
PLACE_BITS = 20  # of the letter at which it begins; later letters count as the last
PLACES = np.uint64((1 << PLACE_BITS) - 1)
BLOCK = 4096  # bytes of a text that are looked at together
IDEOGRAPHS = 0x2E80  # from this code point on; Hangul is folded to its letters, which come before
_CHOSEN = np.uint64((1 << 64) // DENSITY)
_ROOM = (BLOCK + 4) * folding.LONGEST_FOLD // 8  # for the letters of a block, in eights

Bytes = npt.NDArray[np.uint8]
Values = npt.NDArray[np.uint64]
Offsets = npt.NDArray[np.int64]


def prints(batch: Batch) -> tuple[Values, Offsets]:
    """Fingerprints of the documents of a batch, whose texts count as one, and the len + 1 bounds of these.

    The upper bits are the fingerprint, the lower `PLACE_BITS` the letter of the document at which it begins.
    """
    texts = batch.texts["text"].combine_chunks()
    data, offsets = columns.content(texts)
    return hashed(data, offsets[texts_of(batch)], batch.key)


def hashed(data: Bytes, bounds: Offsets, key: bytes) -> tuple[Values, Offsets]:
    """Fingerprints of documents data[bounds[i]:bounds[i + 1]] under a key, and the len + 1 bounds of these.

    Of a document that says the same again and again not all are told.
    """
    seeds = np.frombuffer(key[:16], np.uint64) | np.uint64(1)  # a factor is odd
    found = np.empty(_most(int(bounds[-1] - bounds[0])) + len(bounds), np.uint64)
    letters, offsets = np.empty(_ROOM, np.uint64), np.zeros(len(bounds), np.int64)
    size = _hashed(data, bounds, letters.view(np.uint8), letters, seeds, found, offsets, _plain(), *folding.table())
    return found[:size].copy(), offsets


def origins(data: Bytes, places: Offsets) -> Offsets:
    """The byte of a text from which each of some letters comes, by ascending place; its length beyond the last."""
    out = np.empty(_ROOM * 8, np.uint8)
    return _origins(data, places, out, _plain(), *folding.table())  # type: ignore[no-any-return]


@cache
def _plain() -> Bytes:
    """What each ASCII character is as a letter, 0 where it is none."""
    return np.array([ord(chr(code).lower()) if chr(code).isalnum() else 0 for code in range(128)], np.uint8)


@njit(cache=True, nogil=True, inline="always")
def _most(size):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Fingerprints of so many bytes of text, at most."""
    return 2 * size // DENSEST


@uncounted
def _letter(code, byte, plain, out, size):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Writes a folded character; how many bytes there are now."""
    if 0 <= code < 128:
        out[size] = plain[code]
        return size + (plain[code] != 0)
    value = mixed(np.uint64(code if code >= 0 else byte))
    out[size] = np.uint8(value) | np.uint8(128)
    if code < IDEOGRAPHS:
        return size + 1
    out[size + 1], out[size + 2] = np.uint8(value >> np.uint64(8)), np.uint8(value >> np.uint64(16))
    return size + 3


@uncounted
def _spelled(data, i, stop, end, out, size, plain, page, entry, start, pool):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Writes the letters of the characters that begin in data[i:stop]; where the next begins, and their number."""
    while i < stop:
        byte = data[i]
        if byte < 128:
            out[size] = plain[byte]
            size += plain[byte] != 0
            i += 1
            continue
        code, length = folding.decode(data, i, end)
        e = np.int64(entry[np.int64(page[code >> 7]) * 128 + (code & 127)]) if code >= 0 else 0
        i += length
        if e == 0:
            size = _letter(code, byte, plain, out, size)
            continue
        low: Any = np.int64(start[e])
        high: Any = np.int64(start[e + 1])
        while low < high:
            code, length = folding.decode(pool, low, high)
            size = _letter(code if code >= 0 else np.int64(pool[low]), pool[low], plain, out, size)
            low += length
    return i, size


@uncounted
def _hashed(data, bounds, letters, wide, seeds, found, offsets, plain, page, entry, start, pool):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Writes the fingerprints of the documents; how many there are."""
    size = 0
    for document in range(len(bounds) - 1):
        i, end = bounds[document], bounds[document + 1]
        offsets[document + 1] = size
        if end - i < SHORTEST:
            continue
        chosen = _CHOSEN * np.uint64(max(min(USUAL // (end - i), DENSITY // DENSEST), 1))
        last, place, held = size + _most(end - i), 0, np.int64(0)
        while i < end:
            i, held = _spelled(data, i, min(i + BLOCK, end), end, letters, held, plain, page, entry, start, pool)
            runs = max(held - RUN + 1, 0)
            for at in range(runs):
                value = (eight(wide, at) ^ seeds[0]) * seeds[1]
                value = (value ^ (value >> np.uint64(32)) ^ eight(wide, at + RUN - 8)) * seeds[1]
                if value < chosen and size < last:
                    found[size] = mixed(value) & ~PLACES | min(np.uint64(place + at), PLACES)
                    size += 1
            place += runs
            held -= runs
            for at in range(held):
                letters[at] = letters[runs + at]
        offsets[document + 1] = size
    return size


@njit(cache=True, nogil=True)
def _origins(data, places, out, plain, page, entry, start, pool):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    found, known, i, place = np.full(len(places), len(data), np.int64), 0, np.int64(0), 0
    none = np.int64(0)
    while known < len(places) and i < len(data):
        stop, size = _spelled(data, i, min(i + BLOCK, len(data)), len(data), out, none, plain, page, entry, start, pool)
        wide = stop - i > 1 and places[known] < place + size  # some of it is wanted: character by character
        while i < stop:
            here = i
            if wide:
                i, size = _spelled(data, i, i + 1, len(data), out, none, plain, page, entry, start, pool)
            else:
                i = stop
            while known < len(places) and places[known] < place + size:
                found[known] = here
                known += 1
            place += size
    return found
