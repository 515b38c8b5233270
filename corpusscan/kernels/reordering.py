"""Bidirectional controls that show letters in another order than machines read them.

Boucher and Anderson (2021), "Trojan Source: Invisible Vulnerabilities".  What counts is what a control
does: an override of letters that run from left to right turns them round wherever it stands; an isolate or
embedding from right to left moves only what is not closed or is woven with others.  Everything ends with
its line (UAX 9, P1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from corpusscan.kernels.characters import Hidden, Kind, Script, Text

FORCING = "\u202b\u202e\u2067"  # embedding, override, isolate from right to left
OVERRIDE = "\u202e"
ISOLATES, POP_ISOLATE, POP_EMBEDDING = "\u2066\u2067\u2068", "\u2069", "\u202c"
_FORCE = re.compile(f"[{FORCING}]")
_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CODE = re.compile(
    r"/\*|\*/|//|<!--|-->|'''|\"\"\"|[;{}]\s{0,8}$|^\s{0,99}[{}#]|[\w\])]\s{0,4}\([^()]{0,200}\)\s{0,4}[{;:]"
    r"|[=!<>]=|&&|\|\||\w\s{1,8}=\s{1,8}[\w\"'\[({]"
    r"|\b(?:def|function|func|fn|return|import|include|const|let|var|void|print|printf|echo)\b.{0,200}[(;=:]",
    re.ASCII,
)
Counts = npt.NDArray[np.int64]
MOST_SHOWN = 4_096
_ANCIENT = 0x10800, 0x11000  # blocks of scripts from right to left that are no longer written


def reorderings(text: Text) -> Iterator[Hidden]:
    """Per line at most one: from its first control that reverses anything to where that ends."""
    turned = np.isin(text.scripts, (Script.HEBREW, Script.ARABIC)) & (text.kinds == Kind.LETTER)
    ancient = (text.codes >= _ANCIENT[0]) & (text.codes < _ANCIENT[1])
    forward = (text.kinds == Kind.LETTER) & (text.scripts != Script.COMMON) & ~turned & ~ancient
    counts = np.concatenate([[0], np.cumsum(turned)]), np.concatenate([[0], np.cumsum(forward)])
    done = 0
    for first in _FORCE.finditer(text.text):
        if first.start() < done:
            continue
        begin = text.text.rfind("\n", 0, first.start()) + 1
        done = end = where if (where := text.text.find("\n", begin)) >= 0 else len(text.text)
        found = _line(text.text[begin:end], *(count[begin : end + 1] for count in counts))
        if found:
            start, stop, severity, note = found
            shown = text.text[begin + start : min(begin + stop, begin + start + MOST_SHOWN)]
            yield Hidden("bidi-reordering", begin + start, begin + stop, severity, shown, note)


def _line(line: str, turned: Counts, forward: Counts) -> tuple[int, int, str, str] | None:
    """Begin, end, severity and note of what is reordered in a line; letters are counted from its start."""
    code = bool(_CODE.search(_CONTROLS.sub("", line)))
    bilingual = turned[-1] > turned[0]
    found = []
    for scope in _scopes(line):
        letters = int(forward[scope.end] - forward[scope.start])
        if turned[scope.end] > turned[scope.start] or not (letters or (code and not scope.closed)):
            continue
        if line[scope.start] == OVERRIDE:
            if letters > 1 and (scope.woven or (code and not bilingual)):
                found.append((2, scope, ""))
            elif letters:
                found.append((0, scope, "bilingual_line") if bilingual else (1, scope, ""))
        elif not bilingual and (scope.woven or not scope.closed):
            found.append((2 if code else 1 if scope.woven else 0, scope, "" if code or scope.woven else "left_open"))
    if not found:
        return None
    grade, _, note = max(found, key=lambda one: one[0])
    return found[0][1].start, max(scope.end for _, scope, _ in found), ("low", "medium", "high")[grade], note


class Scope(NamedTuple):
    """What a right-to-left control rules, itself and its end included."""

    start: int
    end: int
    closed: bool
    woven: bool  # others open inside it


def _scopes(line: str) -> list[Scope]:
    """The scopes of a line by their starts."""
    done: list[Scope] = []
    stack: list[tuple[int, bool]] = []  # of open controls: place, and whether others open inside
    isolates = 0  # that are open

    def close(place: int, closed: bool) -> str:
        start, woven = stack.pop()
        if line[start] in FORCING:
            done.append(Scope(start, place, closed, woven))
        return line[start]

    for found in _CONTROLS.finditer(line):
        place, char = found.start(), found.group()
        if char == POP_ISOLATE:
            while isolates and close(place + 1, line[stack[-1][0]] in ISOLATES) not in ISOLATES:
                pass  # ends what is open inside the isolate, too
            isolates = max(isolates - 1, 0)
        elif char == POP_EMBEDDING:
            if stack and line[stack[-1][0]] not in ISOLATES:
                close(place + 1, closed=True)
        else:
            if stack:
                stack[-1] = stack[-1][0], True
            stack.append((place, False))
            isolates += char in ISOLATES
    while stack:
        close(len(line), closed=False)
    return sorted(done)
