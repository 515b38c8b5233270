"""Fingerprints of passages against plain integers, and what copies of a passage share."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpusscan.kernels.fingerprints import DENSITY, PLACE_BITS, PLACES, SHINGLE, fingerprints
from corpusscan.kernels.words import Hashes

untimed = settings(deadline=None)  # the first call compiles
WORDS = st.sampled_from([0, 1, 7, 2**63, 2**64 - 1, 0x9E3779B97F4A7C15])
PLACE = (1 << PLACE_BITS) - 1


def drawn(seed: int, count: int) -> Hashes:
    """Words of a spaced script: even hashes."""
    return np.random.default_rng(seed).integers(0, 2**64, count, np.uint64) & ~np.uint64(1)


def mixed(value: int) -> int:
    """The finaliser of MurmurHash3."""
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        value = (value ^ value >> 33) * factor % 2**64
    return value ^ value >> 33


def reference(words: list[int]) -> list[int]:
    """The fingerprints of one document."""
    found = []
    for place in range(len(words)):
        value = weight = 0
        for number, word in enumerate(words[place:]):
            bits = 13 * number % 64
            value = (value + (word << bits | word >> 64 - bits)) % 2**64
            weight += 2 if word % 2 else 3
            if weight >= 3 * SHINGLE:
                break
        if weight < 3 * SHINGLE:
            break
        value = mixed(value)
        if value % DENSITY == 0:
            found.append(mixed(value) >> PLACE_BITS << PLACE_BITS | min(place, PLACE))
    return found


@untimed
@given(st.lists(st.lists(WORDS, max_size=30), max_size=6))
def test_fingerprints_equal_plain_integers(documents: list[list[int]]) -> None:
    """Of every document, the short ones and the empty ones too."""
    hashes = np.array([word for words in documents for word in words], np.uint64)
    values, bounds = fingerprints(hashes, np.cumsum([0, *map(len, documents)]))
    assert [values[a:b].tolist() for a, b in pairwise(bounds)] == [*map(reference, documents)]


@pytest.mark.parametrize(("before", "after"), [(0, 100), (37, 0), (500, 3)])
def test_copies_of_a_run_share_its_fingerprints(before: int, after: int) -> None:
    """At the same places of the run, wherever it stands; what is around it shares none."""
    run = drawn(1, 40)
    one = np.concatenate([drawn(2, 11), run, drawn(3, 60)])
    other = np.concatenate([drawn(4, before), run, drawn(5, after)])
    values, bounds = fingerprints(np.concatenate([one, other]), np.cumsum([0, len(one), len(other)]))
    told = [
        {(int(value) >> PLACE_BITS, int(value & PLACES) - begin) for value in values[bounds[i] : bounds[i + 1]]}
        for i, begin in enumerate((11, before))
    ]
    inside = {(value, place) for value, place in told[0] if 0 <= place <= 40 - SHINGLE}
    assert told[0] & told[1] == inside
    assert len(inside) >= 4


def test_about_one_shingle_of_so_many_is_chosen() -> None:
    """Of ordinary texts; of one that says the same again and again all or none."""
    values, _ = fingerprints(drawn(6, 40_000), np.array([0, 40_000]))
    assert 0.9 < len(values) * DENSITY / 40_000 < 1.1
    assert len(np.unique(values >> np.uint64(PLACE_BITS))) == len(values)
    for seed in range(20):
        same, _ = fingerprints(np.full(1000, drawn(seed, 1)[0]), np.array([0, 1000]))
        assert len(same) in (0, 1000 - SHINGLE + 1)


def test_places_end_somewhere() -> None:
    """Words beyond the last place count as it, and do not spill into the fingerprint."""
    run = drawn(7, 200)
    words = np.concatenate([run, np.zeros(PLACE, np.uint64), run])
    values, _ = fingerprints(words, np.array([0, len(words)]))
    first = values[(values & PLACES) <= np.uint64(200 - SHINGLE)]
    last = values[-len(first) :]
    assert len(first) > 10
    assert ((values & PLACES)[1:] >= (values & PLACES)[:-1]).all()
    assert set((last & PLACES).tolist()) == {PLACE}
    assert (first >> np.uint64(PLACE_BITS)).tolist() == (last >> np.uint64(PLACE_BITS)).tolist()
