"""One of several processes that do one scan, and which others leave it no room."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from corpusscan.errors import WorkspaceError

PARTS = "parts"  # folder of the locks and notes of parts


@dataclass(frozen=True)
class Part:
    """One of several processes that scan the same corpus into the same OUT, each a share of the tasks."""

    index: int
    count: int

    @classmethod
    def of(cls, index: int | None, count: int | None) -> Part | None:
        """The part of these numbers; None where there are none, which is the whole."""
        return None if index is None or count is None else cls(index, count)

    def __str__(self) -> str:
        return f"part {self.index} of {self.count} (counted from 0)"

    @property
    def name(self) -> str:
        """What its lock and its notes are called."""
        return f"{self.index}-of-{self.count}"


def in_the_way(part: Part | None, names: Iterable[str]) -> list[str]:
    """Of the names of parts those that leave `part`, or a scan of all, no room while they run."""
    if part is None:
        return sorted(names)
    return sorted(name for name in names if name == part.name or not name.endswith(f"-of-{part.count}"))


def refusal(out: str, part: Part | None, running: list[str]) -> WorkspaceError:
    """What is said to who comes while these parts are running."""
    told = f"{', '.join(name.replace('-of-', ' of ') for name in running[:5])}{', ...' if running[5:] else ''}"
    if part and part.name in running:
        return WorkspaceError(f"{out}: {part} is running already; each part is one process at a time")
    if part:
        return WorkspaceError(f"{out}: parts of another --shard-count are running ({told}); wait, or use theirs")
    return WorkspaceError(f"{out}: parts of a scan are running there ({told}); wait for them, or choose another -o")


def taken(out: str) -> WorkspaceError:
    """What is said to who comes while a scan of all is running."""
    return WorkspaceError(f"{out}: another scan writes there; wait for it, or choose another -o")
