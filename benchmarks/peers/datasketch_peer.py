"""datasketch: `MinHash.bulk` in two processes, with the fastest documented scheme and hash, then `MinHashLSH`."""

from __future__ import annotations

from collections.abc import Iterator

import common
import numpy as np
import xxhash
from datasketch import MinHash, MinHashLSH

SETTINGS = {"num_perm": common.PERMUTATIONS, "hashfunc": xxhash.xxh32_intdigest, "scheme": "affine32"}


def sketches(texts: list[str]) -> list[np.ndarray | None]:
    tokens = [[shingle.encode() for shingle in common.shingles(text)] for text in texts]
    made = MinHash.bulk(tokens, **SETTINGS)
    return [sketch.hashvalues if words else None for sketch, words in zip(made, tokens, strict=True)]


def pairs(batches: Iterator[list[np.ndarray | None]], count: list[int]) -> Iterator[tuple[int, int]]:
    lsh = MinHashLSH(num_perm=common.PERMUTATIONS, params=(common.BANDS, common.ROWS))
    empty = MinHash(**SETTINGS)
    with lsh.insertion_session() as session:
        for row, values in enumerate(values for batch in batches for values in batch):
            count[0] = row + 1
            if values is None:
                continue
            sketch = MinHash(hashvalues=values, permutations=empty.permutations, **SETTINGS)
            yield from ((row, other) for other in lsh.query(sketch))
            session.insert(row, sketch, check_duplication=False)


def main() -> None:
    source, target, _ = common.arguments()
    count = [0]
    found = list(pairs(common.in_processes(sketches, source), count))
    common.write_pairs(found, count[0], target)


if __name__ == "__main__":
    main()
