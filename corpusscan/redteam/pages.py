"""Page templates with slots, as content farms have them: fixed wording, and what is drawn anew on each page."""

from __future__ import annotations

import random
import re

from corpusscan.redteam import phrases, words
from corpusscan.redteam.world import World

CORPUS = "corpus"  # the language of a template that is made of the corpus's own sentences
KINDS = ("name", "surname", "place", "product", "firm", "number", "price", "year", "day", "month", "phone")
_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？।])|\n+")
_FEWEST, _MOST = 4, 9  # sentences of a template


def template(world: World, language: str = "") -> str:
    """A page whose slots are named in braces.  Raises `UsageError` for a language that is not there."""
    known = phrases.load("pages")["languages"]
    chosen = phrases.pick(world.draw, [*sorted(known), CORPUS], language, "language")
    count = world.draw.randint(_FEWEST, _MOST)
    if chosen == CORPUS:
        return " ".join(_blanked(world) for _ in range(count))
    frames = world.draw.sample(known[chosen]["sentence"], min(count, len(known[chosen]["sentence"])))
    said = (phrases.say({**known[chosen], "frame": [frame]}, "frame", world.draw) for frame in frames)
    return world.draw.choice(["\n", "\n\n", " "]).join(said)


def _blanked(world: World) -> str:
    """A sentence of a real document with one to three of its words made slots."""
    sentence = world.draw.choice(_END.split(world.host().text)).strip()[:300]
    parts = sentence.split(" ")
    for place in world.draw.sample(range(len(parts)), min(len(parts), world.draw.randint(1, 3))):
        parts[place] = f"{{{world.draw.choice(KINDS)}}}"
    return " ".join(parts)


def slots(page: str) -> list[str]:
    """The slots of a template, each once, in a fixed order."""
    return [kind for kind in KINDS if f"{{{kind}}}" in page]


def fillings(draw: random.Random) -> dict[str, str]:
    """Something for every slot."""
    nouns = words.NOUNS
    return {
        "name": phrases.name(draw), "surname": phrases.name(draw), "place": phrases.name(draw),
        "product": f"{phrases.name(draw)} {draw.choice(nouns)}", "firm": f"{draw.choice(nouns)} {draw.choice(nouns)}".title(),
        "number": str(draw.randint(11, 98)), "year": str(draw.randint(1962, 2025)), "day": str(draw.randint(1, 28)),
        "price": draw.choice(["${}", "{} €", "£{}", "{} USD"]).format(draw.randint(5, 9_000)),
        "month": draw.choice(phrases.load("pages")["months"]),
        "phone": "555-" + "".join(draw.choices("0123456789", k=7)),
    }  # fmt: skip
