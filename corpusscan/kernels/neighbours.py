"""Which vectors are near one another: among those that share a word that says much, by their cosine.

An inverted index of the words of most weight finds the near neighbours that a search of everything finds, for a small
part of the work (docs/performance.md).  Centres, where there are too many vectors for one memory, are by faiss (Douze
et al. 2024), seeded and on one thread, so that the same vectors have the same neighbours.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from corpusscan.kernels.embedding import DIMENSIONS, Codes
from corpusscan.kernels.latent import Floats
from corpusscan.kernels.uncounted import uncounted
from corpusscan.kernels.words import Hashes

NEAREST = 16  # others of each that are kept
FLOOR = 0.25  # cosine below which vectors are no neighbours
SHARING = 2_000  # vectors that share a word which each is compared with
ROUNDS = 10  # of learning centres
FLAT, PROBED = 50_000, 32  # vectors that are searched exactly, and one list in so many that is looked at beyond
_OWN = 4  # stretches of the same document that may be nearest
_SEED = 1

Indices = npt.NDArray[np.int64]


class Neighbours(NamedTuple):
    """Pairs of vectors, each once, the lesser first."""

    left: Indices
    right: Indices
    cosine: Floats
    left_out: int  # comparisons that were left out, as words are too common


def neighbours(codes: Codes, words: Hashes, owner: Indices) -> Neighbours:
    """The nearest of the vectors that share one of their words (vectors x some; 0: none); of one owner none are."""
    near = np.full((len(codes), NEAREST), -1, np.int32)
    cosine = np.full((len(codes), NEAREST), FLOOR, np.float32)
    out = _compared(*_sharing(words), codes, _lengths(codes), owner, near, cosine)
    place = np.flatnonzero(near >= 0)
    right, told = near.ravel()[place], cosine.ravel()[place]
    left = place // NEAREST
    pairs, first = np.unique(np.minimum(left, right) << 32 | np.maximum(left, right), return_index=True)
    return Neighbours(pairs >> 32, pairs & 0xFFFFFFFF, told[first], int(out))


def _sharing(words: Hashes) -> tuple[npt.NDArray[np.int32], Indices]:
    """The vectors that have each word, one word after another, and where each begins; what it needs is let go."""
    place = np.flatnonzero(words)
    values = words.ravel()[place]
    order = np.argsort(values, kind="stable")
    cuts = np.flatnonzero(np.append(True, np.diff(values[order]) != 0)[: len(order)])
    return (place[order] // words.shape[1]).astype(np.int32), np.append(cuts, len(order))


@njit(cache=True, nogil=True)
def _lengths(codes):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    lengths = np.empty(len(codes), np.float32)
    for one in range(len(codes)):
        lengths[one] = np.sqrt(_dot(codes[one], codes[one]))
    return lengths


@njit(cache=True, nogil=True)
def _compared(members, cuts, codes, lengths, owner, near, cosine):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Fill in the nearest of each, those of one word after another; how many comparisons were left out."""
    out = 0
    for cut in range(len(cuts) - 1):
        first, last = cuts[cut], cuts[cut + 1]
        out += max(last - first - SHARING, 0) * (last - first - SHARING) // 2
        for i in range(first, last):
            one = members[i]
            for j in range(i + 1, min(last, i + SHARING)):
                other = members[j]
                if owner[one] != owner[other] and not _holds(near[one], other) and not _holds(near[other], one):
                    told = _dot(codes[one], codes[other]) / (lengths[one] * lengths[other])
                    _insert(near[one], cosine[one], other, told)
                    _insert(near[other], cosine[other], one, told)
    return out


@uncounted
def _holds(near, one):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    held = False
    for k in range(NEAREST):
        held |= near[k] == one
    return held


@uncounted
def _dot(one, other):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    total = np.int32(0)
    for k in range(DIMENSIONS):
        total += np.int32(one[k]) * np.int32(other[k])
    return np.float32(total)


@uncounted
def _insert(near, cosine, one, told):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Put a neighbour among the nearest, if it is one; they stand by falling cosine."""
    at = NEAREST
    while at and told > cosine[at - 1]:
        at -= 1
    if at < NEAREST:
        for k in range(NEAREST - 1, at, -1):
            near[k], cosine[k] = near[k - 1], cosine[k - 1]
        near[at], cosine[at] = one, told


def exact(codes: Codes, owner: Indices) -> Neighbours:
    """The nearest vectors, whatever words they share; of one owner none are.

    Exact up to `FLAT` vectors, from there on by inverted lists (Jegou, Douze and Schmid 2011), seeded.  Vectors are
    centred first: those of some models all point much the same way.
    """
    vectors = codes.astype(np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
    vectors -= vectors.mean(axis=0)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
    asked = min(NEAREST + _OWN, len(vectors))
    cosine, place = _searched(vectors, asked)
    good = (place >= 0) & (owner[np.maximum(place, 0)] != owner[:, None]) & (cosine > FLOOR)
    good &= np.cumsum(good, axis=1) <= NEAREST
    left, which = np.nonzero(good)
    right = place[left, which]
    pairs, first = np.unique(np.minimum(left, right) << 32 | np.maximum(left, right), return_index=True)
    return Neighbours(pairs >> 32, pairs & 0xFFFFFFFF, cosine[left, which][first], 0)


def _searched(vectors: Floats, asked: int) -> tuple[Floats, Indices]:
    faiss = _faiss()
    if len(vectors) <= FLAT:
        cosine, place = faiss.knn(vectors, vectors, asked, metric=faiss.METRIC_INNER_PRODUCT)
        return cosine, place.astype(np.int64)
    cells = int(4 * np.sqrt(len(vectors)))
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(vectors.shape[1]), vectors.shape[1], cells, faiss.METRIC_INNER_PRODUCT)
    index.cp.seed, index.nprobe = _SEED, max(cells // PROBED, 16)
    index.train(vectors)
    index.add(vectors)
    cosine, place = index.search(vectors, asked)
    return cosine, place.astype(np.int64)


def nth(left: Indices, right: Indices, cosine: Floats, count: int, which: int) -> Floats:
    """The cosine of neighbour number `which`, by falling cosine, of each of `count` vectors; 0 where it has fewer."""
    one, told = np.append(left, right), np.append(cosine, cosine)
    order = np.lexsort((-told, one))
    one, told = one[order], told[order]
    at = np.arange(len(one)) - np.searchsorted(one, one) == which - 1
    found = np.zeros(count, np.float32)
    found[one[at]] = told[at]
    return found


def centres(vectors: Floats, count: int) -> Floats:
    """At most `count` centres of the vectors on the sphere (Dhillon and Modha 2001)."""
    faiss = _faiss()
    count = max(min(count, len(vectors) // 2), 1)
    options = {"niter": ROUNDS, "seed": _SEED, "spherical": True, "min_points_per_centroid": 1}
    found = faiss.Kmeans(vectors.shape[1], count, **options)
    found.train(vectors)
    told: Floats = found.centroids.astype(np.float32)
    return told


def closest(vectors: Floats, to: Floats, count: int) -> Indices:
    """The places of the `count` closest of some centres, the closest first; of one centre, that."""
    if len(to) == 1:
        return np.zeros((len(vectors), 1), np.int64)
    faiss = _faiss()
    _, places = faiss.knn(vectors, to, min(count, len(to)), metric=faiss.METRIC_INNER_PRODUCT)
    return places.astype(np.int64)  # type: ignore[no-any-return]


def _faiss() -> Any:
    import faiss  # takes a quarter of a second

    faiss.omp_set_num_threads(1)  # a worker is one of several
    return faiss
