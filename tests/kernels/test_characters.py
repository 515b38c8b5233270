"""The shipped table of kinds and scripts."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest

from corpusscan.kernels.characters import Kind, Script, Text, runs


@pytest.mark.parametrize(
    ("char", "kind", "script"),
    [
        ("a", Kind.LETTER, Script.LATIN), ("Ж", Kind.LETTER, Script.CYRILLIC), ("ω", Kind.LETTER, Script.GREEK),
        ("\u0301", Kind.MARK, Script.COMMON), ("\u05d0", Kind.LETTER, Script.HEBREW),
        ("ب", Kind.LETTER, Script.ARABIC),
        ("क", Kind.LETTER, Script.INDIC), ("ሀ", Kind.LETTER, Script.ALPHABET), ("漢", Kind.LETTER, Script.EAST_ASIAN),
        ("한", Kind.LETTER, Script.HANGUL), ("\u200b", Kind.INVISIBLE, Script.COMMON),
        ("\t", Kind.SPACE, Script.COMMON),
        ("\x08", Kind.CONTROL, Script.COMMON), ("\x93", Kind.CONTROL, Script.COMMON),
        ("\x85", Kind.SPACE, Script.COMMON),
        ("\u202e", Kind.BIDI, Script.COMMON), ("\u200f", Kind.DIRECTION_MARK, Script.COMMON),
        ("\U000e0041", Kind.TAG, Script.COMMON), ("\ufe0f", Kind.SELECTOR, Script.COMMON),
        ("\U000e0100", Kind.SELECTOR, Script.COMMON), ("\ue000", Kind.PRIVATE, Script.COMMON),
        ("\uffff", Kind.UNASSIGNED, Script.COMMON), ("\u3164", Kind.INVISIBLE, Script.HANGUL),
        ("7", Kind.DIGIT, Script.COMMON), ("😀", Kind.OTHER, Script.COMMON),
    ],
)  # fmt: skip
def test_characters_are_what_they_are(char: str, kind: Kind, script: Script) -> None:
    """One example of each kind and each group of scripts."""
    text = Text.of(char)
    assert (Kind(int(text.kinds[0])), Script(int(text.scripts[0]))) == (kind, script)


def test_letters_and_marks_are_those_of_unicode() -> None:
    """What the table calls a letter or a digit has that general category wherever this Python knows the character."""
    every = "".join(chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)
    kinds = Text.of(every).kinds.tolist()
    wanted = {Kind.LETTER: ("L", "Mc"), Kind.DIGIT: ("Nd", "Cn"), Kind.MARK: ("Mn", "Me"), Kind.PRIVATE: ("Co",)}
    wrong = [
        char for char, kind in zip(every, kinds, strict=True)
        if kind in wanted and not (unicodedata.category(char) + " Cn").startswith((*wanted[Kind(kind)], "Cn"))
    ]  # fmt: skip
    assert wrong == []


def test_runs_are_maximal() -> None:
    """Begin and end of each run of true values, at the edges too."""
    assert runs(np.array([True, True, False, True])).tolist() == [[0, 2], [3, 4]]
    assert runs(np.zeros(0, np.bool_)).tolist() == []
