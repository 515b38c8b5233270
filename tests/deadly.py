"""Detectors and a reader that end the process they run in, by words in the text: for tests of what comes of it."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from corpusscan.detector import Batch, Round, State
from corpusscan.detectors.exact_duplicate import Confirm, ExactDuplicate, Hash
from corpusscan.detectors.malformed import Malformed
from corpusscan.io import Shard
from corpusscan.io.layout import streams
from corpusscan.io.rows import builder

KILL, EXIT, GROW, HANG, RAISE, READER, OPEN, LATE = (
    "zkillz", "zexitz", "zgrowz", "zhangz", "zraisez", "zreaderz", "zopenz", "zlatez",
)  # fmt: skip


def meet(text: str) -> None:
    """Do what the text says."""
    if KILL in text:
        os.kill(os.getpid(), signal.SIGKILL)
    if EXIT in text:
        os._exit(7)
    if GROW in text:
        held = bytearray(2**29)
        held[:: 2**12] = b"x" * len(range(0, 2**29, 2**12))
        time.sleep(60)
    if HANG in text:
        time.sleep(600)
    if RAISE in text:
        raise ValueError("a record that this detector did not expect")


@dataclass(frozen=True)
class Deadly(Malformed):
    """Dies of single records; its artefacts are named after the file of a detector that is there."""

    name: ClassVar[str] = "malformed"

    def flag(self, batch: Batch) -> pa.Table:
        """Meet every text."""
        for text in batch.texts["text"].to_pylist():
            meet(text)
        return super().flag(batch)


@dataclass(frozen=True)
class LateConfirm(Confirm):
    """Dies when it looks at members."""

    over: ClassVar[Any] = "members"

    def map(self, batch: Batch, state: State) -> pa.Table:
        """Meet the members."""
        if any(LATE in text for text in batch.texts["text"].to_pylist()):
            raise ValueError("a member that this detector did not expect")
        return super().map(batch, state)


@dataclass(frozen=True)
class Late(ExactDuplicate):
    """Dies of records that its first look has named."""

    @property
    def rounds(self) -> tuple[Round, ...]:
        """Copies, then members."""
        return Hash(self.copies, self.looked), LateConfirm()


def _deadly_reader() -> None:
    """Let reading die of a word in a text, and opening of one in a path, by Arrow too."""
    plain, opened, parquet, mapped = builder.assemble, streams.source, pq.ParquetFile, pa.memory_map

    def assemble(rows: Any, columns: Any, *more: Any) -> Batch:
        batch = plain(rows, columns, *more)
        if any(READER in text for text in batch.texts["text"].to_pylist()):
            os._exit(7)
        return batch

    def source(shard: Shard) -> Iterator[bytes]:
        if OPEN in shard.path:
            os._exit(7)
        return opened(shard)

    def deadly(plain: Any) -> Any:
        return lambda path, *more, **options: os._exit(7) if OPEN in str(path) else plain(path, *more, **options)

    builder.assemble, streams.source = assemble, source  # type: ignore[assignment]
    pq.ParquetFile, pa.memory_map = deadly(parquet), deadly(mapped)


if getattr(sys.modules["__main__"].__spec__, "name", "") == "corpusscan.engine.worker":
    _deadly_reader()
