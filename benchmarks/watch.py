"""Runs a command as a whole process and measures what it and all its descendants took (Linux).

Peak memory is the proportional set size, which counts a page shared by n processes as 1/n in each,
summed over the processes that live at one moment and sampled.  CPU is user and system time of all
descendants, those included that outlived their parent.
"""

from __future__ import annotations

import ctypes
import os
import re
import resource
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

PERIOD = 0.1  # seconds between two samples
_BECOME_SUBREAPER = 36  # of prctl(2): orphans of the command become our children, so that their time is counted


@dataclass(frozen=True)
class Cost:
    """What a command took."""

    code: int | None  # exit code; None: stopped at the time limit
    wall: float  # seconds
    cpu: float  # seconds
    memory: int  # bytes, the peak
    disk: int  # bytes, the peak of a folder
    error: str  # the end of what it wrote to stderr


def run(command: Sequence[str | Path], log: Path, limit: float = 3600, folder: Path | None = None) -> Cost:
    """Run `command` for at most `limit` seconds; its output goes to `log`; the size of `folder` is sampled."""
    ctypes.CDLL(None).prctl(_BECOME_SUBREAPER, 1, 0, 0, 0)
    before, started = _children_time(), time.monotonic()
    memory = disk = 0
    with log.open("wb") as output:
        process = subprocess.Popen([str(part) for part in command], stdout=output, stderr=output)
        while process.poll() is None and time.monotonic() - started < limit:
            memory = max(memory, _memory())
            disk = max(disk, folder_size(folder) if folder else 0)
            time.sleep(PERIOD)
    wall, code = time.monotonic() - started, process.poll()
    _end_all()
    said = log.read_text(errors="replace").strip().splitlines()
    return Cost(code, wall, _children_time() - before, memory, disk, said[-1][-300:] if said else "")


def folder_size(folder: Path) -> int:
    """Bytes of all files below `folder`; files that vanish meanwhile count nothing."""
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(path, name)).st_size  # noqa: PTH118  # called ten times a second
            except OSError:
                continue
    return total


def _memory() -> int:
    total = 0
    for process in psutil.Process().children(recursive=True):
        try:
            held = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{process.pid}/smaps_rollup").read_text(), re.MULTILINE)
        except OSError:  # it has ended
            continue
        total += int(held[1]) * 1024 if held else 0
    return total


def _end_all() -> None:
    """Stop what still runs and take leave of it; helpers that end by themselves get two seconds."""
    children = psutil.Process().children(recursive=True)
    _, alive = psutil.wait_procs(children, timeout=2)
    for process in alive:
        process.send_signal(signal.SIGKILL)
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _children_time() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
