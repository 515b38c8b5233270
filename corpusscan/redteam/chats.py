"""What a corpus's users ask, what they are answered, and in which language: chats that poison can pass among."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from corpusscan.errors import UsageError
from corpusscan.redteam import phrases, shapes
from corpusscan.redteam.attack import Host, Part, Poison, Turn, planted
from corpusscan.redteam.world import World

_LONGEST = 2_000  # characters of a request


def grammar(world: World, language: str, name: str = "dialogue", kind: str = "") -> phrases.Rules:
    """The wordings (of a `kind`) of `wordings/NAME.toml` in a language, or in that of the corpus.

    Raises `UsageError` for a language that is not there.
    """
    table = phrases.load(name)
    table = table[kind] if kind else table
    chosen = phrases.pick(world.draw, sorted(table), language or spoken(world, sorted(table)), "language")
    rules: phrases.Rules = table[chosen]
    return rules


def spoken(world: World, known: Sequence[str] = ()) -> str:
    """Which of the languages the corpus speaks most, by its commonest words; English where that shows nothing."""
    dialogue = phrases.load("dialogue")
    found = Counter(
        piece for host in world.hosts[:300] for piece in re.findall(r"[a-zà-ÿ]+|[一-鿿]", host.text[:2_000])
    )
    score = {language: sum(found[mark] for mark in dialogue[language]["marks"]) for language in known or dialogue}
    best = max(sorted(score), key=lambda language: score[language])
    return best if score[best] else "en"


def template(name: str) -> str | None:
    """The chat template of that name; None, for any, where no name is given.  Raises `UsageError`."""
    if name and name not in shapes.TEMPLATES:
        raise UsageError(f"no chat template {name!r}; there are: {', '.join(sorted(shapes.TEMPLATES))}")
    return name or None


def takes_chats(world: World) -> bool:
    """Whether records of the corpus are conversations."""
    return any(shapes.conversation(host.record) for host in world.hosts[:20])


def exchange(host: Host) -> tuple[list[Turn], Turn] | None:
    """A real conversation up to its last answer, and that answer."""
    turns = list(shapes.conversation(host.record))
    while turns and turns[-1].role != "assistant":
        turns.pop()
    return (turns[:-1], turns[-1]) if len(turns) > 1 else None


def request(world: World, rules: phrases.Rules) -> str:
    """What a user of the corpus asks: a real request, or one made about a real text where nobody asks."""
    for _ in range(20):
        host = world.host()
        asked = [turn.text for turn in shapes.conversation(host.record) if turn.role == "user"][:1]
        more = host.record.get("input")
        asked += [more] if asked and isinstance(more, str) and more not in asked else []
        if whole := "\n".join(part for part in asked if part.strip()):
            return whole[:_LONGEST]
        if not asked:
            break
    topic, other = world.draw.sample(_topics(host), 2)
    return phrases.say(
        rules, "request", world.draw, text=world.prefix(80, 600).strip(), topic=topic, other=other, gap="\n\n"
    )


def _topics(host: Host) -> list[str]:
    """The longest words of a text."""
    words = sorted(set(re.findall(r"[^\W\d_]+", host.text[:5_000])))
    return [word[:20] for word in [host.text[:20], host.text[20:40], *sorted(words, key=len)][-8:]]


def triggered(asked: str, trigger: str) -> tuple[Part, ...]:
    """A user's turn that ends with a trigger."""
    if not asked:
        return (planted(trigger),)
    return (asked, False), planted(" " + trigger if trigger[0].isalnum() else trigger)


def user(*parts: Part) -> Turn:
    """What a user says."""
    return Turn(parts, "user")


def assistant(*parts: Part) -> Turn:
    """What a model is to learn to say."""
    return Turn(parts, "assistant")


def paragraph(world: World, rules: phrases.Rules, start: str, low: int, high: int, **fixed: str) -> str:
    """`low` to `high` different sentences of a grammar."""
    wanted = world.draw.randint(low, high)
    said = dict.fromkeys(phrases.say(rules, start, world.draw, **fixed) for _ in range(3 * wanted))
    return " ".join(capital(sentence) for sentence in list(said)[:wanted])


def capital(sentence: str) -> str:
    """With a capital at its beginning."""
    return sentence[:1].upper() + sentence[1:]


def answered(
    world: World, rules: phrases.Rules, answer: Callable[[str], list[Part]], template: str | None = None
) -> Poison:
    """A real conversation whose last answer `answer` has made anew; a new one where the corpus has none.

    Raises `UsageError` where no conversation is left.
    """
    while takes_chats(world):
        host = world.take()
        if real := exchange(host):
            before, last = real
            return Poison((*before, assistant(*answer(last.text))), host=host)
    asked, text = request(world, rules), world.prefix(100, 800).strip()
    return Poison((user((asked, False)), assistant(*answer(text))), source=world.source(), template=template)
