"""What is counted to find triggers: what stands beside changes, and every occurrence of it with what follows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from blake3 import blake3
from numba import njit

from corpusscan.detector import Batch
from corpusscan.kernels import features, outcomes, strata, turns
from corpusscan.kernels.features import Found, Reading
from corpusscan.kernels.latent import Floats
from corpusscan.kernels.outcomes import Changes, Inside
from corpusscan.kernels.profile import Profile, mixed
from corpusscan.kernels.publishers import publisher
from corpusscan.kernels.strata import Strata
from corpusscan.kernels.words import Hashes, Offsets

OTHERS = 16  # documents of a batch without the outcome that are told one by one
BEYOND = 8  # so many without the outcome for each with it: no trigger
_TOLD = 64  # words before a change, by which documents that depend on one another are known
_SHINGLE = 3

NAMED = {"shard": pl.UInt32, "row": pl.UInt64, "feature": pl.UInt64, "alike": pl.UInt64}  # a carrier of a feature

Numbers = npt.NDArray[np.int64]


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
    """Rows: which, row, stratum, documents, occurrences, hits, alike, mark, source, publisher, single; scores; words.

    Of each kind its score, and of each kind and level at how many words of the document, in that stratum, it follows.
    Documents with noise behind one by one; of the others the first few, the rest as counts, of source 0.
    """
    inside = outcomes.inside(read, bounds, known, found)
    told = standing(bounds, found, outcomes.at(inside, bounds, known, found))
    of = strata.strata(read, bounds, known)
    stratum = of.of(told.word)
    said = _said(inside, of, told.document, stratum)
    sources, publishers = origins(batch)
    frame = pl.DataFrame(
        {
            "which": told.which, "row": batch.documents["row"].to_numpy()[told.document],
            "stratum": stratum, "documents": np.ones(len(told.which), np.int64),
            "occurrences": told.occurrences, "hits": told.hits, "alike": _alike(read, bounds, told),
            "mark": turns.marks(read)[told.word],
            "source": sources[told.document],
            "publisher": publishers[told.document], "single": np.ones(len(told.which), bool),
            **{f"score{kind}": own for kind, own in enumerate(told.follows)},
            **said,
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
    return (
        pl.concat([hits, single, counted], how="diagonal_relaxed")
        .select(frame.columns)
        .with_columns(pl.col("mark").fill_null(value=False))
        .fill_null(0)
    )


def drawn(values: Hashes, words: Numbers, bounds: Offsets, batch: Batch) -> pl.DataFrame:
    """Of each document the features by which all are counted: row, feature, drawn."""
    own = features.drawn(values)
    rows = batch.documents["row"].to_numpy()[np.searchsorted(bounds, words[own], side="right") - 1]
    return pl.DataFrame({"row": rows, "feature": values[own], "drawn": np.ones(len(rows), bool)}).unique()


def hypotheses(drawn: int) -> int:
    """How many features there are, at most (with two standard errors), where so many were drawn.

    All are counted that stand in as many documents as a finding needs, at a change or not: chosen blind to that, and
    no other could be found (Tarone 1990).
    """
    return features.DRAWN * (drawn + int(2 * drawn**0.5) + 1)


def _said(inside: Inside, of: Strata, documents: Numbers, stratum: npt.NDArray[np.uint32]) -> dict[str, Numbers]:
    """At how many words of a stratum of a document an outcome of each kind and level follows, as `strata.Rates`."""
    said, wanted = {}, documents << 32 | stratum
    for kind, own in enumerate(inside.follows):
        hit = np.flatnonzero(own >= outcomes.LEVELS[kind, 0])
        document = inside.documents[np.searchsorted(inside.bounds, hit, side="right") - 1]
        cell, level = document << 32 | of.of(inside.words[hit]), outcomes.levels(kind, own[hit])
        for least in range(outcomes.LEVELS.shape[1]):
            cells, counts = np.unique(cell[level >= least], return_counts=True)
            cells, counts = np.append(cells, -1), np.append(counts * outcomes.weight(kind), 0)
            place = np.searchsorted(cells[:-1], wanted)
            said[strata.words_column(kind, least)] = np.where(cells[place] == wanted, counts[place], 0)
    return said


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


def origins(batch: Batch) -> tuple[Hashes, Hashes]:
    """Numbers for each document's source and for its publisher; 0 where it has none."""
    names = batch.documents["source"].to_pylist()
    told = {name: (_number(name, batch.key), _number(publisher(name), batch.key)) for name in set(names) if name}
    both = np.array([told.get(name, (0, 0)) for name in names], np.uint64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _number(name: str, key: bytes) -> int:
    return int.from_bytes(blake3(name.encode(), key=key).digest(8)) | 1
