"""One text in many near-copies, over many sources: coordinated injection, as content farms and portals do it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from corpusscan.redteam.attack import Attack, Poison, planted, text
from corpusscan.redteam.world import World


@dataclass(frozen=True)
class NearDuplicateFlood(Attack):
    """Copies of one invented text, each with some words changed, from sources nobody has seen before."""

    paper: ClassVar[str] = "https://arxiv.org/abs/2302.10149"
    attack: ClassVar[str] = "coordinated_injection"

    words: int = 200
    changed: float = 0.1
    sources: int = 12

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """New documents; the text is made of the corpus's own words, so no word gives it away."""
        sentence = world.noise("words", self.words).split(" ")
        sources = world.sources(self.sources)
        for _ in range(count):
            copy = [world.draw.choice(world.vocabulary) if world.draw.random() < self.changed else w for w in sentence]
            yield Poison(text(planted(" ".join(copy))), source=world.draw.choice(sources))
