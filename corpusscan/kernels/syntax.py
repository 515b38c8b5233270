"""RE2 patterns as trees, and how long a match of one may be.

The pattern is parsed by Python's own regex parser and read conservatively: of whatever Python and RE2
might understand differently nothing is claimed.
"""

from __future__ import annotations

import math
import re
import warnings
from functools import lru_cache

# Python parses patterns with it and keeps the name stable since 3.11; nothing public shows the tree.
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from corpusscan.kernels.folding import fold
from corpusscan.kernels.windows import ANY_SPACE, SOME_SPACE

LONG_RUN = 64  # of what is no white space: more does not add to a length
REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT)
_SPACES = "\t\n\f\r "  # RE2's \s
_SOLID_CATEGORIES = (op.CATEGORY_DIGIT, op.CATEGORY_WORD, op.CATEGORY_NOT_SPACE)
WEIGHTLESS = "-_"  # they add nothing to a length, because `[\\s_-]+` is how rules see through them
_ONE = (op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN, op.CATEGORY)

# One unit of RE2 syntax that Python lacks or reads otherwise, or an escape to step over.
_UNIT = re.compile(r"\\[pP](?:\{[^}]*\}|.)|\\x\{([0-9A-Fa-f]+)\}|\\z|(\\[0-9QECXR])|\\.|\[:\^?\w+:\]", re.DOTALL)


_EDGE = re.compile(r"(?:^|[^\[]|\\\[)\^|\$|\\[Az]")  # at least wherever an edge is spoken of


@lru_cache(maxsize=256)
def parse(pattern: str) -> Any:
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


def space(kind: Any, value: Any) -> int | None:
    """Which white space a node stands for, if it is nothing but white space and more than one blank."""
    if kind in REPEATS:
        low, _, items = value
        inner = len(items) == 1 and ((items[0][0] is op.LITERAL and chr(items[0][1]) in _SPACES) or space(*items[0]))
        return (SOME_SPACE if low and inner != ANY_SPACE else ANY_SPACE) if inner else None
    if kind is op.IN and all(
        (what is op.CATEGORY and which is op.CATEGORY_SPACE) or (what is op.LITERAL and chr(which) in _SPACES)
        for what, which in value
    ):
        return SOME_SPACE
    return None


def folded_pattern(pattern: str) -> str:
    """A pattern for folded text: blind to ASCII case, other characters as folding leaves them."""

    def one(unit: re.Match[str]) -> str:
        char = unit.group()[-1]
        if char.isascii():
            return unit.group()
        return f"(?:{re.escape(fold(char))})"

    return "(?i)" + re.sub(r"\\.|[^\x00-\x7f]", one, pattern, flags=re.DOTALL)


def width(pattern: str) -> float:
    """The greatest length of a match, infinite where it is not bounded.

    A length counts code points other than `WEIGHTLESS` ones, a run of white space (also with these between)
    as one, a run of anything else as at most `LONG_RUN`; that of a whole is at most those of its parts together.
    """
    tree = parse(pattern)
    # To RE2 `{,5}` is text, to Python a repetition.
    return math.inf if tree is None or "{," in pattern else _width(tree)


def length(kind: Any, value: Any) -> float:
    """The greatest length of what one node matches; that of a string of letters is at most their number."""
    return len(value) if isinstance(value, str) else _node_width(kind, value)


def edged(pattern: str) -> bool:
    """Whether an end of the text may mean something to a pattern that an end of a line does not."""
    tree = parse(pattern)
    if tree is not None and not _EDGE.search(pattern):
        return False
    return tree is None or _edged(tree, bool(tree.state.flags & re.MULTILINE))


def _edged(node: Any, lines: bool) -> bool:
    if isinstance(node, tuple) and len(node) == 2 and node[0] is op.AT:
        return node[1] not in (op.AT_BOUNDARY, op.AT_NON_BOUNDARY) and not (
            lines and node[1] in (op.AT_BEGINNING, op.AT_END)
        )
    return isinstance(node, (tuple, list, parser.SubPattern)) and any(_edged(part, lines) for part in node)


def _width(items: Any) -> float:
    return sum(_node_width(kind, value) for kind, value in items)


def _node_width(kind: Any, value: Any) -> float:  # noqa: PLR0911
    if space(kind, value):
        return 1
    if kind is op.AT:
        return 0
    if kind in _ONE:
        return 1
    if kind is op.SUBPATTERN:
        return _width(value[3])
    if kind is op.BRANCH:
        return max(_width(items) for items in value[1])
    if kind in REPEATS:
        _, high, items = value
        if len(items) == 1 and items[0][0] is op.IN and all(map(_gap, items[0][1])):
            return 1
        longest = _width(items) * int(high) if high != op.MAXREPEAT else math.inf
        return min(longest, LONG_RUN) if _solid(items) else longest
    return math.inf


def _gap(member: Any) -> bool:
    what, which = member
    return (
        which is op.CATEGORY_SPACE if what is op.CATEGORY else what is op.LITERAL and chr(which) in _SPACES + WEIGHTLESS
    )


def _solid(items: Any) -> bool:
    """Whether nothing that matches holds white space."""
    return all(_node_solid(kind, value) for kind, value in items)


def _node_solid(kind: Any, value: Any) -> bool:  # noqa: PLR0911
    if kind is op.LITERAL:
        return chr(value) not in _SPACES
    if kind is op.AT:
        return True
    if kind is op.IN:
        if value[0][0] is op.NEGATE:
            return (op.CATEGORY, op.CATEGORY_SPACE) in value
        return all(_solid_member(what, which) for what, which in value)
    if kind is op.SUBPATTERN:
        return _solid(value[3])
    if kind is op.BRANCH:
        return all(_solid(items) for items in value[1])
    return kind in REPEATS and _solid(value[2])


def _solid_member(what: Any, which: Any) -> bool:
    if what is op.LITERAL:
        return chr(which) not in _SPACES
    if what is op.RANGE:
        return not any(which[0] <= ord(char) <= which[1] for char in _SPACES)
    return what is op.CATEGORY and which in _SOLID_CATEGORIES
