"""What copies say of themselves is found as the patterns alone would find it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from corpusscan.kernels import claims

CLAIMS = (claims.NOTICE, claims.STATUTE, claims.PLACEHOLDER, claims.MAIL, claims.LIST)
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
    for claim in CLAIMS:
        assert claim.count(text) == len(claim._exact.findall(text))
        assert claim.occurs(text) == bool(claim._exact.search(text))


@settings(deadline=None, max_examples=200)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=14).map("".join), st.integers(0, 20))
def test_what_a_claim_covers_is_counted_once(text: str, reach: int) -> None:
    """Each character within reach of an occurrence counts once, however many occurrences are near."""
    for claim in CLAIMS:
        near = [False] * len(text)
        for found in claim._exact.finditer(text):
            for i in range(max(found.start() - reach, 0), min(found.end() + reach, len(text))):
                near[i] = True
        assert claim.covered(text, reach) == sum(near) / max(len(text), 1)


def test_the_quick_look_passes_most_texts() -> None:
    """That is what it is for: a text that says nothing of the kind is not looked at twice."""
    for claim in CLAIMS:
        assert not claim._rough.search("The ferry left at noon, and nobody on the pier had seen the second boat. " * 20)
