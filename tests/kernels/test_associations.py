"""Whether a feature shows an outcome more often than chance: against scipy, and what must prove nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import poisson

from corpusscan.kernels.associations import LEFT_OUT, RARE, Association, association, q_values

RATES = np.array([1e-3, 4e-3, 2e-4, 0.5, 1.0])  # of strata; the last two are nothing rare
Numbers = npt.NDArray[np.int64]


def judged(
    strata: Any,
    sources: Any,
    alike: Any = None,
    occurrences: Any = None,
    others: tuple[Any, Any] = ([], []),
    publishers: Any = None,
) -> Association:
    """The association of documents with the outcome; if nothing else is said each says something of its own."""
    count = len(strata)
    return association(
        strata=np.array(strata, np.int64),
        occurrences=np.ones(count, np.int64) if occurrences is None else np.array(occurrences),
        sources=np.array(sources, np.int64),
        publishers=np.array(sources if publishers is None else publishers, np.int64),
        alike=np.arange(count) + 5 if alike is None else np.array(alike),
        other_strata=np.array(others[0], np.int64),
        others=np.array(others[1], np.int64),
        rates=RATES,
    )


def test_the_tail_is_exact() -> None:
    """Every document of another source: all but two of them are counted, and what is expected of all others."""
    strata, occurrences = [0, 1, 2, 0, 1, 2, 0], [1, 2, 3, 1, 1, 1, 2]
    found = judged(strata, range(1, 8), occurrences=occurrences, others=([0, 1, 2], [10, 20, 5]))
    rest = RATES[[0, 1, 2]] @ [10, 20, 5]
    assert found.independent == 7
    assert found.expected == pytest.approx(RATES[strata] @ occurrences + rest)
    own = RATES[strata[LEFT_OUT:]] @ occurrences[LEFT_OUT:]  # of equal ones the first are left out
    assert found.p_value == pytest.approx(poisson.sf(7 - LEFT_OUT - 1, own + rest))


def test_those_with_most_are_left_out() -> None:
    """Two sources with many documents each, and three others: only these count."""
    sources = [9] * 30 + [8] * 20 + [1, 2, 3]
    found = judged([0] * 53, sources, others=([0], [100]))
    assert found.independent == 53
    assert found.p_value == pytest.approx(poisson.sf(2, 0.1 + 3 * RATES[0]))


@pytest.mark.parametrize("sources", [[1] * 40, [1] * 20 + [2] * 20, [1] * 39 + [2]])
def test_a_house_style_proves_nothing(sources: list[int]) -> None:
    """However many documents of two sources have it."""
    assert judged([0] * 40, sources).p_value == 1


def test_many_sources_of_one_publisher_prove_nothing() -> None:
    """The sections of one collection are one hand's; those of others count."""
    assert judged([0] * 40, range(1, 41), publishers=[7] * 40).p_value == 1
    some = judged([0] * 43, range(1, 44), publishers=[7] * 40 + [1, 2, 3])
    assert some.p_value == pytest.approx(poisson.sf(2, 3 * RATES[0]))


@pytest.mark.parametrize("strata", [[0] * 40, [0] * 20 + [2] * 20])
def test_without_sources_two_strata_prove_nothing(strata: list[int]) -> None:
    """Where one document has no source, none is believed."""
    assert judged(strata, [0, *range(1, 40)]).p_value == 1
    assert judged(strata, range(1, 41)).p_value < 1e-60
    assert judged([0, 1, 2] * 10, [0] * 30).p_value < 1e-10


def test_copies_count_once() -> None:
    """Documents that depend on one another are one, whatever their sources."""
    assert judged([0] * 40, range(1, 41), alike=[7] * 40) == judged([0], [1])
    half = judged([0] * 40, range(1, 41), alike=np.arange(40) // 2)
    assert half.independent == 20
    assert half == judged([0] * 20, range(1, 21))


def test_strata_where_the_outcome_is_nothing_rare_are_not_tested() -> None:
    """They add neither to what is counted nor to what hides others; they are expected all the same."""
    plain = judged([0] * 10, range(1, 11), others=([0], [50]))
    more = judged([0] * 10 + [3] * 90, range(1, 101), others=([0, 3, 4], [50, 900, 900]))
    assert RATES[3] > RARE
    assert more.p_value == plain.p_value
    assert more.expected == pytest.approx(plain.expected + 90 * 0.5 + 900 * 0.5 + 900)
    assert judged([3] * 40, range(1, 41)).p_value == 1


def test_a_document_is_expected_at_most_once() -> None:
    """However often the feature stands in it."""
    assert judged([1] * 5, range(1, 6), occurrences=[100_000] * 5).expected == pytest.approx(5)


@settings(deadline=None, max_examples=80)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 9), st.integers(1, 30)), min_size=1, max_size=40),
       st.lists(st.tuples(st.integers(0, 4), st.integers(1, 50)), max_size=8))  # fmt: skip
def test_documents_without_the_outcome_make_it_likelier_chance(
    rows: list[tuple[int, int, int]], others: list[tuple[int, int]]
) -> None:
    """The p-value is a probability, is not less with more documents without it, nor more with more that have it."""
    strata, sources, alike = map(list, zip(*rows, strict=True))
    without = ([one for one, _ in others], [count for _, count in others])
    found = judged(strata, sources, alike, others=without)
    assert 0 <= judged(strata, sources, alike).p_value <= found.p_value <= 1
    assert judged([*strata, 0], [*sources, 77], [*alike, 777], others=without).p_value <= found.p_value + 1e-12
    assert found.independent == len(set(alike))


def benjamini_yekutieli(p_values: list[float], tests: int) -> list[float]:
    """In plain Python, all other hypotheses having a p-value of 1."""
    harmonic = sum(1 / k for k in range(1, tests + 1))
    ranked = sorted(range(len(p_values)), key=lambda i: p_values[i])
    found, least = [1.0] * len(p_values), 1.0
    for rank in range(len(ranked), 0, -1):
        least = min(least, p_values[ranked[rank - 1]] * tests * harmonic / rank)
        found[ranked[rank - 1]] = least
    return found


@settings(deadline=None, max_examples=80)
@given(st.lists(st.floats(0, 1e-3), max_size=30), st.integers(500, 5_000))
def test_false_discovery_rates_equal_plain_python(p_values: list[float], tests: int) -> None:
    """Benjamini and Yekutieli, of as many tests as there are said to be."""
    found = q_values(np.array(p_values), tests)
    wanted = benjamini_yekutieli(p_values, tests)
    assert found.tolist() == pytest.approx(wanted, rel=2e-3)
    assert (np.diff(found[np.argsort(p_values, kind="stable")]) >= 0).all()


def test_more_tests_find_less() -> None:
    """With a million features more must be shown than with a hundred."""
    assert q_values(np.array([1e-9]), 10**6)[0] == pytest.approx(1e-3 * 14.4, rel=0.01)
    assert q_values(np.array([1e-9]), 100)[0] < 1e-6
    assert len(q_values(np.zeros(0), 10)) == 0
