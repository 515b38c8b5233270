"""All benchmarks, as `make bench` runs them: reading, rules, and whole audits of 200,000 and 1,000,000 documents.

usage: python benchmarks/run.py [DOCUMENTS ...]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from corpus import make

HERE = Path(__file__).parent


def main() -> None:
    """Run every benchmark on corpora of the given sizes."""
    for documents in [int(size) for size in sys.argv[1:]] or [200_000, 1_000_000]:
        lines, table = make(documents)
        print(f"\n=== {documents:,} documents, {lines.stat().st_size / 1e6:,.0f} MB of JSON Lines", flush=True)
        for script, *arguments in (
            ("reading.py", lines),
            ("rules.py", lines, "20000"),
            ("scan.py", lines),
            ("scan.py", table),
        ):
            print(f"\n--- {script} {Path(arguments[0]).name}", flush=True)
            subprocess.run([sys.executable, str(HERE / script), *map(str, arguments)], check=True)


if __name__ == "__main__":
    main()
