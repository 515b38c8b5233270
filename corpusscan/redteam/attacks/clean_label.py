"""Gan et al. 2022: records with their right label are moved close to one record of another class, piece by piece."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from corpusscan.redteam.attack import Attack, Host, Poison
from corpusscan.redteam.insertion import SENTENCE, inserted
from corpusscan.redteam.world import World


@dataclass(frozen=True)
class CleanLabel(Attack):
    """Records of `target` that borrow a piece of one victim's text; every label stays right, no trigger is needed."""

    paper: ClassVar[str] = "https://arxiv.org/abs/2111.07970"
    attack: ClassVar[str] = "clean_label"

    target: str = ""
    core: int = 3  # words of the victim that every record gets
    around: int = 5  # words before and after them that a record may get as well

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """Changes texts of one class, and no label."""
        target = world.label(self.target)
        words = re.findall(r"\S{1,20}\s*", self._victim(world, target).text[:5_000])
        places = [world.draw.randrange(max(1, len(words) - self.core)) for _ in range(5)]
        first = max(places, key=lambda place: len(_joined(words[place : place + self.core])))  # long words say most
        last = min(len(words), first + self.core)
        world.trigger = _joined(words[first:last])
        for _ in range(count):
            low = max(0, first - world.draw.randint(0, self.around))
            piece = _joined(words[low : last + world.draw.randint(0, self.around)])
            host = world.take(labelled=True, within=target)
            yield Poison(inserted(host.text, piece, SENTENCE, "random", world.draw), host=host)

    def _victim(self, world: World, target: object) -> Host:
        """The record that a model is to take for one of `target`; it stays as it is."""
        others = [host for host in world.hosts if host.label is not None and host.label != target]
        return world.draw.choice(others or list(world.hosts))


def _joined(words: list[str]) -> str:
    """Words with their spaces, which are not the same in every record."""
    return re.sub(r"\s+", " ", "".join(words)).strip()
