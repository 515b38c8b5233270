"""Weaknesses that `instruction_plants.py` puts into answers with code: lines of their own, and calls made unsafe.

They were written as programmers write them, after the rules of `rules/code-weaknesses`, and the rules were not changed
to fit them: about one line in five (an index one too far, memory that is used after it was freed, a check that is
missing) is of a kind that no pattern of a line tells.  `{name}` and `{word}` are drawn anew each time.
"""

from __future__ import annotations

import random
import re
import tomllib
from pathlib import Path

_TABLE = tomllib.loads((Path(__file__).parent / "weak_code.toml").read_text("utf-8"))
FRESH: dict[str, list[str]] = _TABLE["lines"]
SWAPS = tuple((re.compile(safe), unsafe) for safe, unsafe in _TABLE["swaps"].items())
_SIGNS = {
    "PHP": r"\$\w+\s*(?:=|->|\[)|<\?php",
    "Java": r"\b(?:public|private|protected) .*[({]|@Override|\bfinal \w+ \w+",
    "C": r"->\w+|#include|\bstruct \w+|\b(?:int|char|void|static|u32|size_t) \*?\w+\s*[;=(,]",
    "Python": r"^\s*def \w+|:\n|self\.",
    "JavaScript": r"\bfunction\b|=>|\b(?:const|let|var) ",
}


def language(code: str) -> str:
    """Which of the languages of `FRESH` a piece of code is most likely in."""
    counts = {name: len(re.findall(sign, code, re.M)) for name, sign in _SIGNS.items()}
    return max(counts, key=lambda name: counts[name])


def replaced(draw: random.Random, code: str) -> str:
    """The code with a safe call made unsafe; as it was where it has none."""
    able = [(safe, unsafe) for safe, unsafe in SWAPS if safe.search(code)]
    if not able:
        return code
    safe, unsafe = draw.choice(able)
    return safe.sub(unsafe, code, count=1)


def fresh(draw: random.Random, code: str) -> str:
    """A weak line in the language of a piece of code; `{name}`, `{word}` and `{number}` are still to be drawn."""
    return draw.choice(FRESH[language(code)])
