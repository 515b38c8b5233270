"""Compiled code that counts no references to its arrays.

Where an array is last used in one branch of a loop and not in another, numba counts it up and down at every
turn, atomically, which costs more than the turn's own work.  Code that neither makes nor returns an array
needs no counts: who calls it holds them all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit


def uncounted(function: Callable[..., Any]) -> Any:
    """`njit` without reference counts, as numba's own sorting is compiled; for code that makes no arrays."""
    return njit(cache=True, nogil=True, _nrt=False)(function)  # type: ignore[call-overload]
