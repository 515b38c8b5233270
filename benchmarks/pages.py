"""How fast WARC and WET are read, and pages seen as a reader sees them: `python benchmarks/pages.py FILE...`.

Prints, a line each: records, megabytes packed and of text, megabytes of text read in a second, and pages seen.
"""

from __future__ import annotations

import sys
import time

from corpusscan import io
from corpusscan.config import Columns
from corpusscan.kernels import pages


def main(names: list[str]) -> None:
    for name in names:
        shard = io.plan([name], Columns(), None).shards[0]
        for _ in range(2):  # kernels are loaded by the first
            account = io.Account()
            begin = time.perf_counter()
            batches = list(io.read(shard, Columns(), 2**24, bytes(32), account))
            read = time.perf_counter() - begin
            begin = time.perf_counter()
            seen = sum(len(pages.view(batch).pages) for batch in batches)
            viewed = time.perf_counter() - begin
        text = account.text_bytes / 1e6
        print(
            f"{name}: {account.rows:,} records, {shard.bytes / 1e6:.1f} MB packed, {text:.1f} MB of text; "
            f"read {text / read:.0f} MB/s ({shard.bytes / 1e6 / read:.1f} MB/s packed), "
            f"{seen:,} pages seen at {text / viewed:.0f} MB/s"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
