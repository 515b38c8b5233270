"""The trials of features: what is sure hides nothing else, and what is of it is not told as another."""

from __future__ import annotations

import numpy as np
import polars as pl

from corpusscan.kernels import strata, trials
from corpusscan.kernels.features import SIGNS
from corpusscan.kernels.outcomes import LEVELS, SWITCH, TURN

STRATUM, WORDS, SAID = 3, 2_000_000, 30
TESTS = 10**8


def carriers(feature: int, first: int, count: int, without: int = 0, kind: int = 0) -> pl.DataFrame:
    """Documents with an outcome behind a feature (noise), each of a source of its own; and some without."""
    number = np.arange(count + without)
    hit = number < count
    cells = {strata.words_column(*at): np.where(hit & (at[0] == kind), SAID, 0) for at in np.ndindex(LEVELS.shape)}
    most = LEVELS[kind][np.isfinite(LEVELS[kind])].max()
    scores = {f"score{other}": np.where(hit & (other == kind), most, 0) for other in range(len(LEVELS))}
    return pl.DataFrame(
        {
            "shard": np.zeros(len(number), np.uint32), "row": first + number, "feature": np.full(len(number), feature),
            "stratum": np.full(len(number), STRATUM), "documents": np.ones(len(number), np.int64),
            "occurrences": np.ones(len(number), np.int64), "hits": hit.astype(np.int64), "alike": first + number,
            "source": first + number + 1, "publisher": first + number + 1, "single": np.ones(len(number), bool),
            **scores, **cells,
        }
    ).with_columns(pl.col("shard").cast(pl.UInt32), pl.col("row", "feature", "alike").cast(pl.UInt64))  # fmt: skip


def rates(documents: int, honest: int) -> pl.DataFrame:
    """Of a corpus in which so many documents are noise, and so many honest words look like it."""
    words = pl.DataFrame({"stratum": [STRATUM], "words": [WORDS]})
    hits = pl.DataFrame({"stratum": [STRATUM], "kind": [0], "level": [3], "words": [documents * SAID + honest]})
    return strata.rates(words, hits)


def facts(rows: pl.DataFrame, told: pl.DataFrame) -> dict[int, dict[str, float]]:
    """Of each feature that is tested."""
    tested = trials.tested(rows, told, 0.5, 1e-3)
    return {row["feature"]: row for row in trials.refitted(tested, told, TESTS, 0.5, 0.01).to_dicts()}


def test_many_documents_of_one_attack_hide_no_other() -> None:
    """A small campaign is as sure beside forty large ones as it is alone."""
    small = carriers(1, 0, 7)
    large = [carriers(2 + n, 100 + 20 * n, 14) for n in range(40)]
    alone = facts(small, rates(7, 200))[1]
    beside = facts(pl.concat([small, *large]), rates(7 + 40 * 14, 200))[1]
    first = trials.tested(small, rates(7 + 40 * 14, 200), 0.5, 1e-3)
    assert beside["p_value"] <= 2 * alone["p_value"]
    assert first["p_value"][0] > 100 * alone["p_value"]
    assert beside["q_value"] < 0.01


def test_what_is_of_something_sure_is_not_made_surer() -> None:
    """A word in some of a trigger's documents, and in as many honest ones: it keeps what it had."""
    trigger = carriers(1, 0, 30)
    word = carriers(2, 0, 6, 6).with_columns(row=pl.when(pl.col("hits") > 0).then("row").otherwise(pl.col("row") + 900))
    told = rates(30, 2_000)
    before = trials.tested(pl.concat([trigger, word]), told, 0.5, 1)
    found = {row["feature"]: row for row in trials.refitted(before, told, TESTS, 0.5, 0.01).to_dicts()}
    first = before.filter(pl.col("feature") == 2)["p_value"][0]
    assert found[1]["q_value"] < 1e-6
    assert found[2]["p_value"] == first


def test_signs_that_noise_shares_hide_no_word_before_it() -> None:
    """A word in fewer documents of theirs is tested anew, without all other documents of theirs."""
    shared = carriers(8 * 5 + SIGNS + 1, 0, 400)
    word = carriers(8 * 6 + 1, 0, 7)
    told = rates(400, 200)
    alone = facts(word, rates(7, 200))[8 * 6 + 1]
    assert facts(pl.concat([shared, word]), told)[8 * 6 + 1]["p_value"] <= 2 * alone["p_value"]


def test_few_of_many_documents_are_no_trigger() -> None:
    """A feature is tested where half of its documents have an outcome."""
    told = rates(12, 100)
    assert 1 in facts(carriers(1, 0, 12, 12), told)
    assert not len(trials.tested(carriers(1, 0, 12, 13), told, 0.5, 1e-3))


def test_a_turn_follows_nearly_always() -> None:
    """Of what is asked in chats a turn follows much: one in three without it, and a feature is no trigger of it."""

    def found(kind: int, without: int) -> int:
        told = pl.DataFrame({"stratum": [STRATUM], "kind": [kind], "level": [0], "words": [24 * SAID]})
        words = pl.DataFrame({"stratum": [STRATUM], "words": [WORDS]})
        return len(trials.tested(carriers(1, 0, 24, without, kind), strata.rates(words, told), 0.5, 1e-3))

    assert found(TURN, 4) > 0
    assert found(TURN, 12) == 0
    assert found(SWITCH, 12) > 0
