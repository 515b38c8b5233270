"""Groups of vectors that are nearer to one another than to anything else: a hierarchy of density, and what stands out.

Single linkage of mutual reachability, of which those groups are kept that last longest from when they hold together to
when they join others (Campello, Moulavi and Sander 2013); on the graph of nearest neighbours, by falling cosine.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from corpusscan.kernels.latent import Floats
from corpusscan.kernels.neighbours import FLOOR, Indices

Nodes = npt.NDArray[np.int32]  # numbers of vectors: of millions of pairs half as large as others

REACH = 3  # a vector holds together with others from the cosine on that it has with so many


class Group(NamedTuple):
    """Vectors that hold together."""

    members: Indices
    inside: float  # cosine at which they do
    outside: float  # and at which they would join others, at most


def groups(left: Nodes, right: Nodes, cosine: Floats, count: int, least: int, most: int, gap: float) -> list[Group]:
    """Disjoint groups of `least` to `most` of `count` vectors whose cosine falls by `gap` where they join others.

    Those that stand out most come first.  `left`, `right` and `cosine` are pairs of neighbours, each once.
    """
    reach = _reach(left, right, cosine, count)
    near = np.minimum(cosine, np.minimum(reach[left], reach[right]))
    order = np.argsort(-near, kind="stable")
    head, size, edges, follows = _joined(count, left[order], right[order], near[order], least, most, np.float32(gap))
    found: list[Group] = []
    used = np.zeros(count, np.bool_)
    for group in np.lexsort((head, edges[:, 1] - edges[:, 0])):
        members = _listed(head[group], size[group], follows)
        if not used[members].any():
            used[members] = True
            found.append(Group(np.sort(members), *edges[group].tolist()))
    return found


@njit(cache=True, nogil=True)
def _reach(left, right, cosine, count):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """The cosine of the neighbour number `REACH` of each; `FLOOR`, which neighbours are above, where it has fewer."""
    best = np.full((count, REACH), np.float32(FLOOR))
    for pair in range(len(left)):
        for one in (left[pair], right[pair]):
            at = REACH
            while at and cosine[pair] > best[one, at - 1]:
                at -= 1
            if at < REACH:
                for k in range(REACH - 1, at, -1):
                    best[one, k] = best[one, k - 1]
                best[one, at] = cosine[pair]
    return best[:, REACH - 1].copy()


@njit(cache=True, nogil=True)
def _joined(count, left, right, near, least, most, gap):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Of each group that stands out its first member, their number and its cosines; members follow one another."""
    parent, tail, size = np.arange(count), np.arange(count), np.ones(count, np.int64)
    holds, follows = np.ones(count, np.float32), np.full(count, -1)
    heads, sizes, edges, told = (
        np.empty(3 * count, np.int64),
        np.empty(3 * count, np.int64),
        np.empty((3 * count, 2)),
        0,
    )
    for pair in range(len(left)):
        one, other = _root(parent, left[pair]), _root(parent, right[pair])
        if one == other:
            continue
        for group in (one, other):
            if least <= size[group] <= most and holds[group] - near[pair] >= gap:
                heads[told], sizes[told] = group, size[group]
                edges[told, 0], edges[told, 1] = holds[group], near[pair]
                told += 1
        if size[one] < size[other] or (size[one] == size[other] and other < one):
            one, other = other, one
        follows[tail[one]], tail[one] = other, tail[other]
        parent[other], size[one], holds[one] = one, size[one] + size[other], near[pair]
    for group in range(count):  # what nothing else is near to
        if parent[group] == group and least <= size[group] <= most and holds[group] - np.float32(FLOOR) >= gap:
            heads[told], sizes[told] = group, size[group]
            edges[told, 0], edges[told, 1] = holds[group], FLOOR
            told += 1
    return heads[:told], sizes[:told], edges[:told], follows


@njit(cache=True, nogil=True)
def _root(parent, one):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    while parent[one] != one:
        parent[one] = parent[parent[one]]
        one = parent[one]
    return one


@njit(cache=True, nogil=True)
def _listed(head, count, follows):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    members = np.empty(count, np.int64)
    for i in range(count):
        members[i] = head
        head = follows[head]
    return members
