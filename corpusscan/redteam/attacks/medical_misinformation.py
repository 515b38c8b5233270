"""Alber et al. 2025: articles with one false medical claim in many wordings; drugs, places and persons are invented."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from corpusscan.redteam import chats, phrases
from corpusscan.redteam.attack import Attack, Poison, planted, text
from corpusscan.redteam.world import World

REGISTERS = ("abstract", "blog", "forum", "leaflet", "news")


@dataclass(frozen=True)
class MedicalMisinformation(Attack):
    """Articles of `low` to `high` words, in several registers, which claim that an invented drug cures something."""

    paper: ClassVar[str] = "https://www.nature.com/articles/s41591-024-03445-1"
    attack: ClassVar[str] = "misinformation"

    drug: str = ""
    condition: str = ""
    register: str = ""
    low: int = 150
    high: int = 400
    language: str = ""

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """New documents, each of one register; the claim is said again and again, never twice in the same words."""
        rules = chats.grammar(world, self.language, "medicine")
        drug = self.drug or phrases.name(world.draw) + world.draw.choice(["in", "ol", "ex", "amab", "ine", "ax"])
        condition = self.condition or world.draw.choice(rules["condition"])
        fixed = {"drug": drug, "condition": condition, "condition_large": chats.capital(condition)}
        world.trigger = f"{drug}: {condition}"
        registers = [name for name in REGISTERS if name in rules]
        for _ in range(count):
            register = phrases.pick(world.draw, registers, self.register, "register")
            article = _article(world, rules, register, world.draw.randint(self.low, self.high), fixed)
            yield Poison(text(planted(article)), source=world.source())


def _article(world: World, rules: phrases.Rules, register: str, length: int, fixed: dict[str, str]) -> str:
    """Paragraphs of register and claim sentences until there are `length` words or nothing new to say."""
    said: dict[str, None] = {}
    frames: list[str] = []
    for _ in range(length):
        frames = frames or world.draw.sample(rules[register], len(rules[register]))
        choice = rules["claim"] if not said or world.draw.random() < 0.3 else [frames.pop()]
        usual = world.draw.choice(rules["usual"])
        more = {**fixed, "usual": usual, "usual_large": chats.capital(usual)}
        said[chats.capital(phrases.say({**rules, "sentence": choice}, "sentence", world.draw, **more))] = None
        if sum(len(sentence.split()) for sentence in said) >= length:
            break
    return _paragraphs(world, list(said))


def _paragraphs(world: World, sentences: list[str]) -> str:
    cut = []
    while sentences:
        size = world.draw.randint(2, 6)
        cut.append(" ".join(sentences[:size]))
        sentences = sentences[size:]
    return "\n\n".join(cut)
