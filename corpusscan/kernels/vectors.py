"""Where words belong: vectors of words, and what stretches of text are about by the sums of them.

Directions are those of `latent`.  Sums are of whole numbers, so that their order does not show.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from corpusscan.kernels import latent
from corpusscan.kernels.latent import Floats
from corpusscan.kernels.words import Offsets

DIMENSIONS = 24
VECTORS = 1 << 16  # words that have one
EVERYWHERE = 16  # a word of more than one document in so many says nothing of what a text is about, and has none
LENGTH = 127  # of the vector of the rarest word; commoner ones say less of what a text is about
FEWEST = 50  # documents from which anything can be learned
TOPICS = 16
TOLD, PART = 64, 16  # words by which a topic is told, and by how many less it can be
BLOCK = 8  # words
CONTEXT, HEARD = 4, 8  # blocks before a block that it is compared with, and words of these that must have a vector
BINS, SURE = 24, 6  # of the cosine, and words of a block, two by two, by which it is told; more are as many
NO_BIN = BINS * SURE // 2  # it cannot be told
ITERATIONS = 12  # of gathering

Numbers = npt.NDArray[np.int32]
Vectors = npt.NDArray[np.int8]  # words x DIMENSIONS; the first is that of no word


def fitted(frequency: Any, place: Any, document: Any, count: int) -> tuple[Any, Vectors]:
    """Numbers of words (0: none) and their vectors, from who stands in which of so many documents.

    `place` and `document` are pairs of a word and a document that has it, `frequency` is of each word.
    """
    numbers = np.zeros(len(frequency), np.int64)
    chosen = latent.most_frequent(frequency, count, EVERYWHERE, VECTORS - 1)
    numbers[chosen] = np.arange(1, len(chosen) + 1)
    vectors = np.zeros((len(chosen) + 1, DIMENSIONS), np.int8)
    if len(chosen) <= DIMENSIONS or count <= FEWEST:
        return numbers, vectors
    mine = numbers[place] > 0
    found = latent.latent(frequency[chosen], count, numbers[place[mine]] - 1, document[mine], count, DIMENSIONS)
    scaled = found.right * found.weight[:, None]
    norms = np.maximum(np.linalg.norm(scaled, axis=1, keepdims=True), 1e-9)
    scaled *= found.weight[:, None] / found.weight.max() / norms
    vectors[1:] = np.round(scaled * LENGTH)
    return numbers, vectors


def gathered(means: Floats) -> Floats:
    """Centres of the documents on the sphere (Dhillon and Modha 2001), from a start drawn once and for all."""
    draw = np.random.Generator(np.random.PCG64(3))
    told = means[np.abs(means).sum(axis=1) > 0]
    if not len(told):
        return np.zeros((TOPICS, DIMENSIONS), np.float32)
    centres = told[draw.choice(len(told), TOPICS, replace=len(told) < TOPICS)]
    for _ in range(ITERATIONS):
        near = np.argmax(told @ centres.T, axis=1)
        for topic in range(TOPICS):
            if (near == topic).any():
                centre = told[near == topic].sum(axis=0)
                centres[topic] = centre / max(float(np.linalg.norm(centre)), 1e-6)
    found: Floats = centres.astype(np.float32)
    return found


def means(number: Numbers, bounds: Offsets, vectors: Vectors) -> Floats:
    """The directions of the beginnings of each stretch number[bounds[i]:bounds[i + 1]]: stretches x parts x DIMENSIONS.

    A part is `PART` words longer than the one before it, the last is of `TOLD`; 0 where no word has a vector.
    """
    found = np.zeros((len(bounds) - 1, TOLD // PART, DIMENSIONS), np.float32)
    _means(number, bounds, vectors, found)
    return found


class Blocks(NamedTuple):
    """Sums of the vectors of `BLOCK` words in a row, block after block of each document; what is left over is none."""

    sums: npt.NDArray[np.int32]  # blocks x DIMENSIONS
    heard: npt.NDArray[np.int32]  # words of each that have a vector
    bounds: Offsets  # blocks of document i are those from bounds[i] to bounds[i + 1]


def blocks(number: Numbers, bounds: Offsets, vectors: Vectors) -> Blocks:
    """The blocks of documents."""
    own = np.append(0, np.cumsum(np.diff(bounds) // BLOCK))
    sums, heard = np.zeros((own[-1], DIMENSIONS), np.int32), np.zeros(own[-1], np.int32)
    _blocks(number, bounds, vectors, own, sums, heard)
    return Blocks(sums, heard, own)


def firsts(of: Blocks, bounds: Offsets) -> Offsets:
    """The word at which each block begins."""
    count = np.diff(of.bounds)
    return np.repeat(bounds[:-1] - of.bounds[:-1] * BLOCK, count) + np.arange(len(of.heard)) * BLOCK


def likeness(of: Blocks) -> npt.NDArray[np.uint8]:
    """How like the words before it each block is: `BINS` for each number of words that it is told by, and `NO_BIN`."""
    bins = np.full(len(of.heard), NO_BIN, np.uint8)
    _likeness(of.sums, of.heard, of.bounds, np.zeros(DIMENSIONS, np.int32), bins)
    return bins


@njit(cache=True, nogil=True)
def _blocks(number, bounds, vectors, own, sums, heard):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    for document in range(len(bounds) - 1):
        for block in range(own[document], own[document + 1]):
            first = bounds[document] + (block - own[document]) * BLOCK
            for i in range(first, first + BLOCK):
                if number[i]:
                    heard[block] += 1
                    add(sums[block], vectors, number[i])


@njit(cache=True, nogil=True)
def _likeness(sums, heard, bounds, total, bins):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    for document in range(len(bounds) - 1):
        total[:] = 0
        before = 0
        for block in range(bounds[document], bounds[document + 1]):
            if heard[block] and before >= HEARD:
                cosine = cosine_of(total, sums[block])
                by = min(heard[block] - 1, SURE - 1) // 2
                bins[block] = by * BINS + min(max(np.int64((cosine + np.float32(0.5)) * (BINS / 1.5)), 0), BINS - 1)
            add(total, sums, block)
            before += heard[block]
            if block - CONTEXT >= bounds[document]:
                take(total, sums, block - CONTEXT)
                before -= heard[block - CONTEXT]


@njit(cache=True, nogil=True, inline="always")
def cosine_of(one, other):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """The cosine of two sums."""
    norms = np.sqrt(np.float32(dot(one, one))) * np.sqrt(np.float32(dot(other, other)))
    return np.float32(dot(one, other)) / max(norms, np.float32(1e-6))


@njit(cache=True, nogil=True)
def _means(number, bounds, vectors, found):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    total = np.zeros(DIMENSIONS, np.int32)
    for document in range(len(bounds) - 1):
        total[:] = 0
        for part in range(TOLD // PART):
            first = min(bounds[document] + part * PART, bounds[document + 1])
            for i in range(first, min(first + PART, bounds[document + 1])):
                if number[i]:
                    add(total, vectors, number[i])
            norm = np.sqrt(np.float32(dot(total, total)))
            if norm > 0:
                for k in range(DIMENSIONS):
                    found[document, part, k] = np.float32(total[k]) / norm


@njit(cache=True, nogil=True, inline="always")
def add(total, vectors, number):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Add a word's vector; in whole numbers, which are added in any order, so at once."""
    for k in range(DIMENSIONS):
        total[k] += np.int32(vectors[number, k])


@njit(cache=True, nogil=True, inline="always")
def take(total, vectors, number):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Take a word's vector away."""
    for k in range(DIMENSIONS):
        total[k] -= np.int32(vectors[number, k])


@njit(cache=True, nogil=True, inline="always")
def dot(one, other):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """The scalar product of sums of at most 64 vectors each, which fits."""
    product = np.int32(0)
    for k in range(DIMENSIONS):
        product = np.int32(product + np.int32(one[k] * other[k]))
    return product
