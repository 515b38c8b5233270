"""`scan --power quick`: what of power can be measured in a small share of the time that a scan took."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from corpusscan import power
from corpusscan.config import ScanConfig
from corpusscan.engine.collected import Collected
from corpusscan.engine.rounds import Progress
from corpusscan.errors import CorpusScanError
from corpusscan.power import LEAST, PART, Done, Scan, Trial, packed, room_in, too_few, wanted
from corpusscan.program import digest, versions
from corpusscan.redteam import discovery, sample
from corpusscan.workspace import Opened, Workspace

SHARE = 0.3  # of the seconds of the scan
FAMILIES = (
    "denial-of-service,noise=subwords", "denial-of-service,noise=words", "language-switch", "near-duplicate-flood",
)  # fmt: skip
SIZES = ((12, 25, 50), (25, 50), (25,))  # the first for which there is time
ENOUGH, FEWEST, MOST = 8, 5, 20  # campaigns of a family and size
SHARDS = 16  # that the sample is drawn from
FIXED, SLOWER = 6.0, 1.3  # seconds that any scan takes, and how much longer planting makes one: cautious round numbers
KEPT = "power.json"
TOLD = (25, 100, 250, 1_000)  # sizes of campaigns of which a sample of the shards is said what it keeps


@dataclass(frozen=True)
class Finished:
    """A scan that is over; `share` of the shards was read, `key` names all that a scan of the same power shares."""

    inputs: list[str]
    out: str | Path  # nothing there belongs to the corpus
    scratch: Path
    documents: int
    share: float
    seconds: float
    seed: int
    key: str


def finished(
    inputs: list[str],
    out: str | Path,
    config: ScanConfig,
    collected: Collected,
    workspace: Opened,
    shards: int,
    seconds: float,
) -> Finished:
    """The scan that left `collected`, of a corpus of so many shards."""
    read = [shard for shard in collected.shards if shard.index not in collected.lost]
    settings = [getattr(config, name) for name in ("detectors", "without", "rules", "decode_levels", "sketch", "seed")]
    key = digest(versions(), settings, [shard.digest for shard in read])
    documents = sum(collected.account(shard.index, workspace)["scanned"] for shard in read)
    share = len(collected.shards) / max(shards, 1)
    return Finished(inputs, out, workspace.scratch, documents, share, seconds, config.seed or 1, key)


class Plan(NamedTuple):
    """So many documents of the corpus, and what is planted into them."""

    documents: int
    sizes: tuple[int, ...]
    campaigns: int
    seconds: float  # that a planting will take, at most


def plan(documents: int, seconds: float) -> Plan | str:
    """What a scan of so many documents and seconds leaves time for; else why nothing can be measured."""
    found: Plan | None = None
    if documents < LEAST or room_in(documents) < SIZES[-1][0]:
        return too_few(documents, SIZES[-1][0])
    for sizes in SIZES:
        once = wanted(FAMILIES, sizes, 1)
        taken = min(documents, max(LEAST, PART * sum(one.documents for one in once) + 1))
        if max(sizes) > room_in(taken):
            continue
        each = FIXED + SLOWER * seconds * taken / documents
        campaigns = int(SHARE * seconds / (each * len(packed(once, room_in(taken)))))
        found = Plan(taken, sizes, min(campaigns, MOST), each)
        if campaigns >= ENOUGH:
            break
    if found is None or found.campaigns < FEWEST:
        return f"{100 * SHARE:.0f} % of the time of this scan are too little to plant {FEWEST} campaigns of each family"
    return found


def of_scan(
    scan: Finished, config: ScanConfig, again: Scan, workspace: Workspace, show: Callable[[Progress], None]
) -> dict[str, Any] | None:
    """`power` of the summary, measured once: a finished scan that is resumed says what it said before."""
    sampled = sampling(scan.share) if config.sample < 1 else None
    if config.power == "off":
        return told(sampling=sampled) if sampled else None
    if config.text_column:
        return told(reason="attacks are planted into columns found by name, not by --text-column", sampling=sampled)
    kept = workspace.read_json(KEPT)
    if kept.get("key") != scan.key:
        kept = {"key": scan.key, "seconds": 0.0, "told": None}
    if kept["told"] is None:
        kept["seconds"] = max(kept["seconds"], scan.seconds)  # a scan that was resumed took longer than its last part
        workspace.write_json(KEPT, kept)
        found = quick(replace(scan, seconds=kept["seconds"]), again, _shown(show))
        if found["measured"] is None:
            return {**found, "sampling": sampled}
        kept["told"] = found
        workspace.write_json(KEPT, kept)
    return {**kept["told"], "sampling": sampled}


def _shown(show: Callable[[Progress], None]) -> Callable[[Done], None]:
    progress = Progress("power", 0)

    def shown(done: Done) -> None:
        progress.done, progress.total = done
        show(progress)

    return shown


def quick(scan: Finished, again: Scan, show: Callable[[Done], None]) -> dict[str, Any]:
    """`power` of the summary; never raises for what a corpus is like: then `reason` says why nothing was measured."""
    chosen = plan(scan.documents, scan.seconds)
    if isinstance(chosen, str):
        return told(reason=chosen)
    place = scan.scratch / "power"
    shutil.rmtree(place, ignore_errors=True)  # of a run that was stopped
    watch = _Watch(SHARE * scan.seconds, chosen.seconds)
    try:
        drawn = sample.draw(scan.inputs, place / "sample", chosen.documents, scan.seed, scan.out, SHARDS)
        if scan.share == 1:
            drawn = drawn._replace(of=scan.documents, counted=True)
        families = power.families(FAMILIES)
        trial = Trial(drawn, families, again, place, place, scan.seed, scan.key, show, watch.over)
        measured = power.measure(trial, chosen.sizes, chosen.campaigns)
    except CorpusScanError as error:
        return told(reason=str(error))
    finally:
        shutil.rmtree(place, ignore_errors=True)
    if not measured["rates"]:
        reasons = "; ".join(f"{row['what']}: {row['reason']}" for row in measured["left_out"])
        return told(reason=reasons or "drawing a sample took all the time that there was")
    return told(measured=measured)


def told(
    measured: dict[str, Any] | None = None, reason: str | None = None, sampling: dict[str, Any] | None = None
) -> dict[str, Any]:
    """`power` of the summary."""
    return {"measured": measured, "reason": reason, "sampling": sampling}


def sampling(share: float) -> dict[str, Any]:
    """What a campaign keeps where only a share of the shards was read."""
    return {
        "share": share, "carriers": discovery.CARRIERS, "certain": discovery.certain(share),
        "campaigns": [{"documents": size, "probability": discovery.kept(size, share)} for size in TOLD],
    }  # fmt: skip


class _Watch:
    """Says when another planting as long as the longest so far would take more than there is."""

    def __init__(self, seconds: float, longest: float) -> None:
        self.end, self.longest, self.last = time.monotonic() + seconds, longest, 0.0

    def over(self) -> bool:
        now = time.monotonic()
        self.longest = max(self.longest, now - self.last) if self.last else self.longest
        self.last = now
        return now + self.longest > self.end
