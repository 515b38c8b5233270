"""How many stretches of text a second each encoder makes vectors of, on this machine.

usage: python benchmarks/encoders.py CORPUS [--model FOLDER ...] [--documents N] [--threads N]

CORPUS is a folder of Parquet files with text (`backgrounds.py` makes one).  Fitted vectors take one core; a sentence
model takes THREADS cores (default: one, as a worker of a scan does), and the GPU where torch sees one.  Rates are by
the clock and by the CPU seconds of the process, which differ where the machine does other things, too.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from corpusscan.kernels import embedding, transformer, words
from corpusscan.meaning import encoded, models


def per_second(count: int, start: tuple[float, float]) -> str:
    """Stretches a second, by the clock and by the process."""
    clock, process = time.perf_counter() - start[0], time.process_time() - start[1]
    return f"{count / clock:,.1f} stretches a second, {count / process:,.1f} a CPU second"


def fitted(texts: list[str]) -> None:
    """Vectors fitted to the texts themselves."""
    found = words.hashed(pa.array(texts, pa.large_string()), bytes(range(32)))
    for _ in range(2):  # kernels are compiled by the first
        began = time.perf_counter()
        encoder = embedding.fitted(found.hashes, found.bounds).knowing(1.0, len(texts))
        took = time.perf_counter() - began
        span = embedding.stretches(found.bounds).span
        start = time.perf_counter(), time.process_time()
        embedding.embedded(found.hashes, span, encoder)
        rates = per_second(len(span), start)
    print(f"fitted, cpu: {rates}; fitted in {took:.1f} s to {len(texts):,} documents")


def sentences(name: str, texts: list[str], device: str, before: Any) -> Any:
    """Vectors of a sentence model on a device; `before`: those of another, that these are compared with."""
    folder = models.found(name, device).folder
    began = time.perf_counter()
    model = transformer.Sentences(folder, device)
    loaded = time.perf_counter() - began
    model.embedded(texts[:8])
    start = time.perf_counter(), time.process_time()
    vectors = model.embedded(texts)
    rates = per_second(len(texts), start)
    near = (
        "" if before is None else f"; least cosine with those of the cpu {np.sum(vectors * before, axis=1).min():.4f}"
    )
    print(f"{name}, {device}, {model.precision}: {rates}; loaded in {loaded:.1f} s{near}")
    return vectors


def main() -> None:
    """Read, embed, tell."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("corpus", type=Path)
    options.add_argument("--model", action="append", default=[], help="folder, or NAME@REVISION (repeatable)")
    options.add_argument("--documents", type=int, default=20_000, help="that vectors are fitted to (default: 20,000)")
    options.add_argument("--read", type=int, default=1_000, help="of these, by a sentence model (default: 1,000)")
    options.add_argument("--threads", type=int, default=1, help="of a sentence model on the cpu (default: 1)")
    chosen = options.parse_args()
    texts = pl.scan_parquet(sorted(chosen.corpus.rglob("*.parquet"))).select("text").collect()["text"]
    drawn = texts.sample(min(chosen.documents, len(texts)), seed=1).to_list()
    fitted(drawn)
    few = [text[: encoded.CHARACTERS // 4] for text in drawn[: chosen.read]]  # about a stretch, where it is longer
    for name in chosen.model:
        import torch  # as everywhere

        torch.set_num_threads(chosen.threads)
        vectors = sentences(name, few, "cpu", None)
        if torch.cuda.is_available():
            sentences(name, few, "cuda", vectors)


if __name__ == "__main__":
    main()
