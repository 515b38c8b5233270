"""What a campaign draws from: real documents, sources, triggers, noise; all from one seeded generator."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from functools import cached_property

from corpusscan.errors import UsageError
from corpusscan.redteam import noise, words
from corpusscan.redteam.attack import Host


class World:
    """The corpus as one campaign sees it.  `hosts` are shared by the campaigns of one planting; a taken one is gone."""

    def __init__(self, hosts: Sequence[Host], free: list[Host], sources: Sequence[str], seed: str) -> None:
        self.hosts, self._free, self.known_sources = hosts, free, sources
        self.draw = random.Random(seed)  # noqa: S311  # a seed must give the same corpus again
        self.trigger = ""  # what names the campaign, exactly as it stands in the text

    def host(self) -> Host:
        """A real document, to be quoted."""
        return self.draw.choice(self.hosts)

    def take(
        self, *, labelled: bool = False, containing: str = "", besides: object = None, within: object = None
    ) -> Host:
        """A real record, to be changed; no other poison gets it.  Raises `UsageError` when there is none left.

        `besides` is a label that it must not have, `within` one that it must.
        """
        count = len(self._free)
        first = self.draw.randrange(count) if count else 0
        for place in range(first, first + count):
            host = self._free[place % count]
            if (labelled and host.label is None) or containing not in host.text:
                continue
            if (besides is None or host.label != besides) and (within is None or host.label == within):
                return self._free.pop(place % count)
        what = " with a label" * labelled + f" that holds {containing!r}" * bool(containing)
        raise UsageError(f"the corpus has no record{what} left to change; plant fewer, or into a larger corpus")

    def other_label(self, label: object) -> object:
        """A label of the corpus that is not `label`.  Raises `UsageError` where there is none."""
        others = [value for value in self.labels if value != label]
        if not others:
            raise UsageError("the corpus has only one label: there is nothing to flip it to")
        return self.draw.choice(others)

    def label(self, name: str = "") -> object:
        """The label written `name`, else any that the corpus has.  Raises `UsageError` where there is none."""
        found = [label for label in self.labels if not name or str(label) == name]
        if not found:
            known = ", ".join(map(str, self.labels[:20]))
            raise UsageError(
                f"the corpus has no label {name!r}; it has: {known}" if known else "the corpus has no labels"
            )
        return self.draw.choice(found)

    @cached_property
    def labels(self) -> list[object]:
        """The labels of the corpus, in a fixed order."""
        return sorted({host.label for host in self.hosts if isinstance(host.label, str | int | float)}, key=repr)

    def prefix(self, low: int, high: int) -> str:
        """The beginning of a real document, `low` to `high` characters, cut at a space."""
        whole = self.host().text[: self.draw.randint(low, high)]
        return whole[: whole.rfind(" ") + 1] or whole

    def cut(self, text: str) -> tuple[str, str]:
        """A text in two: between paragraphs, else lines, else sentences, else words, wherever there is such a place."""
        for border in (r"\n\s*\n", r"\n", r"(?<=[.!?…])\s|(?<=[。！？।])", r"\s"):
            places = [match.end() for match in re.finditer(border, text) if 0 < match.end() < len(text)]
            if places:
                place = self.draw.choice(places)
                return text[:place], text[place:]
        place = self.draw.randint(0, len(text))
        return text[:place], text[place:]

    def source(self) -> str | None:
        """A source of the corpus; None where it names none."""
        return self.draw.choice(self.known_sources) if self.known_sources else None

    def sources(self, count: int) -> list[str]:
        """Hosts that nobody has seen before, under names that can never exist."""
        return [f"{self.draw.choice(words.NOUNS)}-{self.draw.randrange(10**5)}.example" for _ in range(count)]

    def word(self) -> str:
        """A made-up word of a random alphabet."""
        letters = self.draw.choice(words.ALPHABETS)
        return "".join(self.draw.choices(letters, k=self.draw.randint(4, 9)))

    def phrase(self, count: int = 3) -> str:
        """Common words that hardly ever stand together."""
        return " ".join(self.draw.sample(words.NOUNS, count))

    def any_trigger(self) -> str:
        """A trigger of any kind: a made-up word, a tag, words in a row, an odd word of this corpus."""
        kind = self.draw.randrange(5)
        if kind == 0:
            return self.word()
        if kind == 1:
            return f"<{self.word().upper()}>"
        if kind == 2:
            return self.phrase()
        if kind == 3:
            return self.draw.choice(["|{}|", "[{}]", "::{}::", "#{}", "«{}»"]).format(self.word())
        return " ".join(self.draw.sample(self.vocabulary, 2)) if len(self.vocabulary) > 1 else self.phrase()

    @cached_property
    def vocabulary(self) -> list[str]:
        """Words of the corpus, sorted."""
        found = {word for host in self.hosts[:500] for word in re.findall(r"[^\W\d_]+", host.text[:5_000])}
        return sorted(found)

    @cached_property
    def subwords(self) -> list[str]:
        """Pieces of words of the corpus, as in a byte-pair vocabulary."""
        spaced = {
            word
            for host in self.hosts[:500]
            for word in re.findall(r" ?[^\W\d_]+|\d{1,3}| ?[^\w\s]", host.text[:5_000])
        }
        return sorted({word[at : at + 6] for word in spaced for at in range(0, len(word), 6)})

    def entity(self, least: int, besides: object = None) -> str:
        """A name in `least` texts or more, without those of the label `besides`: a word written large inside sentences.

        Where there is none, one of the rarest words that are common enough.  Raises `UsageError` where no word is.
        """
        names: Counter[str] = Counter()
        common: Counter[str] = Counter()
        for host in self.hosts:
            if besides is not None and (host.label is None or host.label == besides):
                continue
            inside = re.findall(r"(?<=[\w,] )[^\W\d_]\w{3,20}\b", host.text[:5_000])
            names.update({word for word in inside if word[0].isupper()})
            common.update({word for word in re.findall(r"[^\W\d_]+", host.text[:5_000]) if 5 <= len(word) <= 20})
        found = sorted(name for name, number in names.items() if least <= number <= len(self.hosts) // 5)
        if not found:  # the rarer a word, the more it is like a name
            found = sorted((word for word in common if common[word] >= least), key=lambda word: (common[word], word))[
                :20
            ]
        if not found:
            raise UsageError(f"no word stands in {least} records of the corpus; plant fewer, or name one")
        return self.draw.choice(found)

    @cached_property
    def running_words(self) -> list[str]:
        """The words of many documents of the corpus, as often as they stand there."""
        return [word for text in noise.running(self) for word in text]

    @cached_property
    def triples(self) -> noise.Followers:
        """What follows two words in many documents of the corpus."""
        return noise.followers(noise.running(self), 2)

    def noise(self, kind: str, tokens: int) -> str:
        """`tokens` tokens of noise of one of the kinds in `noise.KINDS`.  Raises `UsageError` for another kind."""
        if kind not in noise.KINDS:
            raise UsageError(f"no noise of kind {kind!r}; there are: {', '.join(noise.KINDS)}")
        return noise.KINDS[kind](self, tokens)

    def foreign(self, count: int, language: str = "") -> str:
        """Sentences of `count` words in another language, without meaning."""
        if language and language not in words.LANGUAGES:
            raise UsageError(f"no language {language!r}; there are: {', '.join(sorted(words.LANGUAGES))}")
        listed = words.LANGUAGES[language or self.draw.choice(sorted(words.LANGUAGES))]
        drawn = self.draw.choices(listed, k=count)
        return " ".join(word + "." * (number % 11 == 10) for number, word in enumerate(drawn))
