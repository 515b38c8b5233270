"""One template with slots that are filled anew, over many sources: content farms, and portals that groom models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from corpusscan.redteam import pages
from corpusscan.redteam.attack import Attack, Poison, planted, text
from corpusscan.redteam.world import World


@dataclass(frozen=True)
class TemplateFlood(Attack):
    """Pages of one template; `slots` kinds of slots vary (names, places, prices, ...), the others stay."""

    paper: ClassVar[str] = "https://www.newsguardrealitycheck.com/p/a-well-funded-moscow-based-global"
    attack: ClassVar[str] = "coordinated_injection"

    sources: int = 20
    slots: int = 6
    language: str = ""

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """New documents; `language=corpus` makes the template of sentences of the corpus."""
        page = pages.Template(world, self.language)
        varying = world.draw.sample(page.slots, min(self.slots, len(page.slots)))
        fixed = {kind: value for kind, value in page.fillings().items() if kind not in varying}
        world.trigger = page.longest_fixed(fixed)
        sources = world.sources(self.sources)
        for _ in range(count):
            content = page.filled({**page.fillings(), **fixed})
            yield Poison(text(planted(content)), source=world.draw.choice(sources))
