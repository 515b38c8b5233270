"""The whole route on one page: configuration -> plan -> rounds -> tables -> report."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import orjson

from corpusscan import config as configuration
from corpusscan import detectors, io, power, power_quick, schema
from corpusscan.addresses import is_address, shown
from corpusscan.config import ScanConfig
from corpusscan.detector import Detector
from corpusscan.engine import heard, index, keys, memory
from corpusscan.engine.collected import Collected
from corpusscan.engine.engines import Engine
from corpusscan.engine.gather import coverage_table, gather, held, offsets, with_files
from corpusscan.engine.local import Local
from corpusscan.engine.parts import Parts
from corpusscan.engine.ray import Cluster
from corpusscan.engine.repository import Looked, inspected
from corpusscan.engine.rounds import Progress, Rounds
from corpusscan.engine.splits import has_splits
from corpusscan.engine.tasks import Reading
from corpusscan.errors import UsageError
from corpusscan.kernels import affine32, tokens
from corpusscan.meaning import claims, models
from corpusscan.program import versions
from corpusscan.report import FILES, Report, baseline, mined_rules, pages, tables
from corpusscan.version import __version__
from corpusscan.workspace import Opened, Part, Workspace, opened, write_atomic, write_parquet

_BY_MEANING = "semantic_cluster"

Show = Callable[[Progress], None]


def scan(inputs: Any, out: str | Path = "corpusscan-report", *, show: Show = lambda _: None, **options: Any) -> Report:
    """Audit `inputs` and leave the report in the folder `out`.

    `inputs` is a path, folder or glob, a table in memory (Arrow, Polars, `datasets.Dataset`, `IterableDataset`), a
    dictionary of these by split (`DatasetDict`), or a list of these.  `options` are the flags of `corpusscan scan`,
    with underscores.

    Raises `CorpusScanError` (usage, unreadable input, workspace); a finding is no error, see
    `Report.exit_code`.
    """
    config = configuration.build(options, "scan()")
    given = inputs if isinstance(inputs, list | tuple) else [inputs]
    if not all(isinstance(one, str | Path) for one in given):
        if config.shard_count:
            raise UsageError("shard_index: a table in memory is scanned by one process; write it to a file first")
        if is_address(str(out)):
            raise UsageError(f"out: a table in memory is kept beside the report, not in {shown(out)}; give a folder")
    with memory.as_paths(inputs, Path(out) / "work") as paths:
        return run(paths, out, config, show)


def run(inputs: list[str], out: str | Path, config: ScanConfig, show: Show) -> Report:
    """Audit files.  Resumes what an earlier run of the same scan left in `out`; raises as `scan`.

    `out` is a folder, or an address where the results are brought once they are whole.
    """
    started = time.monotonic()
    plan = io.plan(inputs, config.columns, out)
    settings: dict[str, dict[str, Any]] = {
        "rules": {"packs": config.rules},
        "misinformation": {"packs": claims.folders(config.rules), "knowledge": config.knowledge},
        "hidden_text": {"decode_levels": config.decode_levels},
        "prompt_injection": {"weights": config.injection_weights},
        "near_duplicate": {"index": config.index is not None, "sketch": config.sketch},
        "repeated_passage": {"index": config.index is not None},
    }
    model = models.found(config.model, config.device) if config.model else None
    if model:
        settings["semantic_cluster"] = {"model": model.folder, "embed": config.embed, "device": model.device}
    active = _that_apply(detectors.create(config.detectors, config.without, settings), plan)
    _check_model(config, active)
    _check_index(config, plan, active)
    _check_rules(config, inputs, out, active)
    accepted = baseline.load(Path(config.baseline)) if config.baseline else []
    if config.tokenizer:
        tokens.load(config.tokenizer)
    with ExitStack() as stack:
        part = Part.of(config.shard_index, config.shard_count)
        workspace = stack.enter_context(opened(out, inputs, overwrite=config.overwrite, part=part))
        key, kept = workspace.key(config.seed), None
        if config.index:
            scheme, drawn = affine32.SCHEMES[config.sketch], index.Drawn(key, seeded=config.seed is not None)
            kept, key = stack.enter_context(index.opened(Path(config.index), scheme, drawn))
        reading = Reading(config.columns, config.max_document_bytes, config.tokenizer, config.excerpts)
        looked = inspected(plan, inputs, active, excerpts=config.excerpts) if part is None else Looked()
        with _engine(config, workspace, part) as engine:
            limits = (config.memory_bytes, config.task_timeout)
            rounds = Rounds(
                engine, workspace, reading, key, show, kept, limits, engine if isinstance(engine, Parts) else None
            )
            plan = msgspec.structs.replace(plan, shards=rounds.cuts.shards(plan.shards))
            collected = rounds.fingerprint(plan.shards, config.sample)
            rounds.audit(collected, [one for one in active if not one.of_files] or active)
            collected.limits += looked.limits
        run_facts = _facts(plan.inputs, config, collected, active) | {"encoder": _encoder(model, config, active)}
        run_facts |= _write_tables(plan, collected, active, looked, workspace, accepted, config.write_baseline)
        run_facts["repository"] = looked.facts
        saved = _save_rules(config, collected, reading, key, workspace.report)
        rounds.keep(collected)
        rounds.cuts.remove()
        took = time.monotonic() - started
        done = power_quick.finished(inputs, out, config, collected, workspace, len(plan.shards), took)
        run_facts["power"] = power_quick.of_scan(done, config, again(config), workspace, show)
        run_facts["seconds"] = {**collected.seconds, "total": round(time.monotonic() - started, 3)}
        manifest = {**_manifest(plan, collected, config, key), "run": run_facts}
        text = orjson.dumps(manifest, option=orjson.OPT_INDENT_2)
        write_atomic(workspace.report / pages.MANIFEST, lambda path: path.write_bytes(text))
        report = pages.build(workspace.report, str(out))
        workspace.publish(FILES)
        report.saved, report.quarantined, report.kept = saved, run_facts["quarantined"], workspace.kept
        return report


def _that_apply(active: list[Detector], plan: io.Plan) -> list[Detector]:
    """The detectors without those that compare splits, where there are none; unless nobody else is asked for."""
    return [one for one in active if not one.of_splits or has_splits(plan.shards)] or active


@contextmanager
def _engine(config: ScanConfig, workspace: Workspace, part: Part | None) -> Iterator[Engine]:
    """Where the tasks run, for the time of the scan."""
    settings = str(workspace.store), config.worker_count, config.memory_bytes, config.task_timeout
    with Cluster(*settings, config.ray_address) if config.engine == "ray" else Local(*settings) as engine:
        yield Parts(engine, workspace, part) if part else engine


def _check_index(config: ScanConfig, plan: io.Plan, active: Sequence[Detector]) -> None:
    if config.index is None:
        return
    if not any(one.indexed for detector in active for one in detector.rounds):
        raise UsageError("--index: near_duplicate and repeated_passage compare with earlier scans; let one run")
    root = Path(config.index).resolve()
    here = (shard for shard in plan.shards if not shard.store)
    if inside := [shard.file for shard in here if Path(shard.path).resolve().is_relative_to(root)]:
        raise UsageError(f"--index: {config.index} lies inside the input ({inside[0]}); choose a folder beside it")


def _check_model(config: ScanConfig, active: Sequence[Detector]) -> None:
    if config.model and not any(detector.name == _BY_MEANING for detector in active):
        raise UsageError(f"--model: {_BY_MEANING} is what reads by it; let it run")


def _encoder(model: models.Found | None, config: ScanConfig, active: Sequence[Detector]) -> str:
    """By what texts were compared, and what another way would add."""
    if not any(detector.name == _BY_MEANING for detector in active):
        return ""
    if model is None:
        return "vectors fitted to this corpus; a sentence model (--model) also finds rewrites that share few words"
    return f"{model.told}; it read {'all' if config.embed == 'all' else 'suspects'} (--embed {config.embed})"


def _check_rules(config: ScanConfig, inputs: list[str], out: str | Path, active: Sequence[Detector]) -> None:
    if config.save_rules is None:
        return
    if not any(detector.name in mined_rules.DETECTORS for detector in active) or not config.excerpts:
        known = ", ".join(mined_rules.DETECTORS)
        raise UsageError(f"--save-rules: rules quote what is found by {known}; let one of them run, with excerpts")
    mined_rules.check(Path(config.save_rules), inputs, out)


def _save_rules(
    config: ScanConfig, collected: Collected, reading: Reading, key: bytes, out: Path
) -> mined_rules.Saved | None:
    if config.save_rules is None:
        return None
    carriers = heard.carriers(collected, mined_rules.DETECTORS)
    return mined_rules.save(out, Path(config.save_rules), carriers, lambda: heard.some(collected, reading, key))


def _write_tables(
    plan: io.Plan,
    collected: Collected,
    active: Sequence[Detector],
    looked: Looked,
    workspace: Opened,
    entries: list[baseline.Entry],
    new_baseline: str | None,
) -> dict[str, Any]:
    """Write the result tables and, where asked, a baseline; returns what the tables themselves do not say."""
    in_force = baseline.in_force(entries, dt.datetime.now(dt.UTC).date())
    first = offsets(plan, collected, workspace)
    parts = tables.Gathered(**with_files(gather(collected, first, active, workspace), looked.hits, looked.titles))
    result = tables.result_tables(parts, in_force)
    result["coverage"], columns, without = coverage_table(plan, collected, workspace)
    for name, table in result.items():
        write_parquet(workspace.report / f"{name}.parquet", table)
    if new_baseline:
        baseline.write(Path(new_baseline), *tables.acceptable(result), entries)
    return {
        "columns": columns,
        "records_without": without,
        "quarantined": held(collected, first),
        "baseline": baseline.use(entries, in_force, tables.names(result)) if entries else None,
    }


def _facts(inputs: list[str], config: ScanConfig, collected: Collected, active: Sequence[Detector]) -> dict[str, Any]:
    return {
        "version": __version__,
        "finished": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "inputs": [name.encode("utf-8", "backslashreplace").decode() for name in inputs],
        "fail_on": config.fail_on,
        "allow_skipped": config.allow_skipped,
        "sample": config.sample if config.sample < 1 else None,
        "tokenizer": config.tokenizer or f"approximation: one token per {tokens.BYTES_PER_TOKEN} bytes",
        "detectors": [detector.name for detector in active if detector.name not in collected.failed],
        "detectors_not_run": [{"name": name, "reason": why} for name, why in sorted(collected.failed.items())],
        "detectors_failed": sorted(collected.failed),
        "limits": collected.limits,
        "resume": {"tasks": collected.needed, "reused": collected.reused},
    }


def again(config: ScanConfig) -> power.Scan:
    """Scans with the settings of `config`, on which power depends, and none of those that only say what comes of it."""
    plain = msgspec.structs.replace(
        config, sample=1.0, power="off", baseline=None, write_baseline=None, save_rules=None, index=None,
        overwrite=True, seed=config.seed or 1, tokenizer=None, excerpts=True, engine="local", ray_address=None,
    )  # fmt: skip
    return lambda corpus, report: run([str(corpus)], report, plain, lambda _: None)


def _manifest(plan: io.Plan, collected: Collected, config: ScanConfig, key: bytes) -> dict[str, Any]:
    return {
        "schema_version": schema.VERSION,
        "shards": [
            {"file": s.file, "unit": s.unit, "start": s.start, "stop": s.stop, "bytes": s.bytes, "blake3": s.digest}
            for s in collected.shards
        ],
        "companions": plan.companions,
        "lost": [
            {"file": s.file, "start": s.start, "stop": s.stop, "reason": lost.reason, "detail": lost.detail[-2000:]}
            for s in plan.shards
            if (lost := collected.lost.get(s.index))
        ],
        "config": {name: getattr(config, name) for name in config.__struct_fields__},
        "versions": versions(),
        "key_fingerprint": keys.fingerprint(key),
    }
