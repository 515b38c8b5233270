"""An imitation of S3 on loopback, and an environment that leads there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from corpusscan.io.places import storage
from corpusscan.workspace import stores


class Imitation:
    """moto behind a socket; `fault` may answer in its place: a status for the requests that it names."""

    def __init__(self) -> None:
        self.fault: Callable[[str, str], int | None] = lambda method, path: None
        self.asked: list[tuple[str, str]] = []

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self.asked.append((method, path))
        if status := self.fault(method, path):
            start(f"{status} Fault", [("Content-Length", "0")])
            return [b""]
        answer: Iterable[bytes] = self.app(environ, start)
        return answer

    @property
    def app(self) -> Any:
        from moto.server import DomainDispatcherApplication, create_backend_app

        if not hasattr(self, "_app"):
            self._app = DomainDispatcherApplication(create_backend_app)
        return self._app


@contextmanager
def bucket(monkeypatch: pytest.MonkeyPatch, objects: Mapping[str, bytes]) -> Iterator[Imitation]:
    """`s3://bucket` with those objects, empty again afterwards."""
    import boto3
    import s3fs
    from werkzeug.serving import make_server

    imitation = Imitation()
    server = make_server("127.0.0.1", 0, imitation, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    for name, value in {
        "AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "corpus", "AWS_SECRET_ACCESS_KEY": "geheim",
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(storage, "PAUSE", 0.0)
    _forget()
    s3fs.S3FileSystem.clear_instance_cache()
    client = boto3.client("s3")
    client.create_bucket(Bucket="bucket")
    for key, body in objects.items():
        client.put_object(Bucket="bucket", Key=key, Body=body)
    yield imitation
    imitation.fault = lambda method, path: None
    for page in client.get_paginator("list_objects_v2").paginate(Bucket="bucket"):
        for one in page.get("Contents", ()):
            client.delete_object(Bucket="bucket", Key=one["Key"])
    _forget()
    server.shutdown()
    thread.join()


def _forget() -> None:
    """Clients of an earlier environment."""
    storage.driver.cache_clear()
    stores.objects.cache_clear()
