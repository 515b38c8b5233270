"""The rows whose labels their texts contradict most, asked again of the documents most alike to them.

A round of `label_flip` behind the one that judges every row: a model of words passes over what neighbours tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pyarrow as pa

from corpusscan import labels, sampling
from corpusscan.contradicted import ALL
from corpusscan.detector import Batch, Context, Round, State
from corpusscan.kernels import disagreement, exchanges, outoffold

WORDS = 2_000_000  # of documents that may be neighbours
RANKED, ASKED = 500, 1_500  # rows that are told, and of how many the neighbours are asked
_NEAR = pa.schema([("shard", pa.uint32()), ("row", pa.uint64()), ("disagreement", pa.float32())])


@dataclass(frozen=True)
class Near(Round):
    """How many of their neighbours in the sample have another label; the most suspicious rows."""

    over: ClassVar[Any] = "sample"
    keeps: ClassVar[tuple[str, ...]] = ("model", "facts", "found")
    words: int = WORDS

    def map(self, batch: Batch, state: State) -> pa.Table:
        """Rows as those that `labels.Learn` learns from; none where nothing is suspicious."""
        return labels.Learn().map(batch, state) if len(_asked(state)) else pa.table({})

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """Rows as `_NEAR`, of those that are suspicious and in the sample."""
        known, asked = labels.state_of(state), _asked(state)
        if known is None or not rows.num_rows or not len(asked):
            return _NEAR.empty_table()
        on = ["shard", "row"]
        every = sampling.named_first(pl.DataFrame(rows).select(*on, "words", "label"), asked, self.words)
        hashes, bounds = exchanges.listed(every, "words")
        model, _, facts = known
        label = labels.numbers(every["label"].to_arrow(), facts["classes"])
        seen = outoffold.read(hashes, bounds, (model.features, model.rarity))
        mine = np.arange(int(every["mine"].is_not_null().sum()))
        told = disagreement.among_neighbours(seen, label, mine)
        return every[mine].select(*on).with_columns(disagreement=pl.Series(told)).to_arrow().cast(_NEAR)

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`named` and `scored` as before, of single rows the most suspicious ones, with `suspicion`."""
        scored = pl.DataFrame(context.state["scored"])
        if not len(scored):
            return {"named": context.state["named"], "scored": context.state["scored"]}
        on = ["shard", "row"]
        near = pl.DataFrame(reduced if "disagreement" in reduced.column_names else _NEAR.empty_table())
        scored = scored.join(near, on=on, how="left")
        mean = near["disagreement"].mean() or 0.0  # of rows beyond the sample nobody knows more
        told = disagreement.suspicion(scored["chance"].to_numpy(), scored["disagreement"].fill_null(mean).to_numpy())
        single = pl.col("suspect") == ALL
        scored = scored.with_columns(suspicion=pl.when(single).then(pl.Series(told)).otherwise(-pl.col("chance")))
        scored = scored.sort("suspect", "suspicion", *on, descending=[False, True, False, False])
        scored = scored.filter(~single | (pl.int_range(pl.len()).over("suspect") < RANKED))
        kept = scored.select(*on, "suspect").sort(*on, "suspect")
        return {"named": kept.to_arrow().cast(context.state["named"].schema), "scored": scored.to_arrow()}


def _asked(state: State) -> pl.DataFrame:
    """The rows that are suspicious alone."""
    scored = pl.DataFrame(state["scored"]) if state else pl.DataFrame()
    return scored.filter(pl.col("suspect") == ALL) if len(scored) else scored
