"""What is told of every file of a shard that is made of many: what became of its record, and how much text it held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow.compute as pc

from corpusscan.detector import Batch
from corpusscan.io import Account, Shard
from corpusscan.kernels import tokens


@dataclass
class PerFile:
    """Counts by row, while the shard is read."""

    bytes: Counter[int] = field(default_factory=Counter)
    tokens: Counter[int] = field(default_factory=Counter)
    notes: dict[int, set[str]] = field(default_factory=dict)

    def add(self, batch: Batch, tokenizer: str | None) -> None:
        """Take a batch in."""
        rows = batch.texts["row"].to_pylist()
        counted = tokens.count(batch.texts["text"], tokenizer).astype(np.int64).tolist()
        for row, size, number in zip(rows, pc.binary_length(batch.texts["text"]).to_pylist(), counted, strict=True):
            self.bytes[row] += size
            self.tokens[row] += number
        for row, kind in zip(*(batch.anomalies[name].to_pylist() for name in ("row", "kind")), strict=True):
            self.notes.setdefault(row, set()).add(kind)

    def told(self, shard: Shard, account: Account) -> str:
        """The table of the files as JSON: a list (fate, reasons, bytes, tokens) by row."""
        rows = []
        for row in range(len(shard.files)):
            fate, reason = account.lost.get(row, ("scanned", ""))
            notes = sorted(self.notes.get(row, ())) + ["nothing_to_scan"] * (fate == "scanned" and not self.bytes[row])
            rows.append((fate, [reason] if reason else notes, self.bytes[row], self.tokens[row]))
        return orjson.dumps(rows).decode()


def scanned(told: str) -> npt.NDArray[np.uint64]:
    """The rows of the files that were read."""
    return np.array([row for row, (fate, *_) in enumerate(orjson.loads(told)) if fate == "scanned"], np.uint64)


def coverage(shard: Shard, told: str) -> Iterator[dict[str, Any]]:
    """The rows of COVERAGE that the files of a shard have, but for their fates' JSON: `reasons` is a dictionary."""
    for one, (fate, reasons, size, counted) in zip(shard.files, orjson.loads(told), strict=True):
        fates = {each: int(each == fate) for each in ("scanned", "skipped", "errored")}
        yield {
            "file": one.label, "unit": "byte", "start": 0, "stop": one.bytes, "bytes_total": one.bytes,
            "status": "complete", "rows": 1, "lines": None, **fates, "reasons": {fate: dict.fromkeys(reasons, 1)},
            "text_bytes": size, "tokens": counted,
        }  # fmt: skip
