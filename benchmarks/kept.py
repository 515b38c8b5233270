"""Results that a stopped run leaves to the next: JSON Lines, each with what was asked for in `of`."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import orjson


def read(path: Path) -> dict[bytes, dict[str, Any]]:
    """What earlier runs left, by the key of what was asked for; a line that was cut short counts for nothing."""
    found: dict[bytes, dict[str, Any]] = {}
    for line in path.read_bytes().split(b"\n") if path.exists() else ():
        with contextlib.suppress(orjson.JSONDecodeError):
            row = orjson.loads(line)
            found[key(row["of"])] = row
    return found


def key(of: list[Any]) -> bytes:
    """What was asked for, as a key."""
    return orjson.dumps(of)


def add(path: Path, row: dict[str, Any]) -> None:
    """Keep a result; on a line of its own, whatever the last run left behind."""
    with path.open("ab") as file:
        file.write(b"\n" + orjson.dumps(row))
