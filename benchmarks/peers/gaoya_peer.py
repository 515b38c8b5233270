"""gaoya (Rust): its own analyzer of five words, 18 bands of 7, threads; candidates are checked by their sketches."""

from __future__ import annotations

import os

import common
from gaoya.minhash import MinHashStringIndex

os.environ["RAYON_NUM_THREADS"] = str(common.PROCESSES)


def main() -> None:
    source, target, _ = common.arguments()
    width = (common.SHINGLE, common.SHINGLE)
    index = MinHashStringIndex(32, common.SIMILARITY, common.BANDS, common.ROWS, None, "word", True, width, "smallvec")
    start, pairs = 0, []
    for texts in common.batches(source):
        filled = [row for row, text in enumerate(texts) if len(text.split()) >= common.SHINGLE]
        kept = [texts[row] for row in filled]
        index.par_bulk_insert_docs([start + row for row in filled], kept)
        found = index.par_bulk_query(kept)
        rows = zip(filled, found, strict=True)
        pairs += [(start + row, other) for row, others in rows for other in others if other != start + row]
        start += len(texts)
    common.write_pairs(pairs, start, target)


if __name__ == "__main__":
    main()
