"""Characters that plain text seldom has: controls, private use, unassigned, marks one upon another.

Mostly damage (extraction from PDF, wrong encodings, icon fonts), so little weight; some hide: deletions
that a terminal carries out (Boucher et al. 2022, "Bad Characters"), concealed text, private characters
that spell ASCII, piles of marks that cover what stands beside them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from corpusscan.kernels.characters import Hidden, Kind, Script, Text, runs
from corpusscan.kernels.invisible import FLOOD
from corpusscan.kernels.smuggling import readable

PILE = 12  # marks of a script's own upon one letter: no stack of Tibetan or Hebrew is so high
_CONCEALED = re.compile(r"\x1b\[(?:\d{1,3};){0,4}8(?:;\d{1,3}){0,4}m([^\x1b\n]{1,400})")
_SUPPLEMENT = 0xF0000
_SPELLING = 8  # private characters that spell ASCII by chance: none
_MANY = 3
_FEW = 4  # different characters inside words: more than the ligatures of most fonts that are lost
_ACCENTS = 6  # different letters beyond ASCII of a short text, of languages that have many
_HIGH, _VARIED = 3, 8  # marks on a letter that are many, and different ones on such letters that no alphabet has


def controls(text: Text) -> Iterator[Hidden]:
    """Control characters; deletions and concealed text are graver than what is merely there."""
    deleting = (text.codes == 0x08) | (text.codes == 0x7F)
    places = runs((text.kinds == Kind.CONTROL) & ~deleting)
    strewn = _strewn(text, places)
    strewn = set() if _accents(text, strewn) else strewn
    for begin, end in places.tolist():
        severity = "medium" if begin in strewn else "info"
        yield Hidden("control-characters", begin, end, severity, "")
    for begin, end in runs(deleting).tolist():
        inside = _worded(text, begin - 1) and _worded(text, end)
        if not (inside and _overstrike(text, begin, end)):
            severity = "medium" if inside else "low"
            yield Hidden("deletion-characters", begin, end, severity, _typed(text, begin, end))
    for found in _CONCEALED.finditer(text.text):
        yield Hidden("concealed-text", *found.span(1), "medium", found[1])


def _strewn(text: Text, places: np.ndarray) -> set[int]:
    """Where single characters stand inside words, nearly each another one: fonts and converters repeat theirs."""
    if len(places) < _FEW:
        return set()
    letters = np.append(text.kinds == Kind.LETTER, np.False_)  # the last one stands for both ends
    begins, ends = places[:, 0], places[:, 1]
    inside = begins[(ends - begins == 1) & letters[begins - 1] & letters[np.minimum(ends, len(letters) - 1)]]
    distinct = len(np.unique(text.codes[inside]))
    return set(inside.tolist()) if distinct >= max(_FEW, 0.75 * len(inside)) else set()


def _accents(text: Text, strewn: set[int]) -> bool:
    """Whether they may be letters that were decoded wrongly: those are C1 and no others."""
    places = np.array(sorted(strewn), np.int64)
    codes = text.codes[places]
    others = int((codes < 0x20).sum())
    plain = (text.codes[places - 1] < 0x80) & (text.codes[places + 1] < 0x80)  # of UTF-8, one neighbour is not
    return others < 2 and not (others and len(np.unique(codes)) >= _ACCENTS and plain.all())


def _worded(text: Text, place: int) -> bool:
    return 0 <= place < len(text.kinds) and (
        text.kinds[place] in (Kind.LETTER, Kind.DIGIT) or text.codes[place] == 0x5F
    )


def _overstrike(text: Text, begin: int, end: int) -> bool:
    """Manual pages strike a letter twice for bold, and over an underscore for italics."""
    before, after = int(text.codes[begin - 1]), int(text.codes[end])
    return end - begin == 1 and (before == after or 0x5F in (before, after))


def _typed(text: Text, begin: int, end: int, reach: int = 40) -> str:
    """What is left of the line round a place when deletions are carried out."""
    line = text.text[max(begin - reach, 0) : begin].rpartition("\n")[2]
    kept: list[str] = []
    for char in line + text.text[begin : end + reach].partition("\n")[0]:
        if char in "\b\x7f":
            del kept[-1:]
        else:
            kept.append(char)
    return "".join(kept)


def strangers(text: Text) -> Iterator[Hidden]:
    """Private and unassigned characters; private ones of the upper planes may spell ASCII."""
    places = runs(text.kinds == Kind.PRIVATE)
    strewn = _strewn(text, places)
    for begin, end in places.tolist():
        codes = text.codes[begin:end]
        spelt = "".join(map(chr, (codes[:4_096] & 0xFF).tolist())) if codes.min() >= _SUPPLEMENT else ""
        spells = end - begin >= _SPELLING and bool(spelt) and readable(spelt) > 0.9
        severity = "medium" if spells or begin in strewn else "info"
        yield Hidden("private-use", begin, end, severity, spelt if spells else "")
    for begin, end in runs(text.kinds == Kind.UNASSIGNED).tolist():
        inside = all(0 <= i < len(text.kinds) and text.scripts[i] == Script.LATIN for i in (begin - 1, end))
        yield Hidden("unassigned", begin, end, "low" if inside else "info", "")


def floods(text: Text) -> Iterator[Hidden]:
    """Marks piled upon one letter; beside such a pile, lower ones of marks that keep changing count too."""
    marks = text.kinds == Kind.MARK
    piles = runs(marks)
    common = np.concatenate([[0], np.cumsum(marks & (text.scripts == Script.COMMON))])
    shared = common[piles[:, 1]] - common[piles[:, 0]]
    floods = (shared >= FLOOD) | (piles[:, 1] - piles[:, 0] >= PILE)
    high = piles[floods | (shared >= _HIGH)]
    varied = len({code for begin, end in high.tolist() for code in text.codes[begin:end].tolist()}) >= _VARIED
    piles = high if floods.any() and varied and len(high) >= _MANY else piles[floods]
    for begin, end in piles.tolist():
        grave = len(piles) >= _MANY or end - begin >= 2 * PILE
        yield Hidden("combining-flood", begin, end, "medium" if grave else "low", "")
