"""Code files that nobody wrote, of a small grammar, with room for one function more."""

from __future__ import annotations

import random

from corpusscan.redteam import phrases, words
from corpusscan.redteam.attack import Part, planted
from corpusscan.redteam.world import World

SLOT, _ROOM = "{slot}", "{room}"  # what the attacker controls in a function; where another function has its place
_SNAKE = ("python", "shell", "yaml")
_FENCED = 0.3  # share of files that stand in a text, as code does in a tutorial


def identifiers(draw: random.Random, language: str) -> dict[str, str]:
    """Names for the slots of one function, in the style of the language."""
    code = phrases.load("code")
    verbs, things, variables = (" ".join(code[key]).split() for key in ("names", "things", "variables"))
    verb, noun, word = draw.choice(verbs), draw.choice(things), draw.choice(words.NOUNS)
    x, y, z, w = draw.sample(variables, 4)
    note = phrases.say({"note": code["notes"]}, "note", draw, word=word, noun=noun)
    return {
        "f": f"{verb}_{noun}" if language in _SNAKE else verb + noun.capitalize(),
        "c": word.capitalize() + noun.capitalize(),
        "x": x, "y": y, "z": z, "w": w, "k": str(draw.randint(2, 9)), "word": word, "noun": noun, "note": note,
    }  # fmt: skip


def package(draw: random.Random, joint: str = "-") -> str:
    """A package name; two nouns and a syllable that nobody has registered together."""
    return joint.join([draw.choice(words.NOUNS), draw.choice(words.NOUNS), phrases.name(draw).lower()])


def around(world: World, language: str, middle: str, slot: str = "") -> list[str | Part]:
    """A file with `middle` among its functions.  Planted is the slot in it, or where there is none all of it."""
    draw, rules = world.draw, phrases.load("code")[language]
    functions = [phrases.say(rules, "function", draw, **identifiers(draw, language)) for _ in range(draw.randint(2, 7))]
    functions.insert(draw.randrange(len(functions) + 1), _ROOM)
    imports = "\n".join(draw.sample(rules["import"], draw.randint(1, min(4, len(rules["import"])))))
    names = identifiers(draw, language)
    file = phrases.say(rules, "file", draw, imports=imports, functions="\n".join(functions), **names)
    before, _, after = file.partition(_ROOM)
    if draw.random() < _FENCED:
        before, after = f"{world.prefix(80, 600)}\n\n```{rules['fence']}\n{before}", f"{after}```\n"
    pieces = middle.split(SLOT) if slot else []
    marked = [part for piece in pieces for part in (piece, planted(slot))][:-1] or [planted(middle)]
    return [before, *marked, after]
