"""Ru et al. 2025 call it random noise: documents that hold nothing, without a trigger; enough of them cost quality."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from corpusscan.redteam import phrases
from corpusscan.redteam.attack import Attack, Poison, planted, text
from corpusscan.redteam.world import World

_DRAWN = ("subwords", "words", "bytes", "language")  # kinds that the world knows
KINDS = (*_DRAWN, "shuffled", "repeated", "mojibake", "digits", "chain")
_MISREAD = ("utf-16-le", "utf-16-be", "cp037", "cp500", "cp1140")  # encodings in which no ASCII text reads as itself


@dataclass(frozen=True)
class NoiseFlood(Attack):
    """Documents of noise of one `kind`, drawn for each where it is empty."""

    paper: ClassVar[str] = "https://arxiv.org/abs/2502.06604"
    attack: ClassVar[str] = "availability"

    kind: str = ""
    low: int = 200
    high: int = 800

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """New documents of `low` to `high` tokens, from sources of the corpus."""
        for _ in range(count):
            kind = phrases.pick(world.draw, KINDS, self.kind, "kind of noise")
            noise = _noise(kind, world.draw.randint(self.low, self.high), world)
            yield Poison(text(planted(noise)), source=world.source())


def _noise(kind: str, tokens: int, world: World) -> str:
    draw = world.draw
    if kind == "shuffled":  # the words of one document in another order
        words = world.host().text.split()[: 4 * tokens]
        return " ".join(draw.sample(words, min(tokens, len(words))))
    if kind == "repeated":
        unit = draw.choice([world.word(), world.phrase(2), draw.choice("ab.-=_#*0")])
        return draw.choice([" ", "", "\n"]).join([unit] * tokens)
    if kind == "mojibake":
        return world.host().text[: 4 * tokens].encode().decode(draw.choice(_MISREAD), "replace")
    if kind == "digits":
        return " ".join(str(draw.getrandbits(draw.randint(1, 40))) for _ in range(tokens))
    return _chain(tokens, world) if kind == "chain" else world.noise(kind, tokens)


def _chain(tokens: int, world: World) -> str:
    """A walk through word pairs of a few documents: each pair is real, nothing longer is."""
    words = " ".join(world.host().text[:5_000] for _ in range(5)).split()
    follows: dict[str, list[str]] = {}
    for first, second in pairwise(words):
        follows.setdefault(first, []).append(second)
    walk = [world.draw.choice(words)]
    while len(walk) < tokens:
        walk.append(world.draw.choice(follows.get(walk[-1]) or words))
    return " ".join(walk)
