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

from corpusscan.kernels.uncounted import uncounted
from corpusscan.kernels.words import Hashes, Offsets

SLOT_BITS, PAIR_BITS = 20, 26
LEVELS = 16  # of rarity: halvings of the documents that have a word; the last: it is not known
UNKNOWN = LEVELS - 1
DIMENSIONS = 24
VECTORS = 1 << 16  # words that have one
EVERYWHERE = 16  # a word of more than one document in so many says nothing of what a text is about, and has none
TOPICS = 16
TOLD = 64  # words by which a topic is told
FEWEST = 50  # documents from which anything can be learned
NOISES = 3  # words of the vocabulary as they come; words of a page in another order; scraps of many pages
BINS, NO_BIN = 16, 15  # of how like the words before a word is; the last: that cannot be told
CONTEXT, HEARD = 32, 6  # words before a word that it is compared with, and how many of these must have a vector
SCRAP = 3  # words
LENGTH = 127  # of the vector of the rarest word; commoner ones say less of what a text is about
_RARITY, _VECTOR = 4, 17  # bits of a slot; the others check
_CHECK = 32 - _RARITY - _VECTOR
_MOST_BITS = 4.0  # that one word says
_ITERATIONS = 3
_STEP, _OTHER = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)

Floats = npt.NDArray[np.float32]


class Profile(NamedTuple):
    """Of a corpus; everything is looked up by the hash of a word."""

    slots: npt.NDArray[np.uint32]
    pairs: npt.NDArray[np.uint64]  # a bitmap
    odds: Floats  # 2 x LEVELS x LEVELS x 2: bits for noise, by rarity of the word before, of the word, pair known
    strange: Floats  # LEVELS x BINS: bits for noise, by rarity of a word and its likeness to the words before
    vectors: npt.NDArray[np.int8]  # words x DIMENSIONS; the first is that of no word
    topics: Floats  # TOPICS x DIMENSIONS: where documents of the sample gather
    documents: int  # of the sample


def profile(hashes: Hashes, bounds: Offsets) -> Profile:
    """The profile of documents whose words are hashes[bounds[i]:bounds[i + 1]]."""
    count = len(bounds) - 1
    owner = np.repeat(np.arange(count, dtype=np.uint64), np.diff(bounds))
    words, frequency, place, document = _frequencies(hashes, owner)
    known = frequency > 1
    levels = np.minimum(np.log2(max(count, 2) / np.maximum(frequency, 1)), UNKNOWN - 1).astype(np.uint32)
    numbers, vectors = _vectors(frequency, place, document, count)
    order = np.flatnonzero(known)
    order = order[np.argsort(frequency[order], kind="stable")]  # the commonest comes last, and stays
    slots = np.zeros(1 << SLOT_BITS, np.uint32)
    slots[:] = UNKNOWN
    slots[(words[order] >> np.uint64(64 - SLOT_BITS)).astype(np.int64)] = _packed(
        words[order], numbers[order], levels[order]
    )
    pairs = np.zeros(1 << (PAIR_BITS - 6), np.uint64)
    joined = pair_hashes(hashes)
    inside = np.ones(len(hashes), bool)
    inside[bounds[:-1][np.diff(bounds) > 0]] = False
    both, often, *_ = _frequencies(joined[inside], owner[inside])
    _mark(pairs, both[often > 1])
    rarity = rarities(hashes, slots)
    odds = _odds(hashes, bounds, rarity, words[known], slots, pairs)
    means = _means(hashes, bounds, slots, vectors, TOLD)
    topics = _topics(means)
    strange = _strange(hashes, bounds, rarity, np.argmax(means @ topics.T, axis=1), slots, vectors)
    return Profile(slots, pairs, odds, strange, vectors, topics, count)


def table(found: Profile) -> pa.Table:
    """A profile as a table of one row: columns of bytes, and documents."""
    arrays = {name: pa.array([getattr(found, name).tobytes()], pa.large_binary()) for name in Profile._fields[:-1]}
    return pa.table({**arrays, "documents": [found.documents]})


def of_table(told: pa.Table) -> Profile:
    """The profile that `table` wrote; of a corpus without a sample it knows nothing."""
    def read(name: str, kind: Any, *shape: int) -> Any:
        return np.frombuffer(told[name][0].as_buffer(), kind).reshape(shape)

    return Profile(
        read("slots", np.uint32, -1), read("pairs", np.uint64, -1), read("odds", np.float32, 2, LEVELS, LEVELS, 2),
        read("strange", np.float32, LEVELS, BINS), read("vectors", np.int8, -1, DIMENSIONS), read("topics", np.float32, -1, DIMENSIONS),
        told["documents"][0].as_py(),
    )  # fmt: skip


def topics_of(hashes: Hashes, bounds: Offsets, found: Profile) -> npt.NDArray[np.int64]:
    """The topic of each stretch hashes[bounds[i]:bounds[i + 1]], by its first words; TOPICS where that says nothing."""
    means = _means(hashes, bounds, found.slots, found.vectors, TOLD)
    near = np.argmax(means @ found.topics.T, axis=1)
    return np.where(np.abs(means).sum(axis=1) > 0, near, TOPICS)


def pair_hashes(hashes: Hashes) -> Hashes:
    """Of each word the hash of it and the word before; of the first with nothing."""
    before = np.zeros_like(hashes)
    before[1:] = hashes[:-1]
    return joined(before, hashes)


def joined(one: Hashes, other: Hashes) -> Hashes:
    """Hashes of words in a row, from the hash of the first of them and that of the last."""
    mixed = ((one << np.uint64(23) | one >> np.uint64(41)) ^ other) * _STEP
    return (mixed ^ mixed >> np.uint64(31)) * _OTHER


def rarities(hashes: Hashes, slots: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint8]:
    """The level of rarity of each word."""
    return _rarities(hashes, slots)  # type: ignore[no-any-return]


def _frequencies(values: Hashes, owner: Hashes) -> tuple[Hashes, Any, Any, Any]:
    """Distinct values (their upper 40 bits) and the documents of each; place among them, and document, of each pair."""
    packed = values >> np.uint64(24) << np.uint64(24) | owner
    packed.sort()
    packed = packed[np.append(True, packed[1:] != packed[:-1])[: len(packed)]]
    value = packed >> np.uint64(24) << np.uint64(24)
    begins = np.append(True, value[1:] != value[:-1])[: len(value)]
    first = np.flatnonzero(begins)
    frequency = np.diff(np.append(first, len(value)))
    return value[first], frequency, np.cumsum(begins) - 1, (packed & np.uint64(0xFFFFFF)).astype(np.int64)


def _packed(words: Hashes, numbers: Any, levels: Any) -> npt.NDArray[np.uint32]:
    check = _check(words)
    return check << np.uint32(_RARITY + _VECTOR) | numbers.astype(np.uint32) << np.uint32(_RARITY) | levels


def _check(words: Hashes) -> npt.NDArray[np.uint32]:
    return (words >> np.uint64(64 - SLOT_BITS - _CHECK) & np.uint64((1 << _CHECK) - 1)).astype(np.uint32)


def _vectors(frequency: Any, place: Any, document: Any, count: int) -> tuple[Any, npt.NDArray[np.int8]]:
    """Numbers of words (0: none) and their vectors."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415  # takes a third of a second

    numbers = np.zeros(len(frequency), np.int64)
    chosen = np.flatnonzero((frequency > 2) & (frequency <= count / EVERYWHERE))
    chosen = np.sort(chosen[np.argsort(-frequency[chosen], kind="stable")][: VECTORS - 1])
    numbers[chosen] = np.arange(1, len(chosen) + 1)
    vectors = np.zeros((len(chosen) + 1, DIMENSIONS), np.int8)
    if len(chosen) <= DIMENSIONS or count <= FEWEST:
        return numbers, vectors
    mine = numbers[place] > 0
    weight = np.log(count / frequency[chosen]).astype(np.float32)
    column, row = numbers[place[mine]] - 1, document[mine]
    norms = np.sqrt(np.bincount(row, weight[column] ** 2, count))
    matrix = csr_matrix((weight[column] / np.maximum(norms[row], 1e-6), (row, column)), shape=(count, len(chosen)))
    draw = np.random.Generator(np.random.PCG64(1))
    base = draw.standard_normal((len(chosen), DIMENSIONS + 8), np.float32)
    for _ in range(_ITERATIONS):
        base, _ = np.linalg.qr(matrix.T @ (matrix @ base))
    small = matrix @ base
    values, turn = np.linalg.eigh(small.T @ small)
    right = base @ turn[:, ::-1][:, :DIMENSIONS]
    right *= np.sign(right[np.abs(right).argmax(axis=0), np.arange(DIMENSIONS)])
    scaled = right * weight[:, None]
    scaled *= weight[:, None] / weight.max() / np.maximum(np.linalg.norm(scaled, axis=1, keepdims=True), 1e-9)
    vectors[1:] = np.round(scaled * LENGTH)
    return numbers, vectors


def _topics(means: Floats) -> Floats:
    """Centres of the documents on the sphere (Dhillon and Modha 2001), from a start drawn once and for all."""
    draw = np.random.Generator(np.random.PCG64(3))
    told = means[np.abs(means).sum(axis=1) > 0]
    if not len(told):
        return np.zeros((TOPICS, DIMENSIONS), np.float32)
    centres = told[draw.choice(len(told), TOPICS, replace=len(told) < TOPICS)]
    for _ in range(_ITERATIONS * 4):
        near = np.argmax(told @ centres.T, axis=1)
        for topic in range(TOPICS):
            if (near == topic).any():
                centre = told[near == topic].sum(axis=0)
                centres[topic] = centre / max(float(np.linalg.norm(centre)), 1e-6)
    return centres.astype(np.float32)


@njit(cache=True, nogil=True)
def _means(hashes, bounds, slots, vectors, most):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """The direction of the first words of each stretch; zero where none has a vector."""
    means = np.zeros((len(bounds) - 1, DIMENSIONS), np.float32)
    for document in range(len(bounds) - 1):
        for i in range(bounds[document], min(bounds[document] + most, bounds[document + 1])):
            number = looked_up(slots, hashes[i])[1]
            for k in range(DIMENSIONS):
                means[document, k] += vectors[number, k]
        norm = np.sqrt((means[document] ** 2).sum())
        if norm > 0:
            means[document] /= norm
    return means


def _strange(hashes: Hashes, bounds: Offsets, rarity: Any, topics: Any, slots: Any, vectors: Any) -> Floats:
    """Bits for noise by likeness to the context: the noise are scraps of other documents of the same topic."""
    draw = np.random.Generator(np.random.PCG64(4))
    mixed_up = hashes.copy()
    of_topic = np.argsort(topics, kind="stable")
    firsts = np.searchsorted(topics[of_topic], np.arange(TOPICS + 1))
    lengths = np.diff(bounds)
    for topic in range(TOPICS):
        own = of_topic[firsts[topic] : firsts[topic + 1]]
        own = own[lengths[own] >= SCRAP]
        if len(own) > 1:
            places = np.concatenate([np.arange(bounds[d], bounds[d + 1] - SCRAP + 1, SCRAP) for d in own])
            drawn = places[draw.permutation(len(places))]
            for k in range(SCRAP):
                mixed_up[places + k] = hashes[drawn + k]
    text = _likeness_counts(rarity, likeness(hashes, bounds, slots, vectors))
    noise = _likeness_counts(rarities(mixed_up, slots), likeness(mixed_up, bounds, slots, vectors))
    bits = np.log2(_shares(noise)) - np.log2(_shares(text))  # rarity alone says nothing: scraps are of words as usual
    bits[:, NO_BIN] = 0
    return np.clip(bits, -_MOST_BITS, _MOST_BITS).astype(np.float32)


def _likeness_counts(rarity: Any, bins: Any) -> Any:
    counts = np.bincount(rarity.astype(np.int64) * BINS + bins, minlength=LEVELS * BINS).reshape(LEVELS, BINS)
    return counts.astype(np.float64)


def _shares(counts: Any) -> Any:
    counts = counts[:, :NO_BIN] + 1
    shares = counts / counts.sum(axis=1, keepdims=True)
    return np.hstack([shares, np.ones((LEVELS, 1))])


def likeness(hashes: Hashes, bounds: Offsets, slots: npt.NDArray[np.uint32], vectors: Any) -> npt.NDArray[np.uint8]:
    """How like the words before it each word is, as a bin of the cosine; `NO_BIN` where that cannot be told."""
    return _likeness(hashes, bounds, slots, vectors)  # type: ignore[no-any-return]


@njit(cache=True, nogil=True)
def _likeness(hashes, bounds, slots, vectors):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    bins = np.full(len(hashes), NO_BIN, np.uint8)
    numbers = np.empty(len(hashes), np.int64)
    for i in range(len(hashes)):
        numbers[i] = looked_up(slots, hashes[i])[1]
    lengths = np.ones(len(vectors), np.float32)
    for number in range(1, len(vectors)):
        for k in range(DIMENSIONS):
            lengths[number] += np.float32(vectors[number, k]) ** 2
    lengths = np.sqrt(lengths)
    total = np.zeros(DIMENSIONS, np.float32)
    for document in range(len(bounds) - 1):
        total[:] = 0
        heard = 0
        for i in range(bounds[document], bounds[document + 1]):
            number = numbers[i]
            if number and heard >= HEARD:
                dot = norm = np.float32(0)
                for k in range(DIMENSIONS):
                    dot += total[k] * np.float32(vectors[number, k])
                    norm += total[k] * total[k]
                cosine = dot / (np.sqrt(norm) * lengths[number] + np.float32(1))
                bins[i] = min(max(np.int64((cosine + np.float32(0.25)) * np.float32(12)), 0), NO_BIN - 1)
            if number:
                heard += 1
                for k in range(DIMENSIONS):
                    total[k] += np.float32(vectors[number, k])
            if i - bounds[document] >= CONTEXT:
                gone = numbers[i - CONTEXT]
                if gone:
                    heard -= 1
                    for k in range(DIMENSIONS):
                        total[k] -= np.float32(vectors[gone, k])
    return bins


@uncounted
def _mark(bitmap, values):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    for value in values:
        place = value >> np.uint64(64 - PAIR_BITS)
        bitmap[place >> np.uint64(6)] |= np.uint64(1) << (place & np.uint64(63))


@njit(cache=True, nogil=True, inline="always")
def known_pair(pairs, value):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Whether the bitmap has a hash of a pair."""
    place = value >> np.uint64(64 - PAIR_BITS)
    return pairs[place >> np.uint64(6)] >> (place & np.uint64(63)) & np.uint64(1)


@njit(cache=True, nogil=True, inline="always")
def looked_up(slots, word):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Rarity and number of a word."""
    slot = slots[word >> np.uint64(64 - SLOT_BITS)]
    check = np.uint32(word >> np.uint64(64 - SLOT_BITS - _CHECK) & np.uint64((1 << _CHECK) - 1))
    if slot >> np.uint32(_RARITY + _VECTOR) != check:
        return np.int64(UNKNOWN), np.int64(0)
    return np.int64(slot & np.uint32(LEVELS - 1)), np.int64(slot >> np.uint32(_RARITY) & np.uint32((1 << _VECTOR) - 1))


@njit(cache=True, nogil=True, inline="always")
def mixed(one, other):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """`joined` of two words."""
    value = ((one << np.uint64(23) | one >> np.uint64(41)) ^ other) * _STEP
    return (value ^ value >> np.uint64(31)) * _OTHER


@njit(cache=True, nogil=True)
def _rarities(hashes, slots):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    found = np.empty(len(hashes), np.uint8)
    for i in range(len(hashes)):
        found[i] = looked_up(slots, hashes[i])[0]
    return found


def _odds(hashes: Hashes, bounds: Offsets, rarity: Any, vocabulary: Hashes, slots: Any, pairs: Any) -> Floats:
    """Bits for noise of each kind, clipped: one word is no proof."""
    text = _histogram(hashes, bounds, rarity, pairs)
    draw = np.random.Generator(np.random.PCG64(2))
    turned = hashes.copy()
    for first, last in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        draw.shuffle(turned[first:last])
    page = _histogram(turned, bounds, rarities(turned, slots), pairs)
    count = min(len(hashes), 1 << 20)
    drawn = vocabulary[draw.integers(0, max(len(vocabulary), 1), count)] if len(vocabulary) else hashes[:count]
    drawn = np.where(draw.random(count) < 0.5, drawn, draw.integers(0, 1 << 63, count, dtype=np.uint64) << np.uint64(1))
    listed = _histogram(drawn, np.array([0, count]), rarities(drawn, slots), pairs)
    odds = [np.log2(_smooth(noise)) - np.log2(_smooth(text)) for noise in (listed, page)]
    return np.clip(np.stack(odds), -_MOST_BITS, _MOST_BITS).astype(np.float32)


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
