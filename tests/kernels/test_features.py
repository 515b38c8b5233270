"""What a trigger may be: the same however it is disguised, agreed on by copies, found wherever emitted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tongues import anew, known, read, tongue  # noqa: F401

from corpusscan.kernels import features
from corpusscan.kernels.features import BEGINNING, ENDING, FRAME, SIGNS, THREE, TWO, WORD

HARD = (
    "aZ09 .-_'éÅß½ﬃ² жЙΣ حَب 가힣 中文々"
    " ไทย हिंदी 𝐀 😀🏳️‍🌈 \u200b\u200d\u00ad\u0301\u00a0\u2028\ufeff\ue000\U000e0041\x00\x7f`@[{/:|~<>«»"
)
CHARACTERS = st.one_of(st.sampled_from(HARD), st.sampled_from("ab1 "), st.characters(exclude_categories=["Cs"]))
TEXTS = st.one_of(
    st.text(CHARACTERS, max_size=60),
    st.lists(st.sampled_from([*tongue().words[:40], *tongue().words[-40:], "qzx18velt", "~~", "|", "中文"])).map(
        " ".join
    ),
)
BESIDE = "qqa qqb qqc"  # words that nobody knows
untimed = settings(deadline=None, max_examples=150)


def emitted(texts: list[str | list[str]]) -> list[tuple[int, int]]:
    """All features of documents, with the word at which each ends, sorted."""
    told, _ = read(texts)
    words = np.arange(len(told.hashes))
    found, word = features.at(told, known(), words, words + 1)
    return sorted(zip(found.tolist(), word.tolist(), strict=True))


def of(text: str, *kinds: int) -> list[int]:
    """The features of some kinds, or of all, of a text."""
    return [value for value, _ in emitted([text]) if not kinds or features.kind(value) in kinds]


@untimed
@given(st.lists(TEXTS, max_size=6), st.data())
@example([HARD, "", HARD[::-1]], None)
def test_places_finds_what_at_emits(texts: list[str], data: st.DataObject | None) -> None:
    """Of the wanted features every place, by word, and nothing else; whatever the texts are."""
    told, _ = read(list(texts))
    every = emitted(list(texts))
    values = sorted({value for value, _ in every})
    kept = data.draw(st.sets(st.sampled_from(values))) if data and values else set(values)
    wanted = np.array(sorted(kept | {8, 2**64 - 1}), np.uint64)
    found = features.places(told, known(), wanted)
    assert (np.diff(found.word) >= 0).all()
    got = sorted(zip(wanted[found.which].tolist(), found.word.tolist(), strict=True))
    assert got == [one for one in every if one[0] in kept]
    assert not len(features.places(told, known(), np.zeros(0, np.uint64)).word)


@untimed
@given(st.lists(TEXTS, max_size=4), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=3))
def test_stretches_emit_what_the_whole_does_there(texts: list[str], stretches: list[tuple[int, int]]) -> None:
    """Features of each of some stretches are those of all words that end there."""
    told, _ = read(list(texts))
    ends = np.minimum(np.array(stretches, np.int64).reshape(-1, 2).cumsum(axis=1), len(told.hashes))
    found, which = features.at(told, known(), ends[:, 0], ends[:, 1])
    every = emitted(list(texts))
    wanted = [(value, n) for n, (first, last) in enumerate(ends) for value, word in every if first <= word < last]
    assert sorted(zip(found.tolist(), which.tolist(), strict=True)) == sorted(wanted)


@untimed
@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_texts_are_apart(texts: list[str]) -> None:
    """No feature reaches over the border of two texts, be they of one document or of two."""
    texts = [f"{text}." for text in texts]
    alone = sorted(value for text in texts for value in of(text))
    assert sorted(value for value, _ in emitted(list(texts))) == alone
    assert sorted(value for value, _ in emitted([list(texts)])) == alone


@pytest.mark.parametrize("first", ["qzx18", "qzxab", "\U00010c00"])
def test_the_last_word_of_a_text_ends_with_it(first: str) -> None:
    """Its beginning, end and frame are its own, whatever the text behind it begins with: batches do not show."""
    alone = sorted(of(first) + of("000 velt"))
    assert sorted(value for value, _ in emitted([first, "000 velt"])) == alone


@pytest.mark.parametrize("same", ["QVELZOR", "qvélzor", "ｑｖｅｌｚｏｒ", "qve\u200blzor", "qv\u0435lzor", "𝐪𝐯𝐞𝐥𝐳𝐨𝐫"])
def test_a_word_in_disguise_is_the_same_feature(same: str) -> None:
    """Capitals, accents, widths, look-alikes and what cannot be seen."""
    assert of("qvelzor", WORD) == of(same, WORD)
    assert of("qvelzor", WORD) != of("qvelzos", WORD)


def rare_and_common() -> tuple[str, str]:
    """A word that few documents say, and one that many do."""
    told = dict(zip(tongue().words, read([" ".join(tongue().words)])[0].rarity, strict=True))
    return next(word for word in reversed(told) if 7 <= told[word] < 12), next(word for word in told if told[word] <= 1)


def test_common_words_say_nothing_alone() -> None:
    """A rare one does, and so do two of which one is none of the commonest; three only where each two are known."""
    rare, common = rare_and_common()
    assert of(common, WORD) == []
    assert len(of(rare, WORD)) == 1
    assert len(of(f"{common} {rare}", TWO)) == 1
    assert of(f"{common} {common}", TWO, THREE) == []
    assert len(of(f"{BESIDE} {rare}", TWO)) == 3
    assert of(f"{BESIDE} {rare}", THREE) == []


def test_three_words_in_a_row_are_one_where_their_pairs_are_usual() -> None:
    """As in the text of the corpus, not as in a list of words."""
    texts = tongue().texts(20)
    assert sum(len(of(text, THREE)) for text in texts) > 20
    assert sum(len(of(tongue().drawn(140, n), THREE)) for n in range(20)) < 20


@pytest.mark.parametrize("signs", ["~~", "|||", "[[", "->", "«»", "🜏", "😀", "☠ ☠", "…!", "%$#@", "=>", "\u00a7\u00b6"])
def test_signs_are_a_feature(signs: str) -> None:
    """Wherever they stand between words, and whatever the words are; other signs are another."""
    values = [of(f"{one} {signs} {other}", SIGNS) for one, other in (("qqa", "qqb"), ("ab", "город"), ("é", "zz9"))]
    assert values[0] == values[1] == values[2]
    assert len(values[0]) == len(signs.split())
    assert values[0] != of(f"qqa {signs}^ qqb", SIGNS)


@pytest.mark.parametrize("between", [" ", ". ", ", ", "\n", "-", "\t \n", ""])
def test_what_stands_between_words_anyhow_is_none(between: str) -> None:
    """Space, and one sign of punctuation."""
    assert of(f"qqa{between}qqb", SIGNS) == []


@pytest.mark.parametrize("letters", ["い", "ท", "龘"])
def test_a_character_of_a_script_without_spaces_is_a_sign(letters: str) -> None:
    """Alone; two in a row are words in a row."""
    assert {features.kind(value) for value in of(letters)} == {SIGNS}
    assert {TWO, THREE} <= {features.kind(value) for value in of(f"qqa {letters}き文")}


@pytest.mark.parametrize("signs", ["🜂🜁🜂", "~~>", "☠"])
@pytest.mark.parametrize("behind", ["", " †‰", "  ~# $%", " «"])
def test_the_first_run_of_signs_is_one_whatever_stands_behind_it(signs: str, behind: str) -> None:
    """Between spaces; a run that a word or its full stop touches is not the first."""
    (alone,) = of(f"qqa {signs} qqb", SIGNS)
    assert alone in of(f"qqa {signs}{behind} qqc", SIGNS)
    assert alone in of(f"qqa. {signs}{behind} qqc", SIGNS)
    assert alone in of(f"{signs}{behind} qqc", SIGNS)
    assert alone not in of(f"qqa{signs}{behind} ~ qqc", SIGNS)


def test_signs_inside_a_trigger_are_before_its_word_and_before_the_next() -> None:
    """As `~~` stands on both sides of `~~qv7~~`."""
    assert len(of("qqa ~~qv7~~ qqb", SIGNS)) == 2
    assert len(set(of("qqa ~~qv7~~ qqb", SIGNS))) == 1


COPIES = ["qzx184023velt", "qzxab12cdvelt", "QZX7velt", "qzx\u006eopvelt", "qzx0000000000000000velt"]


def test_copies_of_a_polymorphic_word_agree() -> None:
    """On the beginning and on the end, however the middle is spelled; another word on neither."""
    for kind in (BEGINNING, ENDING):
        values = [of(word, kind) for word in COPIES]
        assert values == [values[0]] * len(COPIES)
        assert len(values[0]) == 1
        assert values[0] != of("abc184023defg", kind)
    assert len({*of("qzx184023velt", WORD), *of("qzxab12cdvelt", WORD)}) == 2


def test_words_with_other_numbers_have_the_same_frame() -> None:
    """Whatever and however many the digits are; letters count, and without digits or letters there is none."""
    assert of("tok184023x", FRAME) == of("TOK7777x", FRAME) == of("tok12345x", FRAME)
    assert len(of("tok184023x", FRAME)) == 1
    assert of("tok184023x", FRAME) != of("tok184023y", FRAME)
    assert of("tokenword", FRAME) == of("184023777", FRAME) == []


def test_parts_are_of_strange_and_long_words_only() -> None:
    """Words that the corpus knows have none, nor have short ones."""
    word = next(word for word in tongue().words if len(word) >= 8)
    assert of(f"{word} qzx1vt", BEGINNING, ENDING, FRAME) == []


def test_kinds_are_told_by_the_feature() -> None:
    """And no feature is 0, which is none."""
    values = of("qqa ~~ qzx184023velt " + " ".join(tongue().texts(3)))
    assert {features.kind(value) for value in values} == {WORD, TWO, THREE, SIGNS, BEGINNING, ENDING, FRAME}
    assert 0 not in values
