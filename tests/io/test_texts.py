"""Nested values, long texts, words and moments: nothing is lost, and nothing a record holds is a crash."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpusscan.io.rows.account import Account
from corpusscan.io.rows.columns import Layout, host
from corpusscan.io.rows.texts import decoded, pieces, walk
from corpusscan.io.rows.values import LENGTH, instant, word

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.dates() | st.datetimes()
)
ANY = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner), max_leaves=10)


def strings(value: Any) -> list[str | bytes]:
    """All strings inside, objects by key, found by recursion."""
    if isinstance(value, str | bytes):
        return [value]
    inner = (
        [value[key] for key in sorted(value)] if isinstance(value, dict) else value if isinstance(value, list) else ()
    )
    return [text for item in inner for text in strings(item)]


@given(ANY)
def test_walk_finds_every_string_in_order(value: Any) -> None:
    """Strings and bytes at any depth, none lost, none invented; numbers come as text beside them."""
    account = Account()
    found = [text for _, _, text in walk(value, "text", account)]
    wanted = strings(value)
    remaining = iter(found)
    assert all(any(text == other and type(text) is type(other) for other in remaining) for text in wanted)
    assert len(found) == len(wanted) + account.reasons["scanned"]["number_as_text"]


@given(st.text(max_size=400), st.integers(16, 2000))
def test_pieces_cover_the_text(text: str, limit: int) -> None:
    """Pieces stay within the limit, overlap or touch, and put together are the text."""
    done = 0
    for start, piece in pieces(text, limit):
        assert len(piece.encode("utf-8", "replace")) <= limit
        assert start <= done
        assert text[start : start + len(piece)] == piece
        done = max(done, start + len(piece))
    assert done == len(text)


def test_pieces_overlap_so_that_no_phrase_is_cut() -> None:
    """Neighbours of a long text share 4096 code points: a phrase shorter than that lies whole in one."""
    text = "".join(chr(97 + i % 26) for i in range(2_000_000))
    cut = list(pieces(text, 2**18))
    ends = [start + len(piece) for start, piece in cut]
    assert len(cut) > 2
    assert all(end - start >= 4096 for end, (start, _) in zip(ends, cut[1:], strict=False))


@given(st.text(st.characters(exclude_categories=()), max_size=20) | st.binary(max_size=20))
def test_decoded_is_always_valid(text: str | bytes) -> None:
    """Whatever comes, the result is Unicode that encodes; an anomaly is told exactly where something was replaced."""
    clean, kind, _ = decoded(text)
    encoded = clean.encode()
    assert bool(kind) == ((text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")) != encoded)


@given(ANY)
def test_no_value_breaks_a_word_or_a_moment(value: Any) -> None:
    """Ids, labels and times are whatever an attacker writes: short text or None, a moment or None."""
    name = word(value)
    assert name is None or (0 <= len(name) <= LENGTH and name.encode())
    moment = instant(value)
    assert moment is None or moment.tzinfo is dt.UTC


@given(
    st.text(max_size=70)
    | st.from_regex(r"[A-Za-z]{0,3},? ?[0-9]{1,4}[ -/][A-Za-z0-9]{1,3}[ -/][0-9: +-]{1,20}", fullmatch=True)
)
def test_no_text_breaks_the_reading_of_a_date(text: str) -> None:
    """ISO, e-mail and numbers are tried; anything else is None."""
    moment = instant(text)
    assert moment is None or moment.tzinfo is dt.UTC


@pytest.mark.parametrize(
    "value",
    [
        1_715_949_000, 1_715_949_000.0, 1_715_949_000_000, 1_715_949_000_000_000, "1715949000", "2024-05-17T12:30:00Z",
        "2024-05-17 12:30", " 2024-05-17T14:30:00+02:00 ", "Fri, 17 May 2024 12:30:00 +0000", "20240517T123000",
        dt.datetime(2024, 5, 17, 12, 30), dt.datetime(2024, 5, 17, 12, 30, tzinfo=dt.UTC),
    ],
)  # fmt: skip
def test_moments_in_the_usual_spellings(value: Any) -> None:
    """Unix seconds, milliseconds and microseconds, ISO 8601, e-mail dates: one moment."""
    assert instant(value) == dt.datetime(2024, 5, 17, 12, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://A.example:8080/x?y", "a.example"),
        ("http://u:p@b.example?q", "b.example"),
        ("http://[::1]:80/", "[::1]:80"),
        ("plain", "plain"),
    ],
)
def test_the_host_of_an_address(address: str, name: str) -> None:
    """Without scheme, user, port and path, in lower case."""
    assert host(address) == name


def test_endless_names_of_columns_are_told_in_part() -> None:
    """Columns left unscanned are listed, but their number and length are the attacker's choice."""
    from corpusscan.config import Columns

    layout = Layout.of([f"{i:05}" * 200 for i in range(5000)], Columns())
    assert len(layout.unscanned) == 256
    assert max(map(len, layout.unscanned)) == 256
