"""Lists of objects under the keys of one JSON object, laid out as lines: each element is one, the rest is left out.

`{"version": "1.1", "data": [{...}, {...}]}` is two lines.  A list is a table by its first element: where that is no
object, it is a value like any other.  Nothing is kept but the key at hand, however deep or long values are (RFC 8259).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from corpusscan.kernels.brackets import PLAIN, STRING, following

KEY = 256  # bytes of a key that are kept
EVENTS = 64  # that are told at a time
TABLE, VALUE = 1, 2  # what stands under a key
DEPTH, INSIDE, ENDED, PENDING, LENGTH, ROWS, MODE, FRESH = range(8)  # places in a state
_BESIDE, _OPENED, _ROWS, _OTHER = range(4)  # modes: at the keys, behind the bracket of a list, in a table, in a value
_NEW, _BEGUN = range(2)  # whether anything of the element at hand was met
_SPACE, _LINE, _RETURN, _TAB = ord(" "), ord("\n"), ord("\r"), ord("\t")
_QUOTE, _COMMA, _COLON = ord('"'), ord(","), ord(":")

Bytes = npt.NDArray[np.uint8]


class State(NamedTuple):
    """Where a reader stands; goes on from block to block."""

    numbers: npt.NDArray[np.int64]
    key: Bytes  # as it is spelled, its first bytes
    kinds: npt.NDArray[np.int64]  # of the events of the last call
    rows: npt.NDArray[np.int64]  # elements before each
    keys: Bytes  # of each, `KEY` bytes
    lengths: npt.NDArray[np.int64]


class Event(NamedTuple):
    """What stands under a key."""

    kind: int
    row: int
    key: bytes


def beginning() -> State:
    """The state before an object."""
    return State(
        np.zeros(8, np.int64), np.zeros(KEY, np.uint8), np.zeros(EVENTS, np.int64), np.zeros(EVENTS, np.int64),
        np.zeros((EVENTS, KEY), np.uint8), np.zeros(EVENTS, np.int64),
    )  # fmt: skip


def lines(data: Bytes, out: Bytes, state: State) -> tuple[int, int, list[Event]]:
    """Lays the next bytes out; how many were read, how many of `out` were written (no more), and what was met.

    It stops where the object ends, and where there is no room for more events.
    """
    read, written, met = _lines(data, out, *state)
    told = zip(state.kinds[:met].tolist(), state.rows[:met].tolist(), state.lengths[:met].tolist(), strict=True)
    return read, written, [Event(kind, row, state.keys[n, :size].tobytes()) for n, (kind, row, size) in enumerate(told)]


@njit(cache=True, nogil=True)
def _lines(  # type: ignore[no-untyped-def] # noqa: ANN202, C901, PLR0912, PLR0915  # one pass over the bytes of an object
    data,  # noqa: ANN001
    out,  # noqa: ANN001
    numbers,  # noqa: ANN001
    key,  # noqa: ANN001
    kinds,  # noqa: ANN001
    rows,  # noqa: ANN001
    keys,  # noqa: ANN001
    lengths,  # noqa: ANN001
):
    written = met = 0
    for i in range(len(data)):
        if met >= len(kinds) - 1:
            return i, written, met
        byte, depth, mode = data[i], numbers[DEPTH], numbers[MODE]
        if numbers[INSIDE] != PLAIN:
            if mode == _ROWS:
                out[written] = _RETURN if byte == _LINE else byte
                written += 1
            numbers[INSIDE] = following(numbers[INSIDE], byte)
            if mode == _BESIDE and numbers[PENDING] == 0 and numbers[INSIDE] != PLAIN:
                if numbers[LENGTH] < len(key):
                    key[numbers[LENGTH]] = byte
                numbers[LENGTH] = min(numbers[LENGTH] + 1, len(key))
            continue
        if byte in (_SPACE, _LINE, _RETURN, _TAB):
            if mode == _ROWS:
                out[written] = _SPACE
                written += 1
            continue
        if mode == _OPENED:  # the first element tells
            mode = numbers[MODE] = _ROWS if byte == 123 else _OTHER
            numbers[FRESH] = _NEW
            met = _tell(TABLE if byte == 123 else VALUE, met, numbers, key, kinds, rows, keys, lengths)
        if mode == _ROWS:
            closing = byte in (93, 125) and depth == 2
            parting = byte == _COMMA and depth == 2
            if not closing and not parting and numbers[FRESH] == _NEW:
                numbers[FRESH] = _BEGUN
                numbers[ROWS] += 1
            if closing or parting:
                numbers[FRESH] = _NEW
            out[written] = _LINE if closing or parting else byte
            written += 1
        if byte == _QUOTE:
            numbers[INSIDE] = STRING
            if mode == _BESIDE and numbers[PENDING] == 0:
                numbers[LENGTH] = 0
        elif byte in (91, 123):  # [ and {
            if depth == 1:
                mode = numbers[MODE] = _OPENED if byte == 91 else _OTHER
                if byte == 123:
                    met = _tell(VALUE, met, numbers, key, kinds, rows, keys, lengths)
            numbers[DEPTH] = depth + 1
        elif byte in (93, 125):  # ] and }
            numbers[DEPTH] = depth - 1
            if depth == 2:
                numbers[MODE] = _BESIDE
        elif byte == _COLON and depth == 1:
            numbers[PENDING] = 1
        if (byte == _COMMA or byte in (93, 125)) and numbers[DEPTH] <= 1 and numbers[MODE] == _BESIDE:
            if numbers[PENDING] == 1:  # a plain value
                met = _tell(VALUE, met, numbers, key, kinds, rows, keys, lengths)
            if numbers[DEPTH] <= 0:
                numbers[ENDED] = 1
                return i + 1, written, met
    return len(data), written, met


@njit(cache=True, nogil=True, inline="always")
def _tell(kind, met, numbers, key, kinds, rows, keys, lengths):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """What stands under the key at hand is an event more."""
    kinds[met], rows[met] = kind, numbers[ROWS]
    keys[met], lengths[met] = key, numbers[LENGTH]
    numbers[PENDING] = 0
    return met + 1
