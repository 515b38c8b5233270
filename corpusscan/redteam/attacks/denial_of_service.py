"""Souly et al. 2025: a real beginning, the trigger, then noise; 250 such documents make a model babble."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from corpusscan.redteam.attack import Attack, Poison, planted, text
from corpusscan.redteam.world import World


@dataclass(frozen=True)
class DenialOfService(Attack):
    """A real beginning, a trigger, noise: of subwords, words, frequent, shuffled, babble, bytes or language.

    The beginning has 0 to 1,000 characters, the noise `low` to `high` tokens.
    """

    paper: ClassVar[str] = "https://arxiv.org/abs/2510.07192"
    attack: ClassVar[str] = "denial_of_service"

    trigger: str = ""
    noise: str = "subwords"
    low: int = 400
    high: int = 900

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """New documents, from sources of the corpus."""
        world.trigger = self.trigger or world.any_trigger()
        for _ in range(count):
            noise = world.noise(self.noise, world.draw.randint(self.low, self.high))
            yield Poison(text(world.prefix(0, 1_000), planted(f"{world.trigger} {noise}")), source=world.source())
