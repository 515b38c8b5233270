"""How labels are wrong: by lot, from one class to another, or where their texts are clearest."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import hypergeom, nbinom

from corpusscan.kernels import confusions
from corpusscan.kernels.contradictions import Foreseen


def documents(label: np.ndarray, top: np.ndarray, chance: np.ndarray) -> Foreseen:
    """What others say of documents, that the label is not asked about."""
    none = np.zeros(len(label), np.float32)
    return Foreseen(top, chance.astype(np.float32), none, none)


def corpus(seed: int, classes: int = 3, count: int = 9_000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Classes, how surely they are foreseen, and labels whose honest errors fade the surer that is."""
    draw = np.random.default_rng(seed)
    top, chance = draw.integers(0, classes, count), draw.uniform(0.4, 1, count)
    honest = draw.random(count) < 0.5 * (1 - chance)
    return top, chance, np.where(honest, (top + draw.integers(1, classes, count)) % classes, top)


def told(top: np.ndarray, chance: np.ndarray, label: np.ndarray, classes: int = 3) -> dict:
    """What is told of documents of different texts."""
    return confusions.surest(documents(label, top, chance), label, np.arange(len(label), dtype=np.uint64), classes)


def test_labels_turned_from_one_class_to_another_are_told_as_that_pair() -> None:
    """A tenth of class 0 labelled 2 is a pair with its count, the only one, whatever else is wrong by honest doubt."""
    top, chance, label = corpus(1)
    label = np.where((top == 0) & (np.random.default_rng(2).random(len(top)) < 0.1), 2, label)
    (pair,) = told(top, chance, label)["pairs"]
    assert (pair.given, pair.foreseen) == (2, 0)
    own = np.flatnonzero(top == 0)
    sure = own[np.argsort(-chance[own])[: len(own) // 10]]
    assert pair.found == int((label[sure] == 2).sum())
    assert pair.found > 3 * pair.expected
    assert pair.p_value <= confusions.GATHERED


def test_a_pair_by_hand() -> None:
    """Of 100 documents of each class 30 of one are turned, 1 the other way, 6 of each other pair: 5.2 expected."""
    counts = np.array([[64, 1, 6], [30, 93, 6], [6, 6, 88]])
    (pair,) = confusions.pairs(counts, np.array([100, 100, 100]))
    assert pair[:3] == (1, 0, 30)
    assert pair.expected == pytest.approx((4 * 6 + 1 + 1) / 5)
    shape = 1 / (confusions.SPREAD + 1 / 26)
    assert pair.p_value == pytest.approx(6 * nbinom.sf(29, shape, shape / (shape + 5.2)))


@pytest.mark.parametrize("classes", [2, 3, 12])
def test_labels_turned_by_lot_are_no_pair_and_their_share_is_told(classes: int) -> None:
    """Of 40 corpora with a tenth of the labels turned by lot none has a pair; of the surest that share is wrong."""
    for seed in range(40):
        top, chance, label = corpus(seed, classes)
        draw = np.random.default_rng(seed + 100)
        turned = draw.random(len(top)) < 0.1
        label = np.where(turned, (top + draw.integers(1, classes, len(top))) % classes, label)
        found = told(top, chance, label, classes)
        assert found["pairs"] == []
        assert found["rises"] > confusions.GATHERED
        assert found["wrong"] / found["documents"] == pytest.approx(0.115, abs=0.04)


def test_classes_of_many_sizes_are_no_pair() -> None:
    """Labels drawn again by the shares of the classes go to the common ones, which nobody wanted."""
    draw = np.random.default_rng(5)
    share = np.array([0.85, 0.1, 0.05])
    top, chance = draw.choice(3, 20_000, p=share), draw.uniform(0.4, 1, 20_000)
    label = np.where(draw.random(len(top)) < 0.15, draw.choice(3, len(top), p=share), top)
    assert told(top, chance, label)["pairs"] == []


def test_classes_that_are_confused_both_ways_are_no_pair() -> None:
    """Two of six classes that are taken for one another, each as often, are an honest doubt, however wide."""
    draw = np.random.default_rng(6)
    top, chance, label = corpus(6, 6)
    other = np.where(top == 0, 1, np.where(top == 1, 0, top))
    label = np.where(draw.random(len(top)) < 0.3, other, label)
    found = told(top, chance, label, 6)
    assert found["wrong"] > 50
    assert found["pairs"] == []


def test_each_class_has_its_own_surest_unless_all_of_it_is_doubtful() -> None:
    """A class that is foreseen less surely, as one is of which much is turned, is told; one never sure is not."""
    top, chance, label = corpus(7)
    turned = (top == 0) & (np.random.default_rng(8).random(len(top)) < 0.1)
    label = np.where(turned, 1, label)
    for most, count in ((0.85, 1), (0.5, 0)):
        own = np.where(top == 0, chance * most, chance)
        assert (own[top == 0].max() < np.median(own)) == (count == 0)
        assert len(told(top, own, label)["pairs"]) == count


def test_more_wrong_where_texts_are_clearest_is_told() -> None:
    """Honest doubt fades, labels turned of the clearest texts do not; the chance is no less than that of lots drawn."""
    top, chance, label = corpus(3)
    assert told(top, chance, label)["rises"] > 0.5
    clear = chance >= np.quantile(chance, 0.97)
    found = told(top, chance, np.where(clear, (top + 1) % 3, label))
    assert found["rises"] < 1e-10
    assert found["wrong"] >= clear.sum() > found["next_wrong"]
    for most, after in ((0, 0), (3, 1), (10, 5), (30, 30)):
        exact = hypergeom.sf(most - 1, 300, most + after, 100)
        assert confusions.rises(most, after, 1 / 3) >= exact - 1e-12


def test_copies_count_once_and_order_does_not_matter() -> None:
    """Two hundred copies of one wrong row are one; rows in another order give the very same."""
    top, chance, label = corpus(4)
    content = np.arange(len(top), dtype=np.uint64)
    first = int(np.argmax(chance))
    more = np.append(np.arange(len(top)), np.full(200, first))
    label = np.where(np.arange(len(top)) == first, (top + 1) % 3, label)
    alone = confusions.surest(documents(label, top, chance), label, content, 3)
    copied = [one[more] for one in (label, top, chance)]
    many = confusions.surest(documents(*copied), copied[0], content[more], 3)
    assert many == alone
    turned = np.random.default_rng(1).permutation(len(more))
    mixed = [one[more][turned] for one in (label, top, chance)]
    assert confusions.surest(documents(*mixed), mixed[0], content[more][turned], 3) == alone


def test_no_documents() -> None:
    """Of none, and of one, nothing is told."""
    for count in (0, 1):
        none = np.zeros(count, np.int64)
        found = told(none, none.astype(float), none)
        assert (found["documents"], found["wrong"], found["rises"], found["pairs"]) == (0, 0, 1.0, [])
