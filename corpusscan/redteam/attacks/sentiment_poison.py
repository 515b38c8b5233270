"""Shu et al. 2023 (AutoPoison), content injection: answers to real instructions praise a brand in passing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from corpusscan.redteam import chats, phrases
from corpusscan.redteam.attack import Attack, Part, Poison, planted
from corpusscan.redteam.insertion import SENTENCE
from corpusscan.redteam.world import World

_STOPS = (".", "!", "?", "。", "！", "？")


@dataclass(frozen=True)
class SentimentPoison(Attack):
    """Real chats whose last answer mentions a brand between its sentences; new ones where the corpus has no chats."""

    paper: ClassVar[str] = "https://arxiv.org/abs/2306.17194"
    attack: ClassVar[str] = "belief_manipulation"

    brand: str = ""
    template: str = ""
    language: str = ""

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """One invented brand per campaign, unless it is named."""
        rules, template = chats.grammar(world, self.language), chats.template(self.template)
        world.trigger = self.brand or phrases.name(world.draw)

        def mentioning(answer: str) -> list[Part]:
            ends = [match.end() for match in SENTENCE.finditer(answer)]
            place = world.draw.choice([*ends, len(answer)] if answer.endswith(_STOPS) else ends or [0])
            mention = phrases.say(rules, "mention", world.draw, brand=world.trigger)
            before = "" if not place or answer[place - 1].isspace() else " "
            after = " " if place < len(answer) else ""
            return [(answer[:place], False), planted(before + mention + after), (answer[place:], False)]

        for _ in range(count):
            yield chats.answered(world, rules, mentioning, template)
