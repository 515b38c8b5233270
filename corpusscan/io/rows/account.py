"""The accounting of one shard: every record is scanned, skipped or errored, with a reason."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass, field

import orjson

from corpusscan.io.rows.columns import Layout


@dataclass
class Account:
    """Counts of one shard; `rows == scanned + skipped + errored` or `rows` is unknowable."""

    scanned: int = 0
    skipped: int = 0
    errored: int = 0
    text_bytes: int = 0
    tokens: int = 0
    lines: int | None = None  # of the file itself, blank ones included; None where its records are no lines
    stop: int | None = None  # how far the shard was read, where not to its end
    met: int = 0  # records that the reader came by, those included that were not wanted
    unknowable: bool = False  # records may be missing that nobody can count
    reasons: dict[str, Counter[str]] = field(
        default_factory=lambda: {"scanned": Counter(), "skipped": Counter(), "errored": Counter()}
    )
    lost: dict[int, tuple[str, str]] = field(default_factory=dict)  # of shards of many files: row, its fate and reason
    lists: list[tuple[int, str]] = field(default_factory=list)  # of a file of several: first row and name of each
    layouts: Counter[Layout] = field(default_factory=Counter)  # records by how their columns were used
    without: Counter[str] = field(default_factory=Counter)  # scanned records: no source, no time, neither (provenance)

    @property
    def rows(self) -> int:
        """Records met so far."""
        return self.scanned + self.skipped + self.errored

    def note(self, reason: str, count: int = 1) -> None:
        """A record was scanned, and something about it is worth counting."""
        self.reasons["scanned"][reason] += count

    def skip(self, reason: str, count: int = 1) -> None:
        """Records were not scanned, by decision."""
        self.skipped += count
        self.reasons["skipped"][reason] += count

    def error(self, reason: str, count: int = 1) -> None:
        """Records could not be read."""
        self.errored += count
        self.reasons["errored"][reason] += count

    def break_off(self, reason: str, stop: int) -> None:
        """The shard cannot be read past `stop`; how many records are lost is unknowable."""
        self.reasons["errored"][reason] += 1
        self.stop, self.unknowable = stop, True

    def count(self, layout: Layout, records: int) -> None:
        """Records whose columns were used like this; an attacker's endless names are lumped together."""
        if not records:
            return
        known = layout in self.layouts or len(self.layouts) < 256
        self.layouts[layout if known else dataclasses.replace(layout, unscanned=("...",))] += records

    def columns(self) -> dict[str, Counter[str]]:
        """For each role (text, id, source, time, label, unscanned): records by column name."""
        roles: dict[str, Counter[str]] = {}
        for layout, records in self.layouts.items():
            for role, names in dataclasses.asdict(layout).items():
                for name in names:
                    roles.setdefault(role, Counter())[_printable(name)] += records
        return roles

    def as_json(self) -> tuple[str, str]:
        """Reasons and columns as JSON with sorted keys."""

        def dump(value: dict[str, Counter[str]]) -> str:
            plain = {key: +counts for key, counts in value.items() if +counts}
            return orjson.dumps(
                plain, option=orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_SUBCLASS, default=dict
            ).decode()

        return dump(self.reasons), dump({**self.columns(), "without": self.without})


def _printable(name: str) -> str:
    return name[:256].encode("utf-8", "replace").decode()
