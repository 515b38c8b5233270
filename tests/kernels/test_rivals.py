"""Which of several features is the trigger: one for each, words before the signs they share."""

from __future__ import annotations

import pytest

from corpusscan.kernels.features import SIGNS, WORD
from corpusscan.kernels.rivals import apart


def feature(number: int, kind: int = WORD) -> int:
    """Of a kind; which is in its lowest bits."""
    return number * 8 + kind + 1


def documents(first: int, last: int) -> set[tuple[int, int]]:
    """So many rows of a shard."""
    return {(0, row) for row in range(first, last)}


def test_features_of_the_same_documents_are_one_trigger() -> None:
    """Told is, of those that have nearly all of them, the one that stands least elsewhere."""
    trigger, part, other = feature(1), feature(2), feature(3)
    ranked = [(part, documents(0, 20)), (trigger, documents(0, 19)), (other, documents(30, 42))]
    assert apart(ranked, {part: 5, trigger: 0, other: 0}) == [trigger, other]
    assert apart(ranked, {part: 0, trigger: 5, other: 0}) == [part, other]


@pytest.mark.parametrize("kind", [WORD, SIGNS])
def test_what_several_triggers_share_is_left_to_them(kind: int) -> None:
    """A quotation mark, or one letter, in the documents of three words is none; a word is, whatever the others are."""
    shared = feature(9, kind)
    ranked = [(shared, documents(0, 36)), *((feature(n), documents(12 * n, 12 * n + 12)) for n in range(3))]
    found = apart(ranked, dict.fromkeys((one for one, _ in ranked), 0))
    assert (shared in found) == (kind == WORD)
    assert (found == [feature(n) for n in range(3)]) == (kind == SIGNS)


def test_signs_beside_honest_documents_are_left_too() -> None:
    """Where half of their documents are those of words; else they are a trigger of their own."""
    signs, word = feature(9, SIGNS), feature(1)
    assert apart([(word, documents(0, 20)), (signs, documents(10, 28))], {}) == [word]
    assert apart([(word, documents(0, 20)), (signs, documents(15, 40))], {}) == [word, signs]
