"""English turned by thirteen letters (rot13), told from honest text by how often its letters come."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

# Per cent of the letters of English, and how much likelier (natural logarithm) one is when turned by thirteen.
_ENGLISH = (8.2, 1.5, 2.8, 4.3, 12.7, 2.2, 2.0, 6.1, 7.0, 0.15, 0.77, 4.0, 2.4,
            6.7, 7.5, 1.9, 0.095, 6.0, 6.3, 9.1, 2.8, 0.98, 2.4, 0.15, 2.0, 0.074)  # fmt: skip
GAIN = (0.0, *(math.log(_ENGLISH[(i + 13) % 26] / _ENGLISH[i]) for i in range(26)), *(0.0,) * 5)
LIKELY = 25.0  # some 25 letters; abbreviations and foreign names reach 20
_UNIT = 256  # of a gain, in whole numbers


def _gains() -> npt.NDArray[np.int32]:
    """The gain of each byte: what is no letter, space, comma or stop costs as much as two letters of English."""
    gains = np.full(256, -_UNIT, np.int32)
    gains[list(b" \n\r,.")] = 0
    for byte in b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ":
        gains[byte] = round(GAIN[byte & 31] * _UNIT)
    return gains


_GAINS, _ENOUGH = _gains(), int(LIKELY * _UNIT)


@njit(cache=True, nogil=True)
def turns(data, i, stop):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Whether `turned` finds anything."""
    total = best = np.int32(0)
    for j in range(i, stop):
        total = max(np.int32(total + _GAINS[data[j]]), np.int32(0))
        best = max(best, total)
    return best > _ENOUGH


@njit(cache=True, nogil=True)
def turned(data, i, stop):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Begin and end of the first row that is far likelier English when its letters are turned by thirteen.

    The row of the greatest gain (Kadane's maximum subarray).  (-1, -1) where there is none.
    """
    total = best = np.int32(0)
    start: Any = i
    end: Any = -1
    for j in range(i, stop):
        if total == 0:
            start = j
        total = np.int32(total + _GAINS[data[j]])
        if total > best and total > _ENOUGH:
            best, end = total, j + 1
        if total <= 0:
            total = np.int32(0)
            if end >= 0:
                break
    return (start, end) if end >= 0 else (np.int64(-1), np.int64(-1))
