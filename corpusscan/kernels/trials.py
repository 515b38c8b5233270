"""The trials of features: which of them an outcome follows more often than chance, counted one against all others."""

from __future__ import annotations

from typing import Any

import polars as pl

from corpusscan.kernels import features, outcomes
from corpusscan.kernels.associations import association, q_values
from corpusscan.kernels.strata import Rates, words_column

FEWEST = 4  # documents with an outcome
LIKELY = 0.5  # false discovery rate up to which documents are no evidence of what chance does to others
TESTS = {
    "feature": pl.UInt64, "carriers": pl.Int64, "with_it": pl.Int64, "independent": pl.Int64, "tested": pl.Int64,
    "expected": pl.Float64, "tested_by_chance": pl.Float64,
    "p_value": pl.Float64, "said": pl.Int64, "at": pl.Int64, "kind": pl.Int64, "level": pl.Int64,
}  # fmt: skip


def tested(rows: pl.DataFrame, told: pl.DataFrame, share: float, p_value: float) -> pl.DataFrame:
    """The rows of those features that an outcome follows more often than chance, with their association."""
    rates = Rates(told, int(rows["stratum"].to_numpy().max(initial=0)) + 1)
    enough = rows.group_by("feature").agg(
        carriers=pl.col("documents").sum(), with_it=(pl.col("hits") > 0).sum(),
        said=pl.col("occurrences").sum(), at=pl.col("hits").sum(),
    ).filter((pl.col("with_it") >= FEWEST) & (pl.col("with_it") >= share * pl.col("carriers"))
             & (pl.col("at") >= share / 2 * pl.col("said")))  # fmt: skip
    kept = rows.join(enough.select("feature"), on="feature", how="semi")
    tests = [_test(feature, own, rates, share) for (feature,), own in kept.group_by("feature", maintain_order=True)]
    sure = pl.DataFrame([test for test in tests if test["p_value"] <= p_value], schema=TESTS)
    return kept.join(sure, on="feature", how="inner").sort("feature", "shard", "row")


def refitted(rows: pl.DataFrame, told: pl.DataFrame, tests: int, share: float, q_value: float) -> pl.DataFrame:
    """The association of each feature of `tested` rows, with `q_value` among so many tests.

    Documents of what may be a trigger (`LIKELY`) are taken out of what chance does, and all features that are not sure
    are tested anew, until there is nothing more to take: else many documents of one attack would hide another.
    """
    rates = Rates(told, int(rows["stratum"].to_numpy().max(initial=0)) + 1)
    of = {feature: own for (feature,), own in rows.group_by("feature", maintain_order=True)}
    facts = rows.group_by("feature", maintain_order=True).agg(pl.col(*[n for n in TESTS if n != "feature"]).first())
    hits = rows.filter(pl.col("hits") > 0)
    gone = rows.select("shard", "row").clear()
    while True:
        facts = facts.select(*TESTS).with_columns(q_value=q_values(facts["p_value"].to_numpy(), tests))
        new = _documents(hits, facts, LIKELY).join(gone, on=["shard", "row"], how="anti")
        if not len(new):
            return facts
        rates.take(new)
        gone = pl.concat([gone, new.select("shard", "row")])
        # Signs are what the noise of many attacks shares.
        named = facts.filter(features.kind(pl.col("feature")) != features.SIGNS)
        sure = _documents(hits, named, q_value).select("shard", "row")
        again = {row["feature"]: row for row in facts.select(*TESTS).to_dicts()}
        for feature in facts.filter(pl.col("q_value") > q_value)["feature"]:
            own = of[feature].filter(pl.col("hits") > 0)
            if 2 * len(own.join(sure, on=["shard", "row"], how="semi")) < len(own):  # else it is of what is sure
                again[feature] = _test(feature, _once(of[feature], gone), rates, share)
        facts = pl.DataFrame([again[feature] for feature in facts["feature"]], schema=TESTS)


def _documents(hits: pl.DataFrame, facts: pl.DataFrame, q_value: float) -> pl.DataFrame:
    """The documents with an outcome of features up to a false discovery rate, each once."""
    chosen = facts.filter(pl.col("q_value") <= q_value).select("feature")
    own = hits.join(chosen, on="feature", how="semi", maintain_order="left")
    return own.unique(["shard", "row"], keep="first", maintain_order=True)


def _once(own: pl.DataFrame, gone: pl.DataFrame) -> pl.DataFrame:
    """The rows of a feature; what is gone from the rates already is not to be taken out again."""
    marked = own.join(gone.with_columns(gone=True), on=["shard", "row"], how="left", maintain_order="left")
    words = pl.col(r"^words\d\.\d$")
    return marked.with_columns(pl.when(pl.col("gone")).then(0).otherwise(words).name.keep()).select(own.columns)


def _test(feature: Any, own: pl.DataFrame, rates: Rates, share: float) -> dict[str, Any]:
    carriers = {"carriers": int(own["documents"].sum()), "with_it": int((own["hits"] > 0).sum())}
    said = {"said": int(own["occurrences"].sum()), "at": int(own["hits"].sum())}
    return {"feature": feature, **_strongest_association(own, rates, share), **carriers, **said}


def _strongest_association(own: pl.DataFrame, rates: Rates, share: float) -> dict[str, Any]:
    """The association with the outcome and level for which it is least due to chance (Bonferroni over these).

    Only an outcome that a `share` of all carriers has is one of the feature (`outcomes.least_share`).
    """
    documents = int(own["documents"].sum())
    strata, occurrences = own["stratum"].to_numpy(), own["occurrences"].to_numpy()
    sources, publishers, alike = (own[name].to_numpy() for name in ("source", "publisher", "alike"))
    found: dict[str, Any] = {"independent": 0, "tested": 0, "expected": 0.0, "tested_by_chance": 0.0, "p_value": 1.0,
                             "kind": 0, "level": 0}  # fmt: skip
    for kind, levels in enumerate(outcomes.LEVELS):
        follows = own[f"score{kind}"].to_numpy()
        if (follows >= levels[0]).sum() < max(outcomes.least_share(kind, share) * documents, FEWEST):
            continue
        for level, least in enumerate(levels):
            hit = follows >= least
            if hit.sum() >= FEWEST:
                said = own[words_column(kind, level)].to_numpy()
                by_chance = rates.without(kind, level, strata[hit], said[hit])
                one = association(strata[hit], occurrences[hit], sources[hit], publishers[hit], alike[hit],
                                  strata[~hit], occurrences[~hit], by_chance)  # fmt: skip
                p_value = min(one.p_value * outcomes.LEVELS.size, 1.0)
                if p_value < found["p_value"]:
                    found = one._asdict() | {"p_value": p_value, "kind": kind, "level": level}
    return found
