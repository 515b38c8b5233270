"""Class probabilities of documents by models that have not seen them."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pytest

from corpusscan.kernels import embedding, outoffold, words
from corpusscan.kernels.outoffold import FOLDS, Model, Read
from corpusscan.kernels.words import Words

KEY = bytes(range(32))
SAID = {0: ["dull", "awful", "tired"], 1: ["bright", "lovely", "warm"], 2: ["goal", "match", "league"]}


def hashed(texts: list[str]) -> Words:
    """The words of some texts."""
    return words.hashed(pa.array(texts, pa.large_string()), KEY)


def texts(count: int, classes: int, seed: int = 1) -> tuple[list[str], np.ndarray]:
    """Texts, most words of which say nothing, and one of their class; with the class of each."""
    draw = random.Random(seed)
    label = [draw.randrange(classes) for _ in range(count)]
    said = [[f"w{draw.randrange(200)}" for _ in range(9)] + [draw.choice(SAID[one])] for one in label]
    return [" ".join(draw.sample(own, len(own))) for own in said], np.array(label)


def model(written: list[str], label: np.ndarray, classes: int) -> tuple[Model, Read, np.ndarray]:
    """What is learned of some texts, what is seen of them, and their folds."""
    found = hashed(written)
    fold = outoffold.folds(found.hashes, found.bounds)
    known = outoffold.vocabulary(found.hashes, found.bounds, 2, 10_000)
    seen = outoffold.read(found.hashes, found.bounds, known)
    return outoffold.fitted(seen, known, fold, label, classes), seen, fold


@pytest.mark.parametrize("classes", [2, 3])
def test_classes_are_told_by_models_that_have_not_seen_the_text(classes: int) -> None:
    """What is learned from others says the class of nearly every text, and probabilities are probabilities."""
    written, label = texts(800, classes)
    told, seen, fold = model(written, label, classes)
    chance = outoffold.chances(outoffold.logits(told, seen, fold))
    assert chance.shape == (800, classes)
    assert np.allclose(chance.sum(axis=1), 1, atol=1e-5)
    assert (chance.argmax(axis=1) == label).mean() > 0.95


def test_labels_without_reason_are_not_learned() -> None:
    """Labels drawn at random are not foreseen: nothing of a text has gone into what judges it."""
    written, label = texts(1_000, 2)
    drawn = np.random.default_rng(1).integers(0, 2, len(label))
    told, seen, fold = model(written, drawn, 2)
    assert abs((outoffold.logits(told, seen, fold).argmax(axis=1) == drawn).mean() - 0.5) < 0.06


def test_copies_are_in_one_fold_whatever_their_case_and_punctuation() -> None:
    """A copy must not tell the label of its original; folds are about equally large."""
    written, _ = texts(1_000, 2)
    found, again = hashed(written), hashed([text.upper().replace(" ", ", ") + "!" for text in written])
    fold = outoffold.folds(found.hashes, found.bounds)
    assert np.array_equal(fold, outoffold.folds(again.hashes, again.bounds))
    assert np.bincount(fold, minlength=FOLDS).min() > 150


@pytest.mark.parametrize("classes", [2, 3])
def test_what_features_say_adds_up_to_the_logits(classes: int) -> None:
    """Taking out what all features of a text say leaves the bias: the model is linear in them."""
    written, label = texts(300, classes)
    told, seen, fold = model(written, label, classes)
    of = np.repeat(np.arange(len(fold)), np.diff(seen.bounds))
    left = outoffold.logits(told, seen, fold)
    np.subtract.at(left, of, outoffold.said(told, seen, fold))
    assert np.allclose(left, outoffold.wide(told.bias[fold]), atol=1e-4)


def test_a_model_comes_back_from_its_table_and_the_same_input_gives_the_same_bytes() -> None:
    """Written and read a model says the same, and fitting twice is one result."""
    written, label = texts(300, 3)
    told, seen, fold = model(written, label, 3)
    again = outoffold.of_table(outoffold.table(told))
    assert np.array_equal(outoffold.logits(told, seen, fold), outoffold.logits(again, seen, fold))
    assert outoffold.table(model(written, label, 3)[0]).equals(outoffold.table(told))


def test_directions_of_the_corpus_may_stand_beside_the_words() -> None:
    """With an encoder the model has weights of its directions, too."""
    written, label = texts(900, 2)
    found = hashed(written)
    fold = outoffold.folds(found.hashes, found.bounds)
    known = outoffold.vocabulary(found.hashes, found.bounds, 2, 500)
    seen = outoffold.read(found.hashes, found.bounds, known, embedding.fitted(found.hashes.copy(), found.bounds))
    told = outoffold.fitted(seen, known, fold, label, 2)
    assert told.dense.shape == (embedding.HALF if seen.dense.shape[1] else 0, FOLDS, 1)
    assert (outoffold.logits(told, seen, fold).argmax(axis=1) == label).mean() > 0.9


def test_texts_without_a_known_word_are_judged_by_the_bias() -> None:
    """Empty texts, and texts of unknown words, neither fail nor are told apart."""
    written, label = texts(300, 2)
    told, *_ = model(written, label, 2)
    found = hashed(["", "qqq zzz", ""])
    known = (told.features, told.rarity)
    seen = outoffold.read(found.hashes, found.bounds, known)
    left = outoffold.logits(told, seen, np.zeros(3, np.int64))
    assert np.allclose(left, left[0])


def test_shares_of_a_class_are_learned_as_classes_are_and_a_model_goes_on_from_another() -> None:
    """Shares of 0 and 1 give the model of two classes; rows that are not heard change nothing; a start is a start."""
    draw = np.random.Generator(np.random.PCG64(1))
    hashes = draw.integers(1, 40, 4_000).astype(np.uint64) << np.uint64(30)
    bounds = np.arange(0, 4_001, 10)
    known = outoffold.vocabulary(hashes, bounds, 2, 1_000)
    seen, fold = outoffold.read(hashes, bounds, known), outoffold.folds(hashes, bounds)
    label = (hashes.reshape(400, 10) == hashes[0]).any(axis=1)
    whole = outoffold.fitted(seen, known, fold, label.astype(np.int64), 2)
    same = outoffold.shared(seen, known, fold, label.astype(np.float32))
    assert all(np.array_equal(one, other) for one, other in zip(whole, same, strict=True))
    heard = np.ones(400, np.float32)
    heard[:50] = 0
    turned = label.copy()
    turned[:50] = ~turned[:50]
    deaf = [outoffold.shared(seen, known, fold, one.astype(np.float32), heard=heard) for one in (label, turned)]
    assert np.array_equal(deaf[0].weights, deaf[1].weights)
    on = outoffold.shared(seen, known, fold, label.astype(np.float32), begin=whole, iterations=1)
    assert np.abs(on.weights.astype(np.float32) - whole.weights.astype(np.float32)).max() < 0.5
    half = outoffold.shared(seen, known, fold, np.full(400, 0.5, np.float32))
    assert np.abs(outoffold.logits(half, seen, fold)[:, 1]).max() < 0.01
