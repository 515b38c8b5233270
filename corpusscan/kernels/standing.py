"""Which of the literals that a sieve noticed do stand there; what is not ASCII is folded as the comparison meets it."""

from __future__ import annotations

import numpy as np
from numba import njit

from corpusscan.kernels.folding import entry_at, is_space
from corpusscan.kernels.uncounted import uncounted
from corpusscan.kernels.windows import ANY_SPACE, SOME_SPACE

APART = 32  # bytes between the places of one literal that are told: bounds what a text full of it costs
NOTHING = np.uint8(0xFF)  # a byte that UTF-8 has not
NO, YES, UNSURE = 0, 1, 2  # unsure: something stands in the way that may fold to what is wanted


@njit(cache=True, nogil=True, inline="always")
def _stands(data, at, begin, end, pool, first, anchor, stop, blind, folded):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Whether a literal stands in data[begin:end] as it is; compared forwards from its anchor, then backwards."""
    for step in (1, -1):
        i, j = (at, anchor) if step == 1 else (at - 1, anchor - 1)
        while first <= j < stop:
            wanted = pool[j]
            if wanted >= ANY_SPACE:
                before = i
                while begin <= i < end and is_space(data[i]):
                    i += step
                if wanted == SOME_SPACE and i == before:
                    return UNSURE if folded and begin <= i < end and data[i] >= 128 else NO
            else:
                if not begin <= i < end:
                    return NO
                byte = data[i]
                if byte != wanted and not (blind and 65 <= byte <= 90 and byte + 32 == wanted):
                    return UNSURE if folded and byte >= 128 else NO
                i += step
            j += step
    return YES


@njit(cache=True, nogil=True, inline="always")
def _says(  # type: ignore[no-untyped-def] # noqa: ANN202, C901, PLR0912
    data, i, limit, inside, back,  # noqa: ANN001
    pool, j, stop,  # noqa: ANN001
    page, entry, begins, folds,  # noqa: ANN001
):  # fmt: skip
    """Whether the text from i on to its limit, folded, says pool[j:stop]; with `back` = 1 both are read backwards.

    Where i is a character of which only a part is meant, `inside` bytes of its folded form come before.
    """
    step = 1 - 2 * back
    rest = last = np.int64(0)  # what is left of a character that changed: folds[rest:last]
    gap = False
    if inside and back:
        last = np.int64(begins[entry_at(data, i, len(data), page, entry)[0]])
        rest, inside = last + inside, 0
    while j != stop:
        while rest == last and i != limit and data[i - back] >= 128:
            k = i - back
            while back and k > limit and data[k] & 0xC0 == 0x80:
                k -= 1
            e, length = entry_at(data, k, i if back else limit, page, entry)
            if e == 0:
                break
            rest, last, i = np.int64(begins[e]) + inside, np.int64(begins[e + 1]), k + length
            if back:
                rest, last, i = last, rest, k
            inside = 0
        byte = folds[rest - back] if rest != last else data[i - back] if i != limit else NOTHING
        wanted = pool[j - back]
        if wanted >= ANY_SPACE and not is_space(byte):
            if wanted == SOME_SPACE and not gap:
                return False
            gap, j = False, j + step
            continue
        if wanted >= ANY_SPACE:
            gap = True
        elif byte == wanted or (65 <= byte <= 90 and byte + 32 == wanted):
            j += step
        else:
            return False
        if rest != last:
            rest += step
        else:
            i += step
    return True


@njit(cache=True, nogil=True)
def standing(  # type: ignore[no-untyped-def] # noqa: ANN201
    data, offsets, places, inside, entries,  # noqa: ANN001
    owner, literal, pool, start, anchor, blind, folded,  # noqa: ANN001
    page, entry, begins, folds,  # noqa: ANN001
):  # fmt: skip
    """(place, literal) by ascending place of the literals of noticed entries that do stand in a text, each `APART`.

    A place is that of an anchor, `inside` as `folding.origins` has it.
    """
    at, found, size = np.empty(1024, np.int64), np.empty(1024, np.int32), np.int64(0)
    last = np.full(len(anchor), -APART, np.int64)
    done = text = np.int64(0)
    while True:
        done, text, size = _verified(data, offsets, places, inside, entries,
                                     owner, literal, pool, start, anchor, blind, folded,
                                     page, entry, begins, folds,
                                     done, text, last, at, found, size)  # fmt: skip
        if done == len(places):
            return at[:size], found[:size]
        at, found = np.append(at, at), np.append(found, found)


@uncounted
def _verified(  # type: ignore[no-untyped-def] # noqa: ANN202
    data, offsets, places, inside, entries,  # noqa: ANN001
    owner, literal, pool, start, anchor, blind, folded,  # noqa: ANN001
    page, entry, begins, folds,  # noqa: ANN001
    done, text, last, at, found, size,  # noqa: ANN001
):  # fmt: skip
    """Writes what `standing` tells of places[done:] while there is room; how many are done, in which text, and told."""
    for n in range(done, len(places)):
        i, skip = places[n], inside[n]
        while offsets[text + 1] <= i:
            text += 1
        low, high = offsets[text], offsets[text + 1]
        if size + owner[entries[n] + 1] - owner[entries[n]] > len(at):
            return n, text, size
        for j in range(owner[entries[n]], owner[entries[n] + 1]):
            one = literal[j]
            if i - last[one] < APART and last[one] >= low:
                continue
            known = UNSURE
            if skip == 0 or not folded[one]:
                known = _stands(
                    data, i, low, high, pool, start[one], anchor[one], start[one + 1], blind[one], folded[one]
                )
            if known == UNSURE:
                known = _says(
                    data, i, high, skip, 0, pool, anchor[one], start[one + 1], page, entry, begins, folds
                ) and _says(data, i, low, skip, 1, pool, anchor[one], start[one], page, entry, begins, folds)
            if known:
                last[one] = at[size] = i
                found[size] = one
                size += 1
    return len(places), text, size
