"""Looks at a shard, held against the first one: what a later look does not deliver would be missing without a word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from corpusscan.detector import Batch
from corpusscan.engine import perfile
from corpusscan.errors import UnreadableError
from corpusscan.io import Account, Shard
from corpusscan.io.places import faults

Rows = npt.NDArray[np.uint64]


@dataclass
class Look:
    """The documents that reading a shard delivered."""

    parts: list[Rows] = field(default_factory=list)

    def add(self, batch: Batch) -> None:
        """Take a batch in."""
        self.parts.append(batch.documents["row"].to_numpy())

    def compare(
        self, shard: Shard, account: Account, named: Rows | None, drawn: bool, first: Mapping[str, Any] | None
    ) -> None:
        """Raises `UnreadableError` where this look delivered less than the first one.

        Rows that are `named` were documents then, but for those that were only `drawn` by number.  `first` is the
        account of the first look, which rows that were found in it can do without.
        """
        rows = np.unique(np.concatenate([np.empty(0, np.uint64), *self.parts]))
        wanted = shard.held.without(named) if shard.held and named is not None else named
        if shard.files and first:
            read = perfile.scanned(first["files"])
            wanted, drawn = read if wanted is None else np.intersect1d(wanted, read), False
        if wanted is not None:
            missing = np.setdiff1d(wanted, rows)
            if shard.files and len(missing):
                raise faults.FilesError([(row, faults.CHANGED) for row in missing.tolist()])
            if len(missing) > (_never_read(shard, first) if drawn and first else 0):
                raise _less(shard, len(wanted) - len(missing), len(wanted))
        elif first and (len(rows), account.rows) != (first["scanned"], rows_met(first)):
            raise _less(shard, len(rows), first["scanned"])


def rows_met(account: Mapping[str, Any]) -> int:
    """Records that a look met, also where it broke off and nobody knows how many there are."""
    return int(account["scanned"] + account["skipped"] + account["errored"])


def _never_read(shard: Shard, first: Mapping[str, Any]) -> int:
    """Rows that were no documents in the first look, beside those that are held: nobody knows which."""
    held = shard.held.rows - len(shard.held.without(None)) if shard.held else 0
    return max(rows_met(first) - int(first["scanned"]) - held, 0)


def _less(shard: Shard, found: int, wanted: int) -> UnreadableError:
    told = f"a later look read {found} of {wanted} documents of the first; run the same command again"
    return UnreadableError(faults.CHANGED, f"{told}, and report it where it stays so (format {shard.format})")
