"""Passages out of recurring fingerprints, and who carries them, against plain Python."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from corpusscan.kernels.fingerprints import PLACE_BITS, SHINGLE
from corpusscan.kernels.passages import Recurring

untimed = settings(deadline=None)  # the first call compiles
NEAR, OFTEN, BOUND = 6, 2, 0.5
Documents = dict[tuple[int, int], dict[int, int]]  # (shard, row): place of each fingerprint
DOCUMENTS = st.dictionaries(
    st.tuples(st.sampled_from([0, 1, 5]), st.sampled_from([0, 3, 2**32 - 1])),
    st.dictionaries(st.integers(0, 7), st.integers(0, 12), max_size=6),
)


def recurring(documents: Documents) -> Recurring:
    """The documents as rows in order of their fingerprints."""
    rows = sorted((print_, *document, place) for document, held in documents.items() for print_, place in held.items())
    prints, shards, numbers, places = (np.array(column, np.uint64) for column in zip(*rows, strict=True)) if rows else (
        np.zeros(0, np.uint64) for _ in range(4)
    )  # fmt: skip
    values = prints << np.uint64(PLACE_BITS) | places
    return Recurring(shards.astype(np.uint32), numbers.astype(np.uint32), values)


def reference(documents: Documents) -> dict[int, int]:
    """The passage of each fingerprint, called by the least fingerprint of it."""
    beside, holders = Counter[frozenset[int]](), Counter[int]()
    for held in documents.values():
        holders.update(held.keys())
        inside = sorted(held, key=lambda one: (held[one], one))
        beside.update(frozenset(pair) for pair in pairwise(inside) if held[pair[1]] - held[pair[0]] <= NEAR)
    passage = {one: one for one in holders}
    for pair, count in beside.items():
        if count >= OFTEN and count >= BOUND * max(holders[one] for one in pair):
            low, high = sorted(passage[one] for one in pair)
            passage = {one: low if of == high else of for one, of in passage.items()}
    return passage


def carried(documents: Documents, passage: dict[int, int]) -> list[tuple[int, int, int, int]]:
    """Shard, row, passage and words of all who hold two fingerprints of one passage."""
    found = []
    for (shard, row), held in documents.items():
        places = defaultdict(list)
        for one, place in held.items():
            places[passage[one]].append(place)
        found += [(shard, row, of, max(at) - min(at) + SHINGLE) for of, at in places.items() if len(at) > 1]
    return sorted(found)


@untimed
@given(DOCUMENTS)
def test_passages_and_carriers_are_those_of_plain_python(documents: Documents) -> None:
    """Whatever the documents hold: the same fingerprints belong together, and the same documents carry them."""
    rows = recurring(documents)
    passages = rows.passages(NEAR, OFTEN, BOUND)
    expected = reference(documents)
    assert dict(zip(rows.prints.tolist(), rows.prints[passages].tolist(), strict=True)) == expected
    found = [
        (one.shard, row, int(rows.prints[of]), words)
        for one in rows.carriers(passages, np.ones(len(passages), bool))
        for row, of, words in zip(*(column.tolist() for column in one[1:]), strict=True)
    ]
    assert sorted(found) == carried(documents, expected)


def test_only_wanted_passages_are_told() -> None:
    """Carriers of other passages are left out."""
    rows = recurring({(0, row): {0: 0, 1: 1, 2: 50, 3: 51} for row in range(3)})
    passages = rows.passages(NEAR, OFTEN, BOUND)
    assert passages.tolist() == [0, 0, 2, 2]
    (found,) = rows.carriers(passages, np.array([False, False, True, False]))
    assert found.passages.tolist() == [2, 2, 2]
