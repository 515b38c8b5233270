"""Which rules may match which texts, found in one pass over the bytes of a column.

Each query is a conjunction of clauses, a clause a choice of atoms, an atom a conjunction of choices
of literals (see `literals`).  A sieve finds the literals; a text is a candidate of a query when nothing
the query needs is absent.  The filter only says where to look: it never decides a match.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from corpusscan.kernels.folding import Bytes, Offsets, fold_pieces
from corpusscan.kernels.literals import LONGEST, Clause, Literal
from corpusscan.kernels.sieve import Ids, hits, ids, near_others, sieve


@dataclass(frozen=True)
class Query:
    """`clauses[i][j]` is what atom j of clause i requires; an atom that requires nothing may be anywhere."""

    clauses: tuple[tuple[tuple[Clause, ...], ...], ...]
    folded: bool


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
        self._sieve = sieve(literals)
        self._folded = np.array([folded for _, folded in literals], np.bool_)
        self._all = np.ones_like(self._folded)

    def candidates(self, texts: pa.LargeStringArray) -> Candidates:
        """Every (text, atom) where a query's needs are met and the atom's too; nothing that matches is missing.

        Runs of ASCII are read once for both views, because folding only changes their case; what lies
        within a literal's reach of anything else is folded and read again.
        """
        data, offsets = buffers(texts)
        pairs = hits(data, offsets, self._all, *self._sieve)
        text, begins, ends = near_others(data, offsets, LONGEST - 1)
        if len(text) and self._folded.any():
            piece, literal = hits(*fold_pieces(data, begins, ends), self._folded, *self._sieve)
            both = np.concatenate([pairs[0], text[piece]]) * len(self._all) + np.concatenate([pairs[1], literal])
            pairs = np.divmod(np.unique(both), len(self._all))
        return Candidates(*_met(*pairs, *self._links))  # type: ignore[call-arg]


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
    count: list[int] = []
    clause: list[int] = []
    query: list[int] = []
    free: list[bool] = []
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
    clauses = np.bincount(ids(query)[~np.array(free, bool)], minlength=len(queries))
    rows = (*_rows(literals.values()), *_rows(needs.values()))
    return [*literals], _Links(*rows, ids(count), ids(clause), ids(query), np.array(free, bool), ids(clauses))


def _rows(lists: Collection[list[int]]) -> tuple[Ids, Ids]:
    """Lists of different lengths as one array, and where each begins."""
    return ids(np.cumsum([0, *map(len, lists)])), ids([one for values in lists for one in values])


@njit(cache=True, nogil=True)
def _met(  # type: ignore[no-untyped-def] # noqa: ANN202, C901
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
