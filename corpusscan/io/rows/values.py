"""Values of other columns than text: moments, names and labels, whatever type they come in."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

import orjson

from corpusscan.io.rows.texts import decoded

LENGTH = 1024  # code points kept of an id, source or label


def word(value: Any) -> str | None:
    """An id, source or label as text: strings and numbers as they are, lists and objects as JSON; None for nothing."""
    if value is None or value in ("", b"") or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, str | bytes):
        return decoded(value[: 4 * LENGTH])[0][:LENGTH]
    if isinstance(value, dict | list | tuple):
        try:
            return orjson.dumps(value, default=str).decode()[:LENGTH]
        except TypeError:  # nested too deep, or no Unicode: not a name
            return None
    return str(value)[:LENGTH]


def instant(value: Any) -> datetime | None:
    """The moment meant by an ISO 8601 or e-mail date, a datetime, or a Unix time; None where unclear."""
    try:
        if isinstance(value, datetime):
            return _in_utc(value)
        if isinstance(value, date):
            return datetime(value.year, value.month, value.day, tzinfo=UTC)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return _parsed(value) if not isinstance(value, str) or len(value) <= 64 else None
    except (ValueError, OverflowError, OSError, TypeError, IndexError):
        return None
    return None


def _in_utc(moment: datetime) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


@lru_cache(maxsize=65_536)
def _parsed(value: str | float) -> datetime | None:
    if isinstance(value, int | float):
        # Seconds, milliseconds or microseconds since 1970, told apart by magnitude (1973 to 5138 AD each).
        seconds = value / (1e6 if abs(value) >= 1e14 else 1e3 if abs(value) >= 1e11 else 1)
        return datetime.fromtimestamp(seconds, UTC)
    text = value.strip()
    if len(text) >= 9 and text.isascii() and text.replace(".", "", 1).isdigit():
        return _parsed(float(text))
    try:
        return _in_utc(datetime.fromisoformat(text))
    except ValueError:
        return _in_utc(parsedate_to_datetime(text))
