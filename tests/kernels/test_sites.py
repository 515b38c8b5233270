"""How much of a text speaks of the site it stands on: as a plain count says, in linear time, whatever the script."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpusscan.kernels import sites

UNSPACED = [(0xE00, 0xEFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x3400, 0x9FFF), (0xF900, 0xFAFF)]
PAGE = "Log in to edit this page, or delete the files that you uploaded to the server of this website before. "
TALE = "The ferry left at noon, and nobody on the pier had seen the second boat come in from the island again. "


def of(character: str) -> str:
    """What a character is to a reader of words: "pair" of an unspaced script, "word", or "" between words."""
    if any(first <= ord(character) <= last for first, last in UNSPACED):
        return "pair"
    return "word" if character.isalpha() or unicodedata.category(character) in ("Mn", "Mc") else ""


def plain(text: str) -> list[str]:
    """The tokens, character by character."""
    runs: list[str] = []
    kinds: list[str] = []
    before = ""
    for character in text.casefold():
        kind = of(character)
        if kind and kind == before:
            runs[-1] += character
        elif kind:
            runs.append(character)
            kinds.append(kind)
        before = kind
    found = []
    for run, kind in zip(runs, kinds, strict=True):
        found += [run] if kind == "word" or len(run) == 1 else [run[i : i + 2] for i in range(len(run) - 1)]
    return found


LETTERS = st.characters(categories=("Lu", "Ll", "Lo", "Nd", "Po", "Zs", "Cc"), max_codepoint=0xFFFF)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from([*"aéßЖжשअ漢かคก ,.7_", "İ", "\u0301", "\u094d"]) | LETTERS, max_size=40).map("".join))
def test_tokens_are_words_and_pairs(text: str) -> None:
    """Letters and the marks on them make words; Chinese, Japanese, Thai and the like are told by pairs."""
    assert sites.tokens(text) == plain(text)


def test_messages_of_software_are_told_from_tales() -> None:
    """A page about itself is above what a tale reaches, in scripts with spaces and without."""
    tales = [
        TALE,
        "Das Schiff fuhr am Mittag ab, und keiner sah das zweite Boot von der Insel kommen. ",
        "渡船中午离开了，码头上没有人看见第二条船从岛上回来，天色渐晚。",
    ]
    pages = [
        PAGE,
        "Diese Seite existiert nicht. Bitte melden Sie sich an, um sie zu bearbeiten oder zu löschen. ",
        "此页面不存在。请登录您的账号，以编辑此页面或上传文件，也可查看日志。",
    ]
    for tale, page in zip(tales, pages, strict=True):
        assert sites.speaks_of_site(tale, 0) < 0.2 < 0.5 < sites.speaks_of_site(page, 0)


@pytest.mark.parametrize("text", [PAGE * 10 + TALE * 10, TALE * 10 + PAGE * 10, PAGE * 30 + TALE * 10 + PAGE * 30])
def test_every_part_of_a_text_must_speak_so(text: str) -> None:
    """Pages round a tale are no page, though most words are theirs: one part says nothing of a site."""
    assert sites.speaks_of_site(text, 0) > 0.3
    assert sites.speaks_of_site(text, 0.32) == 0


def test_few_words_say_nothing() -> None:
    """One word of a site among three is no page; nor is an empty text."""
    assert sites.speaks_of_site("page not found", 0) < 0.3
    assert sites.speaks_of_site("", 0.3) == 0
