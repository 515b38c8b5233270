"""Bidirectional controls: what reorders letters, and what only keeps bilingual text in order."""

from __future__ import annotations

import pytest

from corpusscan.kernels.characters import Text
from corpusscan.kernels.reordering import reorderings


def found(text: str) -> list[tuple[str, str, str]]:
    return [(text[one.start : one.end], one.severity, one.note) for one in reorderings(Text.of(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name \u202etxt.exe\u202c end", ("\u202etxt.exe\u202c", "medium", "")),
        ("a = 1; /* \u202e } if (x) */", ("\u202e } if (x) */", "high", "")),
        ("x \u2067''' ;return", ("\u2067''' ;return", "high", "")),
        ("שלום \u202eabc\u202c", ("\u202eabc\u202c", "low", "bilingual_line")),
        ("say \u2067nothing", ("\u2067nothing", "low", "left_open")),
        ("他说\u202e起国\u202c来了", ("\u202e起国\u202c", "medium", "")),
        ("мы \u2067\u2066о\u2069\u2066н\u2069\u2069 там", ("\u2067\u2066о\u2069\u2066н\u2069\u2069", "medium", "")),
        ("\u202eab \u2066cd\u2069\u202c", ("\u202eab \u2066cd\u2069\u202c", "high", "")),
    ],
)
def test_reordering(text: str, expected: tuple[str, str, str]) -> None:
    """Overrides of letters that run the other way, isolates that nothing closes among code, controls woven together."""
    assert found("first line\n" + text + "\nlast") == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "שלום \u202bעולם\u202c", "a \u2068שלום\u2069 b", "call \u202a+1 555 0199\u202c now", "\u2067שלום (a)\u2069 x",
        "He said \u2067hello\u2069 to me.", "\u202eשלום\u202c", "if (x) { \u2066a\u2069 }", "\u202c\u2069 stray ends",
        "\u202e\U00010800\U00010801\u202c",
    ],
)  # fmt: skip
def test_order_is_kept(text: str) -> None:
    """Balanced isolates and embeddings, overrides of letters that run that way, ends without beginnings."""
    assert found(text) == []
