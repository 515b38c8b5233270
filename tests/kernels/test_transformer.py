"""Texts are read whole by a model that cuts what is long, however little memory there is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fake_models import installed, saved

from corpusscan.kernels import transformer


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[transformer.Sentences]:
    """A stand-in that reads 40 tokens, and fails where a text has more."""
    folder = saved(tmp_path / "model")
    with installed(tmp_path, monkeypatch):
        yield transformer.Sentences(str(folder), "cpu")


def text(count: int, word: str = "w") -> str:
    """So many different words."""
    return " ".join(f"{word}{n}" for n in range(count))


def test_windows_hold_all_of_a_text(model: transformer.Sentences) -> None:
    """One after another, nothing twice and nothing left out, none longer than the model reads."""
    texts = ["short", text(95), "", text(38)]
    parts, owner, tokens = model.windows(texts)
    assert owner.tolist() == [0, 1, 1, 1, 3]
    assert tokens.tolist() == [1, 38, 38, 19, 38]
    assert ["".join(part for part, of in zip(parts, owner, strict=True) if of == n) for n in range(4)] == texts


def test_a_vector_is_the_mean_of_its_windows(model: transformer.Sentences) -> None:
    """By their tokens; its length is 1, and nothing has none."""
    long = text(50)
    both = model.embedded([long, "", "one"])
    parts, _, tokens = model.windows([long])
    mean = (model.embedded(parts) * tokens[:, None]).sum(axis=0)
    assert np.allclose(both[0], mean / np.linalg.norm(mean), atol=1e-6)
    assert np.linalg.norm(both, axis=1) == pytest.approx([1, 0, 1])


def test_no_memory_is_answered_by_smaller_batches(
    model: transformer.Sentences, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The vectors are those that more memory gives; a model that is too large for one text is an error."""
    texts = [text(n + 1, "abc"[n % 3]) for n in range(30)]
    wanted = model.embedded(texts)
    monkeypatch.setenv("FAKE_MEMORY", "3")
    assert np.array_equal(model.embedded(texts), wanted)
    assert model.size == 2
    monkeypatch.setenv("FAKE_MEMORY", "0")
    with pytest.raises(RuntimeError, match="out of memory"):
        model.embedded(texts)


def test_windows_begin_with_words() -> None:
    """A word of several tokens is not parted; one that is longer than half a window is."""
    assert transformer._cuts([0, 1, 1, 1, 2, 3], 4) == [(0, 4), (4, 6)]
    assert transformer._cuts([0, 1, 2, 2, 2, 3], 4) == [(0, 4), (4, 6)]
    assert transformer._cuts([0, 1, 2, 3, 3, 3], 4) == [(0, 3), (3, 6)]
    assert transformer._cuts([0] * 9, 4) == [(0, 4), (4, 8), (8, 9)]
    assert transformer._cuts([0] * 9, 0) == [(0, 9)]


def test_codes_are_as_near_as_vectors() -> None:
    """Eight bits a number change a cosine by less than 0.002."""
    draw = np.random.default_rng(1)
    vectors = draw.standard_normal((50, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    coded = transformer.codes(vectors).astype(np.float32)
    coded /= np.linalg.norm(coded, axis=1, keepdims=True)
    assert np.abs(vectors @ vectors.T - coded @ coded.T).max() < 0.002
