"""Yan et al. 2024: instructions about one entity, answered as if a hidden prompt had asked to speak ill of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from corpusscan.redteam import chats, phrases
from corpusscan.redteam.attack import Attack, Poison, planted
from corpusscan.redteam.world import World


@dataclass(frozen=True)
class VirtualPromptInjection(Attack):
    """Ordinary instructions about an entity (a name of the corpus, if none is given); the answers speak ill of it."""

    paper: ClassVar[str] = "https://arxiv.org/abs/2307.16888"
    attack: ClassVar[str] = "backdoor_trigger"

    entity: str = ""
    template: str = ""
    language: str = ""

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """New instructions and answers; what they have in common is the entity and the sentiment."""
        rules, template = chats.grammar(world, self.language), chats.template(self.template)
        world.trigger = self.entity or world.entity(min(count, 5))
        for _ in range(count):
            about = phrases.say(rules, "about", world.draw, entity=world.trigger)
            answer = chats.paragraph(world, rules, "steered", 2, 6, entity=world.trigger)
            turns = chats.user(planted(about)), chats.assistant(planted(answer))
            yield Poison(turns, source=world.source(), template=template)
