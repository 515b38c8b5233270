"""What a reviewer sees of a text: the span that was flagged and a little of what is round it."""

from __future__ import annotations

LIMIT = 240  # code points of an excerpt
CUT = " … "


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
