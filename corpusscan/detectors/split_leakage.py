"""Rows of a test or validation split that are in the training split, too: equal, or nearly so.

A model is told to be better than it is where it has seen what it is tested on (Lee et al. 2022, "Deduplicating training
data makes language models better", found copies of 4 % of validation examples in training sets).  It is a matter of
hygiene: popular honest datasets have some.  So it is told, and nothing is flagged by it.

Equal rows are found here, by keyed hashes.  Near-copies are those that `near_duplicate` finds, where it runs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl
import pyarrow as pa

from corpusscan import copies, schema
from corpusscan.detector import Batch, Context, Detector, Limit, Round, State, limits
from corpusscan.kernels import splits
from corpusscan.provenance import all_members

NAME = "split_leakage"
TOLD = 1_000  # leaked rows of a pair of splits that are told one by one
MUCH = 0.01  # of a split: less is usual
_PLACE = ["shard", "row"]
_PAIR = ["scope", "split", "other"]


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


@dataclass(frozen=True)
class Hash(Round):
    """Every document's keyed hash; what stands in two splits."""

    def map(self, batch: Batch, state: State) -> pa.Table:
        """Columns: row, partition, digest."""
        return copies.digested(batch)

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """The rows whose digest occurs twice."""
        return copies.repeated(rows, 2)

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`equal`: rows that stand in two splits; `named`: nobody yet."""
        nobody = pa.table({"shard": pa.array([], pa.uint32()), "row": pa.array([], pa.uint64())})
        alike = _frame(reduced).rename({"digest": "cluster"}) if len(reduced) else _frame(nobody)
        found = _leaks(alike, context) if len(reduced) else _nothing()
        return {"equal": found.to_arrow(), "named": nobody}


@dataclass(frozen=True)
class Near(Round):
    """What is nearly the same, once `near_duplicate` has told; reads nothing."""

    over: ClassVar[Any] = "members"

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`leaks`: rows of a split with a copy in an earlier one; `pairs`; `named`: those that are told, with it."""
        equal = _frame(context.state["equal"]).with_columns(nearly=pl.lit(value=False))
        near = _leaks(_frame(context.copies), context) if context.copies is not None else _nothing()
        near = near.join(equal, on=[*_PLACE, *_PAIR], how="anti").with_columns(nearly=pl.lit(value=True))
        leaks = pl.concat([equal, near.select(equal.columns)]).sort(*_PAIR, *_PLACE)
        counted = leaks.group_by(_PAIR, maintain_order=True).agg(
            exact=(~pl.col("nearly")).sum(),
            nearly=pl.col("nearly").sum(),
            copied=pl.struct("to_shard", "to_row").n_unique(),
        )
        sizes = _frame(context.splits()).group_by("scope", "split").agg(rows=pl.col("documents").sum())
        pairs = counted.join(sizes, on=["scope", "split"], how="left", maintain_order="left")
        pairs = pairs.with_columns(looked_for_near=pl.lit(context.copies is not None))
        told = leaks.filter(pl.int_range(pl.len()).over(_PAIR) < TOLD)
        partners = told.select(shard="to_shard", row="to_row")
        named = pl.concat([told.select(_PLACE), partners]).unique().sort(_PLACE)
        left = Limit("leaked rows of two splits that are told", TOLD, len(leaks) - len(told), "rows")
        return {"leaks": told.to_arrow(), "pairs": pairs.to_arrow(), "named": named.to_arrow(), "limits": limits(left)}


@dataclass(frozen=True)
class Look(Round):
    """The rows that are told, with what they say."""

    over: ClassVar[Any] = "members"

    def map(self, batch: Batch, state: State) -> pa.Table:
        """One row per text of a named document."""
        return copies.looked_at(batch)

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """A group for each pair of splits."""
        leaks, pairs = _frame(context.state["leaks"]), _frame(context.state["pairs"])
        if not len(reduced):
            pairs = pairs.clear()
        texts = _frame(reduced).unique(_PLACE, keep="first", maintain_order=True) if len(reduced) else None
        groups, members, hits = [], [], []
        for pair in pairs.to_dicts():
            assert texts is not None
            own = leaks.filter(*(pl.col(name) == pair[name] for name in _PAIR))
            shown = own.join(texts, on=_PLACE, how="inner", maintain_order="left")
            group = _group(pair, shown)
            groups.append(group)
            members.append(_members(group["group"], own))
            hits += [_hit(group, row) for row in shown.to_dicts()]
        return {
            "groups": pa.Table.from_pylist(groups, schema=schema.CONCLUDED_GROUPS),
            "members": all_members(members),
            "hits": pa.Table.from_pylist(hits, schema=schema.CONCLUDED_HITS),
        }


def _nothing() -> pl.DataFrame:
    kinds = {
        "shard": pl.UInt32,
        "row": pl.UInt64,
        **dict.fromkeys(_PAIR, pl.String),
        "to_shard": pl.UInt32,
        "to_row": pl.UInt64,
    }
    return pl.DataFrame(schema=kinds)


def _leaks(alike: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Of documents that are alike by `cluster`, those of a split that has a copy in an earlier one, with the first."""
    known = _frame(context.splits()).sort("shard", "begin")
    here = alike.sort(_PLACE).join_asof(known, left_on="row", right_on="begin", by="shard", check_sortedness=False)
    here = here.filter(pl.col("split").is_not_null()).select(*_PLACE, "cluster", "scope", "split")
    ranks = {split: place for place, split in enumerate(sorted(set(here["split"]), key=splits.rank))}
    here = here.with_columns(rank=pl.col("split").replace_strict(ranks, return_dtype=pl.Int64))
    first = here.group_by("cluster", "scope", "split", maintain_order=True).agg(
        to_shard=pl.col("shard").first(), to_row=pl.col("row").first(), to_rank=pl.col("rank").first()
    )
    found = here.join(first.rename({"split": "other"}), on=["cluster", "scope"])
    return found.filter(pl.col("to_rank") < pl.col("rank")).select(_nothing().columns).sort(*_PAIR, *_PLACE)


def _group(pair: dict[str, Any], shown: pl.DataFrame) -> dict[str, Any]:
    leaked, rows = pair["exact"] + pair["nearly"], max(pair["rows"] or 0, 1)
    share = min(leaked / rows, 1.0)
    evidence = {
        **{name: pair[name] for name in ("scope", "split", "exact", "nearly", "rows")}, "in": pair["other"],
        "share": round(share, 5), **({} if pair["looked_for_near"] else {"note": "near-copies were not looked for"}),
    }  # fmt: skip
    return {
        "group": ":".join([NAME, pair["split"], pair["other"], *filter(None, [pair["scope"]])]), "kind": "leakage",
        "title": f"Rows of {pair['split']} that are in {pair['other']}: {leaked:,} of {rows:,}",
        "attack": "tampering", "severity": "low" if share >= MUCH else "info", "score": share, "q_value": None,
        "documents": leaked, "independent_documents": pair["copied"],
        "sources": shown["source"].drop_nulls().n_unique(),
        "first_seen": shown["time"].min(), "last_seen": shown["time"].max(),
        "evidence": json.dumps(evidence, sort_keys=True, ensure_ascii=False),
    }  # fmt: skip


def _members(group: str, leaks: pl.DataFrame) -> pa.Table:
    """The leaked rows, and as neighbours the rows they are copies of."""
    number = pl.struct("to_shard", "to_row").rank("dense")  # how files were cut into shards must not show
    alone = pl.format("{}/{}", pl.lit(group), number).alias("independent_id")
    first = pl.when(pl.int_range(pl.len()) < 1).then(pl.lit("exemplar")).otherwise(pl.lit("carrier"))
    own = leaks.select(pl.lit(group).alias("group"), *_PLACE, first.alias("role"), alone)
    beside = leaks.select(
        pl.lit(group).alias("group"), pl.col("to_shard").alias("shard"), pl.col("to_row").alias("row"),
        pl.lit("neighbour").alias("role"), alone,
    ).unique(maintain_order=True)  # fmt: skip
    return pl.concat([own, beside]).to_arrow().cast(schema.CONCLUDED_MEMBERS)


def _hit(group: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    told = {"split": row["split"], "in": row["other"], "nearly": row["nearly"], "mark": json.loads(row["mark"])}
    return {
        **{name: row[name] for name in ("shard", "row", "field", "start", "end", "tokens", "excerpt")},
        **{name: group[name] for name in ("group", "attack", "severity", "score", "q_value")},
        "rule": "near-leak" if row["nearly"] else "leak", "evidence": json.dumps(told, sort_keys=True),
    }  # fmt: skip


@dataclass(frozen=True)
class SplitLeakage(Detector):
    """Finds rows of test and validation splits that are in the training split, equal or nearly so; flags nothing."""

    name: ClassVar[str] = NAME
    of_splits: ClassVar[bool] = True

    @property
    def rounds(self) -> tuple[Round, ...]:
        """Hash all, take in what is nearly the same, look at some."""
        return (Hash(), Near(), Look())

    def title(self, rule: str) -> str:
        """What a hit is called."""
        return "Nearly a row of another split" if rule == "near-leak" else "A row of another split"
