"""The elements of a JSON array, laid out as lines: where each begins and ends, whatever it holds (RFC 8259)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

DEPTH, INSIDE, ENDED = range(3)  # places in a state: brackets that are open, inside of what, whether the array ended
PLAIN, STRING, _ESCAPED = range(3)  # inside of what: nothing, a string, behind a backslash in one
_SPACE, _LINE, _RETURN = ord(" "), ord("\n"), ord("\r")
_QUOTE, _BACKSLASH, _COMMA = ord('"'), ord("\\"), ord(",")


def beginning() -> npt.NDArray[np.int64]:
    """The state before an array."""
    return np.zeros(3, np.int64)


@njit(cache=True, nogil=True)
def lines(data, state):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Lays the next bytes of an array out as lines, in place; how many are its own: fewer than given where it ends.

    Its brackets become a space and a line feed, commas between elements line feeds.  A line feed that stands elsewhere
    becomes a space, inside a string (where none may be) a carriage return: so an element is a line, and every byte
    stays where it was.  `state` is that of `beginning`, and goes on from block to block.
    """
    for i in range(len(data)):
        byte, depth = data[i], state[DEPTH]
        if state[INSIDE] != PLAIN:
            state[INSIDE] = following(state[INSIDE], byte)
            data[i] = _RETURN if byte == _LINE else byte
        elif byte == _QUOTE:
            state[INSIDE] = STRING
        elif byte in (91, 123):  # [ and {
            state[DEPTH] = depth + 1
            data[i] = byte if depth else _SPACE
        elif byte in (93, 125):  # ] and }
            state[DEPTH] = depth - 1
            if depth <= 1:
                data[i], state[ENDED] = _LINE, 1
                return i + 1
        elif byte in (_LINE, _COMMA):
            data[i] = _SPACE if byte == _LINE else _LINE if depth == 1 else byte
    return len(data)


@njit(cache=True, nogil=True, inline="always")
def following(inside, byte):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Inside of what the byte behind is, where this one stands in a string or behind a backslash."""
    if inside == _ESCAPED:
        return STRING
    if byte == _BACKSLASH:
        return _ESCAPED
    return PLAIN if byte == _QUOTE else STRING
