"""Made-up languages: words of syllables, some common and most rare, in an order of their own, on several subjects."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from corpusscan import schema
from corpusscan.detector import Batch
from corpusscan.kernels import changes, features, profile, sketches, vectors
from corpusscan.kernels.features import Reading
from corpusscan.kernels.profile import Profile
from corpusscan.kernels.vectors import Floats
from corpusscan.kernels.words import Offsets

KEY = bytes(range(1, 33))
LATIN = ("b d f g k l m n p r s t v", "a e i o u", " n r s")
OTHER = ("ch h j qu sch w y z tr pl", "aa ei ou y eu", " x lk m nt")
SUBJECTS, FOLLOWERS = 6, 12
_KEPT, _OWN = 0.35, 400  # words that are of any subject; words of each subject


class Tongue:
    """A language: `texts` writes it, `drawn` shuffles its words."""

    def __init__(self, seed: int = 1, syllables: tuple[str, str, str] = LATIN, words: int = 4_000) -> None:
        draw = random.Random(seed)
        parts = ["".join(part).strip() for part in itertools.product(*(own.split(" ") for own in syllables))]
        found: dict[str, None] = {}
        while len(found) < words:
            found["".join(draw.choices(parts, k=draw.randint(1, 3)))] = None
        self.words = list(found)
        self.draw = np.random.default_rng(seed)
        weights = 1 / np.arange(1, words + 1)
        self.weights = weights / weights.sum()
        self.follow = self.draw.choice(words, (words, FOLLOWERS), p=self.weights)
        own = self.draw.integers(60, words, (SUBJECTS, _OWN))
        rank = (self.draw.zipf(1.15, (SUBJECTS, words, FOLLOWERS)) - 1) % _OWN
        self.of_subject = own[np.arange(SUBJECTS)[:, None, None], rank]

    def numbers(self, count: int, length: int, subjects: Any) -> Any:
        """Numbers of words of so many texts, each on a subject."""
        told = np.empty((count, length), np.int64)
        told[:, 0] = self.draw.choice(len(self.words), count, p=self.weights)
        for place in range(1, length):
            which = np.minimum(self.draw.geometric(0.15, count) - 1, FOLLOWERS - 1)
            any_subject = self.follow[told[:, place - 1], which]
            of_own = self.of_subject[subjects, told[:, place - 1], which]
            told[:, place] = np.where(self.draw.random(count) < _KEPT, any_subject, of_own)
        return told

    def texts(self, count: int, length: int = 140, subject: int | None = None) -> list[str]:
        """Texts in sentences, a line of its own for each few of them."""
        subjects = np.arange(count) % SUBJECTS if subject is None else np.full(count, subject)
        return [self.spelled(row) for row in self.numbers(count, length, subjects).tolist()]

    def spelled(self, row: Iterable[int]) -> str:
        """Words as text."""
        words, parts, left = [self.words[number] for number in row], list[str](), 0
        for place, word in enumerate(words):
            ends = left == 0 and place > 0
            left = 7 + hash_of(word) % 9 if left == 0 else left - 1
            parts.append((". " if place % 5 else ".\n") * ends + (" " * (place > 0 and not ends)) + word)
        return "".join(parts) + "."

    def drawn(self, count: int, seed: int) -> str:
        """Words of its vocabulary as they come."""
        return " ".join(random.Random(seed).choices(self.words, k=count))


def hash_of(word: str) -> int:
    """A number that is the same in every process."""
    return sum(ord(letter) for letter in word)


@cache
def tongue(number: int = 0) -> Tongue:
    """One of two languages that share no word."""
    return Tongue(1) if number == 0 else Tongue(2, OTHER)


def batch_of(texts: Iterable[str | list[str]], sources: list[str | None] | None = None) -> Batch:
    """Documents of one text each, or of several."""
    held = [[text] if isinstance(text, str) else text for text in texts]
    rows = [{"row": n, "source": sources[n] if sources else None} for n in range(len(held))]
    said = [
        {"row": n, "field": f"text{k}", "start": 0, "text": text}
        for n, own in enumerate(held)
        for k, text in enumerate(own)
    ]
    return Batch(
        pa.Table.from_pylist(rows, schema=schema.DOCUMENTS),
        pa.Table.from_pylist(said, schema=schema.TEXTS),
        schema.ANOMALIES.empty_table(),
        KEY,
    )


def profile_of(texts: list[str]) -> Profile:
    """The profile of a corpus."""
    return profile.profile(*sketches.document_words(batch_of(texts)))


def read(texts: Iterable[str | list[str]], by: Profile | None = None) -> tuple[Reading, Offsets]:
    """Words of documents, and the bounds of these."""
    batch = batch_of(texts)
    return features.reading(batch, by or known()), sketches.document_words(batch)[1]


@cache
def known() -> Profile:
    """The profile of a corpus of both languages, most of it in the first."""
    return profile_of(Tongue(1).texts(1_000) + Tongue(2, OTHER).texts(400))


def begin_anew() -> None:
    """Let the languages write what they would write first, and nothing that the profile has seen."""
    for number in (0, 1):
        tongue(number).draw = np.random.default_rng(100 + number)


@pytest.fixture(autouse=True)
def anew() -> None:
    """A test that imports this has the same texts whatever ran before it."""
    begin_anew()


def noise_bits(texts: Iterable[str | list[str]]) -> tuple[Floats, Offsets]:
    """Bits for each kind of noise, and bounds of the documents."""
    told, bounds = read(texts, known())
    of = vectors.blocks(told.number, bounds, known().vectors)
    return changes.bits(told.hashes, told.rarity, of, bounds, known()), bounds


def shuffled(text: str, seed: int) -> str:
    """Its words in another order."""
    said = text.split()
    random.Random(seed).shuffle(said)
    return " ".join(said)
