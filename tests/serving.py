"""A server of files on loopback, with ranges, that misbehaves as it is told."""

from __future__ import annotations

import contextlib
import threading
from collections import defaultdict
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit


class Server(ThreadingHTTPServer):
    """`files` by path; `faults` by path: what the next requests get instead (None: an answer), the last one for good.

    A fault is a status, or `drop` (half of the bytes), `hang`, `whole` (no ranges), `shorter`, `longer` (a lie about
    the size) or `changed` (another tag).
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.faults: dict[str, list[Any]] = defaultdict(list)
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}  # to a path, whatever is asked
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.sent = 0  # bytes of files
        self.over = threading.Event()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client may leave."""


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Silence."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        server, path = self.server, unquote(urlsplit(self.path).path)
        server.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        faults = server.faults.get(path) or [None]
        fault = faults.pop(0) if len(faults) > 1 else faults[0]
        if fault == "hang":
            server.over.wait(60)
            return
        known = server.answers.get(path) or server.answers.get(self.path)
        if isinstance(fault, int) or known or path not in server.files:
            status, headers, body = known if known and not isinstance(fault, int) else (fault or 404, {}, b"no")
            self._send(status, {"Content-Length": str(len(body)), **headers}, body)
            return
        data = server.files[path]
        size = len(data) * {"shorter": 1, "longer": 3}.get(fault, 2) // 2
        headers = {"ETag": f'"{fault if fault == "changed" else "tag"}-{len(data)}"', "Accept-Ranges": "bytes"}
        asked = self.headers.get("Range")
        if not asked or fault == "whole":
            self._send(200, {**headers, "Content-Length": str(len(data))}, data)
            return
        first, _, last = asked.removeprefix("bytes=").partition("-")
        start, stop = int(first), min(int(last or size) + 1, size)
        if start >= size:
            self._send(416, {"Content-Range": f"bytes */{size}", "Content-Length": "0"}, b"")
            return
        part = data[start:stop]
        headers |= {"Content-Range": f"bytes {start}-{stop - 1}/{size}", "Content-Length": str(stop - start)}
        self._send(206, headers, part[: len(part) // 2] if fault == "drop" else part)
        self.close_connection = fault == "drop" or len(part) < stop - start

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.server.sent += len(body)
            self.wfile.write(body)


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    """A server that runs."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
