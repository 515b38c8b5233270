"""Which places of a corpus are alike, and how often something follows at each kind of them by chance.

Documents of like topic and length change about as often as one another, and near the beginning of a line or of another
text, such as an answer, more often than elsewhere; the topic is told by what stands before.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from numba import njit

from corpusscan.kernels import outcomes, profile
from corpusscan.kernels.features import Reading
from corpusscan.kernels.latent import Floats
from corpusscan.kernels.profile import Profile
from corpusscan.kernels.vectors import PART, TOPICS
from corpusscan.kernels.words import Offsets

LENGTHS = (100, 300, 1_000)  # words: documents of like length are compared
BEFORE, BEHIND = 10, 10  # words near which a line begins
BORDER = 32  # words before and behind which another text of the same document begins: answers may be unlike questions
PLAIN, LINE, ANOTHER = range(3)
_LINE = 10

Numbers = npt.NDArray[np.int64]


def beginnings(read: Reading, bounds: Offsets) -> npt.NDArray[np.uint8]:
    """What begins near each word, a line or another text of its document: there changes of honest texts are."""
    near = np.zeros(len(read.hashes), np.uint8)
    _line_breaks(read.data, read.places, read.firsts, near)
    later = np.setdiff1d(read.texts[:-1], bounds)  # texts that begin within a document
    document = np.searchsorted(bounds, later, side="right") - 1
    inside = np.zeros(len(near) + 1, np.int64)
    np.add.at(inside, np.maximum(later - BORDER, bounds[document]), 1)
    np.add.at(inside, np.minimum(later + BORDER, bounds[document + 1]), -1)
    near[np.cumsum(inside)[:-1] > 0] = ANOTHER
    return near


@njit(cache=True, nogil=True)
def _line_breaks(data, places, firsts, near):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    last = -BEFORE - BEHIND
    for i in range(len(places)):
        begins = i == 0 or firsts[i - 1] != firsts[i]  # a text begins as a line does
        at = places[i] - 1
        low = firsts[i] if begins else places[i - 1]
        while not begins and at > low:
            begins = data[at] == _LINE
            at -= 1
        if begins:
            last = i
            k = i - 1
            while k >= max(0, i - BEHIND + 1) and firsts[k] == firsts[i]:
                near[k] = LINE
                k -= 1
        near[i] = LINE if i - last <= BEFORE else PLAIN


class Strata(NamedTuple):
    """What decides how often documents change: topic and length of each, and what begins near each word."""

    topics: Numbers  # of documents, by their beginnings: documents x parts
    lengths: Numbers
    near: npt.NDArray[np.uint8]  # of words
    bounds: Offsets

    def of(self, words: Numbers) -> npt.NDArray[np.uint32]:
        """The stratum of each word, by what its document says before it."""
        document = np.searchsorted(self.bounds, words, side="right") - 1
        before = words - self.bounds[document]
        part = np.clip(before // PART - 1, 0, self.topics.shape[1] - 1)
        topics = np.where(before < PART, TOPICS, self.topics[document, part])
        return _stratum(topics, self.lengths[document], self.near[words])

    def words(self) -> pl.DataFrame:
        """How many words there are of each stratum: columns stratum, words."""
        first = np.minimum(np.diff(self.bounds), PART)
        frames = []
        for what in (PLAIN, LINE, ANOTHER):
            sums = np.append(0, np.cumsum(self.near == what))
            early = sums[self.bounds[:-1] + first] - sums[self.bounds[:-1]]
            rest = sums[self.bounds[1:]] - sums[self.bounds[:-1]] - early
            for topics, count in ((np.full(len(first), TOPICS), early), (self.topics[:, -1], rest)):
                near = np.full(len(first), what, np.uint8)
                frames.append(pl.DataFrame({"stratum": _stratum(topics, self.lengths, near), "words": count}))
        return pl.concat(frames).group_by("stratum").agg(pl.col("words").sum().cast(pl.Int64)).sort("stratum")

    def hits(self, follows: Floats) -> pl.DataFrame:
        """At how many words an outcome follows: stratum, kind, level, words."""
        told = []
        count = outcomes.LEVELS.shape[1]
        for kind, own in enumerate(follows):
            words = np.flatnonzero(own >= outcomes.LEVELS[kind, 0])
            level, stratum = outcomes.levels(kind, own[words]), self.of(words).astype(np.int64)
            cell, words = np.unique(stratum * count + level, return_counts=True)
            columns = {
                "stratum": (cell // count).astype(np.uint32), "level": cell % count,
                "words": words.astype(np.int64) * outcomes.weight(kind),
            }  # fmt: skip
            told.append(pl.DataFrame(columns).with_columns(kind=pl.lit(kind, pl.Int64)))
        return pl.concat(told)


def strata(read: Reading, bounds: Offsets, known: Profile) -> Strata:
    """The strata of a batch."""
    lengths = np.searchsorted(LENGTHS, np.diff(bounds))
    return Strata(profile.topics_of(read.number, bounds, known), lengths, beginnings(read, bounds), bounds)


def _stratum(topics: Numbers, lengths: Numbers, near: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    return ((lengths * (TOPICS + 1) + topics) * 3 + near).astype(np.uint32)


def rates(words: pl.DataFrame, hits: pl.DataFrame) -> pl.DataFrame:
    """How often an outcome of each kind and level, or surer, follows a word of a stratum.

    Columns stratum, kind, level, hits and words (at which it follows, and all).
    """
    kinds, count = outcomes.LEVELS.shape
    every = pl.DataFrame({"kind": np.repeat(np.arange(kinds), count), "level": [*range(count)] * kinds})
    total = words.group_by("stratum").agg(pl.col("words").sum())
    known = hits.group_by("stratum", "kind", "level").agg(hits=pl.col("words").sum())
    joined = total.join(every, how="cross").join(known, on=["stratum", "kind", "level"], how="left")
    surer = pl.col("hits").fill_null(0).cum_sum().over("stratum", "kind")
    return joined.sort("level", descending=True).with_columns(surer).sort("stratum", "kind", "level")


class Rates:
    """How often an outcome follows by chance, as arrays kinds x levels x strata."""

    def __init__(self, told: pl.DataFrame, strata: int) -> None:
        at = tuple(told[name].to_numpy() for name in ("kind", "level", "stratum"))
        shape = (*outcomes.LEVELS.shape, max(strata, int(at[2].max(initial=0)) + 1))
        self.hits, self.words = (np.zeros(shape), np.zeros(shape))
        for name in ("hits", "words"):
            getattr(self, name)[at] = told[name].to_numpy()

    def take(self, rows: pl.DataFrame) -> None:
        """Let these documents not count any more: one row each, with its stratum and `words_column`."""
        strata = rows["stratum"].to_numpy()
        for kind, levels in enumerate(outcomes.LEVELS):
            for level in range(len(levels)):
                own = rows[words_column(kind, level)].to_numpy()
                self.hits[kind, level] -= np.bincount(strata, own, minlength=self.hits.shape[2])

    def without(self, kind: int, level: int, strata: Numbers, own: Numbers) -> npt.NDArray[np.float64]:
        """The rates in documents that do not carry a feature; those that do have the outcome at so many words.

        Its own carriers are no evidence of what chance does.
        """
        others = self.hits[kind, level] - np.bincount(strata, own, minlength=self.hits.shape[2])
        by_chance: npt.NDArray[np.float64] = (np.maximum(others, 0) + 0.5) / (self.words[kind, level] + 1)
        return by_chance


def words_column(kind: int, level: int) -> str:
    """The column that tells at how many words of its stratum a document has an outcome of a kind and level."""
    return f"words{kind}.{level}"
