"""What a person sees while a scan runs, before it (`--plan`) and after it; always on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console

from corpusscan import io
from corpusscan.addresses import shown
from corpusscan.report.exhibits import holes
from corpusscan.report.terminal import render
from corpusscan.report.visible import defang, visible
from corpusscan.report.words import amount, number, plural

if TYPE_CHECKING:
    from corpusscan.config import ScanConfig
    from corpusscan.engine.rounds import Progress
    from corpusscan.report import Report
    from corpusscan.report.mined_rules import Saved

_NAMED = 5  # records that are named on the screen
_EVERY = 30.0  # seconds between lines where there is no terminal
_SECONDS_PER_BYTE = 1 / 100e6  # one worker, all detectors, compressed bytes: a cautious round number
_STAGES = {
    "unpack": "Unpacking",
    "fingerprint": "Fingerprinting",
    "scan": "Scanning",
    "group": "Grouping",
    "confirm": "Confirming",
    "search": "Searching for records that end workers",
    "power": "Planting and scanning",
}


def console() -> Console:
    """A console on stderr that prints text as it is given."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=False)


@contextmanager
def progress(quiet: bool) -> Iterator[Callable[[Progress], None]]:
    """A function that shows progress: one moving line on a terminal, a line every 30 s elsewhere."""
    if quiet:
        yield lambda _: None
    elif sys.stderr.isatty():
        screen = console()
        with screen.status("Reading the plan", spinner="dots") as status:
            yield lambda state: status.update(_line(state))
    else:
        last = [time.monotonic()]

        def report(state: Progress) -> None:
            if time.monotonic() - last[0] >= _EVERY:
                last[0] = time.monotonic()
                print(_line(state), file=sys.stderr, flush=True)  # noqa: T201  # the log of a batch job

        yield report


def _line(state: Progress) -> str:
    seconds = max(time.monotonic() - state.started, 1e-3)
    name = _STAGES.get(state.stage, state.stage)
    if state.stage in ("group", "power"):
        return f"{name} {state.done}/{state.total}"
    share = state.done / state.total if state.total else 1.0
    rate = f"{amount(int(state.done / seconds))}/s"
    parts = [f"{name} {share:.0%}", f"{amount(state.done)} of {amount(state.total)}", rate]
    if state.rows:
        parts += [
            f"{number(state.rows)} rows",
            f"{number(int(state.rows / seconds))} rows/s",
            plural(state.hits, "hit"),
        ]
    if 0 < state.done < state.total:
        parts.append(f"{_duration(seconds * (state.total - state.done) / state.done)} left")
    return " · ".join(parts)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def show_plan(inputs: list[str], out: str, config: ScanConfig) -> None:
    """Shards, bytes, disk and time that a scan would take; reads no more than file heads."""
    screen = console()
    plan = io.plan(inputs, config.columns, out)
    size = sum(shard.bytes for shard in plan.shards)
    files = {shard.file for shard in plan.shards}
    workers = min(config.worker_count, max(len(plan.shards), 1))
    screen.print(f"{plural(len(files), 'file')}, {plural(len(plan.shards), 'shard')}, {amount(size)} to read")
    for file, bytes_, status, reason in plan.skipped:
        screen.print(f"  not read: {visible(file)} ({amount(bytes_)}): {status}, {reason}")
    _show_commits(plan.inputs, screen)
    for name in plan.companions:
        screen.print(f"  companion, no data: {visible(name)}")
    if large := [shard.bytes for shard in plan.shards if shard.piece]:
        what = "is" if len(large) == 1 else "are"
        screen.print(
            f"{plural(len(large), 'large compressed file')} {what} unpacked in pieces first, removed at the end"
        )
    screen.print(f"Workers: {workers}, at most {amount(config.memory_bytes)} of memory each")
    disk = size // 20 + 2**20 + sum(large) * 3 // 2
    screen.print(f"Disk for artefacts in {visible(shown(out))}: about {amount(disk)}")
    screen.print(f"Time: about {_duration(size * _SECONDS_PER_BYTE / workers + 3)}; nothing was done")


def show_report(report: Report) -> None:
    """The last screen."""
    screen = console()
    _show_commits(report.summary["inputs"], screen)
    render(report.summary, screen, f"{shown(report.place)}/report.html")
    _show_unread(report, screen)
    if report.quarantined:
        _show_quarantined(report, screen)
    if report.saved is not None:
        _show_saved(report.saved, screen)


def _show_unread(report: Report, screen: Console) -> None:
    """For each reason a file of which something was not read, and what helps; what ended workers is told apart."""
    apart = {one["reason"] for one in report.quarantined}
    told: dict[str, str] = {}
    for file in holes(report.out):
        for reason in (*file["reasons"]["errored"], *file["reasons"]["skipped"]):
            if reason not in apart:
                told.setdefault(reason, file["file"])
    for reason, name in [*told.items()][:_NAMED]:
        screen.print(f"Not read: {visible(name, 200)}: {reason}; {io.remedy(reason)}")
    if told:
        screen.print("The report lists all such files; --allow-skipped REASON=N where so many are no loss")


def _show_quarantined(report: Report, screen: Console) -> None:
    """Records that ended workers, and what to do about them."""
    for one in report.quarantined[:_NAMED]:
        to = f" to {one['stop'] - 1}" if one["stop"] > one["row"] + 1 else ""
        screen.print(f"Not read: {visible(one['file'], 200)}, row {one['row']}{to}: {one['reason']}")
    if (more := len(report.quarantined) - _NAMED) > 0:
        screen.print(f"and {number(more)} more, in manifest.json")
    screen.print(
        "Look at these records and take them out, or raise --memory-limit or --task-timeout where that is the reason;"
        f" to try them again as they are, delete {visible(shown(f'{report.place}/work/quarantine'))}"
    )


def _show_commits(inputs: list[str], screen: Console) -> None:
    """What a name on the hub stood for when it was read: it may stand for something else by now."""
    for name in inputs:
        if name.startswith("hf://"):
            screen.print(f"Read at one commit: {visible(name)}", soft_wrap=True)


def _show_saved(saved: Saved, screen: Console) -> None:
    """The rules that were saved, and the triggers of which none was made."""
    screen.print(f"Rules in {visible(str(saved.folder))}: {saved.written} new, {saved.kept} there before")
    for trigger, why in saved.left:
        screen.print(f"  no rule for {defang(trigger, 60)}: {visible(why, 200)}")
