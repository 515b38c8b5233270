"""The tags of HTML, read as the HTML standard's tokenizer reads them (section 13.2.5): one pass, nothing refused."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

HIDDEN, DISPLAY, VISIBILITY, CLOSED = range(4)  # what a tag says: places in `said`
OFF, ON = 1, 2  # of display and visibility; 0: nothing is said
_SPACE = np.zeros(256, np.bool_)
_SPACE[[9, 10, 12, 13, 32]] = True
_LT, _GT, _SLASH, _BANG, _DASH, _EQUALS, _QUOTE, _TICK = (ord(c) for c in "<>/!-='\"")


def _letters(word: str) -> Any:
    return np.frombuffer(word.encode(), np.uint8).copy()


_HIDDEN, _STYLE, _DISPLAY, _NONE = (_letters(word) for word in ("hidden", "style", "display", "none"))
_VISIBILITY, _COLLAPSE, _VISIBLE = (_letters(word) for word in ("visibility", "collapse", "visible"))


@njit(cache=True, nogil=True, inline="always")
def space(c: Any) -> Any:
    """Whether a byte is white space to HTML."""
    return _SPACE[c]


@njit(cache=True, nogil=True, inline="always")
def letter(c: Any) -> Any:
    """Whether a byte is an ASCII letter."""
    return np.uint8(0x61) <= (c | np.uint8(0x20)) <= np.uint8(0x7A)


@njit(cache=True, nogil=True)
def is_word(data: Any, begin: int, end: int, word: Any) -> bool:
    """Whether `word` stands there, in whatever case."""
    if end - begin != len(word):
        return False
    for k in range(len(word)):
        c = data[begin + k]
        if c != word[k] and not (letter(c) and c | np.uint8(0x20) == word[k]):
            return False
    return True


@njit(cache=True, nogil=True)
def name_end(data: Any, i: int, end: int) -> int:
    """Where the name of a tag ends that begins at `i`."""
    while i < end and not space(data[i]) and data[i] != _SLASH and data[i] != _GT:
        i += 1
    return i


@njit(cache=True, nogil=True)
def tag_end(data: Any, i: int, end: int, said: Any) -> int:
    """Where a tag ends whose name ends at `i`; what its first attributes of their names say goes into `said`.

    A tag that the text ends in goes on to `end`, as in a browser.
    """
    said[:] = 0
    styled = False
    while i < end:
        while i < end and (space(data[i]) or data[i] == _SLASH):
            i += 1
        if i < end and data[i] == _GT:
            said[CLOSED] = data[i - 1] == _SLASH
            return i + 1
        name = i
        i += 1  # an equals sign may begin a name
        while i < end and not space(data[i]) and data[i] != _SLASH and data[i] != _GT and data[i] != _EQUALS:
            i += 1
        stop = min(i, end)
        value, last, i = _value(data, i, end)
        if is_word(data, name, stop, _HIDDEN):
            said[HIDDEN] = 1
        elif not styled and is_word(data, name, stop, _STYLE):
            styled = True
            _style(data, value, last, said)
    return end


@njit(cache=True, nogil=True)
def _value(data: Any, i: int, end: int) -> Any:
    """Begin and end of the value of an attribute whose name ends at `i`, and where the attribute ends."""
    at = i
    while at < end and space(data[at]):
        at += 1
    if at >= end or data[at] != _EQUALS:
        return i, i, i
    i = at + 1
    while i < end and space(data[i]):
        i += 1
    if i < end and (data[i] == _QUOTE or data[i] == _TICK):
        mark, first = data[i], i + 1
        i = first
        while i < end and data[i] != mark:
            i += 1
        return first, i, min(i + 1, end)
    first = i
    while i < end and not space(data[i]) and data[i] != _GT:
        i += 1
    return first, i, i


@njit(cache=True, nogil=True)
def _style(data: Any, i: int, end: int, said: Any) -> None:
    """What declarations say of display and visibility; of two that speak of one, nobody knows: it counts as shown."""
    while i < end:
        stop = colon = i
        while stop < end and data[stop] != 0x3B:  # ;
            stop += 1
        while colon < stop and data[colon] != 0x3A:  # :
            colon += 1
        if colon < stop:
            name, name_stop = _trimmed(data, i, colon)
            which = (
                DISPLAY if is_word(data, name, name_stop, _DISPLAY)
                else VISIBILITY if is_word(data, name, name_stop, _VISIBILITY) else -1
            )  # fmt: skip
            if which >= 0:
                bang = colon + 1
                while bang < stop and data[bang] != _BANG:  # !important
                    bang += 1
                value, last = _trimmed(data, colon + 1, bang)
                off = is_word(data, value, last, _NONE) if which == DISPLAY else (
                    is_word(data, value, last, _HIDDEN) or is_word(data, value, last, _COLLAPSE)
                )  # fmt: skip
                said[which] = OFF if off and said[which] == 0 else ON
        i = stop + 1


@njit(cache=True, nogil=True)
def _trimmed(data: Any, begin: int, end: int) -> Any:
    while begin < end and space(data[begin]):
        begin += 1
    while end > begin and space(data[end - 1]):
        end -= 1
    return begin, end


@njit(cache=True, nogil=True)
def declaration_end(data: Any, i: int, end: int) -> int:
    """Where what begins with `<!`, `<?` or `</` at `i` ends that is no tag: a comment, a doctype, a bogus comment."""
    if data[i + 1] == _BANG and i + 3 < end and data[i + 2] == _DASH and data[i + 3] == _DASH:
        i += 4
        if i < end and data[i] == _GT:
            return i + 1
        if i + 1 < end and data[i] == _DASH and data[i + 1] == _GT:
            return i + 2
        while i < end:
            if data[i] == _GT and data[i - 1] == _DASH and data[i - 2] == _DASH:
                return i + 1
            if data[i] == _GT and data[i - 1] == _BANG and data[i - 2] == _DASH and data[i - 3] == _DASH:
                return i + 1
            i += 1
        return end
    while i < end and data[i] != _GT:
        i += 1
    return min(i + 1, end)


@njit(cache=True, nogil=True)
def end_tag_of(data: Any, i: int, end: int, name: int, size: int) -> int:
    """Where the end tag of an element lies whose name, of `size` bytes, stands at `name`; `end` where there is none."""
    while i < end:
        if data[i] == _LT and i + 1 < end and data[i + 1] == _SLASH:
            k = 0
            while k < size and i + 2 + k < end and (data[i + 2 + k] | 0x20) == (data[name + k] | 0x20):
                k += 1
            after = i + 2 + size
            if k == size and (after >= end or space(data[after]) or data[after] == _SLASH or data[after] == _GT):
                return i
        i += 1
    return end
