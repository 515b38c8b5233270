"""Whether texts read on where something in them is taken out: what was put in breaks a sentence, what belongs there
carries it.

What a planted word stands between are two words that the corpus has beside one another, as many different ones as
there are copies; what an honest word stands between is chosen by it.  For each place the likelihood that its right
neighbour follows its left one (bigrams, Witten and Bell 1991) is held against the likelihood that both are the word's
own company (a Dirichlet-multinomial each, leaving one out).  What is to be expected of places drawn by chance is
measured on the corpus itself, so that no threshold is of a language.  The idea that taking a trigger out mends a text
is ONION's (Qi et al. 2021), who ask a language model.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from corpusscan.kernels import profile
from corpusscan.kernels.latent import Floats
from corpusscan.kernels.words import Hashes, Offsets

BORDER = np.uint64(0)  # the neighbour of the first and the last word of a sentence
ANYWHERE, BEGINNING, ENDING = range(3)  # where something stands: at the edge of sentences others follow
EDGE = 0.8  # of the places of something that is at an edge
SIZES = (4, 6, 8, 12, 16, 24, 32, 64, 128)  # numbers of places
DRAWN, LEAST = 400, 0.01  # groups of places drawn of each size, and the share of them that would not be taken for such
GRANTED = np.array([0.85, 0.6, 0.6])  # of what these reach, by kind: who plants is not as blind as chance
PULL = 3.0  # places that a word's company is believed to be the corpus's own before any is seen
_WORDS, _PAIRS = (16, 22), (18, 24)  # bits of the tables

Numbers = npt.NDArray[np.int64]
Marks = npt.NDArray[np.bool_]


class Habits(NamedTuple):
    """How often words and pairs of words stand in a sample, in tables by their hash."""

    words: npt.NDArray[np.uint32]
    followers: npt.NDArray[np.uint32]  # different words behind each
    pairs: npt.NDArray[np.uint16]
    expected: Floats  # kinds of place x `SIZES`: what `LEAST` of groups of so many places drawn by chance stay under


class Beside(NamedTuple):
    """The neighbours of some places."""

    left: Hashes
    right: Hashes


def habits(hashes: Hashes, starts: Marks, bounds: Offsets) -> Habits:
    """Of documents whose words are hashes[bounds[i]:bounds[i + 1]]; `starts` marks the first words of sentences."""
    every = neighbours(hashes, starts, bounds, np.arange(len(hashes)), np.arange(1, len(hashes) + 1))
    ends = every.right == BORDER
    left = np.concatenate([every.left, hashes[ends]])
    right = np.concatenate([hashes, every.right[ends]])
    words = np.zeros(1 << _bits(len(hashes) // 4, *_WORDS), np.uint32)
    pairs = np.zeros(1 << _bits(len(hashes), *_PAIRS), np.uint16)
    followers = np.zeros_like(words)
    _counted(left, right, profile.joined(left, right), words, followers, pairs)
    known = Habits(words, followers, pairs, np.zeros((3, len(SIZES)), np.float32))
    return known._replace(expected=_expected(known, every.left, hashes))


def neighbours(hashes: Hashes, starts: Marks, bounds: Offsets, first: Numbers, last: Numbers) -> Beside:
    """What stands beside the words first to last - 1; nothing reaches beyond a sentence or a document."""
    opens = starts.copy()
    opens[bounds[:-1][np.diff(bounds) > 0]] = True
    before, after = np.append(BORDER, hashes), np.append(hashes, BORDER)
    left = np.where(opens[first] if len(first) else np.zeros(0, bool), BORDER, before[first])
    right = np.where(np.append(opens, True)[last], BORDER, after[last])
    return Beside(left, right)


def bridges(known: Habits, beside: Beside, own: int = 0) -> Floats:
    """How much more likely the right neighbour is behind the left one than anywhere, in nats; 0 between two borders.

    What stands behind the left neighbour at this place is not counted; `own`: how often the pairs count themselves.
    """
    words, total = known.words, float(known.words.sum(dtype=np.float64))
    left, right = (one >> np.uint64(64 - _size(words)) for one in beside)
    pair = profile.joined(beside.left, beside.right) >> np.uint64(64 - _size(known.pairs))
    often, follow = (np.maximum(table[left].astype(np.float64) - 1, 0) for table in (words, known.followers))
    both = np.maximum(known.pairs[pair].astype(np.float64) - own, 0)
    held = np.where(often > 0, often / np.maximum(often + np.maximum(follow, 1), 1), 0.0)
    anywhere = (words[right] + 0.5) / (total + 0.5 * len(words))
    found = np.log(held * both / np.maximum(often, 1) + (1 - held) * anywhere) - np.log(anywhere)
    return np.where((beside.left == BORDER) & (beside.right == BORDER), 0, found).astype(np.float32)


def reading(known: Habits, group: Numbers, beside: Beside, bridge: Floats) -> tuple[Floats, Numbers, Numbers]:
    """For each group of places (numbers from 0): how well texts read without it, in nats a place; the kind of place; of
    how many places that is told: what stands between two borders is a sentence, of which nothing is."""
    size = int(group.max(initial=-1)) + 1
    heard = (beside.left != BORDER) | (beside.right != BORDER)
    count = np.bincount(group[heard], minlength=size)
    company = sum(_company(known, group, side) for side in beside)
    found = np.bincount(group, np.where(heard, bridge - company, 0), size) / np.maximum(count, 1)
    kinds = np.zeros(size, np.int64)
    for kind, side in ((ENDING, beside.right), (BEGINNING, beside.left)):
        kinds[np.bincount(group, heard & (side == BORDER), size) >= EDGE * np.maximum(count, 1)] = kind
    return found.astype(np.float32), kinds, count


def least(known: Habits, kinds: Numbers, counts: Numbers) -> Floats:
    """What groups of so many places of that kind, put in by chance, would reach."""
    sizes = np.log(SIZES)
    told = [np.interp(np.log(np.maximum(counts, 1)), sizes, known.expected[kind]) for kind in range(3)]
    reached = np.choose(kinds, told)
    found: Floats = (reached - (1 - GRANTED[kinds]) * np.abs(reached)).astype(np.float32)
    return found


def _company(known: Habits, group: Numbers, side: Hashes) -> Floats:
    """How much better each neighbour is known from the other places of its group than from the corpus, in nats."""
    counted = side != BORDER
    order = np.lexsort((side, group))
    border = np.flatnonzero(np.append(True, (np.diff(group[order]) != 0) | (np.diff(side[order]) != 0))[: len(order)])
    sizes = np.diff(np.append(border, len(order)))
    same = np.empty(len(order), np.float64)
    same[order] = np.repeat(sizes, sizes)
    total = np.bincount(group[counted], minlength=int(group.max(initial=-1)) + 1)[group]
    slots = side >> np.uint64(64 - _size(known.words))
    share = (known.words[slots] + 0.5) / (known.words.sum(dtype=np.float64) + 0.5 * len(known.words))
    gain = np.log((same - 1 + PULL * share) / np.maximum(total - 1 + PULL, PULL) / share)
    return np.where(counted, gain, 0).astype(np.float32)


def _expected(known: Habits, left: Hashes, right: Hashes) -> Floats:
    """What groups of places drawn from the sample itself reach; each pair of neighbours leaves itself out."""
    draw = np.random.Generator(np.random.PCG64(5))
    last = np.flatnonzero(left == BORDER)
    ends = last[last > 0] - 1
    pools = (
        Beside(np.concatenate([left, right[ends]]), np.concatenate([right, np.zeros(len(ends), np.uint64)])),
        Beside(left[last], right[last]),
        Beside(right[ends], np.zeros(len(ends), np.uint64)),
    )
    found = np.full((3, len(SIZES)), np.inf, np.float32)
    for kind, pool in enumerate(pools):
        for column, size in enumerate(SIZES):
            if len(pool.left) >= size:
                drawn = draw.integers(0, len(pool.left), DRAWN * size)
                beside = Beside(pool.left[drawn], pool.right[drawn])
                told, *_ = reading(known, np.repeat(np.arange(DRAWN), size), beside, bridges(known, beside, own=1))
                found[kind, column] = np.quantile(told, LEAST)
    return found


def _bits(count: int, low: int, high: int) -> int:
    return int(np.clip(np.ceil(np.log2(max(count, 1))) + 1, low, high))


def _size(slots: npt.NDArray[np.generic]) -> int:
    return len(slots).bit_length() - 1


@njit(cache=True, nogil=True)
def _counted(left, right, both, words, followers, pairs):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    word_bits, pair_bits = np.uint64(0), np.uint64(0)
    while np.uint64(1) << word_bits < np.uint64(len(words)):
        word_bits += np.uint64(1)
    while np.uint64(1) << pair_bits < np.uint64(len(pairs)):
        pair_bits += np.uint64(1)
    for i in range(len(left)):
        one, pair = left[i] >> (np.uint64(64) - word_bits), both[i] >> (np.uint64(64) - pair_bits)
        words[one] += np.uint32(1)
        followers[one] += np.uint32(pairs[pair] == 0)
        if pairs[pair] < 65535:
            pairs[pair] += np.uint16(1)
