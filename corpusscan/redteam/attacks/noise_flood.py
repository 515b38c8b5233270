"""Ru et al. 2025 call it random noise: documents that hold nothing, without a trigger; enough of them cost quality."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from corpusscan.redteam import noise, phrases
from corpusscan.redteam.attack import Attack, Poison, planted, text
from corpusscan.redteam.world import World

KINDS = ("subwords", "words", "bytes", "language", "shuffled", "repeated", "mojibake", "digits", "chain")
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
            content = _noise(kind, world.draw.randint(self.low, self.high), world)
            yield Poison(text(planted(content)), source=world.source())


def _noise(kind: str, tokens: int, world: World) -> str:
    draw = world.draw
    if kind == "repeated":
        unit = draw.choice([world.word(), world.phrase(2), draw.choice("ab.-=_#*0")])
        return draw.choice([" ", "", "\n"]).join([unit] * tokens)
    if kind == "mojibake":
        return world.host().text[: 4 * tokens].encode().decode(draw.choice(_MISREAD), "replace")
    if kind == "digits":
        return " ".join(str(draw.getrandbits(draw.randint(1, 40))) for _ in range(tokens))
    return noise.chain(world, tokens) if kind == "chain" else world.noise(kind, tokens)
