"""Templates: what copies share, and what stands in the slots."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpusscan.kernels.templates import MOST_WORDS, SLOT, template

TEXTS = st.lists(st.text(st.sampled_from("ab .,中文\n"), max_size=20), min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("texts", "text", "slots"),
    [
        (
            ["Dear Bob, pay 5 dollars now.", "Dear Ann, pay 77 dollars now.", "DEAR my friend, pay 9 dollars now."],
            f"Dear {SLOT} , pay {SLOT} dollars now.",
            [["Bob", "Ann", "my friend"], ["5", "77", "9"]],
        ),
        (
            ["价格是五元，请联系张三。", "价格是十八元，请联系李四。", "价格是三百元，请联系王五。"],
            f"价格是 {SLOT} 元，请联系 {SLOT} 。",
            [["五", "十八", "三百"], ["张三", "李四", "王五"]],
        ),
        (["Buy x here", "Buy here", "Buy y z here"], f"Buy {SLOT} here", [["x", "", "y z"]]),
        (["one end", "two end"], f"{SLOT} end", [["one", "two"]]),
        (["begin one", "begin two"], f"begin {SLOT}", [["one", "two"]]),
    ],
)
def test_fixed_text_and_slots(texts: list[str], text: str, slots: list[list[str]]) -> None:
    """What most texts have is shown as the first has it; what differs is told, text by text."""
    found = template(texts)
    assert (found.text, found.slots) == (text, slots)


@given(st.text(st.sampled_from("ab .,中文\n"), max_size=40), st.integers(1, 4))
def test_equal_texts_have_no_slot(text: str, copies: int) -> None:
    """The template is the text, its white space set aside."""
    found = template([text] * copies)
    assert (found.text, found.slots, found.reworded) == (" ".join(text.split()), [], False)


@given(TEXTS)
def test_a_slot_has_a_filling_of_the_first_text(texts: list[str]) -> None:
    """And of no more texts than there are; as many slots are shown as are told."""
    found = template(texts)
    assert found.text.count(SLOT) == len(found.slots)
    assert all(gap[0] in texts[0] and 1 <= len(gap) <= len(texts) and any(gap) for gap in found.slots)


@pytest.mark.parametrize(
    ("texts", "text", "slots"),
    [
        ([""], "", []),
        (["", ""], "", []),
        (["", "a b"], SLOT, [["", "a b"]]),
        (["a b", ""], SLOT, [["a b", ""]]),
        ([" \n"], "", []),
    ],
)
def test_empty_texts(texts: list[str], text: str, slots: list[list[str]]) -> None:
    """Nothing is something to begin with."""
    found = template(texts)
    assert (found.text, found.slots) == (text, slots)


def test_texts_with_nothing_in_common_are_one_slot() -> None:
    """There is nothing to show."""
    texts = ["one two three", "vier fünf", "六 七"]
    found = template(texts)
    assert (found.text, found.slots) == (SLOT, [texts])


def test_what_few_texts_lack_stays_fixed() -> None:
    """Half of the others must have a word; a text without it says nothing of the slots around it."""
    found = template(["a b c", "a b c", "a b c", "x"])
    assert (found.text, found.slots) == ("a b c", [])
    found = template(["a b c", "a c", "a c", "a b c", "a c"])
    assert (found.text, found.slots) == (f"a {SLOT} c", [["b", "", "", "b", ""]])


def test_only_the_beginning_is_aligned() -> None:
    """Of long texts so many words, also of hostile ones that say one word again and again."""
    found = template(["a " * 4_000] * 3)
    assert (found.text, found.slots) == (("a " * MOST_WORDS).strip(), [])
    assert len(template(["a " * 4_000, "a b " * 2_000]).slots) == MOST_WORDS / 2


def test_rewording_shows() -> None:
    """Other words are exchanged in each copy; in a template all exchange the same ones, and copies of copies none."""
    words = [f"word{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(60)]
    elsewhere = [" ".join("own" if i % 18 == 3 * copy else words[i] for i in range(60)) for copy in range(6)]
    assert template(elsewhere).reworded
    in_slots = [" ".join(f"own{copy}" if i % 18 == 3 else words[i] for i in range(60)) for copy in range(6)]
    assert not template(in_slots).reworded
    assert not template([" ".join(words)] * 6).reworded
