"""Nothing a screen would obey or hide survives `visible`; nothing that could be followed survives `defang`."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpusscan.report.visible import defang, spell, visible

ANY = st.text(
    st.characters(exclude_categories=()) | st.sampled_from("\x1b\u202e\u200b\ud800\U000e0041\u0301\u2028\ufe0f")
)


@given(ANY)
def test_no_control_or_invisible_character_survives(text: str) -> None:
    """Controls, formats, surrogates, separators and unassigned code points never reach a screen."""
    assert all(unicodedata.category(char)[0] != "C" for char in visible(text) + defang(text))
    assert not set("\u2028\u2029\ufe0f\u3164\u034f") & set(visible(text))


@given(ANY, st.integers(1, 40))
def test_a_limit_is_kept_and_never_cuts_an_escape(text: str, limit: int) -> None:
    """The result is at most `limit` long, and all but the ellipsis is a prefix made of whole code points."""
    short = visible(text, limit)
    assert len(short) <= limit
    if short != visible(text):
        prefixes = {"".join(spell(text)[:n]) for n in range(limit + 1)}
        assert short.removesuffix("…") in prefixes


@given(ANY)
def test_one_string_per_code_point(text: str) -> None:
    """Offsets into the text are offsets into its spelling, with and without dead links."""
    assert len(spell(text)) == len(spell(text, harmless_links=True)) == len(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ASCII \\x1b stays", "plain ASCII \\x1b stays"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\x9b31m\x7f\x00", "\\x9b31m\\x7f\\x00"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("lone\udcff", "lone\\udcff"),
        ("line\u2028end\u2029", "line\\u2028end\\u2029"),
        ("日本語 العربية हिन्दी naïve", "日本語 العربية हिन्दी naïve"),
    ],
)
def test_what_becomes_of(text: str, shown: str) -> None:
    """Escapes are written as Python writes them; letters of every script stay."""
    assert visible(text) == shown


def test_marks_cannot_climb_out_of_their_line() -> None:
    """Combining marks beyond four in a row, or before any letter, are spelled out."""
    assert visible("e" + "\u0301" * 50).count("\u0301") == 4
    assert visible("\u0301x") == "\\u0301x"


@pytest.mark.parametrize(
    ("text", "dead"),
    [
        ("see http://evil.example/a.b?c=d.e now", "see hxxp://evil[.]example/a.b?c=d.e now"),
        ("HTTPS://EVIL.EXAMPLE", "HxxPS://EVIL[.]EXAMPLE"),
        ("ftp://a.b.c/x", "ftp[:]//a[.]b[.]c/x"),
        ("//evil.example/x", "//evil[.]example/x"),
        ("www.evil.example", "www[.]evil[.]example"),
        ("javascript:alert(1)", "javascript[:]alert(1)"),
        ("mailto:me@x", "mailto[:]me@x"),
        ("e.g. os.path and 3.14", "e.g. os.path and 3.14"),
    ],
)
def test_links_are_dead(text: str, dead: str) -> None:
    """No scheme or host remains that a program would turn into a link; other dots stay."""
    assert defang(text) == dead


@given(
    st.lists(st.sampled_from(["http://", "https://", "a.b", "www.", "x", " ", "\u200b", "//", ":", "t"])).map("".join)
)
def test_no_web_scheme_survives(text: str) -> None:
    """However pieces of addresses are strung together, no `http://HOST` is left."""
    assert not re.search(r"https?://[^\s/?#<>\"']", defang(text), re.IGNORECASE)
