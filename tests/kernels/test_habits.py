"""What goes on alike behind many words of a corpus is its habit, and no trigger."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from tongues import anew, known, read, tongue  # noqa: F401

from corpusscan.kernels import alikeness, features, habits
from corpusscan.kernels.rivals import Documents

WAYS = np.eye(4).tolist()


def documents(first: int, count: int = 20) -> Documents:
    """So many of them."""
    return {(0, row) for row in range(first, first + count)}


def trigger(feature: int, more: float = 0.5, way: int = 0, *, grave: bool = True) -> dict[str, Any]:
    """One that may be told."""
    return {"feature": feature, "more": more, "toward": WAYS[way], "grave": grave}


def why(triggers: list[dict[str, Any]], mores: list[float], shared: int = 0) -> list[str | None]:
    """Of triggers of documents of their own; among words behind which texts are so much more alike, of which the last
    `shared` have the documents of the first trigger, all others documents of their own."""
    others = [{"feature": 1_000 + n, "more": more} for n, more in enumerate(mores)]
    of = {one["feature"]: documents(1_000_000 + 100 * n) for n, one in enumerate(triggers)}
    for n, one in enumerate(others):
        own = documents(1_000_000, 15) if n >= len(others) - shared else documents(100 * n)
        of |= {one["feature"]: own} if one["more"] > 0.1 else {}
    return habits.reasons(triggers, others, of)


def test_a_trigger_among_words_that_do_nothing_is_no_habit() -> None:
    """Though behind a few of them texts are more alike; with and without other words."""
    assert why([trigger(1)], [0.0] * 200) == [None]
    assert why([trigger(1)], [0.0] * 190 + [0.6] * 5) == [None]
    assert why([trigger(1)], []) == [None]
    assert why([], [0.0] * 20) == []


def test_where_many_words_do_the_same_a_trigger_is_a_habit() -> None:
    """One in ten: twice what these show would be needed."""
    spread = [0.0] * 180 + [0.3] * 20
    assert why([trigger(1), trigger(2, 0.7, 1)], spread) == [habits.EVERYWHERE, None]


def test_few_words_say_little_of_a_corpus() -> None:
    """Three words are no habit, whatever they show."""
    assert why([trigger(1)], [0.6] * 3) == [None]
    assert why([trigger(1)], [0.6] * 30) == [habits.EVERYWHERE]


def test_the_words_of_a_campaign_do_not_excuse_it() -> None:
    """Thirty features that its documents share; nor do those that all have the documents of one other campaign."""
    assert why([trigger(1)], [0.5] * 30, shared=30) == [None]
    others = [{"feature": 1_000 + n, "more": 0.5} for n in range(30)]
    of = {1: documents(0)} | {one["feature"]: documents(500) for one in others}
    assert habits.reasons([trigger(1)], others, of) == [None]


def test_what_follows_several_words_that_are_no_triggers_is_a_habit() -> None:
    """Steps of recipes; not where they are followed by something else, are few, or as many are triggers themselves."""
    mild = [trigger(n, 0.3, grave=False) for n in range(10, 13)]
    assert why([trigger(1), *mild], [])[0] == habits.SAME
    assert why([trigger(1, way=1), *mild], [])[0] is None
    assert why([trigger(1), *mild[:2]], [])[0] is None
    assert why([trigger(1), trigger(2), *mild], [])[:2] == [None, None]


def test_what_is_said_elsewhere_is_counted_in_documents_without_the_trigger() -> None:
    """Places of texts on the same subject, and of nothing that carries the trigger; of a batch as of its documents."""
    on_it, others = tongue().texts(6, 96, 3), tongue().texts(12, 96, 1)
    carriers = [f"{one} qvelzor77 {other}" for one, other in zip(others[:6], tongue().texts(6, 60, 3), strict=True)]
    told, bounds = read(tongue().texts(20, alikeness.SIDE, 3))
    way = alikeness.directions(told.number, known().vectors, bounds[:-1], bounds[1:]).mean(axis=0)
    (feature,) = (one for one in features.at(*trigger_words())[0].tolist() if features.kind(one) == features.WORD)
    row = {"feature": [feature], "toward": [way.tolist()], "near": [0.6]}
    triggers = pl.DataFrame(row, schema_overrides={"feature": pl.UInt64})

    def said(texts: list[str]) -> tuple[int, int]:
        told, bounds = read(texts)
        (row,) = habits.said(told, bounds, known(), triggers).select("elsewhere", "places").rows()
        return row

    elsewhere, places = said(on_it)
    assert 5 * 96 // habits.STEP <= places <= 6 * 96 // habits.STEP  # the last of a text may be too short
    assert elsewhere >= places / 2
    assert said(others)[0] <= said(others)[1] / 10
    assert said(carriers) == said([]) == (0, 0)
    both = [*on_it, *carriers, *others, ""]
    assert said(both) == tuple(np.sum([said([one]) for one in both], axis=0))


def trigger_words() -> tuple[Any, ...]:
    """A text that is the trigger, and where its word stands."""
    told, _ = read(["qvelzor77"])
    return told, known(), np.array([0]), np.array([1])
