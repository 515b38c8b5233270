"""What kind of character a code point is, and what habits its script has.

The table is shipped (Unicode 15.0, made by data/build_characters.py), because results must not depend on
the Unicode data of the Python at hand.
"""

from __future__ import annotations

from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Classes = npt.NDArray[np.uint8]
Codes = npt.NDArray[np.uint32]


class Kind(IntEnum):
    """What a character is, as far as hiding is concerned."""

    OTHER = 0  # punctuation, symbols, emoji
    LETTER = 1  # with spacing marks
    MARK = 2  # non-spacing and enclosing
    DIGIT = 3
    SPACE = 4  # with what parts lines and pages
    CONTROL = 5
    PRIVATE = 6
    UNASSIGNED = 7  # with non-characters
    BIDI = 8  # embeddings, overrides, isolates and their ends
    DIRECTION_MARK = 9  # LRM, RLM, ALM: they order nothing but what stands beside them
    TAG = 10
    SELECTOR = 11  # variation selectors
    INVISIBLE = 12  # default ignorables that are none of these: joiners, zero-width spaces, soft hyphen, fillers


class Script(IntEnum):
    """Scripts by their habits."""

    COMMON = 0
    LATIN = 1
    CYRILLIC = 2
    GREEK = 3
    ALPHABET = 4  # others that write words without joiners
    HEBREW = 5
    ARABIC = 6  # from right to left, with joiners
    INDIC = 7  # with joiners or zero-width spaces, from left to right: Indic, South-East Asian, Mongolian
    EAST_ASIAN = 8
    HANGUL = 9


class Table(NamedTuple):
    """Two-stage lookup: entry[page[code >> 7] * 128 + (code & 127)] is kind | script << 4."""

    page: npt.NDArray[np.uint16]
    entry: Classes


@cache
def table() -> Table:
    """The table, read once per process."""
    with np.load(Path(__file__).parent / "data" / "characters.npz", allow_pickle=False) as data:
        return Table(*(data[name] for name in Table._fields))


def codes(text: str) -> Codes:
    """The code points of a text."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def classes(points: Codes) -> tuple[Classes, Classes]:
    """`Kind` and `Script` of each code point."""
    page, entry = table()
    both = entry[page[points >> 7].astype(np.int64) * 128 + (points & 127)]
    return both & 15, both >> 4


def runs(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Begin and end of each run of true values, as rows."""
    padded = np.zeros(len(mask) + 2, np.bool_)
    padded[1:-1] = mask
    return np.flatnonzero(padded[1:] != padded[:-1]).reshape(-1, 2)


class Hidden(NamedTuple):
    """A place where a text says other than it shows; code points, half-open."""

    kind: str
    start: int
    end: int
    severity: str
    decoded: str  # what was hidden, or what the place says to a machine
    note: str = ""  # why it is not graver: a benign story that explains it


class Text(NamedTuple):
    """One text and what its characters are."""

    text: str
    codes: Codes
    kinds: Classes
    scripts: Classes

    @classmethod
    def of(cls, text: str) -> Text:
        """The text with `Kind` and `Script` of each of its code points."""
        points = codes(text)
        return cls(text, points, *classes(points))
