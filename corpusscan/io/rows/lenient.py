"""One JSON line that orjson refuses, or that repeats a key: read by the json module, with what was wrong about it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from corpusscan.io.rows.batches import Aside
from corpusscan.io.rows.builder import Builder
from corpusscan.io.rows.texts import Anomaly, walk

_DIGITS = 4300  # of an integer: Python converts no more, as that takes quadratic time


def add(line: bytes, builder: Builder) -> None:
    """Add the record of `line`, or count it as errored."""
    anomalies: list[Anomaly] = []
    try:
        text = line.decode("utf-8-sig")  # with a byte order mark where files were strung together
    except UnicodeDecodeError as error:
        text = line.decode("utf-8", "replace")
        anomalies.append(("", "invalid_utf8", f"first at byte {error.start} of the line"))
    try:
        try:
            record, replaced = _parse(text, strict=True)
        except ValueError:
            record, replaced = _parse(text, strict=False)
            anomalies.append(("", "control_character", "a string holds a raw control character"))
    except RecursionError:
        return builder.error("nested_too_deep")
    except ValueError:
        return builder.error("invalid_utf8" if anomalies else "invalid_json")
    if not isinstance(record, dict):
        return builder.error("not_an_object")
    repeats = Counter(key for key, _ in replaced)
    anomalies += [(key, "duplicate_key", f"earlier values of the same key: {times}") for key, times in repeats.items()]
    # Named KEY#1, KEY#2: whichever parser a trainer uses may see them.
    hidden = [
        text
        for number, (key, value) in enumerate(replaced, 1)
        for text in walk(value, f"{key}#{number}", builder.account)
    ]
    return builder.add(record, len(line), Aside(anomalies, hidden))


def _parse(text: str, *, strict: bool) -> tuple[Any, list[tuple[str, Any]]]:
    """The value, and each (key, value) of an object that a later value of the same key replaced."""
    replaced: list[tuple[str, Any]] = []
    return json.loads(text, strict=strict, object_pairs_hook=_keep(replaced), parse_int=_integer), replaced


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= _DIGITS else digits


def _keep(replaced: list[tuple[str, Any]]) -> Callable[[list[tuple[str, Any]]], dict[str, Any]]:
    def build(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value: dict[str, Any] = {}
        for key, item in pairs:
            if key in value:
                replaced.append((key, value[key]))
            value[key] = item
        return value

    return build
