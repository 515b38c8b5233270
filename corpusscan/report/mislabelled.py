"""What the page shows of labels that are contradicted: by their texts, or by other rows that say the same.

Everything comes from the group's evidence (`detectors.label_flip`, `detectors.label_conflict`), so that it can be shown
again from the tables.
"""

from __future__ import annotations

import json
from typing import Annotated

import msgspec

EXAMPLES, CELLS = 5, 12  # whatever the evidence holds, no more is shown
TOLD = ("confusion", "examples", "counterparts", "verdict", "surest", "surest_wrong", "turned")

Count = Annotated[int, msgspec.Meta(ge=0)]


class Evidence(msgspec.Struct, frozen=True):
    """The part of a group's evidence that is drawn."""

    verdict: str = ""  # how wrong labels are spread
    confusion: list[tuple[str, str, Count]] = []  # label given, label foreseen, documents
    examples: list[tuple[str, str, str]] = []  # label given, label foreseen, what it says
    counterparts: list[tuple[str, str, str]] = []  # the same of rows whose labels agree with them


class Disputed(msgspec.Struct, frozen=True):
    """Of texts with two labels, what is drawn."""

    examples: list[tuple[str, str, str, str]] = []  # two labels, and what the rows with them say


def disputed(text: str | None) -> Disputed | None:
    """What is drawn for a group's evidence, if it is that of texts with two labels."""
    try:
        told = msgspec.convert(json.loads(text or "{}"), Disputed)
    except (ValueError, RecursionError, msgspec.ValidationError):
        return None
    return Disputed(told.examples[:EXAMPLES]) if told.examples else None


def mislabelled(text: str | None) -> Evidence | None:
    """What is drawn for a group's evidence, if it is that of labels."""
    try:
        told = msgspec.convert(json.loads(text or "{}"), Evidence)  # json: it reads lone surrogates too
    except (ValueError, RecursionError, msgspec.ValidationError):
        return None
    if not told.confusion:
        return None
    return Evidence(told.verdict, told.confusion[:CELLS], told.examples[:EXAMPLES], told.counterparts[:EXAMPLES])
