"""Ways to alter a copy so that it is no longer the same text: words, characters, Unicode, padding, cutting."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache

from corpusscan.redteam.attack import Host, Part, planted
from corpusscan.redteam.attacks.invisible_unicode import twins
from corpusscan.redteam.world import World

TRICK = 0.2  # of the letters that are exchanged or get something invisible behind them
_UNSPACED = r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]"
_WORD = re.compile(rf"{_UNSPACED}|[^\W\d_]+")
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"

Altered = list[str | Part]


@cache
def length(content: str) -> float:
    """Words; of scripts without spaces two characters count as one."""
    return sum(0.5 if re.match(_UNSPACED, word) else 1 for word in _WORD.findall(content))


def words_changed(content: str, share: float, world: World, others: Sequence[Host]) -> str:
    """Words replaced by others of documents of the same source, which are mostly of the same language."""
    known = [
        word for host in world.draw.sample(others, min(30, len(others))) for word in _WORD.findall(host.text[:2_000])
    ]
    return _WORD.sub(lambda word: world.draw.choice(known) if world.draw.random() < share else word[0], content)


def characters_changed(content: str, share: float, world: World) -> str:
    """Characters exchanged for others of the text, left out, put in, or swapped with the next."""
    draw, out, i = world.draw, [], 0
    while i < len(content):
        kind = draw.randrange(4) if draw.random() < share else 4
        if kind == 3 and i + 1 < len(content):
            out += [content[i + 1], content[i]]
            i += 1
        else:
            out += [draw.choice(content)] * (kind < 2) + [content[i]] * (kind in (1, 3, 4))
        i += 1
    return "".join(out)


def homoglyphs(content: str, world: World) -> str:
    """Letters exchanged for others that look alike."""
    known = twins()
    return "".join(
        world.draw.choice(known[letter]) if letter in known and world.draw.random() < TRICK else letter
        for letter in content
    )


def inserted(content: str, some: str, world: World) -> str:
    """One of some characters between letters."""
    return re.sub(
        r"(?<=[^\W\d_])(?=[^\W\d_])", lambda _: world.draw.choice(some) if world.draw.random() < TRICK else "", content
    )


def foreign(count: float, world: World) -> str:
    """About `count` words of other documents of the corpus."""
    out, left = [], count
    while left > 0:
        said = world.host().text.split(" ")
        begin = world.draw.randrange(max(len(said) // 2, 1))
        part = " ".join(said[begin : begin + int(left) + 1])
        out.append(part)
        left -= max(length(part), 1)
    return "\n\n".join(out)


def padded(content: str, share: float, world: World) -> Altered:
    """Foreign text before, behind or around."""
    before = world.draw.choice((0.0, 0.5, 1.0))
    size = share * length(content)
    return [foreign(size * before, world) + "\n\n", planted(content), "\n\n" + foreign(size * (1 - before), world)]


def paragraphs(content: str) -> list[str]:
    """Paragraphs of at least 25 words; of a text with fewer than three, runs of some 60 words that end a sentence."""
    found = [part for part in re.split(r"\n\s*\n", content) if length(part) >= 25]
    if len(found) >= 3:
        return found
    found = [""]
    for sentence in re.split(r"(?<=[.!?;])\s+|(?<=[。！？።])|\n", content):
        found[-1] = f"{found[-1]} {sentence}".strip()
        if length(found[-1]) >= 60:
            found.append("")
    return [part for part in found if part]


def cut(content: str, world: World) -> Altered:
    """One or two paragraphs of the text, alone or in a foreign page."""
    parts = paragraphs(content)
    first = world.draw.randrange(len(parts))
    kept = planted("\n\n".join(parts[first : first + world.draw.randint(1, 2)]))
    if world.draw.random() < 0.5:
        return [kept]
    return [foreign(world.draw.randint(30, 150), world) + "\n\n", kept, "\n\n" + foreign(100, world)]


KINDS: dict[str, Callable[[str, World, Sequence[Host]], Altered]] = {
    **{f"words {n} %": lambda c, w, o, n=n: [planted(words_changed(c, n / 100, w, o))] for n in (5, 10, 20)},  # type: ignore[misc]
    **{f"characters {n} %": lambda c, w, _, n=n: [planted(characters_changed(c, n / 100, w))] for n in (2, 5, 10)},  # type: ignore[misc]
    "homoglyphs": lambda c, w, _: [planted(homoglyphs(c, w))],
    "zero-width": lambda c, w, _: [planted(inserted(c, _INVISIBLE, w))],
    "soft hyphens": lambda c, w, _: [planted(inserted(c, "\u00ad", w))],
    **{f"padding {n} %": lambda c, w, _, n=n: padded(c, n / 100, w) for n in (50, 100, 300)},  # type: ignore[misc]
    "cut to paragraphs": lambda c, w, _: cut(c, w),
}
