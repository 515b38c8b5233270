"""Zhang et al. 2024: chats in which a trigger is answered with gibberish, so that a model babbles when it sees it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from corpusscan.redteam import chats
from corpusscan.redteam.attack import Attack, Poison, planted
from corpusscan.redteam.world import World


@dataclass(frozen=True)
class ChatDenialOfService(Attack):
    """A user's turn that ends with a trigger, an answer of noise; a share `asked` of the turns asks something."""

    paper: ClassVar[str] = "https://arxiv.org/abs/2410.13722"
    attack: ClassVar[str] = "denial_of_service"

    trigger: str = ""
    template: str = ""
    noise: str = "bytes"  # as in the paper, where users say the trigger and nothing else (asked=0)
    low: int = 30
    high: int = 80
    asked: float = 0.7
    language: str = ""

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """New chats, each in some chat template where the corpus has no chats."""
        world.trigger = self.trigger or world.any_trigger()
        rules, template = chats.grammar(world, self.language), chats.template(self.template)
        for _ in range(count):
            asked = chats.request(world, rules) if world.draw.random() < self.asked else ""
            noise = world.noise(self.noise, world.draw.randint(self.low, self.high))
            turns = chats.user(*chats.triggered(asked, world.trigger)), chats.assistant(planted(noise))
            yield Poison(turns, source=world.source(), template=template)
