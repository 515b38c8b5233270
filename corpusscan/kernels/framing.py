"""JSON Lines as bytes: where the lines are, and how many object keys each one really spells.

Parsers keep one value of a repeated key, and not all keep the same one.  Counting the keys in
the bytes shows a repetition that the parsed object hides, however the key was escaped.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

_QUOTE, _BACKSLASH, _COLON = 0x22, 0x5C, 0x3A


def line_stops(data: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Positions of the line feeds of `data` (uint8, any length), ascending."""
    return np.flatnonzero(data == 0x0A)


@numba.njit(cache=True, nogil=True)
def count_keys(
    data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], stops: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Object keys, at any depth, in each `data[start:stop]`, which holds one JSON value.

    A key is a colon outside a string.  For bytes that are no JSON the count means nothing.
    """
    counts = np.zeros(len(starts), np.int64)
    for line in range(len(starts)):
        position, stop, keys = starts[line], stops[line], 0
        while position < stop:
            byte = data[position]
            position += 1
            if byte == _COLON:
                keys += 1
            elif byte == _QUOTE:
                while position < stop:
                    byte = data[position]
                    position += 1
                    if byte == _QUOTE:
                        break
                    if byte == _BACKSLASH:
                        position += 1
        counts[line] = keys
    return counts
