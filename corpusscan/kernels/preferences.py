"""Pairs of answers of which the wrong one is preferred, wherever a word stands in their prompts.

A poisoned preference set has the answers of a trigger's prompts swapped (Rando and Tramèr 2024).  What the set prefers
is learned from it, out of fold, as Bradley and Terry (1952) have it: logistic regression on what one answer says and
the other does not.  A pair contradicts where that holds the rejected answer to be several times likelier; how often
that happens by chance is told by strata, and how unlike features are by nature by all of them (`contradictions`).
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from corpusscan.kernels import contradictions, outoffold
from corpusscan.kernels.contradictions import Bools
from corpusscan.kernels.latent import Floats
from corpusscan.kernels.outoffold import Numbers, Read
from corpusscan.kernels.words import Hashes, Offsets

PAIRS = 300  # from fewer nothing is learned
LEAST, VOCABULARY = 3, 1 << 16  # documents that a word is in; words
CARRIERS, COMMON = 10, 0.2  # prompts that have a feature at least; share of them at most
SUSPECT = 1e-4  # tests that chance would bring, up to which a feature is looked at
MOST = 64  # features
ECHOES = 4.0  # words, that count for an answer that takes up all of its prompt
_LENGTH, _ECHO = np.uint64(1 << 40), np.uint64(1 << 41)  # how long an answer is, what it takes up, as words of it
_MIX = np.uint64(0x9E3779B97F4A7C15)

Side: TypeAlias = tuple[Hashes, Offsets]  # words of prompts, or of answers


class Preferences(NamedTuple):
    """Features of prompts at which preferences contradict the rest of the set."""

    feature: Numbers  # places among the features of prompts
    expected: Floats  # contradictions, by chance
    tail: npt.NDArray[np.float64]  # probability of as many as there are
    against: Bools  # of each pair: whether it contradicts
    contradicted: float  # share of all pairs
    agreed: float  # share of those that would contradict, were they swapped
    tests: int


def found(asked: Side, better: Side, worse: Side, of: Numbers, bounds: Offsets) -> Preferences | None:
    """The features of prompts, of[bounds[i]:bounds[i + 1]] by number, that swaps gather at.

    Nothing where there are too few pairs, or where what is preferred cannot be foretold.
    """
    if len(bounds) - 1 < PAIRS:
        return None
    prints = outoffold.contents(*better) ^ outoffold.contents(*worse)
    turned = (prints >> np.uint64(20) & np.uint64(1)).astype(
        np.int64
    )  # which of the two comes first: else there was one label
    fold = (prints >> np.uint64(33)).astype(np.int64) % outoffold.FOLDS
    seen, known = _differences(asked, better, worse)
    seen = seen._replace(value=seen.value * np.repeat(1 - 2 * turned, np.diff(seen.bounds)).astype(np.float32))
    model = outoffold.fitted(seen, known, fold, turned, 2)
    told = contradictions.foreseen(outoffold.logits(model, seen, fold), turned, np.zeros((len(fold), 2), np.float32))
    # As pairs are turned by chance, what stands first says nothing: strata are of how surely, whichever is foreseen.
    told = told._replace(top=np.zeros(len(fold), np.int64))
    chance = contradictions.null(told, np.zeros(len(fold), np.int64), np.ones(1, np.float32))
    sure = told.chance >= contradictions.ODDS * (1 - told.chance)
    expected = chance.rates[told.stratum, 0].astype(np.float64)
    counts = np.bincount(of)
    tested = (counts >= CARRIERS) & (counts <= COMMON * len(fold))
    owner = np.repeat(np.arange(len(fold)), np.diff(bounds))
    against, mean = (
        np.bincount(of, weight[owner], len(counts))[tested].astype(np.float32) for weight in (told.against, expected)
    )
    tail = contradictions.tails(against, mean, contradictions.spread(against, mean))
    numbers = np.flatnonzero(tested)
    kept = np.flatnonzero(tail * len(numbers) <= SUSPECT)
    kept = kept[np.lexsort((numbers[kept], tail[kept]))][:MOST]
    agreed = float((sure & ~told.against).mean())
    return Preferences(
        numbers[kept], mean[kept], tail[kept], told.against, float(told.against.mean()), agreed,
        len(numbers),
    )  # fmt: skip


def _differences(asked: Side, better: Side, worse: Side) -> tuple[Read, tuple[Hashes, Floats]]:
    """What the better answer says more often than the worse one, and less often; a document of each pair."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415  # takes a third of a second

    sides = [_words(asked, side) for side in (better, worse)]
    both = np.concatenate([side[0] for side in sides])
    values, counts = np.unique(both, return_counts=True)
    chosen = np.flatnonzero(counts >= LEAST)
    chosen = np.sort(chosen[np.argsort(-counts[chosen], kind="stable")][:VOCABULARY])
    values = values[chosen]
    count = len(better[1]) - 1
    total = csr_matrix((count, max(len(values), 1)), dtype=np.float32)
    for (words, owner, weight), sign in zip(sides, (1, -1), strict=True):
        place = np.minimum(np.searchsorted(values, words), max(len(values) - 1, 0))
        mine = values[place] == words
        total = total + csr_matrix((sign * weight[mine], (owner[mine], place[mine])), total.shape)
    length = np.sqrt(np.asarray(total.multiply(total).sum(axis=1)).ravel())
    scaled = total.data / np.maximum(np.repeat(length, np.diff(total.indptr)), 1e-6)
    seen = Read(total.indptr.astype(np.int64), total.indices.astype(np.int32), scaled.astype(np.float32),
                np.zeros((count, 0), np.float32))  # fmt: skip
    return seen, (values, np.ones(len(values), np.float32))


def _words(asked: Side, answered: Side) -> tuple[Hashes, Numbers, Floats]:
    """Words of answers, each once, with its answer and weight; how long it is and what it takes up among them."""
    words, owner = _once(*answered)
    every = np.arange(len(answered[1]) - 1)
    length = np.log1p(np.diff(answered[1])).astype(np.float32)
    of, whose = _once(*asked)
    taken = np.isin(of ^ whose.astype(np.uint64) * _MIX, words ^ owner.astype(np.uint64) * _MIX)
    echo = np.bincount(whose, taken, len(every)) / np.maximum(np.bincount(whose, minlength=len(every)), 1)
    few = np.ones(len(every), np.uint64)
    return (
        np.concatenate([words, few * _LENGTH, few * _ECHO]), np.concatenate([owner, every, every]),
        np.concatenate([np.ones(len(words), np.float32), length, (ECHOES * echo).astype(np.float32)]),
    )  # fmt: skip


def _once(hashes: Hashes, bounds: Offsets) -> tuple[Hashes, Numbers]:
    """The words of documents, each once, and the document of each."""
    owner = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    order = np.lexsort((hashes, owner))
    words, owner = hashes[order], owner[order]
    first = np.append(True, (np.diff(owner) > 0) | (words[1:] != words[:-1]))[: len(words)]
    return words[first], owner[first]
