"""Page templates with slots, as content farms have them: fixed wording, and what is drawn anew on each page."""

from __future__ import annotations

import re
from collections.abc import Mapping

from corpusscan.redteam import phrases, words
from corpusscan.redteam.world import World

CORPUS = "corpus"  # the language of a template that is made of the corpus's own sentences
_KINDS = ("name", "surname", "place", "product", "firm", "number", "price", "year", "day", "month", "phone")
_SLOT = re.compile(rf"\{{({'|'.join(_KINDS)})\}}")
_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？।])|\n+")
_FEWEST, _MOST = 4, 9  # sentences of a template


class Template:
    """A page whose slots are named in braces; `slots` are those it has, in a fixed order."""

    def __init__(self, world: World, language: str = "") -> None:
        """Raises `UsageError` for a language that is not there."""
        known = phrases.load("pages")["languages"]
        chosen = phrases.pick(world.draw, [*sorted(known), CORPUS], language, "language")
        rules = known.get(chosen, known["en"])
        count = world.draw.randint(_FEWEST, _MOST)
        frames = world.draw.sample(rules["sentence"], min(count, len(rules["sentence"])))
        if chosen == CORPUS:
            frames = [_blanked(world) for _ in range(count)]
        said = [phrases.say({**rules, "frame": [frame]}, "frame", world.draw) for frame in frames]
        self._world, self._months = world, rules["months"]
        self.text: str = world.draw.choice(["\n", "\n\n", " "]).join(said)
        self.slots = [kind for kind in _KINDS if f"{{{kind}}}" in self.text]

    def filled(self, values: Mapping[str, str]) -> str:
        """The page with those slots filled that `values` knows."""
        return _SLOT.sub(lambda match: values.get(match[1], match[0]), self.text)

    def fillings(self) -> dict[str, str]:
        """Something new for every slot."""
        draw, nouns = self._world.draw, words.NOUNS
        return {
            "name": phrases.name(draw), "surname": phrases.name(draw), "place": phrases.name(draw),
            "product": f"{phrases.name(draw)} {draw.choice(nouns)}",
            "firm": f"{draw.choice(nouns)} {draw.choice(nouns)}".title(),
            "number": str(draw.randint(11, 98)), "year": str(draw.randint(1962, 2025)),
            "day": str(draw.randint(1, 28)), "month": draw.choice(self._months),
            "price": draw.choice(["${}", "{} €", "£{}", "{} USD"]).format(draw.randint(5, 9_000)),
            "phone": "555-" + "".join(draw.choices("0123456789", k=7)),
        }  # fmt: skip

    def longest_fixed(self, fixed: Mapping[str, str]) -> str:
        """What stands on every page, between two slots that vary or two line ends."""
        return max(re.split(rf"{_SLOT.pattern.replace('(', '(?:')}|\n", self.filled(fixed)), key=len).strip()


def _blanked(world: World) -> str:
    """A sentence of a real document with one to three of its words made slots."""
    sentence = world.draw.choice(_END.split(world.host().text)).strip()[:300]
    parts = sentence.split(" ")
    for place in world.draw.sample(range(len(parts)), min(len(parts), world.draw.randint(1, 3))):
        parts[place] = f"{{{world.draw.choice(_KINDS)}}}"
    return " ".join(parts)
