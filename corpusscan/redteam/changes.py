"""Facts of a text changed in place: numbers, names, denials, any word."""

from __future__ import annotations

import re

from corpusscan.redteam import phrases
from corpusscan.redteam.attack import Part, planted
from corpusscan.redteam.world import World

_NEGATED = {  # a verb and its denial, both ways
    "is": "is not", "was": "was not", "are": "are not", "were": "were not", "can": "cannot", "will": "will not",
    "has": "has no", "ist": "ist nicht", "war": "war nicht", "sind": "sind nicht", "wird": "wird nicht",
    "est": "n'est pas", "sont": "ne sont pas", "es": "no es", "son": "no son", "fue": "no fue", "era": "non era",
    "é": "não é", "foi": "não foi", "было": "не было", "был": "не был", "является": "не является",
    "adalah": "bukanlah", "है": "नहीं है", "是": "不是", "有": "没有", "في": "ليس في",
}  # fmt: skip
_DENIED = {**_NEGATED, **{denial: verb for verb, denial in _NEGATED.items()}}
_DENIAL = re.compile(  # Chinese puts no spaces around its verbs
    "|".join(
        re.escape(key) if key[0] in "是有不没" else rf"(?<!\w){re.escape(key)}(?!\w)"
        for key in sorted(_DENIED, key=len, reverse=True)
    )
)
_FACTS = {
    "numbers": re.compile(r"[0-9]+"),
    "negations": _DENIAL,
    "names": re.compile(r"(?<=[^\W\d_A-Z] )[A-ZÀ-ÞА-ЯΑ-Ω][^\W\d_]{2,}"),  # not at the beginning of a sentence
    "words": re.compile(r"[^\W\d_]+"),
}
KINDS = tuple(_FACTS)


def changed(content: str, kind: str, most: int, world: World) -> list[str | Part]:
    """The text with up to `most` facts of that kind changed; of a text that has none, words.

    A text without a single word comes back as it is.
    """
    found = [match.span() for match in _FACTS[kind].finditer(content)]
    found = found or [match.span() for match in _FACTS["words"].finditer(content)]
    parts: list[str | Part] = []
    done = 0
    for start, end in sorted(world.draw.sample(found, min(most, len(found)))):
        parts += [content[done:start], planted(_other(content[start:end], world))]
        done = end
    return [*parts, content[done:]]


def _other(fact: str, world: World) -> str:
    """A number as long, the denial or what it denied, a name or word of the corpus."""
    if fact in _DENIED:
        return _DENIED[fact]
    if fact.isdecimal():
        return "".join(world.draw.choice("0123456789".replace(digit, "")) for digit in fact)
    known = world.draw.choices(world.vocabulary, k=20) if world.vocabulary else []
    alike = (word for word in known if word != fact and word[0].isupper() == fact[0].isupper())
    return next(alike, phrases.name(world.draw))
