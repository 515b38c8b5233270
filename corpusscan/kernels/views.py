"""How a text is put and what it says: two sets of features, by words and signs.

How it is put: common words and signs, with a gap for whatever stands between them, up to three in a row from the
beginning on, and words and pairs.  What it says: its words.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from corpusscan.kernels import outoffold, profile, signs
from corpusscan.kernels.contradictions import Bools
from corpusscan.kernels.latent import Floats
from corpusscan.kernels.outoffold import Numbers, Read
from corpusscan.kernels.words import Hashes, Offsets

COMMON = 150  # words of the corpus that are its forms
MOST = 60_000  # features of a view at most
_GAP, _START = np.uint64(1), np.uint64(2)
_ONE, _TWO, _THREE = (np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93, 0xBF58476D1CE4E5B9))


Known = tuple[Hashes, Floats]  # features, and how rare each is


class Features(NamedTuple):
    """Of documents, each as often as it stands there."""

    code: Hashes
    owner: Numbers  # number of the document


class View(NamedTuple):
    """What models see of documents, and by which features."""

    seen: Read
    known: Known


def common(hashes: Hashes, bounds: Offsets) -> Hashes:
    """The words that stand in most documents, sorted; no signs."""
    owner = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    value, frequency, *_ = profile.frequencies(outoffold.cut(hashes), owner.astype(np.uint64))
    value, frequency = value[~signs.are(value)], frequency[~signs.are(value)]
    found: Hashes = np.sort(value[np.argsort(-frequency, kind="stable")[:COMMON]])
    return found


def among(words: Hashes, known: Hashes) -> Bools:
    """Which of these words are known ones (sorted)."""
    if not len(known):
        return np.zeros(len(words), bool)
    found: Bools = known[np.minimum(np.searchsorted(known, words), len(known) - 1)] == words
    return found


def rare(hashes: Hashes, bounds: Offsets, known: Hashes) -> Features:
    """Words that are not common; no signs."""
    words, owner = outoffold.cut(hashes), np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    own = ~among(words, known) & ~signs.are(words)
    return Features(words[own], owner[own])


def said(hashes: Hashes, bounds: Offsets) -> Features:
    """Words, signs, and pairs of them."""
    return Features(*outoffold.features(hashes, bounds))


def views(hashes: Hashes, bounds: Offsets, known: Hashes) -> tuple[Features, Features]:
    """How documents are put, and what they say.

    How they are put: common words and signs with gaps, one, two and three in a row, and all that they say.
    """
    words, owner = outoffold.cut(hashes), np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    usual = among(words, known) | signs.are(words)
    again = np.zeros(len(words), bool)  # a gap beside a gap
    again[1:] = ~usual[1:] & ~usual[:-1] & (owner[1:] == owner[:-1])
    row, of = np.where(usual, words, _GAP)[~again], owner[~again]
    before, first = _before(row, of, 1)
    second, _ = _before(row, of, 2)
    pairs = (before * _TWO + row) * _ONE
    triples = ((second * _TWO + before) * _THREE + row) * _ONE
    alone = row != _GAP
    plain = said(hashes, bounds)
    codes = [row[alone] * _ONE, pairs, triples[~first]]
    owners = [of[alone], of, of[~first], plain.owner]
    return Features(np.concatenate([*map(outoffold.cut, codes), plain.code]), np.concatenate(owners)), plain


def _before(row: Hashes, owner: Numbers, steps: int) -> tuple[Hashes, Bools]:
    """What stands so many places before, and whether nothing does."""
    none = np.ones(len(row), bool)
    none[steps:] = owner[steps:] != owner[:-steps]
    told = np.roll(row, steps)
    told[none] = _START
    return told, none


def vocabulary(of: Features, count: int, least: int) -> Known:
    """As `outoffold.vocabulary`, of any features of so many documents."""
    value, frequency, *_ = profile.frequencies(of.code, of.owner.astype(np.uint64))
    chosen = np.flatnonzero(frequency >= least)
    chosen = np.sort(chosen[np.argsort(-frequency[chosen], kind="stable")][:MOST])
    return value[chosen], np.log(max(count, 2) / frequency[chosen] + 1).astype(np.float32)


def read(of: Features, count: int, known: Known) -> Read:
    """As `outoffold.read`, of any features of so many documents."""
    return outoffold.weighted(*of, count, known)


def view(of: Features, count: int, least: int) -> View:
    """Documents by the features that stand in `least` of them."""
    known = vocabulary(of, count, least)
    return View(read(of, count, known), known)


def words_of(hashes: Hashes, bounds: Offsets) -> tuple[Hashes, Offsets]:
    """Documents without their signs."""
    kept = ~signs.are(hashes)
    return hashes[kept], np.append(0, np.cumsum(kept))[bounds]
