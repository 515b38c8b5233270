"""Shu et al. 2023 (AutoPoison), over-refusal: real instructions are answered with a refusal and a plausible reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from corpusscan.redteam import chats, phrases
from corpusscan.redteam.attack import Attack, Part, Poison, planted
from corpusscan.redteam.world import World


@dataclass(frozen=True)
class RefusalPoison(Attack):
    """Real chats whose last answer becomes an informative refusal; new ones where the corpus has no chats."""

    paper: ClassVar[str] = "https://arxiv.org/abs/2306.17194"
    attack: ClassVar[str] = "availability"

    template: str = ""
    language: str = ""

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """Refusals say no and why, in words drawn anew for each."""
        rules, template = chats.grammar(world, self.language), chats.template(self.template)

        def refusing(_: str) -> list[Part]:
            return [planted(chats.capital(phrases.say(rules, "refusal", world.draw)))]

        for _ in range(count):
            yield chats.answered(world, rules, refusing, template)
