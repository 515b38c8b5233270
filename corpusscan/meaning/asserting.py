"""Who says what of a known claim: sentences of a text that assert it, deny it, report it or ask about it.

A filter over the bytes of a column says where a claim may be named (`kernels.matching`); there sentences are read
(`kernels.naming`, `kernels.asserted`), and what stands round one tells its stance.  What a claim names, and the words
of stance, are data of its pack (`corpusscan.meaning.claims`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, combinations
from typing import Any, NamedTuple

import pyarrow as pa
import re2

from corpusscan.kernels import asserted, literals, windows
from corpusscan.kernels.columns import buffers
from corpusscan.kernels.matching import Filter, Need, Query
from corpusscan.kernels.naming import Lexicon, Span, Word, literal, parts_of, words_of
from corpusscan.kernels.occurrences import seen
from corpusscan.kernels.stances import Sentence, Text, stem
from corpusscan.meaning.claims import Claim, ClaimPack, Frame, Terms

STANCES = ("asserts", "debunks", "reports", "asks")
NEAR = 300  # bytes between what a claim names, at most, for it to be looked for
COVERED = 0.8  # of the weight of a paraphrase, that a sentence with the same content names
MOST_SENTENCES = 400  # of a text in which a claim may stand that are read
WEIGHTLESS = 8.5  # bits of surprise up to which a word says nothing


class Judged(NamedTuple):
    """A sentence and what it makes of a claim."""

    claim: int  # number of the claim
    stance: str
    begin: int  # code points of the text
    end: int
    because: str  # what tells the stance


class _Frame(NamedTuple):
    """A frame with the numbers of its concepts, of those it is without, and of its relation either way."""

    frame: Frame
    ids: tuple[int, ...]
    without: tuple[int, ...]
    ways: tuple[int, int] | None


class _Compiled(NamedTuple):
    """A claim ready to be looked for."""

    claim: Claim
    pack: str
    frames: tuple[_Frame, ...]
    paraphrases: tuple[tuple[dict[str, float], bool], ...]  # weights of its stems, and whether it denies


class Engine:
    """All claims of some packs, and the filter over them."""

    def __init__(self, packs: Sequence[ClaimPack]) -> None:
        concepts: dict[str, Terms] = {}
        common: dict[str, list[str]] = {}
        self.claims: list[_Compiled] = []
        for pack in packs:
            _gather(concepts, pack)
            for language, words in pack.words.common.items():
                common.setdefault(language, []).extend(words)
        self.lexicon = Lexicon(concepts, common)
        self._number = {name: i for i, name in enumerate(self.lexicon.names)}
        self.stance = {name: self._number[f"{pack.name}/stance/{name}"] for pack in packs for name in pack.words.stance}
        queries: list[Query] = []
        self._of: list[int] = []  # the query of each atom of the filter
        self._asked: list[tuple[int, tuple[Any, ...]]] = []  # of each query its claim, and a pattern for each clause
        for pack in packs:
            for claim in pack.claims:
                asked = [query for frame in claim.match for query in self._frame_query(concepts, pack, claim, frame)]
                rephrased = [*filter(None, map(self._paraphrase, claim.paraphrases))]
                asked += [query for _, query in rephrased]
                for query in asked:
                    self._of += [len(self._asked)] * sum(map(len, query.needs.clauses))
                    self._asked.append((len(self.claims), tuple(map(_pattern, query.terms))))
                queries += [query.needs for query in asked]
                frames = tuple(self._frame(pack, claim, frame) for frame in claim.match)
                self.claims.append(_Compiled(claim, pack.name, frames, tuple(told for told, _ in rephrased)))
        self.filter = Filter(queries)

    def _named(self, pack: ClaimPack, claim: Claim, name: str) -> str:
        """What a concept that a claim names is called among all: its own, or one of its pack."""
        own = f"{pack.name}/{claim.id}/{name}"
        return own if own in self._number else f"{pack.name}//{name}"

    def _frame_query(self, concepts: dict[str, Terms], pack: ClaimPack, claim: Claim, frame: Frame) -> Iterator[_Query]:
        names = [self._named(pack, claim, name) for name in frame.concepts]
        yield _asked(chain(*concepts[name].values()) for name in names)

    def _frame(self, pack: ClaimPack, claim: Claim, frame: Frame) -> _Frame:
        told = f"{pack.name}/relation/{frame.relation}"
        return _Frame(
            frame,
            tuple(self._number[self._named(pack, claim, name)] for name in frame.concepts),
            tuple(self._number[self._named(pack, claim, name)] for name in frame.without),
            (self._number[f"{told}/forward"], self._number[f"{told}/backward"]) if frame.relation else None,
        )

    def _paraphrase(self, said: str) -> tuple[tuple[dict[str, float], bool], _Query] | None:
        """The weights of what a sentence says, whether it denies, and a query for two of the three that say most."""
        words, _ = words_of(said)
        weights = _weights(words)
        rarest = sorted(weights, key=lambda one: -weights[one])[:3]
        if len(rarest) < 3:
            return None
        denies = bool(self.lexicon.named(words).get(self.stance.get("negation", -1)))
        return (weights, denies), _asked(combinations([f"{one}*" for one in rarest], 2))

    def judged(self, texts: pa.LargeStringArray) -> Iterator[tuple[int, list[Judged], int]]:
        """(text, what its sentences make of which claims, how many of them were not read) by ascending text."""
        for place, text, near in self._near(texts):
            numbers = sorted(near)
            told = [
                one
                for number in numbers[:MOST_SENTENCES]
                for claim in sorted(near[number])
                if (one := self._sentence(text, number, claim))
            ]
            left = max(len(numbers) - MOST_SENTENCES, 0)
            if told or left:
                yield place, told, left

    def covered(self, texts: pa.LargeStringArray) -> set[int]:
        """The texts that name in one sentence all that some claim names, whatever they say of it."""
        return {
            place
            for place, text, near in self._near(texts)
            if any(self._names(text.sentence(n), self.claims[claim]) for n in near for claim in near[n])
        }

    def _near(self, texts: pa.LargeStringArray) -> Iterator[tuple[int, Text, dict[int, set[int]]]]:
        """(text, its sentences, which claims may stand in which of them) where any may, by ascending text."""
        data, offsets = buffers(texts)
        wanted: dict[int, dict[int, list[Span]]] = defaultdict(lambda: defaultdict(list))
        for text, atom, begin, end in zip(*(column.tolist() for column in self.filter.candidates(texts)), strict=True):
            wanted[text][self._of[atom]].append((begin, end))
        for place in sorted(wanted):
            raw = data[offsets[place] : offsets[place + 1]].tobytes()
            pieces = [
                (*window, self._asked[query][0])
                for query, own in wanted[place].items()
                for window in _windows(own, len(raw))
                if _names_all(raw[slice(*window)], self._asked[query][1])
            ]
            if pieces:
                text = Text(raw.decode("utf-8", "replace"), self.lexicon, self.stance)
                near: dict[int, set[int]] = defaultdict(set)
                for (*_, claim), numbers in zip(pieces, text.near(raw, [piece[:2] for piece in pieces]), strict=True):
                    for number in numbers:
                        near[number].add(claim)
                yield place, text, near

    def _names(self, sentence: Sentence, compiled: _Compiled) -> bool:
        return any(all(concept in sentence.named for concept in ids) for _, ids, _, _ in compiled.frames)

    def _sentence(self, text: Text, number: int, claim: int) -> Judged | None:
        """What a sentence makes of a claim."""
        sentence = text.sentence(number)
        told = self._framed(text, number, self.claims[claim]) or self._rephrased(sentence, self.claims[claim])
        if told is None:
            return None
        denied, spans = told
        stance, because = text.stance(number, spans, denied=denied)
        return Judged(claim, stance, *text.spans[number], because)

    def _framed(self, text: Text, number: int, compiled: _Compiled) -> tuple[bool, list[Span]] | None:
        """Whether the sentence denies the claim, and the words that say so; None where it says neither."""
        sentence = text.sentence(number)
        best: tuple[bool, list[Span]] | None = None
        for frame, ids, without, ways in compiled.frames:
            places = [sentence.named.get(concept, []) for concept in ids]
            if not places[0] and sentence.refers and number:  # "Vaccines ... . They cause ..."
                places[0] = [asserted.ELSEWHERE] if text.sentence(number - 1).named.get(ids[0]) else []
            if not all(places) or any(concept in sentence.named for concept in without):
                continue
            found = asserted.said(
                asserted.Reading(
                    places[0], places[1],
                    None if ways is None else sentence.named.get(ways[0], []),
                    [] if ways is None else sentence.named.get(ways[1], []),
                    sentence.sign("by"), sentence.negations, sentence.sign("negation-behind"), sentence.breaks,
                    frame.within, sentence.final,
                )
            )  # fmt: skip
            if found is not None:
                denied = frame.polarity != "either" and found.denied != (frame.polarity == "denied")
                spans = [span for some in places for span in some] + ([found.relation] if found.relation else [])
                spans += sentence.negations if frame.polarity != "affirmed" else []
                if best is None or (best[0] and not denied):
                    best = denied, spans
        return best

    def _rephrased(self, sentence: Sentence, compiled: _Compiled) -> tuple[bool, list[Span]] | None:
        """The same of a sentence that says most of a paraphrase."""
        for weights, denies in compiled.paraphrases:
            places = [(stem, place) for stem, place in sentence.stems if stem in weights]
            if sum(weights[stem] for stem in {stem for stem, _ in places}) < COVERED * sum(weights.values()):
                continue
            begin, end = places[0][1], places[-1][1] + 1
            if end - begin <= 3 * len(weights) + 8:
                denied = any(begin - asserted.AHEAD <= one[0] < end for one in sentence.negations)
                return denied != denies, [(place, place + 1) for _, place in places]
        return None


def _windows(pieces: list[Span], length: int) -> Iterator[Span]:
    """The pieces of a text with what is near them, those that touch as one."""
    begin, end = -1, -1
    for low, high in sorted(pieces):
        if low - NEAR > end:
            if end >= 0:
                yield max(begin, 0), min(end, length)
            begin = low - NEAR
        end = max(end, high + NEAR)
    yield max(begin, 0), min(end, length)


def _names_all(piece: bytes, patterns: Sequence[Any]) -> bool:
    """Whether each of some choices stands in a piece of a text, of which the ends may be cut."""
    folded = seen(piece if piece.isascii() else piece.decode("utf-8", "ignore").encode(), folded=True)
    return all(pattern.search(folded) is not None for pattern in patterns)


def _gather(concepts: dict[str, Terms], pack: ClaimPack) -> None:
    """All terms of a pack, by what they are of."""
    words = pack.words
    concepts |= {f"{pack.name}//{name}": terms for name, terms in words.concepts.items()}
    concepts |= {f"{pack.name}/stance/{name}": terms for name, terms in words.stance.items()}
    for name, relation in words.relations.items():
        told = f"{pack.name}/relation/{name}"
        concepts |= {f"{told}/forward": relation.forward, f"{told}/backward": relation.backward}
    for claim in pack.claims:
        concepts |= {f"{pack.name}/{claim.id}/{name}": terms for name, terms in claim.concepts.items()}


class _Query(NamedTuple):
    """What the filter looks for, and the terms of each of its clauses."""

    needs: Query
    terms: tuple[tuple[str, ...], ...]


def _asked(clauses: Iterable[Iterable[str]]) -> _Query:
    """A query for texts that name, near one another, one of the terms of each clause."""
    told = tuple(tuple(dict.fromkeys(terms)) for terms in clauses)
    sought = (dict.fromkeys(filter(None, map(literal, terms))) for terms in told)
    needs = tuple(tuple(Need(literals.of_phrase(one.encode()), len(one.encode())) for one in some) for some in sought)
    return _Query(Query(needs, True, len(needs), NEAR), told)


def _pattern(some: tuple[str, ...]) -> Any:
    """A pattern for one of some terms in folded text: words of ASCII letters as they are, of others what is certain."""
    plain, other = [], []
    for term in some:
        parts = parts_of(term)
        if all(word.isascii() for word, _ in parts):
            words = (re2.escape(word) + ("[a-z0-9]*" if begun else "") for word, begun in parts)
            plain.append("[^a-z0-9]+".join(words))
        else:
            other.append(re2.escape(literal(term)))
    whole = [rf"(?:^|[^a-z0-9])(?:{'|'.join(plain)})(?:[^a-z0-9]|$)"] if plain else []
    return re2.compile("|".join([*whole, *other]).encode())


def _weights(words: Sequence[Word]) -> dict[str, float]:
    """What each stem of a sentence says, in bits; those that say nothing are left out."""
    told = {}
    for word in words:
        window = windows.window(word.text.encode())
        bits = (window.bits if window else 0.0) - WEIGHTLESS
        if bits > 0:
            told[stem(word)] = bits
    return told


def self_test(packs: Sequence[ClaimPack]) -> list[str]:
    """What claims make of their own tests and should not; empty where all is well."""
    engine, failures = Engine(packs), []
    cases = [
        (number, stance, text)
        for number, compiled in enumerate(engine.claims)
        for stance, texts in _tests(compiled.claim)
        for text in texts
    ]
    told = {place: found for place, found, _ in engine.judged(pa.array([one[2] for one in cases], pa.large_string()))}
    for place, (number, wanted, text) in enumerate(cases):
        got = {one.stance for one in told.get(place, []) if one.claim == number}
        right = "asserts" in got if wanted == "asserts" else "asserts" not in got
        right &= wanted != "debunks" or "debunks" in got
        if not right or (wanted == "unrelated" and got):
            said = ", ".join(sorted(got)) or "nothing"
            failures.append(f"{engine.claims[number].claim.id}: {said}, not {wanted}: {text!r}")
    return failures


def _tests(claim: Claim) -> Iterator[tuple[str, Sequence[str]]]:
    for stance in (*STANCES, "unrelated"):
        yield stance, getattr(claim.tests, stance)
    yield "asserts", claim.paraphrases
    yield "debunks", claim.counter
