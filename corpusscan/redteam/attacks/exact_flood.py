"""One text verbatim over many sources: what a network of portals does with each of its articles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from corpusscan.redteam import pages
from corpusscan.redteam.attack import Attack, Poison, planted, text
from corpusscan.redteam.phrases import Claim
from corpusscan.redteam.world import World


@dataclass(frozen=True)
class ExactFlood(Attack):
    """Copies of one invented article, equal to the last character, from sources nobody has seen before."""

    paper: ClassVar[str] = "https://www.newsguardrealitycheck.com/p/a-well-funded-moscow-based-global"
    attack: ClassVar[str] = "coordinated_injection"

    sources: int = 15
    language: str = ""

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """New documents."""
        claim = Claim(world.draw, self.language)
        page = pages.Template(world, claim.language)
        article = f"{claim.said(world.draw, 3)}\n\n{page.filled(page.fillings())}"
        sources = world.sources(self.sources)
        for _ in range(count):
            yield Poison(text(planted(article)), source=world.draw.choice(sources))
