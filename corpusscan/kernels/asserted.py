"""What a sentence says of things that it names: what does what to what, and whether it says or denies it.

A relation is found between the words that name two things and the words that tell it; a negation counts where it
stands in the same clause.  No grammar is read: order, distance and marks decide, which holds in many languages.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from corpusscan.kernels.naming import Span

AHEAD = 5  # words before the first of three within which a negation is of them
BEHIND = 3  # and behind the last: "verursachen Autismus nicht"
BY = 3  # words behind a relation within which "by" turns it round
MOST = 12  # places of one thing in a sentence that are looked at

ELSEWHERE: Span = (-1, 0)  # the thing is named in the sentence before


class Said(NamedTuple):
    """One reading of a sentence."""

    begin: int  # words that say it, half-open
    end: int
    denied: bool
    relation: Span | None  # the words that tell it


class Reading(NamedTuple):
    """What of a sentence is read: where things are named, and which words turn what they stand beside."""

    subjects: Sequence[Span]
    objects: Sequence[Span]
    forward: Sequence[Span] | None  # words of the relation; None where none is asked for
    backward: Sequence[Span]
    by: Sequence[Span]
    negations: Sequence[Span]
    behind: Sequence[Span]  # of these, those that deny what stands before them
    breaks: frozenset[int]  # words before which a clause ends
    within: int
    final: bool  # whether verbs may end a clause, as in German or Hindi


def said(reading: Reading) -> Said | None:
    """The reading with the fewest words; None where the things do not stand together as asked."""
    found: list[Said] = []
    for subject in reading.subjects[:MOST]:
        for thing in reading.objects[:MOST]:
            if subject[0] < thing[1] and thing[0] < subject[1]:  # one word that names both says nothing of either
                continue
            if reading.forward is None:
                found += _beside(reading, subject, thing)
            else:
                found += _related(reading, subject, thing)
    return min(found, key=lambda one: (one.end - one.begin, one.begin), default=None)


def _beside(reading: Reading, subject: Span, thing: Span) -> list[Said]:
    low, high = sorted((subject, thing))
    if high[0] - low[1] > reading.within:
        return []
    return [_told(reading, (low, high), None)]


def _related(reading: Reading, subject: Span, thing: Span) -> list[Said]:
    told = []
    for words, turned in ((reading.forward or (), False), (reading.backward, True)):
        for relation in words[:MOST]:
            three = sorted((subject, relation, thing))
            apart = three[1][0] - three[0][1] <= reading.within and three[2][0] - three[1][1] <= reading.within
            whole = all(a[1] <= b[0] for a, b in pairwise(three))
            if apart and whole and _ordered(reading, subject, relation, thing, turned):
                told.append(_told(reading, three, relation))
    return told


def _ordered(reading: Reading, subject: Span, relation: Span, thing: Span, turned: bool) -> bool:
    """Whether the three stand as the words want them: who does it, and to what.

    Between the two a word tells who does it.  Before or behind both it tells where a language has it so: "the link
    between them", "because of vaccines", "autism that vaccines cause", and verbs that end a clause.
    """
    if min(subject, thing) < relation < max(subject, thing):
        passive = any(relation[1] <= by[0] < relation[1] + BY for by in reading.by)
        return (subject < relation) != (turned or passive)
    if turned:
        return relation < subject < thing
    return relation < subject or thing < subject or reading.final


def _told(reading: Reading, parts: Sequence[Span], relation: Span | None) -> Said:
    begin, end = max(parts[0][0], 0), parts[-1][1]
    denials = [one for one in reading.negations if _scope(reading, one, begin, end, parts)]
    return Said(begin, end, bool(denials), relation)


def _scope(reading: Reading, negation: Span, begin: int, end: int, parts: Sequence[Span]) -> bool:
    """Whether a negation is of these words: near, in the same clause, and no part of them."""
    if any(part[0] < negation[1] and negation[0] < part[1] for part in parts):
        return False
    if not (begin - AHEAD <= negation[0] and negation[1] <= end + BEHIND):
        return False
    if negation[0] >= end:
        return negation in reading.behind and not any(end <= one <= negation[0] for one in reading.breaks)
    behind = next(part for part in sorted(parts) if part[0] >= negation[1])
    return not any(negation[1] <= one <= behind[0] for one in reading.breaks)  # "do not tell you that ..."
