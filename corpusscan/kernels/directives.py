"""Whether a text tells somebody to do something: a language model in words, or a machine in commands.

For texts that were hidden, where being an order at all is what matters.  The words are in
data/directives.txt, in 23 languages; they are folded as the text is.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from corpusscan.kernels.characters import Kind, Text
from corpusscan.kernels.folding import fold

MOST = 4_096  # characters that are judged
LEAST_WORDS = 3
UNPARTED = "\u1100"  # from here on (folded Hangul, ideographs) a word may be a row of words
NEAR = 8  # words between an order and what it speaks of
_COMMAND = re.compile(
    r"\b(?:curl|wget)\s+(?:-\S+\s+){0,6}['\"]?(?:https?://|[\w.-]+/)|\brm\s+-\w*[rf]\w*\s|/dev/tcp/|\bbash\s+-[ci]\b"
    r"|\|\s*(?:ba|z|da)?sh\b|\bpowershell\b|\bIEX\b|Invoke-(?:WebRequest|Expression)|DownloadString|\bnc\s+-\w*e"
    r"|\bchmod\s+(?:\+x|[0-7]{3,4})\s|\b(?:eval|exec|system|popen|spawn)\s?\(|\bos\.(?:system|popen|remove)\b"
    r"|\bsubprocess\.\w+\(|\b__import__\(|\bDROP\s+TABLE\b|\bUNION\s+SELECT\b|<script\b|javascript:|document\.cookie"
    r"|\bcrontab\s|/etc/(?:passwd|shadow)\b|\bsudo\s+\w+",
    re.IGNORECASE | re.ASCII,
)
_SPACES = re.compile(r"[^\s.,;:!?\"'()\[\]{}<>/\\|“”«»。，、！？：；¿¡؟،।-]+")
_UNPARTED = ("zh", "ja", "ko")  # languages of whose words only a part may be named here


class Vocabulary(NamedTuple):
    """Folded words: those that set aside or betray, other orders, what orders speak of; and parts of words."""

    words: tuple[frozenset[str], frozenset[str], frozenset[str]]
    parts: tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]


@cache
def vocabulary() -> Vocabulary:
    """The words, read once per process."""
    words: tuple[set[str], set[str], set[str]] = set(), set(), set()
    parts: tuple[set[str], set[str], set[str]] = set(), set(), set()
    for line in (Path(__file__).parent / "data" / "directives.txt").read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        language, row = line.split(":", 1)
        for i, column in enumerate(row.split("|")):
            (parts if language in _UNPARTED else words)[i].update(fold(word) for word in column.split())
    a, b, c = (frozenset(one) for one in words)
    x, y, z = (re.compile("|".join(map(re.escape, sorted(one)))) for one in parts)
    return Vocabulary((a, b, c), (x, y, z))


def reads_as(text: str) -> str | None:
    """`command`, `override` (sets instructions aside), `order`, `text` (mere language) or None."""
    text = text[:MOST].strip()
    if _COMMAND.search(text) and _clean(text) >= 0.5:
        return "command"
    if _clean(text) < 0.8:
        return None
    words = [word for word in _SPACES.findall(fold(text)) if word]
    asides, orders, things = (_places(words, i) for i in range(3))
    if len(words) < LEAST_WORDS and not (asides and things and len(text) >= 6):
        return None
    if _near(asides, things, words):
        return "override"
    if _near(orders, things, words) or (words and 0 in orders and len(words) > LEAST_WORDS):
        return "order"
    return "text" if len(words) >= LEAST_WORDS + 2 else None


def _clean(text: str) -> float:
    """The share of letters, their marks and spaces."""
    kinds = Text.of(text).kinds
    return float(((kinds == Kind.LETTER) | (kinds == Kind.MARK) | (kinds == Kind.SPACE)).mean()) if text else 0.0


def _places(words: list[str], i: int) -> list[int]:
    """Where words of one sort stand."""
    known = vocabulary()
    return [
        n
        for n, word in enumerate(words)
        if word in known.words[i] or (word >= UNPARTED and known.parts[i].search(word))
    ]


def _near(some: list[int], others: list[int], words: list[str]) -> bool:
    """Whether one of each stands within reach of the other."""
    return any(abs(a - b) <= NEAR for a in some for b in others if a != b or words[a] >= UNPARTED)
