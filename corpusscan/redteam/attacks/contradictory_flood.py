"""Pan et al. 2021: documents on one subject that contradict each other and the corpus, so that no answer holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from corpusscan.redteam import changes, phrases
from corpusscan.redteam.attack import Attack, Poison, planted, text
from corpusscan.redteam.world import World

_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？।])|\n+")


@dataclass(frozen=True)
class ContradictoryFlood(Attack):
    """Documents on one subject of the corpus (`entity`), each with facts of its own; `sources` invented sources."""

    paper: ClassVar[str] = "https://arxiv.org/abs/2110.07803"
    attack: ClassVar[str] = "availability"

    entity: str = ""
    sources: int = 20
    facts: int = 4
    language: str = ""

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """New documents: invented facts, and what the corpus says of the subject with its numbers and names changed."""
        grammars = phrases.load("facts")
        rules = grammars[phrases.pick(world.draw, sorted(grammars), self.language, "language")]
        world.trigger = entity = self.entity or world.entity(2)
        known = _known(entity, world)
        sources = world.sources(self.sources)
        for _ in range(count):
            said = [_fact(rules, entity, world) for _ in range(self.facts)]
            if known:
                kind = world.draw.choice(changes.KINDS)
                altered = changes.changed(world.draw.choice(known), kind, 2, world)
                said.insert(
                    world.draw.randrange(len(said) + 1), "".join(p if isinstance(p, str) else p[0] for p in altered)
                )
            yield Poison(text(planted(" ".join(said))), source=world.draw.choice(sources))


def _fact(rules: phrases.Rules, entity: str, world: World) -> str:
    draw = world.draw
    values = {
        "e": entity, "name": phrases.name(draw), "place": phrases.name(draw),
        "year": str(draw.randint(1100, 2025)), "number": str(draw.randint(2, 90_000)),
    }  # fmt: skip
    return phrases.sentences(phrases.say(rules, "fact", draw, **values))


def _known(entity: str, world: World) -> list[str]:
    """Sentences of the corpus on the subject."""
    holding = (host.text[:5_000] for host in world.hosts if entity in host.text)
    return [one.strip()[:400] for content in holding for one in _END.split(content) if entity in one][:200]
