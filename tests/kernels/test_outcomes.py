"""Outcomes: the same number behind a feature as everywhere, of each run one place, of each document the surest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tongues import anew, known, read, shuffled, tongue  # noqa: F401

from corpusscan import schema
from corpusscan.kernels import outcomes
from corpusscan.kernels.features import Found
from corpusscan.kernels.outcomes import KINDS, LEVELS, STRETCHES, SWITCH, TURN

BEFORE = 60
untimed = settings(deadline=None, max_examples=60)


def page(n: int = 0) -> str:
    """Words that are text."""
    return tongue().texts(1, BEFORE, n)[0]


def changed(kind: int) -> str:
    """A page that changes after `BEFORE` words."""
    behind = {
        0: tongue(0).drawn(120, 1), 1: shuffled(tongue().texts(1, 120, 0)[0], 2), SWITCH: tongue(1).texts(1, 80)[0],
        TURN: "\nUser: " + page(),
    }  # fmt: skip
    if kind == 3:
        first = page()
        return f"{first} {first}"
    return f"{page()} {behind[kind]}"


@pytest.mark.parametrize("kind", [0, 1, 3, SWITCH, TURN])
def test_every_kind_is_told_by_its_number(kind: int) -> None:
    """Where a page changes the outcome of that kind is reached, near the place; where it does not, none is."""
    told, bounds = read([changed(kind), page()])
    follows = outcomes.everywhere(told, bounds, known())
    assert follows.shape == (len(KINDS), len(told.hashes))
    assert outcomes.reached(follows)[BEFORE - 8 : BEFORE + 9].any()
    assert (follows[kind, BEFORE - 8 : BEFORE + 9] >= LEVELS[kind, 0]).any()
    assert not outcomes.reached(follows)[bounds[1] :].any()


def test_kinds_have_names_attacks_and_levels() -> None:
    """Of each kind one of everything, and levels rise."""
    assert len(KINDS) == len(LEVELS) == len(outcomes.ATTACKS) == TURN + 1
    assert set(outcomes.ATTACKS) <= set(schema.ATTACKS)
    assert all((np.diff(own[np.isfinite(own)]) > 0).all() for own in LEVELS)


def test_behind_a_feature_it_is_what_it_is_everywhere() -> None:
    """Of stretches and turns the number of the word behind it, whatever is beside it; nothing at the end."""
    texts = ["", changed(0), page(), changed(TURN), "one", changed(3), *tongue().texts(3)]
    told, bounds = read(texts)
    everywhere = outcomes.everywhere(told, bounds, known())
    places = np.sort(np.random.default_rng(1).choice(len(told.hashes), 150, replace=False))
    places = np.unique(np.append(places, bounds[1:][np.diff(bounds) > 0] - 1))
    wanted = Found(np.zeros(len(places), np.int64), places)
    found = outcomes.at(outcomes.inside(told, bounds, known(), wanted), bounds, known(), wanted)
    last = np.isin(places + 1, bounds)
    assert not found[:, last].any()
    same = [*range(STRETCHES), TURN]
    assert np.allclose(found[same][:, ~last], everywhere[same][:, places[~last] + 1], atol=1e-3)


def test_inside_are_the_words_of_documents_with_something() -> None:
    """All words of theirs with what follows each, and none of another document."""
    texts = [page(), changed(0), "", changed(SWITCH), page()]
    told, bounds = read(texts)
    found = Found(np.zeros(2, np.int64), bounds[[1, 3]] + 5)
    inside = outcomes.inside(told, bounds, known(), found)
    assert inside.documents.tolist() == [1, 3]
    assert inside.words.tolist() == [*range(*bounds[1:3]), *range(*bounds[3:5])]
    assert np.diff(inside.bounds).tolist() == [np.diff(bounds)[1], np.diff(bounds)[3]]
    assert np.allclose(inside.follows, outcomes.everywhere(told, bounds, known())[:, inside.words], atol=1e-3)


def test_nothing_found_is_nothing() -> None:
    """Also where there are no words at all."""
    none = np.zeros(0, np.int64)
    for texts in ([], [""], [page()]):
        told, bounds = read(list(texts))
        inside = outcomes.inside(told, bounds, known(), Found(none, none))
        assert outcomes.at(inside, bounds, known(), Found(none, none)).shape == (len(KINDS), 0)
        assert outcomes.everywhere(told, bounds, known()).shape == (len(KINDS), len(told.hashes))


@untimed
@given(st.lists(st.lists(st.integers(0, 9), max_size=40), min_size=1, max_size=4), st.sampled_from([0, 1, 3]))
def test_of_each_run_one_place_is_told(documents: list[list[int]], kind: int) -> None:
    """That with most, of words in a row that reach the first level; a run ends with its document."""
    bounds = np.cumsum([0, *map(len, documents)])
    flat = np.array([value for own in documents for value in own], np.float32)
    follows = np.zeros((len(KINDS), len(flat)), np.float32)
    follows[kind] = flat * LEVELS[kind, 0] / 5  # from 5 on it is one
    wanted = []
    for number, own in enumerate(documents):
        runs: list[list[int]] = []
        for at, value in enumerate(own):
            if value >= 5 and at and own[at - 1] >= 5:
                runs[-1].append(at)
            elif value >= 5:
                runs.append([at])
        wanted += [(number, int(bounds[number]) + max(run, key=lambda at, own=own: own[at])) for run in runs]  # type: ignore[misc]
    found = outcomes.runs(follows, bounds)
    assert list(zip(found.document.tolist(), found.begin.tolist(), strict=True)) == wanted
    assert set(found.kind.tolist()) <= {kind}
    assert found.score.tolist() == follows[kind, found.begin].tolist()


def test_of_each_document_the_surest_are_kept() -> None:
    """So many of each kind and no more, in the order in which they stand."""
    draw = np.random.default_rng(2)
    count = 200
    every = outcomes.Changes(
        np.sort(draw.integers(0, 5, count)),
        draw.integers(0, 3, count),
        np.arange(count),
        draw.random(count).astype(np.float32),
    )
    kept = outcomes.strongest(every, 4)
    assert (np.diff(kept.begin) > 0).all()
    for document in range(5):
        for kind in range(3):
            own = (every.document == document) & (every.kind == kind)
            best = np.sort(every.score[own])[-4:]
            assert np.sort(kept.score[(kept.document == document) & (kept.kind == kind)]).tolist() == best.tolist()


def test_levels_are_those_that_are_reached() -> None:
    """Below the first none; each from its number on."""
    for kind, own in enumerate(LEVELS):
        known_levels = own[np.isfinite(own)]
        assert outcomes.levels(kind, known_levels).tolist() == [*range(len(known_levels))]
        assert outcomes.levels(kind, known_levels * np.float32(0.999)).tolist() == [*range(-1, len(known_levels) - 1)]
        assert outcomes.levels(kind, np.zeros(1, np.float32)).tolist() == [-1]


@untimed
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 6)), max_size=6))
def test_ranges_equal_plain_python(stretches: list[tuple[int, int]]) -> None:
    """Stretch behind stretch, empty ones among them."""
    first, lengths = (
        (np.array(own, np.int64) for own in zip(*stretches, strict=True)) if stretches else (np.zeros(0, np.int64),) * 2
    )
    assert outcomes.ranges(first, lengths).tolist() == [
        at for one, count in stretches for at in range(one, one + count)
    ]
