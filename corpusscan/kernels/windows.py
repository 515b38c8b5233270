"""The four bytes by which a literal is noticed: those that ordinary text has least."""

from __future__ import annotations

import math
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

SOME_SPACE, ANY_SPACE = 0xFF, 0xFE  # in a literal, where UTF-8 has no such byte: white space, at least one or not

# Share of each byte in English text, in per mille; others count as 1.
_SHARES = dict(
    zip(
        b" etaoinsrhldcumfpgwybvk.,",
        (180, 100, 73, 65, 61, 57, 57, 52, 49, 48, 33, 31, 25, 23, 20, 18, 17, 16, 15, 14, 12, 8, 7, 10, 10),
        strict=True,
    )
)


class Window(NamedTuple):
    """Four bytes by which the filter notices a literal, or three that any fourth may follow."""

    place: int  # in the literal
    data: bytes  # SOME_SPACE may be first or last
    bits: float  # its surprise


@lru_cache(maxsize=1 << 15)
def window(data: bytes) -> Window | None:
    """The least likely window of a literal; None where it has none."""
    for width in (4, 3):
        best: Window | None = None
        for i in range(len(data) - width + 1):
            part = data[i : i + width]
            if ANY_SPACE not in part and SOME_SPACE not in part[width - 3 : 3]:
                surprise = bits(part)
                best = Window(i, part, surprise) if best is None or surprise > best.bits else best
        if best:
            return best
    return None


@lru_cache(maxsize=1 << 15)
def bits(part: bytes) -> float:
    """Surprise of three or four bytes in English text, roughly."""
    said = part.lower().replace(bytes([SOME_SPACE]), b" ")
    if said in _common():
        return _common()[said]
    alone = sum(10 - math.log2(_SHARES.get(byte, 1)) for byte in said)
    return 13.5 + 0.3 * max(alone - 13.5, 0.0) - 4 * (len(part) < 4)


@cache
def _common() -> dict[bytes, float]:
    """Surprise of the commonest four bytes of English text, which letters alone do not tell."""
    lines = (Path(__file__).parent / "data" / "common.txt").read_text(encoding="ascii").splitlines()
    rows = [line.split("|") for line in lines if not line.startswith("#")]
    return {part.encode(): float(surprise) for surprise, *parts in rows for part in parts}
