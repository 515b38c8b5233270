"""Documents that say most of what some carriers of a trigger say, without it (cosine of inverse document frequencies).

What is of the trigger is not asked of whoever found it: words, and pairs of words, that nearly all carriers have and
hardly another document has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from corpusscan.kernels import outoffold
from corpusscan.kernels.outoffold import Numbers
from corpusscan.kernels.words import Hashes, Offsets

OF_EACH = 3  # carriers of a trigger that are given a counterpart
SHARED, ENRICHED = 0.8, 4.0  # of the carriers that have what is of the trigger; times as often as others have it
LEAST = 0.1  # cosine: documents that are less alike are no counterparts
_VOCABULARY = 1 << 20


class Counterpart(NamedTuple):
    """A document beside a carrier."""

    group: int
    document: int
    cosine: float


def nearest(hashes: Hashes, bounds: Offsets, carriers: Iterable[Numbers]) -> Iterator[Counterpart]:
    """Counterparts of the first carriers of each group, each document once a group.

    Words of document i are hashes[bounds[i]:bounds[i + 1]]; `carriers` are numbers of documents, group by group.
    """
    from scipy.sparse import csr_matrix  # noqa: PLC0415  # takes a third of a second

    count = len(bounds) - 1
    known = outoffold.vocabulary(hashes, bounds, 2, _VOCABULARY)
    seen = outoffold.read(hashes, bounds, known)
    said = csr_matrix((seen.value, seen.feature, seen.bounds), shape=(count, max(len(known[0]), 1)))
    holders = said.T.tocsr()  # documents of each feature
    everywhere = np.bincount(seen.feature, minlength=said.shape[1])
    for group, own in enumerate(carriers):
        if not len(own) or len(own) == count:
            continue
        inside = np.bincount(said[own].indices, minlength=said.shape[1])
        others = (everywhere - inside) / (count - len(own))
        trigger = (inside >= SHARED * len(own)) & (inside >= ENRICHED * others * len(own))
        barred = np.union1d(holders[np.flatnonzero(trigger)].indices, own)
        plain = said[own[:OF_EACH]].copy()
        plain.data[trigger[plain.indices]] = 0
        alike = (plain @ holders).toarray()
        alike[:, barred] = 0
        for row in alike:
            best = int(row.argmax())
            if row[best] >= LEAST:
                yield Counterpart(group, best, float(row[best]))
                alike[:, best] = 0
