"""Which rules may match which texts, and where, found in one pass over the bytes of a column.

Each query is a conjunction of clauses, a clause a choice of atoms, an atom a conjunction of choices
of literals (see `literals`).  A sieve finds the literals; an atom may match where all that it needs stands
no further apart than a match is long, a query where each clause has such an atom.  The filter only says
where to look: it never decides a match.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from corpusscan.kernels.columns import buffers, read_only
from corpusscan.kernels.folding import Offsets, changed, origins, table
from corpusscan.kernels.literals import Clause, Literal, Placed
from corpusscan.kernels.places import BOUNDLESS, excess, slices
from corpusscan.kernels.sieve import REACH, Ids, ids, noticed, sieve
from corpusscan.kernels.standing import APART, standing

EDGE = 4  # code points beside a match that decide whether it is one, and some more


class Need(NamedTuple):
    """What an atom requires, and the greatest length of its matches (`syntax.width`); nothing: it may be anywhere."""

    clauses: tuple[Clause, ...]
    width: float = math.inf
    sides: tuple[tuple[float, float], ...] = ()  # how far a match extends from each clause (`literals.Placed`), if told

    @classmethod
    def of(cls, placed: Sequence[Placed], width: float) -> Need:
        """What a pattern requires, with where it is in a match."""
        return cls(tuple(one.clause for one in placed), width, tuple((one.ahead, one.behind) for one in placed))


@dataclass(frozen=True)
class Query:
    """`clauses[i][j]` is atom j of clause i; the last `near` clauses occur `within` code points of one another."""

    clauses: tuple[tuple[Need, ...], ...]
    folded: bool
    near: int = 0
    within: float = math.inf


class _Links(NamedTuple):
    """What a literal that stands in a text counts towards: literal -> needs -> atoms -> clause -> query."""

    need_from: Ids  # the needs of literal i are need[need_from[i]:need_from[i + 1]]
    need: Ids
    atom_from: Ids  # and so for the atoms of a need,
    atom: Ids
    ahead: Offsets  # and how far one extends from what meets the need, ahead
    behind: Offsets  # and behind
    part_from: Ids  # the needs of an atom,
    part: Ids
    near_from: Ids  # and the clauses of a query that stand near one another and are not free
    near: Ids
    reach: Offsets  # of each atom: how far apart its needs are found at most
    clause: Ids  # of each atom
    query: Ids  # of each clause
    free: npt.NDArray[np.bool_]  # clauses with an atom that needs nothing
    apart: npt.NDArray[np.bool_]  # clauses that are not near others
    within: Offsets  # of each query
    clauses: Ids  # how many clauses of each query are neither free nor near others


class Candidates(NamedTuple):
    """By ascending text: `text` in the array, `atom` counted over all atoms of all queries, and a piece of the text.

    Every match of the atom lies in one of its pieces, with the characters beside it; `begin` and `end` are
    bytes of the text, whole characters.
    """

    text: Offsets
    atom: Ids
    begin: Offsets
    end: Offsets


class Filter:
    """Finds the texts that queries need to be tried on.

    `always` lists the queries that need nothing and so may match any text; of theirs, too, only the atoms
    that come up as candidates, or need nothing, can occur.
    """

    def __init__(self, queries: Sequence[Query]) -> None:
        literals, self._links = _link(queries)
        self.always = np.flatnonzero([all(not all(need.clauses for need in c) for c in q.clauses) for q in queries])
        tables = sieve(literals)
        self._windows, self._behind = tables[:5], tables[5:]
        self._folds = bool(tables.folded.any())

    def candidates(self, texts: pa.LargeStringArray) -> Candidates:
        """Everywhere that a query's needs are met and the atom's too; nothing that matches is missing.

        Windows of bytes that folding leaves alone, but for their case, are read once for both views; only
        what lies beside a character that changes is folded and read again.
        """
        data, offsets = buffers(texts)
        at, entry = noticed(data, offsets[0], offsets[-1], self._folds, *table()[:2], *self._windows)
        inside = np.zeros(len(at), np.int64)
        if self._folds:
            folded, source = changed(data[: offsets[-1]], offsets[0], REACH)
            places, also = noticed(read_only(folded), 0, len(folded), False, *table()[:2], *self._windows)
            more, inner = origins(source, places)
            at, entry, inside = _merged((at, entry, inside), (more, also, inner))
        places, literal = standing(data, offsets, at, inside, entry, *self._behind, *table())
        if not len(places):
            return Candidates(places, literal, places, places)
        return Candidates(*slices(data, offsets, excess(data, offsets), places, literal, *self._links))


def _merged(*parts: tuple[npt.NDArray[Any], ...]) -> list[npt.NDArray[Any]]:
    """Columns joined, by ascending first column."""
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.argsort(columns[0], kind="stable")
    return [column[order] for column in columns]


def _link(queries: Sequence[Query]) -> tuple[list[tuple[Literal, bool]], _Links]:
    """The different literals, each with whether it is looked for in folded text, and how all hangs together."""
    literals: dict[tuple[Literal, bool], list[int]] = {}  # -> needs
    needs: dict[tuple[Clause, bool], int] = {}  # -> its number
    atoms: dict[int, list[int]] = {}  # of a need
    sides: dict[int, list[tuple[float, float]]] = {}  # of those
    parts: list[list[int]] = []  # of an atom
    reach: list[int] = []
    clause: list[int] = []
    query: list[int] = []
    free: list[bool] = []
    apart: list[bool] = []
    near: list[list[int]] = []
    for q, one in enumerate(queries):
        near.append([])
        for i, clause_atoms in enumerate(one.clauses):
            free.append(not all(atom.clauses for atom in clause_atoms))
            apart.append(i < len(one.clauses) - one.near)
            near[q] += [] if free[-1] or apart[-1] else [len(query)]
            for atom in clause_atoms:
                parts.append([needs.setdefault((choice, one.folded), len(needs)) for choice in atom.clauses])
                for need, side in zip(parts[-1], atom.sides or [(atom.width,) * 2] * len(parts[-1]), strict=True):
                    atoms.setdefault(need, []).append(len(clause))
                    sides.setdefault(need, []).append(side)
                reach.append(_bounded(atom.width))
                clause.append(len(query))
            query.append(q)
    for (choice, folded), number in needs.items():
        for literal in sorted(choice):
            literals.setdefault((literal, folded), []).append(number)
    counted = ~np.array(free, bool) & np.array(apart, bool)
    ahead, behind = ([_bounded(side[way]) for some in sides.values() for side in some] for way in (0, 1))
    return [*literals], _Links(
        *_rows(literals.values()), *_rows(atoms.values()),
        np.array(ahead, np.int64), np.array(behind, np.int64), *_rows(parts), *_rows(near),
        reach=np.array(reach, np.int64), clause=ids(clause), query=ids(query),
        free=np.array(free, np.bool_), apart=np.array(apart, np.bool_),
        within=np.array([_within(one) for one in queries], np.int64),
        clauses=ids(np.bincount(ids(query)[counted], minlength=len(queries))),
    )  # fmt: skip


def _within(query: Query) -> int:
    """How far apart the atoms of clauses that are near one another are found; an unbounded one may be far away."""
    widths = [atom.width for atoms in query.clauses[len(query.clauses) - query.near :] for atom in atoms]
    return BOUNDLESS if math.inf in widths else _bounded(query.within)


def _bounded(length: float) -> int:
    return BOUNDLESS if length == math.inf else int(length) + APART + EDGE


def _rows(lists: Collection[list[int]]) -> tuple[Ids, Ids]:
    """Lists of different lengths as one array, and where each begins."""
    return ids(np.cumsum([0, *map(len, lists)])), ids([one for values in lists for one in values])
