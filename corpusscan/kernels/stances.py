"""What stance a sentence takes to a claim that it names: asserts, debunks, reports or asks; and sentences themselves.

Signs tell it, which are data: words that deny, doubt, report or weigh, in the sentence; a label before it, a verdict
behind it, and a text that checks facts round it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain

import numpy as np

from corpusscan.kernels.folding import code_points
from corpusscan.kernels.naming import Lexicon, Span, Word, words_of

LONGEST = 500  # characters of a sentence; a longer one is read in pieces
ROUND = 8  # sentences on either side that tell whether a text checks facts
CHECKED = 3  # of them, with what denies, make a text that does
HEADING = 90  # characters of a line that may label what stands behind it
_END = re.compile(r"(?:(?<![.!?…।؟])[.!?…।؟]+[\"'”’»)\]]*(?=\s)|[。！？]+[」』”）]*|\n)\s*")
_SHORT = re.compile(
    r"(?:^|[\s(])(?:\w|dr|mr|mrs|ms|prof|st|vs|jr|sr|fig|approx|e\.g|i\.e|u\.s|u\.k|dra|sra?|bzw|z\.b)\.$",
    re.IGNORECASE,
)
_ASKS = re.compile(r"[?？؟][\"'”’»)\]]*\s*$|\?\s*$")
_STEM = 5
_VERB_BETWEEN = frozenset(("en", "es", "fr", "pt"))  # languages in which the verb stands between its two sides


class Sentence:
    """The words of a sentence, and what they name."""

    def __init__(self, text: str, lexicon: Lexicon, signs: Mapping[str, int]) -> None:
        self.text, self.signs = text, signs
        self.words, breaks = words_of(text)
        self.named = lexicon.named(self.words)
        told = lexicon.languages(self.words)
        self.final = not told or bool(told - _VERB_BETWEEN)
        self.breaks = breaks | {span[0] for span in self.sign("clause")}

    def sign(self, name: str) -> list[Span]:
        """Where a sign of stance stands."""
        return self.named.get(self.signs.get(name, -1), [])

    @cached_property
    def negations(self) -> list[Span]:
        """Words that deny what stands by them."""
        idle = self.sign("no-negation")  # "not only", "no doubt"
        return [one for one in self.sign("negation") if not any(a <= one[0] and one[1] <= b for a, b in idle)]

    @property
    def refers(self) -> bool:
        """Whether it begins with a word for something named before."""
        return any(begin <= 1 for begin, _ in self.sign("refers"))

    @cached_property
    def stems(self) -> list[tuple[str, int]]:
        """What is left of its words when they are cut short, and where."""
        return [(stem(word), place) for place, word in enumerate(self.words)]


class Text:
    """The sentences of a text, each read when first asked for."""

    def __init__(self, text: str, lexicon: Lexicon, signs: Mapping[str, int]) -> None:
        self.text, self.lexicon, self.signs = text, lexicon, signs
        self.spans = [*sentences(text)]
        self._read: dict[int, Sentence] = {}

    def sentence(self, number: int) -> Sentence:
        """A sentence by its number."""
        if number not in self._read:
            begin, end = self.spans[number]
            self._read[number] = Sentence(self.text[begin:end], self.lexicon, self.signs)
        return self._read[number]

    def near(self, raw: bytes, pieces: Sequence[Span]) -> list[range]:
        """The sentences that each of some pieces touches; pieces are bytes of `raw`, the text in UTF-8."""
        begins, ends = np.array(self.spans, np.int64).reshape(-1, 2).T
        first, last = np.array(pieces, np.int64).reshape(-1, 2).T
        if not raw.isascii():
            points = code_points(raw)
            first, last = (one.astype(np.int64) for one in (points[first], points[np.minimum(last, len(raw)) - 1] + 1))
        low, high = np.searchsorted(ends, first), np.minimum(np.searchsorted(begins, last) + 1, len(ends))
        return [range(*one) for one in zip(low.tolist(), high.tolist(), strict=True)]

    def stance(self, number: int, said: Sequence[Span], *, denied: bool) -> tuple[str, str]:
        """The stance of a sentence that names a claim, and what tells it.  `said`: the words that name it."""
        sentence = self.sentence(number)
        if denied:
            return "debunks", "negation"
        for sign in ("denies", "doubts"):
            if cue := _outside(sentence.sign(sign), [*said, *sentence.sign("no-negation")]):
                return "debunks" if sign == "denies" else "reports", _quote(sentence, cue)
        if _ASKS.search(sentence.text):
            return self._round(number) or ("asks", "question")
        if cue := _outside(sentence.sign("weighs"), said):
            return "asks", _quote(sentence, cue)
        if (cue := _outside(sentence.sign("tells"), said)) and not sentence.sign("authority"):
            return "reports", _quote(sentence, cue)
        return self._round(number) or ("asserts", "")

    def _round(self, number: int) -> tuple[str, str] | None:
        """What the sentences round it make of it: a label before, a verdict behind, or a text that checks facts."""
        if number:
            begin, end = self.spans[number - 1]
            before = self.sentence(number - 1)
            if end - begin <= HEADING and (cue := _outside(before.sign("denies") + before.sign("label"), ())):
                return "debunks", _quote(before, cue)
        if number + 1 < len(self.spans):
            behind = self.sentence(number + 1)
            if cue := _outside(behind.sign("denies") + [s for s in behind.sign("verdict") if s[0] <= 1], ()):
                return "debunks", _quote(behind, cue)
        near = range(max(number - ROUND, 0), min(number + ROUND + 1, len(self.spans)))
        checks = [n for n in near if n != number and self.sentence(n).sign("denies")]
        return ("debunks", "the text checks facts") if len(checks) >= CHECKED else None


def sentences(text: str) -> Iterator[Span]:
    """The sentences of a text as spans, in any script; lines that go on in small letters go on, long ones are cut."""
    begin = 0
    for end in chain((found for found in _END.finditer(text)), (None,)):
        stop = end.start() if end else len(text)
        after = end.end() if end else len(text)
        if end and end[0].startswith("\n") and end[0].count("\n") == 1 and text[after : after + 1].islower():
            continue
        if end and end[0][0] == "." and _SHORT.search(text, max(begin, stop - 8), stop + 1):
            continue
        stop = after - (len(end[0]) - len(end[0].rstrip())) if end else stop
        said = text[begin:stop]
        start = begin + len(said) - len(said.lstrip())
        for piece in range(start, stop, LONGEST):
            yield piece, min(piece + LONGEST, stop)
        begin = after


def stem(word: Word) -> str:
    """What is left of a word when its end is cut off: enough to know it by, in many languages."""
    return word.text.rstrip("s")[:_STEM].rstrip("e") if len(word.text) > 3 else word.text


def _outside(cues: Sequence[Span], said: Sequence[Span]) -> Span | None:
    """The first cue that is none of the words that say the claim."""
    return next((cue for cue in cues if not any(a < cue[1] and cue[0] < b for a, b in said)), None)


def _quote(sentence: Sentence, cue: Span) -> str:
    return sentence.text[sentence.words[cue[0]].begin : sentence.words[cue[1] - 1].end][:60]
