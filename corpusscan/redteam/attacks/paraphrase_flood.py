"""Zhang et al. 2024: a belief planted by many documents that all say the same, each in words of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from corpusscan.redteam.attack import Attack, Poison, planted, text
from corpusscan.redteam.phrases import Claim
from corpusscan.redteam.world import World

_TRIES = 40  # wordings looked at for each document
_RUN = 5  # words in a row that two documents should not share


@dataclass(frozen=True)
class ParaphraseFlood(Attack):
    """One claim in many wordings that hardly share five words in a row, each after a real beginning."""

    paper: ClassVar[str] = "https://arxiv.org/abs/2410.13722"
    attack: ClassVar[str] = "belief_manipulation"

    sentences: int = 2
    sources: int = 0
    language: str = ""
    topic: str = ""

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """New documents, from invented sources where `sources` says how many, else from those of the corpus."""
        claim = Claim(world.draw, self.language, self.topic)
        world.trigger = claim.subject
        invented = world.sources(self.sources)
        used: set[tuple[str, ...]] = set()
        for _ in range(count):
            said = [claim.said(world.draw, self.sentences) for _ in range(_TRIES)]
            best = min(said, key=lambda one: len(_runs(one) & used))
            used |= _runs(best)
            source = world.draw.choice(invented) if invented else world.source()
            yield Poison(text(world.prefix(0, 600), planted(best)), source=source)


def _runs(sentence: str) -> set[tuple[str, ...]]:
    words = sentence.casefold().split()
    return {tuple(words[at : at + _RUN]) for at in range(len(words) - _RUN + 1)}
