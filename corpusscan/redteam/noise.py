"""Noise of every kind: text that says nothing, of pieces of the corpus or of none; all from the world's generator."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from corpusscan.redteam.world import World

Followers = dict[tuple[str, ...], list[str]]

LONGEST = 5_000  # characters of a document that noise is made of
TEXTS = 400  # documents that running text is taken from
FORCED = 12  # words in a row without a choice
# Scripts that leave no space between words: a run of one to three letters, with the marks on them, stands for a word.
_UNSPACED = "\u0e00-\u109f\u1780-\u17ff\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef"
_PIECE = re.compile(rf"[{_UNSPACED}]{{1,3}}|[^\s{_UNSPACED}]+")
_UNSPACED_END = re.compile(rf"[{_UNSPACED}]$")


def pieces(text: str) -> list[str]:
    """The words of a text as they stand in it; short runs of letters where a script has no spaces."""
    return _PIECE.findall(text) or [text]


def joined(some: Iterable[str]) -> str:
    """Pieces as a text, without spaces between those of a script that has none."""
    return "".join(one if _UNSPACED_END.search(one) else one + " " for one in some).rstrip()


def running(world: World) -> list[list[str]]:
    """The words of many documents, each in its order."""
    step = max(1, len(world.hosts) // TEXTS)  # hosts lie as in the corpus, which may be sorted
    return [pieces(host.text[:LONGEST]) for host in world.hosts[::step]]


def followers(texts: Iterable[Sequence[str]], order: int) -> Followers:
    """What follows so many words in a row, as often as it does."""
    follows: Followers = {}
    for text in texts:
        for at in range(len(text) - order):
            follows.setdefault(tuple(text[at : at + order]), []).append(text[at + order])
    return follows or {tuple(text[:order]): [] for text in texts}


def subwords(world: World, tokens: int) -> str:
    """Pieces of words of the corpus, each as likely as any other."""
    return "".join(world.draw.choices(world.subwords, k=tokens))


def words(world: World, tokens: int) -> str:
    """Words of the corpus, each as likely as any other."""
    return " ".join(world.draw.choices(world.vocabulary, k=tokens))


def frequent(world: World, tokens: int) -> str:
    """Words of the corpus, each as likely as it is there."""
    return joined(world.draw.choices(world.running_words, k=tokens))


def shuffled(world: World, tokens: int) -> str:
    """The words of one document in another order; of further documents, each for itself, where one is too short."""
    mixed: list[str] = []
    while len(mixed) < tokens:
        found = pieces(world.host().text)[: 4 * tokens]
        mixed += world.draw.sample(found, min(tokens - len(mixed), len(found)))
    return joined(mixed)


def babble(world: World, tokens: int) -> str:
    """A walk through word triples of many documents: three words in a row are real, more are so by chance."""
    return walk(world, world.triples, tokens)


def chain(world: World, tokens: int) -> str:
    """A walk through word pairs of a few documents: each pair is real, nothing longer is."""
    return walk(world, followers([pieces(world.host().text[:LONGEST]) for _ in range(5)], 1), tokens)


def walk(world: World, follows: Followers, tokens: int) -> str:
    """A Markov chain; a new paragraph begins where nothing follows, and where it went without a choice for long.

    Else it would say after a text whatever that says in a language or a manner that no other text has.
    """
    starts = list(follows)
    paragraphs: list[str] = []
    while tokens > 0:
        said = list(world.draw.choice(starts))
        order, forced = len(said), 0
        while len(said) < tokens and forced < FORCED and (after := follows.get(tuple(said[-order:]))):
            said.append(world.draw.choice(after))
            forced = forced + 1 if len(set(after)) == 1 else 0
        tokens -= len(said)
        paragraphs.append(joined(said))
    return "\n\n".join(paragraphs)


def odd_letters(world: World, tokens: int) -> str:
    """Characters without any words, four a token."""
    return "".join(chr(world.draw.randrange(0x21, 0x17F)) for _ in range(4 * tokens))


KINDS: dict[str, Callable[[World, int], str]] = {
    "subwords": subwords,
    "words": words,
    "frequent": frequent,
    "shuffled": shuffled,
    "babble": babble,
    "bytes": odd_letters,
    "language": lambda world, tokens: world.foreign(tokens),
}
