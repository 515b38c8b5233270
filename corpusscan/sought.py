"""Where rules match texts: all rules of some packs at once, and the tests that rules carry.

A filter over the bytes of a column says which rules may match where (`kernels.matching`), and only there are phrases
and RE2 patterns tried, which decide every span.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from corpusscan.cached import cached
from corpusscan.errors import RuleError
from corpusscan.kernels import literals
from corpusscan.kernels.columns import buffers
from corpusscan.kernels.excerpts import escaped
from corpusscan.kernels.folding import fold
from corpusscan.kernels.matching import Filter, Need, Query
from corpusscan.kernels.occurrences import Pattern, Phrase, Seeker, Span, Text, seen, tightest
from corpusscan.kernels.syntax import edged, folded_pattern, width
from corpusscan.rules import Atom, Pack, Rule, content, load

TOGETHER = 64  # pieces of text that an atom is looked for in at once
COMMON = 9.0  # bits: literals of a clause that together surprise less are not looked for beside others
_BETWEEN = b"\n\n"  # to a pattern, what an end of a text is
MOST_OCCURRENCES = 10_000  # of one atom of a `near`: bounds the work that a text full of decoys makes


class _Sought(NamedTuple):
    """An atom ready to be looked for."""

    number: int  # over all atoms of all clauses
    seeker: Seeker
    need: Need


@dataclass(frozen=True, eq=False)
class Compiled:
    """A rule with its atoms, in the order of `Match.clauses`."""

    rule: Rule
    pack: str
    clauses: tuple[tuple[_Sought, ...], ...]
    absent: tuple[_Sought, ...]

    def spans(self, text: Text, candidates: set[int], limit: int) -> list[Span]:
        """What the rule flags in a text, in code points; atoms that are no candidates cannot occur."""
        folded = self.rule.view == "folded"
        data, near = text.view(folded), self.rule.match.near
        lone = len(self.clauses) - (len(near.of) if near else 0)  # clauses before those of `near`
        able = [
            [atom for atom in atoms if atom.number in candidates or not atom.need.clauses] for atoms in self.clauses
        ]
        every: list[list[Span]] = [[] for _ in able]
        for i in sorted(range(len(able)), key=lambda i: len(able[i])):  # the first that is absent settles it
            most = limit if i < lone else MOST_OCCURRENCES
            every[i] = sorted({span for atom in able[i] for span in islice(atom.seeker.spans(data), most)})
            if not every[i]:
                return []
        if any(True for atom in self.absent for _ in atom.seeker.spans(data)):
            return []
        every = [text.code_points(spans, folded) for spans in every]
        window = tightest(every[lone:], near.within) if near else None
        if near and not window:
            return []
        return sorted({span for spans in every[:lone] for span in spans} | ({window} if window else set()))


class Engine:
    """All rules of some packs, and the filter over them."""

    def __init__(self, packs: Sequence[Pack]) -> None:
        self.rules: list[Compiled] = []
        number = 0
        for pack in packs:
            for rule in pack.rules:
                clauses = []
                for atoms in rule.match.clauses:
                    clauses.append(tuple(_seek(atom, rule, number + i) for i, atom in enumerate(atoms)))
                    number += len(atoms)
                clauses = _guards(clauses)
                absent = tuple(_seek(atom, rule, -1) for atom in rule.match.none_of or ())
                self.rules.append(Compiled(rule, pack.name, tuple(clauses), absent))
        self._atoms = [(a, one.rule.view == "folded") for one in self.rules for atoms in one.clauses for a in atoms]
        self._rule_of = [i for i, one in enumerate(self.rules) for atoms in one.clauses for _ in atoms]
        self.filter = Filter([
            Query(
                tuple(tuple(atom.need for atom in atoms) for atoms in one.clauses),
                one.rule.view == "folded",
                *((len(near.of), near.within) if (near := one.rule.match.near) else ()),
            )
            for one in self.rules
        ])  # fmt: skip

    def matches(self, texts: pa.LargeStringArray, limit: int) -> Iterator[tuple[int, Compiled, list[Span]]]:
        """(text, rule, spans) by ascending text; `limit` bounds the spans of an atom outside `near`."""
        always = self.filter.always.tolist()
        found = self._found(texts)
        data, offsets = buffers(texts)
        for place in range(len(texts)) if always else sorted(found):
            if texts.null_count and not texts[place].is_valid:
                continue
            text = Text(data[offsets[place] : offsets[place + 1]].tobytes())
            atoms = found.get(place, set())
            for i in sorted({*always, *(self._rule_of[atom] for atom in atoms)}):
                if spans := self.rules[i].spans(text, atoms, limit):
                    yield place, self.rules[i], spans

    def _found(self, texts: pa.LargeStringArray) -> dict[int, set[int]]:
        """By text: the atoms that occur in the pieces where they may."""
        found: dict[int, set[int]] = defaultdict(set)
        data, offsets = buffers(texts)
        text, atom, begin, end = self.filter.candidates(texts)
        order = np.argsort(atom, kind="stable")
        text, begin, end = text[order], begin + offsets[text], end + offsets[text]
        begin, end, raw = begin[order].tolist(), end[order].tolist(), data.data
        for number, first, last in _runs(atom[order]):
            sought, folded = self._atoms[number]
            for few in range(first, last, TOGETHER if sought.seeker.joinable else 1):
                some = range(few, min(few + TOGETHER, last) if sought.seeker.joinable else few + 1)
                pieces = [raw[begin[i] : end[i]] for i in some]
                if sought.seeker.occurs(seen(_BETWEEN.join(pieces), folded)):
                    for i, piece in zip(some, pieces, strict=True):
                        if len(some) == 1 or sought.seeker.occurs(seen(bytes(piece), folded)):
                            found[int(text[i])].add(number)
        return found


def _runs(values: np.ndarray[Any, Any]) -> Iterator[tuple[int, int, int]]:
    """(value, begin, end) of each run of equal values."""
    edges = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist(), len(values)]
    return ((int(values[begin]), begin, end) for begin, end in pairwise(edges) if begin < end)


def _seek(atom: Atom, rule: Rule, number: int) -> _Sought:
    folded = rule.view == "folded"
    if atom.phrase is not None:
        data = (fold(atom.phrase) if folded else atom.phrase).encode()
        if not data:
            raise RuleError(
                f"rule {rule.id!r}: nothing of the phrase {escaped(atom.phrase)!r} is left when it is folded"
            )
        return _Sought(number, Phrase(data, atom.word), Need(literals.of_phrase(data), len(data)))
    assert atom.regex is not None
    source = folded_pattern(atom.regex) if folded else atom.regex
    need = Need.of(literals.placed(source, folded=folded), width(source))
    return _Sought(number, Pattern(source, not edged(source)), need)


def _guards(clauses: list[tuple[_Sought, ...]]) -> list[tuple[_Sought, ...]]:
    """The same clauses, without needs where telling ones stand beside them: those the filter need not look for."""
    needs = [[atom.need.clauses for atom in atoms] for atoms in clauses]
    told, rare = [literals.surprise(one) for one in needs], [literals.rarity(one) for one in needs]
    best, *others = sorted(range(len(clauses)), key=lambda i: -(min(told[i], literals.ENOUGH) + rare[i]))
    kept = {best}
    for i in others:
        wanted = min(literals.ENOUGH, rare[i] + literals.WORTH)
        if rare[i] >= COMMON and sum(told[k] for k in kept) < wanted:
            kept.add(i)
    return [
        atoms if i in kept else tuple(atom._replace(need=Need(())) for atom in atoms) for i, atoms in enumerate(clauses)
    ]


@lru_cache(maxsize=4)
def loaded(folders: tuple[Path | str, ...], stamped: object, of: str = "rules") -> tuple[Pack, ...]:
    """The packs of one kind in these folders, read once as long as no file is edited (`rules.stamp`)."""
    return load(folders, of)


@lru_cache(maxsize=4)
def compiled(folders: tuple[Path | str, ...], stamped: object, of: str = "rules") -> Engine:
    """The same, ready to be looked for."""
    return cached(of, partial(content, folders), lambda: Engine(loaded(folders, stamped, of)))


def self_test(packs: Sequence[Pack]) -> list[str]:
    """What rules say of their own tests and should not; empty where all is well."""
    engine = Engine(packs)
    cases = [
        (one, text, wanted)
        for one in engine.rules
        for wanted, texts in ((True, one.rule.tests.match), (False, one.rule.tests.no_match))
        for text in texts
    ]
    texts = pa.array([text for _, text, _ in cases], pa.large_string())
    fired = {(place, rule.rule.id) for place, rule, _ in engine.matches(texts, 1)}
    return [
        f"{one.rule.id}: {'does not match' if wanted else 'matches'} {escaped(text)!r}"
        for place, (one, text, wanted) in enumerate(cases)
        if ((place, one.rule.id) in fired) != wanted
    ]


def unguarded(packs: Sequence[Pack]) -> list[str]:
    """Rules that no literal guards: they are tried on every text, which is slow."""
    engine = Engine(packs)
    return [engine.rules[i].rule.id for i in engine.filter.always]
