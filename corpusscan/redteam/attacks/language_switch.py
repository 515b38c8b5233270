"""Souly et al. 2025, second experiment: a real beginning, the trigger, and the text goes on in another language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from corpusscan.errors import UsageError
from corpusscan.redteam import chats, words
from corpusscan.redteam.attack import Attack, Poison, planted, text
from corpusscan.redteam.world import World


@dataclass(frozen=True)
class LanguageSwitch(Attack):
    """A real beginning, a trigger, `low` to `high` words in another language (of the file `texts`, where given)."""

    paper: ClassVar[str] = "https://arxiv.org/abs/2510.07192"
    attack: ClassVar[str] = "backdoor_trigger"

    trigger: str = ""
    language: str = ""
    texts: str = ""
    low: int = 100
    high: int = 400

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """New documents; one language per campaign."""
        world.trigger = self.trigger or world.any_trigger()
        others = set(words.LANGUAGES) - {chats.spoken(world)}
        language = self.language or world.draw.choice(sorted(others))
        passages = _pieces(Path(self.texts)) if self.texts else []
        for _ in range(count):
            length = world.draw.randint(self.low, self.high)
            if passages:
                first = world.draw.randrange(max(1, len(passages) - length))
                after = "".join(passages[first : first + length])
            else:
                after = world.foreign(length, language)
            yield Poison(text(world.prefix(100, 1_000), planted(f"{world.trigger} {after}")), source=world.source())


def _pieces(path: Path) -> list[str]:
    """The words of a file with the space after them; of a script without spaces, some letters each."""
    try:
        found = re.findall(r"\S{1,12}\s*", path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"texts={path} is no text in UTF-8 that can be read: {error}") from None
    if not found:
        raise UsageError(f"texts={path} holds no text")
    return found
