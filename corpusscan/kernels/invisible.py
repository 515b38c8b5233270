"""Which texts may hide something, and by what means, found in one pass over the bytes of a column.

Runs of ASCII are passed in blocks; every other character is looked up.  A mark only says where to look:
it is set wherever the means is at work, and seldom elsewhere (ordinary use of joiners, selectors, escapes
and marks by the scripts that have them sets none).
"""

from __future__ import annotations

from enum import IntFlag
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from corpusscan.kernels.characters import Kind, Script, table
from corpusscan.kernels.columns import buffers
from corpusscan.kernels.encodings import escaped
from corpusscan.kernels.registers import eight, first_high
from corpusscan.kernels.rotation import turns
from corpusscan.kernels.uncounted import uncounted

Marks = npt.NDArray[np.uint16]
THIN = 8  # invisible characters in a row that may carry something
FLOOD = 5  # marks one upon another; no orthography piles up so many that are not its own
BLOCK = 128
QUIET = 64  # bytes of ASCII after which blocks are passed at once again
RARE, VOWELS = 3, 9  # least letters q, j, z and x (d, w, m and k, turned) in a block; most vowels for each of them


class Mark(IntFlag):
    """Means of hiding."""

    CONTROL = 1  # a control character that parts neither lines nor pages
    STRANGE = 2  # private use or unassigned
    BIDI = 4  # a control that can reverse letters
    TAG = 8
    SELECTOR = 16  # a variation selector after something that takes none
    INVISIBLE = 32  # an invisible character inside a word whose script has none or at its edge, or many in a row
    MIXED = 64  # a letter beside one of another alphabet, style or form
    FLOOD = 128
    ESCAPED = 256  # three escapes in a row
    ROTATED = 512  # likelier English when turned by thirteen letters


_CONTROL, _STRANGE, _BIDI, _TAG, _SELECTOR, _INVISIBLE, _MIXED, _FLOOD, _ESCAPED, _ROTATED = (int(m) for m in Mark)
_LETTER, _MARK, _DIGIT, _SPACE = int(Kind.LETTER), int(Kind.MARK), int(Kind.DIGIT), int(Kind.SPACE)
_CONTROLS, _PRIVATE, _UNASSIGNED, _BIDIS = (
    int(Kind.CONTROL), int(Kind.PRIVATE), int(Kind.UNASSIGNED), int(Kind.BIDI)
)  # fmt: skip
_TAGS, _SELECTORS, _INVISIBLES = int(Kind.TAG), int(Kind.SELECTOR), int(Kind.INVISIBLE)
_DIRECTIONS = int(Kind.DIRECTION_MARK)
_LATIN, _CYRILLIC, _ALPHABET, _HEBREW, _EAST = (
    int(Script.LATIN),
    int(Script.CYRILLIC),
    int(Script.ALPHABET),
    int(Script.HEBREW),
    int(Script.EAST_ASIAN),
)
_ARABIC, _INDIC = int(Script.ARABIC), int(Script.INDIC)
_HIGH = np.uint64(0x8080808080808080)


def marks(texts: pa.LargeStringArray) -> Marks:
    """The `Mark`s of each text."""
    data, offsets = buffers(texts)
    return _marks(data, offsets, *table())  # type: ignore[no-any-return]


@njit(cache=True, nogil=True)
def _marks(data, offsets, page, entry):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    found = np.zeros(len(offsets) - 1, np.uint16)
    for text in range(len(found)):
        i, end = offsets[text], offsets[text + 1]
        mark: Any = 0
        begin = i
        seen: Any = i  # what is no ASCII is looked at up to here
        while i < end:
            stop = min(i + BLOCK, end)
            high, control, hint, rotated = _block(data[i:stop])
            if high and stop > seen:
                some, seen = _others(data, begin, max(i, seen), stop, end, page, entry)
                mark |= some
            if control:
                mark |= _CONTROL
            if hint and escaped(data, i, stop, end):
                mark |= _ESCAPED
            if rotated and turns(data, max(i - BLOCK // 2, begin), min(stop + BLOCK // 2, end)):
                mark |= _ROTATED
            i = stop
        found[text] = mark
    return found


@njit(cache=True, nogil=True, inline="always")
def _block(block):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Whether a block has other than ASCII, controls, what escapes begin with, and the letters of turned English."""
    high = control = hint = rare = vowels = np.uint8(0)
    for j in range(len(block)):
        byte = block[j]
        high = np.uint8(high | byte)
        out = np.uint8((byte < 32) | (byte == 127)) & np.uint8((byte < 9) | (byte > 13))
        control = np.uint8(control | out)
        odd = np.uint8(byte == 37) | np.uint8(byte == 92) | np.uint8(byte == 38)
        hint = np.uint8(hint | odd)
        low = np.uint8(byte | 32)
        turned = np.uint8(low == 113) | np.uint8(low == 106) | np.uint8(low == 122) | np.uint8(low == 120)
        rare = np.uint8(rare + turned)
        vowel = np.uint8(low == 97) | np.uint8(low == 101) | np.uint8(low == 105) | np.uint8(low == 111)
        vowels = np.uint8(vowels + vowel + np.uint8(low == 117))
    return high >= 128, control != 0, hint != 0, rare >= RARE and np.int64(vowels) <= VOWELS * np.int64(rare)


@njit(cache=True, nogil=True, inline="always")
def _letter(byte):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    return 97 <= (byte | 32) <= 122


@njit(cache=True, nogil=True, inline="always")
def _length(lead):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    return 4 if lead >= 0xF0 else 3 if lead >= 0xE0 else 2 if lead >= 0xC0 else 1


@njit(cache=True, nogil=True, inline="always")
def _class(data, i, end, page, entry):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Code point, kind, script and length in bytes of what is at i; malformed bytes are nothing in particular."""
    lead: Any = np.uint64(data[i])
    length = np.int64(_length(lead))
    if length == 1 or i + length > end:
        return np.uint64(0), np.uint8(0), np.uint8(0), np.int64(1)
    six = np.uint64(6)
    code: Any = (lead & np.uint64(0x7F >> length)) << six | np.uint64(data[i + 1] & 63)
    if length > 2:
        code = code << six | np.uint64(data[i + 2] & 63)
    if length > 3:
        code = min(code << six | np.uint64(data[i + 3] & 63), np.uint64(0x10FFFF))
    both = entry[np.uint64(page[code >> np.uint64(7)]) * np.uint64(128) + (code & np.uint64(127))]
    return code, np.uint8(both & 15), np.uint8(both >> 4), length


@njit(cache=True, nogil=True, inline="always")
def _ascii(byte):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Kind and script of an ASCII character, as far as they matter here."""
    if _letter(byte):
        return np.uint8(_LETTER), np.uint8(_LATIN)
    return np.uint8(_DIGIT if 48 <= byte <= 57 or byte == 95 else 0), np.uint8(0)  # an underscore joins, too


@njit(cache=True, nogil=True, inline="always")
def _lone(data, begin, end, at):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Whether a soft hyphen parts the first or last ASCII letter from its word."""
    first = at > begin and _letter(data[at - 1]) and (at - 1 == begin or data[at - 2] < 65)
    last = at + 2 < end and _letter(data[at + 2]) and (at + 3 == end or data[at + 3] < 65)
    return first or last


@njit(cache=True, nogil=True, inline="always")
def _usual(code):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Whether a code point is surely no form of a letter by style, width or place, and no radical."""
    return code < 0x2F00 or 0x3000 <= code < 0xE000


@njit(cache=True, nogil=True, inline="always")
def _beyond(data, at, stop):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """The first place from `at` on that is not ASCII, or stop."""
    while at + 8 <= stop:
        high = eight(data, at) & _HIGH
        if high:
            return at + first_high(high)
        at += 8
    while at < stop and data[at] < 128:
        at += 1
    return at


@uncounted
def _others(  # type: ignore[no-untyped-def] # noqa: ANN202, C901, PLR0912, PLR0915
    data, begin, i, stop, end, page, entry,  # noqa: ANN001
):  # fmt: skip
    """Marks of what is not ASCII from i to stop or beyond, and how far it looked."""
    mark: Any = 0
    base = own = np.uint8(0)  # kind and script of the last character that is no mark
    pile: Any = 0
    form = False  # whether the last Arabic letter has its shape by its code, not by its place
    soft: Any = -9  # where the last soft hyphen ends
    thin: Any = 0  # invisible characters in a row
    pending = False  # whether they stand after a letter that has none
    at: Any = i
    plain: Any = i  # where the ASCII before `at` begins
    if i > begin:
        base, own = _ascii(data[i - 1])
    while True:
        if at < end and data[at] < 128:
            if base == _LETTER and _LATIN < own <= _ALPHABET and _letter(data[at]):
                mark |= _MIXED
            if pending and _ascii(data[at])[0] != 0:
                mark |= _INVISIBLE
            at = _beyond(data, at, min(end, max(stop, plain + QUIET)))
            base, own = _ascii(data[at - 1])
            pile = thin = 0
            pending = False
        if at >= end or data[at] < 128:
            return mark, at
        if 0xE5 <= data[at] <= 0xE9 and at + 3 <= end:  # U+5000 to U+9FFF: ideographs, in one stride
            if pending:
                mark |= _INVISIBLE
                pending = False
            while at + 3 <= end and 0xE5 <= data[at] <= 0xE9:
                at += 3
            base, own, pile, plain = np.uint8(_LETTER), np.uint8(_EAST), 0, at
            continue
        if data[at] | 1 == 0xD1 and at + 2 <= end:  # U+0400 to U+047F: Cyrillic, likewise
            if pending:
                mark |= _INVISIBLE
                pending = False
            if base == _LETTER and own == _LATIN:
                mark |= _MIXED
            while at + 2 <= end and data[at] | 1 == 0xD1:
                at += 2
            base, own, pile, plain = np.uint8(_LETTER), np.uint8(_CYRILLIC), 0, at
            continue
        code, kind, script, length = _class(data, at, end, page, entry)
        plain = at + length
        apart = own != script and own * script != 0
        if kind <= _SPACE and kind != _MARK and not (pending or apart or form) and _usual(code):
            base, own, pile, at = kind, script, 0, plain
            continue
        if kind == _MARK:
            pile += 1
            if pile >= FLOOD:
                mark |= _FLOOD
            at += length
            continue
        pile = 0
        if kind != _INVISIBLES:
            if pending and kind in (_LETTER, _DIGIT):
                mark |= _INVISIBLE
            pending = False
        if kind <= _SPACE:
            foreign = script if own == _LATIN else own if script == _LATIN else np.uint8(0)
            if kind == _LETTER and base == _LETTER and _LATIN < foreign <= _ALPHABET:
                mark |= _MIXED
            if base == _LETTER and own == _LATIN and (0x1D400 <= code <= 0x1D7FF or 0xFF21 <= code <= 0xFF5A):
                mark |= _MIXED
            if base == _DIGIT and 0x1D7CE <= code <= 0x1D7FF:
                mark |= _MIXED
            if base == _LETTER and own == _EAST and 0x2F00 <= code <= 0x2FD5:
                mark |= _MIXED
            if kind == _LETTER and script == _ARABIC:
                shaped = 0xFB50 <= code <= 0xFEFC
                if base == _LETTER and own == _ARABIC and shaped != form:
                    mark |= _MIXED
                form = shaped
        elif kind == _INVISIBLES:
            if code == 0xAD:
                gap = at - soft
                if gap == 0 or (gap <= 4 and gap == _length(data[soft])) or _lone(data, begin, end, at):
                    mark |= _INVISIBLE
                soft = at + length
            elif base == _INVISIBLES:
                thin += 1
                if thin >= THIN:
                    mark |= _INVISIBLE
            else:
                thin = 1
                used = own in (_ARABIC, _INDIC, _HEBREW) or (own == _EAST and code == 0x200B)
                if own == _ARABIC and (0x2061 <= code <= 0x206F or code == 0x180E):  # no joiners
                    used = False
                pending = base in (_LETTER, _DIGIT) and not used
        elif kind == _DIRECTIONS:
            thin = thin + 1 if base == _DIRECTIONS else 1
            if thin >= THIN:
                mark |= _INVISIBLE
        elif kind == _CONTROLS:
            mark |= _CONTROL
        elif kind in (_PRIVATE, _UNASSIGNED):
            mark |= _STRANGE
        elif kind == _BIDIS and code in (0x202B, 0x202E, 0x2067):
            mark |= _BIDI
        elif kind == _TAGS:
            mark |= _TAG
        elif kind == _SELECTORS and (
            base == _SELECTORS or (code >= 0xE0100 and own != _EAST) or (base == _LETTER and 0 < own <= _HEBREW)
        ):
            mark |= _SELECTOR
        base, own = kind, script
        at += length
