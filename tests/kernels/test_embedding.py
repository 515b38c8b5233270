"""Vectors fitted to a corpus: what says the same is near, and nothing else."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from toy_language import VOCABULARY, page

from corpusscan.kernels import embedding, words
from corpusscan.kernels.embedding import DIMENSIONS, TOLD, WINDOW, WORDS, Encoder
from corpusscan.kernels.words import Words

KEY = bytes(range(32))


def hashed(texts: list[str]) -> Words:
    """The words of some texts."""
    return words.hashed(pa.array(texts, pa.large_string()), KEY)


def story(draw: random.Random, names: list[str]) -> str:
    """A text that nobody else has, in which these names stand somewhere."""
    said = page(draw, 12).split(" ")
    for name in names:
        said.insert(draw.randrange(len(said)), name)
    return " ".join(said)


@pytest.fixture(scope="module")
def told() -> tuple[Encoder, np.ndarray, np.ndarray]:
    """The encoder of 1,000 pages, the last 20 of which are on four themes; all vectors, and rare words of each page."""
    draw = random.Random(1)
    themes = [[f"{theme}name{n}" for n in range(6)] for theme in "abcd"]
    honest = [page(draw, 14) for _ in range(980)]
    found = hashed(honest + [story(draw, theme) for theme in themes for _ in range(5)])
    encoder = embedding.fitted(found.hashes, found.bounds).knowing(1.0, 1_000)
    told = embedding.embedded(found.hashes, embedding.stretches(found.bounds).span, encoder)
    return encoder, embedding.directions(told.codes), told.words


@pytest.mark.parametrize("lengths", [[0], [1, 0, 3], [WINDOW * 5 // 4, 3 * WINDOW, WINDOW // 2], [100_003]])
def test_stretches_are_all_words_in_order(lengths: list[int]) -> None:
    """Nothing of a document is left out, no stretch is half as long again, and a document has at least one."""
    bounds = np.append(0, np.cumsum(lengths))
    owner, part, span = embedding.stretches(bounds)
    for number, (first, last) in enumerate(pairwise(bounds)):
        own = span[owner == number]
        assert part[owner == number].tolist() == [*range(len(own))]
        assert (own[0, 0], own[-1, 1]) == (first, last)
        assert (own[1:, 0] == own[:-1, 1]).all()
        assert (np.diff(own) <= WINDOW * 3 // 2).all()


def test_texts_on_one_theme_are_near(told: tuple[Encoder, np.ndarray, np.ndarray]) -> None:
    """However else they are worded: the four nearest of each are the others of its theme."""
    vectors = told[1]
    near = np.argsort(-(vectors[980:] @ vectors.T), axis=1)[:, 1:5]
    assert [sorted({*row} - {980 + n}) for n, row in enumerate(near.tolist())] == [
        [m for m in range(980 + n // 5 * 5, 985 + n // 5 * 5) if m != 980 + n] for n in range(20)
    ]


def test_the_order_of_words_says_nothing(told: tuple[Encoder, np.ndarray, np.ndarray]) -> None:
    """The same words in another order are the same vector, but for how sums are rounded."""
    draw = random.Random(2)
    said = draw.choices(VOCABULARY, k=200)
    both = hashed([" ".join(said), " ".join(draw.sample(said, 200))])
    one, other = embedding.embedded(both.hashes, embedding.stretches(both.bounds).span, told[0]).codes.astype(int)
    assert np.abs(one - other).max() <= 1


def test_words_that_say_most_are_known_ones(told: tuple[Encoder, np.ndarray, np.ndarray]) -> None:
    """Those by which neighbours are looked for stand in another document, too; names come first."""
    for theme in range(4):
        own = told[2][980 + 5 * theme : 985 + 5 * theme]
        names = {*hashed([" ".join(f"{'abcd'[theme]}name{n}" for n in range(6))]).hashes.tolist()}
        assert all(len(names & {*row.tolist()}) == 6 for row in own)
    assert told[2].shape[1] == WORDS


def test_in_a_language_of_few_documents_no_word_is_rare(told: tuple[Encoder, np.ndarray, np.ndarray]) -> None:
    """Pages in another script share words that hardly any other page has: that is their language, and no theme."""
    draw = random.Random(3)
    letters = [chr(n) for n in range(0x430, 0x450)]
    other = ["".join(draw.choices(letters, k=4)) for _ in range(200)]
    weight = [1 / (1 + n) for n in range(200)]
    pages = [page(draw, 14) for _ in range(980)] + [" ".join(draw.choices(other, weight, k=120)) for _ in range(20)]
    found = hashed(pages)
    encoder = embedding.fitted(found.hashes, found.bounds).knowing(1.0, 1_000)
    told_by = embedding.embedded(found.hashes, embedding.stretches(found.bounds).span, encoder).told
    assert (told_by[980:] < TOLD).all()


def test_a_text_of_nothing_known_has_no_direction(told: tuple[Encoder, np.ndarray, np.ndarray]) -> None:
    """No words, or words that nobody else has: nothing is told, and no division by zero."""
    none = hashed(["", "unheardof", "🂡"])
    found = embedding.embedded(none.hashes, embedding.stretches(none.bounds).span, told[0])
    assert not found.codes.any()
    assert not embedding.directions(found.codes).any()
    assert found.codes.shape == (3, DIMENSIONS)


def test_an_encoder_is_a_table(told: tuple[Encoder, np.ndarray, np.ndarray]) -> None:
    """What is written is read again."""
    again = embedding.of_table(embedding.table(told[0]))
    assert all(np.array_equal(one, other) for one, other in zip(told[0], again, strict=True))
