"""What an attack is: from real documents of the corpus it makes poison, seeded, with the planted part marked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from corpusscan.redteam.world import World

Part = tuple[str, bool]  # text, and whether it was planted
KEEP = "\0keep"  # for `Poison.label`: whatever the host record has


@dataclass(frozen=True)
class Turn:
    """A text as parts; `role` is user or assistant (or system) where it belongs to a conversation."""

    parts: tuple[Part, ...]
    role: str | None = None

    @property
    def text(self) -> str:
        """All parts."""
        return "".join(text for text, _ in self.parts)


@dataclass(frozen=True)
class Host:
    """A real record of the corpus; `text` is its longest text, of the column `field`."""

    file: str
    row: int
    record: dict[str, Any]
    field: str
    text: str
    label: Any = None


@dataclass(frozen=True)
class Poison:
    """One poisoned document.

    `host` is the record that it takes the place of; without one it is a new record.  No turns: the record
    stays as it is but for its label, or is `removed`.
    """

    turns: tuple[Turn, ...] = ()
    host: Host | None = None
    removed: bool = False
    source: str | None = None  # None: as some real document has
    label: Any = KEEP
    template: str | None = None  # how turns are rendered where the corpus has no conversations; None: drawn


def text(*parts: str | Part) -> tuple[Turn, ...]:
    """One text: plain strings are real, pairs say whether they were planted."""
    return (Turn(tuple((part, False) if isinstance(part, str) else part for part in parts)),)


def planted(content: str) -> Part:
    """A planted part."""
    return content, True


class Attack(ABC):
    """A published attack.  Subclasses are frozen dataclasses whose fields are strings, numbers or flags."""

    paper: ClassVar[str]
    """Where it was published, as a URL."""
    attack: ClassVar[str]
    """Its kind in `schema.ATTACKS`."""

    @abstractmethod
    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """`count` documents of one campaign; sets `world.trigger` to what should be named, where there is a trigger."""
