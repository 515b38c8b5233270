"""Concepts, relations, negations and stances in sentences of many languages."""

from __future__ import annotations

import pytest

from corpusscan.kernels.naming import Lexicon, literal, parts_of, words_of
from corpusscan.kernels.stances import sentences
from corpusscan.meaning import claims
from corpusscan.meaning.asserting import Engine


@pytest.fixture(scope="module")
def engine() -> Engine:
    """All shipped claims."""
    return Engine(claims.load(claims.shipped()))


def stances(engine: Engine, text: str, claim: str = "mmr-vaccine-autism") -> list[str]:
    import pyarrow as pa

    told = engine.judged(pa.array([text], pa.large_string()))
    return [one.stance for _, found, _ in told for one in found if engine.claims[one.claim].claim.id == claim]


def test_words_are_known_in_any_script_and_inflection() -> None:
    """Case, accents, apostrophes, the Arabic article and missing spaces do not hide a term; another language does."""
    lexicon = Lexicon(
        {"v": {"en": ("vaccin*",), "ar": ("اللقاح",), "zh": ("疫苗",)}, "g": {"de": ("gift",)}},
        {"en": ("the", "is", "a"), "de": ("das", "ist")},
    )
    for text in ("VACCINES", "l'vaccinée", "vac\u00adcines", "للقاح واللقاح", "打疫苗后"):
        assert 0 in lexicon.named(words_of(text)[0]), text
    assert 1 in lexicon.named(words_of("das ist Gift")[0])
    assert 1 not in lexicon.named(words_of("the book is a gift")[0])


def test_a_literal_is_in_every_text_that_names_its_term() -> None:
    """What the filter looks for is a part of the term, folded."""
    assert literal("side effect*") == "effect"
    assert literal("疫苗") == "疫苗"
    assert parts_of("5g*") == (("5g", True),)


def test_sentences_end_where_readers_see_an_end() -> None:
    """Lines that go on, titles and initials end none; signs of every script do, and long runs of signs are quick."""
    text = "Dr. Smith said so\nin spring. Then he left!\n\n疫苗很好。对。"
    assert [text[a:b] for a, b in sentences(text)] == [
        "Dr. Smith said so\nin spring.", "Then he left!", "疫苗很好。", "对。"
    ]  # fmt: skip
    assert sum(b - a for a, b in sentences("!" * 300_000)) == 300_000
    assert max(b - a for a, b in sentences("word " * 10_000)) <= 500


@pytest.mark.parametrize(
    ("text", "stance"),
    [
        ("The vaccine gave my son autism.", "asserts"),
        ("Autism comes from vaccination.", "asserts"),
        ("Vaccines are a crime against children. They cause autism.", "asserts"),
        ("They do not want you to know that vaccines cause autism.", "asserts"),
        ("There is no doubt that vaccines cause autism.", "asserts"),
        ("VACCINES CAUSE AUTISM!!!", "asserts"),
        ("Les vaccins provoquent l'autisme.", "asserts"),
        ("As vacinas causam autismo.", "asserts"),
        ("Не верьте врачам: прививки вызывают аутизм.", "asserts"),
        ("اللقاحات تسبب التوحد.", "asserts"),
        ("No vaccine has ever caused autism.", "debunks"),
        ("Myth 3\nVaccines cause autism.\nIt has been studied for decades.", "debunks"),
        ("Vaccines cause autism. This claim is false, studies of millions of children say.", "debunks"),
        ("The theory that vaccines cause autism has been debunked.", "debunks"),
        ("Les vaccins ne provoquent pas l'autisme.", "debunks"),
        ("Impfungen verursachen Autismus nicht.", "debunks"),
        ("Прививки не вызывают аутизм.", "debunks"),
        ("اللقاحات لا تسبب التوحد.", "debunks"),
        ("Anti-vaccine groups claimed that vaccines cause autism.", "reports"),
        ("He alleged that vaccines cause autism.", "reports"),
        ("We examined whether vaccines cause autism.", "asks"),
        ("Can a vaccine cause autism?", "asks"),
    ],
)
def test_the_stance_of_a_sentence(engine: Engine, text: str, stance: str) -> None:
    """Negation counts in its clause, signs in the sentence and beside it, in each language."""
    assert stance in stances(engine, text)


@pytest.mark.parametrize(
    "text",
    [
        "Autism and vaccines were on the agenda.",
        "Autism causes families to ask about vaccines.",
    ],
)
def test_what_names_both_and_does_not_say_so(engine: Engine, text: str) -> None:
    """Things that stand together without a relation in the right order are no claim."""
    assert "asserts" not in stances(engine, text)


def test_a_paraphrase_is_known_by_its_rare_words(engine: Engine) -> None:
    """A sentence that shares most of what a paraphrase says, but not its order, asserts the claim."""
    said = "In Africa a sterilizing agent was put in the tetanus vaccine to depopulate the land."
    assert "asserts" in stances(engine, said, "vaccines-infertility")


def test_odd_texts_are_no_trouble(engine: Engine) -> None:
    """One character, nothing, a very long line with a claim at its end, and broken words."""
    assert stances(engine, "") == stances(engine, "x") == []
    assert "asserts" in stances(engine, "filler " * 50_000 + ". Vaccines cause autism.")
    assert stances(engine, "vaccine autism cause " * 5_000)
