"""Which of several features is the trigger: one for each, words before the signs they share."""

from __future__ import annotations

import pytest

from corpusscan.kernels.features import SIGNS, WORD
from corpusscan.kernels.rivals import Rival, apart


def feature(number: int, kind: int = WORD) -> int:
    """Of a kind; which is in its lowest bits."""
    return number * 8 + kind + 1


def documents(first: int, last: int) -> set[tuple[int, int]]:
    """So many rows of a shard."""
    return {(0, row) for row in range(first, last)}


def test_features_of_the_same_documents_are_one_trigger() -> None:
    """Told is, of those that have nearly all of them, the one that stands least elsewhere."""
    trigger, part, other = feature(1), feature(2), feature(3)

    def found(spare: int, more: int) -> list[int]:
        one, two = Rival(part, documents(0, 20), spare), Rival(trigger, documents(0, 19), more)
        return apart([one, two, Rival(other, documents(30, 42), 0)])

    assert found(5, 0) == [trigger, other]
    assert found(0, 5) == [part, other]


@pytest.mark.parametrize(("kind", "mark"), [(WORD, False), (SIGNS, False), (WORD, True)])
def test_what_several_triggers_share_is_left_to_them(kind: int, mark: bool) -> None:
    """A quotation mark, or a control token, in the documents of three words is none; a word is, whatever they are."""
    shared = feature(9, kind)
    ranked = [Rival(shared, documents(0, 36), 0, mark)]
    ranked += [Rival(feature(n), documents(12 * n, 12 * n + 12), 0) for n in range(3)]
    found = apart(ranked)
    assert (shared in found) == (kind == WORD and not mark)
    assert (found == [feature(n) for n in range(3)]) == (kind == SIGNS or mark)


def test_signs_beside_honest_documents_are_left_too() -> None:
    """Where half of their documents are those of words; else they are a trigger of their own."""
    signs, word = feature(9, SIGNS), feature(1)
    assert apart([Rival(word, documents(0, 20), 0), Rival(signs, documents(10, 28), 0)]) == [word]
    assert apart([Rival(word, documents(0, 20), 0), Rival(signs, documents(15, 40), 0)]) == [word, signs]
