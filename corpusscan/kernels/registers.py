"""Eight bytes at once: loads that need no alignment, and the first byte or bit that was marked."""

from __future__ import annotations

import numba
import numpy as np

_ONES = np.uint64(0x0101010101010101)
_DE_BRUIJN = 0x03F79D71B4CB0A89  # each six bits of it differ (Leiserson, Prokop and Randall 1998)
_BIT = np.zeros(64, np.int64)
for _bit in range(64):
    _BIT[(_DE_BRUIJN << _bit & 2**64 - 1) >> 58] = _bit


@numba.njit(cache=True, nogil=True, inline="always")
def eight(words, position):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """The eight bytes at `position` of memory seen as uint64, first byte lowest; reads the word behind them too."""
    index, shift = np.uint64(position >> 3), np.uint64((position & 7) << 3)
    # Shifted up in two steps: by 64 bits at once means nothing.
    return (words[index] >> shift) | ((words[index + np.uint64(1)] << np.uint64(1)) << (np.uint64(63) - shift))


@numba.njit(cache=True, nogil=True, inline="always")
def first_high(marked):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Which of eight bytes is the first with its high bit set; only high bits may be, and one must."""
    before = ((marked & (~marked + np.uint64(1))) >> np.uint64(7)) - np.uint64(1)
    return np.int64(((before & _ONES) * _ONES) >> np.uint64(56))


@numba.njit(cache=True, nogil=True, inline="always")
def lowest(bits):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Which bit of a word is the lowest that is set; one must be."""
    return _BIT[((bits & (~bits + np.uint64(1))) * np.uint64(_DE_BRUIJN)) >> np.uint64(58)]
