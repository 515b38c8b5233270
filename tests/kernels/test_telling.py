"""What a group says, in words that most of it names and in one of its sentences."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpusscan.kernels.telling import LONGEST, sentences, shared, telling


def test_shared_words_are_those_that_half_name() -> None:
    """Those of most texts first; a word is counted once for each text."""
    named = [["ada", "lovelace", "x"], ["ada", "ada", "lovelace"], ["ada", "y"], ["z", "z"]]
    assert shared(named) == ["ada", "lovelace"]
    assert shared([]) == shared([["a"]]) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("It rained. Ada Lovelace was born in Paris! Who knows?", "Ada Lovelace was born in Paris!"),
        ("下雨了。艾达生于巴黎。谁知道呢", "艾达生于巴黎。"),
        ("title\nAda of Paris\nend", "Ada of Paris"),
        ("ADA, of 3.5 million in Paris", "ADA, of 3.5 million in Paris"),
    ],
)
def test_the_sentence_that_names_most_is_marked(text: str, said: str) -> None:
    """In any script; a point inside a number ends nothing."""
    begin, end = telling(text, ["ada", "lovelace", "paris", "艾达生于巴黎"])
    assert text[begin:end] == said


@given(st.text(), st.lists(st.text(max_size=3)))
def test_whatever_the_text_a_span_of_it_is_told(text: str, words: list[str]) -> None:
    """Sentences are in order, apart, inside, not too long, and say something."""
    spans = sentences(text)
    assert all(0 <= begin < end <= len(text) and end - begin <= LONGEST for begin, end in spans)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))
    assert all(text[begin:end].strip() for begin, end in spans)
    begin, end = telling(text, words)
    assert 0 <= begin <= end <= len(text)
