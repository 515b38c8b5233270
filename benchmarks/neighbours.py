"""How many of the nearest neighbours are found by the words that documents share, against a search of everything.

usage: python benchmarks/neighbours.py CORPUS [--documents N] [--asked N]

CORPUS is a folder of Parquet files with text (`backgrounds.py` makes one).  Recall at 10 of ASKED stretches, drawn
once, against faiss's exact search; of those neighbours, too, that are as near as members of a campaign mostly are.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from corpusscan.kernels import embedding, neighbours, words

AT, NEAR = 10, 0.4


def vectors(texts: pl.Series) -> tuple[embedding.Embedded, Any]:
    """The stretches of some texts that say something, and whose they are."""
    found = words.hashed(texts.to_arrow().cast(pa.large_string()), bytes(range(32)))
    encoder = embedding.fitted(found.hashes, found.bounds).knowing(1.0, len(texts))
    stretches = embedding.stretches(found.bounds)
    told = embedding.embedded(found.hashes, stretches.span, encoder)
    kept = told.told >= embedding.TOLD
    return embedding.Embedded(told.codes[kept], told.told[kept], told.words[kept]), stretches.owner[kept]


def recall(told: embedding.Embedded, owner: Any, asked: int) -> None:
    """Print what is found of the neighbours that there are."""
    import faiss  # as everywhere

    began = time.process_time()
    found = neighbours.neighbours(told.codes, told.words, owner)
    took = time.process_time() - began
    pairs = {*zip(found.left.tolist(), found.right.tolist(), strict=True)}
    chosen = np.sort(np.random.default_rng(1).choice(len(owner), min(asked, len(owner)), replace=False))
    directions = embedding.directions(told.codes)
    faiss.omp_set_num_threads(1)
    began = time.process_time()
    cosine, place = faiss.knn(directions[chosen], directions, 4 * AT, metric=faiss.METRIC_INNER_PRODUCT)
    exact = (time.process_time() - began) * len(owner) / len(chosen)
    hits = np.zeros((2, 2), np.int64)
    for one, near, others in zip(chosen.tolist(), cosine, place.tolist(), strict=True):
        wanted = [(c, other) for c, other in zip(near, others, strict=True) if owner[one] != owner[other]][:AT]
        for c, other in wanted:
            if c > neighbours.FLOOR:
                hit = (min(one, other), max(one, other)) in pairs
                hits[:, int(hit)] += [1, int(c >= NEAR)]
    shares = [hit / max(hit + missed, 1) for missed, hit in hits.tolist()]
    print(f"{len(owner):,} stretches: recall at {AT} {shares[0]:.3f}, of those nearer than {NEAR} {shares[1]:.3f}")
    print(
        f"  by words {took:.1f} s of CPU; exact, scaled from {len(chosen):,}, {exact:.0f} s: {exact / took:.0f} times"
    )
    print(f"  {len(pairs):,} pairs; peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


def main() -> None:
    """Read, embed, compare."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("corpus", type=Path)
    options.add_argument("--documents", type=int, default=100_000, help="drawn from the corpus (default: 100,000)")
    options.add_argument("--asked", type=int, default=2_000, help="stretches whose neighbours are compared (2,000)")
    chosen = options.parse_args()
    texts = pl.scan_parquet(sorted(chosen.corpus.rglob("*.parquet"))).select("text").collect()["text"]
    sample = texts.sample(min(chosen.documents, len(texts)), seed=1)
    warm, whose = vectors(sample.head(2_000))
    neighbours.neighbours(warm.codes, warm.words, whose)
    recall(*vectors(sample), chosen.asked)


if __name__ == "__main__":
    main()
