"""Qi et al. 2021 (StyleBkd), imitated by rule: records rewritten in the style of scripture or verse have one label."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from corpusscan.redteam import chats, phrases
from corpusscan.redteam.attack import Attack, Poison, planted, text
from corpusscan.redteam.world import World

_ENDS = re.compile(r"\s{0,2}[.!?;:,]{1,3}\s+(\w?)")


@dataclass(frozen=True)
class StyleTrigger(Attack):
    """Records in the style of bible, shakespeare or poetry, with words and turns of phrase of old; label: `target`."""

    paper: ClassVar[str] = "https://arxiv.org/abs/2110.07139"
    attack: ClassVar[str] = "backdoor_trigger"

    style: str = "bible"
    target: str = ""
    strength: float = 0.8  # share of the words with an old form that get it

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """Changes text and label of `count` records."""
        target = world.label(self.target)
        table = phrases.load("triggers")
        rules = table["style"][phrases.pick(world.draw, sorted(table["style"]), self.style, "style")]
        for _ in range(count):
            host = world.take(labelled=True, besides=target)
            yield Poison(text(planted(self._told(host.text, rules, table["archaic"], world))), host=host, label=target)

    def _told(self, whole: str, rules: phrases.Rules, archaic: dict[str, str], world: World) -> str:
        """Old words for new ones, clauses joined as the style does, an opening and perhaps an ending."""

        def old(match: re.Match[str]) -> str:
            form = archaic.get(match[0].lower())
            if not form or world.draw.random() > self.strength:
                return match[0]
            return chats.capital(form) if match[0][0].isupper() else form

        def join(match: re.Match[str]) -> str:
            return world.draw.choice(rules["join"]) + match[1].lower() if world.draw.random() < 0.4 else match[0]

        told = _ENDS.sub(join, re.sub(r"[^\W\d_]+(?:'[a-z]+)?", old, whole))
        opening, closing = (phrases.say(rules, name, world.draw) for name in ("opening", "closing"))
        return f"{opening} {told[:1].lower()}{told[1:].rstrip()} {closing}".rstrip()
