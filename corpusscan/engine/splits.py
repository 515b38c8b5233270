"""Which records are of which split of a dataset, by the names of the files they lie in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from corpusscan import schema
from corpusscan.engine.collected import Collected
from corpusscan.io import Shard
from corpusscan.kernels.splits import split_of
from corpusscan.workspace import Workspace


def has_splits(shards: Sequence[Shard]) -> bool:
    """Whether there are two splits of one dataset."""
    known: dict[str, str] = {}
    labels = (label for shard in shards for label in ([one.label for one in shard.files] or [shard.file]))
    told = (split for label in labels if (split := split_of(label)))
    return any(known.setdefault(scope, split) != split for scope, split in told)


def splits_of(collected: Collected, workspace: Workspace) -> pa.Table:
    """`schema.SPLITS` of all shards that were read."""
    rows: list[dict[str, Any]] = []
    for shard in (shard for shard in collected.shards if shard.index not in collected.lost):
        if shard.files:
            rows += [_row(shard.index, begin, one.label, 1) for begin, one in enumerate(shard.files)]
        else:
            rows.append(_row(shard.index, 0, shard.file, collected.account(shard.index, workspace)["scanned"]))
    return pa.Table.from_pylist(rows, schema=schema.SPLITS)


def _row(shard: int, begin: int, label: str, documents: int) -> dict[str, Any]:
    known = split_of(label)
    return {
        "shard": shard, "begin": begin, "documents": documents,
        "scope": known and known.scope, "split": known and known.split,
    }  # fmt: skip
