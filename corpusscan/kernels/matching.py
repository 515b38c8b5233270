"""Which rules may match which texts, found in one pass over the bytes of a column.

Each query is a conjunction of clauses, a clause a choice of atoms, an atom a conjunction of choices
of literals (see `literals`).  A window of four bytes of every literal, blind to ASCII case, is hashed
into a bitmap that stays in cache; the few positions that hit are compared with the literal, and a
text is a candidate of a query when nothing the query needs is absent.  The filter only says where to
look: it never decides a match.  The idea is that of Hyperscan's FDR (Wang et al., NSDI 2019), reduced
to one bitmap.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from corpusscan.kernels.folding import Bytes, Offsets, fold_pieces
from corpusscan.kernels.literals import ANY_SPACE, LONGEST, SOME_SPACE, Clause, Literal, Window, window

BITS = 19  # of the hash: the bitmap takes 64 KiB and stays in the nearest caches
CHAINS = 1 << 17
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
    beside: Ids  # from the window to four bytes next to it, a second look before the whole is compared
    mask: npt.NDArray[np.uint32]  # which of them the literal has
    second: npt.NDArray[np.uint32]  # what they are, blind to case
    blind: npt.NDArray[np.bool_]  # whether case is open


class _Links(NamedTuple):
    """What a literal that stands in a text counts towards: literal -> needs -> atoms -> clause -> query."""

    need_from: Ids  # the needs of literal i are need[need_from[i]:need_from[i + 1]]
    need: Ids
    atom_from: Ids  # and so for the atoms of a need
    atom: Ids
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
        literals, self._links = _link(queries)
        self.always = np.flatnonzero(self._links.clauses == 0)
        self._literals = _lay_out(literals)
        self._folded = np.array([folded for _, folded in literals], np.bool_)
        self._all = np.ones_like(self._folded)

    def candidates(self, texts: pa.LargeStringArray) -> Candidates:
        """Every (text, atom) where a query's needs are met and the atom's too; nothing that matches is missing.

        Runs of ASCII are read once for both views, because folding only changes their case; what lies
        within a literal's reach of anything else is folded and read again.
        """
        data, offsets = buffers(texts)
        pairs = _hits(data, offsets, self._all, *self._literals)
        text, begins, ends = _near_others(data, offsets, LONGEST - 1)
        if len(text) and self._folded.any():
            piece, literal = _hits(*fold_pieces(data, begins, ends), self._folded, *self._literals)
            both = np.concatenate([pairs[0], text[piece]]) * len(self._all) + np.concatenate([pairs[1], literal])
            pairs = np.divmod(np.unique(both), len(self._all))
        return Candidates(*_met(*pairs, *self._links))


def buffers(texts: pa.LargeStringArray) -> tuple[Bytes, Offsets]:
    """The bytes of an Arrow array and its len + 1 offsets into them, without a copy."""
    _, offsets, data = texts.buffers()
    if len(texts) == 0 or offsets is None:
        return np.empty(0, np.uint8), np.zeros(1, np.int64)
    places = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    return np.frombuffer(data or b"", np.uint8), places


def _link(queries: Sequence[Query]) -> tuple[list[tuple[Literal, bool]], _Links]:
    """The different literals, each with whether it is looked for in folded text, and how all hangs together."""
    literals: dict[tuple[Literal, bool], list[int]] = {}  # -> needs
    needs: dict[tuple[Clause, bool], list[int]] = {}  # -> atoms
    count, clause, query, free = [], [], [], []
    for q, one in enumerate(queries):
        for atoms in one.clauses:
            for required in atoms:
                for choice in required:
                    needs.setdefault((choice, one.folded), []).append(len(count))
                count.append(len(required))
                clause.append(len(query))
            query.append(q)
            free.append(not all(atoms))
    for number, (choice, folded) in enumerate(needs):
        for literal in sorted(choice):
            literals.setdefault((literal, folded), []).append(number)
    clauses = np.bincount(_ids(query)[~np.array(free, bool)], minlength=len(queries))
    rows = (*_rows(literals.values()), *_rows(needs.values()))
    return [*literals], _Links(*rows, _ids(count), _ids(clause), _ids(query), np.array(free, bool), _ids(clauses))


def _rows(lists: Collection[list[int]]) -> tuple[Ids, Ids]:
    """Lists of different lengths as one array, and where each begins."""
    return _ids(np.cumsum([0, *map(len, lists)])), _ids([one for values in lists for one in values])


def _lay_out(sought: Sequence[tuple[Literal, bool]]) -> _Literals:
    """Folded literals are blind to case, so that they are found in ASCII text as it stands."""
    literals = [(one.data, one.blind or folded) for one, folded in sought]
    windows = [found for data, _ in literals if (found := window(data))]
    assert len(windows) == len(literals), "a required literal is one that has a window"
    start = np.cumsum([0, *(len(data) for data, _ in literals)])
    lead = [int(found.data[0] == SOME_SPACE) for found in windows]
    seconds = [_beside(data, found) for (data, _), found in zip(literals, windows, strict=True)]
    return _Literals(
        *_hashed([found.data for found in windows]),
        pool=np.frombuffer(b"".join(data.lower() if blind else data for data, blind in literals), np.uint8),
        start=_ids(start),
        anchor=_ids([start[i] + found.place + lead[i] for i, found in enumerate(windows)]),
        lead=_ids(lead),
        beside=_ids([place for place, _, _ in seconds]),
        mask=np.array([mask for _, mask, _ in seconds], np.uint32),
        second=np.array([said for _, _, said in seconds], np.uint32),
        blind=np.array([blind for _, blind in literals], np.bool_),
    )


def _beside(data: bytes, found: Window) -> tuple[int, int, int]:
    """Up to four bytes of a literal next to its window: (distance from its start, mask, bytes), little-endian."""
    ahead, behind = data[found.place + len(found.data) :][:4], data[: found.place][-4:]
    ahead = re.split(rb"[\xfe\xff]", ahead)[0] if found.data[-1] != SOME_SPACE else b""
    behind = re.split(rb"[\xfe\xff]", behind)[-1] if found.data[0] != SOME_SPACE else b""
    place, said = (len(found.data), ahead) if len(ahead) >= len(behind) else (-len(behind), behind)
    said = bytes(byte | 0x20 for byte in said)
    return place, (1 << 8 * len(said)) - 1, int.from_bytes(said, "little")


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
    """The four bytes at i, spaces beyond the data, blind to case."""
    w = np.uint32(0)
    if 0 <= i and i + 4 <= len(data):
        for j in range(4):
            w |= np.uint32(data[i + j]) << np.uint32(8 * j)
    else:
        for j in range(max(-i, 0), min(4, len(data) - i)):
            w |= np.uint32(data[i + j]) << np.uint32(8 * j)
    return np.uint32(w | _CASE)


@njit(cache=True, nogil=True)
def _hits(  # type: ignore[no-untyped-def] # noqa: ANN202
    data, offsets, tried,  # noqa: ANN001
    bitmap, chain, window, following, literal_of, pool, start, anchor, lead, beside, mask, second, blind,  # noqa: ANN001
):  # fmt: skip
    """Pairs (text, literal) where it stands in the text, by ascending text, each once."""
    texts, found, size = np.empty(1024, np.int64), np.empty(1024, np.int32), 0
    seen = np.full(len(tried), -1, np.int64)  # the last text that each stood in
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
                if (
                    window[k] == w
                    and seen[one] != text
                    and tried[one]
                    and (_window(data, i + beside[one]) & mask[one]) == second[one]
                    and _stands(
                        data, i + lead[one], offsets[text], offsets[text + 1],
                        pool, start[one], anchor[one], start[one + 1], blind[one],
                    )
                ):  # fmt: skip
                    seen[one] = text
                    if size == len(texts):
                        texts, found = np.append(texts, texts), np.append(found, found)
                    texts[size], found[size] = text, one
                    size += 1
                k = following[k]
    return texts[:size], found[:size]


@njit(cache=True, nogil=True)
def _met(  # type: ignore[no-untyped-def] # noqa: ANN202, PLR0912
    texts, literals, need_from, need_of, atom_from, atom_of, needs, clause_of, query_of, free, clauses  # noqa: ANN001
):  # fmt: skip
    """Pairs (text, atom) where all needs of the atom are met and all clauses of its query have such an atom."""
    kept, atoms, size = np.empty(256, np.int64), np.empty(256, np.int32), 0
    need_at, clause_at = np.full(len(atom_from), -1), np.full(len(query_of), -1)  # the last text that met each
    atom_at, atom_met = np.full(len(needs), -1), np.zeros(len(needs), np.int32)  # and how much of it
    query_at, query_met = np.full(len(clauses), -1), np.zeros(len(clauses), np.int32)
    ready, i = np.empty(len(needs), np.int32), 0
    while i < len(texts):
        text, count = texts[i], 0
        while i < len(texts) and texts[i] == text:
            for need in need_of[need_from[literals[i]] : need_from[literals[i] + 1]]:
                if need_at[need] == text:
                    continue
                need_at[need] = text
                for atom in atom_of[atom_from[need] : atom_from[need + 1]]:
                    atom_met[atom] = atom_met[atom] + 1 if atom_at[atom] == text else 1
                    atom_at[atom] = text
                    if atom_met[atom] < needs[atom]:
                        continue
                    ready[count], count = atom, count + 1
                    clause, query = clause_of[atom], query_of[clause_of[atom]]
                    if not free[clause] and clause_at[clause] != text:
                        clause_at[clause] = text
                        query_met[query] = query_met[query] + 1 if query_at[query] == text else 1
                        query_at[query] = text
            i += 1
        for atom in ready[:count]:
            query = query_of[clause_of[atom]]
            if clauses[query] == 0 or (query_at[query] == text and query_met[query] == clauses[query]):
                if size == len(kept):
                    kept, atoms = np.append(kept, kept), np.append(atoms, atoms)
                kept[size], atoms[size] = text, atom
                size += 1
    return kept[:size], atoms[:size]
