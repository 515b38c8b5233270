"""Where in a prompt or an answer a feature stands: by its words, without writing all features down."""

from __future__ import annotations

import numpy as np
from numba import njit

from corpusscan.kernels.exchanges import (
    CLOSING,
    END,
    LENGTH,
    OPENING,
    RARELY,
    TALKS,
    THREE,
    TWO,
    UNUSUAL,
    WHOLE,
    WORD,
    Sides,
    salted,
)
from corpusscan.kernels.profile import mixed
from corpusscan.kernels.words import Hashes


def asked_at(of: Sides, number: int, feature: int) -> int:
    """The word of the batch at which a feature of that prompt stands first; -1: nowhere."""
    first, last = of.asked_bounds[number], of.asked_bounds[number + 1]
    place = asked_place(of.asked, first, last, np.uint64(feature))
    if place < 0:
        return -1
    at = min(first + place, last - 1)
    return int(of.asked_at[at - 1 if of.asked[at] == END and at > first else at])


def answered_at(of: Sides, number: int, feature: int) -> int:
    """The same of what an answer shows; where it is nothing in particular, the answer's first word."""
    first, last = of.answered_bounds[number], of.answered_bounds[number + 1]
    place = answered_place(of.answered, first, last, np.uint64(feature))
    if place < 0 or first == last:
        return -1
    return int(of.answered_at[first + place])


def unspoken_at(of: Sides, number: int, outcome: int, usual: Hashes) -> int:
    """The first word of an answer that takes up nothing of its prompt but `usual` words, or (`UNUSUAL`) says hardly one
    of these; -1: it does not."""
    asked = of.asked[of.asked_bounds[number] : of.asked_bounds[number + 1]]
    answered = of.answered[of.answered_bounds[number] : of.answered_bounds[number + 1]]
    known = np.isin(np.array([salted(one, WORD) for one in answered], np.uint64), usual)
    few, new = known.sum() < RARELY * len(answered), not np.isin(answered[~known], asked).any()
    shows = few if outcome == UNUSUAL else new
    return int(of.answered_at[of.answered_bounds[number]]) if shows and len(answered) >= TALKS else -1


@njit(cache=True, nogil=True)
def asked_place(hashes, first, last, feature):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Where in a prompt, hashes[first:last], a feature stands first: its last word; -1 where it does not."""
    before = np.uint64(0)
    for i in range(first, last + 1):
        own = hashes[i] if i < last else np.uint64(0)
        if salted(mixed(before, own), TWO) == feature or (i < last and salted(own, WORD) == feature):
            return i - first
        before = own
    return -1


@njit(cache=True, nogil=True)
def answered_place(hashes, first, last, feature):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """The first word of what the feature is; -1 where the answer does not show it."""
    whole = np.uint64(7)
    for i in range(first, last):
        whole = mixed(whole, hashes[i])
        if salted(hashes[i], WORD) == feature:
            return i - first
        if i > first and salted(mixed(hashes[i - 1], hashes[i]), TWO) == feature:
            return i - 1 - first
        if i > first + 1:
            three = mixed(mixed(hashes[i - 2], hashes[i - 1]), hashes[i])
            if (salted(three, THREE) == feature or (i == first + 2 and salted(three, OPENING) == feature)
                    or (i == last - 1 and salted(three, CLOSING) == feature)):  # fmt: skip
                return i - 2 - first
    if salted(whole, WHOLE) == feature or salted(np.uint64(np.log2(1 + last - first)), LENGTH) == feature:
        return 0
    return -1
