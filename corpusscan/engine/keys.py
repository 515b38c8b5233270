"""The name of an artefact is a hash of all that its bytes depend on: equal names, equal bytes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
from blake3 import blake3

from corpusscan.detector import Detector, State
from corpusscan.engine.tasks import Reading
from corpusscan.io import Shard
from corpusscan.program import digest, source, versions
from corpusscan.workspace import PARTS, Part, Workspace

_SHARED = ("kernels", "io", "meaning", "detectors/__init__.py", "engine/shuffle.py", "engine/named.py",
           "engine/tasks.py", "engine/spans.py", "schema.py", "detector.py", "copies.py", "sampling.py", "mining.py",
           "triggers.py", "filters.py", "rules.py", "quoted.py", "provenance.py", "known.py",
           "strictyaml.py", "datacard.py", "labels.py", "gathering.py", "contradicted.py", "deciding.py", "formed.py",
           "odd.py", "counterparts.py", "responses.py", "suspected.py", "families.py",
           "conflicting.py", "disputed.py", "pairing.py", "nearby.py", "sought.py", "weaknesses.py",
           "weakened.py", "cached.py", "languages.py", "program.py", "version.py")  # fmt: skip


ARTEFACTS, DIGESTS = "artefacts", "digests.json"


class Keys:
    """Names of the artefacts of one scan."""

    def __init__(self, reading: Reading, key: bytes) -> None:
        self._base = digest(versions(), reading, fingerprint(key), source(*_SHARED))
        self._own: dict[str, str] = {}  # by detector: its rules and source are read once, not for every shard

    def account(self, shard: Shard) -> str:
        """The accounting of a shard."""
        return _place(digest("account", self._base, shard.content))

    def job(self, detector: Detector, step: int, state: tuple[str, ...], about: str) -> str:
        """A detector's step on `about`: a shard's content, its named rows, or a partition's inputs."""
        return _place(digest("job", self._base, self._of(detector), step, state, about))

    def condition(self, detectors: Sequence[Detector], limits: object) -> str:
        """All on which it depends whether a worker survives a record, the machine aside."""
        return digest("condition", self._base, sorted(self._of(detector) for detector in detectors), limits)

    def _of(self, detector: Detector) -> str:
        if detector.name not in self._own:
            own = source(f"detectors/{detector.name}.py")
            self._own[detector.name] = digest(detector.name, repr(detector), detector.digest(), own)
        return self._own[detector.name]


def fingerprint(key: bytes) -> str:
    """What may be said in public about the run key."""
    return str(blake3(key, derive_key_context="corpusscan 2026 run key fingerprint").hexdigest(8))


def _place(name: str) -> str:
    return f"{ARTEFACTS}/{name[:2]}/{name}"


def save_state(state: State, workspace: Workspace) -> tuple[str, ...]:
    """Write the state's tables and return NAME=ARTEFACT for each, named by content."""
    names = []
    for name in sorted(state):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, state[name].schema) as stream:
            stream.write_table(state[name].combine_chunks() if len(state[name]) else state[name])
        artefact = f"states/{blake3(sink.getvalue()).hexdigest(20)}"
        if not workspace.has(artefact):
            workspace.write(artefact, state[name])
        names.append(f"{name}={artefact}")
    return tuple(names)


class Digests:
    """What is known of the digests of shards: each part notes those it made, and all read the notes of all."""

    def __init__(self, workspace: Workspace, part: Part | None) -> None:
        self._workspace, self._part = workspace, part
        self._place = f"{PARTS}/{part.name}.digests.json" if part else DIGESTS
        self._names: dict[int, str] = {}  # by index of the shard: as it was before it was read
        self._known: dict[str, str] = {}
        self._mine: dict[str, str] = workspace.read_json(self._place)
        self._read()

    def _read(self) -> None:
        self._known |= self._workspace.read_json(DIGESTS)
        for name in self._workspace.notes(PARTS, ".digests.json"):
            self._known |= self._workspace.read_json(name)

    def of(self, shard: Shard) -> str:
        """The digest of the shard; empty where nobody has made it."""
        return shard.digest or self._known.get(self._name(shard), "")

    def _name(self, shard: Shard) -> str:
        if shard.index not in self._names:
            self._names[shard.index] = identity(shard)
        return self._names[shard.index]

    def add(self, shard: Shard, digest: str) -> None:
        """Remember the digest, unless the file was gone."""
        if name := self._name(shard):
            self._known[name] = self._mine[name] = digest

    def save(self) -> None:
        """Note what was made; and see what others have noted meanwhile."""
        if self._part:
            self._workspace.write_json(self._place, self._mine)
            self._read()
        else:
            self._workspace.write_json(self._place, self._known)


def identity(shard: Shard) -> str:
    """What the file system says of a shard: while it stays, so does the digest."""
    if shard.store:
        named = [(one.store, one.path, one.version, one.bytes) for one in shard.files or (shard,)]
        return digest(named, shard.bytes_total, shard.start, shard.stop, shard.format, shard.piece)
    try:
        told = [_told(path) for path in [one.path for one in shard.files] or [shard.path]]
    except OSError:
        return ""  # gone since the plan: its task will say so
    return digest(told, shard.start, shard.stop, shard.format, shard.piece)


def _told(path: str) -> tuple[str, int, int, int]:
    status = Path(path).stat()
    return os.fsencode(path).hex(), status.st_size, status.st_mtime_ns, status.st_ino
