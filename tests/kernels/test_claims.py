"""What copies say of themselves is found as the patterns alone would find it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from corpusscan.kernels import claims

PIECES = [
    "cookie", "Cookies", "all rights reserved", "ALL RIGHTS RESERVED", "персональных данных", "авторских прав",
    "Datenschutzerklärung", "保留所有权利", "개인정보", "§", "Section 12", "section\u00a012", "Artikel ٣", "Art. 5",
    "第十二条", "Law No. 7", "pursuant to", "domain", "for sale", "parked", "welcome to nginx", "网站建设中", "wrote:",
    "schrieb :", "пишет:", "> ", "\n", "----- Original Message", "______________________", "mailing list",
    "this list is", "[quote", "unsubscribe from this list", " ", "  ", "x", "é", "ʼ", "\u0301", "_",
    "7", ".", "\x1c", "\x85", "ſ", "\u212a",
]  # fmt: skip


@settings(deadline=None, max_examples=400)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=14).map("".join))
def test_asking_first_loses_nothing(text: str) -> None:
    """However the words are joined, spaced, cased and cut, as many claims are counted as without the quick look."""
    for claim in (claims.NOTICE, claims.STATUTE, claims.PLACEHOLDER, claims.MAIL):
        assert claim.count(text) == len(claim._exact.findall(text))
        assert claim.occurs(text) == bool(claim._exact.search(text))


def test_the_quick_look_passes_most_texts() -> None:
    """That is what it is for: a text that says nothing of the kind is not looked at twice."""
    for claim in (claims.NOTICE, claims.STATUTE, claims.PLACEHOLDER, claims.MAIL):
        assert not claim._rough.search("The ferry left at noon, and nobody on the pier had seen the second boat. " * 20)
