"""rensa's batch pipeline, which its authors call the fastest: rho sketches of sampled shingles, then flags.

It says which documents have a near-copy, not of what: all of them are one group here, the group -1.
"""

from __future__ import annotations

import common
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rensa import RMinHash, RMinHashLSH

PERMUTATIONS = common.BANDS * common.ROWS


def hashes(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """The hashed shingles of some texts, and the bounds of each text."""
    tokens = RMinHash.hash_token_sets([common.shingles(text) for text in texts])
    bounds = np.cumsum([0, *(len(words) for words in tokens)]).astype(np.uint64)
    return np.fromiter((value for words in tokens for value in words), np.uint64, int(bounds[-1])), bounds


def main() -> None:
    source, target, _ = common.arguments()
    # Only the call that takes all documents at once checks its candidates, so all hashes are held.
    parts = list(common.in_processes(hashes, source))
    counts = np.concatenate([np.diff(bounds.astype(np.int64)) for _, bounds in parts])
    filled = np.flatnonzero(counts)  # texts without a shingle are copies of nothing
    matrix = RMinHash.digest_matrix_from_flat_token_hashes_rho(
        np.concatenate([values for values, _ in parts]),
        np.cumsum([0, *counts[filled]]).astype(np.uint64),
        num_perm=PERMUTATIONS,
        seed=42,
    )
    lsh = RMinHashLSH(threshold=common.SIMILARITY, num_perm=PERMUTATIONS, num_bands=common.BANDS)
    flags = lsh.query_duplicate_flags_matrix_one_shot(matrix)
    rows = filled[np.array(flags, bool)]
    table = {"row": rows.astype(np.uint64), "group": pa.array([-1] * len(rows), pa.int64())}
    pq.write_table(pa.table(table), target)


if __name__ == "__main__":
    main()
