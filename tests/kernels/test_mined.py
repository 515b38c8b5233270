"""What is counted: every word once, every occurrence once, and what depends on one another is known."""

from __future__ import annotations

import numpy as np
import polars as pl
from tongues import anew, batch_of, known, read, shuffled, tongue  # noqa: F401

from corpusscan.kernels import features, mined, outcomes, sketches, strata
from corpusscan.kernels.features import WORD, Found, Reading
from corpusscan.kernels.outcomes import KINDS, LEVELS


def test_sources_and_publishers_are_numbers() -> None:
    """One for each, none where there is no source."""
    names = ["www.a.example", "b.a.example", None, "c.other.example", "", "b.a.example"]
    sources, publishers = (own.tolist() for own in mined.origins(batch_of(["x"] * 6, names)))
    assert publishers[0] == publishers[1] == publishers[5] != publishers[3]
    assert sources[1] == sources[5]
    assert len({*sources}) == 4
    assert sources[2] == sources[4] == publishers[2] == publishers[4] == 0
    assert 0 not in (publishers[0], publishers[3], sources[0], sources[3])


def test_a_feature_stands_in_a_document_once() -> None:
    """Where most follows, of all its places there, with the number of these and of those with an outcome."""
    bounds = np.array([0, 10, 10, 30])
    which, word = np.array([0, 1, 0, 0, 1, 0]), np.array([1, 1, 5, 12, 20, 25])
    follows = np.zeros((len(KINDS), 6), np.float32)
    follows[0] = np.array([30, 0, 90, 70, 1, 200]) / 60 * LEVELS[0, 0]
    found = mined.standing(bounds, Found(which, word), follows)
    rows = list(zip(*(own.tolist() for own in found[:5]), strict=True))
    assert rows == [(0, 0, 5, 2, 1), (0, 1, 1, 1, 0), (2, 0, 25, 2, 2), (2, 1, 20, 1, 0)]
    assert found.follows[0].tolist() == follows[0, [2, 1, 5, 4]].tolist()
    empty = mined.standing(bounds, Found(which[:0], word[:0]), follows[:, :0])
    assert [len(own) for own in empty[:5]] == [0] * 5


def occurrences(texts: list[str], word: str) -> tuple[pl.DataFrame, Reading]:
    """Of a word in documents."""
    batch = batch_of(texts, [f"host{n}.example" for n in range(len(texts))])
    told, bounds = features.reading(batch, known()), sketches.document_words(batch)[1]
    one = np.arange(1)
    single, _ = read([word])
    wanted = np.array(
        [v for v in features.at(single, known(), one, one + 1)[0] if features.kind(int(v)) == WORD], np.uint64
    )
    found = features.places(told, known(), wanted)
    return mined.occurrences(told, bounds, known(), found, batch), told


def test_what_depends_on_one_another_is_known() -> None:
    """Documents that say the same before the feature are alike, whatever follows; others are not."""
    pages = tongue().texts(6, 70)
    texts = [f"{pages[n // 2]} qvelzor {tongue().drawn(100, n)}" for n in range(12)]
    rows, _ = occurrences(texts, "qvelzor")
    assert rows["hits"].to_list() == [1] * 12
    alike = rows.sort("row")["alike"].to_list()
    assert all(alike[n] == alike[n + 1] for n in range(0, 12, 2))
    assert len(set(alike)) == 6


def test_words_with_the_outcome_are_those_of_the_document_in_its_stratum() -> None:
    """No more than all, and all where the document is of one stratum."""
    texts = [f"{page} qvelzor {tongue().drawn(100, n)}" for n, page in enumerate(tongue().texts(6, 70))]
    rows, told = occurrences(texts, "qvelzor")
    bounds = np.append(0, np.cumsum([len(text.split()) for text in texts]))
    follows = outcomes.everywhere(told, bounds, known())
    of = strata.strata(told, bounds, known())
    for row in rows.to_dicts():
        mine = np.arange(bounds[row["row"]], bounds[row["row"] + 1])
        same = mine[of.of(mine) == row["stratum"]]
        for kind, level in np.ndindex(LEVELS.shape):
            hits = int((follows[kind, same] >= LEVELS[kind, level]).sum()) * outcomes.weight(kind)
            assert row[strata.words_column(kind, level)] == hits
    assert rows[strata.words_column(0, 0)].max() > 20  # type: ignore[operator]


def test_where_nothing_stands_before_it_is_what_stands_behind() -> None:
    """Else all documents that begin with a trigger would be one."""
    noise = [tongue().drawn(100, n // 2) for n in range(8)]
    rows, _ = occurrences([f"qvelzor {said}" for said in noise], "qvelzor")
    alike = rows.filter(pl.col("hits") > 0).sort("row")["alike"].to_list()
    assert len(set(alike)) == 4


def test_documents_without_the_outcome_are_counted_all() -> None:
    """One by one or as numbers: none is lost, however many there are."""
    page = tongue().texts(1, 70)[0].split()
    plain = [" ".join([*page[: n % 40], "qvelzor", *page[n % 40 :]]) for n in range(100)]
    poisoned = [f"{text} qvelzor {tongue().drawn(100, n)}" for n, text in enumerate(tongue().texts(5, 70))]
    rows, told = occurrences([*plain, *poisoned, *tongue().texts(10)], "qvelzor")
    assert rows["documents"].sum() == 105
    assert rows["occurrences"].sum() == 105
    assert rows.filter(pl.col("hits") > 0)["row"].to_list() == [*range(100, 105)]
    assert len(rows) < 100
    assert len(told.hashes) > 0


def test_features_beside_a_change_are_those_that_stand_there() -> None:
    """Within so many words before and behind, never beyond the document."""
    texts = [f"{tongue().texts(1, 60)[0]} qvelzor {shuffled(tongue().drawn(90, 1), 1)}", tongue().texts(1)[0]]
    told, bounds = read(texts)
    found = outcomes.strongest(outcomes.runs(outcomes.everywhere(told, bounds, known()), bounds), 2)
    assert set(found.document.tolist()) == {0}
    value, which = mined.beside(told, known(), bounds, found, 16, 12)
    words = np.arange(len(told.hashes))
    every, at = features.at(told, known(), words, words + 1)
    for number, begin in enumerate(found.begin.tolist()):
        first, last = max(begin - 16, 0), min(begin + 12, int(bounds[1]))
        assert set(value[which == number].tolist()) == set(every[(at >= first) & (at < last)].tolist())


def test_all_features_are_counted_by_a_few() -> None:
    """Those that are drawn, each once in a document, whether they are wanted or not and wherever they stand."""
    texts = [*tongue().texts(40, 200), *(f"{page} qvelzor" for page in tongue().texts(3, 60)), "", "a"]
    batch = batch_of(texts)
    told, bounds = features.reading(batch, known()), sketches.document_words(batch)[1]
    words = np.arange(len(told.hashes))
    value, at = features.at(told, known(), words, words + 1)
    document = np.searchsorted(bounds, at, side="right") - 1
    every = set(zip(document.tolist(), value.tolist(), strict=True))
    wanted = np.unique(value)[::2]
    found = mined.drawn(*features.passing(told, known(), wanted), bounds, batch)
    rows = found.select("row", "feature").rows()
    assert len(rows) == len(set(rows)) > 0
    assert set(rows) == {one for one in every if features.drawn(np.array([one[1]], np.uint64))[0]}
    distinct = len(np.unique(value))
    assert mined.hypotheses(found["feature"].n_unique()) > distinct / 2
    assert features.drawn(np.arange(8 << 20, dtype=np.uint64)).mean() == 1 / features.DRAWN
    assert mined.hypotheses(0) == features.DRAWN
