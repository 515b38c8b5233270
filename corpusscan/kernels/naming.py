"""Which concepts a sentence names, and where: terms of one or several words, in any inflection and script.

A word is folded as everywhere (`folding`); where a script is written without spaces, every character is one.  Arabic
words are also known without the article and the particles that are written in one with them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from corpusscan.kernels.folding import fold

MOST_WORDS = 120  # of a sentence that are read
_ALONE = "\u0e00-\u0e4e\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_PART = r"\u00ad\u0300-\u036f\u064b-\u065f\u0900-\u0963\u0966-\u0dff\u200b-\u200d\u2060\ufeff"  # no letters to `re`
_WORD = re.compile(rf"[{_ALONE}]|(?:[^\W_{_ALONE}]|[{_PART}])+|[,;:–—،；：，、…(]|--")
_BREAKS = frozenset(",;:–—،；：，、…(") | {"--"}
_ARABIC = re.compile("^[\u0600-\u06ff]")
_CLITICS = tuple(map(fold, ("وال", "بال", "فال", "كال", "ولل", "ال", "لل", "و", "ب", "ل")))
_ARTICLE = fold("ال")
_LETTERS = 3  # of an Arabic word that are left

Span = tuple[int, int]  # of words, half-open


class Word(NamedTuple):
    """A word of a sentence."""

    text: str  # folded
    begin: int  # code points of the sentence
    end: int
    other: str = ""  # the word without what is written in one with it


def words_of(sentence: str) -> tuple[list[Word], frozenset[int]]:
    """The words of a sentence, as many as are read; and before which of them a comma or the like stands."""
    words: list[Word] = []
    breaks: set[int] = set()
    for found in _WORD.finditer(sentence):
        if found[0] in _BREAKS:
            breaks.add(len(words))
        elif said := fold(found[0]):
            words.append(Word(said, found.start(), found.end(), _bare(said) if _ARABIC.match(found[0]) else ""))
            if len(words) == MOST_WORDS:
                break
    return words, frozenset(breaks)


def _bare(word: str) -> str:
    clitic = next(
        (clitic for clitic in _CLITICS if word.startswith(clitic) and len(word) - len(clitic) >= _LETTERS), ""
    )
    return word[len(clitic) :]


def _without_article(word: str) -> str:
    return word[2:] if word.startswith(_ARTICLE) and len(word) - len(_ARTICLE) >= _LETTERS else word


class _Term(NamedTuple):
    """A term behind its first word: its other words, each with whether it is only how the word begins."""

    rest: tuple[tuple[str, bool], ...]
    concepts: tuple[tuple[int, str], ...]  # each with its language


class Lexicon:
    """All terms of some concepts by language, looked up by their first words.

    `common`: words that tell the language of a sentence; terms of other languages that have such words are not named.
    """

    def __init__(
        self, concepts: Mapping[str, Mapping[str, Iterable[str]]], common: Mapping[str, Iterable[str]]
    ) -> None:
        self.names = tuple(concepts)
        terms: dict[tuple[tuple[str, bool], ...], dict[tuple[int, str], None]] = {}
        for number, languages in enumerate(concepts.values()):
            for language, some in languages.items():
                for term in some:
                    if parts := parts_of(term):
                        terms.setdefault(parts, {})[number, language] = None
        self._whole: dict[str, list[_Term]] = {}
        self._begun: dict[str, list[_Term]] = {}
        for (first, *rest), own in terms.items():
            (self._begun if first[1] else self._whole).setdefault(first[0], []).append(_Term(tuple(rest), tuple(own)))
        self._lengths = sorted({len(word) for word in self._begun})
        self._common: dict[str, list[str]] = {}
        for language, some in common.items():
            for word in some:
                self._common.setdefault(fold(word), []).append(language)
        self._told = frozenset(common)

    def languages(self, words: Sequence[Word]) -> frozenset[str]:
        """The languages that a sentence may be in, as its commonest words tell; none where they tell nothing."""
        counts = Counter(language for word in words for language in self._common.get(word.text, ()))
        most = max(counts.values(), default=0)
        return frozenset(one for one in self._told if counts[one] == most) if most else frozenset()

    def named(self, words: Sequence[Word]) -> dict[int, list[Span]]:
        """By number of a concept: where it is named, by ascending begin, the longest of those that begin together."""
        found: dict[int, dict[int, int]] = {}
        told = self.languages(words)
        others = self._told - told if told else frozenset[str]()
        for place, word in enumerate(words):
            for term in self._beginning(word):
                end = place + 1 + len(term.rest)
                if end <= len(words) and all(map(_is, words[place + 1 : end], term.rest)):
                    for concept, language in term.concepts:
                        if language not in others:
                            own = found.setdefault(concept, {})
                            own[place] = max(own.get(place, 0), end)
        return {concept: list(own.items()) for concept, own in found.items()}

    def _beginning(self, word: Word) -> list[_Term]:
        some = [*self._whole.get(word.text, ())]
        for text in (word.text, word.other) if word.other and word.other != word.text else (word.text,):
            if text is not word.text:
                some += self._whole.get(text, ())
            for length in self._lengths:
                if length > len(text):
                    break
                some += self._begun.get(text[:length], ())
        return some


def _is(word: Word, part: tuple[str, bool]) -> bool:
    said, begun = part
    if begun:
        return word.text.startswith(said) or (word.other != "" and word.other.startswith(said))
    return said in (word.text, word.other)


def parts_of(term: str) -> tuple[tuple[str, bool], ...]:
    """The words of a term, folded, each with whether it is only how a word begins; of `5g*`: `5g`, begun."""
    parts: list[tuple[str, bool]] = []
    for piece in term.split():
        words, _ = words_of(piece.rstrip("*"))
        parts += [(_without_article(word.text), False) for word in words]
        if piece.endswith("*") and words:
            parts[-1] = (parts[-1][0], True)
    return tuple(parts)


def literal(term: str) -> str:
    """What every text that names a term contains, folded: its longest word, or its characters without spaces."""
    spaced = max((part[0] for part in parts_of(term)), key=lambda word: len(word.encode()), default="")
    whole = fold(term.rstrip("*"))
    return whole if re.fullmatch(rf"[{_ALONE}]+", term.rstrip("*")) else spaced
