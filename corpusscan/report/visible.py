"""The one way in which a string from data reaches a screen.

Terminals obey escape sequences, browsers obey bidi controls, readers miss what is invisible.  So
every string of foreign origin, paths and column names included, is spelled first: what a screen
would act on, or not show, becomes an escape such as `\\x1b` or `\\u202e`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from unicodedata import category

ELLIPSIS = "…"
MARKS_IN_A_ROW = 4  # scripts need up to four on one letter; more climb into the lines around

# Drawn as nothing (Default_Ignorable_Code_Point) though neither controls nor format characters.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0") | frozenset(
    map(chr, [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)])
)
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{0,15}(?=://)", re.IGNORECASE)
_HOST = re.compile(r"(?:(?<=//)|(?<!\w)www\.)[^\s/?#<>\"']{1,255}", re.IGNORECASE)
_ACTIVE = re.compile(r"\b(?:javascript|vbscript|data|mailto)(:)", re.IGNORECASE)


def visible(text: str, limit: int | None = None) -> str:
    """`text` with every control, bidi, zero-width, tag and surrogate code point as an escape.

    The result has at most `limit` characters (an ellipsis stands for the rest); an escape is never cut.
    """
    return _join(spell(text if limit is None else text[: limit + 1]), limit)


def defang(text: str, limit: int | None = None) -> str:
    """`visible` text in which no program finds a link to follow: `hxxp://host[.]example`."""
    return _join(spell(text if limit is None else text[: limit + 1], harmless_links=True), limit)


def spell(text: str, *, harmless_links: bool = False) -> list[str]:
    """How each code point of `text` is shown: one string per code point, so that offsets still hold."""
    spelled = list(_spelled(text))
    if harmless_links:
        for position, shown in _link_edits(text):
            spelled[position] = shown
    return spelled


def escape(char: str) -> str:
    """The escape of one code point, as Python writes it."""
    code = ord(char)
    if char in _SHORT:
        return _SHORT[char]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _spelled(text: str) -> Iterator[str]:
    marks = MARKS_IN_A_ROW  # a mark that comes first would sit on our own text
    for char in text:
        if " " <= char <= "~":
            marks = 0
            yield char
            continue
        kind = category(char)
        marks = marks + 1 if kind in ("Mn", "Me") else 0
        acts = kind[0] == "C" or kind in ("Zl", "Zp") or char in _BLANK
        yield escape(char) if acts or marks > MARKS_IN_A_ROW else char


def _link_edits(text: str) -> Iterator[tuple[int, str]]:
    for scheme in _SCHEME.finditer(text):
        double_t = scheme.group().lower().rfind("tt")  # http, https
        if double_t >= 0:
            first = scheme.start() + double_t
            yield from ((first, "x"), (first + 1, "x"))
        else:
            yield scheme.end(), "[:]"
    for host in _HOST.finditer(text):
        yield from ((place, "[.]") for place in range(*host.span()) if text[place] == ".")
    for active in _ACTIVE.finditer(text):
        yield active.start(1), "[:]"


def _join(spelled: list[str], limit: int | None) -> str:
    if limit is None or sum(map(len, spelled)) <= limit:
        return "".join(spelled)
    kept, room = [], limit - len(ELLIPSIS)
    for shown in spelled:
        room -= len(shown)
        if room < 0:
            break
        kept.append(shown)
    return "".join(kept) + ELLIPSIS
