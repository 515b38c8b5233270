"""datatrove: its MinHash pipeline with a local executor of two workers and its default tokeniser for English.

It reads a file per task, so the corpus is first cut in two.
"""

from __future__ import annotations

import struct

import common
import pyarrow.parquet as pq
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.readers import ParquetReader


def main() -> None:
    source, target, folder = common.arguments()
    starts, documents = halves(source, folder / "halves")
    config = MinhashConfig(n_grams=common.SHINGLE, num_buckets=common.BANDS, hashes_per_bucket=common.ROWS)
    signatures, buckets, clusters = (str(folder / name) for name in ("signatures", "buckets", "clusters"))
    reader = ParquetReader(str(folder / "halves"), read_metadata=False, glob_pattern="*.parquet")
    stages = [
        ([reader, MinhashDedupSignature(signatures, config)], common.PROCESSES),
        ([MinhashDedupBuckets(signatures, buckets, config=config)], common.BANDS),
        ([MinhashDedupCluster(buckets, clusters, config=config, save_cluster_id=True)], 1),
    ]
    for number, (pipeline, tasks) in enumerate(stages):
        logs = str(folder / f"log{number}")
        LocalPipelineExecutor(pipeline, tasks=tasks, workers=common.PROCESSES, logging_dir=logs).run()
    group_of = [-1 - row for row in range(documents)]
    for rank, start in enumerate(starts):
        path = folder / "clusters" / f"{rank:06d}.clusters"
        for row, cluster in struct.iter_unpack("<2I", path.read_bytes()) if path.exists() else ():
            group_of[start + row] = cluster
    common.write(group_of, target)


def halves(source, folder) -> tuple[list[int], int]:
    """The corpus as two files; the first row of each, and how many rows there are."""
    folder.mkdir()
    file, starts, row = pq.ParquetFile(source), [], 0
    middle = -(-file.num_row_groups // 2)
    for number, groups in enumerate((range(middle), range(middle, file.num_row_groups))):
        if not groups:
            continue
        starts.append(row)
        with pq.ParquetWriter(folder / f"{number}.parquet", file.schema_arrow, compression="zstd") as writer:
            for group in groups:
                table = file.read_row_group(group)
                writer.write_table(table)
                row += len(table)
    return starts, row


if __name__ == "__main__":
    main()
