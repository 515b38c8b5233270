"""What a group says, in words that most of it names; and the sentences of texts."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpusscan.kernels.telling import LONGEST, sentences, shared


def test_shared_words_are_those_that_half_name() -> None:
    """Those of most texts first; a word is counted once for each text."""
    named = [["ada", "lovelace", "x"], ["ada", "ada", "lovelace"], ["ada", "y"], ["z", "z"]]
    assert shared(named) == ["ada", "lovelace"]
    assert shared([]) == shared([["a"]]) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("It rained. Ada was born in Paris! Who?", ["It rained.", "Ada was born in Paris!", "Who?"]),
        ("下雨了。艾达生于巴黎。谁知道呢", ["下雨了。", "艾达生于巴黎。", "谁知道呢"]),
        ("title\nAda of Paris\n\nend ", ["title", "Ada of Paris", "end"]),
        ("of 3.5 million in Paris", ["of 3.5 million in Paris"]),
        (" \n ", []),
    ],
)
def test_sentences_end_where_they_do(text: str, said: list[str]) -> None:
    """In any script, and at the end of a line; a point inside a number ends nothing."""
    assert [text[begin:end] for begin, end in sentences(text)] == said


@given(st.text())
def test_whatever_the_text_its_sentences_are_spans(text: str) -> None:
    """In order, apart, inside, not too long, and each says something."""
    spans = sentences(text)
    assert all(0 <= begin < end <= len(text) and end - begin <= LONGEST for begin, end in spans)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))
    assert all(text[begin:end].strip() for begin, end in spans)
