"""A whole audit as a user runs it: documents and megabytes per second, and the peak memory of each worker.

usage: python benchmarks/scan.py INPUT [FLAGS OF corpusscan scan]
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil


def peak_memory(process: psutil.Process, peaks: dict[int, int]) -> None:
    """Update the peak proportional set size of the process and its workers, in bytes."""
    for one in [process, *process.children()]:
        with contextlib.suppress(psutil.Error):
            info = one.memory_full_info()
            peaks[one.pid] = max(peaks.get(one.pid, 0), getattr(info, "pss", info.uss))


def main() -> None:
    """Run one scan and print its figures."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        line = [sys.executable, "-m", "corpusscan", "scan", *sys.argv[1:], "-o", str(out), "--quiet"]
        started = time.monotonic()
        scan = subprocess.Popen(line)
        peaks: dict[int, int] = {}
        while scan.poll() is None:
            with contextlib.suppress(psutil.Error):
                peak_memory(psutil.Process(scan.pid), peaks)
            time.sleep(0.1)
        wall = time.monotonic() - started
        summary = json.loads((out / "summary.json").read_text())
        artefacts = sum(path.stat().st_size for path in (out / "work").rglob("*") if path.is_file())
        manifest = json.loads((out / "manifest.json").read_text())
    totals = summary["totals"]
    size = totals["bytes"] / 1e6
    held = [round(peak / 1e6) for pid, peak in peaks.items() if pid != scan.pid]
    print(f"exit {scan.returncode}; {totals['documents']:,} documents, {size:,.0f} MB of text, {wall:.1f} s")
    print(f"{totals['documents'] / wall:,.0f} documents/s, {size / wall:.0f} MB/s on {len(held)} workers")
    print(f"peak memory (PSS): parent {peaks.get(scan.pid, 0) / 1e6:.0f} MB, workers {held} MB")
    print(f"artefacts {artefacts / 1e6:.1f} MB; seconds per stage {manifest['run']['seconds']}")


if __name__ == "__main__":
    main()
