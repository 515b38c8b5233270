"""Addresses of storage, and what may be shown of them: never what lets others in."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*(://|::)", re.IGNORECASE)
_SECRETS = re.compile(r"(?<=://)[^/@\s]*@|(?<=\?)[^\s'\"<>]+")


def is_address(given: str) -> bool:
    """Whether the user wrote an address, not a path."""
    return bool(_ADDRESS.match(given)) and "://" in given


def shown(text: object) -> str:
    """An address, or a message with addresses in it, without what lets others in: names, passwords, signatures."""
    return _SECRETS.sub(lambda found: "…@" if found.group().endswith("@") else "…", str(text))


def said(error: BaseException) -> str:
    """One line about an error of a driver, without secrets."""
    line = (str(error).strip().splitlines() or [""])[0][:300]
    return shown(f"{type(error).__name__}: {line}" if line else type(error).__name__)
