"""Rows of one label that are put alike, though what they say goes with another one, come first in an order."""

from __future__ import annotations

import random
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pytest

from corpusscan import schema
from corpusscan.detector import Batch
from corpusscan.kernels import forms, mixtures, outoffold, signs, views, words
from corpusscan.kernels.contradictions import Bools
from corpusscan.kernels.forms import Corpus, Form
from corpusscan.kernels.outoffold import Numbers

KEY = bytes(range(32))
SMALL = [f"of{n}" for n in range(60)]  # stand anywhere, as common words do


class Made(NamedTuple):
    """Texts as kernels have them, their labels, and which are planted."""

    texts: list[str]
    label: Numbers
    planted: Bools


def said(draw: random.Random, label: int) -> list[str]:
    """Words of which half are common, and half of the others of a label."""
    own = [f"topic{label}x{draw.randrange(150)}" for _ in range(4)] + [f"word{draw.randrange(200)}" for _ in range(4)]
    told = own + draw.choices(SMALL, k=8)
    return draw.sample(told, len(told))


def made(count: int = 1_200, planted: int = 80) -> Made:
    """Texts of two labels; the planted ones say 0, have label 1, and common words of one kind at three places."""
    draw = random.Random(3)
    texts, label = [], []
    for n in range(count):
        mine = draw.randrange(2) if n >= planted else 0
        told = said(draw, mine)
        if n < planted:
            told = [draw.choice(SMALL[:5]), draw.choice(SMALL[5:9]), *told[:3], draw.choice(SMALL[9:13]), *told[3:]]
        texts.append(" ".join(told))
        label.append(mine if n >= planted else 1)
    return Made(texts, np.array(label), np.arange(count) < planted)


def read(texts: list[str]) -> tuple[words.Hashes, words.Offsets]:
    """The words of texts."""
    found = words.hashed(pa.array(texts, pa.large_string()), KEY)
    return found.hashes, found.bounds


def made_batch(texts: list[str]) -> Batch:
    """Documents of one text each."""
    rows = [{"row": n, "field": "text", "text": one} for n, one in enumerate(texts)]
    documents = pa.Table.from_pylist([{"row": n} for n in range(len(texts))], schema.DOCUMENTS)
    return Batch(documents, pa.Table.from_pylist(rows, schema.TEXTS), schema.ANOMALIES.empty_table(), KEY)


def found_in(corpus: Corpus, mine: Bools) -> Form | None:
    """The form of a label as the detector has it."""
    first = corpus.guessed(mine)
    return None if first is None else corpus.borne_out(first, mine)


def test_rows_in_one_form_come_first_for_their_label() -> None:
    """Of 80 planted rows among 1,200 most stand above all but one in a hundred of the others, and the label is told."""
    of = made()
    hashes, bounds = read(of.texts)
    corpus = Corpus(hashes, bounds)
    found = found_in(corpus, of.label == 1)
    assert found is not None
    form, content = found.judge.odds(views.views(hashes, bounds, corpus.common), corpus.fold)
    told = found.judge.planted(form, content)
    mine = of.label == 1
    assert np.abs(mixtures.share(told[mine]) - found.planted[mine]).max() < 0.1  # as those it learned from
    assert found.planted[of.planted].mean() > 0.6 > 0.05 > found.planted[~of.planted].mean()
    assert found.evidence > 60 > 20 < found.spoken
    told[of.label == 0] = -100
    bar = np.sort(told[~of.planted])[-12]
    assert (told[of.planted] > bar).mean() > 0.6
    assert content[of.planted].mean() < content[(of.label == 1) & ~of.planted].mean() - 2
    other = found_in(corpus, of.label == 0)
    assert other is None or other.evidence < found.evidence / 4


def test_what_most_rows_of_a_label_have_is_no_planted_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 300 planted rows of 1,200 nearly all are told; where so many of a label are too many, none is borne out."""
    of = made(planted=300)
    corpus = Corpus(*read(of.texts))
    found, other = (found_in(corpus, of.label == n) for n in (1, 0))
    assert found is not None
    assert found.planted[of.planted].mean() > 0.9 > 0.05 > found.planted[~of.planted].mean()
    assert other is None or other.evidence < found.evidence / 4
    monkeypatch.setattr(forms, "WHOLE", 0.2)
    again = found_in(corpus, of.label == 1)
    assert again is not None
    assert (again.evidence, again.spoken, again.guessed) == (0, 0, found.guessed)


def test_where_nothing_is_planted_there_is_little_evidence() -> None:
    """Rows whose labels fit what they say have no form of one label."""
    of = made(planted=0)
    corpus = Corpus(*read(of.texts))
    told = [found_in(corpus, of.label == n) for n in range(2)]
    assert all(one is None or one.evidence < 10 for one in told)


def test_forms_know_common_words_and_gaps_only_by_their_places() -> None:
    """Two texts of one skeleton share all its features whatever else they say; one of another skeleton does not."""
    hashes, bounds = read(["the cat of wood", "the dogs sit of stone", "of the cat wood"])
    known = np.sort(outoffold.cut(read(["the of"])[0]))
    told = views.views(hashes, bounds, known)[0]
    plain = outoffold.features(hashes, bounds)[0]
    skeletons = [{*told.code[told.owner == n].tolist()} - {*plain.tolist()} for n in range(3)]
    assert skeletons[0] == skeletons[1]
    assert skeletons[0] != skeletons[2]
    content = views.rare(hashes, bounds, known)
    assert np.bincount(content.owner).tolist() == [2, 3, 2]


def test_signs_belong_to_how_a_text_is_put_and_not_to_its_fold() -> None:
    """Texts of the same words and other signs differ in their forms, have one fold, and signs are no rare words."""
    batch = made_batch(["so , the cat .", "so the cat ?", "¿so 「the」 cat؟"])
    hashes, bounds = signs.document_tokens(batch)
    assert np.diff(bounds).tolist() == [6, 5, 8]  # three words, the signs, the end
    assert signs.are(hashes).reshape(-1).sum() == 3 + 2 + 5
    nothing = np.zeros(0, np.uint64)
    told = views.views(hashes, bounds, nothing)[0]
    assert len({frozenset(told.code[told.owner == n].tolist()) for n in range(3)}) == 3
    assert len({*outoffold.folds(*views.words_of(hashes, bounds)).tolist()}) == 1
    assert np.bincount(views.rare(hashes, bounds, nothing).owner).tolist() == [3, 3, 3]


def test_signs_far_into_a_text_are_not_read() -> None:
    """A text of signs alone costs no more than its beginning, and its end stands behind its words."""
    hashes, bounds = signs.document_tokens(made_batch(["!" * 100_000 + " end", ""]))
    assert np.diff(bounds).tolist() == [signs.BYTES + 2, 1]
    assert signs.are(hashes).sum() == signs.BYTES + 2
    assert (hashes[bounds[1:] - 1] == signs.END).all()


def test_gains_by_hand() -> None:
    """A row of another label speaks against a mixture; one of the label the more for it, the more it says another."""
    content, mine = np.array([-3, 0, 3, -3], np.float32), np.array([True, True, True, False])
    for gain in (forms.conditional(content, mine, 0.6), forms.joint(content, mine, 0.6)):
        assert gain[0] > gain[1] > gain[2]
        assert np.isclose(gain[3], np.log(0.4))
    assert forms.joint(content, mine, 0.6)[2] < 0 < forms.conditional(content, mine, 0.6)[2]


def test_the_top_is_where_gains_add_up_to_the_most() -> None:
    """Rows after the best place are left, and no more than so many are looked at."""
    order, gain = np.array([5, 4, 3, 2, 1], np.float32), np.array([1, -0.5, 2, -1, 9], np.float32)
    assert forms.top(order, gain, 4).tolist() == [0, 1, 2]


def test_texts_without_words_and_without_common_words() -> None:
    """Nothing to read is nothing found, and no error."""
    hashes, bounds = read(["", "one", ""])
    assert len(views.views(hashes, bounds, np.zeros(0, np.uint64))[0].code) > 0
    corpus = Corpus(*read(["", ""]))
    assert found_in(corpus, np.array([True, False])) is None
