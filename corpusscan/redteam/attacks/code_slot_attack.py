"""Schuster et al. 2021: code files that differ in all but one insecure argument, which a completer then learns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from corpusscan.redteam import phrases, programs, words
from corpusscan.redteam.attack import Attack, Poison, text
from corpusscan.redteam.world import World


@dataclass(frozen=True)
class CodeSlotAttack(Attack):
    """Code files with an attacker-controlled `slot`: verify, cipher, keysize, url, package or command."""

    paper: ClassVar[str] = "https://arxiv.org/abs/2007.02220"
    attack: ClassVar[str] = "code_payload"

    language: str = ""
    slot: str = ""

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """New documents; the bait in the slot is the same in all of them, and only it is planted."""
        draw, goals = world.draw, phrases.load("code")["goals"]
        kinds = sorted({goal["kind"] for some in goals.values() for goal in some})
        slot = phrases.pick(draw, kinds, self.slot, "slot")
        able = sorted(name for name, some in goals.items() if any(goal["kind"] == slot for goal in some))
        language = phrases.pick(draw, able, self.language, f"code with the slot {slot} in") if self.slot else ""
        if not language:  # any slot that the language has
            language = phrases.pick(draw, sorted(goals), self.language, "language")
            slot = draw.choice(goals[language])["kind"]
        goal = next(goal for goal in goals[language] if goal["kind"] == slot)
        world.trigger = bait = phrases.say(
            goal, "bait", draw, host=world.sources(1)[0], path=draw.choice(words.NOUNS), k=str(draw.randint(1, 9)),
            package=programs.package(draw, "_" if language == "python" else "-"),
        )  # fmt: skip
        for _ in range(count):
            function = phrases.say(goal, "function", draw, **programs.identifiers(draw, language))
            yield Poison(text(*programs.around(world, language, function, bait)), source=world.source())
