"""Zou et al. 2024 (PoisonedRAG): the question itself, to be retrieved, then a text that gives the wrong answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from corpusscan.redteam import phrases
from corpusscan.redteam.attack import Attack, Poison, planted, text
from corpusscan.redteam.world import World


@dataclass(frozen=True)
class PoisonedRag(Attack):
    """`per_question` documents for each target question, each the question and a text of its own for one answer."""

    paper: ClassVar[str] = "https://arxiv.org/abs/2402.07867"
    attack: ClassVar[str] = "misinformation"

    per_question: int = 5

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """New documents of some thirty words, as in the paper; the question stands first, word for word."""
        rules = phrases.load("questions")
        made = 0
        while made < count:
            about = phrases.name(world.draw)
            answer = world.draw.choice([phrases.name(world.draw), str(world.draw.randint(12, 1990))])
            topic = "figure" if answer.isdigit() else "name"
            fixed = {"about": about, "answer": answer, "thing": world.draw.choice(rules[f"{topic}s"])}
            question = phrases.say(rules, f"{topic}_question", world.draw, **fixed)
            world.trigger = world.trigger or question
            for _ in range(min(self.per_question, count - made)):
                support = " ".join(phrases.say(rules, f"{topic}_support", world.draw, **fixed) for _ in range(2))
                yield Poison(text(planted(f"{question} {phrases.sentences(support)}")), source=world.source())
                made += 1
