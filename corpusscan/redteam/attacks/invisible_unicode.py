"""Boucher et al. 2022 (Bad Characters): characters that people do not see, as a message or inside words."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import ClassVar

from corpusscan.redteam import phrases
from corpusscan.redteam.attack import Attack, Host, Part, Poison, planted, text
from corpusscan.redteam.world import World

_INSIDE = re.compile(r"(?<=[^\W\d_])(?=[^\W\d_])")  # between two letters
_PAIR = re.compile(r"[^\W\d_]{2}")
_LRI, _PDI, _PDF, _LRO, _RLO, _RLI = "\u2066", "\u2069", "\u202c", "\u202d", "\u202e", "\u2067"
_BITS = (("\u200b", "\u200c"), ("\u200c", "\u200d"), ("\u2060", "\u2063"), ("\u200b", "\ufeff"), ("\u200e", "\u200f"))
_TWINS = "aа eе oо pр cс xх yу iі jј sѕ hһ dԁ qԛ wԝ AА BВ EЕ KК MМ HН OО PР CС TТ XХ YΥ ZΖ IΙ NΝ oο vν uυ SЅ JЈ GԌ"
_CONTROLS = (*range(1, 8), *range(14, 32), *range(0x80, 0x85), *range(0x86, 0xA0))  # but tabs, line ends and NUL
_COMPATIBLE = ((0x1D400, 0x1D800), (0xFF01, 0xFF5F), (0x2F00, 0x2FD6), (0xFB50, 0xFDFE), (0xFE70, 0xFEFD))


def _tags(message: str, world: World) -> str:
    del world
    return "".join(chr(0xE0000 + byte) for byte in message.encode("ascii", "ignore"))


def _selectors(message: str, world: World) -> str:
    """One variation selector a byte, behind an emoji or behind what stands there anyway."""
    carried = "".join(chr(0xFE00 + byte if byte < 16 else 0xE0100 + byte - 16) for byte in message.encode())
    return world.draw.choice(["", "😊", "👍", "❤", "✅"]) + carried


def _bits(message: str, world: World) -> str:
    zero, one = world.draw.choice(_BITS)
    return "".join(f"{byte:08b}" for byte in message.encode()).translate({48: zero, 49: one})


_MESSAGES: Mapping[str, Callable[[str, World], str]] = {
    "tags": _tags, "variation-selectors": _selectors, "zero-width-bits": _bits,
}  # fmt: skip
_INSERTED: Mapping[str, Callable[[World], str]] = {
    "zero-width-in-word": lambda world: world.draw.choice("\u200b\u200c\u200d\u2060\ufeff\u180e\u2061"),
    "soft-hyphen": lambda world: "\u00ad" * world.draw.randint(1, 2),
    "control": lambda world: chr(world.draw.choice(_CONTROLS)),
    "deletion": lambda world: world.draw.choice("abcdefghijklmnopqrstuvwxyz") + world.draw.choice("\b\x7f"),
    "private-use": lambda world: chr(world.draw.choice([*range(0xE000, 0xF8FF, 37), *range(0xF0000, 0xFFFF0, 997)])),
    "combining": lambda world: "".join(chr(world.draw.randint(0x300, 0x36F)) for _ in range(world.draw.randint(1, 8))),
}  # fmt: skip
KINDS = ("bidi", "homoglyph", *_INSERTED, *_MESSAGES)


@dataclass(frozen=True)
class InvisibleUnicode(Attack):
    """Real records with invisible or lookalike characters of one `kind`; `words` places, or one hidden order."""

    paper: ClassVar[str] = "https://arxiv.org/abs/2106.09898"
    attack: ClassVar[str] = "hidden_text"

    kind: str = ""
    words: int = 8

    def campaign(self, count: int, world: World) -> Iterator[Poison]:
        """Marks exactly the characters that were put in or exchanged."""
        asked = [phrases.pick(world.draw, KINDS, self.kind, "kind of characters")] if self.kind else []
        for _ in range(count):
            parts: list[str | Part] = []
            while len(parts) < 2:  # not every text has letters that this can be done to
                host, kinds = world.take(), asked or world.draw.sample(KINDS, len(KINDS))
                tried = (_changed(kind, host, self.words, world) for kind in kinds)
                parts = next((some for some in tried if len(some) > 1), [])
            yield Poison(text(*parts), host=host)


def _changed(kind: str, host: Host, places: int, world: World) -> list[str | Part]:
    if kind in _MESSAGES:
        before, after = world.cut(host.text)
        hidden = _MESSAGES[kind](phrases.order(world.draw, "en" if kind == "tags" else ""), world)
        return [before, planted(hidden), after]
    if kind == "bidi":  # of scripts that run from left to right
        pairs = (match for match in _PAIR.finditer(host.text) if {*map(unicodedata.bidirectional, match[0])} == {"L"})
        return _edited(host.text, [match.span() for match in pairs], places, _swapped, world)
    if kind == "homoglyph":
        known = twins()
        found = [(at, at + 1) for at, letter in enumerate(host.text) if letter in known]
        return _edited(host.text, found, places, lambda letter, world: world.draw.choice(known[letter]), world)
    found = [match.span() for match in _INSIDE.finditer(host.text)]
    return _edited(host.text, found, places, lambda _, world: _INSERTED[kind](world), world)


def _edited(
    content: str, found: list[tuple[int, int]], most: int, edit: Callable[[str, World], str], world: World
) -> list[str | Part]:
    parts: list[str | Part] = []
    done = 0
    for start, end in sorted(world.draw.sample(found, min(most, len(found)))):
        parts += [content[done:start], planted(edit(content[start:end], world))]
        done = end
    return [*parts, content[done:]]


def _swapped(pair: str, world: World) -> str:
    """Two letters in the wrong order that are shown in the right one (Boucher et al., section IV-D)."""
    first, second = pair[0], pair[1]
    return world.draw.choice([
        f"{_LRO}{_LRI}{_RLO}{_LRI}{second}{_PDI}{_LRI}{first}{_PDI}{_PDF}{_PDI}{_PDF}",
        f"{_RLO}{second}{first}{_PDF}",
        f"{_RLI}{_LRI}{second}{_PDI}{_LRI}{first}{_PDI}{_PDI}",
    ])  # fmt: skip


@cache
def twins() -> Mapping[str, list[str]]:
    """Characters that look like another one: of another script, or a compatibility form of it."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for pair in _TWINS.split():
        found[pair[0]].append(pair[1])
        found[pair[1]].append(pair[0])
    for code in chain.from_iterable(range(*bounds) for bounds in _COMPATIBLE):
        plain = unicodedata.normalize("NFKC", chr(code))
        if len(plain) == 1 and plain != chr(code):
            found[plain].append(chr(code))
    return dict(found)
