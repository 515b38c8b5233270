"""Labels that texts speak against, counted at features as if these were not there."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import nbinom, poisson

from corpusscan.kernels import contradictions, outoffold, words

KEY = bytes(range(32))


def test_a_label_is_contradicted_by_words_and_not_by_what_is_usual() -> None:
    """Where the words say no more than a text of none, the rarer class is not contradicted, however unlikely it is."""
    logits = np.array([[0.0, -3.0], [3.0, -3.0], [0.0, -3.0]], np.float32)
    bare = np.array([[0.0, -3.0]] * 3, np.float32)
    found = contradictions.foreseen(logits, np.array([1, 1, 0]), bare)
    assert found.against.tolist() == [False, True, False]
    assert found.top.tolist() == [0, 0, 0]


def test_expectations_are_rates_of_strata() -> None:
    """Over all documents as much is expected of each label as there is, but for the little that is added."""
    draw = np.random.default_rng(1)
    logits = draw.normal(0, 2, (5_000, 3)).astype(np.float32)
    label = draw.integers(0, 3, 5_000)
    found = contradictions.foreseen(logits, label, np.zeros((5_000, 3), np.float32))
    chance = contradictions.null(found, label, np.full(3, 1 / 3, np.float32))
    feature, once = draw.integers(0, 4, 5_000), np.ones(5_000, bool)
    counts = contradictions.counts(feature, label, found, chance, 4, once)
    assert counts.against.sum() == found.against.sum()
    assert counts.strength.sum() == pytest.approx(found.strength.sum())
    assert counts.expected.sum() == pytest.approx(found.strength.sum(), rel=0.01)
    assert counts.squares.sum() == pytest.approx((found.strength**2).sum(), rel=0.01)
    assert np.allclose(counts.expected, counts.strength, rtol=0.25)
    rates = contradictions.toward(chance.rates[found.stratum], 3).sum()
    assert rates == pytest.approx(found.against.sum(), rel=0.01)


def test_clear_contradictions_are_strong_and_doubtful_ones_are_not() -> None:
    """Strength is the logarithm of odds beyond doubt; none where words alone, or shares alone, leave doubt."""
    logits = np.array([[3.0, 0.0], [0.5, 0.0], [3.0, 0.0], [0.0, 3.0]], np.float32)
    bare = np.array([[0.0, 0.0], [0.0, 0.0], [2.5, 0.0], [0.0, 0.0]], np.float32)
    found = contradictions.foreseen(logits, np.ones(4, np.int64), bare)
    assert found.strength == pytest.approx([3 - np.log(contradictions.DOUBTFUL), 0, 0, 0])


def test_columns_of_labels_and_all_of_them() -> None:
    """Each label is asked about alone, and one beyond the last for all together."""
    part = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
    assert [contradictions.toward(part, label).tolist() for label in range(3)] == [[1, 3], [2, 4], [3, 7]]


def test_a_feature_is_taken_out_before_it_is_asked_about() -> None:
    """A word that alone has turned its documents' labels is foreseen by itself, and is not, once it is taken out."""
    draw = random.Random(1)
    texts, label = [], []
    for n in range(1_200):
        kind = draw.randrange(2)
        said = [f"w{draw.randrange(200)}" for _ in range(10)] + [f"kind{kind}x{draw.randrange(4)}" for _ in range(4)]
        label.append(1 if n % 15 == 0 else kind)
        texts.append(" ".join([*draw.sample(said, len(said)), *(["zanthe"] if n % 15 == 0 else [])]))
    found, own = words.hashed(pa.array(texts, pa.large_string()), KEY), np.array(label)
    fold = outoffold.folds(found.hashes, found.bounds)
    known = outoffold.vocabulary(found.hashes, found.bounds, 3, 10_000)
    seen = outoffold.read(found.hashes, found.bounds, known)
    model = outoffold.fitted(seen, known, fold, own, 2)
    whole = contradictions.foreseen(outoffold.logits(model, seen, fold), own, outoffold.wide(model.bias[fold]))
    chance = contradictions.null(whole, own, np.full(2, 0.5, np.float32))
    word = outoffold.cut(words.hashed(pa.array(["zanthe"], pa.large_string()), KEY).hashes)[0]
    tested = known[0] == word
    (one,) = contradictions.carried(found.hashes, found.bounds, model, fold, own, chance, tested)
    assert one.document.tolist() == list(range(0, 1_200, 15))
    assert one.found.against.sum() > 30
    assert one.found.against.sum() > whole.against[one.document].sum()


def test_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents in blocks say what they say together."""
    draw = random.Random(2)
    texts = [" ".join(f"w{draw.randrange(60)}" for _ in range(12)) for _ in range(300)]
    found, label = words.hashed(pa.array(texts, pa.large_string()), KEY), np.arange(300) % 2
    fold = outoffold.folds(found.hashes, found.bounds)
    known = outoffold.vocabulary(found.hashes, found.bounds, 3, 10_000)
    model = outoffold.fitted(outoffold.read(found.hashes, found.bounds, known), known, fold, label, 2)
    chance = contradictions.Null(np.full(2, 0.5, np.float32), *[np.zeros((20, 2), np.float32)] * 3)
    tested = np.ones(len(known[0]), bool)

    def told() -> list[np.ndarray]:
        parts = [*contradictions.carried(found.hashes, found.bounds, model, fold, label, chance, tested)]
        return [
            np.concatenate(one) for one in zip(*((p.document, p.feature, p.found.chance) for p in parts), strict=True)
        ]

    whole = told()
    monkeypatch.setattr(contradictions, "BLOCK", 400)
    for one, other in zip(whole, told(), strict=True):
        assert np.allclose(one, other)


def test_tails_are_negative_binomial_and_nearly_poisson_without_variance() -> None:
    """As scipy has them."""
    least, mean = np.array([1, 5, 20]), np.array([0.5, 2.0, 8.0])
    for variance in (0.1, 1.0):
        exact = nbinom.sf(least - 1, 1 / variance, 1 / (1 + mean * variance))
        assert np.allclose(contradictions.tails(least, mean, variance), exact)
    assert np.allclose(contradictions.tails(least, mean, 1e-7), poisson.sf(least - 1, mean), rtol=1e-3)
    assert contradictions.tails(0, 3.0, 0.5) == 1


def test_the_spread_of_features_is_found_and_one_flip_does_not_add_to_it() -> None:
    """Rates that vary as a gamma distribution of that variance are told; none beyond the least where they do not."""
    draw = np.random.default_rng(3)
    mean = draw.uniform(3, 30, 3_000)
    for variance in (0.1, 0.5):
        against = draw.poisson(mean * draw.gamma(1 / variance, variance, 3_000)).astype(np.float64)
        assert contradictions.spread(against, mean) == pytest.approx(variance, rel=0.5)
    honest = draw.poisson(mean).astype(np.float64)
    planted = honest.copy()
    planted[:20] += 80
    assert contradictions.spread(planted, mean) == pytest.approx(contradictions.spread(honest, mean), abs=0.02)
