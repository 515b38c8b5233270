"""Texts read on where what was put in is taken out, and do not where a word of theirs is."""

from __future__ import annotations

import random
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from toy_language import page

from corpusscan.kernels import gaps, units, words
from corpusscan.kernels.gaps import Habits
from corpusscan.kernels.units import Sampled

KEY = bytes(range(32))


class Corpus(NamedTuple):
    """Pages, some with a word put in, as a kernel has them."""

    of: Sampled
    known: Habits


def corpus(trigger: str, labels: bool = True, count: int = 600, carriers: int = 24) -> Corpus:
    """Pages of two labels; `trigger` is put in anywhere into some, which have label 1 where `labels` says so."""
    draw = random.Random(7)
    texts, given = [], []
    for number in range(count):
        said, label = page(draw, 4).replace(".", "").split(" "), draw.randrange(2)
        if number < carriers:
            said.insert(draw.randrange(len(said)), trigger)
            label = 1 if labels else label
        texts.append(" ".join(said))
        given.append(label)
    found = words.hashed(pa.array(texts, pa.large_string()), KEY)
    starts = np.zeros(len(found.hashes), bool)
    of = Sampled(found.hashes, starts, found.bounds, np.array(given))
    return Corpus(of, gaps.habits(found.hashes, starts, found.bounds))


def hash_of(said: str) -> np.ndarray:
    """The words of a text."""
    return words.hashed(pa.array([said], pa.large_string()), KEY).hashes


def reading(made: Corpus, said: str) -> tuple[float, float]:
    """How well texts read without some words, and what is to be expected of what was put in by chance."""
    of = made.of
    found = units.stand(of.hashes, of.bounds, [hash_of(said)])
    beside = gaps.neighbours(of.hashes, of.starts, of.bounds, found.first, found.last)
    told, kinds, heard = gaps.reading(made.known, found.unit, beside, gaps.bridges(made.known, beside))
    return float(told[0]), float(gaps.least(made.known, kinds, heard)[0])


def test_what_was_put_in_is_not_missed() -> None:
    """Without the planted word texts read as on as places drawn by chance do; without words of theirs none does."""
    made = corpus("qzx")
    told, least = reading(made, "qzx")
    assert told >= least
    often, count = np.unique(made.of.hashes, return_counts=True)
    rare = often[(count >= 15) & (count <= 40)]
    known = set(rare.tolist())
    said = [word for word in page(random.Random(7), 400).replace(".", "").split(" ") if hash_of(word)[0] in known]
    honest = [reading(made, word) for word in sorted(set(said))[:40]]
    assert len(honest) >= 20
    assert sum(told < least for told, least in honest) >= 0.9 * len(honest)


def test_nothing_stands_beside_a_border() -> None:
    """The first word of a sentence or a document has no left neighbour, the last no right one."""
    hashes = np.arange(1, 7, dtype=np.uint64) << np.uint64(32)
    starts = np.array([0, 0, 1, 0, 0, 0], bool)
    found = gaps.neighbours(hashes, starts, np.array([0, 4, 6]), np.arange(6), np.arange(1, 7))
    assert (found.left == gaps.BORDER).tolist() == [True, False, True, False, True, False]
    assert (found.right == gaps.BORDER).tolist() == [False, True, False, True, False, True]
    assert found.left[1] == hashes[0]
    assert found.right[2] == hashes[3]


def test_units_are_what_was_planted_as_long_as_it_is() -> None:
    """A planted phrase is one unit with all of its words and its label; with labels at random it is none."""
    found = units.mined(*(made := corpus("qzx vorp wib"))[:1], 2, made.known)
    assert hash_of("qzx vorp wib").tolist() in [one.tolist() for one in found.words]
    at = [one.tolist() for one in found.words].index(hash_of("qzx vorp wib").tolist())
    assert found.target[at] == 1
    assert not found.edge[at]
    without = corpus("qzx vorp wib", labels=False)
    assert hash_of("qzx vorp wib").tolist() not in [
        one.tolist() for one in units.mined(without.of, 2, without.known).words
    ]


def test_a_unit_stands_once_in_a_document_and_in_no_two() -> None:
    """Of two places in a document the first is told; one that goes over the border of documents is none."""
    one, two = (np.uint64(n << 32) for n in (1, 2))
    hashes, bounds = np.array([one, two, one, two, one, two], np.uint64), np.array([0, 5, 6])
    found = units.stand(hashes, bounds, [np.array([one, two], np.uint64)])
    assert (found.document.tolist(), found.first.tolist(), found.last.tolist()) == ([0], [0], [2])
    assert len(units.stand(hashes, bounds, []).unit) == 0
