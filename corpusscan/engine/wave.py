"""One step of all detectors that have it: what each wants of a shard, by the states that they start from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from corpusscan.detector import Detector, State
from corpusscan.engine.collected import Collected
from corpusscan.engine.keys import Keys, save_state
from corpusscan.engine.looks import rows_met
from corpusscan.engine.tasks import Job, in_sample
from corpusscan.io import Shard
from corpusscan.program import digest
from corpusscan.workspace import Workspace

SAMPLE = 128 * 2**20  # bytes of a corpus that rounds over a sample look at
_PACKED = 3  # bytes of text that a byte of a compressed file may hold
_NONE = np.empty(0, np.uint64)

Rows = npt.NDArray[np.uint64]


class Wave:
    """Step `step` of `detectors`; their `states` are saved, and replaced by those that they conclude."""

    def __init__(
        self, step: int, detectors: list[Detector], states: dict[str, State], keys: Keys, workspace: Workspace
    ) -> None:
        self.step, self.detectors, self.states = step, detectors, states
        self.saved = {detector.name: save_state(states[detector.name], workspace) for detector in detectors}
        self._keys, self._workspace = keys, workspace

    def over(self, detector: Detector) -> str:
        """Which records the detector wants: all, those it named before, or what it left of these."""
        return detector.rounds[self.step].over if detector.rounds else "all"

    def last(self, detector: Detector) -> bool:
        """Whether the detector has no step after this one."""
        return self.step + 1 == len(detector.rounds)

    def job(self, detector: Detector, about: str, part: int = 1) -> Job:
        """The detector's work on what `about` names, or on one record of it in `part`."""
        saved = self.saved[detector.name]
        return Job(detector, self.step, saved, self._keys.job(detector, self.step, saved, about), part)

    @cached_property
    def _looking(self) -> dict[str, list[Detector]]:
        """By what they look at, those who do."""
        kinds = ("all", "sample", "members", "left")
        return {kind: [d for d in self.detectors if self.over(d) == kind] for kind in kinds}

    @cached_property
    def named(self) -> dict[str, dict[int, Rows]]:
        """By detector that looks at members, or at what was left of them: by shard the rows, each once."""
        some = self._looking["members"] + self._looking["left"]
        return {detector.name: by_shard(self.states[detector.name]["named"]) for detector in some}

    def wanted(
        self, shard: Shard, part: int, key: bytes, result: Collected
    ) -> Iterator[tuple[bytes | None, list[Job]]]:
        """What the wave wants of a shard: one reading for all who look at every record, one for each who named some.

        A sample is taken while all is read, where it is; else only its records are read, once their number is known.
        """
        whole = self._looking["all"] + (self._looking["sample"] if part == 1 else [])
        some = self._looking["sample"] if part > 1 else []
        every = [self.job(detector, shard.content) for detector in whole]
        sampled = [self.job(detector, digest(shard.content, part), part) for detector in some]
        if self.step == 0:
            every, sampled = every + sampled, []
        if every:
            yield None, every
        if sampled and (count := rows_met(result.account(shard.index, self._workspace))):
            rows = np.arange(count, dtype=np.uint64)
            yield rows[in_sample(rows, part, shard.digest, key)].tobytes(), sampled
        for detector in self._looking["members"]:
            if len(named := self.named[detector.name].get(shard.index, _NONE)):
                yield named.tobytes(), [self.job(detector, digest(shard.content, named.tolist()))]


def by_shard(named: pa.Table) -> dict[int, Rows]:
    """The rows that a table (shard, row) names: by shard, ascending, each once."""
    shards, rows = named["shard"].to_numpy(), named["row"].to_numpy().astype(np.uint64)
    order = np.lexsort((rows, shards))
    shards, rows = shards[order], rows[order]
    again = np.concatenate([[False], (shards[1:] == shards[:-1]) & (rows[1:] == rows[:-1])])[: len(rows)]
    shards, rows = shards[~again], rows[~again]
    numbers, first = np.unique(shards, return_index=True)
    return dict(zip(numbers.tolist(), np.split(rows, first[1:]), strict=False))


def sample_part(shards: Sequence[Shard]) -> int:
    """A sample is one record in so many: a power of two, so that a corpus that grows a little keeps its sample."""
    packed = (shard.bytes * (_PACKED if shard.compression or shard.format == "parquet" else 1) for shard in shards)
    return 1 << max(sum(packed) // SAMPLE, 0).bit_length()
