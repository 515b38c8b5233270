"""How long matches are: a bound that every match keeps."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from corpusscan.kernels.folding import fold
from corpusscan.kernels.places import BLOCK, _length, excess
from corpusscan.kernels.syntax import LONG_RUN, WEIGHTLESS, edged, width


def length(text: str) -> int:
    """The length of a text, the long way: runs of white space and of anything else, one after another."""
    total = 0
    for gap, run in re.findall(rf"([\t\n\f\r ][\t\n\f\r {WEIGHTLESS}]*)|([^\t\n\f\r ]+)", text):
        total += 1 if gap else min(len(re.sub(f"[{WEIGHTLESS}]", "", run)), LONG_RUN)
    return total


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("quartz", 6),
        (r"a\s+b", 3),
        (r"a[\s_-]+b", 3),
        (r"a\s*(?:bc|d){1,3}", 8),
        (r"x[a-z]+y", 2 + LONG_RUN),
        (r"x[^\s<]+y", 2 + LONG_RUN),
        (r"(?:[a-z]+\s+){0,2}quartz", 2 * (LONG_RUN + 1) + 6),
        (r"[^\n]{0,40}", 40),
        (r"\bquartz$", 6),
        (r"a.*b", math.inf),
        (r"a[^<>]+b", math.inf),
        (r"(?:a\s)+b", math.inf),
        (r"a[^\d]+b", math.inf),
        (r"a{,1}", math.inf),
        (r"\Qab\E", math.inf),
        (r"\pL+", math.inf),
        (r"\pL{2}", 2),
    ],
)
def test_widths(pattern: str, wanted: float) -> None:
    """Bounded repetitions add up, runs count once, and what has no bound is said to have none."""
    assert width(pattern) == wanted


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [("^a", True), ("(?m)^a$", False), (r"\Aa", True), (r"(?m)a\z", True), (r"\ba\B", False), ("[^a]", False),
     ("(?:b|(?:c$))d", True), (r"\Qa\E", True)],
)  # fmt: skip
def test_edges(pattern: str, wanted: bool) -> None:
    """Only what speaks of an end of the text needs to know where it ends."""
    assert edged(pattern) == wanted


PIECES = st.sampled_from(
    ["abc", "é", "中", r"\s+", r"\s*", " ", ".", r"\d+", "[a-f]+", "[^a]", r"\S+", r"[\s-]+", r"[\s_-]*", "-"]
)
PATTERNS = st.recursive(
    PIECES,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=4).map("".join)
        | st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})")
        | st.tuples(inner, st.sampled_from(["?", "*", "+", "{2}", "{0,3}"])).map(lambda p: f"(?:{p[0]}){p[1]}")
    ),
    max_leaves=8,
)
TEXTS = st.lists(
    st.sampled_from(["a", "b" * 70, "abc", "é", "中", "\u200b", "\u3000", " ", " \n", "-_", "- -", "ä", "Ж", "ﷺ"]),
    max_size=30,
).map("".join)  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(PATTERNS, st.data())
def test_no_match_is_longer(pattern: str, data: st.DataObject) -> None:
    """Whatever a pattern matches is at most as long as it says."""
    text = data.draw(st.from_regex(re.compile(pattern), fullmatch=True)) + data.draw(TEXTS)
    for found in re2.finditer(pattern, text.encode("utf-8", "replace").decode()):
        assert length(found.group()) <= width(pattern)


@settings(deadline=None, max_examples=300)
@given(TEXTS, TEXTS, TEXTS)
def test_lengths_are_estimated_from_below(before: str, text: str, after: str) -> None:
    """A piece of a text is never thought longer than it is, raw or folded."""
    data = np.frombuffer((before + text + after).encode(), np.uint8)
    begin = len(before.encode())
    total = excess(data, np.array([0, len(data)]))
    least = _length(total, begin, begin + len(text.encode()))
    assert least <= min(length(text), length(fold(text)))
    assert len(total) == -(-len(data) // BLOCK) + 1
