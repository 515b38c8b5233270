"""Results of plantings that a stopped run leaves to the next: JSON Lines, each with the `key` of what was asked for."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson


def read(path: Path) -> dict[str, dict[str, Any]]:
    """What earlier runs left, by key; a line that was cut short counts for nothing."""
    found = {}
    for line in path.read_bytes().split(b"\n") if path.exists() else ():
        with suppress(orjson.JSONDecodeError):
            row = orjson.loads(line)
            found[row["key"]] = row
    return found


def add(path: Path, row: dict[str, Any]) -> None:
    """Keep a result; on a line of its own, whatever the last run left behind."""
    with path.open("ab") as file:
        file.write(b"\n" + orjson.dumps(row))
