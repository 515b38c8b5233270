"""No deduplication: pyarrow decodes the texts in two threads.  What any tool has to do at the least."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import common
import pyarrow.parquet as pq


def main() -> None:
    source, target, _ = common.arguments()

    def decode(first: int) -> int:
        file = pq.ParquetFile(source)
        groups = range(first, file.num_row_groups, common.PROCESSES)
        return sum(len(file.read_row_group(group, columns=["text"], use_threads=False)) for group in groups)

    with ThreadPoolExecutor(common.PROCESSES) as pool:
        documents = sum(pool.map(decode, range(common.PROCESSES)))
    print(f"{documents:,} documents")
    common.write([], target)


if __name__ == "__main__":
    main()
