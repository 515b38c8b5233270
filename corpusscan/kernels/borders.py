"""Where sentences end, and what is written large, told by bytes alone: for kernels that walk over words."""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True, inline="always")
def ending(data, begin, end):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Whether a sentence ends among these bytes, and whether with a question mark: 0, 1, 2."""
    ends = 0
    for i in range(begin, end):
        byte = data[i]
        if byte == 63:  # ?
            return 2
        if byte in (10, 33) or (
            byte == 46 and (i + 1 >= end or data[i + 1] <= 32 or data[i + 1] == 34)
        ):  # a line's end, !
            ends = 1
        elif byte >= 0xC2 and i + 1 < end:
            low = data[i + 1]
            third = data[i + 2] if i + 2 < end else 0
            if byte == 0xEF and low == 0xBC and third == 0x9F:  # ？
                return 2
            if byte == 0xD8 and low == 0x9F:  # ؟
                return 2
            if (byte == 0xE3 and low == 0x80 and third == 0x82) or (byte == 0xEF and low == 0xBC and third == 0x81):
                ends = 1  # 。 ！
            if byte == 0xE0 and low == 0xA5 and third == 0xA4:  # ।
                ends = 1
    return ends


@njit(cache=True, nogil=True, inline="always")
def large(data, at, end):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Whether a word begins with a large letter of the Latin, Greek or Cyrillic script."""
    byte = data[at]
    if 65 <= byte <= 90:
        return True
    if at + 1 >= end:
        return False
    low = data[at + 1]
    if byte == 0xC3:
        return low < 0x9F
    if byte == 0xCE:
        return 0x91 <= low <= 0xA9
    return byte == 0xD0 and low < 0xB0
