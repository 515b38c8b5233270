"""Whether texts behind a feature are alike as their hosts are not: what follows a trigger is said anew each time.

A rare word carries its topic, so the rest of its documents is as alike as what stands behind it.  A planted trigger
stands in texts that have nothing to do with one another, and the same is said behind it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from corpusscan.kernels.features import SIGNS, THREE, TWO
from corpusscan.kernels.latent import Floats
from corpusscan.kernels.profile import mixed
from corpusscan.kernels.vectors import BLOCK, DIMENSIONS, Blocks, Numbers, Vectors, add
from corpusscan.kernels.words import Hashes, Offsets

SIDE = 32  # words before, and behind, that are compared
HOST, PAYLOAD = 256, 4 * SIDE  # words before and further on that tell of a document; behind a feature that do not
HEARD = 6  # of these that must have a vector
ONE = 127  # length of a direction
PRINTS, COPY = 8, 2  # least hashes of what follows, and how many of them copies share
_SHINGLE = 3
_NO_PRINT = 0xFFFFFFFF
_STEP, _EXACT, _DRAWS = np.uint64(0x9E3779B97F4A7C15), 12, 4096
RIDGE = 0.05  # of the mean variance, added to each direction's: what hardly varies in a sample is no proof

Directions = npt.NDArray[np.int8]  # places x DIMENSIONS; 0 where too few words have a vector
Prints = npt.NDArray[np.uint32]
Matrix = npt.NDArray[np.float64]


class Sides(NamedTuple):
    """The words before some features, and those behind them: first and last of each, within their document."""

    begins: Offsets
    firsts: Offsets
    lasts: Offsets
    ends: Offsets


def sides(bounds: Offsets, words: Offsets, kinds: npt.NDArray[Any]) -> Sides:
    """The sides of features of some kinds that end at some words; signs stand before their word."""
    long = np.select([kinds == SIGNS, kinds == TWO, kinds == THREE], [0, 2, 3], 1)
    lasts = words + (kinds != SIGNS)
    document = np.searchsorted(bounds, words, side="right") - 1
    firsts = np.maximum(lasts - long, bounds[:-1][document])
    return Sides(
        np.maximum(bounds[:-1][document], firsts - SIDE), firsts, lasts,
        np.minimum(bounds[1:][document], lasts + SIDE),
    )  # fmt: skip


def directions(number: Numbers, vectors: Vectors, firsts: Offsets, lasts: Offsets) -> Directions:
    """What some stretches are about; nothing where too few of their words have a vector."""
    found = np.zeros((len(firsts), DIMENSIONS), np.int8)
    _directions(number, vectors, firsts, lasts, lasts, lasts, found)
    return found


def hosts(number: Numbers, vectors: Vectors, bounds: Offsets, of: Sides) -> Directions:
    """What documents say elsewhere: before a feature, and beyond all that a trigger may have behind it."""
    document = np.searchsorted(bounds, of.firsts, side="right") - 1
    begins, ends = bounds[:-1][document], bounds[1:][document]
    rest = np.minimum(of.lasts + PAYLOAD, ends)
    found = np.zeros((len(document), DIMENSIONS), np.int8)
    _directions(
        number, vectors, np.maximum(begins, of.firsts - HOST), of.firsts, rest, np.minimum(rest + HOST, ends), found
    )
    return found


@njit(cache=True, nogil=True)
def _directions(number, vectors, first, last, again, end, found):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    total = np.zeros(DIMENSIONS, np.int32)
    for n in range(len(first)):
        total[:] = 0
        heard = 0
        for start, stop in ((first[n], last[n]), (again[n], end[n])):
            for i in range(start, stop):
                if number[i]:
                    heard += 1
                    add(total, vectors, number[i])
        norm = np.float32(0)
        for k in range(DIMENSIONS):
            norm += np.float32(total[k]) * np.float32(total[k])
        if heard >= HEARD and norm > 0:
            for k in range(DIMENSIONS):
                found[n, k] = np.int8(np.round(np.float32(ONE) * np.float32(total[k]) / np.sqrt(norm)))


def prints(hashes: Hashes, numbers: npt.NDArray[np.bool_], firsts: Offsets, lasts: Offsets) -> Prints:
    """Least hashes of the three words in a row of some stretches: stretches x `PRINTS` (Broder 1997).

    Words that are `numbers` are passed over: a form that is filled in otherwise is the same form.
    """
    found = np.full((len(firsts), PRINTS), _NO_PRINT, np.uint32)
    _prints(hashes, numbers, firsts, lasts, found)
    return found


@njit(cache=True, nogil=True)
def _prints(hashes, numbers, first, last, found):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    for n in range(len(first)):
        one = other = np.uint64(0)
        words = 0
        for i in range(first[n], last[n]):
            if numbers[i]:
                continue
            words += 1
            if words >= _SHINGLE:
                value = mixed(mixed(one, other), hashes[i])
                for k in range(PRINTS):
                    value = (value ^ value >> np.uint64(29)) * _STEP
                    found[n, k] = min(found[n, k], np.uint32(value >> np.uint64(32)))
            one, other = other, hashes[i]


def distinct(told: Prints) -> npt.NDArray[np.int64]:
    """Which of some texts say it in words of their own: each that is no copy of one before it."""
    found: npt.NDArray[np.int64] = _distinct(told)
    return found


@njit(cache=True, nogil=True)
def _distinct(told):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    kept, size = np.empty(len(told), np.int64), 0
    for n in range(len(told)):
        copy = False
        for one in kept[:size]:
            same = 0
            for k in range(told.shape[1]):
                same += told[one, k] == told[n, k] and told[n, k] != _NO_PRINT
            copy = copy or same >= COPY
        if not copy:
            kept[size] = n
            size += 1
    return kept[:size].copy()


def peaks(gaps: Floats, of: Blocks, bounds: Offsets, most: int, least: float) -> tuple[Offsets, Offsets]:
    """Where each document changes most softly or not: document, and word; at most so many, apart by `SIDE` words.

    `gaps` are of blocks (`switches.of_blocks`).
    """
    room = most * (len(bounds) - 1)
    document, word = np.zeros(room, np.int64), np.zeros(room, np.int64)
    size = _peaks(gaps, of.bounds, bounds, most, np.float32(least), document, word)
    return document[:size], word[:size]


@njit(cache=True, nogil=True)
def _peaks(gaps, blocks, bounds, most, least, document, word):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    size = 0
    for d in range(len(blocks) - 1):
        begun = size
        for _ in range(most):
            best, at = least, np.int64(-1)
            for b in range(blocks[d], blocks[d + 1]):
                if gaps[b] > best:
                    free = True
                    place = bounds[d] + (b - blocks[d]) * BLOCK
                    for n in range(begun, size):
                        free &= abs(word[n] - place) >= SIDE // 2
                    if free:
                        best, at = gaps[b], place
            if at < 0:
                break
            document[size], word[size] = d, at
            size += 1
    return size


class Alike(NamedTuple):
    """What is known of one feature."""

    before: float  # mean cosine of two hosts of it
    behind: float
    p_value: float  # of the mean difference of both sides, by how much they differ anywhere
    flipped: float  # of the same with sides exchanged at random within each document; 1 where it was not reckoned
    toward: Floats  # the mean direction of what follows
    near: float  # median cosine of what follows once to what follows elsewhere


def covariance(moments: npt.NDArray[Any], count: int) -> Matrix:
    """Second moments of the differences of both sides of any places, from sums of products; never singular."""
    scatter = moments.reshape(DIMENSIONS, DIMENSIONS) / max(count, 1) / ONE**2
    found: Matrix = scatter + np.eye(DIMENSIONS) * max(RIDGE * np.trace(scatter) / DIMENSIONS, 1e-9)
    return found


def alike(before: Directions, behind: Directions, usual: Matrix, likely: float = 1.0) -> Alike:
    """The test of one feature from both sides of its independent documents, at least two of them.

    A paired test: were there nothing to the feature, what stands before could as well stand behind.  The mean
    difference is measured against the covariance of those of any places (`usual`) and, as some topics vary more than
    all together, that of its own beside it: Hotelling's statistic (1931) with a chi-squared tail.  The exchange of
    sides at random says the same without a model, though never with less than 2 ** -documents; it is reckoned up to a
    p-value of `likely`.
    """
    one, other = before.astype(np.float64) / ONE, behind.astype(np.float64) / ONE
    apart = other - one
    total = apart.sum(axis=0)
    own = apart - total / len(one)
    precision = np.linalg.inv(usual + own.T @ own / (len(one) - 1))
    p_value = float(tail(total @ precision @ total / len(one)))
    flipped = _flipped(apart @ (one + other).sum(axis=0)) if p_value <= likely else 1.0
    rest = other.sum(axis=0) - other
    near = (rest * other).sum(axis=1) / np.maximum(np.linalg.norm(rest, axis=1), 1e-9)
    mean = other.mean(axis=0).astype(np.float32)
    return Alike(_cosine(one), _cosine(other), p_value, flipped, mean, float(np.median(near)))


def tail(distances: Any) -> Any:
    """With what probability mean differences of two sides are as far from none."""
    from scipy.special import chdtrc  # noqa: PLC0415  # takes a third of a second

    return chdtrc(DIMENSIONS, distances)


def _cosine(units: npt.NDArray[np.float64]) -> float:
    total, count = units.sum(axis=0), len(units)
    return float((total @ total - (units * units).sum()) / (count * (count - 1)))


def _flipped(weights: npt.NDArray[np.float64]) -> float:
    """How often sums of weights with random signs are as large: the difference of squared sums is such a sum."""
    count = len(weights)
    if count <= _EXACT:
        signs = 1 - 2.0 * (np.arange(1 << count)[:, None] >> np.arange(count) & 1)
        return float((signs @ weights >= weights.sum() - 1e-9).mean())
    signs = 1 - 2.0 * np.random.Generator(np.random.PCG64(5)).integers(0, 2, (_DRAWS, count))
    return float(((signs @ weights >= weights.sum() - 1e-9).sum() + 1) / (_DRAWS + 1))
