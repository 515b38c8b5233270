"""Many 64-bit hashes at once: sorted into buckets by their upper bits; those that occur often told from the others."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

Values = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.uint32]

BUCKETS = 256
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


def bucketed(rows: Rows, values: Values) -> tuple[Rows, Values, npt.NDArray[np.int64]]:
    """Rows and values in order of the values' top byte, and where each of the `BUCKETS` begins and the last ends.

    Within a bucket they keep their order.
    """
    return _bucketed(rows, values)  # type: ignore[no-any-return]


def frequent(values: Values, least: int) -> npt.NDArray[np.bool_]:
    """Whether a value may occur at least so often among these: false only where it does not."""
    return _frequent(values, min(least, 255))  # type: ignore[no-any-return]


@njit(cache=True, nogil=True)
def _bucketed(rows, values):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """A counting sort."""
    bounds = np.zeros(BUCKETS + 1, np.int64)
    for value in values:
        bounds[np.int64(value >> np.uint64(56)) + 1] += 1
    bounds = np.cumsum(bounds)
    free, sorted_rows, sorted_values = bounds.copy(), np.empty_like(rows), np.empty_like(values)
    for i in range(len(values)):
        bucket = np.int64(values[i] >> np.uint64(56))
        sorted_rows[free[bucket]], sorted_values[free[bucket]] = rows[i], values[i]
        free[bucket] += 1
    return sorted_rows, sorted_values, bounds


@njit(cache=True, nogil=True)
def _frequent(values, least):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Counts in a table of some two places a value, without regard to collisions."""
    bits = 16
    while (1 << bits) < 2 * len(values):
        bits += 1
    seen, shift = np.zeros(1 << bits, np.uint8), np.uint64(64 - bits)
    for value in values:
        place = value * _SPREAD >> shift
        seen[place] = min(seen[place] + 1, 255)
    kept = np.zeros(len(values), np.bool_)
    for i in range(len(values)):
        kept[i] = seen[values[i] * _SPREAD >> shift] >= least
    return kept
