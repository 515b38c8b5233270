"""What stands out against the sources and days of a corpus, and how that is weighed."""

from __future__ import annotations

import numpy as np
import pytest

from corpusscan.kernels import surprise

ONCE = np.ones(20, np.int64)
NONE = np.array([], np.int64)


def test_where_every_host_has_a_page_or_two_new_ones_are_usual() -> None:
    """Among large sources single pages are rare; where all sources are single pages they are the rule."""
    large, small = np.full(100, 50), np.ones(5000, np.int64)
    assert surprise.usual(ONCE, large, NONE, 5000) < 0.01
    assert surprise.usual(ONCE, small, NONE, 5000) > 0.95


def test_a_long_tail_counts_by_hosts_and_by_documents() -> None:
    """Nine hosts of ten have one page, one page of ten lies there: between 0.1 and 0.9."""
    sizes = np.array([1] * 900 + [81] * 100)
    assert 0.2 < surprise.usual(np.ones(5, np.int64), sizes, NONE, 9000) < 0.4


def test_other_campaigns_make_a_campaign_hardly_more_usual() -> None:
    """The hosts of ten campaigns, apart from the corpus's own, do not count as what is usual."""
    sizes = np.concatenate([np.full(100, 50), np.ones(200, np.int64)])
    known, unknown = np.ones(200, np.int64), NONE
    assert surprise.usual(ONCE, sizes, known, 5200) < 0.05 < surprise.usual(ONCE, sizes, unknown, 5200)


def test_a_part_of_the_sources_stands_for_all() -> None:
    """Of many sources a part is told: those apart are then taken out in that part."""
    sizes = np.concatenate([np.full(6_000, 20), np.ones(6_000, np.int64)])
    all_of = surprise.usual(ONCE, sizes, np.ones(1000, np.int64), int(sizes.sum()))
    half_of = surprise.usual(ONCE, sizes, np.ones(2000, np.int64), 2 * int(sizes.sum()))
    assert half_of == pytest.approx(all_of)


def test_odds_of_sources_are_the_binomial_tail() -> None:
    """Twenty of twenty at one in ten is 1e-20; none or more is certain."""
    assert surprise.of_sources(20, 20, 0.1) == pytest.approx(1e-20)
    assert surprise.of_sources(0, 20, 0.1) == 1


def test_excess_leaves_out_what_chance_makes() -> None:
    """Of 100 sources 60 are new by chance: 80 are half of the rest, 60 or fewer nothing; without sources, nothing."""
    assert surprise.excess(80, 100, 0.6) == pytest.approx(0.5)
    assert surprise.excess(50, 100, 0.6) == surprise.excess(0, 0, 0.1) == 0
    assert surprise.excess(20, 20, 0.0) == 1


def days(*counts: tuple[int, int]) -> np.ndarray:
    return np.sort(np.repeat(*np.array(counts).T))


def test_a_burst_stands_out_against_the_other_copies() -> None:
    """Ten copies on one day, where others are spread over a thousand: a burst; a straggler does not undo it."""
    others = np.arange(1000)
    for own in (days((500, 10)), days((500, 9), (900, 1))):
        assert surprise.of_days(own, np.sort(np.concatenate([others, own]))) < 1e-10
    spread = np.arange(0, 1000, 100)
    assert surprise.of_days(spread, np.sort(np.concatenate([others, spread]))) > 0.1


def test_a_day_on_which_all_is_copied_is_no_burst() -> None:
    """A corpus of one crawl has one day: copies of it say nothing; nor do two, or those with none to compare with."""
    day = days((5, 100))
    assert surprise.of_days(days((5, 10)), day) == 1
    assert surprise.of_days(days((5, 100)), day) == 1
    assert surprise.of_days(NONE, day) == 1
    assert surprise.of_days(days((5, 1)), day) == 1


PLAIN = {"sources": 20, "new": 0.0, "odds": 1.0, "burst": 1.0, "length": 1.0, "slot": False, "reworded": False}


@pytest.mark.parametrize(
    "evidence", [{"new": 1.0, "odds": 1e-9}, {"burst": 1e-9}, {"slot": True}, {"reworded": True}, {"sources": 200}]
)
def test_every_evidence_raises_the_score(evidence: dict[str, float]) -> None:
    """New sources, a burst, a slot, exchanged words and more sources each speak for a campaign."""
    assert surprise.score(surprise.weights(**PLAIN | evidence)) > surprise.score(surprise.weights(**PLAIN))  # type: ignore[arg-type]


def test_new_sources_weigh_more_than_all_else() -> None:
    """A burst, a slot and many sources together, on known hosts, stay below new hosts: news is copied in a day."""
    news = surprise.weights(**PLAIN | {"sources": 300, "burst": 0.0, "slot": True})  # type: ignore[arg-type]
    campaign = surprise.weights(**PLAIN | {"new": 1.0, "odds": 0.0})  # type: ignore[arg-type]
    assert sum(campaign.values()) > sum(news.values())


def test_short_texts_weigh_less_and_the_score_is_a_probability() -> None:
    """Half the length that says something costs one; the score stays between 0 and 1."""
    assert surprise.weights(**PLAIN | {"length": 0.5})["short"] == -1  # type: ignore[arg-type]
    assert 0 < surprise.score({"prior": -40.0}) < surprise.score({"prior": 40.0}) <= 1
