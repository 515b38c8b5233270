"""What a reviewer holds beside a carrier: a document that says the same, without the trigger."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from corpusscan.kernels import counterparts

WORDS = np.random.default_rng(1).integers(1, 2**63, 2_000).astype(np.uint64)
TRIGGER = np.uint64(2**63 + 12_345)


def laid(documents: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Documents as words and bounds."""
    return np.concatenate(documents), np.append(0, np.cumsum([len(one) for one in documents]))


def corpus(seed: int, count: int = 300, carriers: int = 20) -> list[np.ndarray]:
    """Documents of twelve words; the first ones say what the second ones do, but for two words and a trigger."""
    draw = np.random.default_rng(seed)
    told = [draw.choice(WORDS, 12, replace=False) for _ in range(count)]
    for n in range(carriers):
        same = told[carriers + n].copy()
        same[draw.integers(0, 12, 2)] = draw.choice(WORDS, 2)
        told[n] = np.insert(same, draw.integers(0, 13), TRIGGER)
    return told


@given(st.integers(0, 1_000))
@settings(max_examples=20, deadline=None)
def test_the_like_of_each_carrier_is_found(seed: int) -> None:
    """Of the first carriers the documents that they were made of, none of which holds the trigger."""
    found = list(counterparts.nearest(*laid(corpus(seed)), [np.arange(20)]))
    assert [one.document for one in found] == [20, 21, 22]
    assert {one.group for one in found} == {0}
    assert all(counterparts.LEAST <= one.cosine <= 1.001 for one in found)


def test_who_holds_the_trigger_is_no_counterpart() -> None:
    """A carrier that nobody named, equal to another one, is passed over, as all carriers are."""
    told = corpus(1)
    told.append(told[0])
    found = list(counterparts.nearest(*laid(told), [np.arange(20)]))
    assert [one.document for one in found] == [20, 21, 22]


def test_groups_are_told_apart() -> None:
    """A group of no carriers, and one of all documents, has none; the others keep their numbers."""
    told = corpus(2)
    found = list(counterparts.nearest(*laid(told), [np.arange(0), np.arange(20), np.arange(len(told))]))
    assert {one.group for one in found} == {1}


def test_unlike_documents_are_none() -> None:
    """Where nothing is alike nothing is told."""
    draw = np.random.default_rng(3)
    told = [np.append(TRIGGER, draw.integers(1, 2**62, 9).astype(np.uint64)) for _ in range(9)]
    told += [draw.integers(1, 2**62, 9).astype(np.uint64) for _ in range(90)]
    assert list(counterparts.nearest(*laid(told), [np.arange(9)])) == []
