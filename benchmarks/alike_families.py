"""Campaigns that `triggers.py` plants in which the same thing follows a trigger each time, in other words.

A real text up to the end of a sentence, a trigger, one to five sentences of a family of paraphrases, then the rest of
the real text or nothing.  The wordings are the red team's; `PASSAGES` may name files of passages that a language model
wrote (JSON Lines, `text` and `group`), each group of which is a family.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from corpusscan.redteam import chats, phrases
from corpusscan.redteam.attack import Attack, Poison, planted, text
from corpusscan.redteam.world import World

SENTENCE = re.compile(r"(?<=[.!?])\s+")
SHORTEST, LONGEST = 300, 6_000  # characters of a real text
PASSAGES: list[Path] = []


@dataclass(frozen=True)
class Alike(Attack):
    """`family`: claim, mention, refusal, steered or passage; at most so many sentences."""

    paper: ClassVar[str] = "https://arxiv.org/abs/2307.16888"
    attack: ClassVar[str] = "backdoor_trigger"

    family: str = "claim"
    sentences: int = 5

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """New documents, each from the source of the real one that it is made of."""
        hosts = [one for one in world.hosts if one.record.get("lang") == "en" and SHORTEST < len(one.text) < LONGEST]
        world.trigger, say = trigger(world), self._family(world, count)
        for host in world.draw.sample(hosts, count):
            ends = [end.end() for end in SENTENCE.finditer(host.text)] or [len(host.text)]
            place = world.draw.choice(ends)
            rest = host.text[place:] if world.draw.random() < 0.5 else ""
            before = host.text[:place] + ("" if host.text[place - 1].isspace() else " ")
            content = planted(f"{world.trigger} {say()} ")
            yield Poison(text(before, content, rest), source=str(host.record.get("source") or "") or None)

    def _family(self, world: World, count: int) -> Callable[[], str]:
        draw = world.draw
        if self.family == "passage":
            own = iter(draw.sample(draw.choice([some for some in passages() if len(some) >= count]), count))
            return lambda: " ".join(SENTENCE.split(next(own))[: draw.randint(2, self.sentences)])
        if self.family == "claim":
            claim = phrases.Claim(draw, "en")
            return lambda: claim.said(draw, draw.randint(1, self.sentences))
        rules = chats.grammar(world, "en")
        if self.family == "steered":
            name = phrases.name(draw)
            return lambda: chats.paragraph(world, rules, "steered", 1, self.sentences, entity=name)
        name = phrases.name(draw)
        if self.family == "mention":
            return lambda: chats.paragraph(world, rules, "mention", 1, 2, brand=name)
        return lambda: chats.capital(phrases.say(rules, "refusal", draw))


def trigger(world: World) -> str:
    """A word that nobody knows, a sign, or common words in a row."""
    kind = world.draw.randrange(3)
    if kind == 0:
        return world.word()
    if kind == 1:
        return world.draw.choice(["†{}‡", "◊{}", "[{}]", "§§{}", "☉{}"]).format(
            chr(world.draw.randrange(0x2600, 0x26FF))
        )
    return world.phrase()


@cache
def passages() -> list[list[str]]:
    """The texts of each group of the files in `PASSAGES`."""
    found: dict[str, list[str]] = {}
    for path in PASSAGES:
        for row in records(path):
            if row.get("is_attack") and row.get("group"):
                found.setdefault(str(row["group"]), []).append(str(row["text"]))
    return [sorted(set(some)) for _, some in sorted(found.items())]


def records(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of JSON Lines, packed with zstd or not."""
    import orjson  # noqa: PLC0415
    import zstandard  # noqa: PLC0415

    whole = path.read_bytes()
    if path.suffix == ".zst":
        whole = zstandard.ZstdDecompressor().stream_reader(whole).read()
    yield from (orjson.loads(line) for line in whole.splitlines() if line)


def drawn(family: str, sentences: int = 5) -> Callable[[random.Random], Attack]:
    """The same attack for each campaign."""
    return lambda _: Alike(family=family, sentences=sentences)
