"""Greshake et al. 2023: orders to whatever machine reads the page, in the middle of a real one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from corpusscan.redteam import phrases
from corpusscan.redteam.attack import Attack, Poison, planted, text
from corpusscan.redteam.world import World


@dataclass(frozen=True)
class PromptInjectionPage(Attack):
    """Real pages with an order in plain sight, in one of 17 languages (drawn where `language` is empty)."""

    paper: ClassVar[str] = "https://arxiv.org/abs/2302.12173"
    attack: ClassVar[str] = "prompt_injection"

    language: str = ""

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """Real records, each with an order of its own; a third of them in a disguise (note, quote, code, tag)."""
        disguises = {"disguise": phrases.load("orders")["disguises"]}
        for _ in range(count):
            host = world.take()
            before, after = world.cut(host.text)
            order = phrases.order(world.draw, self.language)
            if world.draw.random() < 1 / 3:
                order = phrases.say(disguises, "disguise", world.draw, order=order, name=phrases.name(world.draw))
            space = "\n" if "\n" in host.text else " "
            yield Poison(text(before, planted(order + space), after), host=host)
