"""The stretch of a sequence in which some places gather most: the segment of the highest score.

Each marked place scores what it says for a stretch of which a share of `DENSE` is marked, each other one what it says
against it (log-likelihood ratios; Karlin and Altschul 1990), and the best segment is found in one pass (Bentley 1984).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

DENSE = 0.3  # of the places of a stretch that are marked

Places = npt.NDArray[np.int64]


def densest(marked: Places, length: int) -> tuple[int, int]:
    """The first and the last of the marked places (ascending, below `length`) of the best stretch."""
    usual = min((len(marked) + 1) / (length + 2), DENSE / 2)
    gain, cost = np.log(DENSE / usual), np.log((1 - usual) / (1 - DENSE))
    after = np.cumsum(np.full(len(marked), gain)) - cost * (marked - np.arange(len(marked)))  # with each taken in
    before = after - gain
    least = np.minimum.accumulate(before)
    last = int(np.argmax(after - least))
    return int(marked[int(np.argmin(before[: last + 1]))]), int(marked[last])
