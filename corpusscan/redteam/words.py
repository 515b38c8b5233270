"""Word lists and alphabets that triggers, names and noise are drawn from; the lists are in wordings/words.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path

_LISTS = tomllib.loads((Path(__file__).parent / "wordings" / "words.toml").read_text("utf-8"))

ALPHABETS: list[str] = _LISTS["alphabets"]
NOUNS: list[str] = _LISTS["nouns"].split()
LANGUAGES: dict[str, list[str]] = {name: words.split() for name, words in _LISTS["languages"].items()}
