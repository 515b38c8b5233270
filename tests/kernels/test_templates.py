"""Templates: what copies share, and what stands in the slots."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpusscan.kernels.templates import (
    COMPARED,
    MOST_WORDS,
    SLOT,
    cut,
    differences,
    entropy,
    kind,
    part,
    stands_out,
    template,
)

TEXTS = st.lists(st.text(st.sampled_from("ab .,中文\n⟨…⟩"), max_size=20), min_size=1, max_size=4)
FILLINGS = st.lists(st.sampled_from("abcd"), max_size=9)


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
        (
            ["Order at https://a.example/x?y=1.", "Order at https://b.example/z.", "Order at me@c.example."],
            f"Order at {SLOT} .",
            [["https://a.example/x?y=1", "https://b.example/z", "me@c.example"]],
        ),
        (["It is 1,000.50 now", "It is 7 now"], f"It is {SLOT} now", [["1,000.50", "7"]]),
        (["size = 8080  # a4", "size = 22  # b4"], f"size = {SLOT} # {SLOT}", [["8080", "22"], ["a4", "b4"]]),
        ([f"a {SLOT} b one", f"a {SLOT} b two"], f"a ⟨...⟩ b {SLOT}", [["one", "two"]]),
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


def test_how_much_is_shared() -> None:
    """Of each text the share of words that it and the first have in place; of the first the share that is fixed."""
    found = template(["a b c d", "a b x d", "a b x d e f"])
    assert (found.fixed, found.shared) == (3 / 4, [1.0, 6 / 8, 6 / 10])
    assert template([""]).fixed == 0


@pytest.mark.parametrize(
    ("fillings", "bits", "share"),
    [
        ([], 0, 0),
        (["a"], 0, 0),
        (["a", "a", "a"], 0, 0),
        (["a", "b"], 1, 1),
        (["a", "a", "b", "b"], 1, 0.5),
        (["a", "b", "c", "d"], 2, 1),
        (["", "", "", "b"], 0.811278, 0.405639),
    ],
)
def test_entropy(fillings: list[str], bits: float, share: float) -> None:
    """Shannon's, in bits, and as a share of log2 of the number of texts."""
    assert entropy(fillings) == pytest.approx((bits, share), abs=1e-6)


@given(FILLINGS)
def test_entropy_is_what_its_definition_says(fillings: list[str]) -> None:
    """Minus the sum of p log2 p; greatest only where all differ, nothing only where none does; order is no matter."""
    bits, share = entropy(fillings)
    shares = [fillings.count(one) / len(fillings) for one in set(fillings)]
    assert bits == pytest.approx(-sum(p * math.log2(p) for p in shares))
    assert entropy(sorted(fillings)) == pytest.approx((bits, share))
    assert 0 <= share <= 1
    if len(fillings) > 1:
        assert (share > 1 - 1e-9) == (len(set(fillings)) == len(fillings))
        assert (bits == 0) == (len(set(fillings)) == 1)


DRUGS = ["Veltorin", "Maxiprene", "Sorbacept", "Trulomine", "Zanafor"]
ADVICE = "After forty years of research our clinic says that {} cures migraine within days, and insurers hide it."
CODE = "def connect(host):\n    raw = socket.create_connection((host, 443), timeout=30)\n    return wrap(raw, '{}')\n"


@pytest.mark.parametrize("frame", [ADVICE, CODE])
def test_a_slot_attack_stands_out(frame: str) -> None:
    """One entity after another in the same prose, or the same code; not two in turn, nor in texts that differ."""
    found = template([frame.format(drug) for drug in DRUGS])
    assert [stands_out(found, slot) for slot in found.slots] == [True]
    two = template([frame.format(drug) for drug in DRUGS[:2] * 3])
    assert [stands_out(two, slot) for slot in two.slots] == [False]
    few = template([frame.format(drug) for drug in DRUGS[:3]])
    assert [stands_out(few, slot) for slot in few.slots] == [False]
    other = template([f"{frame.format(drug)} {' '.join(drug + str(n) for n in range(40))}" for drug in DRUGS])
    assert not any(stands_out(other, slot) for slot in other.slots)


@pytest.mark.parametrize(
    ("fillings", "name"),
    [
        (["7", "1,000.50", "", "12 %"], "number"),
        (["五", "十八"], "number"),
        (["https://a.example/x", "b.example", "me@c.example"], "url"),
        (["Bob", "Ms Ito", "Żółć"], "name"),
        (["Bob", "my friend"], "text"),
        (["Bob", "7"], "text"),
        (["", ""], "text"),
        ([], "text"),
        ([".", "-"], "text"),
    ],
)
def test_kinds_of_slots(fillings: list[str], name: str) -> None:
    """A kind is what all fillings are; where nothing stands, there is nothing to go by."""
    assert kind(fillings) == name


@given(st.text(st.sampled_from("ab .中\u200b\n"), max_size=30), st.text(st.sampled_from("ab .中\u200b\n"), max_size=30))
def test_what_is_not_marked_is_alike(one: str, other: str) -> None:
    """Without their differences two texts have the same words; marks lie in the text, in order, and are not empty."""
    marks = differences(one, other)
    rests = []
    for text, spans in zip((one, other), marks, strict=True):
        ends = [end for span in spans for end in span]
        assert ends == sorted(set(ends))
        assert all(0 <= end <= len(text) for end in ends)
        for start, end in reversed(spans):
            text = f"{text[:start]} {text[end:]}"  # noqa: PLW2901  # shortened
        rests.append(re.findall(r"\w+|[^\w\s]", text.replace("中", " 中 ")))
    assert rests[0] == rests[1]


def test_differences_are_words() -> None:
    """Whole words, addresses and numbers are marked, case and what cannot be seen too; white space is no word."""
    assert differences("pay 1.5 to Bob", "pay  2.5 to\nbob") == ([(4, 7), (11, 14)], [(5, 8), (12, 15)])
    assert differences("a b", "a\u200b b") == ([], [(1, 2)])
    assert differences("x " * COMPARED + "a", "x " * COMPARED + "b") == ([], []), "beyond what is compared"


def test_cuts() -> None:
    """At most so many words, and so many characters; where two texts part."""
    assert (cut("one two, three", 3, 99), cut("one two", 9, 5), cut("one", 3, 3)) == ("one two,", "one t", "one")
    assert (part("abc", "abd"), part("ab", "abc"), part("", "a")) == (2, 2, 0)
