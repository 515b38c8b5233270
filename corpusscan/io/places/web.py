"""Files behind http and https: read in ranges, each bounded in bytes and in time.

Python's own client, because what a server answers is read no further than it was asked for: one that ignores ranges,
or that never ends, costs a block of memory and no more.
"""

from __future__ import annotations

import base64
import http.client
import urllib.error
import urllib.request
from collections.abc import Mapping
from email.message import Message
from typing import IO, Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from corpusscan.errors import UnreadableError
from corpusscan.io.places.answers import Facts, RefusedError

TIMEOUT = 30.0  # seconds without a byte
_REDIRECTS = 5


class Web:
    """Files below `base`, or that one file where paths are empty; `headers` go to its host alone."""

    watches = True

    def __init__(self, base: str, headers: Mapping[str, str] | None = None, *, pinned: bool = False) -> None:
        parts = urlsplit(base)
        named = {"Authorization": _basic(parts.username, parts.password)} if parts.username else {}
        host = parts.netloc.rpartition("@")[2]
        self.base = urlunsplit(parts._replace(netloc=host, fragment=""))
        self.headers = {**named, **(headers or {}), "Accept-Encoding": "identity", "User-Agent": "corpusscan"}
        self.pinned = pinned  # what lies there never changes, whatever its headers say

    def look(self, path: str) -> Facts:
        """What the server says of a file, from its first byte: some answer GET alone.  Raises errors of urllib."""
        try:
            with self._ask(path, 0, 1) as answer:
                size = _total(answer)
                return Facts(size, _version(answer.headers, size), _strong(answer.headers))
        except urllib.error.HTTPError as error:
            if error.code == 416 and error.headers.get("Content-Range", "").endswith("*/0"):
                return Facts(0, "", sealed=False)
            raise

    def fetch(self, path: str, start: int, stop: int, planned: Facts) -> bytes:
        """The bytes from `start` up to `stop`.  Raises errors of urllib, `ConnectionError` where some are missing."""
        with self._ask(path, start, stop) as answer:
            if _total(answer) != planned.size:
                raise UnreadableError("changed_while_read", "it has another length than when the scan was planned")
            if not self.pinned and planned.version and _version(answer.headers, planned.size) != planned.version:
                raise UnreadableError("changed_while_read", "it changed since the scan was planned")
            parts, left = [], stop - start
            while left and (part := answer.read(min(left, 2**18))):
                parts.append(part)
                left -= len(part)
        if left:
            raise ConnectionError(f"the answer ended {left} bytes early")
        return b"".join(parts)

    def _ask(self, path: str, start: int, stop: int) -> http.client.HTTPResponse:
        url = self.base + quote(path) if path else self.base
        request = urllib.request.Request(url, headers={**self.headers, "Range": f"bytes={start}-{stop - 1}"})  # noqa: S310  # `_opener` knows http and https alone
        try:
            answer: http.client.HTTPResponse = _opener().open(request, timeout=TIMEOUT)
        except urllib.error.HTTPError as error:
            error.close()
            raise
        told = answer.headers.get("Content-Range", "")
        if answer.status != 206 or not told.startswith(f"bytes {start}-"):
            whole = start == 0 and answer.status == 200 and answer.headers.get("Content-Length") == str(stop)
            if not whole:
                answer.close()
                raise RefusedError("the server answers no range requests; copy the file here first")
        return answer


def _total(answer: http.client.HTTPResponse) -> int:
    told = answer.headers.get("Content-Range", "").rpartition("/")[2] or answer.headers.get("Content-Length", "")
    if not (told.isascii() and told.isdigit()):
        raise RefusedError("the server does not say how long the file is; copy it here first")
    return int(told[:18])


def _version(headers: Message, size: int) -> str:
    return f"size={size} etag={headers.get('ETag', '')} changed={headers.get('Last-Modified', '')}"


def _strong(headers: Message) -> bool:
    return headers.get("ETag", "").startswith('"')


def _basic(user: str | None, password: str | None) -> str:
    pair = f"{unquote(user or '')}:{unquote(password or '')}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


class _Redirects(urllib.request.HTTPRedirectHandler):
    """To where the server points, but not from https to http, to nothing else, and without what is its own to know."""

    max_redirections = _REDIRECTS

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """The request that follows, or an error."""
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        if new.scheme not in ("http", "https") or (old.scheme == "https" and new.scheme == "http"):
            fp.close()
            raise RefusedError(f"the server points from {old.scheme} to {new.scheme or 'nothing'}")
        following = super().redirect_request(req, fp, code, msg, headers, newurl)
        if following is not None and (old.scheme, old.netloc) != (new.scheme, new.netloc):
            following.remove_header("Authorization")
        return following


def _opener() -> urllib.request.OpenerDirector:
    """A client of http and https: urllib's own would also open files and ftp where a server points there."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(), urllib.request.HTTPHandler(), urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(), urllib.request.HTTPErrorProcessor(), _Redirects(),
    ):  # fmt: skip
        opener.add_handler(handler)
    return opener
