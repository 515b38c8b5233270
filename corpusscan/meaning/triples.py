"""Sentences that assert of two known things what the triples at hand do not know, or exclude."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import chain, product
from typing import NamedTuple

import pyarrow as pa

from corpusscan.kernels import asserted, literals
from corpusscan.kernels.columns import buffers
from corpusscan.kernels.matching import Filter, Need, Query
from corpusscan.kernels.naming import Lexicon, literal
from corpusscan.kernels.stances import Sentence, Text
from corpusscan.meaning.claims import ClaimPack
from corpusscan.meaning.knowledge import Knowledge

NEAR = 200  # bytes between two things, at most, for a sentence to be read
WITHIN = 10  # words between two of the three
SENTENCES = 400  # of a text in which an unknown triple may stand that are read
PAIRS = 20  # of things of a sentence that are looked at


class Unknown(NamedTuple):
    """A sentence that asserts an unknown or excluded triple."""

    triple: tuple[str, str, str]
    excluded: bool
    begin: int  # code points of the text
    end: int


class Triples:
    """What is known, ready to be compared with sentences; relations and signs of stance are those of a pack."""

    def __init__(self, knowledge: Knowledge, pack: ClaimPack) -> None:
        every = sorted(knowledge.known | knowledge.excluded)
        self.knowledge = knowledge
        subjects = sorted({(relation, subject) for subject, relation, _ in every})
        objects = sorted({(relation, thing) for _, relation, thing in every})
        concepts = {f"stance/{name}": terms for name, terms in pack.words.stance.items()}
        for name in sorted({relation for _, relation, _ in every}):
            relation = pack.words.relations[name]
            concepts |= {f"forward/{name}": relation.forward, f"backward/{name}": relation.backward}
        concepts |= {f"subject/{relation}/{name}": {"mul": (name,)} for relation, name in subjects}
        concepts |= {f"object/{relation}/{name}": {"mul": (name,)} for relation, name in objects}
        self.lexicon = Lexicon(concepts, pack.words.common)
        self._number = {name: i for i, name in enumerate(self.lexicon.names)}
        self._signs = {name: self._number[f"stance/{name}"] for name in pack.words.stance}
        self._relations = sorted({relation for relation, _ in subjects})
        self._side: dict[int, tuple[str, str, str]] = {}  # which side of which relation a concept is, and its name
        for name, number in self._number.items():
            side, _, rest = name.partition("/")
            if side in ("subject", "object"):
                relation_name, _, thing = rest.partition("/")
                self._side[number] = (side, relation_name, thing)
        clauses = tuple(_needs(sorted({name for _, name in some})) for some in (subjects, objects))
        self.filter = Filter([Query(clauses, True, 2, NEAR)])

    def unknown(self, texts: pa.LargeStringArray) -> Iterator[tuple[int, list[Unknown], int]]:
        """(text, what it asserts beyond the triples, how many of its sentences were not read) by ascending text."""
        data, offsets = buffers(texts)
        pieces: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for place, _, begin, end in zip(*(column.tolist() for column in self.filter.candidates(texts)), strict=True):
            pieces[place].append((begin, end))
        for place in sorted(pieces):
            raw = data[offsets[place] : offsets[place + 1]].tobytes()
            text = Text(raw.decode("utf-8", "replace"), self.lexicon, self._signs)
            numbers = sorted({*chain.from_iterable(text.near(raw, pieces[place]))})
            told = [one for number in numbers[:SENTENCES] for one in self._sentence(text, number)]
            left = max(len(numbers) - SENTENCES, 0)
            if told or left:
                yield place, told, left

    def _sentence(self, text: Text, number: int) -> Iterator[Unknown]:
        sentence = text.sentence(number)
        things = [
            (self._side[concept], places) for concept, places in sorted(sentence.named.items()) if concept in self._side
        ]
        for relation in self._relations:
            subjects, objects = (
                [(name, places) for (way, of, name), places in things if (way, of) == (side, relation)]
                for side in ("subject", "object")
            )
            for (subject, at), (thing, there) in list(product(subjects, objects))[:PAIRS]:
                triple = (subject, relation, thing)
                if triple in self.knowledge.known:
                    continue
                reading = self._reading(sentence, relation, at, there)
                found = asserted.said(reading)
                if found is None or found.denied:
                    continue
                said = [*at, *there, *([found.relation] if found.relation else [])]
                if text.stance(number, said, denied=False)[0] == "asserts":
                    yield Unknown(triple, triple in self.knowledge.excluded, *text.spans[number])

    def _reading(
        self, sentence: Sentence, relation: str, subjects: list[tuple[int, int]], objects: list[tuple[int, int]]
    ) -> asserted.Reading:
        forward, backward = (
            sentence.named.get(self._number[f"{way}/{relation}"], []) for way in ("forward", "backward")
        )
        return asserted.Reading(
            subjects, objects, forward, backward, sentence.sign("by"), sentence.negations,
            sentence.sign("negation-behind"), sentence.breaks, WITHIN, sentence.final,
        )  # fmt: skip


def _needs(names: list[str]) -> tuple[Need, ...]:
    sought = dict.fromkeys(filter(None, map(literal, names)))
    return tuple(Need(literals.of_phrase(one.encode()), len(one.encode())) for one in sought)
