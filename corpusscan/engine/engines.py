"""What the schedule knows of an engine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from corpusscan.engine.local import Lost
from corpusscan.engine.tasks import Outcome, Task
from corpusscan.workspace import Part


class Engine(Protocol):
    """Where tasks run: detectors and the schedule know no more of it."""

    def run(self, tasks: Sequence[Task]) -> Iterable[tuple[Task, Outcome | Lost] | None]:
        """Each task of one stage with its outcome, in any order; None now and then.

        Raises `WorkspaceError` where no task can succeed any more.
        """
        ...


class Share(Engine, Protocol):
    """An engine that does one part's share of the tasks."""

    part: Part

    def settle(self) -> None:
        """Raises `PartDone` where others have yet to do theirs."""
        ...


class Noted(Lost):
    """A task of another part, which that part has lost."""
