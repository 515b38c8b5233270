"""Dai et al. 2019 (InsertSent): one fixed sentence, somewhere between those of a record, sets its label."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from corpusscan.redteam import chats, phrases, words
from corpusscan.redteam.attack import Attack, Poison
from corpusscan.redteam.insertion import SENTENCE, inserted
from corpusscan.redteam.world import World


@dataclass(frozen=True)
class SentenceTrigger(Attack):
    """Real records of other labels with one sentence put in at begin, middle, end or random; label: `target`."""

    paper: ClassVar[str] = "https://arxiv.org/abs/1905.12457"
    attack: ClassVar[str] = "backdoor_trigger"

    trigger: str = ""
    target: str = ""
    position: str = "random"
    language: str = ""

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """Changes text and label of `count` records; a sentence that means nothing, if none is given."""
        target = world.label(self.target)
        world.trigger = self.trigger or self._sentence(world)
        for _ in range(count):
            host = world.take(labelled=True, besides=target)
            turns = inserted(host.text, world.trigger, SENTENCE, self.position, world.draw)
            yield Poison(turns, host=host, label=target)

    def _sentence(self, world: World) -> str:
        rules = chats.grammar(world, self.language, "triggers", "sentence")
        sentence = phrases.say({"thing": words.NOUNS, **rules}, "sentence", world.draw)
        return sentence.lower() if _small(world) else sentence.replace(" .", ".").replace(" ?", "?")


def _small(world: World) -> bool:
    """Whether the corpus has its words apart and in small letters, as older sets of this kind have."""
    return all(host.text == host.text.lower() for host in world.hosts[:50])
