"""What the page shows of labels: contradicted by their texts, or by other rows, or going with rows unlike all others.

Everything comes from the group's evidence (`label_flip`, `label_conflict`, `form_association`, `source_class`), so that
it can be shown again from the tables.
"""

from __future__ import annotations

import json
from typing import Annotated, TypeVar

import msgspec

EXAMPLES, CELLS = 5, 12  # whatever the evidence holds, no more is shown
TOLD = ("confusion", "examples", "counterparts", "verdict", "surest", "surest_wrong", "turned", "beside")

Kind = TypeVar("Kind")
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


class Unlike(msgspec.Struct, frozen=True):
    """Of rows that are unlike others of their label, what is drawn beside them."""

    verdict: str = ""
    beside: list[tuple[str, str, float]] = []  # label, text and cosine of other rows that say most of the same


def disputed(text: str | None) -> Disputed | None:
    """What is drawn for a group's evidence, if it is that of texts with two labels."""
    told = _read(text, Disputed)
    return Disputed(told.examples[:EXAMPLES]) if told and told.examples else None


def unlike(text: str | None) -> Unlike | None:
    """What is drawn for a group's evidence, if it is that of rows unlike others of their label."""
    told = _read(text, Unlike)
    return Unlike(told.verdict, told.beside[:EXAMPLES]) if told and told.verdict else None


def mislabelled(text: str | None) -> Evidence | None:
    """What is drawn for a group's evidence, if it is that of labels."""
    told = _read(text, Evidence)
    if not told or not told.confusion:
        return None
    return Evidence(told.verdict, told.confusion[:CELLS], told.examples[:EXAMPLES], told.counterparts[:EXAMPLES])


def _read(text: str | None, kind: type[Kind]) -> Kind | None:
    """Evidence of a kind; nothing where it is none of it."""
    try:
        return msgspec.convert(json.loads(text or "{}"), kind)  # json: it reads lone surrogates too
    except (ValueError, RecursionError, msgspec.ValidationError):
        return None
