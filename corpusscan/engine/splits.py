"""Which records are of which split of a dataset, by the names of the files, or lists, that they lie in."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import orjson
import pyarrow as pa

from corpusscan import schema
from corpusscan.engine.collected import Collected
from corpusscan.io import Shard
from corpusscan.kernels.splits import Split, of_lists, split_of
from corpusscan.workspace import Workspace


def has_splits(shards: Sequence[Shard]) -> bool:
    """Whether there are two splits of one dataset, or may be: lists of one file are known when they are read."""
    if any(shard.format == "wrapped" for shard in shards):
        return True
    known: dict[str, str] = {}
    labels = (label for shard in shards for label in ([one.label for one in shard.files] or [shard.file]))
    told = (split for label in labels if (split := split_of(label)))
    return any(known.setdefault(scope, split) != split for scope, split in told)


def splits_of(collected: Collected, workspace: Workspace) -> pa.Table:
    """`schema.SPLITS` of all shards that were read."""
    rows: list[dict[str, Any]] = []
    for shard in (shard for shard in collected.shards if shard.index not in collected.lost):
        if shard.files:
            rows += [_row(shard.index, begin, split_of(one.label), 1) for begin, one in enumerate(shard.files)]
        else:
            rows += _of_file(shard, collected.account(shard.index, workspace))
    return pa.Table.from_pylist(rows, schema=schema.SPLITS)


def _of_file(shard: Shard, account: dict[str, Any]) -> list[dict[str, Any]]:
    """The split of a file, or those of its lists."""
    lists, scanned = orjson.loads(account["lists"] or b"[]"), account["scanned"]
    if len(lists) < 2:
        return [_row(shard.index, 0, split_of(shard.file), scanned)]
    begins = [begin for begin, _ in lists]
    sizes = [stop - begin for begin, stop in itertools.pairwise([*begins, max(scanned, begins[-1])])]
    known = of_lists(shard.file, [name for _, name in lists])
    return [_row(shard.index, *one) for one in zip(begins, known, sizes, strict=True)]


def _row(shard: int, begin: int, known: Split | None, documents: int) -> dict[str, Any]:
    return {
        "shard": shard, "begin": begin, "documents": documents,
        "scope": known and known.scope, "split": known and known.split,
    }  # fmt: skip
