"""A language that nobody speaks: words, phrases and pages with an order, so that noise can be told from them."""

from __future__ import annotations

import random

_DRAW = random.Random(5)
_SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "er", "is")]
VOCABULARY = sorted({"".join(_DRAW.choices(_SYLLABLES, k=_DRAW.randint(1, 3))) for _ in range(3_000)})
_COMMON = [1 / (1 + number) for number in range(len(VOCABULARY))]  # some words are commoner than others
PHRASES = [" ".join(_DRAW.choices(VOCABULARY, _COMMON, k=5)) for _ in range(1_500)]
_USUAL = [1 / (1 + number) ** 0.5 for number in range(len(PHRASES))]  # phrases, too


def page(draw: random.Random, count: int = 60) -> str:
    """Phrases as often as each is usual."""
    return ". ".join(draw.choices(PHRASES, _USUAL, k=count)) + "."


def shuffled(draw: random.Random) -> str:
    """A page in another order."""
    said = page(draw).split(" ")
    return " ".join(draw.sample(said, len(said)))
