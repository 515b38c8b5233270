"""The one frozen configuration of a scan, from TOML and flags; unknown keys are errors that teach."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from corpusscan import schema
from corpusscan.errors import UsageError

FILE_NAME = "corpusscan.toml"
SKETCHES = ("fss", "affine32")
POWER = ("off", "quick")
EMBED = ("suspects", "all")
ENGINES = ("local", "ray")
DEVICES = ("auto", "cpu", "cuda")
_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


class Columns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How records are read: names given by the user (empty or None: found by name, see `io.columns`), and what else."""

    text: tuple[str, ...] = ()
    id: str | None = None
    label: str | None = None
    source: str | None = None
    time: str | None = None
    lines: bool = False  # a line of plain text is a document, else the file is
    tokenizer: str | None = None  # of tokenised shards


class ScanConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that steers a scan.  Field names are the TOML keys; `-` and `_` mean the same there."""

    text_column: tuple[str, ...] = ()
    id_column: str | None = None
    label_column: str | None = None
    source_column: str | None = None
    time_column: str | None = None
    lines: bool = False  # of plain text, each a document
    detectors: tuple[str, ...] | None = None  # None: all that can run
    without: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    knowledge: str | None = None  # triples of subject, relation and object that are known
    tokenizer: str | None = None
    model: str | None = None  # a sentence model: a folder, or NAME@REVISION
    embed: str = "suspects"  # what it reads
    device: str = "auto"  # that it runs on
    engine: str = "local"  # where tasks run
    ray_address: str | None = None  # of a cluster; None: one on this machine
    shard_index: int | None = None  # which of `shard_count` processes this is
    shard_count: int | None = None
    workers: int | None = None  # None: one per core
    memory_limit: int | str = "4GiB"  # per worker, resident
    task_timeout: int = 1800  # seconds that a worker may give no sign of life
    max_document: int | str = "16MiB"  # longer texts are scanned in overlapping pieces
    decode_levels: int = 1  # of encoded text
    injection_weights: str | None = None  # of the detector prompt_injection, made by `corpusscan train`
    sketch: str = "fss"  # by which near-copies are paired
    sample: float = 1.0  # of shards
    power: str = "off"  # quick: what this scan would have found is measured after it
    fail_on: str = "high"
    allow_skipped: dict[str, int] = {}
    baseline: str | None = None
    write_baseline: str | None = None
    save_rules: str | None = None
    seed: int | None = None
    index: str | None = None
    overwrite: bool = False
    excerpts: bool = True

    def __post_init__(self) -> None:
        _check(self.fail_on in schema.SEVERITIES, "fail_on", self.fail_on, f"one of {', '.join(schema.SEVERITIES)}")
        _check(0 < self.sample <= 1, "sample", self.sample, "a fraction above 0 and at most 1")
        _check(self.workers is None or self.workers >= 1, "workers", self.workers, "1 or more")
        _check(self.memory_bytes >= 2**28, "memory_limit", self.memory_limit, "at least 256MiB")
        _check(self.task_timeout >= 1, "task_timeout", self.task_timeout, "seconds, 1 or more")
        _check(self.max_document_bytes >= 2**16, "max_document", self.max_document, "at least 64KiB")
        _check(self.decode_levels in (1, 2), "decode_levels", self.decode_levels, "1 or 2")
        _check(self.sketch in SKETCHES, "sketch", self.sketch, f"one of {', '.join(SKETCHES)}")
        _check(self.power in POWER, "power", self.power, f"one of {', '.join(POWER)}")
        _check(self.embed in EMBED, "embed", self.embed, f"one of {', '.join(EMBED)}")
        _check(self.device in DEVICES, "device", self.device, f"one of {', '.join(DEVICES)}")
        _check(self.engine in ENGINES, "engine", self.engine, f"one of {', '.join(ENGINES)}")
        _check(not self.ray_address or self.engine == "ray", "ray_address", self.ray_address, "--engine ray with it")
        self._check_part()
        for reason, allowed in self.allow_skipped.items():
            _check(allowed >= 0, "allow_skipped", f"{reason}={allowed}", "REASON=N with N 0 or more")

    def _check_part(self) -> None:
        index, count = self.shard_index, self.shard_count
        together = (index is None) == (count is None)
        _check(together or index is not None, "shard_count", count, "--shard-index with it: which of them this is")
        _check(together or count is not None, "shard_index", index, "--shard-count with it: of how many this is one")
        _check(count is None or count >= 1, "shard_count", count, "1 or more")
        if index is not None and count is not None:
            _check(0 <= index < count, "shard_index", index, f"a number from 0 to {count - 1}, below --shard-count")
            alone = "no --index with it: an index is used by one scan at a time, so scan without parts"
            _check(self.index is None, "shard_index", index, alone)

    @property
    def columns(self) -> Columns:
        """The column names the user gave."""
        return Columns(
            self.text_column,
            self.id_column,
            self.label_column,
            self.source_column,
            self.time_column,
            self.lines,
            self.tokenizer,
        )

    @property
    def memory_bytes(self) -> int:
        """Resident memory a worker may hold, in bytes."""
        return size(self.memory_limit)

    @property
    def max_document_bytes(self) -> int:
        """Length from which a text is scanned in pieces, in bytes."""
        return size(self.max_document)

    @property
    def worker_count(self) -> int:
        """Workers to start: as configured, else one per core this process may use."""
        if self.workers is not None:
            return self.workers
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _check(condition: bool, key: str, value: object, wanted: str) -> None:
    if not condition:
        raise UsageError(f"{key.replace('_', '-')} = {value!r}: give {wanted}")


def size(value: int | str) -> int:
    """Bytes meant by `value`: a number, or a number with K, M, G, T (powers of 1024), as in `512MiB`."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?\s*", str(value), re.IGNORECASE)
    if match is None:
        raise UsageError(f"{value!r} is not a size: write bytes, or a number with a unit, as in 512MiB")
    return int(float(match[1]) * _UNITS[match[2].upper()])


def build(values: dict[str, Any], origin: str) -> ScanConfig:
    """A checked `ScanConfig` from plain values; `origin` names where they came from in errors.

    Raises `UsageError` for unknown keys (with the nearest known one) and wrong types.
    """
    known = {field.name for field in msgspec.structs.fields(ScanConfig)}
    values = {key.replace("-", "_"): value for key, value in values.items()}
    for key in values.keys() - known:
        near = difflib.get_close_matches(key, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(sorted(known))}"
        raise UsageError(f"{origin}: unknown key {key!r}; {hint}")
    try:
        return msgspec.convert(values, ScanConfig, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(f"{origin}: {error}") from None


def load(path: Path) -> dict[str, Any]:
    """The values of a TOML file.  Raises `UsageError` when it is missing or no TOML."""
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise UsageError(f"{path}: cannot read the configuration ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not valid TOML ({error})") from None
