"""What a pattern cannot match without: literals that a filter may look for first.

Patterns are read conservatively (see `syntax`): where none is known RE2 is tried on every text.  A wrong
literal would lose matches; a missing one only costs time.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache, reduce
from itertools import accumulate, takewhile
from re import _constants as op  # type: ignore[attr-defined]
from typing import Any, NamedTuple

from corpusscan.kernels.syntax import REPEATS, length, parse, space
from corpusscan.kernels.windows import ANY_SPACE, SOME_SPACE, window

LONGEST = 24  # bytes of a literal: more proves nothing
MOST_ALTERNATIVES, MOST_VARIANTS, MOST_IN_CLASS, MOST_CLAUSES = 256, 64, 4, 4
COMMON = 11.0  # bits: windows more likely than this are looked for only where nothing rarer is known
ENOUGH = 26.0  # bits: clauses that surprise so much need no further one beside them
WORTH = 7.0  # bits: so much more surprise is worth a clause that is looked for: RE2 takes longer than a comparison


class Literal(NamedTuple):
    """Bytes that must occur, white space as `SOME_SPACE` and `ANY_SPACE`; where `blind`, in any ASCII case."""

    data: bytes
    blind: bool


Clause = frozenset[Literal]
"""Every match contains at least one of these."""


class Placed(NamedTuple):
    """A clause, and how far a match extends at most from what meets it, either way, as `syntax.width` measures."""

    clause: Clause
    ahead: float
    behind: float


Node = tuple[Any, Any, int]  # kind, value and flags; letters in a row are one, its value a string
Variants = tuple[Literal, ...]
_NOTHING: Variants = (Literal(b"", False),)
# Letters that ASCII ones also match where case is ignored: the Kelvin sign, the long s.
_KELVIN, _LONG_S = (Literal("\u212a".encode(), False),), (Literal("\u017f".encode(), False),)
_THIRD_CASE = {"k": _KELVIN, "K": _KELVIN, "s": _LONG_S, "S": _LONG_S}
_CASELESS = frozenset(("Lo", "Nd", "Sm", "Sc", "Zs", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po"))
_BLANKS = {b"\t", b"\n", b"\f", b"\r", b" ", b"\xfe", b"\xff"}
_SPACE_RUN = re.compile(rb"[\t\n\f\r ]*[\xfe\xff][\t\n\f\r \xfe\xff]*")


def of_phrase(data: bytes) -> tuple[Clause, ...]:
    """What a text that holds these bytes must contain: their beginning, where it is long enough."""
    return (frozenset([Literal(data[:LONGEST], False)]),) if window(data[:LONGEST]) else ()


def required(pattern: str, *, folded: bool) -> tuple[Clause, ...]:
    """Clauses that all hold for the text around any match of an RE2 pattern; empty where none is known.

    With `folded` the text is known to be folded (no capitals, no look-alikes of ASCII letters).
    """
    return tuple(one.clause for one in placed(pattern, folded=folded))


def placed(pattern: str, *, folded: bool) -> tuple[Placed, ...]:
    """The same, each with where it is in a match.

    A further clause pays where what is known surprises so little that it would be tried more often, by `WORTH`, than
    the clause itself is noticed.
    """
    tree = parse(pattern)
    if tree is None:
        return ()
    sides = _sides([*_flat(tree, tree.state.flags, folded)], folded)
    ranked = sorted(sides, key=lambda clause: (_rarity(clause) < COMMON, -_surprise(clause)))
    chosen = ranked[:1]
    for clause in ranked[1:]:
        common = _rarity(clause) < min(COMMON, _rarity(chosen[0]))
        wanted = min(ENOUGH, _noticed(clause) + WORTH)
        if len(chosen) < MOST_CLAUSES and sum(map(_surprise, chosen)) < wanted and not common:
            chosen.append(clause)
    return tuple(Placed(clause, *sides[clause]) for clause in chosen)


def _sides(nodes: Sequence[Node], folded: bool) -> dict[Clause, tuple[float, float]]:
    """Usable clauses of a sequence of nodes: the lengths up to the end of what one is of, and from its begin on."""
    lengths = [length(kind, value) for kind, value, _ in nodes]
    until, since = [*accumulate(lengths)], [*accumulate(reversed(lengths))][::-1]
    sides: dict[Clause, tuple[float, float]] = {}
    for clause, first, last in _clauses(nodes, folded):
        if _usable(clause):
            ahead, behind = sides.get(clause, (0.0, 0.0))
            sides[clause] = max(ahead, until[last]), max(behind, since[first])
    return sides


def surprise(patterns: Sequence[tuple[Clause, ...]]) -> float:
    """Bits by which it surprises to find what one of some patterns cannot match without; 0 where one needs nothing."""
    return _together(sum(map(_surprise, clauses)) for clauses in patterns) if all(patterns) else 0.0


def rarity(patterns: Sequence[tuple[Clause, ...]]) -> float:
    """Bits by which any window surprises that is looked for because of some patterns; 0 where one needs nothing."""
    if not all(patterns):
        return 0.0
    return _noticed(frozenset[Literal]().union(*(clause for clauses in patterns for clause in clauses)))


def _clauses(nodes: Iterable[Node], folded: bool) -> Iterator[tuple[Clause, int, int]]:
    """Every clause that a sequence of nodes demands, with the first and last node that it is of."""
    run, first = _NOTHING, 0
    for place, (kind, value, own) in enumerate(nodes):
        variants, whole = _variants(kind, value, own, folded)
        if variants:
            if len(run) * len(variants) > MOST_VARIANTS:
                yield from ((clause, first, place) for clause in _closed(run))
                run = _common_end(run)
            run = _joined(run, variants)
            if whole:
                continue
        last = place if variants else place - 1
        yield from ((clause, first, last) for clause in _closed(run))
        run, first = _NOTHING, place + 1
        if kind in REPEATS and value[0] > 0:
            inner = (clause for clause, _, _ in _clauses(_flat(value[2], own, folded), folded))
            yield from ((clause, place, place) for clause in inner)
        elif kind is op.BRANCH:
            yield from ((clause, place, place) for clause in _either(value[1], own, folded))
    yield from ((clause, first, -1) for clause in _closed(run))


def _flat(items: Any, flags: int, folded: bool) -> Iterator[Node]:
    """Nodes with the flags they stand under; groups give way to what is inside them, letters in a row to strings."""
    row, plain = "", folded or not flags & re.IGNORECASE
    for kind, value in items:
        if kind is op.LITERAL and (plain or (value < 128 and chr(value) not in _THIRD_CASE)):
            row += chr(value)
            continue
        if row:
            yield op.LITERAL, row, flags
            row = ""
        if kind is op.SUBPATTERN:
            _, added, removed, inner = value
            yield from _flat(inner, (flags | added) & ~removed, folded)
        elif kind is not op.AT:
            yield kind, chr(value) if kind is op.LITERAL else value, flags
    if row:
        yield op.LITERAL, row, flags


def _variants(kind: Any, value: Any, flags: int, folded: bool) -> tuple[Variants, bool]:  # noqa: PLR0911
    """What a match of a node begins with, one of few; and whether that is all of it.  Empty: anything."""
    if kind is not op.LITERAL and (blank := space(kind, value)):
        return (Literal(bytes([blank]), False),), True
    if kind is op.LITERAL:
        return _letters(value, flags, folded), True
    if kind is op.IN:
        return _class(value, flags, folded)
    if kind is op.BRANCH:
        parts = [_beginning(items, flags, folded) for items in value[1]]
        if all(variants for variants, _ in parts):
            union = tuple(dict.fromkeys(v for variants, _ in parts for v in variants))
            return union, all(whole for _, whole in parts)
    if kind in REPEATS:
        low, high, items = value
        variants, whole = _beginning(items, flags, folded)
        if low == 0:
            return ((*_NOTHING, *variants), True) if variants and whole and high == 1 else ((), False)
        times = min(low, LONGEST) if len(variants) == 1 and whole else 1
        return reduce(_joined, [variants] * times), whole and times == high
    return (), False


def _beginning(items: Any, flags: int, folded: bool) -> tuple[Variants, bool]:
    """The same for a sequence of nodes."""
    run = _NOTHING
    for kind, value, own in _flat(items, flags, folded):
        variants, whole = _variants(kind, value, own, folded)
        if not variants or len(run) * len(variants) > MOST_VARIANTS:
            return (run if run != _NOTHING else ()), False
        run = _joined(run, variants)
        if not whole:
            return run, False
    return run, True


def _joined(before: Variants, after: Variants) -> Variants:
    """Every way to say one after the other."""
    return tuple(dict.fromkeys([_one(left, right) for left in before for right in after]))


def _one(left: Literal, right: Literal) -> Literal:
    data = left[0] + right[0]
    if left[0][-1:] in _BLANKS and right[0][:1] in _BLANKS:
        data = _SPACE_RUN.sub(_one_space, data)
    return Literal(data, left[1] or right[1])


def _common_end(run: Variants) -> Variants:
    """What all variants end with, to go on from."""
    columns = takewhile(lambda column: len(set(column)) == 1, zip(*(reversed(one.data) for one in run), strict=False))
    return (Literal(bytes(column[0] for column in columns)[::-1], any(one.blind for one in run)),)


def _one_space(run: re.Match[bytes]) -> bytes:
    return bytes([ANY_SPACE if set(run.group()) == {ANY_SPACE} else SOME_SPACE])


def _letters(text: str, flags: int, folded: bool) -> Variants:
    """Characters of a pattern, if it is known which bytes match them; several only if these are one string."""
    data = text.encode("utf-8", "surrogatepass")
    if folded:
        return (Literal(data.lower(), False),)  # bytes.lower() knows ASCII only
    if not flags & re.IGNORECASE:
        return (Literal(data, False),)
    third = _THIRD_CASE.get(text, ())
    known = text.isascii() or all(map(_caseless, text))
    return (Literal(data, data.lower() != data.upper()), *third) if known else ()


def _class(items: Any, flags: int, folded: bool) -> tuple[Variants, bool]:
    """A class of a few characters, or of astral ones: what their UTF-8 begins with."""
    letters = [_letters(chr(value), flags, folded) if kind is op.LITERAL else () for kind, value in items]
    rare = all(kind is op.LITERAL and value > 127 for kind, value in items)
    if len(items) <= (MOST_VARIANTS if rare else MOST_IN_CLASS) and all(letters):
        return tuple(letter for variants in letters for letter in variants), True
    ranges = [value if kind is op.RANGE else (value, value) for kind, value in items if kind in (op.RANGE, op.LITERAL)]
    if len(ranges) < len(items) or (flags & re.IGNORECASE and not folded) or any(low < 0x10000 for low, _ in ranges):
        return (), False
    if sum(high - low for low, high in ranges) > MOST_VARIANTS << 6:
        return (), False
    heads = {chr(code).encode()[:3] for low, high in ranges for code in range(low, high + 1)}
    return tuple(Literal(head, False) for head in sorted(heads)), False


def _caseless(char: str) -> bool:
    """Whether ignoring case makes no difference to a character beyond ASCII; no for all that is not surely so."""
    return char.isascii() or unicodedata.category(char) in _CASELESS


def _closed(run: Variants) -> Iterator[Clause]:
    """The clause of a run, without variants that hold another."""
    short = {Literal(one.data[:LONGEST].strip(bytes([ANY_SPACE])), one.blind) for one in run}
    if all(one.data for one in run):
        yield frozenset(
            one for one in short if one.blind or not any(other[0] in one.data and other != one for other in short)
        )


def _either(alternatives: Sequence[Any], flags: int, folded: bool) -> Iterator[Clause]:
    """Clauses for a choice: the best of each alternative, if each has one, then the second best or again the best."""
    ranked: list[list[Clause]] = []
    for items in alternatives:
        usable = [clause for clause, _, _ in _clauses(_flat(items, flags, folded), folded) if _usable(clause)]
        if not usable:
            return
        ranked.append(sorted(usable, key=_surprise, reverse=True))
    for place in range(min(max(map(len, ranked)), MOST_CLAUSES)):
        yield frozenset[Literal]().union(*(own[min(place, len(own) - 1)] for own in ranked))


def _usable(clause: Clause) -> bool:
    return len(clause) <= MOST_ALTERNATIVES and all(window(literal.data) for literal in clause)


@lru_cache(maxsize=1024)
def _rarity(clause: Clause) -> float:
    """Bits by which the likeliest window of a clause surprises."""
    return min(found.bits for literal in clause if (found := window(literal.data)))


@lru_cache(maxsize=1024)
def _noticed(clause: Clause) -> float:
    """Bits by which any window of a clause surprises: what looking for it costs."""
    return _together(found.bits for literal in clause if (found := window(literal.data)))


@lru_cache(maxsize=1024)
def _surprise(clause: Clause) -> float:
    """Bits by which the literals do: what finding one tells.  English has some 1.5 bits a letter."""
    return _together(
        found.bits + 1.5 * (len(literal.data) - len(found.data))
        for literal in clause
        if (found := window(literal.data))
    )


def _together(surprises: Iterable[float]) -> float:
    """Surprise of the first of several things to happen."""
    return -math.log2(sum(2.0**-one for one in surprises))
