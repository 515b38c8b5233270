"""The whole route on one page: configuration -> plan -> rounds -> tables -> report."""

from __future__ import annotations

import datetime as dt
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import filelock
import orjson
import pyarrow.parquet as pq

import corpusscan
from corpusscan import detectors, io
from corpusscan.config import ScanConfig
from corpusscan.engine import keys, memory
from corpusscan.engine.gather import coverage_table, gather, offsets
from corpusscan.engine.local import Local, Lost
from corpusscan.engine.rounds import Collected, Progress, Rounds
from corpusscan.engine.tasks import Reading
from corpusscan.errors import WorkspaceError
from corpusscan.kernels import tokens
from corpusscan.report import Report, baseline, pages, tables
from corpusscan.workspace import Workspace, write_atomic

Show = Callable[[Progress], None]


def scan(inputs: Any, out: str | Path = "corpusscan-report", *, show: Show = lambda _: None, **options: Any) -> Report:
    """Audit `inputs` and leave the report in the folder `out`.

    `inputs` is a path, folder or glob, several of them, or a table in memory: Arrow, Polars or
    `datasets`.  `options` are the flags of `corpusscan scan`, with underscores.

    Raises `CorpusScanError` (usage, unreadable input, workspace); a finding is no error, see
    `Report.exit_code`.
    """
    from corpusscan import config  # noqa: PLC0415  # the module; the name is used for its value below

    chosen = options.pop("config", None) or config.build(options, "scan()")
    out = Path(out)
    with memory.as_paths(inputs, out / "work") as paths:
        return run(paths, out, chosen, show)


def run(inputs: list[str], out: Path, config: ScanConfig, show: Show) -> Report:
    """Audit files.  Resumes what an earlier run of the same scan left in `out`."""
    started = time.monotonic()
    plan = io.plan(inputs, config.columns, out)
    active = create_detectors(config)
    if config.tokenizer:
        tokens.load(config.tokenizer)
    entries = baseline.load(Path(config.baseline)) if config.baseline else []
    with _locked(out, inputs, config.overwrite) as workspace:
        key = workspace.key(config.seed)
        reading = Reading(config.columns, config.max_document_bytes, config.tokenizer, config.excerpts)
        known = _load_digests(workspace)
        with Local(workspace.root, config.worker_count, config.memory_bytes) as engine:
            rounds = Rounds(engine, workspace, reading, key, show)
            shards, lost = rounds.fingerprint(plan.shards, known)
            _save_digests(workspace, known)
            sampled = _sample(shards, config.sample, key)
            collected = rounds.audit(sampled, active)
        collected.lost |= lost
        collected.seconds["plan"] = max(time.monotonic() - started - sum(collected.seconds.values()), 0)
        return _conclude(plan, collected, active, config, workspace, out, inputs, entries, key)


def create_detectors(config: ScanConfig) -> list[Any]:
    """The detectors that `config` asks for, with their settings."""
    return detectors.create(config.detectors, config.without, {"rules": {"packs": config.rules}})


def _conclude(
    plan: io.Plan, collected: Collected, active: list[Any], config: ScanConfig, workspace: Workspace, out: Path,
    inputs: list[str], entries: list[baseline.Entry], key: bytes,
) -> Report:  # fmt: skip
    started = time.monotonic()
    today = dt.datetime.now(dt.UTC).date()
    accepted = baseline.in_force(entries, today)
    first = offsets(plan, collected, workspace)
    result = tables.result_tables(tables.Gathered(**gather(collected, first, active, workspace)), accepted)
    result["coverage"], columns, without = coverage_table(plan, collected, workspace)
    for name, table in result.items():
        write_atomic(out / f"{name}.parquet", lambda path, table=table: pq.write_table(table, path, compression="zstd"))
    if config.write_baseline:
        rank = tables.RANK
        ids = [i for i, s in zip(result["findings"]["finding_id"].to_pylist(), result["findings"]["severity"].to_pylist(), strict=True)
               if rank[s] >= rank["low"]]  # fmt: skip
        baseline.write(Path(config.write_baseline), ids, entries)
    names = {*result["findings"]["finding_id"].to_pylist(), *result["groups"]["group"].to_pylist()}
    collected.seconds["report"] = time.monotonic() - started
    extra = {
        "fail_on": config.fail_on, "allow_skipped": dict(config.allow_skipped),
        "sample": config.sample if config.sample < 1 else None, "version": corpusscan.__version__,
        "finished": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), "inputs": inputs,
        "tokenizer": config.tokenizer or f"approximation: one token per {tokens.BYTES_PER_TOKEN} bytes",
        "detectors": [detector.name for detector in active if detector.name not in collected.failed],
        "detectors_not_run": [{"name": name, "reason": reason} for name, reason in sorted(collected.failed.items())],
        "columns": columns, "records_without": without, "power": None,
        "baseline": _baseline_use(entries, accepted, names) if entries else None,
        "seconds": {stage: round(value, 3) for stage, value in collected.seconds.items()},
    }  # fmt: skip
    manifest = {**_manifest(plan, collected, inputs, config, key), "run": extra}
    write_atomic(out / pages.MANIFEST, lambda path: path.write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2)))
    return pages.build(out)


def _baseline_use(entries: list[baseline.Entry], accepted: set[str], names: set[str]) -> dict[str, int]:
    used = sum(entry.name in names for entry in entries if entry.name in accepted)
    expired = sum(entry.name not in accepted for entry in entries)
    return {"used": used, "unused": len(entries) - used - expired, "expired": expired}


def _manifest(plan: io.Plan, collected: Collected, inputs: list[str], config: ScanConfig, key: bytes) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "inputs": inputs,
        "shards": [
            {"file": s.file, "unit": s.unit, "start": s.start, "stop": s.stop, "bytes": s.bytes, "blake3": s.digest}
            for s in collected.shards
        ],
        "companions": plan.companions,
        "config": {name: getattr(config, name) for name in config.__struct_fields__},
        "versions": keys.versions(),
        "key_fingerprint": keys.fingerprint(key),
    }


class _locked:  # noqa: N801  # reads as a verb where it is used
    """The workspace in OUT, held by one scan at a time and tied to its inputs.

    Raises `WorkspaceError` when another scan holds it, or when OUT is of other inputs.
    """

    def __init__(self, out: Path, inputs: list[str], overwrite: bool) -> None:
        self.out, self.inputs, self.overwrite = out, [str(Path(name).absolute()) for name in inputs], overwrite

    def __enter__(self) -> Workspace:
        root = self.out / "work"
        try:
            root.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise WorkspaceError(f"{self.out}: cannot be created ({error.strerror}); choose another folder with -o") from None
        self.lock = filelock.FileLock(root / "lock", mode=0o600)
        try:
            self.lock.acquire(timeout=0)
        except filelock.Timeout:
            raise WorkspaceError(f"{self.out}: another scan is writing there; wait for it, or choose another folder with -o") from None
        try:
            self._own(root / "inputs.json")
        except BaseException:
            self.lock.release()
            raise
        return Workspace(root)

    def _own(self, place: Path) -> None:
        others = [child.name for child in self.out.iterdir() if child.name != "work"]
        if place.exists():
            before = orjson.loads(place.read_bytes())
            if before != self.inputs and not self.overwrite:
                raise WorkspaceError(f"{self.out}: holds the scan of {', '.join(before)}; choose another folder with -o, or add --overwrite")
        elif others and not self.overwrite:
            raise WorkspaceError(f"{self.out}: is not empty and no report of this program; choose another folder with -o, or add --overwrite")
        write_atomic(place, lambda path: path.write_bytes(orjson.dumps(self.inputs)))

    def __exit__(self, *_: object) -> None:
        self.lock.release()


def _sample(shards: list[io.Shard], fraction: float, key: bytes) -> list[io.Shard]:
    """A seeded part of the shards, at least one: chosen by content, so that a rerun chooses the same."""
    if fraction >= 1 or not shards:
        return shards
    order = sorted(shards, key=lambda shard: keys.digest(key.hex(), shard.digest, shard.index))
    return sorted(order[: max(round(len(shards) * fraction), 1)], key=lambda shard: shard.index)


def _load_digests(workspace: Workspace) -> dict[str, str]:
    place = workspace.root / "digests.json"
    try:
        return dict(orjson.loads(place.read_bytes()))
    except (OSError, ValueError):
        return {}


def _save_digests(workspace: Workspace, known: dict[str, str]) -> None:
    write_atomic(workspace.root / "digests.json", lambda path: path.write_bytes(orjson.dumps(known)))


def resume_command() -> str:
    """What to type to go on: the same command."""
    return shlex.join(["corpusscan", *sys.argv[1:]])


__all__ = ["Lost", "create_detectors", "resume_command", "run", "scan"]
