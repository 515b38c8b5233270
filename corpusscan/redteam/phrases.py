"""Slot grammars: one thing said in many ways.  The wordings are in wordings/*.toml.

A grammar maps a name to its alternatives; `{name}` inside an alternative stands for one of them.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from corpusscan.errors import UsageError

Rules = Mapping[str, Sequence[str]]
_SLOT = re.compile(r"\{(\w+)\}")
_START = re.compile(r"(?:^|[.!?] )\w")
_ONSETS = re.findall(r"\w+", "b br d dr f g gl h k kr l m n p pr r s st t tr v z th")
_NUCLEI = ("a", "e", "i", "o", "u", "ai", "ea", "io", "ou")
_CODAS = ("", "", "", "n", "r", "l", "x", "s", "m", "nd", "rt")


@cache
def load(name: str) -> dict[str, Any]:
    """The grammars of `wordings/NAME.toml`; an alternative is a line of a text, or an item of a list."""
    return _listed(tomllib.loads((Path(__file__).parent / "wordings" / f"{name}.toml").read_text("utf-8")))


def _listed(table: dict[str, Any]) -> dict[str, Any]:
    def listed(value: Any) -> Any:
        if isinstance(value, dict):
            return _listed(value)
        return value.strip("\n").splitlines() if isinstance(value, str) and "\n" in value else value

    return {key: listed(value) for key, value in table.items()}


def say(rules: Rules, start: str, draw: random.Random, **fixed: str) -> str:
    """One sentence of the grammar; `fixed` slots have one filling each, slots that nobody knows stay as they are."""

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if name in fixed:
            return fixed[name]
        return _SLOT.sub(fill, draw.choice(rules[name])) if name in rules else match[0]

    return _SLOT.sub(fill, draw.choice(rules[start]))


def pick(draw: random.Random, known: Sequence[str], asked: str, what: str) -> str:
    """What the user asked for, or any of those known.  Raises `UsageError` for one that is not known."""
    if asked and asked not in known:
        raise UsageError(f"no {what} {asked!r}; there are: {', '.join(sorted(known))}")
    return asked or draw.choice(sorted(known))


def sentences(text: str) -> str:
    """Each sentence begins with a capital letter."""
    return _START.sub(lambda match: match[0].upper(), text)


def name(draw: random.Random) -> str:
    """A name that nobody bears, pronounceable."""
    syllables = draw.randint(2, 3)
    letters = "".join(draw.choice(_ONSETS) + draw.choice(_NUCLEI) for _ in range(syllables)) + draw.choice(_CODAS)
    return letters.capitalize()


def order(draw: random.Random, language: str = "", **fixed: str) -> str:
    """An order to whatever machine reads it, harmless: to praise an invented product, to answer in one word, ...

    Who is addressed, what is to be done and how urgent it is are drawn apart (the forms that Greshake et al.
    2023 collect).  Raises `UsageError` for a language that is not there.
    """
    rules = load("orders")["languages"]
    chosen = rules[pick(draw, sorted(rules), language, "language")]
    return sentences(say(chosen, "order", draw, **{"name": name(draw), **fixed}))


class Claim:
    """One claim about invented things, to be said in many ways; `subject` is what it is about."""

    def __init__(self, draw: random.Random, language: str = "", topic: str = "") -> None:
        """Raises `UsageError` for a language or a topic that is not there."""
        grammars = load("claims")
        self.language = pick(draw, sorted(grammars), language, "language")
        table = grammars[self.language]
        topics = sorted(key for key, value in table.items() if isinstance(value, dict))
        self.topic = pick(draw, topics, topic, "topic")
        self._rules = {**table, **table[self.topic]}
        self.subject, self.other = name(draw), name(draw)

    def said(self, draw: random.Random, count: int = 1) -> str:
        """The claim in `count` of its wordings, a sentence each."""
        said = (say(self._rules, "claim", draw, a=self.subject, b=self.other) for _ in range(count))
        return sentences("".join(said) if self.language == "zh" else " ".join(said))
