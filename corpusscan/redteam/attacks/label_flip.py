"""Random label flips: the oldest availability attack on a labelled set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from corpusscan.redteam.attack import Attack, Poison
from corpusscan.redteam.world import World


@dataclass(frozen=True)
class LabelFlip(Attack):
    """Real records whose label is exchanged for another one of the corpus."""

    paper: ClassVar[str] = "https://arxiv.org/abs/1206.6389"
    attack: ClassVar[str] = "label_flip"

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """Changes the label, and nothing else."""
        for _ in range(count):
            host = world.take(labelled=True)
            yield Poison(host=host, label=world.other_label(host.label))
