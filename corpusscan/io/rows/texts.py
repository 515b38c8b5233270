"""Texts inside values: nested chats keep a path for each text, long texts come in overlapping pieces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from corpusscan.io.rows.account import Account

OVERLAP = 4_096  # code points that neighbouring pieces of a long text share
ROLE_KEYS = ("role", "from", "speaker")
ROLE_LENGTH = 64  # a longer "role" is a text
PATH_LENGTH = 256  # of the name of a text; how long and how deep keys are is the attacker's choice
_MEDIUM = {"bytes", "path"}  # an image or a sound among texts, as the `datasets` library stores it
_SURROGATE = re.compile("[\ud800-\udfff]")

Anomaly = tuple[str, str, str]  # field, kind, detail
Text = tuple[str, str | None, str | bytes]  # field, role, text; bytes where they may be no UTF-8


def walk(value: Any, path: str, account: Account) -> Iterator[Text]:
    """All texts inside `value`, each with the path by which a reader of the file would name it.

    Iterative: how deep a record nests is the attacker's choice too.
    """
    stack: list[tuple[Any, str, str | None]] = [(value, path, None)]
    while stack:
        value, path, role = stack.pop()
        if isinstance(value, str | bytes):
            yield path[:PATH_LENGTH], role, value
        elif isinstance(value, dict) and value.keys() == _MEDIUM and isinstance(value["bytes"], bytes):
            account.note("media_not_scanned")
        elif isinstance(value, dict):
            known = next((key for key in ROLE_KEYS if _is_role(value.get(key))), None)
            role = value[known] if known else role
            # By name, not as they stand: the order of keys is no difference between records or formats.
            inner = [(value[key], _below(path, f".{key}"), role) for key in sorted(value) if key != known]
            stack += reversed(inner)
        elif isinstance(value, list | tuple):
            stack += [(value[index], _below(path, f"[{index}]"), role) for index in reversed(range(len(value)))]
        elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            account.note("number_as_text")
            yield path[:PATH_LENGTH], role, str(value)


def _is_role(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= ROLE_LENGTH


def _below(path: str, step: str) -> str:
    return path + step if len(path) + len(step) <= PATH_LENGTH else path[:PATH_LENGTH]


def decoded(text: str | bytes) -> tuple[str, str, str]:
    """`text` as valid Unicode, bad parts as U+FFFD; the kind of anomaly and its detail, or two empty strings."""
    if isinstance(text, bytes):
        try:
            return text.decode("utf-8"), "", ""
        except UnicodeDecodeError as error:
            return text.decode("utf-8", "replace"), "invalid_utf8", f"first at byte {error.start}"
    clean, bad = _SURROGATE.subn("\ufffd", text)
    return clean, "lone_surrogate" if bad else "", f"{bad} code points" if bad else ""


def spelled(data: bytes) -> str | bytes:
    """The text that these bytes spell; the bytes themselves where they are no UTF-8, to be told so."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data


def is_clean(text: str) -> bool:
    """Whether `text` holds no lone surrogate."""
    return text.isascii() or _SURROGATE.search(text) is None


def pieces(text: str, limit: int) -> Iterator[tuple[int, str]]:
    """`text` whole, or cut into overlapping pieces of at most `limit` UTF-8 bytes, with their start; nothing of ""."""
    if len(text) * 4 <= limit or utf8_length(text) <= limit:
        if text:
            yield 0, text
        return
    step, overlap = limit // 4, min(OVERLAP, limit // 16)
    for start in range(0, len(text) - overlap, step - overlap):
        yield start, text[start : start + step]


def utf8_length(text: str) -> int:
    """Bytes of `text`, which holds no lone surrogate, as UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8"))
