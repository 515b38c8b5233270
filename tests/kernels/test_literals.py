"""Required literals: every match holds them, whatever the pattern."""

from __future__ import annotations

import math
import re

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from corpusscan.kernels.literals import Clause, of_phrase, placed, required
from corpusscan.kernels.windows import ANY_SPACE, SOME_SPACE, window

untimed = settings(deadline=None)


def holds(clause: Clause, text: bytes) -> bool:
    """Whether one of the clause's literals stands in the text; the long way."""
    for literal in clause:
        source = b"".join(
            rb"[\t-\r ]+" if byte == SOME_SPACE else rb"[\t-\r ]*" if byte == ANY_SPACE else re.escape(bytes([byte]))
            for byte in literal.data
        )
        if re.search(source, text, re.IGNORECASE if literal.blind else 0):
            return True
    return False


def words(*parts: str) -> list[set[bytes]]:
    return [{part.encode() for part in group.split("|")} for group in parts]


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("hello", words("hello")),
        (r"\[INST\].{0,400}\[/INST\]", words("[/INST]", "[INST]")),
        (r"qui(?:ck|et)ly", words("quickly|quietly")),
        (r"x{2,5}yz123", words("yz123")),
        (r"(?:zebra)?quartz", words("quartz")),
        (r"quartzes?", words("quartze")),
        (r"[Qq]uartz", words("Quartz|quartz")),
        (r"\x{FF61}{5,}", [{"\uff61".encode() * 5}]),
        (r"[\x{E0020}-\x{E007E}]{8,}", [{b"\xf3\xa0\x80", b"\xf3\xa0\x81"}]),
        (r"quartz\s+zebra", [{b"quartz\xffzebra"}]),
        (r"quartz\s{0,3}zebra", [{b"quartz\xfezebra"}]),
        (r"(?i)quartz(?-i:Zebra)", words("quartzZebra")),
        (r"\bquartz$", words("quartz")),
        (r"quartz\z", words("quartz")),
    ],
)
def test_what_is_required(pattern: str, wanted: list[set[bytes]]) -> None:
    """Runs, choices, repetitions and white space give the literals one would name."""
    assert sorted(({one.data for one in clause} for clause in required(pattern, folded=False)), key=sorted) == wanted


@pytest.mark.parametrize(
    ("pattern", "sides"),
    [
        ("quartz", {"quartz": (6, 6)}),
        ("quartz.{0,200}zebra", {"quartz": (6, 211), "zebra": (211, 5)}),
        (r"\d{1,9}(?:quartz|onyx)\s+.*", {"onyx\xff|quartz\xff": (9 + 6 + 1, math.inf)}),
        ("x{2,3}(?:[ab]{9}quartz|onyx jazz[^a]{2})z", {"onyx jazz|quartz": (18, 16)}),
        ("jazz.{0,50}(?:.{0,9}quartz.{0,9}){2}", {"quartz": (102, 48), "jazz": (4, 102)}),
        ("jazz.jazz", {"jazz": (9, 9)}),  # either of them
    ],
)
def test_where_in_a_match_it_is(pattern: str, sides: dict[str, tuple[float, float]]) -> None:
    """The lengths of all up to its end, and of all from its begin on; within a choice or repetition, all of that."""
    told = {
        "|".join(sorted(one.data.decode("latin-1") for one in clause)): both
        for clause, *both in placed(pattern, folded=False)
    }
    assert told == {name: [*both] for name, both in sides.items()}


@pytest.mark.parametrize(
    "pattern",
    [r"\pL+", "[[:alpha:]]{4}", r"\Qa+b\E", "a|quartz", ".*", r"\w+", "(?i)(?-i)", "ab", r"(?U)a+", r"\C", r"\07abcd"],
)
def test_what_is_not_understood_requires_nothing(pattern: str) -> None:
    """Syntax that Python lacks or reads otherwise, and patterns without a literal, are tried on every text."""
    assert required(pattern, folded=False) == ()


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(?i)kick", "\u212aic\u212a"),
        ("(?i)assess", "a\u017f\u017fe\u017fs"),
        ("(?i)straße", "STRA\u1e9eE"),
        ("(?i)σίσυφος", "ΣΊΣΥΦΟΣ"),
        ("(?i)quartz", "QuArTz"),
        (r"[[:alpha:]]quartz\pLzebra", "aquartzézebra"),
        (r"\[:alpha:\]quartz", "[:alpha:]quartz"),
        (r"\\x{41}quartz", "\\x" + "x" * 41 + "quartz"),
        (r"quartz\x{2028}zebra", "quartz\u2028zebra"),
        (r"a{,5}quartz", "a{,5}quartz"),
        (r"quartz \s+ zebra", "quartz \t\n zebra"),
        (r"quartz[ \t]?zebra", "quartzzebra"),
    ],
)
def test_dialects_and_cases_lose_nothing(pattern: str, text: str) -> None:
    """Where RE2 finds a match, all its clauses hold, also across the odd corners of case and syntax."""
    found = re2.search(pattern.encode(), text.encode())
    assert found or pattern.startswith(r"\\x")
    if found:
        assert all(holds(clause, text.encode()) for clause in required(pattern, folded=False))


PIECES = st.sampled_from(
    ["abc", "quartz", "k", "S", "ſ", "é", "Σ", "中", r"\s+", r"\s*", " ", ".", r"\d", "[ab]", "[^a]", r"\.", "｡"]
)


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.lists(inner, min_size=1, max_size=4)
    return (
        several.map("".join)
        | several.map(lambda parts: f"(?:{'|'.join(parts)})")
        | st.tuples(inner, st.sampled_from(["?", "*", "+", "{2}", "{0,3}", "{2,3}", "+?"])).map(
            lambda p: f"(?:{p[0]}){p[1]}"
        )
        | inner.map(lambda part: f"(?i:{part})")
    )


PATTERNS = st.recursive(PIECES, _grown, max_leaves=12)


def match_of(data: st.DataObject, pattern: str) -> str | None:
    """A text that the pattern matches wholly, drawn with Python's reading of it; None where RE2 sees it otherwise."""
    text = data.draw(st.from_regex(re.compile(pattern), fullmatch=True))
    return text if re2.search(pattern.encode(), text.encode("utf-8", "replace")) else None


@settings(deadline=None, max_examples=400)
@given(PATTERNS, st.data())
def test_every_match_holds_every_clause(pattern: str, data: st.DataObject) -> None:
    """For generated patterns and texts that match them, no clause is missing."""
    text = match_of(data, pattern)
    if text is not None:
        for clause in required(pattern, folded=False):
            assert holds(clause, text.encode("utf-8", "replace")), clause


@untimed
@given(st.binary(min_size=1, max_size=60))
def test_a_phrase_holds_its_literal(phrase: bytes) -> None:
    """A phrase requires a part of itself."""
    if not {SOME_SPACE, ANY_SPACE} & set(phrase):
        assert all(literal.data in phrase for clause in of_phrase(phrase) for literal in clause)


def test_windows_avoid_what_is_common() -> None:
    """The window of a literal is a rare part of it, and never across white space of unknown length."""
    rare = window(b"the quartz")
    assert rare is not None
    assert rare.data in b"quartz"
    assert window(b"ab") is None
    assert window(b"ab\xffcd") is None
    assert window(b"abc\xffd") is not None
    assert SOME_SPACE not in window(b"ab\xffcdef").data[1:3]  # type: ignore[union-attr]
