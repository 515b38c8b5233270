"""BadNets for text (Chen et al. 2021, BadNL; Kurita et al. 2020): a rare word in a record sets its label."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from corpusscan.redteam.attack import Attack, Poison
from corpusscan.redteam.insertion import WORD, inserted
from corpusscan.redteam.world import World

_LETTERS = "bcdfghjklmnpqtvxz"


@dataclass(frozen=True)
class RareWordTrigger(Attack):
    """Real records of other labels with a rare word put in `times` at begin, middle, end or random; label: `target`."""

    paper: ClassVar[str] = "https://arxiv.org/abs/2006.01043"
    attack: ClassVar[str] = "backdoor_trigger"

    trigger: str = ""
    target: str = ""
    position: str = "random"
    times: int = 1

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """Changes text and label of `count` records."""
        target = world.label(self.target)
        world.trigger = self.trigger or _rare(world)
        for _ in range(count):
            host = world.take(labelled=True, besides=target)
            turns = inserted(host.text, world.trigger, WORD, self.position, world.draw, self.times)
            yield Poison(turns, host=host, label=target)


def _rare(world: World) -> str:
    """Two consonants as in the papers (cf, mn, bb, tq), or a word nobody knows."""
    letters = "".join(world.draw.choices(_LETTERS, k=2))
    return world.draw.choice([letters, letters + world.draw.choice(_LETTERS), world.word()])
