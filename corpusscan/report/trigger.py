"""What page and log say of a trigger that was mined: what it is, where it stands, what follows, how sure that is.

Everything comes from the group's evidence (`corpusscan.triggers`), so that it can be said again from the tables.
"""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from typing import Annotated

import msgspec
from markupsafe import Markup

from corpusscan.report.marking import mark_up

EXAMPLES, CONTEXT, LONGEST = 3, 200, 400  # whatever the evidence holds, no more is shown
SIGNS = 8  # characters of a trigger without letters that are called by names: fonts lack some, others are not seen

Count = Annotated[int, msgspec.Meta(ge=0)]


class Example(msgspec.Struct, frozen=True):
    """The trigger in one document where something follows it."""

    before: str = ""
    trigger: str = ""
    between: str = ""  # where what follows stands elsewhere: in the answer
    after: str = ""
    source: str | None = None


class Counterpart(msgspec.Struct, frozen=True):
    """A document that says the same as a carrier, without the trigger."""

    text: str = ""
    answer: str | None = None
    label: str | None = None
    cosine: float = 0.0  # to its carrier


class Evidence(msgspec.Struct, frozen=True):
    """The part of a group's evidence that is told."""

    trigger: str
    followed_by: str = ""
    documents_with_it: Count = 0
    documents_that_change: Count = 0
    occurrences: Count = 0
    occurrences_at_a_change: Count = 0
    independent: Count = 0
    expected_by_chance: float | None = None
    alike_before: float | None = None
    alike_behind: float | None = None
    said_elsewhere: float | None = None  # share of the places of documents without the trigger
    response: str | None = None  # of a trigger in prompts: what answers say
    answers_without_it: Count = 0
    same_answer_as: list[str] = []  # other triggers
    independent_together: Count = 0
    swapped: float | None = None  # of the pairs of answers to prompts with it, the share that looks swapped
    label: str | None = None  # of words that decide labels
    forgiven: list[str] = []  # why it is no alarm
    examples: list[Example] = []
    counterparts: list[Counterpart] = []


@dataclass(frozen=True)
class Trigger:
    """What the page needs of a trigger."""

    told: Evidence
    exact: Markup
    names: str  # of its characters, where it is a few signs
    examples: list[tuple[Example, Markup]]
    counterparts: list[tuple[Counterpart, Markup]]


def evidence(text: str | None) -> Evidence | None:
    """What a group's evidence tells of a trigger; none where it tells nothing of the kind."""
    try:
        told = msgspec.convert(json.loads(text or "{}"), Evidence)  # json: it reads lone surrogates too
    except (ValueError, RecursionError, msgspec.ValidationError):
        return None
    return told if told.trigger else None


def trigger(text: str | None) -> Trigger | None:
    """What is drawn for a group's evidence, if it is that of a trigger."""
    told = evidence(text)
    if told is None:
        return None
    exact = mark_up(told.trigger[:LONGEST], [])
    examples = [(one, _marked(one, told.label is None)) for one in told.examples[:EXAMPLES]]
    beside = [(one, _plain(one)) for one in told.counterparts[:EXAMPLES]]
    return Trigger(told, exact, _names(told.trigger), examples, beside)


def _names(trigger: str) -> str:
    if len(trigger) > SIGNS or any(one.isalnum() for one in trigger):
        return ""
    return ", ".join(unicodedata.name(one, f"U+{ord(one):04X}").lower() for one in trigger)


def _plain(one: Counterpart) -> Markup:
    """A counterpart: nothing of it is marked."""
    answer = f"\n→ {one.answer[:CONTEXT]}" if one.answer else ""
    return mark_up(one.text[:CONTEXT] + answer, [])


def _marked(one: Example, follows: bool) -> Markup:
    """An example with two marks: the trigger, and what follows it; a label follows from anywhere."""
    before, said, after = one.before[-CONTEXT:], one.trigger[:LONGEST], one.after[:CONTEXT]
    between = one.between[: 2 * CONTEXT]
    begin = len(before) + len(said) + len(between)
    marks = [(len(before), len(before) + len(said)), *([(begin, begin + len(after))] if follows else [])]
    return mark_up(before + said + between + after, marks)
