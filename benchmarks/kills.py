"""Kills a scan, or one of its workers, at random moments, and gives the same command again until it ends.

    python benchmarks/kills.py CORPUS --kills 100 --work /tmp/kills

The corpus is scanned once undisturbed. Then runs begin in new folders; each is killed again and again, half of the
kills to the scan itself, half to one of its workers, with exponential pauses whose mean is a share of the undisturbed
time, until all kills are spent. Printed: runs whose tables differ (coverage included), records lost, processes that
outlived their scan, and the time that a kill costs: what all runs took beyond undisturbed ones, divided by the kills.
"""

from __future__ import annotations

import argparse
import random
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import psutil

TABLES = ("findings", "documents", "groups", "members", "coverage")
_GRACE = 5.0  # seconds after which a process without its scan is an orphan
_DONE = (0, 1, 3)  # exit codes of a scan that came to its end


@dataclass
class Count:
    """What happened."""

    kills: dict[str, int] = field(default_factory=lambda: {"scan": 0, "worker": 0})
    orphans: int = 0
    differ: int = 0
    lost: int = 0
    failed: int = 0  # ended with another code, which a resumable scan must not
    runs: int = 0
    seconds: float = 0.0


def begin(corpus: Path, out: Path, more: list[str]) -> psutil.Popen:
    """Start the scan, or go on with it."""
    line = [sys.executable, "-m", "corpusscan", "scan", str(corpus), "-o", str(out), "--seed", "1", "--quiet", *more]
    return psutil.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def tables(out: Path) -> dict[str, bytes]:
    """The result tables as they lie on the disk."""
    return {name: (out / f"{name}.parquet").read_bytes() for name in TABLES}


def scanned(out: Path) -> int:
    """Records that were scanned."""
    return int(pl.read_parquet(out / "coverage.parquet")["scanned"].sum())


def strike(scan: psutil.Popen, draw: random.Random, count: Count) -> None:
    """Kill the scan or one of its workers; who outlives a killed scan is counted, and ended."""
    try:
        workers = scan.children()
        if workers and draw.random() < 0.5:
            draw.choice(workers).kill()
            count.kills["worker"] += 1
            return
        scan.kill()
    except psutil.NoSuchProcess:
        return  # it was done before
    count.kills["scan"] += 1
    scan.wait()
    _, alive = psutil.wait_procs(workers, timeout=_GRACE)
    count.orphans += len(alive)
    for process in alive:
        process.kill()


def disturbed(corpus: Path, out: Path, more: list[str], draw: random.Random, pause: float, left: int) -> Count:
    """One run to its end, killed at most `left` times."""
    count, started = Count(runs=1), time.monotonic()
    scan = begin(corpus, out, more)
    while True:
        spent = sum(count.kills.values()) >= left
        try:
            code = scan.wait(timeout=None if spent else draw.expovariate(1 / pause))
        except psutil.TimeoutExpired:
            before = count.kills["scan"]
            strike(scan, draw, count)
            scan = begin(corpus, out, more) if count.kills["scan"] > before else scan
            continue
        if code in _DONE:
            break
        count.failed += 1
        scan = begin(corpus, out, more)
    count.seconds = time.monotonic() - started
    return count


def main() -> None:
    """Scan, kill, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--work", type=Path, required=True, help="an empty folder")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--pause", type=float, default=0.25, help="mean time between kills, in undisturbed scans")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--flags", default="", help="more flags of the scan, as in --flags='--workers 2'")
    given = parser.parse_args()
    more = shlex.split(given.flags)
    started = time.monotonic()
    calm = given.work / "calm"
    assert begin(given.corpus, calm, more).wait() in _DONE
    undisturbed = time.monotonic() - started
    expected, records = tables(calm), scanned(calm)
    print(f"undisturbed: {records} documents in {undisturbed:.1f} s", flush=True)
    total, draw = Count(), random.Random(given.seed)
    while (spent := sum(total.kills.values())) < given.kills:
        out = given.work / f"run{total.runs}"
        one = disturbed(given.corpus, out, more, draw, given.pause * undisturbed, given.kills - spent)
        total.runs, total.seconds = total.runs + 1, total.seconds + one.seconds
        total.kills = {who: total.kills[who] + one.kills[who] for who in total.kills}
        total.orphans, total.failed = total.orphans + one.orphans, total.failed + one.failed
        wrong = [name for name, data in tables(out).items() if data != expected[name]]
        total.differ, total.lost = total.differ + bool(wrong), total.lost + records - scanned(out)
        print(
            f"run {total.runs}: {one.kills}, {one.seconds:.1f} s, differing: {', '.join(wrong) or 'none'}", flush=True
        )
    kills = sum(total.kills.values())
    print(
        f"kills: {kills} ({total.kills['scan']} of the scan, {total.kills['worker']} of a worker) in {total.runs} runs"
    )
    print(f"runs that differ: {total.differ}; records lost: {total.lost}; orphan processes: {total.orphans}; "
          f"scans that ended otherwise: {total.failed}")  # fmt: skip
    print(f"time lost per kill: {(total.seconds - total.runs * undisturbed) / max(kills, 1):.1f} s")


if __name__ == "__main__":
    main()
