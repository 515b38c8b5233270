"""Addresses of storage: their drivers, and what may be shown of them, which is never what lets others in."""

from __future__ import annotations

import re
from typing import Any

_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gcs", "gcs": "gcs"}
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


def filesystem(address: str, **options: Any) -> tuple[Any, str]:
    """The file system of fsspec that an address names, and the path in it.

    Credentials are what it finds in the environment.  Raises `ValueError`: why there is none, and what helps.
    """
    try:
        import fsspec  # noqa: PLC0415  # comes with the driver, where that is installed

        found: tuple[Any, str] = fsspec.core.url_to_fs(address, **options)
    except ImportError as error:
        protocol = address.rsplit("::", maxsplit=1)[-1].partition("://")[0].lower()
        extra = _EXTRAS.get(protocol)
        remedy = f"pip install 'corpusscan[{extra}]'" if extra else f"install what fsspec needs ({said(error)})"
        raise ValueError(f"no driver for {protocol}://; {remedy}") from None
    except Exception as error:  # noqa: BLE001  # each driver has its own way of refusing an address
        raise ValueError(f"cannot be opened ({said(error)})") from None
    return found
