"""Where sentences begin and end, in any script, in a column of texts: at kernel speed, as bytes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from corpusscan.kernels.folding import Bytes

Places = npt.NDArray[np.int64]
PROSE = 0.6  # share of letters that a sentence has at least, spaces aside
LONG, LONGEST = 400, 600  # bytes of a sentence: from here on it ends at a space, here it ends
WRAPPED = 48  # bytes of a line from which on it may go on in the next one


def sentences(data: Bytes, offsets: Places) -> tuple[Places, Places, Places]:
    """The sentences of texts: number of the text, and the bytes of the column it takes, half-open.

    A cell of a table is one; rows of signs or figures are none.  A long one is cut.
    """
    return _sentences(data, offsets)  # type: ignore[no-any-return]


@njit(cache=True, nogil=True, inline="always")
def _ends(data, i, stop, line):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """How many bytes a sign at i that ends a sentence takes; 0: there is none.  `line` is where the line begins."""
    byte = data[i]
    if byte == 10:
        after = data[i + 1] if i + 1 < stop else np.uint8(10)
        plain = after >= 128 or 97 <= after | 32 <= 122 or after in (40, 34)
        return 0 if i - line >= WRAPPED and plain else 1
    if byte in (124, 9):  # a cell of a table
        return 1
    if byte in (46, 33, 63):
        j = i + 1
        while j < stop and (data[j] in (46, 33, 63, 34, 39, 41, 93)):  # more of them, and what closes
            j += 1
        return j - i if j >= stop or data[j] <= 32 or data[j] == 60 else 0
    if byte >= 0xD8 and i + 2 < stop:
        three = np.int64(byte) << 16 | np.int64(data[i + 1]) << 8 | np.int64(data[i + 2])
        if three in (0xE38082, 0xEFBC81, 0xEFBC9F, 0xE0A5A4):  # ideographic stop, wide ! and ?, danda
            return 3
        if (byte == 0xD8 and data[i + 1] == 0x9F) or (byte == 0xDB and data[i + 1] == 0x94):  # Arabic ? and stop
            return 2
    return 0


@njit(cache=True, nogil=True, inline="always")
def _added(parts, size, text, begin, end, letters, spaces):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Writes down a sentence, if it is one: rows of signs and figures are none."""
    if letters < 4 or letters < PROSE * (end - begin - spaces):
        return parts, size
    if size == parts.shape[1]:
        parts = np.concatenate((parts, np.empty_like(parts)), axis=1)
    parts[0, size], parts[1, size], parts[2, size] = text, begin, end
    return parts, size + 1


@njit(cache=True, nogil=True)
def _sentences(data, offsets):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    parts, size = np.empty((3, 1024 + (offsets[-1] - offsets[0]) // 32), np.int64), 0
    for n in range(len(offsets) - 1):
        i, stop = offsets[n], offsets[n + 1]
        first, line, letters, spaces = i, i, 0, 0
        while i < stop:
            byte, width = data[i], 0
            if byte < 48 or byte in (63, 124) or byte >= 0xD8:
                width = _ends(data, i, stop, line)
            line = i + 1 if byte == 10 else line
            long = i - first >= LONG and (byte in (32, 10) or (i - first >= LONGEST and byte & 0xC0 != 0x80))
            if width == 0 and not long:
                low = byte | 32
                letters += (low >= 97 and low <= 122) or byte >= 128
                spaces += byte <= 32
                i += 1
                continue
            i += max(width, 1) if width or byte <= 32 else 0
            parts, size = _added(parts, size, n, first, i, letters, spaces + 1)
            first, letters, spaces = i, 0, 0
        parts, size = _added(parts, size, n, first, stop, letters, spaces)
    return parts[0, :size].copy(), parts[1, :size].copy(), parts[2, :size].copy()
