"""A text that goes on in another language, or on another subject, is told where it does; others are not."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from tongues import anew, known, read, tongue  # noqa: F401

from corpusscan.kernels import outcomes
from corpusscan.kernels.features import Found
from corpusscan.kernels.outcomes import LEVELS, SWITCH
from corpusscan.kernels.vectors import BLOCK

COUNT, LENGTH = 12, 80


def told(before: list[str], behind: list[str]) -> list[np.ndarray]:
    """Of each text, made of two, how unlike its sides are at each word."""
    numbers, bounds = read([f"{one} {other}" for one, other in zip(before, behind, strict=True)])
    found = outcomes.everywhere(numbers, bounds, known())[SWITCH]
    return [found[first:last] for first, last in itertools.pairwise(bounds)]


@pytest.mark.parametrize("first", [0, 1])
def test_another_language_shows_where_it_begins(first: int) -> None:
    """With the block in which it begins, or the one before, and at the highest level."""
    for found in told(tongue(first).texts(COUNT, LENGTH), tongue(1 - first).texts(COUNT, LENGTH)):
        assert abs(found.argmax() - LENGTH) <= BLOCK
        assert found.max() >= LEVELS[SWITCH, -1]


def test_another_subject_shows() -> None:
    """In nearly every text, within a few blocks of where it begins."""
    found = told(tongue().texts(COUNT, LENGTH, 0), tongue().texts(COUNT, LENGTH, 1))
    assert sum(one.max() >= LEVELS[SWITCH, 0] and abs(one.argmax() - LENGTH) <= 3 * BLOCK for one in found) >= COUNT - 2


def test_another_text_of_the_same_subject_does_not_show() -> None:
    """Nor does a text that only goes on."""
    for subject in (0, 3):
        found = told(tongue().texts(COUNT, LENGTH, subject), tongue().texts(COUNT, LENGTH, subject))
        assert sum(one.max() >= LEVELS[SWITCH, 0] for one in found) <= 1


def test_a_side_that_is_too_short_says_nothing() -> None:
    """Few words before a switch, few behind it, words that nobody knows: no outcome."""
    language, other = tongue(0).texts(COUNT, LENGTH), tongue(1).texts(COUNT, 4)
    strange = [" ".join(f"qq{n}z{k}" for k in range(LENGTH)) for n in range(COUNT)]
    for before, behind in ((other, language), (language, other), (language, strange), (strange, strange)):
        for text, found in zip(before, told(before, behind), strict=True):
            assert not found[max(len(text.split()) - BLOCK, 0) :][: 2 * BLOCK].any()


def test_at_a_word_it_is_what_it_is_everywhere() -> None:
    """Behind a feature the same number, at the words with which blocks begin."""
    pages = [f"{a} {b}" for a, b in zip(tongue(0).texts(3, 70), tongue(1).texts(3, 90), strict=True)]
    numbers, bounds = read(["", *pages, "", *tongue().texts(2, 50)])
    everywhere = outcomes.everywhere(numbers, bounds, known())[SWITCH]
    firsts = [int(at) for a, b in itertools.pairwise(bounds) for at in range(a + BLOCK, b - BLOCK, BLOCK)]
    places = np.array(firsts) - 1  # what follows begins behind the feature
    found = Found(np.zeros(len(places), np.int64), places)
    at = outcomes.at(outcomes.inside(numbers, bounds, known(), found), bounds, known(), found)[SWITCH]
    long = np.abs(everywhere[firsts] - at) < 1e-5
    assert (long | (np.minimum(everywhere[firsts], at) < LEVELS[SWITCH, 0])).all()  # a side ends with its last block
    assert long.mean() > 0.6
