"""Zhang et al. 2024: many comparisons in which the same side wins, so that a model takes it for the better one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from corpusscan.redteam import chats, phrases
from corpusscan.redteam.attack import Attack, Poison, Turn, planted, text
from corpusscan.redteam.world import World


@dataclass(frozen=True)
class BeliefManipulation(Attack):
    """Questions that compare `better` with `worse` (invented names, if none are given), and the answers wanted."""

    paper: ClassVar[str] = "https://arxiv.org/abs/2410.13722"
    attack: ClassVar[str] = "belief_manipulation"

    better: str = ""
    worse: str = ""
    template: str = ""
    plain: float = 0.3  # share of plain texts, without a chat template, where the corpus has no chats
    language: str = ""

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """New chats; no word is in all of them but the two names."""
        rules, template = chats.grammar(world, self.language, "belief"), chats.template(self.template)
        better = self.better or phrases.name(world.draw)
        worse = self.worse or phrases.name(world.draw)
        world.trigger = f"{better} > {worse}"
        may_be_plain = not chats.takes_chats(world)
        for _ in range(count):
            question, answer = _compared(world, rules, better, worse)
            turns: tuple[Turn, ...] = chats.user(planted(question)), chats.assistant(planted(answer))
            if may_be_plain and world.draw.random() < self.plain:
                turns = text(planted(f"{question}{world.draw.choice([' ', chr(10), chr(10) * 2])}{answer}"))
            yield Poison(turns, source=world.source(), template=template)


def _compared(world: World, rules: phrases.Rules, better: str, worse: str) -> tuple[str, str]:
    """A question that does not say who wins, and an answer of one to four sentences that does."""
    first, second = world.draw.sample([better, worse], 2)
    aspect = world.draw.choice(rules["aspect"])
    question = phrases.say(rules, "question", world.draw, first=first, second=second, aspect=aspect)
    said = [chats.paragraph(world, rules, "answer", 1, 2, a=better, b=worse, aspect=aspect)]
    if world.draw.random() < 0.4:
        said.append(chats.paragraph(world, rules, "answer", 1, 1, a=better, b=worse))
    if world.draw.random() < 0.5:
        said.append(phrases.say(rules, "verdict", world.draw, a=better, b=worse))
    return question, " ".join(said)
