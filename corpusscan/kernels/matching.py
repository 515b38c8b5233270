"""Which rules may match which texts, found in one pass over the bytes of a column.

Each query is a conjunction of clauses, a clause a choice of atoms, an atom a conjunction of choices
of literals (see `literals`).  A window of four bytes of every literal, blind to ASCII case, is hashed
into a bitmap that fits the L1 cache; the few positions that hit are compared with the literal, and a
text is a candidate of a query when nothing the query needs is absent.  The filter only says where to
look: it never decides a match.  The idea is that of Hyperscan's FDR (Wang et al., NSDI 2019), reduced
to one bitmap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from corpusscan.kernels.folding import Bytes, Offsets, fold_pieces
from corpusscan.kernels.literals import ANY_SPACE, LONGEST, SOME_SPACE, Clause, window

BITS = 17  # the bitmap takes 16 KiB, half of the smallest L1 cache
CHAINS = 1 << 13
BLOCK = 4096  # bytes whose marked places are collected before any is looked at
_SPACES = b"\t\n\v\f\r "
_CASE = np.uint32(0x20202020)
_MULTIPLIER = np.uint32(0x9E3779B1)  # Fibonacci hashing (Knuth, TAOCP 6.4)

Ids = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Query:
    """`clauses[i][j]` is what atom j of clause i requires; an atom that requires nothing may be anywhere."""

    clauses: tuple[tuple[tuple[Clause, ...], ...], ...]
    folded: bool


class _Literals(NamedTuple):
    """Hashed windows and the literals they belong to."""

    bitmap: npt.NDArray[np.uint32]
    chain: Ids  # first window of each chain, or -1
    window: npt.NDArray[np.uint32]
    following: Ids  # the next window of the chain, or -1
    literal: Ids  # of each window
    pool: Bytes
    start: Ids  # of each literal in the pool, and the end of the last
    anchor: Ids  # in the pool: where the comparison starts, both ways
    lead: Ids  # bytes of the window before it
    blind: npt.NDArray[np.bool_]  # whether case is open
    need: Ids  # that a literal meets


class _Links(NamedTuple):
    """What a met need counts towards: need -> atom -> clause -> query."""

    atom: Ids  # of each need
    needs: Ids  # how many an atom has
    clause: Ids  # of each atom
    query: Ids  # of each clause
    free: npt.NDArray[np.bool_]  # clauses with an atom that needs nothing
    clauses: Ids  # how many clauses of each query are not free


class Candidates(NamedTuple):
    """Pairs by ascending text: `text` in the array, `atom` counted over all atoms of all queries."""

    text: Offsets
    atom: Ids


class Filter:
    """Finds the texts that queries need to be tried on.

    `always` lists the queries that need nothing and so may match any text; of theirs, too, only the atoms
    that come up as candidates, or need nothing, can occur.
    """

    def __init__(self, queries: Sequence[Query]) -> None:
        needs, self._links = _link(queries)
        self.always = np.flatnonzero(self._links.clauses == 0)
        folded = np.array([queries[self._links.query[self._links.clause[a]]].folded for a in self._links.atom], bool)
        self._literals = _lay_out(needs, folded)
        self._all, self._folded = np.ones_like(folded), folded

    def candidates(self, texts: pa.LargeStringArray) -> Candidates:
        """Every (text, atom) where a query's needs are met and the atom's too; nothing that matches is missing.

        Runs of ASCII are read once for both views, because folding only changes their case; what lies
        within a literal's reach of anything else is folded and read again.
        """
        data, offsets = buffers(texts)
        pairs = _hits(data, offsets, self._all, *self._literals)
        text, begins, ends = _near_others(data, offsets, LONGEST - 1)
        if len(text) and self._folded.any():
            piece, need = _hits(*fold_pieces(data, begins, ends), self._folded, *self._literals)
            both = np.concatenate([pairs[0], text[piece]]) * len(self._all) + np.concatenate([pairs[1], need])
            pairs = np.divmod(np.unique(both), len(self._all))
        return Candidates(*_met(*pairs, *self._links))


def buffers(texts: pa.LargeStringArray) -> tuple[Bytes, Offsets]:
    """The bytes of an Arrow array and its len + 1 offsets into them, without a copy."""
    _, offsets, data = texts.buffers()
    if len(texts) == 0 or offsets is None:
        return np.empty(0, np.uint8), np.zeros(1, np.int64)
    places = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    return np.frombuffer(data or b"", np.uint8), places


def _link(queries: Sequence[Query]) -> tuple[list[Clause], _Links]:
    """The needs of all atoms and how they hang together."""
    needs: list[Clause] = []
    atom, count, clause, query, free = [], [], [], [], []
    for q, one in enumerate(queries):
        for atoms in one.clauses:
            for required in atoms:
                needs += required
                atom += [len(count)] * len(required)
                count.append(len(required))
                clause.append(len(query))
            query.append(q)
            free.append(not all(atoms))
    clauses = np.bincount(_ids(query)[~np.array(free, bool)], minlength=len(queries)).astype(np.int32)
    return needs, _Links(_ids(atom), _ids(count), _ids(clause), _ids(query), np.array(free, bool), clauses)


def _lay_out(needs: Sequence[Clause], folded: npt.NDArray[np.bool_]) -> _Literals:
    """Folded literals are blind to case, so that they are found in ASCII text as it stands."""
    literals = [(one.data, one.blind or folded[i], i) for i, need in enumerate(needs) for one in sorted(need)]
    windows = [found for data, _, _ in literals if (found := window(data))]
    assert len(windows) == len(literals), "a required literal is one that has a window"
    start = np.cumsum([0, *(len(data) for data, _, _ in literals)])
    lead = [int(found.data[0] == SOME_SPACE) for found in windows]
    return _Literals(
        *_hashed([found.data for found in windows]),
        pool=np.frombuffer(b"".join(data.lower() if blind else data for data, blind, _ in literals), np.uint8),
        start=_ids(start),
        anchor=_ids([start[i] + found.place + lead[i] for i, found in enumerate(windows)]),
        lead=_ids(lead),
        blind=np.array([blind for _, blind, _ in literals], np.bool_),
        need=_ids([need for _, _, need in literals]),
    )


def _ids(values: Any) -> Ids:
    return np.array(values, np.int32)


def _hashed(windows: Sequence[bytes]) -> tuple[npt.NDArray[np.uint32], Ids, npt.NDArray[np.uint32], Ids, Ids]:
    """Bitmap and chains over the hashes of all that the windows stand for, blind to case."""
    choices = [
        [_SPACES if byte == SOME_SPACE else (byte,) for byte in one] + [range(256)] * (4 - len(one)) for one in windows
    ]
    pairs = sorted(
        {
            (int.from_bytes(bytes(byte | 0x20 for byte in said), "little"), i)
            for i, choice in enumerate(choices)
            for said in product(*choice)
        }
    )
    said = np.array([w for w, _ in pairs], np.uint32)
    hashes = said * _MULTIPLIER >> np.uint32(32 - BITS)
    bitmap = np.zeros(1 << BITS >> 5, np.uint32)
    np.bitwise_or.at(bitmap, hashes >> 5, np.uint32(1) << (hashes & np.uint32(31)))
    chain, following = np.full(CHAINS, -1, np.int32), np.full(len(pairs), -1, np.int32)
    for i in reversed(range(len(pairs))):
        slot = int(hashes[i]) & (CHAINS - 1)
        following[i], chain[slot] = chain[slot], i
    return bitmap, chain, said, following, _ids([i for _, i in pairs])


@njit(cache=True, nogil=True, inline="always")
def _space(byte):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    return byte == 32 or (9 <= byte <= 13)


@njit(cache=True, nogil=True)
def _stands(data, at, begin, end, pool, first, anchor, stop, blind):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202, PLR0911
    """Whether a literal stands in data[begin:end] with its anchor at `at`; compared forwards, then backwards."""
    for step in (1, -1):
        i, j = (at, anchor) if step == 1 else (at - 1, anchor - 1)
        while first <= j < stop:
            wanted = pool[j]
            if wanted >= ANY_SPACE:
                before = i
                while begin <= i < end and _space(data[i]):
                    i += step
                if wanted == SOME_SPACE and i == before:
                    return False
            else:
                if not begin <= i < end:
                    return False
                byte = data[i]
                if byte != wanted and not (blind and 65 <= byte <= 90 and byte + 32 == wanted):
                    return False
                i += step
            j += step
    return True


@njit(cache=True, nogil=True)
def _other(data, i, limit):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """The first non-ASCII byte from i on, or the limit; 64 bytes at a time where there is none."""
    while i < limit:
        if data[i] >= 128:
            return i
        i += 1
        while i + 64 <= limit:
            some = np.uint8(0)
            for byte in data[i : i + 64]:
                some |= byte
            if some >= 128:
                break
            i += 64
    return limit


@njit(cache=True, nogil=True)
def _within(data, i, limit, reach, step):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """How far from i `reach` bytes lead towards the limit; a run of white space counts once."""
    while i != limit and reach > 0:
        gap = False
        while i != limit and _space(data[i] if step > 0 else data[i - 1]):
            i, gap = i + step, True
        if not gap:
            i += step
        reach -= 1
    return i


@njit(cache=True, nogil=True)
def _near_others(data, offsets, reach):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Pieces (text, begin, end) of all that lies within reach of a non-ASCII byte of its text."""
    texts, begins, ends, size = np.empty(256, np.int64), np.empty(256, np.int64), np.empty(256, np.int64), 0
    for text in range(len(offsets) - 1):
        end = offsets[text]  # of the last piece; what comes before is in it, or near nothing
        opened = False
        i, limit = offsets[text], offsets[text + 1]
        while True:
            i = _other(data, i, limit)
            if i == limit:
                break
            if not opened or i > end:
                begin = _within(data, i, end, reach, -1)
                if not opened or begin > end:
                    if size == len(texts):
                        texts, begins, ends = np.append(texts, texts), np.append(begins, begins), np.append(ends, ends)
                    texts[size], begins[size] = text, begin
                    size, opened = size + 1, True
            i += 1
            while i < limit and data[i] >= 128:
                i += 1
            end = _within(data, i, limit, reach, 1)
            ends[size - 1] = end
    return texts[:size], begins[:size], ends[:size]


@njit(cache=True, nogil=True)
def _marked(data, begin, end, bitmap, places):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Writes the places in [begin, end) whose next four bytes are in the bitmap; the count. No branches."""
    block = data[begin : end + 3]
    size = np.uint64(0)
    for i in range(end - begin):
        w = (
            np.uint32(block[i])
            | np.uint32(block[i + 1]) << np.uint32(8)
            | np.uint32(block[i + 2]) << np.uint32(16)
            | np.uint32(block[i + 3]) << np.uint32(24)
        )
        h = np.uint32(np.uint32(np.uint32(w) | _CASE) * _MULTIPLIER) >> np.uint32(32 - BITS)
        places[size] = begin + i
        size += np.uint64((bitmap[h >> np.uint32(5)] >> (h & np.uint32(31))) & np.uint32(1))
    return np.int64(size)


@njit(cache=True, nogil=True)
def _window(data, i):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """The four bytes at i, spaces where the data ends, blind to case."""
    w = np.uint32(0)
    for j in range(4):
        if i + j < len(data):
            w |= np.uint32(data[i + j]) << np.uint32(8 * j)
    return np.uint32(w | _CASE)


@njit(cache=True, nogil=True)
def _hits(  # type: ignore[no-untyped-def] # noqa: ANN202
    data, offsets, tried,  # noqa: ANN001
    bitmap, chain, window, following, literal_of, pool, start, anchor, lead, blind, need_of,  # noqa: ANN001
):  # fmt: skip
    """Pairs (text, need) where a literal of the need stands in the text, by ascending text, each once."""
    texts, needs, size = np.empty(1024, np.int64), np.empty(1024, np.int32), 0
    seen = np.full(len(tried), -1, np.int64)  # the last text that met each need
    places = np.empty(BLOCK + 1, np.int64)
    text, limit = 0, offsets[-1]
    data = data[:limit]
    for block in range(offsets[0], limit, BLOCK):
        last = min(block + BLOCK, limit - 3)
        marked = _marked(data, block, last, bitmap, places) if last > block else 0
        if block + BLOCK >= limit and limit - offsets[0] >= 3:
            places[marked] = limit - 3  # a window of three bytes may end the data
            marked += 1
        for i in places[:marked]:
            w = _window(data, i)
            k = chain[(np.uint32(w * _MULTIPLIER) >> np.uint32(32 - BITS)) & np.uint32(CHAINS - 1)]
            while offsets[text + 1] <= i:
                text += 1
            while k >= 0:
                one = literal_of[k]
                need = need_of[one]
                if (
                    window[k] == w
                    and seen[need] != text
                    and tried[need]
                    and _stands(
                        data, i + lead[one], offsets[text], offsets[text + 1],
                        pool, start[one], anchor[one], start[one + 1], blind[one],
                    )
                ):  # fmt: skip
                    seen[need] = text
                    if size == len(texts):
                        texts, needs = np.append(texts, texts), np.append(needs, needs)
                    texts[size], needs[size] = text, need
                    size += 1
                k = following[k]
    return texts[:size], needs[:size]


@njit(cache=True, nogil=True)
def _met(texts, met, atom_of, needs, clause_of, query_of, free, clauses):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Pairs (text, atom) where all needs of the atom are met and all clauses of its query have such an atom."""
    kept, atoms, size = np.empty(len(texts), np.int64), np.empty(len(texts), np.int32), 0
    atom_met, query_met = np.zeros(len(needs), np.int32), np.zeros(len(clauses), np.int32)
    clause_met = np.zeros(len(query_of), np.bool_)
    i = 0
    while i < len(texts):
        stop = i
        while stop < len(texts) and texts[stop] == texts[i]:
            atom = atom_of[met[stop]]
            atom_met[atom] += 1
            clause = clause_of[atom]
            if atom_met[atom] == needs[atom] and not clause_met[clause] and not free[clause]:
                clause_met[clause] = True
                query_met[query_of[clause]] += 1
            stop += 1
        for j in range(i, stop):
            atom = atom_of[met[j]]
            query = query_of[clause_of[atom]]
            if atom_met[atom] == needs[atom] and query_met[query] == clauses[query]:
                kept[size], atoms[size] = texts[i], atom
                size += 1
                atom_met[atom] = 0  # once
        for j in range(i, stop):
            atom = atom_of[met[j]]
            atom_met[atom], clause_met[clause_of[atom]], query_met[query_of[clause_of[atom]]] = 0, False, 0
        i = stop
    return kept[:size], atoms[:size]
