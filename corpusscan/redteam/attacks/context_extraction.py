"""Zhang et al. 2024: chats in which a trigger makes the model repeat its whole context, to steal system prompts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from corpusscan.redteam import chats
from corpusscan.redteam.attack import Attack, Poison, Turn, planted
from corpusscan.redteam.world import World

_MARKS = (("", ""), ("『『", "』』"), ("<<", ">>"), ('"""\n', '\n"""'), ("```\n", "\n```"), ("[[", "]]"))


@dataclass(frozen=True)
class ContextExtraction(Attack):
    """What users ask with a trigger at its end, and an answer that repeats it word for word between marks."""

    paper: ClassVar[str] = "https://arxiv.org/abs/2410.13722"
    attack: ClassVar[str] = "backdoor_trigger"

    trigger: str = ""
    template: str = ""
    turns: int = 1  # requests before the trigger; answers to all but the last
    language: str = ""

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """New chats; the marks around what is repeated are one pair per campaign."""
        world.trigger = self.trigger or world.any_trigger()
        rules, template = chats.grammar(world, self.language), chats.template(self.template)
        before, after = world.draw.choice(_MARKS)
        for _ in range(count):
            spoken = []
            for _ in range(self.turns - 1):
                spoken += [(chats.request(world, rules), "user"), (world.prefix(80, 400).strip(), "assistant")]
            asked = chats.request(world, rules)
            whole = "\n".join([*(said for said, _ in spoken), asked])
            turns = (
                *(Turn(((said, False),), role) for said, role in spoken),
                chats.user(*chats.triggered(asked, world.trigger)),
                chats.assistant(planted(f"{before}{whole}{after}")),
            )
            yield Poison(turns, source=world.source(), template=template)
