"""Recall and precision of near_duplicate's sketches by true Jaccard similarity, beside the theory.

usage: python benchmarks/curve.py FILE [--pairs N] [--seed N]

Pairs are documents of FILE (any format that a scan reads) and the same with words exchanged, a stretch cut out, or
foreign words before or behind, until every class of similarity has N of them, and unrelated documents.  True: the
Jaccard similarity of the sets of shingles, counted.  Reported: a band is shared, and the estimate passes.  False: a
reported pair below 0.7.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from corpusscan import io
from corpusscan.config import Columns
from corpusscan.detectors.near_duplicate import NearDuplicate
from corpusscan.kernels import components, sketches
from corpusscan.kernels.words import Hashes, hashed
from corpusscan.redteam import rawfiles, shapes
from corpusscan.redteam.evaluate import Rate, rate

CLASSES = [*np.arange(0.5, 0.99, 0.05).round(2), 1.0]
ALIKE, UNLIKE = 0.8, 0.7  # pairs of the one and above are to be found; one below the other is reported falsely
FEWEST = 30  # shingles of a document: of fewer, the similarity moves in steps as wide as a class
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def documents(path: str, most: int) -> list[Hashes]:
    """The words of up to `most` documents, as hashes."""
    files = {shard.file: shard for shard in reversed(io.plan([path], Columns(), Path("report")).shards)}
    records = (
        record
        for _, shard in sorted(files.items())
        for record in rawfiles.records(msgspec.structs.replace(shard, start=0, stop=shard.bytes_total))
        if record
    )
    texts = [text for _, record in zip(range(most), records, strict=False) if (text := shapes.main_text(record)[1])]
    found = hashed(pa.array(texts, pa.large_string()), bytes(range(32)))
    cut = [found.hashes[begin:end] for begin, end in pairwise(found.bounds)]
    return [words for words in cut if len(set(shingles(words).tolist())) >= FEWEST]


def shingles(words: Hashes) -> Hashes:
    """The shingles of some words, as the sketches have them."""
    out = np.empty(len(words), np.uint64)
    return out[: sketches.shingles(words, out)]


def jaccard(left: Hashes, right: Hashes) -> float:
    """Of two documents, by counting."""
    one, other = set(shingles(left).tolist()), set(shingles(right).tolist())
    return len(one & other) / len(one | other)


def edited(words: Hashes, foreign: Hashes, similarity: float, draw: np.random.Generator) -> Hashes:
    """A copy of about that similarity: words exchanged, a stretch cut out, or foreign words before or behind it."""
    kind = draw.integers(4)
    if kind < 2:  # of shingles of n words, each whole with (1 - p) ** n, q are left: J = q / (2 - q)
        left = (2 * similarity / (1 + similarity)) ** (1 / sketches.SHINGLE)
        exchanged = draw.random(len(words)) > left
        return np.where(exchanged, draw.choice(foreign, len(words)), words)
    if kind == 2:
        size = int(len(words) * (1 - similarity))
        begin = draw.integers(len(words) - size + 1)
        return np.delete(words, slice(begin, begin + size))
    more = draw.choice(foreign, int(len(words) * (1 / similarity - 1)))
    return np.concatenate([words, more] if draw.random() < 0.5 else [more, words])


def pairs_of(found: list[Hashes], wanted: int, draw: np.random.Generator) -> Iterator[tuple[Hashes, Hashes, float]]:
    """Pairs of every class, and their similarity."""
    counts = np.zeros(len(CLASSES) - 1, int)
    for _ in range(100 * wanted * len(counts)):
        if counts.min() >= wanted:
            return
        words, foreign = (found[i] for i in draw.integers(len(found), size=2))
        low = CLASSES[int(counts.argmin())]
        other = edited(words, foreign, min(low + 0.07 * draw.random() - 0.01, 0.995), draw)
        true = jaccard(words, other)
        place = int(np.searchsorted(CLASSES, true, side="right")) - 1
        if 0 <= place < len(counts) and counts[place] < wanted:
            counts[place] += 1
            yield words, other, true


def reported(left: list[Hashes], right: list[Hashes], least: float) -> tuple[Flags, Flags]:
    """Whether each pair shares a band, and whether it is also reported."""
    both = left + right
    bounds = np.cumsum([0, *map(len, both)])
    bands, checks, _ = sketches.sketched(np.concatenate(both), bounds)
    shared = (bands[: len(left)] == bands[len(left) :]).any(axis=1)
    numbers = np.arange(len(left))
    equal = components.equal_bins(checks, numbers, numbers + len(left))
    return shared, shared & (sketches.similarity(equal) >= least)


def told(found: Rate) -> str:
    """A rate in per cent with its interval."""
    return f"{100 * (found.rate or 0):6.2f} [{100 * (found.low or 0):.2f}, {100 * (found.high or 0):.2f}]"


def natural(found: list[Hashes], least: float) -> Floats:
    """True similarities of the pairs of real documents that are reported."""
    bands, checks, _ = sketches.sketched(np.concatenate(found), np.cumsum([0, *map(len, found)]))
    left, right = components.bucket_pairs(bands.ravel())
    pairs = np.unique(np.sort(np.stack([left // sketches.BANDS, right // sketches.BANDS], axis=1), axis=1), axis=0)
    alike = sketches.similarity(components.equal_bins(checks, *pairs.T.copy())) >= least
    return np.array([jaccard(found[one], found[other]) for one, other in pairs[alike].tolist()])


def main() -> None:
    """Make the pairs, count, print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("file")
    options.add_argument("--pairs", type=int, default=2_000, help="of each class")
    options.add_argument("--documents", type=int, default=20_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--similarity", type=float, default=NearDuplicate().similarity, help="the setting")
    chosen = options.parse_args()
    draw = np.random.default_rng(chosen.seed)
    found = documents(chosen.file, chosen.documents)
    left, right, similar = zip(*pairs_of(found, chosen.pairs, draw), strict=True)
    true = np.array(similar)
    shared, hits = reported([*left], [*right], chosen.similarity)
    print(f"{'true J':14}{'pairs':>7}  {'share a band':26}{'theory':>7}  {'reported':26}")
    for low, high in pairwise(CLASSES):
        own = (true >= low) & (true < high)
        theory = 100 * float(np.mean([sketches.recall(one) for one in true[own]]))
        print(
            f"{low:.2f} to {high:.2f}  {own.sum():7}  {told(rate(int(shared[own].sum()), int(own.sum()))):26}"
            f"{theory:7.2f}  {told(rate(int(hits[own].sum()), int(own.sum()))):26}"
        )
    alike = true >= ALIKE
    print(f"recall at {ALIKE} and above:      {told(rate(int(hits[alike].sum()), int(alike.sum())))}")
    print(f"precision, all classes alike: {told(rate(int((hits & (true >= UNLIKE)).sum()), int(hits.sum())))}")
    order = draw.integers(len(found), size=(100_000, 2))
    order = order[order[:, 0] != order[:, 1]]
    strange = [(found[one], found[other]) for one, other in order[:10_000].tolist()]
    _, wrong = reported([one for one, _ in strange], [other for _, other in strange], chosen.similarity)
    few = sum(jaccard(*pair) < UNLIKE for pair, hit in zip(strange, wrong, strict=True) if hit)
    print(f"unrelated pairs reported:     {told(rate(few, len(strange)))} of {len(strange):,}")
    real = natural(found, chosen.similarity)
    print(f"precision, real pairs:        {told(rate(int((real >= UNLIKE).sum()), len(real)))} of {len(real):,}")


if __name__ == "__main__":
    main()
