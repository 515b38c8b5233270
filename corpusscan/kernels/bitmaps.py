"""Sets of 64-bit hashes as bitmaps: what was marked is held, and little else; a hash is placed by its upper bits."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from corpusscan.kernels.uncounted import uncounted
from corpusscan.kernels.words import Hashes

Bitmap = npt.NDArray[np.uint64]


def of(values: Hashes, bits: int) -> Bitmap:
    """The bitmap of 2^bits places that holds these values."""
    bitmap = np.zeros(1 << (bits - 6), np.uint64)
    _mark(bitmap, values, np.uint64(64 - bits))
    return bitmap


@uncounted
def _mark(bitmap, values, shift):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    for value in values:
        place = value >> shift
        bitmap[place >> np.uint64(6)] |= np.uint64(1) << (place & np.uint64(63))


@njit(cache=True, nogil=True, inline="always")
def holds(bitmap, value, bits):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """1 where a bitmap of 2^bits places holds a value, else 0."""
    place = value >> np.uint64(64 - bits)
    return bitmap[place >> np.uint64(6)] >> (place & np.uint64(63)) & np.uint64(1)
