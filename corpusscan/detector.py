"""What a detector is: it judges a batch alone (`flag`), the corpus in rounds, or files before any row (`inspect`).

Nothing here knows formats, processes or reports.  A detector is a frozen dataclass of its
settings; the first line of its docstring is its help.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from corpusscan.schema import LIMITS, SPLITS

EARLIER = 1 << 22  # shards from this number on are those of an index: documents of earlier scans

T = TypeVar("T")
State = Mapping[str, pa.Table]
"""Small named tables: the conclusion of one round and the input of the next.

Any round may leave `copies` (shard, row, cluster), which documents are copies of one another: all who count
independent documents count a cluster once.  Any may leave `limits`, what it left aside: the report says so.
"""
_LIMITS = b"limits"  # of a table's schema


@dataclass(frozen=True, eq=False)
class Batch:
    """Consecutive records of one shard; immutable, shared by all detectors.

    `documents`, `texts` and `anomalies` follow `schema.DOCUMENTS`, `TEXTS` and `ANOMALIES`;
    `key` is the run's 32 secret bytes, for hashes an attacker could prepare for.
    """

    documents: pa.Table
    texts: pa.Table
    anomalies: pa.Table
    key: bytes
    _features: dict[Callable[[Batch], Any], Any] = field(default_factory=dict, repr=False)

    def feature(self, function: Callable[[Batch], T]) -> T:
        """The value of `function(self)`, computed once per batch however many ask for it."""
        if function not in self._features:
            self._features[function] = function(self)
        value: T = self._features[function]
        return value


class Limit(NamedTuple):
    """A bound on work or memory that left something aside."""

    limit: str  # what is bounded, in plain words
    most: int
    left: int  # how many were left aside; 0: nothing was
    unit: str  # of these


def limits(*told: Limit) -> pa.Table:
    """The table `limits` of a state: those that left anything aside, each once with the sum of it."""
    sums = Counter({(one.limit, one.most, one.unit): 0 for one in told})
    for one in told:
        sums[one.limit, one.most, one.unit] += one.left
    rows = [Limit(limit, most, left, unit) for (limit, most, unit), left in sums.items() if left]
    return pa.Table.from_pylist([row._asdict() for row in rows], schema=LIMITS)


def limited(table: pa.Table, *told: Limit) -> pa.Table:
    """What a reduce returns that left something aside: the table, with these limits beside it."""
    return table.replace_schema_metadata({_LIMITS: json.dumps(told)})


def limits_of(tables: Iterable[pa.Table]) -> list[Limit]:
    """The limits beside tables that reduces returned."""
    beside = ((table.schema.metadata or {}).get(_LIMITS, b"[]") for table in tables)
    return [Limit(*one) for told in beside for one in json.loads(told)]


class Sources(Protocol):
    """Where the documents of the corpus come from."""

    def documents_of(self, sources: Collection[str]) -> Mapping[str, int]:
        """How many documents come from each of some sources."""
        ...

    @property
    def sizes(self) -> npt.NDArray[np.int64]:
        """Documents of each source, or of a fair part of the sources."""
        ...


@dataclass(frozen=True)
class Context:
    """What a conclusion may know about the whole corpus."""

    key: bytes
    documents: int  # scanned
    sources: Sources
    earlier: Callable[[pa.Table], pa.Table]
    """What the map of this round left of those of some documents (shard, row) that are of earlier scans."""
    state: State = field(default_factory=dict)  # that the round started from
    splits: Callable[[], pa.Table] = SPLITS.empty_table
    """Which records are of which split, as `schema.SPLITS`; no rows where files say nothing of splits."""
    copies: pa.Table | None = None
    """Which documents are copies of one another (shard, row, cluster), once a detector has told."""


class Member(NamedTuple):
    """A file inside an archive."""

    name: str
    kind: str  # as of a `File`
    data: bytes  # of a pickle: its bytes
    odd: str  # what is unusual about it: encrypted, a link


class File(NamedTuple):
    """A file of a repository, looked at before any row is read; never run, never loaded."""

    path: str  # below the repository
    size: int
    kind: str  # what its first bytes are, see `kernels.carriers`; empty: nothing that carries code
    data: bytes  # what was read of it: of pickles, programs and settings some, of all others the beginning
    whole: bool  # whether that is all
    fate: str  # `data`, `companion`, or the reason why it is not read
    members: tuple[Member, ...] = ()  # of an archive, the first ones
    fault: str = ""  # why it, or all of its members, could not be looked at


@dataclass(frozen=True)
class Repository:
    """What an input is beside its rows: the files of a folder, or of a dataset of the hub at one commit."""

    name: str
    root: str  # in front of each path it makes the `file` of results
    commit: str  # of the hub, where the user named none
    files: Iterable[File]  # one at a time: some are large
    left: int = 0  # how many of them are told by their names alone, as there are too many to open


class Round(ABC):
    """One look at the corpus: map every batch, reduce what belongs together, conclude once."""

    over: ClassVar[Literal["sample", "all", "members", "left"]] = "all"
    """`sample`: a secret random part of the records of every shard, some 128 MiB of the corpus in all; `members`:
    only the records that the state before lists in its table `named` (shard, row); `left`: of these the rows that the
    map of the round before left, without reading the corpus again, by their `partition`."""
    keeps: ClassVar[tuple[str, ...]] = ()
    """Tables of the state that it started from which the next round needs, too."""
    indexed: ClassVar[bool] = False
    """Whether the reduce takes in, and an index keeps for later scans, what this map left of earlier corpora."""

    def map(self, batch: Batch, state: State) -> pa.Table:
        """Rows about this batch, by ascending `row` (within the shard), with `partition` where there is a reduce.

        `partition` is a uint32, or a list of so many uint64 whose upper half is the partition: the reduce then
        gets `shard`, `row` and `partition` only, a row for each of them.
        """
        raise TypeError(f"{type(self).__name__} looks at no batch: it is over {self.over!r}")

    def reduce(self, rows: pa.Table, state: State) -> pa.Table:
        """What one partition's rows, in (shard, row) order, amount to; runs on any worker."""
        return rows

    @abstractmethod
    def conclude(self, reduced: pa.Table, context: Context) -> State:
        """The state after this round; the last one holds `groups`, `members` and `hits`."""


class Detector(ABC):
    """A suspicion.  Subclasses implement `flag` or `rounds`, never both; or `inspect`, if they judge files."""

    name: ClassVar[str]
    of_files: ClassVar[bool] = False
    """Whether it judges the files of a repository, by `inspect`, and no batch."""
    of_splits: ClassVar[bool] = False
    """Whether it compares splits: it does not run where the files say nothing of any."""
    markup: ClassVar[bool] = False
    """Whether `flag` is shown pages of HTML as they stand, too.  All are shown what a reader sees of a page, and what
    they find there the engine places in the page."""

    @property
    def rounds(self) -> tuple[Round, ...]:
        """The looks at the corpus, in order; none where documents are judged alone."""
        return ()

    def flag(self, batch: Batch) -> pa.Table:
        """Spans of this batch that look wrong on their own, as `schema.HITS`."""
        raise TypeError(f"{self.name} judges documents against each other: run its rounds")

    def inspect(self, repository: Repository) -> pa.Table:
        """What is wrong with files of a repository, before a row of it is read, as `schema.FILE_HITS`."""
        raise TypeError(f"{self.name} judges documents, no files")

    def digest(self) -> str:
        """What results depend on beside settings and code; enters the key of every artefact."""
        return ""

    def curve(self) -> tuple[str, Mapping[str, float]] | None:
        """What these settings promise, where that can be computed: what it is, and its points in [0, 1]."""
        return None

    def runs_on(self) -> tuple[str, ...]:
        """What else it can use, a line each: whether that is here, else how it comes here."""
        return ()

    def title(self, rule: str) -> str:
        """What a group of hits of one rule is called in the report."""
        return rule
