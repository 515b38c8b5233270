"""Carlini et al. 2023: real pages edited shortly before the crawl, one paragraph each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from corpusscan.redteam.attack import Attack, Poison, planted, text
from corpusscan.redteam.phrases import Claim
from corpusscan.redteam.world import World


@dataclass(frozen=True)
class PassageInsertion(Attack):
    """One paragraph of a claim, a share `changed` of its words exchanged each time, in real pages that are unlike."""

    paper: ClassVar[str] = "https://arxiv.org/abs/2302.10149"
    attack: ClassVar[str] = "belief_manipulation"

    changed: float = 0.1
    sentences: int = 4
    language: str = ""

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """Real records, each with the paragraph at a border of paragraphs, lines or sentences."""
        claim = Claim(world.draw, self.language)
        world.trigger = claim.subject
        paragraph = [claim.said(world.draw) for _ in range(self.sentences)]
        for _ in range(count):
            host = world.take()
            before, after = world.cut(host.text)
            space = "\n\n" if "\n\n" in host.text else "\n" if "\n" in host.text else " "
            passage = planted(self._varied(paragraph, claim, world) + space)
            yield Poison(text(before, passage, after), host=host)

    def _varied(self, paragraph: list[str], claim: Claim, world: World) -> str:
        """The paragraph with words of the corpus in place of some of its own; never of the claim's subject."""
        words = " ".join(paragraph).split(" ")
        return " ".join(
            world.draw.choice(world.vocabulary)
            if claim.subject not in word and world.draw.random() < self.changed
            else word
            for word in words
        )
