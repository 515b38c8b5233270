"""JSON strings from the bytes in which they are spelled straight into Arrow, without a Python string in between.

Only for strings that a JSON parser has accepted: escapes are taken as valid, and so is the UTF-8.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba.core import types

from corpusscan.kernels.framing import memchr

_BACKSLASH, _U = 0x5C, 0x75
# What the byte after a backslash stands for, where it is not `u`: RFC 8259, section 7.
_MEANING = np.arange(256, dtype=np.uint8)
_MEANING[[ord(letter) for letter in "bfnrt"]] = [ord(control) for control in "\b\f\n\r\t"]
_HEX = np.zeros(256, np.int64)
for _digit in "0123456789abcdefABCDEF":
    _HEX[ord(_digit)] = int(_digit, 16)
_SHORT = 16  # bytes that are copied one by one: a call costs more
_memcpy: Any = types.ExternalFunction("memcpy", types.intp(types.intp, types.intp, types.intp))


def unescaped(words: npt.NDArray[np.uint64], spans: npt.NDArray[np.int32]) -> pa.Array:
    """The strings between the quotes at `spans` (n x 2 byte positions, end exclusive) of `words`, as large_string."""
    data = words.view(np.uint8)
    offsets = np.zeros(len(spans) + 1, np.int64)
    # An escape is never shorter than what it stands for.
    text = np.empty(int((spans[:, 1] - spans[:, 0]).sum(dtype=np.int64)), np.uint8)
    _unescape(data, spans, offsets, text)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(text[: offsets[-1]])]
    return pa.Array.from_buffers(pa.large_string(), len(spans), buffers)


@numba.njit(cache=True, nogil=True)
def _unescape(data: Any, spans: Any, offsets: Any, text: Any) -> None:
    base, target, out = data.ctypes.data, text.ctypes.data, np.int64(0)
    for index in range(len(spans)):
        position, stop = np.int64(spans[index, 0]), np.int64(spans[index, 1])
        while position < stop:
            found = memchr(base + position, _BACKSLASH, stop - position)
            plain = (found - base if found else stop) - position
            if plain <= _SHORT:
                for near in range(plain):
                    text[out + near] = data[position + near]
            else:
                _memcpy(target + out, base + position, plain)
            out += plain
            position += plain
            if position < stop:
                position, out = _escape(data, position + 1, text, out)
        offsets[index + 1] = out


@numba.njit(cache=True, nogil=True, inline="always")
def _escape(data: Any, position: Any, text: Any, out: Any) -> Any:
    """Write what the escape after the backslash stands for; returns where to go on reading and writing."""
    if data[position] != _U:
        text[out] = _MEANING[data[position]]
        return position + 1, out + 1
    point = _four(data, position + 1)
    position += 5
    if 0xD800 <= point < 0xDC00:  # the second half follows, or no parser would have accepted the first
        point = 0x10000 + ((point - 0xD800) << 10) + (_four(data, position + 2) - 0xDC00)
        position += 6
    return position, _encode(point, text, out)


@numba.njit(cache=True, nogil=True, inline="always")
def _four(data: Any, position: Any) -> Any:
    """The number in four hexadecimal digits."""
    value = 0
    for place in range(4):
        value = value * 16 + _HEX[data[position + place]]
    return value


@numba.njit(cache=True, nogil=True, inline="always")
def _encode(point: Any, text: Any, out: Any) -> Any:
    """Write a code point as UTF-8; returns where the next goes."""
    if point < 0x80:
        text[out] = point
        return out + 1
    length = 2 if point < 0x800 else 3 if point < 0x10000 else 4
    for place in range(length - 1, 0, -1):
        text[out + place] = 0x80 | (point & 0x3F)
        point >>= 6
    text[out] = (0xF00 >> length) & 0xFF | point
    return out + length
