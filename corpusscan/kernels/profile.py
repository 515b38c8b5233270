"""What text of a corpus is usually like: which words and pairs of words it knows, and where its words belong.

Counted on a sample.  A word or a pair is known that stands in two documents of it, so that nothing a document says
makes itself usual.  How much more likely a word is in noise than in text (in bits) is learned from the sample, its own
words in another order being the noise: nobody has to say what text is.  Vectors of words are latent semantic analysis
(Deerwester et al. 1990) by a randomised decomposition (Halko, Martinsson and Tropp 2011).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from corpusscan.kernels import bitmaps, vectors
from corpusscan.kernels.bitmaps import holds
from corpusscan.kernels.latent import Floats
from corpusscan.kernels.uncounted import uncounted
from corpusscan.kernels.vectors import Numbers, Vectors
from corpusscan.kernels.words import Hashes, Offsets

SLOT_BITS, PAIR_BITS = 20, 26
LEVELS = 16  # of rarity: halvings of the documents that have a word; the last: it is not known
UNKNOWN = LEVELS - 1
NOISES = 3  # words of the vocabulary as they come; words of a page in another order; scraps of many pages
SCRAP = 3  # words
_RARITY, _VECTOR = 4, 17  # bits of a slot; the others check
_CHECK = 32 - _RARITY - _VECTOR
_MOST_BITS = 4.0  # that one word says
_STEP, _OTHER = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)

Rarities = npt.NDArray[np.uint8]


class Profile(NamedTuple):
    """Of a corpus; everything is looked up by the hash of a word."""

    slots: npt.NDArray[np.uint32]
    pairs: bitmaps.Bitmap
    odds: Floats  # 2 x LEVELS x LEVELS x 2: bits for noise, by rarity of the word before, of the word, pair known
    strange: Floats  # bits for noise, by likeness of a block of words to what stands before
    vectors: Vectors
    topics: Floats  # topics x dimensions: where documents of the sample gather
    documents: int  # of the sample
    order: float  # bits a word by which the sample differs from its own words in another order (Kullback and Leibler)


def profile(hashes: Hashes, bounds: Offsets) -> Profile:
    """The profile of documents whose words are hashes[bounds[i]:bounds[i + 1]]."""
    count = len(bounds) - 1
    owner = np.repeat(np.arange(count, dtype=np.uint64), np.diff(bounds))
    words, frequency, place, document = frequencies(hashes, owner)
    known = frequency > 1
    levels = np.minimum(np.log2(max(count, 2) / np.maximum(frequency, 1)), UNKNOWN - 1).astype(np.uint32)
    numbers, directions = vectors.fitted(frequency, place, document, count)
    found = slots(words, frequency, numbers, levels)
    inside = np.ones(len(hashes), bool)
    inside[bounds[:-1][np.diff(bounds) > 0]] = False
    both, often, *_ = frequencies(pair_hashes(hashes)[inside], owner[inside])
    pairs = bitmaps.of(both[often > 1], PAIR_BITS)
    rarity, number = looked_up(hashes, found)
    odds, bits = _odds(hashes, bounds, rarity, words[known], found, pairs)
    means = vectors.means(number, bounds, directions)[:, -1]
    topics = vectors.gathered(means)
    strange = _strange(number, bounds, np.argmax(means @ topics.T, axis=1), directions)
    return Profile(found, pairs, odds, strange, directions, topics, count, bits)


def slots(words: Hashes, frequency: Any, numbers: Any, levels: Any) -> npt.NDArray[np.uint32]:
    """A table of the words of more than one document: number of the vector and level of rarity, for `looked_up`."""
    order = np.flatnonzero(frequency > 1)
    order = order[np.argsort(frequency[order], kind="stable")]  # the commonest comes last, and stays
    found = np.full(1 << SLOT_BITS, UNKNOWN, np.uint32)
    packed = _packed(words[order], numbers[order], levels[order])
    found[(words[order] >> np.uint64(64 - SLOT_BITS)).astype(np.int64)] = packed
    return found


def table(found: Profile) -> pa.Table:
    """A profile as a table of one row: columns of bytes, documents and order."""
    arrays = {name: pa.array([getattr(found, name).tobytes()], pa.large_binary()) for name in Profile._fields[:-2]}
    return pa.table({**arrays, "documents": [found.documents], "order": [found.order]})


def of_table(told: pa.Table) -> Profile:
    """The profile that `table` wrote; of a corpus without a sample it knows nothing."""

    def read(name: str, kind: Any, *shape: int) -> Any:
        return np.frombuffer(told[name][0].as_buffer(), kind).reshape(shape)

    return Profile(
        read("slots", np.uint32, -1), read("pairs", np.uint64, -1), read("odds", np.float32, 2, LEVELS, LEVELS, 2),
        read("strange", np.float32, -1), read("vectors", np.int8, -1, vectors.DIMENSIONS),
        read("topics", np.float32, -1, vectors.DIMENSIONS),
        told["documents"][0].as_py(), told["order"][0].as_py(),
    )  # fmt: skip


def topics_of(number: Numbers, bounds: Offsets, found: Profile) -> npt.NDArray[np.int64]:
    """The topics of the beginnings of stretches number[bounds[i]:bounds[i + 1]], stretches x parts (`vectors.means`).

    TOPICS where a beginning says nothing.
    """
    means = vectors.means(number, bounds, found.vectors)
    near = np.argmax(means @ found.topics.T, axis=2)
    return np.where(np.any(means, axis=2), near, vectors.TOPICS)


def pair_hashes(hashes: Hashes) -> Hashes:
    """Of each word the hash of it and the word before; of the first with nothing."""
    before = np.zeros_like(hashes)
    before[1:] = hashes[:-1]
    return joined(before, hashes)


def joined(one: Hashes, other: Hashes) -> Hashes:
    """Hashes of words in a row, from the hash of the first of them and that of the last."""
    found = np.empty_like(one)
    _joined(one, other, found)
    return found


def looked_up(hashes: Hashes, slots: npt.NDArray[np.uint32]) -> tuple[Rarities, Numbers]:
    """The level of rarity of each word, and the number of its vector (0: it has none)."""
    rarity, number = np.empty(len(hashes), np.uint8), np.empty(len(hashes), np.int32)
    _looked_up(hashes, slots, rarity, number)
    return rarity, number


def frequencies(values: Hashes, owner: Hashes) -> tuple[Hashes, Any, Any, Any]:
    """Distinct values (their upper 40 bits) and the documents of each; place among them, and document, of each pair."""
    packed = values >> np.uint64(24) << np.uint64(24) | owner
    packed.sort()
    value, frequency = np.empty(len(packed), np.uint64), np.empty(len(packed), np.int64)
    place, document = np.empty(len(packed), np.int64), np.empty(len(packed), np.int64)
    values, pairs = _counted(packed, value, frequency, place, document)
    return value[:values].copy(), frequency[:values].copy(), place[:pairs], document[:pairs]


def _packed(words: Hashes, numbers: Any, levels: Any) -> npt.NDArray[np.uint32]:
    packed: npt.NDArray[np.uint32] = (
        _check(words) << np.uint32(_RARITY + _VECTOR) | numbers.astype(np.uint32) << np.uint32(_RARITY) | levels
    )
    return packed


def _check(words: Hashes) -> npt.NDArray[np.uint32]:
    return (words >> np.uint64(64 - SLOT_BITS - _CHECK) & np.uint64((1 << _CHECK) - 1)).astype(np.uint32)


def _strange(number: Numbers, bounds: Offsets, topics: Any, directions: Vectors) -> Floats:
    """Bits for noise by likeness to what stands before: the noise are scraps of other documents of the same topic."""
    draw = np.random.Generator(np.random.PCG64(4))
    mixed_up = number.copy()
    of_topic = np.argsort(topics, kind="stable")
    firsts = np.searchsorted(topics[of_topic], np.arange(vectors.TOPICS + 1))
    lengths = np.diff(bounds)
    for topic in range(vectors.TOPICS):
        own = of_topic[firsts[topic] : firsts[topic + 1]]
        own = own[lengths[own] >= SCRAP]
        if len(own) > 1:
            places = np.concatenate([np.arange(bounds[d], bounds[d + 1] - SCRAP + 1, SCRAP) for d in own])
            drawn = places[draw.permutation(len(places))]
            for k in range(SCRAP):
                mixed_up[places + k] = number[drawn + k]
    text, noise = (
        np.bincount(vectors.likeness(vectors.blocks(own, bounds, directions)), minlength=vectors.NO_BIN + 1)
        for own in (number, mixed_up)
    )
    bits = _shares(noise) - _shares(text)  # how many words have a vector says nothing
    clipped: Floats = np.clip(np.append(bits, 0), -_MOST_BITS, _MOST_BITS).astype(np.float32)
    return clipped


def _shares(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Logarithms of the shares of bins among those that are told by as many words."""
    told = counts[:-1].reshape(-1, vectors.BINS) + 1.0
    shares: npt.NDArray[np.float64] = np.log2(told / told.sum(axis=1, keepdims=True)).ravel()
    return shares


@njit(cache=True, nogil=True, inline="always")
def known_pair(pairs, value):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Whether the bitmap has a hash of a pair."""
    return holds(pairs, value, PAIR_BITS)


@njit(cache=True, nogil=True, inline="always")
def mixed(one, other):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """`joined` of two words."""
    value = ((one << np.uint64(23) | one >> np.uint64(41)) ^ other) * _STEP
    return (value ^ value >> np.uint64(31)) * _OTHER


@njit(cache=True, nogil=True)
def _counted(packed, value, frequency, place, document):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Of sorted values and owners (lower 24 bits) how many values there are, and how many pairs, each once."""
    values = pairs = 0
    for i in range(len(packed)):
        if i and packed[i] == packed[i - 1]:
            continue
        mine = packed[i] >> np.uint64(24) << np.uint64(24)
        if not values or mine != value[values - 1]:
            value[values], frequency[values] = mine, 0
            values += 1
        frequency[values - 1] += 1
        place[pairs], document[pairs] = values - 1, np.int64(packed[i] & np.uint64(0xFFFFFF))
        pairs += 1
    return values, pairs


@uncounted
def _joined(one, other, found):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    for i in range(len(one)):
        found[i] = mixed(one[i], other[i])


@uncounted
def _looked_up(hashes, slots, rarity, number):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    for i in range(len(hashes)):
        word = hashes[i]
        slot = slots[word >> np.uint64(64 - SLOT_BITS)]
        check = np.uint32(word >> np.uint64(64 - SLOT_BITS - _CHECK) & np.uint64((1 << _CHECK) - 1))
        same = slot >> np.uint32(_RARITY + _VECTOR) == check
        rarity[i] = np.uint8(slot & np.uint32(LEVELS - 1)) if same else np.uint8(UNKNOWN)
        number[i] = np.int32(slot >> np.uint32(_RARITY) & np.uint32((1 << _VECTOR) - 1)) if same else np.int32(0)


def _odds(
    hashes: Hashes, bounds: Offsets, rarity: Any, vocabulary: Hashes, slots: Any, pairs: Any
) -> tuple[Floats, float]:
    """Bits for noise of each kind, clipped, as one word is no proof; how many bits a word say that it is in order."""
    text = _histogram(hashes, bounds, rarity, pairs)
    draw = np.random.Generator(np.random.PCG64(2))
    turned = hashes.copy()
    for first, last in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        draw.shuffle(turned[first:last])
    page = _histogram(turned, bounds, looked_up(turned, slots)[0], pairs)
    count = min(len(hashes), 1 << 20)
    drawn = vocabulary[draw.integers(0, max(len(vocabulary), 1), count)] if len(vocabulary) else hashes[:count]
    drawn = np.where(draw.random(count) < 0.5, drawn, draw.integers(0, 1 << 63, count, dtype=np.uint64) << np.uint64(1))
    listed = _histogram(drawn, np.array([0, count]), looked_up(drawn, slots)[0], pairs)
    odds = [np.log2(_smooth(noise)) - np.log2(_smooth(text)) for noise in (listed, page)]
    clipped: Floats = np.clip(np.stack(odds), -_MOST_BITS, _MOST_BITS).astype(np.float32)
    return clipped, -float((_smooth(text) * odds[1]).sum())


def _smooth(counts: Any) -> Any:
    return (counts + 1) / (counts.sum() + counts.size)


@njit(cache=True, nogil=True)
def _histogram(hashes, bounds, rarity, pairs):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """How often a word of some rarity follows one of some rarity, the pair being known or not."""
    counts = np.zeros((LEVELS, LEVELS, 2))
    for document in range(len(bounds) - 1):
        for i in range(bounds[document] + 1, bounds[document + 1]):
            counts[rarity[i - 1], rarity[i], known_pair(pairs, mixed(hashes[i - 1], hashes[i]))] += 1
    return counts
