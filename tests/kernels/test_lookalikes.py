"""Words of two scripts: counterfeit or honest."""

from __future__ import annotations

import pytest

from corpusscan.kernels.characters import Text
from corpusscan.kernels.lookalikes import forms, mixed_words, styled_words

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


HAN = "他是一个人，大家都在水边说话，日月同辉，高山上有人。"


@pytest.mark.parametrize(
    ("text", "severities"),
    [
        (HAN + "这⼈看⾼楼的⾦顶", ["medium"] * 3),  # three of many
        (HAN + "这⼈看高楼", ["low"]),  # one: a slip
        ("这⼈看⾼楼的⾦顶在⽔边", ["low"] * 4),  # all: a font whose glyphs are named so
        (HAN + "部首：⼈、⾼、⾦", []),  # a dictionary lists them
    ],
)
def test_radicals_in_the_place_of_ideographs(text: str, severities: list[str]) -> None:
    """Some of many were exchanged by somebody; all of them by a converter."""
    assert [one.severity for one in forms(Text.of(text))] == severities


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("قر\ufead نظر\ufe93ها، في ال\ufee4دينة، وسا\ufecbتان، بع\ufeaa", 5),
        ("\ufe8d\ufedf\ufeb4\ufefc\ufee1 \ufee3\ufea9\ufef3\ufee8\ufe94 كتاب", 0),  # an old file
        ("عل\ufef2 ف\ufef2 إل\ufef2 حت\ufef2 مت\ufef2 ه\ufef2", 0),  # a converter that forgot one
        ("الل\ufef2 ل\ufefb", 0),
    ],
)
def test_shapes_of_arabic_letters(text: str, places: int) -> None:
    """Each another one among plain letters is an attack; whole words, and the same again and again, are not."""
    assert len(list(forms(Text.of(text)))) == places


def test_styles_that_keep_changing() -> None:
    """Letters at the edges of words count where each is of another style; one style is a formula."""
    motley = "th\U0001d41e ol\U0001d555 mil\U0001d5c5 wa\U0001d69c quiet"
    assert [one.severity for one in styled_words(Text.of(motley))] == ["medium"] * 4
    assert (
        list(styled_words(Text.of("d\U0001d465 and d\U0001d466, the \U0001d45bth and \U0001d456th, \U0001d400x"))) == []
    )


def test_digits_of_another_style_inside_numbers() -> None:
    """A number is written in one style; a variable may follow its factor."""
    numbers = "sections 4\U0001d7d29,000 and 3,32\U0001d7e3, 1\U0001d7e775"
    assert [one.severity for one in styled_words(Text.of(numbers))] == ["medium"] * 3
    assert list(styled_words(Text.of("2\U0001d465 + 30\U0001d466, \U0001d7d0\U0001d7d1, \U0001d7d8"))) == []
