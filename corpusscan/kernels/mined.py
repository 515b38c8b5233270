"""What is counted to find triggers: changes and what stands beside them, strata, occurrences with their outcome."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from blake3 import blake3
from numba import njit

from corpusscan.detector import Batch
from corpusscan.kernels import features, outcomes, profile
from corpusscan.kernels.associations import association
from corpusscan.kernels.features import Found, Reading
from corpusscan.kernels.outcomes import Changes
from corpusscan.kernels.profile import Profile, mixed
from corpusscan.kernels.publishers import publisher
from corpusscan.kernels.vectors import PART, TOPICS, Floats
from corpusscan.kernels.words import Hashes, Offsets

LENGTHS = (100, 300, 1_000)  # words: documents of like length are compared
BEFORE, BEHIND = 10, 10  # words near which a line begins
OTHERS = 16  # documents of a batch without the outcome that are told one by one
BEYOND = 8  # so many without the outcome for each with it: no trigger
_LINE = 10
_TOLD = 64  # words before a change, by which documents that depend on one another are known
_SHINGLE = 3

Numbers = npt.NDArray[np.int64]


def line_breaks(read: Reading) -> npt.NDArray[np.bool_]:
    """Whether a line begins near each word: changes of honest texts are mostly those of lines."""
    near = np.zeros(len(read.hashes), np.bool_)
    _line_breaks(read.data, read.places, read.firsts, near)
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
            for k in range(max(0, i - BEHIND + 1), i):
                near[k] = True
        near[i] = i - last <= BEFORE


class Strata(NamedTuple):
    """What decides how often documents change: topic and length of each, and whether a line begins near each word."""

    topics: Numbers  # of documents, by their beginnings: documents x parts
    lengths: Numbers
    breaks: npt.NDArray[np.bool_]  # of words
    bounds: Offsets

    def of(self, words: Numbers) -> npt.NDArray[np.uint32]:
        """The stratum of each word, by what its document says before it."""
        document = np.searchsorted(self.bounds, words, side="right") - 1
        before = words - self.bounds[document]
        part = np.clip(before // PART - 1, 0, self.topics.shape[1] - 1)
        topics = np.where(before < PART, TOPICS, self.topics[document, part])
        return _stratum(topics, self.lengths[document], self.breaks[words])

    def words(self) -> pl.DataFrame:
        """How many words there are of each stratum: columns stratum, words."""
        size = np.diff(self.bounds)
        sums = np.append(0, np.cumsum(self.breaks))
        with_break = sums[self.bounds[1:]] - sums[self.bounds[:-1]]
        first = np.minimum(size, PART)
        broken = sums[self.bounds[:-1] + first] - sums[self.bounds[:-1]]
        topics = self.topics[:, -1]
        told = [
            (np.full(len(size), TOPICS), True, broken), (np.full(len(size), TOPICS), False, first - broken),
            (topics, True, with_break - broken), (topics, False, size - with_break - (first - broken)),
        ]  # fmt: skip
        frames = [
            pl.DataFrame({"stratum": _stratum(topics, self.lengths, np.full(len(size), near)), "words": count})
            for topics, near, count in told
        ]
        return pl.concat(frames).group_by("stratum").agg(pl.col("words").sum().cast(pl.Int64)).sort("stratum")

    def hits(self, follows: Floats) -> pl.DataFrame:
        """At how many words of how many documents an outcome follows: stratum, kind, level, words, documents.

        A document counts at the highest level that it has in a stratum.
        """
        told = []
        count = outcomes.LEVELS.shape[1]
        for kind, own in enumerate(follows):
            words = np.flatnonzero(own >= outcomes.LEVELS[kind, 0])
            level, stratum = outcomes.levels(kind, own[words]), self.of(words).astype(np.int64)
            documents = np.searchsorted(self.bounds, words, side="right") - 1
            order = np.lexsort((level, stratum, documents))
            last = np.append((np.diff(stratum[order]) != 0) | (np.diff(documents[order]) != 0), True)[: len(order)]
            cell, place = np.unique(stratum * count + level, return_inverse=True)
            columns = {
                "stratum": (cell // count).astype(np.uint32), "level": cell % count,
                "words": np.bincount(place, minlength=len(cell)).astype(np.int64) * outcomes.weight(kind),
                "documents": np.bincount(place[order[last]], minlength=len(cell)).astype(np.int64),
            }  # fmt: skip
            told.append(pl.DataFrame(columns).with_columns(kind=pl.lit(kind, pl.Int64)))
        return pl.concat(told)


def strata(read: Reading, bounds: Offsets, known: Profile) -> Strata:
    """The strata of a batch."""
    lengths = np.searchsorted(LENGTHS, np.diff(bounds))
    return Strata(profile.topics_of(read.number, bounds, known), lengths, line_breaks(read), bounds)


def _stratum(topics: Numbers, lengths: Numbers, breaks: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint32]:
    return ((lengths * (TOPICS + 1) + topics) * 2 + breaks).astype(np.uint32)


def rates(words: pl.DataFrame, hits: pl.DataFrame) -> pl.DataFrame:
    """How often an outcome of each kind and level, or surer, follows a word of a stratum.

    Columns stratum, kind, level, hits and words (at which it follows, and all), documents (in which it does).
    """
    kinds, count = outcomes.LEVELS.shape
    every = pl.DataFrame({"kind": np.repeat(np.arange(kinds), count), "level": [*range(count)] * kinds})
    total = words.group_by("stratum").agg(pl.col("words").sum())
    known = hits.group_by("stratum", "kind", "level").agg(
        hits=pl.col("words").sum(), documents=pl.col("documents").sum()
    )
    joined = total.join(every, how="cross").join(known, on=["stratum", "kind", "level"], how="left")
    surer = pl.col("hits", "documents").fill_null(0).cum_sum().over("stratum", "kind")
    return joined.sort("level", descending=True).with_columns(surer).sort("stratum", "kind", "level")


def beside(
    read: Reading, known: Profile, bounds: Offsets, found: Changes, before: int, behind: int
) -> tuple[Hashes, Numbers]:
    """The features that stand near each change: hashes, and of which change."""
    first = np.maximum(found.begin - before, bounds[found.document])
    last = np.minimum(found.begin + behind, bounds[found.document + 1])
    return features.at(read, known, first, last)


class Standing(NamedTuple):
    """Where each feature stands in each document: the place where most noise follows, of all that it has there."""

    document: Numbers
    which: Numbers
    word: Numbers
    occurrences: Numbers
    hits: Numbers  # of these, with an outcome
    follows: Floats  # kinds x rows


def standing(bounds: Offsets, found: Found, follows: Floats) -> Standing:
    """The occurrences of each feature in each document, as one; signs stand before their word, all else ends at it."""
    document = np.searchsorted(bounds, found.word, side="right") - 1
    most = (follows / outcomes.LEVELS[:, :1]).max(axis=0) if len(found.word) else np.zeros(0, np.float32)
    order = np.lexsort((found.word, -most, found.which, document))
    keys = np.stack([document[order], found.which[order]])
    first = np.flatnonzero(np.append(True, (keys[:, 1:] != keys[:, :-1]).any(axis=0))[: len(order)])
    sizes = np.diff(np.append(first, len(order)))
    hit = outcomes.reached(follows)[order].astype(np.int64)
    hits = np.add.reduceat(hit, first) if len(first) else np.zeros(0, np.int64)
    one = order[first]
    return Standing(document[one], found.which[one], found.word[one], sizes, hits, follows[:, one])


def occurrences(read: Reading, bounds: Offsets, known: Profile, found: Found, batch: Batch) -> pl.DataFrame:
    """Rows: which, row, stratum, documents, occurrences, hits, alike, source, and of each kind of noise its bits.

    Documents with noise behind one by one; of the others the first few, the rest as counts, of source 0.
    """
    told = standing(bounds, found, outcomes.at(read, bounds, known, found))
    of = strata(read, bounds, known)
    frame = pl.DataFrame(
        {
            "which": told.which, "row": batch.documents["row"].to_numpy()[told.document],
            "stratum": of.of(told.word), "documents": np.ones(len(told.which), np.int64),
            "occurrences": told.occurrences, "hits": told.hits, "alike": _alike(read, bounds, told),
            "source": publishers(batch)[told.document], "single": np.ones(len(told.which), bool),
            **{f"score{kind}": own for kind, own in enumerate(told.follows)},
        }
    )  # fmt: skip
    hits = frame.filter(pl.col("hits") > 0)
    count = hits.group_by("which").agg(with_it=pl.len())
    rest = frame.filter(pl.col("hits") == 0).join(count, on="which", how="left")
    rest = rest.with_columns(without=pl.len().over("which"), number=pl.int_range(pl.len()).over("which"))
    many = pl.col("without") > OTHERS + BEYOND * pl.col("with_it").fill_null(0)
    single = rest.filter((pl.col("number") < OTHERS) & ~many).select(frame.columns)
    summed = rest.filter((pl.col("number") >= OTHERS) | many)
    counted = summed.group_by("which", "stratum").agg(
        pl.col("row").min(), pl.col("documents").sum(), pl.col("occurrences").sum(), single=pl.lit(False)
    )
    return pl.concat([hits, single, counted], how="diagonal_relaxed").select(frame.columns).fill_null(0)


def _alike(read: Reading, bounds: Offsets, told: Standing) -> Hashes:
    """Of each document with noise behind a feature a hash that is equal in those that say the same before it.

    The least of its shingles there (Broder 1997): a text of its own has a hash of its own.  Where hardly anything
    stands before, of those behind.
    """
    values = np.zeros(len(told.word), np.uint64)
    _least_shingles(read.hashes, bounds, told.document, told.word, told.hits, values)
    return values


@njit(cache=True, nogil=True)
def _least_shingles(hashes, bounds, documents, words, hits, values):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    for n in range(len(words)):
        if not hits[n]:
            continue
        first, last, word = bounds[documents[n]], bounds[documents[n] + 1], words[n]
        begin = word - _SHINGLE
        low, high = max(first, begin - _TOLD), begin
        if begin - first < 2 * _SHINGLE:
            low, high = word + 1, min(word + 1 + _TOLD, last)
        least = ~np.uint64(0)
        for i in range(low + 2, high):
            least = min(least, mixed(mixed(hashes[i - 2], hashes[i - 1]), hashes[i]))
        values[n] = least if high > low + 2 else np.uint64(word)


def publishers(batch: Batch) -> Hashes:
    """A number for each document's publisher; 0 where it has no source."""
    names = batch.documents["source"].to_pylist()
    known = {name: publisher(name).encode() for name in set(names) if name}
    numbers = {name: int.from_bytes(blake3(own, key=batch.key).digest(8)) | 1 for name, own in known.items()}
    return np.array([numbers.get(name, 0) for name in names], np.uint64)


class Rates:
    """How often an outcome follows by chance, as arrays kinds x levels x strata."""

    def __init__(self, told: pl.DataFrame, strata: int) -> None:
        at = tuple(told[name].to_numpy() for name in ("kind", "level", "stratum"))
        shape = (*outcomes.LEVELS.shape, max(strata, int(at[2].max(initial=0)) + 1))
        self.hits, self.words, self.documents = (np.zeros(shape), np.zeros(shape), np.zeros(shape))
        for name in ("hits", "words", "documents"):
            getattr(self, name)[at] = told[name].to_numpy()

    def without(self, kind: int, level: int, strata: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """The rates in documents that do not carry a feature; `strata` are of those that do and have the outcome.

        Its own carriers are no evidence of what chance does: they count as the documents of their stratum on average.
        """
        own = np.bincount(strata, minlength=self.hits.shape[2])
        others = 1 - np.minimum(own / np.maximum(self.documents[kind, level], 1), 1)
        by_chance: npt.NDArray[np.float64] = (self.hits[kind, level] * others + 0.5) / (self.words[kind, level] + 1)
        return by_chance


def tested(rows: pl.DataFrame, told: pl.DataFrame, share: float, p_value: float) -> pl.DataFrame:
    """The rows of those features that an outcome follows more often than chance, with their association."""
    rates = Rates(told, int(rows["stratum"].to_numpy().max(initial=0)) + 1)
    enough = rows.group_by("feature").agg(
        carriers=pl.col("documents").sum(), with_it=(pl.col("hits") > 0).sum(),
        said=pl.col("occurrences").sum(), at=pl.col("hits").sum(),
    ).filter((pl.col("with_it") > 3) & (pl.col("with_it") >= share * pl.col("carriers"))
             & (pl.col("at") >= share / 2 * pl.col("said")))  # fmt: skip
    kept = rows.join(enough.select("feature"), on="feature", how="semi")
    tests: list[dict[str, Any]] = []
    for (feature,), own in kept.group_by("feature", maintain_order=True):
        found = _strongest_association(own, rates)
        if found["p_value"] <= p_value:
            carriers = {"carriers": int(own["documents"].sum()), "with_it": int((own["hits"] > 0).sum())}
            said = {"said": own["occurrences"].sum(), "at": own["hits"].sum()}
            tests.append({"feature": feature, **found, **carriers, **said})
    return kept.join(pl.DataFrame(tests, schema=TESTS), on="feature", how="inner").sort("feature", "shard", "row")


TESTS = {
    "feature": pl.UInt64, "carriers": pl.Int64, "with_it": pl.Int64, "independent": pl.Int64, "expected": pl.Float64,
    "p_value": pl.Float64, "said": pl.Int64, "at": pl.Int64, "kind": pl.Int64, "level": pl.Int64,
}  # fmt: skip


def _strongest_association(own: pl.DataFrame, rates: Rates) -> dict[str, Any]:
    """The association with the outcome and level for which it is least due to chance (Bonferroni over these)."""
    strata, occurrences = own["stratum"].to_numpy(), own["occurrences"].to_numpy()
    sources, alike = own["source"].to_numpy(), own["alike"].to_numpy()
    found: dict[str, Any] = {"p_value": 2.0}
    for kind, levels in enumerate(outcomes.LEVELS):
        follows = own[f"score{kind}"].to_numpy()
        for level, least in enumerate(levels):
            hit = follows >= least
            if hit.sum() > 3:
                by_chance = rates.without(kind, level, strata[hit])
                one = association(strata[hit], occurrences[hit], sources[hit], alike[hit],
                                  strata[~hit], occurrences[~hit], by_chance)  # fmt: skip
                p_value = min(one.p_value * outcomes.LEVELS.size, 1.0)
                if p_value < found["p_value"]:
                    found = {"independent": one.independent, "expected": one.expected, "p_value": p_value,
                             "kind": kind, "level": level}  # fmt: skip
    return found
