"""Whether the documents most alike to one have another label: what a linear model passes over (nearest neighbours)."""

from __future__ import annotations

import numpy as np

from corpusscan.kernels.latent import Floats
from corpusscan.kernels.outoffold import Numbers, Read

NEIGHBOURS = 30
WEIGHT = 1.5  # of all of them, as a logarithm of a chance
COPY = 0.999  # cosine: a copy says nothing new
_AT_ONCE = 1 << 24  # cosines


def among_neighbours(seen: Read, label: Numbers, asked: Numbers) -> Floats:
    """For each document that is `asked` about, the share of its neighbours, by cosine, with another label; 0 to 1.

    `seen` are documents of length 1 and all of them may be neighbours; a document that is like no other is told 0.
    """
    from scipy.sparse import csr_matrix  # noqa: PLC0415  # takes a third of a second

    width = int(seen.feature.max(initial=0)) + 1
    said = csr_matrix((seen.value, seen.feature, seen.bounds), shape=(len(label), width))
    turned = said.T.tocsr()
    found = np.zeros(len(asked), np.float32)
    step = max(_AT_ONCE // max(len(label), 1), 1)
    for first in range(0, len(asked), step):
        some = asked[first : first + step]
        alike = (said[some] @ turned).toarray()
        alike[alike > COPY] = 0
        count = min(NEIGHBOURS, len(label))
        near = np.argpartition(-alike, count - 1, axis=1)[:, :count]
        cosine = np.maximum(np.take_along_axis(alike, near, axis=1), 0)
        other = label[near] != label[some][:, None]
        found[first : first + step] = (cosine * other).sum(axis=1) / np.maximum(cosine.sum(axis=1), 1e-9)
    return found


def suspicion(chance: Floats, disagreement: Floats) -> Floats:
    """How suspicious labels are, by the chance that others give them and by their neighbours: an order."""
    told: Floats = WEIGHT * disagreement - np.log(np.maximum(chance, 1e-6))
    return told
