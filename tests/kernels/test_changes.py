"""Where noise follows text: against plain Python, and on made-up pages."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tongues import anew, noise_bits, shuffled, tongue  # noqa: F401

from corpusscan.kernels import changes, outcomes
from corpusscan.kernels.changes import BEFORE, BEGINNING, CLEAR

KINDS = len(CLEAR)
QUARTERS = st.integers(-12, 12).map(lambda n: n / 4)  # their sums are exact
untimed = settings(deadline=None, max_examples=60)


def reference(bits: list[float], clear: float) -> list[float]:
    """Of each word of a document the largest sum of a stretch that begins there, if what stands before is text."""
    found = []
    for i in range(len(bits)):
        sums = [0.0]
        for j in range(i, len(bits)):
            sums.append(sums[-1] + bits[j])
        before = bits[max(i - BEFORE, 0) : i]
        is_text = i < BEGINNING or sum(before) <= clear * len(before)
        found.append(max(sums) if is_text else 0.0)
    return found


@untimed
@given(st.lists(st.lists(QUARTERS, max_size=90), max_size=4))
def test_what_follows_equals_plain_python(documents: list[list[float]]) -> None:
    """For every kind of noise, in every document, one never running on into the next."""
    bounds = np.cumsum([0, *map(len, documents)])
    flat = np.array([bit for own in documents for bit in own], np.float32)
    found = changes.following(np.tile(flat, (KINDS, 1)), bounds)
    for kind in range(KINDS):
        clear = float(np.float32(CLEAR[kind]))
        wanted = [value for own in documents for value in reference(own, clear)]
        assert found[kind].tolist() == pytest.approx(wanted, abs=1e-3)


@untimed
@given(st.lists(QUARTERS, min_size=1, max_size=60), st.data())
def test_a_stretch_ends_where_its_sum_is_largest(bits: list[float], data: st.DataObject) -> None:
    """No other end within the document has a larger sum."""
    begin = data.draw(st.integers(0, len(bits) - 1))
    end = changes.end(np.array(bits, np.float32), begin, len(bits))
    assert begin < end <= len(bits)
    assert sum(bits[begin:end]) == max(sum(bits[begin:last]) for last in range(begin + 1, len(bits) + 1))
    assert changes.end(np.array(bits, np.float32), len(bits), len(bits)) == len(bits)


def strongest(kind: int, texts: list[str]) -> tuple[list[float], list[int]]:
    """Of each document most bits that follow at a word, and at which."""
    bits, bounds = noise_bits(texts)
    own = changes.following(bits, bounds)[kind]
    parts = [own[first:last] for first, last in itertools.pairwise(bounds)]
    return [float(part.max()) for part in parts], [int(part.argmax()) for part in parts]


@pytest.mark.parametrize("kind", [0, 1])
def test_a_stretch_begins_where_the_noise_begins(kind: int) -> None:
    """Text, then words as they come, or another page with its words in no order: the change is told nearby."""
    pages = tongue().texts(20, 80)
    noise = [
        tongue().drawn(100, n) if kind == 0 else shuffled(text, n) for n, text in enumerate(tongue().texts(20, 100))
    ]
    bits, places = strongest(kind, [f"{page} {said}" for page, said in zip(pages, noise, strict=True)])
    assert min(bits) >= outcomes.LEVELS[kind, 0]
    assert sum(abs(place - 80) <= 6 for place in places) >= 18


@pytest.mark.parametrize("kind", [0, 1, 2, 3])
def test_text_does_not_change(kind: int) -> None:
    """A page that goes on as it began has no outcome."""
    bits, _ = strongest(kind, tongue().texts(40))
    assert np.median(bits) < outcomes.LEVELS[kind, 0] / 2
    assert sum(bit >= outcomes.LEVELS[kind, 0] for bit in bits) <= 1


def test_what_was_noise_before_does_not_become_it() -> None:
    """In the midst of noise nothing changes, but at its beginning."""
    bits, bounds = noise_bits([tongue().drawn(200, 1)])
    found = changes.following(bits, bounds)[0]
    assert not found[BEGINNING + 12 :].any()
    assert found[: BEGINNING - 1].all()


def test_saying_the_same_again_is_told() -> None:
    """From the third word of what is said again one for each word; what other documents say is nothing to it."""
    page = tongue().texts(1, 60)[0]
    other = tongue().texts(1, 60)[0]
    bits, bounds = noise_bits([f"{page} {page}", page, other])
    assert bits[3, 62:120].tolist() == [1] * 58
    assert bits[3, bounds[1] :].mean() < -0.8
    (most, *_), (place, *_) = strongest(3, [f"{page} {page}", page])
    assert most >= outcomes.LEVELS[3, 1]
    assert 58 <= place <= 62


def test_nothing_has_no_bits() -> None:
    """No documents, and documents without words."""
    for texts in ([], [""], ["", "...", ""]):
        bits, bounds = noise_bits(texts)
        assert bits.shape == changes.following(bits, bounds).shape == (KINDS, 0)


def test_a_document_does_not_depend_on_its_neighbours() -> None:
    """Bits and what follows are those that it has alone."""
    texts = [*tongue().texts(3), tongue().drawn(50, 1), "", *tongue().texts(2, 30)]
    bits, bounds = noise_bits(texts)
    found = changes.following(bits, bounds)
    for n, text in enumerate(texts):
        alone, own = noise_bits([text])
        assert np.array_equal(bits[:, bounds[n] : bounds[n + 1]], alone)
        assert np.array_equal(found[:, bounds[n] : bounds[n + 1]], changes.following(alone, own))
