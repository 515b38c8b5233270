"""How every file of a corpus is opened, wherever it lies.

One on this machine is a `Path`, mapped and read as ever.  Anything else is a `Remote`: read in blocks of bounded size,
each asked for again where the connection fails, with an end to patience.

Only an address that the user wrote is ever resolved (`store`); the names below it come from listings, so they are data:
they are handed to the driver of that address as they are, and `a::b` or `file:///etc/passwd` in them are names.
"""

from __future__ import annotations

import io
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar, cast

from blake3 import blake3

from corpusscan.addresses import said, shown
from corpusscan.errors import CorpusScanError, UnreadableError
from corpusscan.io.places.answers import CHANGED, GONE, LOST, Facts, verdict
from corpusscan.io.shard import File, Shard

ATTEMPTS = 5
PAUSE = 0.5  # seconds before the second attempt; twice as long before each one after it
PATIENCE = 120.0  # seconds that one attempt may take: a server that sends a byte now and then is no server
SMALL, LARGE = 2**16, 8 * 2**20  # bytes of a block: of the first one, and of one of many in a row

Result = TypeVar("Result")


class Driver(Protocol):
    """A client of one storage; its methods may raise whatever their libraries do."""

    watches: bool  # `fetch` itself notices that a file changed, or no file there ever does

    def look(self, path: str) -> Facts:
        """What is there."""
        ...

    def fetch(self, path: str, start: int, stop: int, planned: Facts) -> bytes:
        """The bytes from `start` up to `stop`, all of them."""
        ...


class Status(NamedTuple):
    """What `Path.stat` would say of a file elsewhere; the time is a number that changes with the file."""

    st_size: int
    st_mtime_ns: int


@dataclass(frozen=True)
class Remote:
    """A file that is not on this machine; does what readers ask of a `Path`."""

    store: str
    path: str
    facts: Facts  # when the scan was planned

    def __str__(self) -> str:
        return shown(f"{self.store} ({self.path})" if self.path else self.store)

    @property
    def name(self) -> str:
        """The last part of its path."""
        return (self.path or shown(self.store).split("?")[0]).rpartition("/")[2]

    def open(self, _: str = "rb", buffering: int = -1) -> Any:  # as of a `Path`: what it is depends on `buffering`
        """The file for reading, from its beginning.  Raises `UnreadableError` where it is not the one planned."""
        raw = _Blocks(self)
        return raw if buffering == 0 else io.BufferedReader(raw, SMALL)

    def stat(self) -> Status:
        """What the storage says now, where `fetch` would not notice a change.  Raises `UnreadableError`."""
        facts = self.facts if driver(self.store).watches else look(self.store, self.path)
        return Status(facts.size, int.from_bytes(blake3(facts.version.encode()).digest(7), "big"))

    def identity(self) -> str | None:
        """Names the content without reading it; None where the storage gives nothing to rely on.

        A checksum of the content (SHA-256, of the hub's large files) is as good as a digest, wherever the file lies.  A
        tag (ETag, generation) is the word of a storage for one object: it counts together with where that object lies,
        as MD5, which many tags are, can be made to collide.  Whoever serves the corpus could serve this program
        other bytes than the trainer all the same, so trusting the tag gives nothing away.
        """
        if not self.facts.sealed:
            return None
        where = "" if self.facts.version.startswith("sha256=") else f"{self.store}\n{self.path}\n"
        return where + self.facts.version


Location: TypeAlias = Path | Remote


def of(shard: Shard | File) -> Location:
    """Where the file of a shard lies, or one of its files."""
    if not shard.store:
        return Path(shard.path)
    size = shard.bytes_total if isinstance(shard, Shard) else shard.bytes
    return Remote(shard.store, shard.path, Facts(size, shard.version, shard.sealed))


def beside(location: Location, suffix: str) -> Location | None:
    """The file beside it that is called the same but for its ending, if there is one.  Raises `UnreadableError`."""
    if isinstance(location, Path):
        other = location.with_suffix(suffix)
        return other if other.is_file() else None
    stem, dot, _ = location.path.rpartition(".")
    if not dot:  # an address of one file is that of no other
        return None
    try:
        return Remote(location.store, stem + suffix, look(location.store, stem + suffix))
    except UnreadableError as error:
        if error.reason == GONE:
            return None
        raise


def place(location: Location) -> dict[str, Any]:
    """The fields of a shard that say where its file lies."""
    if isinstance(location, Path):
        return {"path": str(location)}
    facts = location.facts
    return {"path": location.path, "store": location.store, "version": facts.version, "sealed": facts.sealed}


def size(location: Location) -> int:
    """Bytes of the file, as planned where it lies elsewhere.  Raises `OSError`."""
    return location.facts.size if isinstance(location, Remote) else location.stat().st_size


def look(store: str, path: str) -> Facts:
    """What the storage says of a file now.  Raises `UnreadableError`."""
    return patiently(lambda: driver(store).look(path), path or shown(store))


@lru_cache(maxsize=64)
def driver(store: str) -> Driver:
    """The client for an address that the user wrote.  Raises `InputError` where none is installed."""
    if store.startswith("hf://"):
        from corpusscan.io.places import hub  # noqa: PLC0415  # drivers are large

        return hub.driver(store)
    if store.startswith(("http://", "https://")):
        from corpusscan.io.places.web import Web  # noqa: PLC0415

        return Web(store)
    from corpusscan.io.places.buckets import Bucket  # noqa: PLC0415

    return Bucket(store)


def patiently(ask: Callable[[], Result], about: str, patience: float = PATIENCE) -> Result:
    """What `ask` returns, with `ATTEMPTS` attempts where errors may be of the moment.

    Raises `UnreadableError`: `connection_lost` in the end, at once with another reason where the answer is final.
    """
    told = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(PAUSE * 2 ** (attempt - 1))
        try:
            return _within(patience, ask)
        except CorpusScanError:
            raise
        except Exception as error:  # noqa: BLE001  # every driver has errors of its own
            if final := verdict(error):
                raise final from None
            told = said(error)
    raise UnreadableError(LOST, f"{about}: {ATTEMPTS} attempts failed, the last with {told}")


def _within(seconds: float, ask: Callable[[], Result]) -> Result:
    """What `ask` returns, if it does so in time: not all drivers have time-outs, and none against dripping.

    One that hangs keeps its thread, which ends with the process.
    """
    answers: queue.SimpleQueue[tuple[bool, Any]] = queue.SimpleQueue()

    def answer() -> None:
        try:
            answers.put((True, ask()))
        except Exception as error:  # noqa: BLE001  # raised again where it is waited for
            answers.put((False, error))

    threading.Thread(target=answer, daemon=True).start()
    try:
        good, value = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"no answer in {seconds:g} s") from None
    if not good:
        raise value
    return cast("Result", value)


class _Blocks(io.RawIOBase):
    """The bytes of a remote file, fetched in blocks that grow while they are asked for one after another."""

    def __init__(self, remote: Remote) -> None:
        super().__init__()
        self.remote, self.size = remote, remote.facts.size
        self.at = 0
        self.start, self.block = 0, b""
        self.ahead = SMALL
        self.checked = False

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self.at = max(offset + {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.size}[whence], 0)
        return self.at

    def tell(self) -> int:
        return self.at

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        if not len(view) or self.at >= self.size:
            return 0
        if not self.start <= self.at < self.start + len(self.block):
            self._fetch(len(view))
        inside = self.at - self.start
        part = self.block[inside : inside + len(view)]
        view[: len(part)] = part
        self.at += len(part)
        return len(part)

    def _fetch(self, wanted: int) -> None:
        remote = self.remote
        client = driver(remote.store)
        if not (client.watches or self.checked) and look(remote.store, remote.path).version != remote.facts.version:
            raise UnreadableError(CHANGED, f"{remote.name}: changed since the scan was planned")
        self.checked = True
        following = self.at == self.start + len(self.block)
        self.ahead = min(2 * self.ahead, LARGE) if following and self.block else SMALL
        start, stop = self.at, min(self.at + min(max(wanted, self.ahead), LARGE), self.size)
        self.block = b""  # two at a time are not needed
        block = patiently(lambda: client.fetch(remote.path, start, stop, remote.facts), remote.name)
        self.start, self.block = start, block
