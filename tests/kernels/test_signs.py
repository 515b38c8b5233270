"""Signs are told from texts as regular expressions of their bytes would tell them."""

from __future__ import annotations

import operator
import re

import numpy as np
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st
from tongues import batch_of

from corpusscan.kernels import signs
from corpusscan.kernels.words import words

SINGLE = (
    rb"[!-/:-@\[-`{-~]|\xc2[\xa1\xa7\xab\xbb\xbf]|\xd8[\x8c\x9b\x9f]|\xe0\xa5[\xa4\xa5]|\xe2\x80[\x90-\xbf]"
    rb"|\xe3\x80[\x81-\x9f]|\xef\xbc[\x81-\x8f\x9a-\xa0]"
)
SYMBOLS = (
    rb"(?:\xf0\x9f[\x80-\xbf]{2}|\xe2[\x84-\xaf][\x80-\xbf]|\xe2\x80[\x8b-\x8f]|\xe2\x81[\xa0-\xa4]|\xef\xb8[\x80-\x8f]"
    rb"|\xef\xbb\xbf|\xc2[\xa2-\xa9\xac-\xb1\xb4\xb6-\xb8])+"
)
RUNS, ODD = rb"[!-/:-@\[-`{-~]{2,24}", rb"[#$%&*+<=>@\\^_`{|}~]"
PATTERNS = {  # in the order in which one match goes before another
    signs.SINGLE: re.compile(SINGLE),
    signs.SYMBOLS | signs.RUNS: re.compile(SYMBOLS + rb"|" + RUNS),
    signs.SYMBOLS | signs.RUNS | signs.ODD: re.compile(SYMBOLS + rb"|" + RUNS + rb"|" + ODD),
}
CHARACTERS = "a \0#.-_`🙂é§©™「」।؟！½…\u200b\u2028\ufeff\ufe0f\U0001f9d1中"


@settings(deadline=None)  # the first text compiles the kernel
@given(st.lists(st.text(CHARACTERS, max_size=60) | st.text(max_size=20), min_size=1, max_size=5), st.integers(0, 70))
def test_signs_are_the_matches_of_a_regular_expression(texts: list[str], most: int) -> None:
    """What is found, and where, is what the expression finds in the first bytes of each text, words and end beside."""
    batch = batch_of(texts)
    spoken = batch.feature(words)
    for sought, pattern in PATTERNS.items():
        found = signs.tokens(batch, sought, ~1, signs.END, most)
        for n, text in enumerate(texts):
            content, own = text.encode(), slice(spoken.bounds[n], spoken.bounds[n + 1])
            wanted = [*zip(spoken.begins[own].tolist(), spoken.hashes[own].tolist(), strict=True)]
            wanted += [
                (match.start(), int.from_bytes(blake3(match.group(), key=batch.key).digest(8)) & ~1)
                for match in pattern.finditer(content[:most])
            ]
            wanted += [(len(content), signs.END)]
            told = slice(found.bounds[n], found.bounds[n + 1])
            assert [*zip(found.begins[told].tolist(), found.hashes[told].tolist(), strict=True)] == sorted(
                wanted, key=operator.itemgetter(0)
            )


def test_many_signs_are_all_told() -> None:
    """Nothing is lost where there are more signs than room was made for."""
    found = signs.odd(batch_of(["# a " * 10_000]))
    assert np.diff(found.bounds).tolist() == [20_000]
