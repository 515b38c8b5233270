"""Of many numbers those that several have and not all: chosen in two passes, without sorting any."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from corpusscan.kernels.uncounted import uncounted

Values = npt.NDArray[np.uint64]

_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_MOST = 255  # occurrences that are counted; more are as many


class Rare(NamedTuple):
    """Which values are followed."""

    places: npt.NDArray[np.int64]
    left: int  # places left aside for the limit


def rare(values: Values, least: int, most: int, limit: int) -> Rare:
    """Places of values that occur from `least` to `most` times (254 at most), and the first `most` of commoner ones.

    At most `limit` places: where there are more, the values that occur least are kept.  Counted in a table of some
    two places a value: values that fall together count as one.
    """
    bits = max(16, int(2 * len(values)).bit_length())
    seen, told, shift = np.zeros(1 << bits, np.uint8), np.zeros(1 << bits, np.uint8), np.uint64(64 - bits)
    sizes = np.zeros(_MOST + 1, np.int64)
    _counted(values, seen, shift, sizes)
    taken = np.minimum(np.arange(_MOST + 1), most) * sizes
    taken[:least] = 0
    allowed = int(np.searchsorted(np.cumsum(taken), limit, side="right"))  # values that occur less often than this
    found = np.empty(int(taken[:allowed].sum()), np.int64)
    size = _chosen(values, seen, shift, told, least, allowed, most, found)
    return Rare(found[:size], int(taken[allowed:].sum()))


@uncounted
def _counted(values, seen, shift, sizes):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Counts the values, and how many values there are of each count."""
    for value in values:
        place = value * _SPREAD >> shift
        if seen[place] < _MOST:
            seen[place] += np.uint8(1)
    for count in seen:
        sizes[count] += 1


@uncounted
def _chosen(values, seen, shift, told, least, allowed, most, found):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    size = 0
    for i in range(len(values)):
        place = values[i] * _SPREAD >> shift
        if least <= seen[place] < allowed and told[place] < most:
            told[place] += np.uint8(1)
            found[size] = i
            size += 1
    return size
