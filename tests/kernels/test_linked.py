"""What is mostly addresses is no payload that says again what was said before."""

from __future__ import annotations

import polars as pl
import pytest

from corpusscan.kernels import linked, outcomes


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (r'{"small":"https:\/\/www.site.example\/a-b-c.jpg","big":"https:\/\/www.site.example\/a-b-c.jpg"}', True),
        ("https://www.site.example/a/b/c and", True),
        ("words before http://a.example and many more words behind it", False),
        ("either/or, and again either/or, and again either/or", False),
        ("", False),
    ],
)
def test_addresses_are_known_by_their_slashes(text: str, *, wanted: bool) -> None:
    """Two in a row, or one as JSON writes it, with all that is written on without a space."""
    assert linked.is_linked(text) is wanted


def test_most_carriers_must_have_them_behind_what_is_said_again() -> None:
    """Half is not most; no other kind of outcome is excused."""
    assert linked.why(outcomes.AGAIN, pl.Series([True, True, False])) == linked.ADDRESSES
    assert linked.why(outcomes.AGAIN, pl.Series([True, False])) is None
    assert linked.why(outcomes.SWITCH, pl.Series([True, True])) is None
