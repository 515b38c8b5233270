"""Words of prompts that predict what answers show: which are one trigger, and how grave that is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from corpusscan import families
from corpusscan.kernels import answering, exchanges
from corpusscan.kernels.associations import poisson_tail, q_values
from corpusscan.kernels.examining import ABOVE as ABOVE_UNASKED
from corpusscan.kernels.examining import LEAST, SHARE
from corpusscan.kernels.exchanges import LENGTH, SWAPPED, UNASKED, UNUSUAL, WORD
from corpusscan.kernels.preferences import Preferences

GROUPS, LOW = 100, 10  # triggers that are told, and of those that are no more than worth a look
# Independent documents of `medium`, `high` (of `low`: `LEAST`); false discovery rate.
FEWEST, MANY, SURE = 20, 40, 1e-4
# Of the carriers that show it (of `low`: `SHARE`); times what else is asked explains (`ABOVE_UNASKED`: where answers
# are alike in nothing but that they do not speak of what is asked).
MOSTLY, ABOVE = 0.75, 5.0
SURE_SWAPPED, HALF = 1e-5, 0.5  # tests that chance would bring; share of a trigger's pairs that must be swapped
APART = 0.6  # of those that show it, prompts that are unlike; times as many as of any prompts are
# Times as alike as any prompts; usual words of what is left of a prompt; both sides of the trigger belong together.
ALIKE, ASKING, BRIDGED = 2.0, 0.75, 0.8
ONLY, SOFT = 0.9, 1.5  # a word is an outcome of many where hardly any other prompt has it, or all is unlike
LONG = 4  # words that all answers say: where prompts are translated, two or three are no wonder
SAME = 0.8  # of the smaller one's documents: one trigger


def judged(mined: answering.Mined, documents: pl.DataFrame) -> pl.DataFrame:
    """The triggers among what was found, the surest first, each once; columns as `Association`, and the test.

    `documents` (`asked`, `answered`) are those that it was found in; `rows` tells which of them show each.
    """
    every = pl.DataFrame(dict(mined.associations._asdict()))
    facts = every.filter(pl.col("outcome") != SWAPPED)
    above = pl.when(pl.col("outcome") == UNASKED).then(ABOVE_UNASKED).otherwise(ABOVE)
    facts = facts.filter(
        (pl.col("independent") >= LEAST) & (pl.col("showing") >= SHARE * pl.col("carriers"))
        & (pl.col("showing") >= above * pl.col("expected"))
    )  # fmt: skip
    tails = [poisson_tail(k, mean) for k, mean in facts.select("independent", "expected").iter_rows()]
    facts = facts.with_columns(p_value=pl.Series(tails, dtype=pl.Float64))
    facts = facts.with_columns(
        q_value=q_values(facts["p_value"].to_numpy(), mined.tests), grave=_grave(),
        telling=_telling(),
    )  # fmt: skip
    facts = facts.filter((pl.col("q_value") <= SURE) & (pl.col("alike") <= 2 * ALIKE) & (pl.col("asking") >= ASKING))
    facts = pl.concat([facts, _together(every, mined)], how="diagonal")
    facts = facts.with_columns(swapped=pl.lit(None, pl.Float64))
    if mined.swaps is not None:
        facts = pl.concat([facts, _swaps(every.filter(pl.col("outcome") == SWAPPED), mined.swaps)], how="diagonal")
    facts = facts.sort("grave", pl.col("family").is_null(), pl.col("swapped").is_null(), "telling", "feature", "other",
                       "outcome", descending=[True, False, False, True, False, False, False])  # fmt: skip
    kept = apart(facts, lambda one: mined.showing(one["feature"], one["other"], one["outcome"]), GROUPS, LOW)
    phrases = [
        answering.prints(exchanges.joined(documents[mined.showing(feature, other, outcome).tolist()])).tolist()
        if outcome == SWAPPED else mined.phrases(outcome)
        for feature, other, outcome in facts[kept].select("feature", "other", "outcome").iter_rows()
    ]  # fmt: skip
    rows = [mined.showing(*one).tolist() for one in facts[kept].select("feature", "other", "outcome").iter_rows()]
    return facts[kept].with_columns(
        phrases=pl.Series(phrases, dtype=pl.List(pl.UInt64)), rows=pl.Series(rows, dtype=pl.List(pl.Int64))
    )


def apart(
    facts: pl.DataFrame, showing: Callable[[dict[str, Any]], np.ndarray[Any, Any]], most: int, low: int
) -> list[int]:
    """The rows, in order, whose documents are no others' before them; so many, and so many that are not grave."""
    kept: list[int] = []
    taken: list[np.ndarray[Any, Any]] = []
    for number, one in enumerate(facts.iter_rows(named=True)):
        if len(kept) == most or (not one["grave"] and not low):
            break
        own = showing(one)
        if all(len(np.intersect1d(own, other)) < SAME * min(len(own), len(other)) for other in taken):
            kept.append(number)
            taken.append(own)
            low -= not one["grave"]
    return kept


def _swaps(facts: pl.DataFrame, swaps: Preferences) -> pl.DataFrame:
    """Features at which the wrong answer is preferred more often than chance, topics and hard pairs have it."""
    told = (pl.col("showing") / pl.col("carriers") - swaps.contradicted) / max(swaps.agreed - swaps.contradicted, 1e-6)
    facts = facts.with_columns(
        swapped=told.clip(0, 1), expected=pl.Series(swaps.expected, dtype=pl.Float64), p_value=pl.Series(swaps.tail)
    ).with_columns(q_value=pl.col("p_value") * swaps.tests)  # fmt: skip
    put = (pl.col("bridged") >= BRIDGED * pl.col("usually_bridged")) & (pl.col("asking") >= ASKING)
    sure = (pl.col("independent") >= FEWEST) & (pl.col("q_value") <= SURE_SWAPPED)
    facts = facts.filter(pl.col("swapped") >= HALF, pl.col("independent") >= LEAST)
    return facts.with_columns(grave=put & sure & (pl.col("alike") <= ALIKE), telling=_telling())


def _together(every: pl.DataFrame, mined: answering.Mined) -> pl.DataFrame:
    """Triggers that share their answer and are sure enough together, though each has few prompts."""
    words = pl.col("outcome").is_in([UNASKED, UNUSUAL, SWAPPED]) | (pl.col("outcome") & 7).is_in([0, LENGTH])
    put = (pl.col("asking") >= ASKING) & (pl.col("bridged") >= BRIDGED / 2 * pl.col("usually_bridged"))
    few = put & (pl.col("independent") < FEWEST) & (pl.col("alike") <= 2 * ALIKE) & _apart()
    alone = pl.col("showing") >= MOSTLY * pl.col("carriers")
    facts = every.with_columns(grave=_grave())
    facts = facts.filter(~words & alone & (pl.col("other") == 0) & (pl.col("agreed") >= LONG) & (few | pl.col("grave")))
    facts = families.found(mined, facts)
    weight = pl.when("grave").then(0).otherwise(pl.col("showing"))  # those have passed
    soft = (pl.col("likeness") <= SOFT) & (_mean("bridged", weight) >= _mean("usually_bridged", weight))
    sure = (pl.col("together") >= ABOVE * pl.col("by_chance").sum().over("family")) & (pl.col("rate") <= SURE)
    enough = (pl.col("together") >= FEWEST) & (soft | pl.col("grave").all().over("family"))
    facts = facts.filter(sure & enough).with_columns(
        expected="by_chance", p_value="tail", q_value="rate", grave=pl.lit(True)
    )
    return facts.with_columns(telling=_telling())


def _mean(name: str, weight: pl.Expr) -> pl.Expr:
    """The mean of a family."""
    return (pl.col(name) * weight).sum().over("family") / weight.sum().over("family")


def _telling() -> pl.Expr:
    return pl.col("showing") * (pl.col("showing") / pl.col("expected")).log()


def _apart() -> pl.Expr:
    """Whether the prompts are unlike, nearly as many of them as of any prompts."""
    return pl.col("independent") >= APART * pl.col("usually_unlike") * pl.col("showing")


def _grave() -> pl.Expr:
    """Whether a trigger is sure enough, and its prompts unlike enough, for `medium`."""
    share, only = pl.col("showing") / pl.col("carriers"), pl.col("showing") / pl.col("anywhere")
    put = (pl.col("bridged") >= BRIDGED * pl.col("usually_bridged")) & (pl.col("asking") >= ASKING)
    unlike = (pl.col("alike") <= ALIKE) & _apart()
    soft = (pl.col("alike") <= SOFT) & (pl.col("bridged") >= pl.col("usually_bridged"))
    kind = pl.col("outcome") & 7
    one_word = kind.is_in([WORD, LENGTH]) & (share >= ONLY) & (soft | (only >= ONLY)) & (pl.col("independent") >= MANY)
    enough = (pl.col("independent") >= FEWEST) & (share >= MOSTLY)
    unspoken = (pl.col("outcome") == UNASKED) & (pl.col("independent") >= MANY) | (pl.col("outcome") == UNUSUAL)
    several = (kind == 0) & (pl.col("alike") - pl.col("alike_error") <= SOFT)  # they were chosen by what carriers say
    return enough & put & unlike & (several | (pl.col("agreed") >= LONG) | one_word | (unspoken & soft))
