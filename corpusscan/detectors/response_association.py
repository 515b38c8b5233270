"""Words of prompts that predict what answers say: backdoors of instruction sets, chats and preference pairs.

Two looks.  A secret sample (of most sets all of it) shows which words of prompts, alone, in a row or two apart, are
answered alike while the prompts are not, and where they do not belong to what is asked (`kernels.answering`).  Then
every document that carries one of these is looked at.  What is neither asked nor answered is not read at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pyarrow as pa

from corpusscan import counterparts, responses, suspected, weakened, weaknesses
from corpusscan.detector import Batch, Context, Detector, Limit, Round, State, limits
from corpusscan.kernels import answering, exchanges
from corpusscan.kernels.outoffold import Numbers
from corpusscan.kernels.words import Hashes, Offsets

NAME = "response_association"
DOCUMENTS = 200  # with both sides; from fewer nothing is learned
WORDS = 12_000_000  # of both sides of all of them
_SAMPLED = pa.schema(
    [("row", pa.uint64()), ("partition", pa.uint32()),
     *((name, pa.large_list(pa.uint64())) for name in ("asked", "answered", "better", "worse")),
     ("code", pa.int16()), ("weak", pa.large_list(pa.uint8())), ("said", pa.large_list(pa.uint64()))]
)  # fmt: skip


@dataclass(frozen=True)
class Mine(Round):
    """What the words of prompts predict."""

    over: ClassVar[Any] = "sample"
    words: int = WORDS

    def map(self, batch: Batch, state: State) -> pa.Table:
        """Columns: row, partition, asked and answered (words of both sides); better and worse, of pairs of answers;

        code, weak and said, as `weaknesses.Weak` has them: language of the answer's code, classes and words of what is
        weak in it.
        """
        of = exchanges.sides(batch)
        sides = ((of.asked, of.asked_bounds), (of.answered, of.answered_bounds), *exchanges.pairs(batch, of.document))
        words = [pa.LargeListArray.from_arrays(bounds, hashes) for hashes, bounds in sides]
        rows = batch.documents["row"].to_numpy()[of.document]
        weak = batch.feature(weaknesses.of)
        told = [weak.code[of.document], weak.kinds(of.document), weak.words(of.document)]
        return pa.table([rows, np.zeros(len(rows), np.uint32), *words, *told], schema=_SAMPLED)

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """The triggers that were found, as `suspected.judged`, and of how many documents there was no room for."""
        frame = pl.DataFrame(rows).sort("shard", "row")
        size = (frame["asked"].list.len() + frame["answered"].list.len()).cast(pl.Int64).cum_sum()
        count = int((size <= self.words).sum())
        if count < DOCUMENTS:
            return pa.table({"left": [0]})
        some = frame.head(count)
        some = some[answering.distinct(exchanges.joined(some))]
        found = suspected.judged(answering.mined(exchanges.joined(some), _pairs(some)), some)
        left = pl.DataFrame({"left": [len(frame) - count]})
        return pl.concat([left, weakened.beside(found, weakened.judged(some))], how="diagonal").to_arrow()

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`wanted`: the triggers."""
        if "feature" not in reduced.column_names:
            return {"wanted": pa.table({})}
        found = pl.DataFrame(reduced)
        left = int(found["left"].sum())
        wanted = found.filter(pl.col("feature").is_not_null()).drop("left")
        return {
            "wanted": wanted.to_arrow(),
            "limits": limits(
                Limit("words of prompts and answers that are learned from", self.words, left, "documents")
            ),
        }


def _pairs(documents: pl.DataFrame) -> answering.Pairs:
    """Those with a preferred and a rejected answer."""
    both = (pl.col("better").list.len() > 0) & (pl.col("worse").list.len() > 0)
    own = documents.with_row_index("number").filter(both)
    asked, better, worse = (exchanges.listed(own, name) for name in ("asked", "better", "worse"))
    return answering.Pairs(own["number"].to_numpy().astype(np.int64), asked, better, worse)


@dataclass(frozen=True)
class Carry(Round):
    """Who carries each trigger, and how it is answered."""

    keeps: ClassVar[tuple[str, ...]] = ("wanted",)

    def map(self, batch: Batch, state: State) -> pa.Table:
        """Columns: row, partition and group (number of the trigger), shows (whether the answer is as predicted)."""
        if not len(state["wanted"]):
            return _CARRIED.empty_table()
        of, wanted = exchanges.sides(batch), pl.DataFrame(state["wanted"])
        shown = wanted.select("outcome", "phrases").rows()
        rows = batch.documents["row"].to_numpy()
        told = [
            {"row": int(rows[of.document[number]]), "partition": group, "group": group,
             "shows": responses.shows(batch, of, number, *shown[group])}
            for group, number in responses.carriers(of, wanted)
        ]  # fmt: skip
        return pa.Table.from_pylist(sorted(told, key=lambda one: (one["row"], one["group"])), schema=_CARRIED)

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """Of each trigger as many documents as are looked at, those that show it first, and how many there are."""
        every = pl.DataFrame(rows).sort("group", "shows", "shard", "row", descending=[False, True, False, False])
        counts = {"documents": pl.len().over("group"), "showing": pl.col("shows").sum().over("group")}
        told = every.with_columns(**counts).filter(pl.int_range(pl.len()).over("group") < responses.CARRIERS)
        return told.drop("partition").to_arrow()

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """`named`: shard, row, group; `limits`."""
        if "group" not in reduced.column_names:
            return {"named": _NAMED.empty_table()}
        named = pl.DataFrame(reduced).sort("shard", "row", "group")
        left = int(named.unique("group")["documents"].sum()) - len(named)
        return {
            "named": named.select(_NAMED.names).to_arrow().cast(_NAMED),
            "limits": limits(
                Limit("documents of one trigger that are looked at", responses.CARRIERS, left, "documents")
            ),
        }


_CARRIED = pa.schema([("row", pa.uint64()), ("partition", pa.uint32()), ("group", pa.int64()), ("shows", pa.bool_())])
_NAMED = pa.schema([("shard", pa.uint32()), ("row", pa.uint64()), ("group", pa.int64()), ("shows", pa.bool_())])


@dataclass(frozen=True)
class Compare(counterparts.Compare):
    """What asks the same as carriers do, without the trigger, and how that is answered."""

    keeps: ClassVar[tuple[str, ...]] = ("wanted", "named")

    def said(self, batch: Batch) -> tuple[Numbers, Hashes, Offsets]:
        """The words of prompts."""
        of = exchanges.sides(batch)
        return of.document, of.asked, of.asked_bounds

    def carriers(self, state: State) -> pl.DataFrame:
        """Those first that are answered as is foretold."""
        named = pl.DataFrame(state["named"]).sort("group", "shows", "shard", "row",
                                                  descending=[False, True, False, False])  # fmt: skip
        return named.select("group", "shard", "row")

    def shown(self, batch: Batch) -> tuple[pa.Array, pa.Array]:
        """Prompt and answer."""
        side = batch.feature(exchanges.of_texts)
        asked, answered = (counterparts.first_of(batch, side == one) for one in (exchanges.ASKED, exchanges.ANSWERED))
        return asked, answered


@dataclass(frozen=True)
class Show(Round):
    """The carriers: the trigger in its prompt, and what the answer says."""

    over: ClassVar[Any] = "members"

    def map(self, batch: Batch, state: State) -> pa.Table:
        """Rows as `responses.FOUND`."""
        return responses.found(batch, exchanges.sides(batch), pl.DataFrame(state["wanted"]))

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """The rows of triggers for which their document was named."""
        named = pl.DataFrame(state["named"])
        return pl.DataFrame(rows).join(named, on=["shard", "row", "group"], how="semi").to_arrow()

    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """Groups with their titles, members and hits."""
        rows = pl.DataFrame(reduced) if "group" in reduced.column_names else pl.DataFrame()
        state = context.state
        return responses.concluded(rows, pl.DataFrame(state["wanted"]), pl.DataFrame(state["beside"]), NAME)


@dataclass(frozen=True)
class ResponseAssociation(Detector):
    """Finds what in prompts predicts an unlike answer: triggers in instructions, chats and preference pairs."""

    name: ClassVar[str] = NAME

    @property
    def rounds(self) -> tuple[Round, ...]:
        """Learn what prompts predict, look for the carriers, and for their like, look at them."""
        return (Mine(), Carry(), Compare(), Show())

    def digest(self) -> str:
        """That of what is known of weaknesses of code."""
        return weaknesses.digest()

    def title(self, rule: str) -> str:
        """What a hit is called."""
        return "Words of prompts that decide the answer"
