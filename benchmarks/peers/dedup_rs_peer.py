"""dedup-rs: text-dedup rewritten in Rust; 128 permutations, 18 bands of 7, threads."""

from __future__ import annotations

import os

import common
import numpy as np
from dedup_rs import EmbedFunc

os.environ["RAYON_NUM_THREADS"] = str(common.PROCESSES)


def main() -> None:
    source, target, _ = common.arguments()
    settings = (common.BANDS, common.ROWS, common.SHINGLE, common.PERMUTATIONS, "text", "row", "u32", common.SHINGLE)
    tool = EmbedFunc.from_b_r(*settings)
    start = 0
    for texts in common.batches(source):
        tool.batch_embed_shard(texts, np.arange(start, start + len(texts), dtype=np.uint32))
        start += len(texts)
    group_of = tool.cluster().batch_find(np.arange(start, dtype=np.uint32))
    common.write([int(group) for group in group_of], target)


if __name__ == "__main__":
    main()
