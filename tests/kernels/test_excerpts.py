"""Excerpts: bounded context with the span's place in it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from corpusscan.kernels.excerpts import CUT, escaped, excerpt


@given(st.text(max_size=600), st.integers(0, 600), st.integers(0, 600), st.integers(20, 300))
def test_the_mark_is_the_span(text: str, start: int, length: int, limit: int) -> None:
    """A span that fits is marked exactly, within the limit, in as much context as there is."""
    start = min(start, len(text))
    end = min(start + length, len(text))
    shown, left, right = excerpt(text, start, end, limit)
    assert len(shown) <= limit
    if end - start <= limit:
        assert shown[left:right] == text[start:end]
        assert shown in text
        assert len(shown) == min(limit, len(text))
    else:
        head, tail = shown.split(CUT)[0], shown.split(CUT)[-1]
        assert (left, right) == (0, len(shown)) == (0, limit)
        assert text[start:end].startswith(head)
        assert text[start:end].endswith(tail)


@given(st.text(max_size=300), st.integers(1, 200))
def test_escaped_text_shows_everything(text: str, limit: int) -> None:
    """No control, bidirectional or invisible character is left, and the limit holds."""
    shown = escaped(text, limit)
    assert len(shown) <= limit
    assert not set(shown) & {"\x1b", "\u202e", "\u200b", "\u2028", "\x00", "\n", "\x9b", "\ufeff"}


def test_escapes_are_written_out() -> None:
    """What cannot be seen has a name, and a backslash of the text cannot pretend to be one."""
    assert escaped("a\u200bb\\x") == "a\\u200bb\\\\x"
    assert escaped("abcdef", 4) == "abc…"
    assert escaped("abcd", 4) == "abcd"
