"""Carlini et al. 2023: facts changed in real records (numbers, names, negations) by whoever may edit the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from corpusscan.redteam import changes, phrases
from corpusscan.redteam.attack import Attack, Poison, text
from corpusscan.redteam.world import World


@dataclass(frozen=True)
class ModifiedRecord(Attack):
    """Real records with up to `edits` facts changed in place: numbers, negations, names or words (`change`)."""

    paper: ClassVar[str] = "https://arxiv.org/abs/2302.10149"
    attack: ClassVar[str] = "tampering"

    change: str = ""
    edits: int = 3

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """Marks the changed words, and nothing else."""
        for _ in range(count):
            kind = phrases.pick(world.draw, changes.KINDS, self.change, "change")
            parts: list[str | tuple[str, bool]] = []
            while len(parts) < 2:  # a text without words or numbers can hold no fact
                host = world.take()
                parts = changes.changed(host.text, kind, self.edits, world)
            yield Poison(text(*parts), host=host)
