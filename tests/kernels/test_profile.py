"""A profile: text is text, noise is noise, and nothing that one document says makes itself usual."""

from __future__ import annotations

import random

import numpy as np
import pytest
from tongues import SUBJECTS, anew, known, noise_bits, profile_of, read, shuffled, tongue  # noqa: F401

from corpusscan.kernels import profile, vectors
from corpusscan.kernels.profile import LEVELS, UNKNOWN


def levels(text: str, found: profile.Profile) -> list[int]:
    """How rare its words are."""
    rarities: list[int] = read([text], found)[0].rarity.tolist()
    return rarities


@pytest.mark.parametrize("language", [0, 1])
def test_text_that_it_has_not_seen_is_text(language: int) -> None:
    """Pages of a language of the sample have bits against words as they come, and against no order."""
    found, bounds = noise_bits(tongue(language).texts(20))
    for kind in (0, 1):
        assert (np.add.reduceat(found[kind], bounds[:-1]) < 0).all()


def test_words_as_they_come_are_noise() -> None:
    """Every list of words drawn from the vocabulary has bits of its kind."""
    found, bounds = noise_bits([tongue().drawn(100, seed) for seed in range(20)])
    assert (np.add.reduceat(found[0], bounds[:-1]) > 0).all()


def test_the_words_of_a_page_in_another_order_are_noise() -> None:
    """Every shuffled page has bits for words in no order."""
    found, bounds = noise_bits([shuffled(text, n) for n, text in enumerate(tongue().texts(20))])
    assert (np.add.reduceat(found[1], bounds[:-1]) > 0).all()


def test_scraps_of_other_texts_are_likelier_noise_than_text() -> None:
    """Three words of a page, then three of another: more bits for scraps than pages have."""
    draw = random.Random(3)
    pages = [text.split() for text in tongue().texts(80)]
    scraps = []
    for _ in range(20):
        own, places = draw.choices(pages, k=46), [draw.randrange(130) for _ in range(46)]
        scraps.append(" ".join(word for page, at in zip(own, places, strict=True) for word in page[at : at + 3]))
    assert noise_bits(scraps)[0][2].mean() > noise_bits(tongue().texts(40))[0][2].mean() + 0.02


def test_a_profile_survives_its_table() -> None:
    """What is read from the table is what was written."""
    again = profile.of_table(profile.table(known()))
    for name in profile.Profile._fields:
        assert np.array_equal(getattr(again, name), getattr(known(), name)), name


def test_what_one_document_says_is_not_known() -> None:
    """However often it says it; a second document that says it too makes it known, as a word and as a pair."""
    texts = tongue().texts(200)
    alone = profile_of([*texts, "zyxwa zyxwb " * 200])
    both = profile_of([*texts, "zyxwa zyxwb " * 200, "zyxwa zyxwb"])
    assert set(levels("zyxwa zyxwb", alone)) == {UNKNOWN}
    assert set(levels("zyxwa zyxwb", both)) == {6}  # two of 202: more than one in 128, not one in 64
    pair = profile.pair_hashes(read(["zyxwa zyxwb"], both)[0].hashes)[1]
    assert not profile.known_pair(alone.pairs, pair)
    assert profile.known_pair(both.pairs, pair)


def test_rarity_is_halvings_of_documents() -> None:
    """A word of every document has level 0, of every second 1, of one in 2^n n; of none the last."""
    texts = [" ".join(f"word{n}" for n in range(8) if document % (1 << n) == 0) for document in range(256)]
    assert levels(" ".join(f"word{n}" for n in range(9)), profile_of(texts)) == [*range(8), UNKNOWN]
    assert UNKNOWN == LEVELS - 1


def test_words_are_folded() -> None:
    """A word in capitals, accents or full width is as usual as the word."""
    word = tongue().words[0]
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in word)
    assert len({*levels(f"{word} {word.upper()} {word[0]}\u0301{word[1:]} {wide}", known())}) == 1


@pytest.mark.parametrize("texts", [[], [""], ["", "", ""], ["only one says this"], ["a"], ["a"] * 60, ["a b c"] * 60])
def test_too_little_to_learn_from_is_no_error(texts: list[str]) -> None:
    """No documents, empty ones, one, all the same: numbers are finite, and what was not said is not known."""
    found = profile_of(texts)
    assert found.documents == len(texts)
    assert np.isfinite(found.odds).all()
    assert np.isfinite(found.strange).all()
    assert np.isfinite(found.topics).all()
    assert levels("nobody says this", found) == [UNKNOWN] * 3
    assert topics(["a b c"], found) == [vectors.TOPICS]


def topics(texts: list[str], found: profile.Profile) -> list[int]:
    """Of each text, by all that tells it."""
    told, bounds = read(texts, found)
    last: list[int] = profile.topics_of(told.number, bounds, found).reshape(len(texts), -1)[:, -1].tolist()
    return last


def test_texts_of_a_subject_gather() -> None:
    """Most have a topic that nearly nobody of another subject has; a text of strange words has none."""
    own = topics([text for subject in range(SUBJECTS) for text in tongue().texts(20, subject=subject)], known())
    counts = np.stack([np.bincount(own[n : n + 20], minlength=vectors.TOPICS + 1) for n in range(0, len(own), 20)])
    assert counts.max(axis=0).sum() >= 0.8 * counts.sum()
    assert topics(["qqxz qqxy qqxw"], known()) == [vectors.TOPICS]


def test_hashes_of_two_words_are_the_same_wherever_they_are_made() -> None:
    """In NumPy and in a kernel; and they depend on the order."""
    one, other = np.random.default_rng(1).integers(0, 2**64, (2, 50), np.uint64)
    both = profile.joined(one, other)
    assert both.tolist() == [int(profile.mixed(a, b)) for a, b in zip(one, other, strict=True)]
    assert not (both == profile.joined(other, one)).any()


def test_equal_samples_make_equal_profiles() -> None:
    """Byte for byte: nothing is drawn that is not drawn the same again."""
    texts = tongue().texts(150)
    assert profile.table(profile_of(texts)).equals(profile.table(profile_of(texts)))


@pytest.mark.parametrize("language", [0, 1])
def test_text_has_an_order_and_noise_has_none(language: int) -> None:
    """Bits a word: many in text, hardly any in words as they come, in another order, or in none."""
    from corpusscan.sampling import ORDER

    texts = tongue(language).texts(600)
    assert profile_of(texts).order > 2 * ORDER
    assert profile_of([tongue(language).drawn(80, n) for n in range(600)]).order < ORDER / 2
    draw = random.Random(language)
    assert profile_of([" ".join(draw.sample(text.split(), len(text.split()))) for text in texts]).order < ORDER
    assert abs(profile_of([]).order) < ORDER / 2
