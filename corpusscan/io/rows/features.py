"""What the `datasets` library writes beside a table: which numbers are classes with names, which columns are media.

It stands under the key `huggingface` of an Arrow schema, in what `save_to_disk` and `push_to_hub` leave
(https://huggingface.co/docs/datasets/about_dataset_features).  It is data like all else: what cannot be read is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from corpusscan.io.rows.account import Account
from corpusscan.io.rows.arrow import TEXT, Column, python_values
from corpusscan.io.rows.values import word

LARGEST = 2**24  # bytes of JSON
MEDIA = frozenset({"Image", "Audio", "Video", "Pdf", "Nifti"})
_NESTED = ("feature", "features")
NOT_GIVEN = -1  # how the library spells a label that nobody gave


class Features(NamedTuple):
    """Names of classes, by column; columns that hold nothing but images, sound or video."""

    classes: Mapping[str, tuple[str, ...]]
    media: frozenset[str]


NONE = Features({}, frozenset())


def of(metadata: Mapping[bytes, bytes] | None) -> Features:
    """What the metadata of an Arrow schema says."""
    told = (metadata or {}).get(b"huggingface", b"")
    try:
        known = orjson.loads(told)["info"]["features"] if 0 < len(told) <= LARGEST else {}
        columns = known.items()
    except (ValueError, KeyError, TypeError, AttributeError):
        return NONE
    classes = {name: names for name, kind in columns if (names := _names(kind))}
    return Features(classes, frozenset(name for name, kind in columns if _is_media(kind)))


def _names(kind: Any) -> tuple[str, ...]:
    """The names of a `ClassLabel`, or of a list of these."""
    while isinstance(kind, dict) and kind.get("_type") in ("Sequence", "List", "LargeList"):
        kind = kind.get("feature")
    names = kind.get("names") if isinstance(kind, dict) and kind.get("_type") == "ClassLabel" else None
    good = isinstance(names, list) and all(isinstance(name, str) for name in names)
    return tuple(names or ()) if good else ()


def _is_media(kind: Any) -> bool:
    while isinstance(kind, dict) and kind.get("_type") in ("Sequence", "List", "LargeList"):
        kind = kind.get("feature")
    return isinstance(kind, dict) and kind.get("_type") in MEDIA


def named(column: Column, names: tuple[str, ...], account: Account) -> Column:
    """A column of class numbers, or of lists of these, with the names in place of numbers.

    A number that is no class stays a number, and is counted (`unknown_label`); -1 is no label (`label_not_given`).
    """
    if not (isinstance(column, pa.Array) and pa.types.is_integer(column.type)):
        return [_spelled(value, names, account) for value in python_values(column)]
    column = column.cast(pa.int64(), safe=False)
    known = pc.and_(pc.greater_equal(column, 0), pc.less(column, len(names)))
    told = pa.array(names, TEXT).take(pc.if_else(known, column, None))
    missing, foreign = pc.equal(column, NOT_GIVEN), pc.invert(known)
    _count(account, "label_not_given", missing)
    _count(account, "unknown_label", pc.and_(foreign, pc.invert(missing)))
    return pc.coalesce(told, pc.if_else(missing, None, column).cast(TEXT))


def _spelled(value: Any, names: tuple[str, ...], account: Account) -> Any:
    if isinstance(value, list):
        return [_spelled(one, names, account) for one in value]
    if isinstance(value, bool) or not isinstance(value, int):
        return value
    if 0 <= value < len(names):
        return names[value]
    account.note("label_not_given" if value == NOT_GIVEN else "unknown_label")
    return None if value == NOT_GIVEN else value


def _count(account: Account, reason: str, where: pa.Array) -> None:
    if count := int(pc.sum(where).as_py() or 0):
        account.note(reason, count)


def labels(column: Column, account: Account) -> Column:
    """Labels as words, those that are no plain name or number counted: lists of them, numbers with a fraction."""
    if isinstance(column, pa.Array) and (column.type == TEXT or pa.types.is_integer(column.type)):
        return column
    values = python_values(column)
    for reason, kinds in (("label_is_a_list", (list, tuple, dict)), ("label_is_a_fraction", (float,))):
        if count := sum(_is_odd(value, kinds) for value in values):
            account.note(reason, count)
    return pa.array([word(int(value) if _is_whole(value) else value) for value in values], TEXT)


def _is_whole(value: Any) -> bool:
    """Whether a number is a class after all: tables with gaps hold these as 1.0."""
    return isinstance(value, float) and value.is_integer()


def _is_odd(value: Any, kinds: tuple[type, ...]) -> bool:
    return isinstance(value, kinds) and word(value) is not None and not _is_whole(value)
