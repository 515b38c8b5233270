"""What a reader sees of a page of HTML: its text without tags, scripts, comments and hidden elements.

One pass, linear in the page however deep it nests and whatever is left open.  Where this and a browser could differ on
whether something is shown, it counts as shown: what is left out of the view is judged by fewer detectors.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from corpusscan.kernels import charrefs
from corpusscan.kernels import elements as el
from corpusscan.kernels.charrefs import decoded
from corpusscan.kernels.elements import GROUP, KIND, STOPS, element
from corpusscan.kernels.tags import (
    CLOSED,
    DISPLAY,
    HIDDEN,
    OFF,
    ON,
    VISIBILITY,
    declaration_end,
    end_tag_of,
    letter,
    name_end,
    space,
    tag_end,
)  # fmt: skip

_LT, _AMP, _SLASH, _BANG, _QUESTION = (ord(c) for c in "<&/!?")
_OUT, _RUNS, _BREAK, _FROM, _EVEN, _DEPTH, _FULL, _HID = range(8)  # places in the state
_LOOK = 64  # open elements that are looked through for one that is ended by what begins
_NO_DISPLAY, _INVISIBLE = 1, 2  # why an open element is not shown

Places = npt.NDArray[np.int64]


class Seen(NamedTuple):
    """Visible text, as UTF-8, and where it stands: runs of visible code points `seen[k]` up to the next run's come
    from the raw ones `start[k]` to `stop[k]`, one from one where both are as many."""

    text: npt.NDArray[np.uint8]
    seen: Places
    start: Places
    stop: Places
    points: int  # code points of the text, and of the raw one
    raw: int

    def placed(self, begin: int, end: int, whole: bool = False) -> tuple[int, int]:
        """Where code points of the text stand in the raw one; all of it is all of that where `whole`."""
        if not len(self.seen) or (whole and begin <= 0 and end >= self.points):
            return 0, self.raw
        first, last = (int(n) for n in np.searchsorted(self.seen, (begin, max(end - 1, begin)), side="right") - 1)
        start = int(self.start[first])
        if begin >= self.points:
            return int(self.stop[-1]), int(self.stop[-1])
        start = min(start + begin - int(self.seen[first]), max(int(self.stop[first]) - 1, start))
        if end <= begin:
            return start, start
        behind = int(self.seen[last + 1]) if last + 1 < len(self.seen) else self.points
        return start, int(self.stop[last]) - (behind - end if behind > end else 0)

    def behind(self, place: int) -> int:
        """How many code points of the text come from before a place in the raw one."""
        run = int(np.searchsorted(self.start, place, side="left")) - 1
        if run < 0:
            return 0
        first, behind = int(self.seen[run]), int(self.seen[run + 1]) if run + 1 < len(self.seen) else self.points
        return min(first + place - int(self.start[run]), behind)


def seen(data: npt.NDArray[np.uint8]) -> Seen:
    """The visible text of a page, given as valid UTF-8.

    Where elements are hidden and nothing is left, scripts show the page: then hidden ones count as shown.
    """
    names = charrefs.table()
    depth, out = len(data) // 3 + 2, np.empty(len(data) + len(data) // 4 + 64, np.uint8)
    ids, states, counts = np.empty(depth, np.int16), np.empty(depth, np.uint8), np.zeros(el.IDS, np.int64)
    room, hide = len(data) // 16 + 64, True
    while True:
        runs, state = np.empty((3, room), np.int64), np.zeros(8, np.int64)
        counts[:] = 0
        _scan(data, hide, names, out, runs, state, ids, states, counts)
        if state[_FULL]:
            room *= 4
        elif hide and state[_HID] and not state[_OUT]:
            hide = False
        else:
            break
    text, count = out[: state[_OUT]].copy(), int(state[_RUNS])
    where, raw = _points(data, runs[1, :count], runs[2, :count])
    first, points = _points(text, runs[0, :count], runs[0, :0])
    return Seen(text, first[0], where[0], where[1], points, raw)


def _points(data: Any, starts: Any, stops: Any) -> tuple[Places, int]:
    """Ascending byte places as code points, and how many code points there are."""
    found = np.zeros((2, len(starts)), np.int64)
    count = _count(data, starts, found[0])
    if len(stops):
        _count(data, stops, found[1])
    return found, count


@njit(cache=True, nogil=True)
def _count(data, places, found):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    count, k = 0, 0
    for i in range(len(data)):
        while k < len(places) and places[k] == i:
            found[k] = count
            k += 1
        count += (data[i] & 0xC0) != 0x80
    found[k:] = count
    return count


@njit(cache=True, nogil=True)
def _scan(data, hide, names, out, runs, state, ids, states, counts):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    said = np.zeros(4, np.int64)
    size, always = len(data), np.bool_(True)
    i: Any = np.int64(0)
    while i < size and not state[_FULL]:
        i = _text(data, i, size, always, always, hide, names, out, runs, state, states, counts)
        if i >= size:
            break
        c = data[i + 1]
        if letter(c):
            i = _begin(data, i, size, hide, names, out, runs, state, ids, states, counts, said)
        elif c == _SLASH and i + 2 < size and letter(data[i + 2]):
            stop = name_end(data, i + 2, size)
            one = element(data, i + 2, stop)
            open_here = state[_DEPTH]
            _close(one, ids, state, counts)
            if KIND[one] & el.BLOCK and _boxed(hide, min(open_here - 1, state[_DEPTH]), states):
                _part(state, i, 2)
            i = tag_end(data, stop, size, said)
        else:
            i = declaration_end(data, i, size)


@njit(cache=True, nogil=True)
def _text(data, i, end, tags, references, hide, names, out, runs, state, states, counts):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Take text from `i` up to `end`, or to the next tag; where that is."""
    shown = not (hide and state[_DEPTH] and states[state[_DEPTH] - 1])
    lines = counts[el.PRE] + counts[el.TEXTAREA] > 0
    while i < end:
        c = data[i]
        if c == _LT and tags and i + 1 < end:
            after = data[i + 1]
            if letter(after) or after in (_SLASH, _BANG, _QUESTION):
                return i
        if not shown:
            state[_HID] |= not space(c)
            i += 1
        elif space(c):
            _part(state, i, 2 if lines and c == 10 else 1)
            i += 1
        elif c == 0:  # a browser leaves it out
            i += 1
        elif c == _AMP and references:
            i = _reference(data, i, end, names, out, runs, state)
        else:
            stop = i + 1
            while stop < end and data[stop] > 32 and data[stop] != _LT and data[stop] != _AMP:
                stop += 1
            _put(data, i, stop, out, runs, state)
            i = stop
        if state[_FULL]:
            return end
    return i


@njit(cache=True, nogil=True, inline="always")
def _part(state, i, how):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """White space (1), or the end of a line (2), at `i`."""
    if not state[_BREAK]:
        state[_FROM] = i
    state[_BREAK] = max(state[_BREAK], how)


@njit(cache=True, nogil=True)
def _break(i, out, runs, state):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Write what parts words before `i`, if anything does."""
    if state[_BREAK] and state[_OUT]:
        begin = state[_FROM]
        _run(begin, i, i - begin == 1, runs, state)
        out[state[_OUT]] = 10 if state[_BREAK] == 2 else 32
        state[_OUT] += 1
    state[_BREAK] = 0


@njit(cache=True, nogil=True)
def _run(begin, end, even, runs, state):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Raw bytes from `begin` to `end` come next, one from one where `even`."""
    k = state[_RUNS] - 1
    if even and k >= 0 and state[_EVEN] and runs[2, k] == begin:
        runs[2, k] = end
        return
    if k + 2 > runs.shape[1]:
        state[_FULL] = 1
        return
    runs[0, k + 1], runs[1, k + 1], runs[2, k + 1] = state[_OUT], begin, end
    state[_RUNS] += 1
    state[_EVEN] = even


@njit(cache=True, nogil=True)
def _put(data, begin, end, out, runs, state):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    _break(begin, out, runs, state)
    _run(begin, end, np.bool_(True), runs, state)
    to = state[_OUT]
    for k in range(end - begin):
        out[to + k] = data[begin + k]
    state[_OUT] = to + end - begin


@njit(cache=True, nogil=True)
def _reference(data, i, end, names, out, runs, state):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Take a character reference, or the ampersand that is none; where it ends."""
    stop, to = decoded(data, i, end, names, out, state[_OUT] + 1)  # a break may come before it
    if stop == i:
        _put(data, i, i + 1, out, runs, state)
        return i + 1
    first, size = state[_OUT] + 1, to - state[_OUT] - 1
    if size == 1 and space(out[first]):
        _part(state, i, 1)
        return stop
    _break(i, out, runs, state)
    _run(i, stop, np.bool_(False), runs, state)
    for k in range(size):
        out[state[_OUT] + k] = out[first + k]
    state[_OUT] += size
    return stop


@njit(cache=True, nogil=True)
def _begin(data, i, size, hide, names, out, runs, state, ids, states, counts, said):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Take a start tag, with the text of an element that has no tags in it; where that ends."""
    stop = name_end(data, i + 1, size)
    one = element(data, i + 1, stop)
    kind, behind = KIND[one], tag_end(data, stop, size, said)
    foreign = counts[el.SVG] + counts[el.MATH] > 0
    if foreign and kind & el.BREAKS_OUT:
        while counts[el.SVG] + counts[el.MATH]:
            _pop(ids, state, counts)
        foreign = False
    if kind & el.ENDS_P and counts[el.P]:
        _close(el.P, ids, state, counts)
    if GROUP[one]:
        _end_like(GROUP[one], ids, state, counts)
    above = states[state[_DEPTH] - 1] if state[_DEPTH] else np.uint8(0)
    states[state[_DEPTH]] = _hidden(one, kind, above, said)
    if kind & (el.BLOCK | el.CELL) and _boxed(hide, state[_DEPTH], states):
        _part(state, i, 2 if kind & el.BLOCK else 1)
    if kind & el.VOID or (said[CLOSED] and (foreign or kind == 0)):
        return behind
    if kind & el.RAW and not foreign:
        return end_tag_of(data, behind, size, i + 1, stop - i - 1)
    ids[state[_DEPTH]] = one
    state[_DEPTH] += 1
    counts[one] += 1
    if kind & (el.TITLE | el.PLAIN) and not foreign:
        end = size if one == el.PLAINTEXT else end_tag_of(data, behind, size, i + 1, stop - i - 1)
        _text(data, behind, end, np.bool_(False), kind & el.TITLE != 0, hide, names, out, runs, state, states, counts)
        return end
    return behind


@njit(cache=True, nogil=True, inline="always")
def _boxed(hide, depth, states):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Whether the element that was or will be open at that depth takes room; what is hidden parts no words."""
    return depth < 0 or not (hide and states[depth] & np.uint8(_NO_DISPLAY))


@njit(cache=True, nogil=True)
def _hidden(one, kind, above, said):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Why an element is not shown, as it begins; a page that hides its body has a script that shows it."""
    if one == el.HTML or one == el.BODY:  # noqa: PLR1714  # numba compares numbers faster
        return above
    own = above
    if kind & el.NONE or said[DISPLAY] == OFF or (said[HIDDEN] and said[DISPLAY] == 0):
        own |= np.uint8(_NO_DISPLAY)
    if said[VISIBILITY] == OFF:
        own |= np.uint8(_INVISIBLE)
    elif said[VISIBILITY] == ON:
        own &= np.uint8(_NO_DISPLAY)
    return own


@njit(cache=True, nogil=True)
def _pop(ids, state, counts):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    state[_DEPTH] -= 1
    counts[ids[state[_DEPTH]]] -= 1


@njit(cache=True, nogil=True)
def _close(one, ids, state, counts):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """End the innermost open element of that number, and all inside it."""
    if counts[one]:
        while ids[state[_DEPTH] - 1] != one:
            _pop(ids, state, counts)
        _pop(ids, state, counts)


@njit(cache=True, nogil=True)
def _end_like(group, ids, state, counts):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """End an open element of the same group, where it is near."""
    for back in range(1, min(state[_DEPTH], _LOOK) + 1):
        other = ids[state[_DEPTH] - back]
        if GROUP[other] == group:
            _close(other, ids, state, counts)
            return
        if STOPS[other] & group:
            return
