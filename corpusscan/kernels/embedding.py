"""What stretches of text are about, as vectors that need no model: fitted to the corpus itself.

Half of a vector is latent semantic analysis (`latent`): words that this corpus uses alike point in like directions.
All directions count alike, however many documents vary along them (whitening), else large topics drown small ones.
The other half is a random projection of the rarer words (Johnson and Lindenstrauss 1984; signs: Achlioptas 2003), most
of which no sample has seen: who names the same people and things says much the same.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from corpusscan.kernels import latent, profile
from corpusscan.kernels.latent import Floats
from corpusscan.kernels.profile import UNKNOWN
from corpusscan.kernels.uncounted import uncounted
from corpusscan.kernels.words import Hashes, Offsets

HALF = 256
DIMENSIONS = 2 * HALF
WINDOW = 512  # words of a stretch, or up to half as many more
VECTORS = 1 << 15  # words that have one
EVERYWHERE = 4  # a word of more than one document in so many says nothing
RARE = 6  # halvings of the documents of a language from which on a word is a name, and says much by itself
FEW = 2  # halvings up to which a language has many documents: all that the corpus may be expected to hold of it
COMMONEST = 8  # one word in so many of a stretch, the commonest, tells how many documents its language has
WORDS, COMMON = 12, 1_000  # of a stretch by which its neighbours are looked for, and documents that may have one
FITTED, ITERATIONS = 20_000, 2  # documents by which directions are fitted, and how thoroughly
TOLD = 5  # different rare words; a stretch of fewer says too little
_COUNTS = 1 << 11  # of a table that holds the words of a stretch: at least twice as many
_STEP, _MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)

Codes = npt.NDArray[np.int8]  # stretches x DIMENSIONS; what a vector is long says nothing
Vectors = npt.NDArray[np.int8]  # words x HALF


class Encoder(NamedTuple):
    """Of a corpus; everything is looked up by the hash of a word."""

    slots: npt.NDArray[np.uint32]  # as those of `profile.Profile`
    vectors: Vectors
    scale: Floats  # by which each word's vector is to be multiplied
    weights: Floats  # of a word, by level of rarity
    least: npt.NDArray[np.int32]  # level of rarity of words by which neighbours are looked for

    def knowing(self, share: float, documents: int) -> Encoder:
        """The encoder of a corpus of so many documents, of which the sample is that share.

        Of all of it, a word that is in no other document is shared with nobody, and says nothing.
        """
        weights = self.weights.copy()
        weights[UNKNOWN] *= 1 - share
        least = max(RARE, int(np.ceil(np.log2(max(documents, 1) / COMMON))))
        return self._replace(weights=weights, least=np.array([min(least, UNKNOWN)], np.int32))


class Stretches(NamedTuple):
    """Parts of documents, one after another."""

    owner: npt.NDArray[np.int64]  # which document
    part: npt.NDArray[np.int64]  # of it, from 0
    span: npt.NDArray[np.int64]  # stretches x 2: the words that it is, from and to


class Embedded(NamedTuple):
    """Stretches as vectors."""

    codes: Codes
    told: npt.NDArray[np.int32]  # different rare words of each: by fewer than `TOLD` nothing is told
    words: Hashes  # stretches x `WORDS`: of these the known ones that say most, 0 where there are fewer


def fitted(hashes: Hashes, bounds: Offsets) -> Encoder:
    """The encoder for documents like those whose words are hashes[bounds[i]:bounds[i + 1]]."""
    count = len(bounds) - 1
    owner = np.repeat(np.arange(count, dtype=np.uint64), np.diff(bounds))
    words, frequency, place, document = profile.frequencies(hashes, owner)
    levels = np.minimum(np.log2(count / np.maximum(frequency, 1)), UNKNOWN - 1).astype(np.uint32)
    numbers = np.zeros(len(words), np.int64)
    chosen = latent.most_frequent(frequency, count, EVERYWHERE, VECTORS - 1)
    vectors, scale = np.zeros((len(chosen) + 1, HALF), np.int8), np.zeros(len(chosen) + 1, np.float32)
    if len(chosen) > HALF:
        numbers[chosen] = np.arange(1, len(chosen) + 1)
        rows = min(count, FITTED)
        row = np.full(count, -1, np.int64)
        row[np.linspace(0, count - 1, rows).astype(np.int64)] = np.arange(rows)
        mine = (numbers[place] > 0) & (row[document] >= 0)
        found = latent.latent(
            frequency[chosen], count, numbers[place[mine]] - 1, row[document[mine]], rows, HALF, ITERATIONS
        )
        own = found.right / np.maximum(found.values, 1e-6) * found.weight[:, None]
        scale[1:] = np.maximum(np.abs(own).max(axis=1), 1e-12) / 127
        vectors[1:] = np.round(own / scale[1:, None])
    slots = profile.slots(words, frequency, numbers, levels)
    return Encoder(slots, vectors, scale, _weights(count), np.array([RARE], np.int32))


def _weights(count: int) -> Floats:
    """Inverse document frequency by level of rarity, in nats; a word that no sample has seen is in one document."""
    told = (np.arange(profile.LEVELS) + 0.5) * np.log(2)
    told[UNKNOWN] = np.log(count)
    weights: Floats = np.minimum(told, np.log(count)).astype(np.float32)
    return weights


def table(found: Encoder) -> pa.Table:
    """An encoder as a table of one row: columns of bytes."""
    return pa.table({name: pa.array([part.tobytes()], pa.large_binary()) for name, part in found._asdict().items()})


def of_table(told: pa.Table) -> Encoder:
    """The encoder that `table` wrote."""

    def read(name: str, kind: Any, *shape: int) -> Any:
        return np.frombuffer(told[name][0].as_buffer(), kind).reshape(shape)

    return Encoder(
        read("slots", np.uint32, -1), read("vectors", np.int8, -1, HALF),
        read("scale", np.float32, -1), read("weights", np.float32, -1), read("least", np.int32, -1),
    )  # fmt: skip


def stretches(bounds: Offsets) -> Stretches:
    """Documents whose words are those between `bounds`, in stretches of some `WINDOW` words, alike in length."""
    lengths = np.diff(bounds)
    parts = np.maximum((lengths + WINDOW // 2) // WINDOW, 1)
    owner = np.repeat(np.arange(len(lengths)), parts)
    part = np.arange(len(owner)) - np.repeat(np.cumsum(parts) - parts, parts)
    edges = [bounds[owner] + lengths[owner] * (part + more) // parts[owner] for more in (0, 1)]
    return Stretches(owner, part, np.stack(edges, axis=1))


def embedded(hashes: Hashes, span: npt.NDArray[np.int64], encoder: Encoder) -> Embedded:
    """The vectors of stretches of words, hashes[span[i, 0]:span[i, 1]]."""
    rarity, place = profile.looked_up(hashes, encoder.slots)
    codes, told = np.zeros((len(span), DIMENSIONS), np.int8), np.zeros(len(span), np.int32)
    words = np.zeros((len(span), WORDS), np.uint64)
    tables = encoder.vectors, encoder.scale, encoder.weights, encoder.least[0]
    _embedded(hashes, span, rarity, place, *tables, codes, told, words)
    return Embedded(codes, told, words)


def directions(codes: Codes) -> Floats:
    """The vectors that the codes stand for, each of length 1 (0 where there is none)."""
    found = codes.astype(np.float32)
    found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-6)
    return found


@njit(cache=True, nogil=True)
def _embedded(hashes, span, rarity, place, vectors, scale, weights, least, codes, told, words):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    own, times = np.zeros(_COUNTS, np.uint64), np.zeros(_COUNTS, np.int32)
    slots, firsts = np.zeros(_COUNTS, np.int32), np.zeros(_COUNTS, np.int64)
    logarithm = (1 + np.log(np.arange(1, _COUNTS + 1))).astype(np.float32)
    alike, named = np.zeros(HALF, np.float32), np.zeros(HALF, np.float32)
    heavy = np.zeros(WORDS, np.float32)
    for stretch in range(len(span)):
        count = _counted(hashes, span[stretch, 0], span[stretch, 1], own, times, slots, firsts)
        rare = RARE + max(_usual(rarity, firsts[:count]) - FEW, 0)
        alike[:], named[:], heavy[:] = 0, 0, 0
        for word in range(count):
            i, often = firsts[word], logarithm[times[slots[word]] - 1]
            times[slots[word]] = 0
            if place[i]:
                _add(alike, vectors[place[i]], often * scale[place[i]])
            if rarity[i] >= rare and weights[rarity[i]] > 0:
                told[stretch] += 1
                weight = often * weights[rarity[i]]
                _sign(named, hashes[i], weight)
                if rarity[i] >= least and (rarity[i] < UNKNOWN or least == UNKNOWN):
                    _keep(heavy, words[stretch], weight, hashes[i])
        _coded(alike, named, codes[stretch])


@njit(cache=True, nogil=True)
def _counted(hashes, first, last, own, times, slots, firsts):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """How many different words there are; the slot of each in a table of how often it comes, and where first."""
    words = 0
    for i in range(first, last):
        slot = np.int64(hashes[i] * _STEP >> np.uint64(53))
        while times[slot] and own[slot] != hashes[i]:
            slot = (slot + 1) & (_COUNTS - 1)
        if not times[slot]:
            own[slot], slots[words], firsts[words] = hashes[i], slot, i
            words += 1
        times[slot] += 1
    return words


@njit(cache=True, nogil=True)
def _usual(rarity, places):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """The level of rarity of the commonest of these words: in a language of few documents every word is rare."""
    counts = np.zeros(UNKNOWN + 1, np.int64)
    for place in places:
        counts[rarity[place]] += 1
    level, more = 0, counts[0]
    while more < max(len(places) // COMMONEST, 1) and level < UNKNOWN:
        level += 1
        more += counts[level]
    return level


@uncounted
def _add(total, vector, weight):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    for k in range(HALF):
        total[k] += weight * np.float32(vector[k])


@uncounted
def _keep(weights, words, weight, word):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Put a word among those of most weight, if it is one; they stand by falling weight."""
    at = len(words)
    while at and weight > weights[at - 1]:
        at -= 1
    if at < len(words):
        for k in range(len(words) - 1, at, -1):
            weights[k], words[k] = weights[k - 1], words[k - 1]
        weights[at], words[at] = weight, word


@uncounted
def _sign(total, value, weight):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Add a word's direction: signs drawn by its hash."""
    for block in range(HALF // 64):
        value = (value + _STEP) * _MIX
        value = (value ^ value >> np.uint64(32)) * _STEP
        bits = value ^ value >> np.uint64(29)
        for k in range(64):
            total[block * 64 + k] += weight * (
                np.float32(1) - np.float32(2) * np.float32(bits >> np.uint64(k) & np.uint64(1))
            )


@njit(cache=True, nogil=True)
def _coded(alike, named, code):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Both halves, as long as one another, as whole numbers: the greatest is 127."""
    one, other = np.float32(np.sqrt(np.sum(alike * alike))), np.float32(np.sqrt(np.sum(named * named)))
    one, other = max(one, np.float32(1e-12)), max(other, np.float32(1e-12))
    most = max(np.abs(alike).max() / one, np.abs(named).max() / other)
    if most > 0:
        for k in range(HALF):
            code[k] = np.int8(np.rint(alike[k] / one / most * np.float32(127)))
            code[HALF + k] = np.int8(np.rint(named[k] / other / most * np.float32(127)))
