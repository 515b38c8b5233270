"""Neighbours with another label: what they say, whom they are asked of, and that copies are not heard."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from corpusscan.kernels import disagreement, outoffold
from corpusscan.kernels.outoffold import Read

WORDS = np.random.default_rng(1).integers(1, 2**63, 400).astype(np.uint64)


def read(documents: list[np.ndarray]) -> Read:
    """Documents as a model sees them."""
    hashes, bounds = np.concatenate(documents), np.append(0, np.cumsum([len(one) for one in documents]))
    return outoffold.read(hashes, bounds, outoffold.vocabulary(hashes, bounds, 1, 1 << 20))


def corpus(seed: int, count: int = 200) -> tuple[list[np.ndarray], np.ndarray]:
    """Documents of two subjects, and the subject of each."""
    draw = np.random.default_rng(seed)
    label = draw.integers(0, 2, count)
    return [draw.choice(WORDS[200 * one : 200 * one + 60], 20) for one in label], label


@given(st.integers(0, 1_000))
@settings(max_examples=20, deadline=None)
def test_wrong_labels_stand_out(seed: int) -> None:
    """A document whose label was flipped disagrees with nearly all its neighbours, any other one with hardly any."""
    documents, label = corpus(seed)
    given_label = label.copy()
    given_label[:5] = 1 - label[:5]
    found = disagreement.among_neighbours(read(documents), given_label, np.arange(200))
    assert found[:5].min() > 0.6
    assert found[5:].max() < 0.5


def test_those_who_are_asked_about() -> None:
    """The same whether a document is asked about alone or among others, however much is worked on at once."""
    documents, label = corpus(3)
    every = disagreement.among_neighbours(read(documents), label, np.arange(200))
    some = disagreement.among_neighbours(read(documents), label, np.array([7, 3]))
    assert np.allclose(some, every[[7, 3]])


def test_copies_do_not_vouch() -> None:
    """Forty copies with one wrong label do not agree with one another."""
    documents, label = corpus(4)
    documents[:40] = [documents[0]] * 40
    given_label = label.copy()
    given_label[:40] = 1 - label[0]
    found = disagreement.among_neighbours(read(documents), given_label, np.arange(40))
    assert found.min() > 0.6


def test_nothing_alike() -> None:
    """Empty documents, and one alone, are told 0."""
    documents = [np.zeros(0, np.uint64)] * 3
    assert disagreement.among_neighbours(read(documents), np.array([0, 1, 0]), np.arange(3)).tolist() == [0, 0, 0]
    assert disagreement.among_neighbours(read([WORDS[:5]]), np.array([0]), np.arange(1)).tolist() == [0]


def test_suspicion_orders() -> None:
    """The less likely a label and the more neighbours disagree, the more suspicious."""
    told = disagreement.suspicion(np.array([0.1, 0.1, 0.5], np.float32), np.array([0.9, 0.1, 0.1], np.float32))
    assert told[0] > told[1] > told[2]
