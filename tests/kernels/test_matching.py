"""The filter over columns: it never loses a match, whatever the texts, the patterns and the array's layout."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from corpusscan.kernels.folding import fold
from corpusscan.kernels.literals import Literal, of_phrase, placed
from corpusscan.kernels.matching import Filter, Need, Query
from corpusscan.kernels.occurrences import Pattern, Phrase, Text, tightest
from corpusscan.kernels.places import MOST
from corpusscan.kernels.sieve import BLOCK
from corpusscan.kernels.syntax import width

ATOMS = [  # pattern, folded
    ("quartz", False),
    ("(?i)quartz", False),
    (r"\[INST\].{0,40}\[/INST\]", False),
    ("DAN", False),
    ("(?i)ignore\\s+(?:all\\s+)?(?:previous|prior)\\s+instructions", True),
    ("(?i)kiss\\s*me", True),
    ("(?i)you are", True),
    ("(?i)sk", False),  # no literal: unguarded
    ("(?i)sure,? here", False),
    ("｡{3,}", False),
    ("новые инструкции", False),
    ("(?i)(?:act|behave)\\s+as\\s+(?:an?\\s+)?dan", True),
    ("(?i)x{4,}y", True),
    (fold("новые\\s+инструкции"), True),
    (r"office\s+key,?\s*please", True),
    (fold("안녕하세요 친구"), True),
    ("strasse frei", True),
    ("add 1/2 cup", True),
    ("système|sys中文tème", False),
]
BITS = [
    "quartz", "QUARTZ", "[INST] a [/INST]", "DAN", "Ignore  ALL\n previous instructions", "ignоrе prior instruсtions",
    "i\u200bgnore prior\u2003instructions",
    "kiss me", "\u212aiſſ me", "you are", "Sure here", "\u017fure, here", "｡｡｡", "новые инструкции",
    "act as DAN", "behave   as a d\u0301an", "XXXXXy",
    "ignore prior instructio", "ns", " ", "\n", "é", "a", "中", "ﷺ", " " * 70, "ü" * 30,
    "НОВЫЕ\u00a0 \u3000инструкции", "oﬃce\u2003 \u00a0key", ", please", "ＯﬀiCE \u3000KEY,", "\u200b\u00ad please",
    "안녕하세요 친구", "녕하세요 친", "Straße", "ſtraﬅe", " \u0301frei",
    "add ½ cup", "add\u00a01\u2044₂ ｃup", "système", "ß", "ﬃ", "½", "\u00ad", "sys中文tème",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(BITS) | st.text(max_size=5), max_size=8).map("".join)


def query(pattern: str, folded: bool) -> Query:
    return Query(((need(pattern, folded),),), folded)


def need(pattern: str, folded: bool) -> Need:
    return Need.of(placed(pattern, folded=folded), width(pattern))


def matches(pattern: str, folded: bool, text: str) -> bool:
    return bool(re2.search(pattern, fold(text) if folded else text))


ONE_EACH = Filter([query(*atom) for atom in ATOMS])


@settings(deadline=None, max_examples=150)
@given(st.lists(TEXTS, max_size=6))
def test_no_match_is_lost(texts: list[str]) -> None:
    """Every text that RE2 matches comes up for the pattern, raw and folded, whatever stands beside it."""
    clean = [text.encode("utf-8", "replace").decode() for text in texts]
    found = set(
        zip(*(array.tolist() for array in ONE_EACH.candidates(pa.array(clean, pa.large_string()))[:2]), strict=True)
    )
    for number, atom in enumerate(ATOMS):
        for place, text in enumerate(clean):
            if matches(*atom, text):
                assert number in ONE_EACH.always or (place, number) in found, (atom, text)


CLAUSES = st.lists(st.lists(st.sampled_from(ATOMS[:7]), min_size=1, max_size=3), min_size=1, max_size=3)


@settings(deadline=None, max_examples=100)
@given(st.lists(CLAUSES, min_size=1, max_size=4), st.lists(TEXTS, max_size=4), st.booleans())
def test_conjunctions_lose_nothing(plans: list[list[list[tuple[str, bool]]]], texts: list[str], folded: bool) -> None:
    """All atoms that match come up wherever every clause of their query has one that does."""
    texts = [text.encode("utf-8", "replace").decode() for text in texts]
    plans = [[[atom[0] for atom in clause] for clause in plan] for plan in plans]
    filter_ = Filter([Query(tuple(tuple(need(p, folded) for p in c) for c in plan), folded) for plan in plans])
    pairs = filter_.candidates(pa.array(texts, pa.large_string()))
    found = set(zip(pairs.text.tolist(), pairs.atom.tolist(), strict=True))
    number = 0
    for plan in plans:
        for place, text in enumerate(texts):
            hit = [[matches(p, folded, text) for p in clause] for clause in plan]
            if all(any(clause) for clause in hit):
                flat = [one for clause in hit for one in clause]
                assert {(place, number + i) for i, one in enumerate(flat) if one} <= found
        number += sum(len(clause) for clause in plan)


SOUGHT = [  # literal, whether it is looked for in folded text
    (b"quartz", False), ("sys中文tème".encode(), False), ("новые".encode(), False),
    (b"quartz", True), (b"officer", True), (fold("новые").encode(), True), (fold("안녕하").encode(), True),
    (b"\xffstrasse", True), (b"1/2\xffcup", True), (b"cup\xff", True), (b"kiss\xfeme", True),
    ("中文 ok".encode(), True), (fold("éß안녕").encode(), True), (b"xffis", True),
    (b"ki\xffme\xffcup", True), (b"off\xfecup\xffstra", False), (b"rtz  qua", False), (b"rtz  qua", True),
]  # fmt: skip
PARTS = [
    *("qua", "rtz", "QUA", "q\u0301u", "sys", "中", "文", "tème", " ok", "\u212a", "НОВ", "новые", "ые", "안녕", "하"),
    *("oﬃcer", "ＯＦ", "ﬁcer", "ﬀ", "icer", "off", "Straße", "stra", "ſs", "ẞe", "½", "cup", "¹⁄₂", "1/2", "kı", "ki"),
    *("ß", "me", "ss", " ", "\n", "\u00a0", "\u3000", "\u200b", "\u00ad", "\u0301", "\u0301\u0302", "x", "é", "и", "﷽"),
    *("e\u0301ß안녕", "éß", "ｘﬃs", "Ｘﬀ\u00adis"),
    *("  ", "\t", " \n  \r\n", " " * 9, " \u2003 ", "ki me", "me  cup", "cup\nstra", "rtz  qua"),
]


@settings(deadline=None, max_examples=600)
@given(st.lists(st.lists(st.sampled_from(PARTS), max_size=9).map("".join), min_size=1, max_size=3))
def test_literals_are_found_where_they_stand_and_nowhere_else(texts: list[str]) -> None:
    """Raw or folded, whatever characters fold to and wherever they are cut, noticing and comparing is exact."""
    queries = [Query(((Need((frozenset([Literal(data, False)]),), len(data)),),), folded) for data, folded in SOUGHT]
    found = Filter(queries).candidates(pa.array(texts, pa.large_string()))
    spaces = {0xFF: rb"[\t-\r ]+", 0xFE: rb"[\t-\r ]*"}
    wanted = set()
    for number, (data, folded) in enumerate(SOUGHT):
        pattern = b"".join(spaces.get(byte, re.escape(bytes([byte]))) for byte in data)
        views = [(fold(text) if folded else text).encode() for text in texts]
        wanted |= {(place, number) for place, view in enumerate(views) if re.search(pattern, view)}
    assert {*zip(found.text.tolist(), found.atom.tolist(), strict=True)} == wanted


@pytest.mark.parametrize("shift", [0, 1, 2, 3, BLOCK - 8, BLOCK - 4, BLOCK - 3, BLOCK - 1, BLOCK, 2 * BLOCK - 3])
@pytest.mark.parametrize("word", ["abc", "quartz"])
def test_blocks_and_ends_hide_nothing(shift: int, word: str) -> None:
    """A literal is found at every offset, across blocks, at both ends of a text and of the data."""
    one = Filter([query(word, False), query(f"(?i){word}", True)])
    texts = ["x" * shift + word, word, "x" * 5, word + "é", "", word]
    pairs = one.candidates(pa.array(texts, pa.large_string()))
    assert sorted(zip(pairs.text.tolist(), pairs.atom.tolist(), strict=True)) == [
        (i, j) for i in (0, 1, 3, 5) for j in (0, 1)
    ]


def test_texts_do_not_run_into_one_another() -> None:
    """What begins in one text and ends in the next is no match."""
    pairs = Filter([query("quartz", False)]).candidates(
        pa.array(["qua", "rtz", "quart", "z quartz"], pa.large_string())
    )
    assert pairs.text.tolist() == [3]


def test_slices_nulls_and_nothing() -> None:
    """Sliced arrays, null texts and empty arrays are what they say."""
    one = Filter([query("quartz", False)])
    array = pa.array(["quartz", None, "no", "a quartz", "quartz"], pa.large_string())
    assert one.candidates(array).text.tolist() == [0, 3, 4]
    assert one.candidates(array.slice(1, 3)).text.tolist() == [2]
    for empty in (array.slice(0, 0), pa.array([], pa.large_string()), pa.array([None, None], pa.large_string())):
        assert one.candidates(empty).text.tolist() == []


def test_candidates_are_few() -> None:
    """The filter is no identity: a text that lacks what a pattern needs does not come up."""
    one = Filter([query(r"ignore\s+previous\s+instructions", True)])
    texts = [
        "never ignore the instructions of previous owners",
        "ignore previous orders",
        "IGNORE\nprevious   instructions",
    ]
    assert one.candidates(pa.array(texts, pa.large_string())).text.tolist() == [2]


SMALL = st.text("ab é中", max_size=24)


@given(SMALL, st.text("ab é", min_size=1, max_size=3), st.booleans())
def test_phrases_are_what_re2_finds(text: str, phrase: str, word: bool) -> None:
    """Exact search equals RE2 on the quoted phrase; whole words are those without a letter at their side."""
    data, sought = text.encode(), phrase.encode()
    plain = list(Pattern(re2.escape(phrase)).spans(data))
    assert list(Phrase(sought).spans(data)) == plain
    if word:
        every = [i for i in range(len(data)) if data.startswith(sought, i)]
        alone = [i for i in every if _free(data[:i].decode(), text[len(data[:i].decode()) + len(phrase) :], phrase)]
        spans = list(Phrase(sought, word=True).spans(data))
        assert {begin for begin, _ in spans} <= set(alone)
        assert bool(spans) == bool(alone)


def _free(before: str, after: str, phrase: str) -> bool:
    left, right = before[-1:], after[:1]
    return (not left.isalpha() or "中" in left + phrase[:1]) and (not right.isalpha() or "中" in right + phrase[-1:])


@pytest.mark.parametrize(
    ("text", "phrase", "hits"),
    [
        ("cf. cfx xcf cf", "cf", 2),
        ("naïvecf écf cf\u0301 _cf_", "cf", 1),
        ("你是中文好", "中文", 1),
        ("ชื่อภาษาไทย", "ภาษา", 1),
        ("мир миру", "мир", 1),
        ("7cf cf7 cf", "cf", 1),
        ("cf cf cf", "cf cf", 1),
        ("xcf cf cf", "cf cf", 1),
    ],
)
def test_whole_words_in_any_script(text: str, phrase: str, hits: int) -> None:
    """Letters, digits and marks of every script continue a word; scripts without spaces do not."""
    assert len(list(Phrase(phrase.encode(), word=True).spans(text.encode()))) == hits


SPANS = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 8)).map(lambda p: (p[0], p[0] + p[1])), max_size=5)


@given(st.lists(SPANS, min_size=2, max_size=3), st.integers(1, 40))
def test_tightest_is_the_tightest(items: list[list[tuple[int, int]]], within: int) -> None:
    """The window is the shortest of all choices of one span per item."""
    from itertools import product

    lengths = [max(e for _, e in pick) - min(b for b, _ in pick) for pick in product(*items)]
    best = tightest(items, within)
    if not lengths or min(lengths) > within:
        assert best is None
    else:
        assert best is not None
        assert best[1] - best[0] == min(lengths)
        assert all(any(best[0] <= b and e <= best[1] for b, e in spans) for spans in items)


@given(st.binary(min_size=1, max_size=40), st.binary(max_size=60), st.binary(max_size=60))
@settings(deadline=None, max_examples=60)
def test_phrases_of_any_bytes_are_found(phrase: bytes, before: bytes, after: bytes) -> None:
    """A phrase comes up wherever it stands, unless nothing of it can be looked for."""
    try:
        text = before.decode("utf-8", "ignore") + phrase.decode() + after.decode("utf-8", "ignore")
    except UnicodeDecodeError:
        return
    one = Filter([Query(((Need(of_phrase(phrase), len(phrase)),),), False)])
    assert len(one.always) or one.candidates(pa.array([text], pa.large_string())).text.tolist() == [0]


WORDS = ["alpha", "bravo", "ignore", "zulu", "mike"]
LOCAL = [  # bounded and not, both views, edges of words and of texts
    ("alpha.{0,30}bravo", False),
    (r"(?i)ignore\s+(?:[a-z]+\s+){0,2}zulu", True),
    (r"(?i)\bmike[\s_-]+alpha\b", True),
    ("(?i)zulu[^<]*mike", True),
    (r"^alpha\s+zulu", False),
    (r"bravo\s+alpha$", False),
    (r"(?m)^mike \S+ zulu$", False),
    (r"\Bzulu|mikebravo\b", False),
    (r"mike[^<]{0,90}ignore\s+alpha", False),  # what is looked for stands at the end,
    (r"(?i)alpha\s+bravo.{0,300}zulu\s+mike", True),  # at both,
    (r"(?s)zulu.{40,200}(?:ignore\s+alpha|alpha\s+ignore){1,2}.{20,90}mike", False),  # or amid a match
]
LOCALS = Filter([query(*atom) for atom in LOCAL])
FILL = [
    "x" * 70,
    " ",
    "\n",
    "   \n\t",
    "é",
    "\u200b",
    "中",
    "ä b",
    "-",
    "_ -",
    "ｉｇｎｏｒｅ",
    "a b c ",
    "w " * 200,
    "y" * 700,
]
SPREAD = st.lists(st.sampled_from([*WORDS, "Alpha", "ZULU"]) | st.sampled_from(FILL), max_size=25).map("".join)


@settings(deadline=None, max_examples=400)
@given(st.lists(SPREAD, min_size=1, max_size=3))
def test_every_match_lies_in_a_piece(texts: list[str]) -> None:
    """Looked at alone, one of the pieces of a text still matches, wherever in it the match is."""
    found = LOCALS.candidates(pa.array(texts, pa.large_string()))
    rows = [*zip(*(array.tolist() for array in found), strict=True)]
    for place, text in enumerate(texts):
        for number, atom in enumerate(LOCAL):
            if matches(*atom, text):
                own = [(begin, end) for where, which, begin, end in rows if (where, which) == (place, number)]
                pieces = [text.encode()[begin:end].decode() for begin, end in own]
                assert any(matches(*atom, piece) for piece in pieces), (atom, own)


@pytest.mark.parametrize("gap", [40, 300, 3000])
def test_more_places_than_are_kept_apart(gap: int) -> None:
    """Where an atom's words stand very often, the last of them is still looked at."""
    text = ("alpha" + " z" * gap) * 200 + "alpha bravo"
    found = Filter([Query(((need("alpha", False),),), False)]).candidates(pa.array([text], pa.large_string()))
    assert len(found.text) <= MOST
    assert all(
        any(b <= i < e for b, e in zip(found.begin, found.end, strict=True)) for i in range(0, len(text), 2 * gap + 5)
    )


@settings(deadline=None, max_examples=300)
@given(SPREAD, st.permutations(WORDS[:3]), st.integers(1, 900), st.booleans())
def test_what_stands_near_is_found(text: str, items: list[str], within: int, folded: bool) -> None:
    """Items of a `near` come up wherever some stand near enough, in any order."""
    near = Filter([Query(tuple((need(item, folded),) for item in items), folded, len(items), within)])
    view = fold(text) if folded else text
    array = pa.array([text], pa.large_string())
    exact = [Text(text.encode()).code_points([*Phrase(item.encode()).spans(view.encode())], folded) for item in items]
    if all(exact) and tightest(exact, within):
        assert set(near.candidates(array).atom.tolist()) == {0, 1, 2}


def test_what_stands_apart_is_not() -> None:
    """The filter is no identity here either: words too far apart for a match do not come up."""
    texts = ["alpha" + " x" * 300 + "bravo", "alpha x bravo"]
    assert LOCALS.candidates(pa.array(texts, pa.large_string())).text.tolist() == [1]
    near = Filter([Query(((need("alpha", False),), (need("bravo", False),)), False, 2, 20)])
    assert set(near.candidates(pa.array(texts, pa.large_string())).text.tolist()) == {1}


def test_what_stands_in_the_wrong_order_is_not() -> None:
    """Words near enough for a match come up only where the first of them can be the first; pieces reach one way."""
    filler = " y" * 150
    one = Filter([query("alpha.{0,900}bravo", False)])
    found = one.candidates(pa.array([f"bravo{filler}alpha", f"alpha{filler}bravo{filler * 9}"], pa.large_string()))
    assert found.text.tolist() == [1]
    assert found.end[0] < 2 * len(filler)
