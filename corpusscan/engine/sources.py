"""How many documents of the corpus come from which source: counted shard by shard, asked for by conclusions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from blake3 import blake3

from corpusscan.detector import Batch
from corpusscan.engine import many
from corpusscan.workspace import Workspace

ENOUGH = 20_000  # sources of which sizes are told: more need no more memory


def beside(account: str) -> str:
    """The artefact beside an account that tells its sources."""
    return f"{account}.sources"


class Tally:
    """Counts the documents of each source while a shard is read."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, batch: Batch) -> None:
        """Count the documents of a batch."""
        counted = batch.documents["source"].drop_null().value_counts()
        names, counts = counted.field("values").to_pylist(), counted.field("counts").to_pylist()
        self._counts.update(dict(zip(names, counts, strict=True)))

    def table(self) -> pa.Table:
        """Columns source and documents."""
        names, counts = pa.array([*self._counts], pa.large_string()), pa.array([*self._counts.values()], pa.int64())
        return pa.table({"source": names, "documents": counts})


class Sources:
    """The sources of the shards that were read, never all in memory at once."""

    def __init__(self, workspace: Workspace, accounts: Sequence[str], key: bytes) -> None:
        self.accounts = accounts
        self._workspace, self._key = workspace, key

    def documents_of(self, sources: Collection[str]) -> Mapping[str, int]:
        """How many documents come from each of some sources."""
        counts: Counter[str] = Counter()
        wanted = pa.array(sources, pa.large_string())
        for name in self._tallies:
            told = self._workspace.read(name)
            told = told.filter(pc.is_in(told["source"], wanted))
            counts.update(dict(zip(told["source"].to_pylist(), told["documents"].to_pylist(), strict=True)))
        return counts

    @cached_property
    def sizes(self) -> npt.NDArray[np.int64]:
        """Documents of each source; of a part of them, chosen by a keyed hash, where there are many."""
        counts: Counter[str] = Counter()
        share = 1 << 64
        for name in self._tallies:
            told = self._workspace.read(name).to_pylist()
            counts.update({row["source"]: row["documents"] for row in told if self._drawn(row["source"]) < share})
            while len(counts) > ENOUGH:
                share //= 2
                counts = Counter({name: count for name, count in counts.items() if self._drawn(name) < share})
        return np.array(sorted(counts.values()), np.int64)

    @cached_property
    def _tallies(self) -> list[str]:
        """The artefacts that tell of them: one of each shard, or of many where there are many."""
        names = [beside(account) for account in self.accounts]
        if len(names) <= many.GROUP:
            return names
        return [many.together(some, "sources", _sum, self._workspace) for some in many.groups(names)]

    def _drawn(self, name: str) -> int:
        return int.from_bytes(blake3(name.encode(), key=self._key).digest(8), "big")


def _sum(tallies: list[pa.Table]) -> pa.Table:
    told = pa.concat_tables(tallies).group_by("source", use_threads=False).aggregate([("documents", "sum")])
    return told.rename_columns({"documents_sum": "documents"}).select(["source", "documents"]).sort_by("source")
