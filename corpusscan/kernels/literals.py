"""What a pattern cannot match without: literals that a filter may look for first.

The pattern is parsed by Python's own regex parser and read conservatively: whatever Python and RE2
might understand differently yields no literal, and then RE2 is tried on every text.  A wrong literal
would lose matches; a missing one only costs time.
"""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

# Python parses patterns with it and keeps the name stable since 3.11; nothing public shows the tree.
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]

SHORTEST, LONGEST = 3, 24  # bytes of a literal: what the filter can hash; more proves nothing
MOST_ALTERNATIVES, MOST_VARIANTS, MOST_IN_CLASS, MOST_CLAUSES = 64, 16, 4, 4
COMMON = 15.0  # bits: a literal this likely in English is looked for only where nothing rarer is known


class Literal(NamedTuple):
    """Bytes that must occur; where `blind`, in any ASCII case."""

    data: bytes
    blind: bool


Clause = frozenset[Literal]
"""Every match contains at least one of these."""

Variants = tuple[Literal, ...]
_NOTHING: Variants = (Literal(b"", False),)
_REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT)

# Share of each byte in English text, in per mille; others count as 1.
_SHARES = dict(
    zip(
        b" etaoinsrhldcumfpgwybvk.,",
        (180, 100, 73, 65, 61, 57, 57, 52, 49, 48, 33, 31, 25, 23, 20, 18, 17, 16, 15, 14, 12, 8, 7, 10, 10),
        strict=True,
    )
)
_BITS = [9.97] * 256
for _byte, _share in _SHARES.items():
    _BITS[_byte] = 9.97 - _share.bit_length() + 1

# One unit of RE2 syntax that Python lacks or reads otherwise, or an escape to step over.
_UNIT = re.compile(r"\\[pP](?:\{[^}]*\}|.)|\\x\{([0-9A-Fa-f]+)\}|\\z|(\\[0-9QECXR])|\\.|\[:\^?\w+:\]", re.DOTALL)


def rarest_window(data: bytes) -> tuple[int, float]:
    """Where the least likely four bytes of a literal begin, and their surprise in bits."""
    lower = data.lower()
    width = min(4, len(data))
    windows = [sum(_BITS[b] for b in lower[i : i + width]) for i in range(len(data) - width + 1)]
    best = max(windows)
    return windows.index(best), best


def of_phrase(data: bytes) -> tuple[Clause, ...]:
    """What a text that holds these bytes must contain: their beginning, where it is long enough."""
    return (frozenset([Literal(data[:LONGEST], False)]),) if len(data) >= SHORTEST else ()


def required(pattern: str, *, folded: bool) -> tuple[Clause, ...]:
    """Clauses that all hold for the text around any match of an RE2 pattern; empty where none is known.

    With `folded` the text is known to be folded (no capitals, no look-alikes of ASCII letters).
    """
    tree = _parse(pattern)
    if tree is None:
        return ()
    clauses = {clause for clause in _clauses(tree, tree.state.flags, folded) if _usable(clause)}
    ranked = sorted(clauses, key=lambda clause: (-_rarity(clause), sorted(clause)))
    return tuple(c for i, c in enumerate(ranked[:MOST_CLAUSES]) if i == 0 or _rarity(c) > COMMON)


def _parse(pattern: str) -> Any:
    """Python's syntax tree, or None where the two dialects may differ."""
    if any(unit.group(2) for unit in _UNIT.finditer(pattern)):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return parser.parse(_UNIT.sub(_in_python, pattern))
        except (re.error, OverflowError, RecursionError, ValueError):
            return None


def _in_python(unit: re.Match[str]) -> str:
    text = unit.group()
    if unit.group(1):
        return re.escape(chr(int(unit.group(1), 16)))
    if text == r"\z":
        return r"\Z"
    return r"\W" if text.startswith(("[:", r"\p", r"\P")) else text  # any class: no literal comes of it


def _clauses(items: Any, flags: int, folded: bool) -> Iterator[Clause]:
    """Every clause that a sequence of nodes demands."""
    run = _NOTHING
    for kind, value, own in _flat(items, flags):
        if kind is op.AT:
            continue
        variants, whole = _variants(kind, value, own, folded)
        if variants:
            if len(run) * len(variants) > MOST_VARIANTS:
                yield from _closed(run)
                run = _NOTHING
            run = _joined(run, variants)
            if whole:
                continue
        yield from _closed(run)
        run = _NOTHING
        if kind in _REPEATS and value[0] > 0:
            yield from _clauses(value[2], own, folded)
        elif kind is op.BRANCH:
            yield from _either(value[1], own, folded)
    yield from _closed(run)


def _flat(items: Any, flags: int) -> Iterator[tuple[Any, Any, int]]:
    """Nodes with the flags they stand under; groups give way to what is inside them."""
    for kind, value in items:
        if kind is op.SUBPATTERN:
            _, added, removed, inner = value
            yield from _flat(inner, (flags | added) & ~removed)
        else:
            yield kind, value, flags


def _variants(kind: Any, value: Any, flags: int, folded: bool) -> tuple[Variants, bool]:
    """What a match of a node begins with, one of few; and whether that is all of it.  Empty: anything."""
    if kind is op.LITERAL:
        return _letter(chr(value), flags, folded), True
    if kind is op.IN:
        return _class(value, flags, folded)
    if kind is op.BRANCH:
        parts = [_beginning(items, flags, folded) for items in value[1]]
        if all(variants and whole for variants, whole in parts):
            return tuple(dict.fromkeys(v for variants, _ in parts for v in variants)), True
    if kind in _REPEATS:
        low, high, items = value
        variants, whole = _beginning(items, flags, folded)
        if low == 0:
            return ((*_NOTHING, *variants), True) if variants and whole and high == 1 else ((), False)
        times = min(low, LONGEST) if len(variants) == 1 and whole else 1
        return _joined(*[variants] * times), whole and times == high
    return (), False


def _beginning(items: Any, flags: int, folded: bool) -> tuple[Variants, bool]:
    """The same for a sequence of nodes."""
    run = _NOTHING
    for kind, value, own in _flat(items, flags):
        if kind is op.AT:
            continue
        variants, whole = _variants(kind, value, own, folded)
        if not variants or len(run) * len(variants) > MOST_VARIANTS:
            return (run if run != _NOTHING else ()), False
        run = _joined(run, variants)
        if not whole:
            return run, False
    return run, True


def _joined(*runs: Variants) -> Variants:
    """Every way to say one after the other."""
    return tuple(
        dict.fromkeys(
            Literal(b"".join(part.data for part in parts), any(part.blind for part in parts)) for parts in product(*runs)
        )
    )


def _letter(char: str, flags: int, folded: bool) -> Variants:
    """One character of a pattern, if it is known which bytes match it."""
    data = char.encode("utf-8", "surrogatepass")
    if folded:
        return (Literal(data.lower(), False),)  # bytes.lower() knows ASCII only
    if not flags & re.IGNORECASE:
        return (Literal(data, False),)
    return (Literal(data, data.isalpha()),) if _two_cases_at_most(char) else ()


def _class(items: Any, flags: int, folded: bool) -> tuple[Variants, bool]:
    """A class of a few characters, or of astral ones: what their UTF-8 begins with."""
    letters = [_letter(chr(value), flags, folded) if kind is op.LITERAL else () for kind, value in items]
    if len(items) <= MOST_IN_CLASS and all(letters):
        return tuple(letter for variants in letters for letter in variants), True
    ranges = [value if kind is op.RANGE else (value, value) for kind, value in items if kind in (op.RANGE, op.LITERAL)]
    if len(ranges) < len(items) or flags & re.IGNORECASE and not folded or any(low < 0x10000 for low, _ in ranges):
        return (), False
    if sum(high - low for low, high in ranges) > MOST_VARIANTS << 6:
        return (), False
    heads = {chr(code).encode()[:3] for low, high in ranges for code in range(low, high + 1)}
    return tuple(Literal(head, False) for head in sorted(heads)), False


def _two_cases_at_most(char: str) -> bool:
    """Whether ignoring case adds at most the other ASCII case: k and s have the Kelvin sign and the long s too."""
    if char.isascii():
        return char not in "kKsS"
    return unicodedata.category(char) in ("Lo", "Nd", "Sm", "Sc", "Zs", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po")


def _closed(run: Variants) -> Iterator[Clause]:
    """The clause of a run, without variants that hold another."""
    short = {Literal(one.data[:LONGEST], one.blind) for one in run}
    if all(one.data for one in run):
        yield frozenset(
            one for one in short if not any(other != one and not one.blind and other.data in one.data for other in short)
        )


def _either(alternatives: Sequence[Any], flags: int, folded: bool) -> Iterator[Clause]:
    """One clause for a choice: the best of each alternative, if each has one."""
    union: set[Literal] = set()
    for items in alternatives:
        usable = [clause for clause in _clauses(items, flags, folded) if _usable(clause)]
        if not usable:
            return
        union |= max(usable, key=lambda clause: (_rarity(clause), sorted(clause)))
    yield frozenset(union)


def _usable(clause: Clause) -> bool:
    return len(clause) <= MOST_ALTERNATIVES and all(len(literal.data) >= SHORTEST for literal in clause)


def _rarity(clause: Clause) -> float:
    return min(rarest_window(literal.data)[1] for literal in clause)
