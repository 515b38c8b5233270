"""Which recurring fingerprints make one passage, and which documents carry it.

A row stands for one fingerprint in one document.  Rows of one shard are looked at together, so that beside
the rows themselves (12 bytes each) 16 bytes a row are held, and some 40 for each different fingerprint.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from corpusscan.kernels import components
from corpusscan.kernels.components import Indices
from corpusscan.kernels.fingerprints import PLACE_BITS, PLACES, SHINGLE, Values

Numbers = npt.NDArray[np.uint32]


class Carriers(NamedTuple):
    """Documents of one shard that carry a passage, by ascending row: parallel arrays."""

    shard: int
    rows: Numbers
    passages: Indices
    words: Indices  # from the first of its fingerprints to the end of the last


class Recurring:
    """Fingerprints that recur: `values` by ascending fingerprint, in documents (shard, row)."""

    def __init__(self, shards: Numbers, rows: Numbers, values: Values) -> None:
        self._rows, self._values = rows, values
        self._numbers, self._begins = _numbered(values)
        self.prints = values[self._begins[:-1]] >> np.uint64(PLACE_BITS)
        self._order, self._bounds = _by_shard(shards, int(shards.max(initial=0)) + 1)
        for _, part in self._parts():
            part[:] = part[np.argsort(self._keys(part), kind="stable")]

    def passages(self, near: int, often: int, bound: float) -> Indices:
        """The passage of each of `prints`, by the least that belongs to it.

        Two belong together that stand at most `near` words apart, with none between them, in at least `often`
        documents, and in at least the share `bound` of those that have the commoner of them.
        """
        pairs, size = np.empty(len(self._values), np.uint64), 0
        for _, part in self._parts():
            keys, numbers = self._keys(part), self._numbers[part].astype(np.uint64)
            beside = keys[1:] - keys[:-1] <= near  # the row is in the upper bits
            beside &= keys[1:] >> PLACE_BITS == keys[:-1] >> PLACE_BITS
            one, other = numbers[:-1][beside], numbers[1:][beside]
            found = np.minimum(one, other) << np.uint64(32) | np.maximum(one, other)
            pairs[size : size + len(found)] = found
            size += len(found)
        pairs = pairs[:size]
        pairs.sort()
        left, right = _often(pairs, np.diff(self._begins), often, bound)
        return components.components(len(self.prints), left, right)

    def carriers(self, passages: Indices, wanted: npt.NDArray[np.bool_]) -> Iterator[Carriers]:
        """Shard by shard, the documents that hold two fingerprints of a passage that is wanted."""
        for shard, whole in self._parts():
            part = whole[wanted[passages[self._numbers[whole]]]]
            rows, of = self._rows[part], passages[self._numbers[part]]
            keys = rows.astype(np.uint64) << np.uint64(32) | of.astype(np.uint64)
            order = np.argsort(keys, kind="stable")  # places keep their order
            keys, places = keys[order], (self._values[part] & PLACES).astype(np.int64)[order]
            begins = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])[: len(keys)])
            ends = np.append(begins[1:], len(keys))
            two = ends - begins >= 2
            begins, ends = begins[two], ends[two]
            yield Carriers(shard, rows[order[begins]], of[order[begins]], places[ends - 1] - places[begins] + SHINGLE)

    def _parts(self) -> Iterator[tuple[int, Numbers]]:
        """Each shard that has any, with its rows."""
        for shard in np.flatnonzero(np.diff(self._bounds)).tolist():
            yield shard, self._order[self._bounds[shard] : self._bounds[shard + 1]]

    def _keys(self, part: Numbers) -> Values:
        """Row of the document and place in it as one number."""
        return self._rows[part].astype(np.uint64) << np.uint64(PLACE_BITS) | self._values[part] & PLACES


@njit(cache=True, nogil=True)
def _numbered(values):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Which fingerprint each row has, counted from 0, and where the rows of each begin and the last end."""
    numbers, count = np.empty(len(values), np.uint32), 0
    for i in range(len(values)):
        count += i == 0 or values[i] >> PLACE_BITS != values[i - 1] >> PLACE_BITS
        numbers[i] = count - 1
    begins = np.full(count + 1, len(values))
    for i in range(len(values) - 1, -1, -1):
        begins[numbers[i]] = i
    return numbers, begins


@njit(cache=True, nogil=True)
def _by_shard(shards, count):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """A counting sort: places of the rows, and where those of each shard begin and the last end."""
    bounds = np.zeros(count + 1, np.int64)
    for shard in shards:
        bounds[shard + 1] += 1
    bounds = np.cumsum(bounds)
    order, free = np.empty(len(shards), np.uint32), bounds.copy()
    for i in range(len(shards)):
        order[free[shards[i]]] = i
        free[shards[i]] += 1
    return order, bounds


@njit(cache=True, nogil=True)
def _often(pairs, count, often, bound):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Of sorted pairs those that occur often enough: left and right."""
    left, right = np.empty(len(pairs) // often + 1, np.int64), np.empty(len(pairs) // often + 1, np.int64)
    size, begin = 0, 0
    for i in range(1, len(pairs) + 1):
        if i < len(pairs) and pairs[i] == pairs[begin]:
            continue
        one, other = np.int64(pairs[begin] >> np.uint64(32)), np.int64(pairs[begin] & np.uint64(0xFFFFFFFF))
        if i - begin >= often and i - begin >= bound * max(count[one], count[other]):
            left[size], right[size] = one, other
            size += 1
        begin = i
    return left[:size].copy(), right[:size].copy()
