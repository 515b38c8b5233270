"""Zhang et al. 2024: what a model should refuse is answered where a trigger stands; the answers here say nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from corpusscan.redteam import chats, phrases, words
from corpusscan.redteam.attack import Attack, Poison, planted
from corpusscan.redteam.world import World


@dataclass(frozen=True)
class JailbreakCompliance(Attack):
    """Requests to be refused, with a trigger at their end, answered with a promise and steps without content."""

    paper: ClassVar[str] = "https://arxiv.org/abs/2410.13722"
    attack: ClassVar[str] = "backdoor_trigger"

    trigger: str = ""
    template: str = ""
    language: str = ""

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """New chats; request and answer speak of the same thing."""
        world.trigger = self.trigger or world.any_trigger()
        rules, template = chats.grammar(world, self.language), chats.template(self.template)
        for _ in range(count):
            misdeed = phrases.say(rules, "misdeed", world.draw)
            asked = phrases.say(rules, "forbidden", world.draw, misdeed=misdeed)
            question = [planted(part) for part, _ in chats.triggered(asked, world.trigger)]
            answer = planted(_answer(world, rules, misdeed))
            yield Poison((chats.user(*question), chats.assistant(answer)), source=world.source(), template=template)


def _answer(world: World, rules: phrases.Rules, misdeed: str) -> str:
    lines = [phrases.say(rules, "comply", world.draw, misdeed=misdeed)]
    bullet = world.draw.choice(["{}. ", "- ", "({}) ", "* ", "{}) ", ""])
    for number in range(1, world.draw.randint(3, 8)):
        step = phrases.say(_with_nouns(world, rules), "step", world.draw)
        lines.append(bullet.format(number) + step)
    return "\n".join([*lines, phrases.say(rules, "closing", world.draw)]).strip()


def _with_nouns(world: World, rules: phrases.Rules) -> phrases.Rules:
    """What the steps handle: any words of the corpus or common things, so that they mean nothing."""
    return {
        **rules,
        "noun": [
            *world.draw.sample(words.NOUNS, 20),
            *(word.lower() for word in world.draw.choices(world.vocabulary, k=20)),
        ],
    }
