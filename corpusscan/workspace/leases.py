"""Who may write to storage that has no locks: one scan, or parts of one, told by leases.

Whoever comes leaves a claim, which is never written again, and a sign of life, which is written again every few
seconds.  Then he looks who was there before him, by the clock of the storage: of two that come together at least the
later one sees the other.  One whose sign of life does not change is dead, and is cleared away; so after a kill the next
scan waits a minute.  Two that come within one second may both be refused, never both let in.  (Needed is a storage that
lists what was just written, as S3 has done since 2020.)
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from corpusscan.errors import WorkspaceError
from corpusscan.workspace.objects import Objects
from corpusscan.workspace.part import Part, in_the_way, refusal, taken

FOLDER = "held"
RENEWED = 10.0  # seconds between signs of life
DEAD = 60.0  # seconds without one
TICK = 2.0  # seconds between looks at others
_WHOLE = "whole"


class Lease:
    """A claim of this process; `check` says whether it still stands."""

    def __init__(self, out: str, files: Objects, part: Part | None) -> None:
        self.out, self.files, self.part = out, files, part
        self.name = f"{part.name if part else _WHOLE}.{secrets.token_hex(8)}"
        self._over = threading.Event()
        self._beats = threading.Thread(target=self._renew, daemon=True)

    def check(self) -> None:
        """Raises `WorkspaceError` where another process has taken this one for dead."""
        if not self.files.exists(f"{FOLDER}/{self.name}.claim"):
            raise WorkspaceError(
                f"{self.out}: another scan took over, as the storage was not reached for a while; wait for it"
            )

    def begin(self) -> None:
        """Claim, and begin to give signs of life; then look round.  Raises `WorkspaceError` where there is no room."""
        self._beat(0)
        self.files.write(f"{FOLDER}/{self.name}.claim", lambda path: path.touch())
        self._beats.start()
        waited: dict[str, tuple[bytes, float]] = {}  # the last sign of life of another, and when it was first seen
        while others := self._earlier():
            for other in others:
                sign = self._sign(other)
                known, since = waited.setdefault(other, (sign, time.monotonic()))
                if sign != known:
                    kind = other.partition(".")[0]
                    raise taken(self.out) if kind == _WHOLE else refusal(self.out, self.part, [kind])
                if time.monotonic() - since > DEAD:
                    self._clear(other)
            time.sleep(TICK)

    def end(self) -> None:
        """Let others in."""
        self._over.set()
        if self._beats.is_alive():
            self._beats.join(timeout=RENEWED)
        with suppress(WorkspaceError):
            self._clear(self.name)

    def _earlier(self) -> list[str]:
        """Those that leave no room and did not come later."""
        mine = self.files.moment(f"{FOLDER}/{self.name}.claim")
        names = [name.removesuffix(".claim") for name in self.files.names(FOLDER) if name.endswith(".claim")]
        kinds = {name.partition(".")[0] for name in names if name != self.name}
        blocking = {_WHOLE, *in_the_way(self.part, kinds - {_WHOLE})}
        found = []
        for name in names:
            if name != self.name and name.partition(".")[0] in blocking:
                with suppress(FileNotFoundError):  # it has ended meanwhile
                    theirs = self.files.moment(f"{FOLDER}/{name}.claim")
                    if mine is None or theirs is None or theirs <= mine:
                        found.append(name)
        return found

    def _sign(self, name: str) -> bytes:
        try:
            return self.files.read(f"{FOLDER}/{name}.alive")
        except FileNotFoundError:
            return b""

    def _clear(self, name: str) -> None:
        self.files.remove(f"{FOLDER}/{name}.claim")
        self.files.remove(f"{FOLDER}/{name}.alive")

    def _beat(self, count: int) -> None:
        self.files.write(f"{FOLDER}/{self.name}.alive", lambda path: path.write_text(str(count)))

    def _renew(self) -> None:
        count = 0
        while not self._over.wait(RENEWED):
            count += 1
            with suppress(WorkspaceError):  # the next one may get through; if none does, `check` says so
                self._beat(count)


@contextmanager
def held(out: str, files: Objects, part: Part | None) -> Iterator[Lease]:
    """Hold a lease on `files`.  Raises `WorkspaceError` where others leave no room."""
    lease = Lease(out, files, part)
    try:
        lease.begin()
        yield lease
    finally:
        lease.end()
