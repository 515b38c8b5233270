"""What a reviewer sees of a text: the span that was flagged and a little of what is round it."""

from __future__ import annotations

import re
from typing import NamedTuple

LIMIT = 240  # code points of an excerpt
CUT = " … "

# Controls, bidirectional and invisible characters, line separators, surrogates, what Unicode ignores by default.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f"
    "\u205f-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


class Place(NamedTuple):
    """Where a rule found something: ordered, and hashable, so that nothing is told twice."""

    row: int
    field: str
    start: int  # code points in the field, half-open
    end: int
    rule: str


def excerpt(text: str, start: int, end: int, limit: int = LIMIT) -> tuple[str, int, int]:
    """At most `limit` code points round text[start:end], and where the span lies in them.

    A span that is too long for the limit keeps its head and its tail.
    """
    start = min(max(start, 0), len(text))
    end = min(max(end, start), len(text))
    if end - start > limit:
        tail = (limit - len(CUT)) // 2
        head = limit - len(CUT) - tail
        return text[start : start + head] + CUT + text[end - tail : end], 0, limit
    spare = limit - (end - start)
    before = max(min(start, spare // 2), spare - (len(text) - end))
    first = max(start - before, 0)
    return text[first : first + limit], start - first, end - first


def escaped(text: str, limit: int = 120) -> str:
    """At most `limit` characters of a text, with those that cannot be seen written out (\\u200b)."""
    shown = ""
    for char in text[:limit]:
        seen = char.encode("unicode_escape").decode() if char == "\\" or _UNSEEN.match(char) else char
        if len(shown) + len(seen) > limit or (len(shown) + len(seen) == limit and len(text) > limit):
            return shown[: limit - 1] + "…"
        shown += seen
    return shown if len(text) <= limit else shown[: limit - 1] + "…"
