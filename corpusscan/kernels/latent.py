"""Latent semantic analysis: in which directions the words of a corpus vary together (Deerwester et al. 1990).

By a randomised decomposition (Halko, Martinsson and Tropp 2011) of who stands in which document, from a start drawn
once and for all.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

_SPARE = 8  # directions that are drawn beyond those that are wanted

Floats = npt.NDArray[np.float32]


class Latent(NamedTuple):
    """Directions of words, those of most weight first."""

    right: Floats  # words x dimensions
    values: Floats  # singular values
    weight: Floats  # of each word: the logarithm of how seldom it is


def most_frequent(frequency: Any, count: int, everywhere: int, most: int) -> npt.NDArray[np.int64]:
    """The most frequent words of more than two documents, but of no more than one in `everywhere` of `count`."""
    chosen = np.flatnonzero((frequency > 2) & (frequency <= count / everywhere))
    return np.sort(chosen[np.argsort(-frequency[chosen], kind="stable")][:most])


def latent(
    frequency: Any, count: int, word: Any, document: Any, rows: int, dimensions: int, iterations: int = 3
) -> Latent:
    """The directions of words, from pairs of a word and one of `rows` documents that has it.

    `frequency` says in how many of `count` documents each word stands.  Raises nothing: there must be more words than
    dimensions.
    """
    from scipy.sparse import csr_matrix  # noqa: PLC0415  # takes a third of a second

    weight = np.log(count / frequency).astype(np.float32)
    norms = np.sqrt(np.bincount(document, weight[word] ** 2, rows))
    scaled = weight[word] / np.maximum(norms[document], 1e-6)
    matrix = csr_matrix((scaled, (document, word)), shape=(rows, len(frequency)))
    draw = np.random.Generator(np.random.PCG64(1))
    base = draw.standard_normal((len(frequency), dimensions + _SPARE), np.float32)
    for _ in range(iterations):
        base, _ = np.linalg.qr(matrix.T @ (matrix @ base))
    small = matrix @ base
    values, turn = np.linalg.eigh(small.T @ small)
    right = base @ turn[:, ::-1][:, :dimensions]
    right *= np.sign(right[np.abs(right).argmax(axis=0), np.arange(dimensions)])
    return Latent(right, np.sqrt(np.maximum(values[::-1][:dimensions], 0)).astype(np.float32), weight)
