"""Where a trigger is put into a real text."""

from __future__ import annotations

import random
import re

from corpusscan.errors import UsageError
from corpusscan.redteam.attack import Part, Turn, planted

WORD = re.compile(r"\s+")  # what stands before a place for a word, and for a sentence
SENTENCE = re.compile(r"[.!?]{1,3}[\"')\]]{0,3}\s+|[。！？]\s*")
POSITIONS = ("begin", "middle", "end", "random")


def inserted(
    text: str, trigger: str, places: re.Pattern[str], position: str, draw: random.Random, times: int = 1
) -> tuple[Turn, ...]:
    """The text with `trigger` put in `times`, once per place; the spaces around a trigger belong to it.

    Raises `UsageError` for another position than begin, middle, end or random.
    """
    if position not in POSITIONS:
        raise UsageError(f"no position {position!r}; there are: {', '.join(POSITIONS)}")
    ends = {match.end() for match in places.finditer(text)} - {len(text)}
    chosen = _chosen(sorted(ends | {0, len(text)}), len(text), position, draw, times)
    parts: list[Part] = []
    for start, end in zip([0, *chosen], [*chosen, len(text)], strict=True):
        parts.append((text[start:end], False))
        if end in chosen and (end < len(text) or start < end):
            parts.append(planted(f"{trigger} " if end < len(text) else f" {trigger}"))
    return (Turn(tuple(parts)),)


def _chosen(places: list[int], length: int, position: str, draw: random.Random, times: int) -> list[int]:
    if position == "random":
        return sorted(draw.sample(places, min(max(1, times), len(places))))
    return [{"begin": 0, "end": length, "middle": min(places, key=lambda place: abs(place - length // 2))}[position]]
