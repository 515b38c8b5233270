"""What members of a group say: passages of the texts of a batch, and which of them are known as copies."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import polars as pl

from corpusscan import filters
from corpusscan.detector import Batch
from corpusscan.kernels import fingerprints, words
from corpusscan.kernels.excerpts import excerpt
from corpusscan.kernels.opened import Opened
from corpusscan.kernels.telling import Span, sentences
from corpusscan.kernels.words import Hashes

TEXT = 4_000  # characters of a passage that are kept
EDGE = 100  # characters beside a passage that may be of it, and tell its stories
KNOWN = 0.15  # of the shingles of words of a passage, from which on they tell it, too
SHINGLES = 64  # fingerprints of words that are kept of a passage
_LONGEST = 64  # characters of a word
_WORD = re.compile(r"\w+")


class Quoted(Opened):
    """The texts of a batch, in which words are found again."""

    def __init__(self, batch: Batch) -> None:
        super().__init__(batch)
        self.words = batch.feature(words.words)

    def row(self, document: dict[str, Any], span: slice) -> dict[str, Any]:
        """The words `span` of the batch, as a row of `copies.LOOKED_AT` of the text in which they begin."""
        self.open(int(np.searchsorted(self.words.bounds, span.start, side="right")) - 1)
        whole = span.stop >= self.words.bounds[self.number + 1]
        begin = int(self.points[self.words.begins[span.start]])
        end = len(self.text) if whole else int(self.points[self.words.begins[span.stop]])
        return self.passage(document, begin, end, self.text[max(begin - EDGE, 0) : end + EDGE])

    def passage(self, document: dict[str, Any], begin: int, end: int, near: str = "") -> dict[str, Any]:
        """Code points of the open text as a row of `copies.LOOKED_AT`, with `text`; its stories are told by `near`."""
        said = self.text[begin:end].rstrip()
        return {
            "row": document["row"], "field": self.field, "tokens": None, "bytes": len(said.encode()),
            "stories": filters.stories_of_text(near or said[:TEXT], document["source"]),
            "source": document["source"], "time": document["time"],
        } | self.shown(begin, begin + len(said))  # fmt: skip

    def shown(self, begin: int, end: int) -> dict[str, Any]:
        """Where code points of the open text stand, and how they are shown; with `text`, what they say."""
        shown, *mark = excerpt(self.text, begin, end)
        said, start = self.text[begin:end][:TEXT], self.start + begin
        return {"start": start, "end": self.start + end, "excerpt": shown, "mark": str(mark), "text": said}

    def naming(self, span: slice, wanted: Hashes) -> tuple[Span, list[str]]:
        """Of the words `span` of the open text the sentence that has most of the `wanted` ones, as code points of the
        text; and these words as they stand there, in lower case."""
        span = slice(span.start, min(span.stop, int(self.words.bounds[self.number + 1])))
        hashes, places = self.words.hashes[span], self.points[self.words.begins[span]]
        first = [np.flatnonzero(hashes == one)[:1] for one in wanted.tolist()]
        found = (_WORD.match(self.text, places[at], places[at] + _LONGEST) for (at,) in filter(len, first))
        begin, end = int(places[0]), int(places[-1]) + _LONGEST
        spans = [(begin + start, begin + stop) for start, stop in sentences(self.text[begin:end])]
        own = [hashes[slice(*np.searchsorted(places, one))] for one in spans]
        named = [len(np.intersect1d(one, wanted)) for one in own]
        return spans[int(np.argmax(named))], [word[0].casefold() for word in found if word]

    def word(self, place: int, characters: int = 0) -> str:
        """The word of the batch at that place, as the open text has it; or so many characters."""
        begin = int(self.points[self.words.begins[place]])
        match = _WORD.match(self.text, begin, begin + (characters or _LONGEST))
        return match[0] if match else ""

    def shingles(self, span: slice) -> list[int]:
        """Fingerprints of the words `span` of the batch, each once."""
        own = self.words.hashes[span]
        values, _ = fingerprints.fingerprints(own, np.array([0, len(own)]))
        return np.unique(values >> np.uint64(fingerprints.PLACE_BITS))[:SHINGLES].tolist()  # type: ignore[no-any-return]


def unlike(rows: pl.DataFrame, copies: int) -> pl.DataFrame:
    """The passages of a group, but for those that share shingles of words where most do: they are known as copies."""
    rows = rows.with_row_index("number")
    shared = rows.explode("shingles").drop_nulls("shingles")
    shared = shared.with_columns(often=pl.len().over("shingles") >= copies - 1)
    known = shared.group_by("number").agg(pl.col("often").sum(), share=pl.col("often").mean())
    known = known.filter((pl.col("share") >= KNOWN) & (pl.col("often") >= 2))
    left = rows if 2 * len(known) < len(rows) else rows.join(known, on="number", how="anti", maintain_order="left")
    return left.drop("number")
