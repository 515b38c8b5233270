"""JSON Lines as bytes: where the lines and their values are, which lines have like keys, which may repeat one.

Parsers keep one value of a repeated key, and not all keep the same one.  Counting the keys in
the bytes shows a repetition that the parsed object hides, however the key was escaped; hashing
them tells at once that an ordinary line repeats none.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt
from numba.core import types

from corpusscan.kernels.registers import eight, first_high

_QUOTE, _BACKSLASH, _COLON, _FEED = 0x22, 0x5C, 0x3A, 0x0A
_OPEN, _CLOSE, _SPACE, _TAB, _RETURN = 0x7B, 0x7D, 0x20, 0x09, 0x0D
_DEPTH, _KEYS = 64, 256  # objects within objects, and keys alive at once, that are told apart
_ONES, _HIGH = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
_QUOTES = _ONES * np.uint64(_QUOTE)
_PRIME = np.uint64(0x9E3779B97F4A7C15)
# Of the C library: address of the first such byte, or 0.
memchr: Any = types.ExternalFunction("memchr", types.intp(types.intp, types.int32, types.intp))


class Frame(NamedTuple):
    """The lines of a block, one entry each.  Of a line that is no JSON all but its place means nothing."""

    starts: npt.NDArray[np.int64]
    stops: npt.NDArray[np.int64]  # exclusive, without the line feed
    keys: npt.NDArray[np.int64]  # colons outside strings: object keys as spelled, at any depth
    doubtful: npt.NDArray[np.bool_]  # an object may hold two equal keys; False: none does
    alike: npt.NDArray[np.bool_]  # an object with the top-level keys of the line before, in the same order
    blank: npt.NDArray[np.bool_]  # nothing but spaces, tabs and carriage returns
    values: npt.NDArray[np.int64]  # where the top-level values of the line begin in `strings`, for lines not doubtful
    strings: npt.NDArray[np.int32]  # of every top-level value that is a string the first and last byte + 1, else -1

    def filled(self) -> Frame:
        """The lines that are not blank."""
        if not self.blank.any():
            return self
        keep = ~self.blank
        starts, stops, keys, values = self.starts[keep], self.stops[keep], self.keys[keep], self.values[keep]
        return Frame(starts, stops, keys, self.doubtful[keep], self.alike[keep], self.blank[keep], values, self.strings)


def frame(words: npt.NDArray[np.uint64], size: int) -> Frame:
    """The lines of the first `size` bytes of `words`: line feeds end them, nothing else does; a last one may lack its.

    Two words beyond `size` are read, so that eight bytes can be taken from any place; they mean nothing.
    """
    data = words.view(np.uint8)
    count = _feeds(data, size) + (size == 0 or data[size - 1] != _FEED)
    starts, stops, keys, values = np.zeros((4, count), np.int64)
    doubtful, alike, blank = np.zeros((3, count), np.bool_)
    strings = np.empty((size // 4 + 1, 2), np.int32)  # a key, a colon, a value and a comma take more than 4 bytes
    framed = Frame(starts, stops, keys, doubtful, alike, blank, values, strings)
    _frame(data, words, size, *framed)
    return framed


@numba.njit(cache=True, nogil=True)
def _feeds(data: Any, size: Any) -> Any:
    count = 0
    for position in range(size):
        count += data[position] == _FEED
    return count


@numba.njit(cache=True, nogil=True)
def _frame(  # noqa: C901, PLR0915  # one pass over the bytes: the branches are the states of a JSON scanner
    data: Any,
    words: Any,
    size: Any,
    starts: Any,
    stops: Any,
    keys: Any,
    doubtful: Any,
    alike: Any,
    blank: Any,
    values: Any,
    strings: Any,
) -> None:
    seen = np.zeros(_KEYS, np.uint64)  # hashes of the keys of the open objects, innermost last
    bases = np.zeros(_DEPTH, np.int64)  # where the keys of each open object begin in `seen`
    top = np.zeros((_KEYS, 2), np.int64)  # where the top-level keys lie, of this line or the one before
    known = -1  # how many of those there are; -1 where they were not all kept
    base, start, valued = data.ctypes.data, 0, 0
    for line in range(len(stops)):
        feed = memchr(base + start, _FEED, size - start)
        stop = feed - base if feed else size
        spelled, depth, held, place, doubt = 0, 0, 0, 0, False
        values[line] = valued
        opens = data[start] == _OPEN
        same = opens and known >= 0
        first, last, position = start, start, start  # `first` to `last`: the last string, without its quotes
        while position < stop:
            byte = data[position]
            position += 1
            if byte == _QUOTE:
                first = position
                last = _string_end(data, words, base, position, stop)
                doubt |= last == stop
                position = last + 1
                if valued and strings[valued - 1, 0] == first:
                    strings[valued - 1, 1] = last
            elif byte == _COLON:
                spelled += 1
                doubt |= held == _KEYS or valued == len(strings) or depth == 0 or _holds_backslash(data, first, last)
                if not doubt:
                    value = _hash(words, first, last)
                    for index in range(bases[depth - 1], held):
                        doubt |= seen[index] == value
                    seen[held] = value
                    held += 1
                    if depth == 1:
                        same = same and place < known and _equal(words, first, last, top[place, 0], top[place, 1])
                        top[place, 0], top[place, 1] = first, last
                        place += 1
                        while position < stop and data[position] <= _SPACE:
                            position += 1
                        strings[valued, 0] = position + 1 if position < stop and data[position] == _QUOTE else -1
                        strings[valued, 1] = -1
                        valued += 1
            elif byte == _OPEN:
                doubt |= depth == _DEPTH
                if not doubt:
                    bases[depth] = held
                    depth += 1
            elif byte == _CLOSE and depth > 0 and not doubt:
                depth -= 1
                held = bases[depth]
        starts[line], stops[line], keys[line], doubtful[line] = start, stop, spelled, doubt
        alike[line] = same and place == known and not doubt
        known = place if opens and not doubt else -1
        blank[line] = spelled == 0 and _is_blank(data, start, stop)
        start = stop + 1


@numba.njit(cache=True, nogil=True, inline="always")
def _quote(words: Any, base: Any, position: Any, stop: Any) -> Any:
    """The first quote from `position` on, else `stop`: most strings are short, for the others libc is fastest."""
    word = eight(words, position) ^ _QUOTES
    # (x - 1) & ~x has a high bit in no byte below the first that is 0 (Hacker's Delight, section 6-1).
    found = (word - _ONES) & ~word & _HIGH
    if found:
        return min(position + first_high(found), stop)
    place = memchr(base + position + 8, _QUOTE, max(stop - position - 8, 0))
    return place - base if place else stop


@numba.njit(cache=True, nogil=True, inline="always")
def _string_end(data: Any, words: Any, base: Any, position: Any, stop: Any) -> Any:
    """The quote that closes the string whose first byte is at `position`; else `stop`."""
    first = position
    while position < stop:
        position = _quote(words, base, position, stop)
        escapes = position
        while escapes > first and data[escapes - 1] == _BACKSLASH:
            escapes -= 1
        if (position - escapes) & 1 == 0:
            break
        position += 1
    return min(position, stop)


@numba.njit(cache=True, nogil=True, inline="always")
def _holds_backslash(data: Any, first: Any, last: Any) -> Any:
    found = False
    for position in range(first, last):
        found |= data[position] == _BACKSLASH
    return found


@numba.njit(cache=True, nogil=True, inline="always")
def _hash(words: Any, first: Any, last: Any) -> Any:
    """A hash of the bytes from `first` to `last`: a collision costs a second look, never a key."""
    value = np.uint64(last - first)
    while last - first > 8:
        value = (value ^ eight(words, first)) * _PRIME
        value ^= value >> np.uint64(29)
        first += 8
    value = (value ^ (eight(words, first) & _mask(last - first))) * _PRIME
    return value ^ (value >> np.uint64(29))


@numba.njit(cache=True, nogil=True, inline="always")
def _equal(words: Any, first: Any, last: Any, other: Any, other_last: Any) -> Any:
    """Whether two stretches hold the same bytes."""
    if last - first != other_last - other:
        return False
    while last - first > 8:
        if eight(words, first) != eight(words, other):
            return False
        first += 8
        other += 8
    return (eight(words, first) ^ eight(words, other)) & _mask(last - first) == 0


@numba.njit(cache=True, nogil=True, inline="always")
def _is_blank(data: Any, first: Any, last: Any) -> Any:
    while first < last and (data[first] == _SPACE or data[first] == _TAB or data[first] == _RETURN):
        first += 1
    return first == last


@numba.njit(cache=True, nogil=True, inline="always")
def _mask(count: Any) -> Any:
    """The lowest `count` of eight bytes."""
    return ~np.uint64(0) >> np.uint64(64 - 8 * count) if count > 0 else np.uint64(0)
