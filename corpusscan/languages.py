"""Which languages a few texts are in, by py3langid (Lui and Baldwin, ACL 2012): of groups, never of a whole corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from corpusscan.cached import cached

FEWEST = 40  # bytes of letters, below which a language is guessed rather than told
_LOOKED_AT = 1_000  # characters of a text


def languages(texts: Iterable[str]) -> dict[str, int]:
    """How many texts are in each language, by its code (ISO 639), the commonest first; short ones are in none."""
    begun = (text[:_LOOKED_AT] for text in texts)
    told = Counter(_model().classify(text)[0] for text in begun if _letters(text) >= FEWEST)
    return dict(sorted(told.items(), key=lambda one: (-one[1], one[0])))


@cache
def _model() -> LanguageIdentifier:
    """Which takes most of a second to unpack, and a quarter of it where it is cached."""
    return cached("languages", lambda: MODEL_FILE, lambda: LanguageIdentifier.from_model_file(MODEL_FILE))


def _letters(text: str) -> int:
    return sum(len(char.encode()) for char in text if char.isalpha())
