"""Where in a text an atom may match: the neighbourhoods in which all its literals stand.

Distances are lengths as `syntax.width` measures them, estimated from below for both views at once, so
that what is too far apart surely is: what folding may remove, or may turn into white space, counts nothing.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from corpusscan.kernels.syntax import LONG_RUN

BLOCK = LONG_RUN // 2  # bytes; one without white space lies inside a run as long as it, and counts nothing
BOUNDLESS = 1 << 40
JOINED = 256  # bytes between places that are looked at together
MOST = 64  # places of an atom in one text that are kept apart
_U8 = np.uint8


@njit(cache=True, nogil=True, inline="always")
def _gap(byte):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    return (byte == _U8(32)) | ((_U8(byte - _U8(9)) <= _U8(4)) & (byte != _U8(11)))


@njit(cache=True, nogil=True, inline="always")
def _light(byte):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    return (byte >= _U8(128)) | (byte == _U8(45)) | (byte == _U8(95))


@njit(cache=True, nogil=True, inline="always")
def _visible(byte):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Begins one of U+00C0-00FF, U+0400-047F, U+4000-9FFF, which fold to one character or more, never to a gap."""
    return (byte == _U8(0xC3)) | (_U8(byte & _U8(0xFE)) == _U8(0xD0)) | (_U8(byte - _U8(0xE4)) <= _U8(5))


@njit(cache=True, nogil=True, inline="always")
def _void(data, first, size):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """How many of some bytes add nothing to a length; neither branches nor signed indices: it runs in vectors."""
    blank = void = _U8(0)
    for i in range(np.uint64(first), np.uint64(first + size)):
        before = data[i - np.uint64(1)]
        light = _U8(_light(data[i])) & (_U8(_visible(data[i])) ^ _U8(1))
        gap = _U8(_gap(data[i]))
        void = _U8(void + light + (gap & _U8(_light(before) | _gap(before))))
        blank = _U8(blank | gap)
    return np.int64(void) if blank else BLOCK


@njit(cache=True, nogil=True)
def excess(data, offsets):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """How many bytes before each block of the data add nothing to a length."""
    total = np.zeros((offsets[-1] + BLOCK - 1) // BLOCK + 1, np.int64)
    nothing = np.int64(0)
    for block in range(offsets[0] // BLOCK, len(total) - 1):
        begin = block * BLOCK
        if 0 < begin <= offsets[-1] - BLOCK:
            nothing += _void(data, begin, BLOCK)  # of known size, which is faster
        else:
            begin = max(begin, 1)
            nothing += 1 + _void(data, begin, min(BLOCK * (block + 1), offsets[-1]) - begin)
        total[block + 1] = nothing
    return total


@njit(cache=True, nogil=True, inline="always")
def _length(total, begin, end):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """At most the length of data[begin:end]."""
    return end - begin - (total[(end + BLOCK - 1) // BLOCK] - total[begin // BLOCK])


@njit(cache=True, nogil=True)
def _around(data, total, first, last, begin, end, ahead, behind):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """data[first:last] with so much ahead of it and behind it in data[begin:end], whole characters."""
    low, high = first, last
    while low > begin and _length(total, low, first) < ahead:
        low -= BLOCK
    while high < end and _length(total, last, high) < behind:
        high += BLOCK
    low, high = max(low, begin), min(high, end)
    while low > begin and data[low] & 0xC0 == 0x80:
        low -= 1
    while high < end and data[high] & 0xC0 == 0x80:
        high += 1
    return low, high


@njit(cache=True, nogil=True)
def slices(  # type: ignore[no-untyped-def] # noqa: ANN201, C901, PLR0912, PLR0915
    data, offsets, total, places, literals,  # noqa: ANN001
    need_from, need_of, atom_from, atom_of, ahead_of, behind_of, part_from, part_of, near_from, near_of,  # noqa: ANN001
    reach, clause_of, query_of, free, alone, within, clauses,  # noqa: ANN001
):  # fmt: skip
    """Texts, atoms, begins and ends where an atom's needs stand together and its query's clauses are met."""
    texts, atoms, size = np.empty(256, np.int64), np.empty(256, np.int32), 0
    begins, ends = np.empty(256, np.int64), np.empty(256, np.int64)
    need_text, need_at = np.full(len(atom_from), -1), np.zeros(len(atom_from), np.int64)  # where it last stood
    atom_text, event, count = np.full(len(reach), -1), np.zeros(len(reach), np.int64), np.zeros(len(reach), np.int64)
    clause_text, clause_at = np.full(len(query_of), -1), np.zeros(len(query_of), np.int64)
    query_text, query_met = np.full(len(clauses), -1), np.zeros(len(clauses), np.int32)
    close_text, told = np.full(len(clauses), -1), np.zeros(len(reach), np.int64)
    of, first, last = np.empty(256, np.int32), np.empty(256, np.int64), np.empty(256, np.int64)
    ahead, behind = np.empty(256, np.int64), np.empty(256, np.int64)  # how far a match extends from first and last
    i = text = 0
    while i < len(places):
        while offsets[text + 1] <= places[i]:
            text += 1
        events = 0
        while i < len(places) and places[i] < offsets[text + 1]:
            at = places[i]
            for n in range(need_from[literals[i]], need_from[literals[i] + 1]):
                need = need_of[n]
                need_text[need], need_at[need] = text, at
                for a in range(atom_from[need], atom_from[need + 1]):
                    atom = atom_of[a]
                    met, far = True, ahead_of[a]  # what stands before it lies inside the match, too
                    for p in range(part_from[atom], part_from[atom + 1]):
                        part = part_of[p]
                        if need_text[part] != text or (far < BOUNDLESS and _length(total, need_at[part], at) > far):
                            met = False
                            break
                    if not met:
                        continue
                    if atom_text[atom] != text:
                        atom_text[atom], count[atom] = text, 0
                    if count[atom] and (
                        reach[atom] == BOUNDLESS or count[atom] == MOST or at - last[event[atom]] <= JOINED
                    ):
                        e = event[atom]
                        last[e], ahead[e], behind[e] = at, max(ahead[e], ahead_of[a]), max(behind[e], behind_of[a])
                    else:
                        if events == len(of):
                            of, first, last = np.append(of, of), np.append(first, first), np.append(last, last)
                            ahead, behind = np.append(ahead, ahead), np.append(behind, behind)
                        of[events], first[events], last[events] = atom, at, at
                        ahead[events], behind[events] = ahead_of[a], behind_of[a]
                        event[atom], events, count[atom] = events, events + 1, count[atom] + 1
                    clause = clause_of[atom]
                    query = query_of[clause]
                    if free[clause]:
                        continue
                    if alone[clause] and clause_text[clause] != text:
                        query_met[query] = query_met[query] + 1 if query_text[query] == text else 1
                        query_text[query] = text
                    clause_text[clause], clause_at[clause] = text, at
                    if not alone[clause]:
                        close = True
                        for c in range(near_from[query], near_from[query + 1]):
                            other = near_of[c]
                            if clause_text[other] != text or (
                                within[query] < BOUNDLESS and _length(total, clause_at[other], at) > within[query]
                            ):
                                close = False
                        if close:
                            close_text[query] = text
            i += 1
        begin, end = offsets[text], offsets[text + 1]
        for k in range(events):
            atom = of[k]
            query = query_of[clause_of[atom]]
            if clauses[query] and not (query_text[query] == text and query_met[query] == clauses[query]):
                continue
            if near_from[query] < near_from[query + 1] and close_text[query] != text:
                continue
            low, high = begin, end
            if reach[atom] < BOUNDLESS:
                low, high = _around(data, total, first[k], last[k], begin, end, ahead[k], behind[k])
            before = told[atom]
            if before < size and texts[before] == text and atoms[before] == atom and low - begin <= ends[before]:
                begins[before] = min(begins[before], low - begin)
                ends[before] = max(ends[before], high - begin)
                continue
            if size == len(texts):
                texts, atoms = np.append(texts, texts), np.append(atoms, atoms)
                begins, ends = np.append(begins, begins), np.append(ends, ends)
            texts[size], atoms[size], begins[size], ends[size] = text, atom, low - begin, high - begin
            told[atom], size = size, size + 1
    return texts[:size], atoms[:size], begins[:size], ends[:size]
