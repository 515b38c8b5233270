"""Words of two scripts: counterfeit or honest."""

from __future__ import annotations

import pytest

from corpusscan.kernels.characters import Text
from corpusscan.kernels.lookalikes import mixed_words

LATIN = " and some honest words around it."


@pytest.mark.parametrize(
    ("word", "plain"),
    [("pаypal", "paypal"), ("Аpple", "apple"), ("ignorе", "ignore"), ("sayНello", "sayhello"), ("gοogle", "google"),
     ("bαnk", "bank"), ("Βank", "bank"), ("ѕcоре", "scope"), ("Micrоsоft", "Microsoft"), ("ехаmple", "example")],
)  # fmt: skip
def test_counterfeit(word: str, plain: str) -> None:
    """Cyrillic and Greek letters that pass for Latin ones, anywhere in the word."""
    (found,) = mixed_words(Text.of(word + LATIN))
    assert (found.start, found.end, found.severity, found.decoded.lower()) == (0, len(word), "medium", plain.lower())


@pytest.mark.parametrize(
    "word",
    ["β-carotene", "TNFα", "NFκB", "IκBα", "μm", "kΩ", "Straβe", "ΔFosB", "εyε", "γeyiγi", "Яндекс.Browser", "USBшный",
     "ГIалгIай", "ăс-тăн", "дæ", "Tシャツ", "[ˈaβe]", "мир"],
)  # fmt: skip
def test_honest(word: str) -> None:
    """Science, units, phonetics, orthographies, brands with endings, other scripts."""
    assert list(mixed_words(Text.of(word + LATIN))) == []


def test_damage_is_told() -> None:
    """Among replacement characters a mixed word is damage."""
    (found,) = mixed_words(Text.of("\ufffd\ufffd\ufffd EMАIL \ufffd\ufffd"))
    assert (found.severity, found.note) == ("low", "damaged_text")
