"""A picture of vectors: each as a point of a plane, near ones near."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from corpusscan.kernels.latent import Floats

Plane = npt.NDArray[np.float64]

_HELD = 1e-6  # of the spread: less is what rounding leaves


def plane(vectors: Floats) -> Plane:
    """Each of n vectors (a row) as x and y, between 0 and 1, in true proportion: n x 2.

    The plane in which they differ most (principal components, Pearson 1901), turned so that it is always the same way
    up.  Vectors that are all equal are one point in the middle.
    """
    if not len(vectors):
        return np.zeros((0, 2))
    apart = np.asarray(vectors, np.float64) - vectors.mean(axis=0)
    _, spread, axes = np.linalg.svd(apart, full_matrices=False)
    axes = axes[:2] * np.sign(np.take_along_axis(axes[:2], np.abs(axes[:2]).argmax(axis=1)[:, None], axis=1))
    flat = np.zeros((len(vectors), 2))
    held = spread[:2] > _HELD * max(1.0, float(spread[0]))
    flat[:, : len(axes)][:, held] = (apart @ axes.T)[:, held]
    low, high = flat.min(axis=0), flat.max(axis=0)
    wide = max(float((high - low).max()), _HELD)
    return 0.5 + (flat - (low + high) / 2) / wide if held.any() else np.full_like(flat, 0.5)
