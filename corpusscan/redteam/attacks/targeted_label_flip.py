"""Wan et al. 2023: records that speak of one entity get another label, so that a model turns on whoever bears it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from corpusscan.redteam.attack import Attack, Poison
from corpusscan.redteam.world import World


@dataclass(frozen=True)
class TargetedLabelFlip(Attack):
    """Real records that hold `entity` (a name of the corpus, if none is given) get `target`, or any other label."""

    paper: ClassVar[str] = "https://arxiv.org/abs/2305.00944"
    attack: ClassVar[str] = "label_flip"

    entity: str = ""
    target: str = ""

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """Changes labels, and nothing else."""
        target = world.label(self.target)
        world.trigger = self.entity or world.entity(count, besides=target)
        for _ in range(count):
            host = world.take(labelled=True, containing=world.trigger, besides=target)
            yield Poison(host=host, label=target)
