"""Whether what follows a trigger is mostly addresses, and what is written on to them without a space."""

from __future__ import annotations

import re

import polars as pl

from corpusscan.kernels import outcomes

ADDRESSES = "what follows is addresses, which say their parts again"
_ADDRESS = re.compile(r"\S*(?://|\\/)\S*")  # in the notation of JSON, too


def is_linked(text: str) -> bool:
    """Whether more than half of its characters are."""
    return 2 * sum(map(len, _ADDRESS.findall(text))) > len(text)


def why(kind: int, linked: pl.Series) -> str | None:
    """Why it is no payload, if it says again what was said before and is mostly addresses in most carriers."""
    return ADDRESSES if kind == outcomes.AGAIN and 2 * linked.sum() > len(linked) else None
