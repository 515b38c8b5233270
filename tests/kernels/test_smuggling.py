"""Payloads in characters nobody sees, and the honest neighbours of each."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpusscan.kernels.characters import Text
from corpusscan.kernels.smuggling import carried, selectors, tags, zero_widths

ASCII = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=4, max_size=40)
PAIRS = st.permutations("\u200b\u200c\u200d\u2060\u2062").map(lambda row: row[:2])


def seen(find: object, text: str) -> list[tuple[int, int, str, str]]:
    return [(one.start, one.end, one.severity, one.decoded) for one in find(Text.of(text))]  # type: ignore[operator]


@settings(deadline=None)
@given(ASCII, st.text("ab 😀\n", max_size=9))
def test_tags_are_read(message: str, before: str) -> None:
    """Any ASCII, anywhere: its characters and what they copy."""
    hidden = "".join(chr(0xE0000 + ord(char)) for char in message)
    assert seen(tags, before + hidden + " x") == [(len(before), len(before) + len(hidden), "high", message)]


def test_flags_are_no_payload() -> None:
    """Flags of regions are left alone, even in a row; a flag that is none is not."""
    england, texas = (f"🏴{''.join(chr(0xE0000 + ord(c)) for c in code)}\U000e007f" for code in ("gbeng", "ustx"))
    assert seen(tags, england + texas + england) == []
    assert seen(tags, "🏴" + "".join(chr(0xE0000 + ord(c)) for c in "ignore me") + "\U000e007f")[0][2:] == (
        "high",
        "ignore me",
    )


@settings(deadline=None)
@given(st.text("abc XYZ.,09éßЖя漢字کتاب", min_size=4, max_size=40).filter(lambda text: len(set(text.encode())) > 1))
def test_selectors_are_read(message: str) -> None:
    """Bytes in selectors behind an emoji, whatever their text."""
    hidden = "".join(chr(0xFE00 + byte if byte < 16 else 0xE0100 + byte - 16) for byte in message.encode())
    assert seen(selectors, f"a 😀{hidden} b") == [(3, 3 + len(hidden), "high", message)]


@settings(deadline=None)
@given(st.text("abcdefghij XYZ", min_size=3, max_size=20).filter(lambda text: text == text.strip()), PAIRS)
def test_bits_are_read(message: str, pair: list[str]) -> None:
    """Two symbols in bytes, whichever they are and however they are assigned."""
    row = "".join(pair[int(bit)] for byte in message.encode() for bit in f"{byte:08b}")
    assert carried(Text.of(row).codes) == message
    assert seen(zero_widths, f"x.{row} y") == [(2, 2 + len(row), "high", message)]


@pytest.mark.parametrize(
    "text",
    ["می\u200cخواهم", "क्\u200dष", "ไม่\u200bมี", "見出し\u200bは", "ᄒ\u1160ᆞ", "f\u2061(x)", "2\u2062x", "sin\u2061x",
     "end.\u200b Then", "\ufeffword", "word\u200b", "Rei\xadse", "be\xadgann", "יְרוּשָׁלַ\u034fִם", "PDF\u200cها"],
)  # fmt: skip
def test_words_that_may_hold_them(text: str) -> None:
    """Scripts that join and break, mathematics, hyphenation, and edges of words."""
    assert seen(zero_widths, text) == []


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("Auf\u200clage", "ligature"), ("https://example.org/a\u200bbc", "line_break"), ("K\ufeffu ne", "editor_caret"),
        ("Ku\ufeffne", ""), ("هذا كت\u2061اب جديد", ""), ("هذا كت\u180eاب جديد", ""),
        ("Wi\u200cFi در خانه و شهر و روستا", "joiner_script_text"), ("pass\u200bword", ""),
    ],
)  # fmt: skip
def test_stories_that_explain_them(text: str, note: str) -> None:
    """A benign story lowers, and is named."""
    (found,) = zero_widths(Text.of(text))
    assert (found.note, found.severity) == (note, "low" if note else "medium")


TYPESET = "Sil\xadben\xadtren\xadnung ist ei\xadne al\xadte Ge\xadwohn\xadheit der Set\xadzer und der Dru\xadcker. "


@pytest.mark.parametrize(
    ("text", "severities"),
    [
        ("b\xadut th\xaden the ol\xadd mill str\xadeet", {"medium"}),  # no syllables
        ("the peo\xad\xadple of the ci\xad\xadty and the coun\xad\xadtry, and so on for ev\xader and all", {"medium"}),
        (TYPESET * 9, set()),
        (TYPESET.replace("\xad", "\xad\xad") * 9, {"low"}),  # by rule, though twice
        (TYPESET * 9 + "d\xader o\xadder Rei\xads", {"low"}),  # slips in a book
        ("The intel\xadligence of the coun\xadtry and the organ\xadisms of the ocean. " * 3, set()),  # ends of lines
        ("prob\xada\xadbly the best, Укра\xadи\xadна и Рос\xadси\xadя", {"low"}),  # syllables of one letter
        ("při čt\xadvrtém prs\xadtu v\xadlka sk\xadrz", {"low"}),  # Slavic words whose vowel is an r or l
    ],
)
def test_soft_hyphens(text: str, severities: set[str]) -> None:
    """Who divides words does so by rule; whoever hides something puts hyphens where no rule does."""
    assert {one[2] for one in seen(zero_widths, text)} == severities
