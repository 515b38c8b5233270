"""What lies beside the rows of an input: its files are opened, looked at, and never run or loaded.

Of each as little is read as tells what it is; of what may carry code, some megabytes more.
"""

from __future__ import annotations

import io
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from corpusscan.detector import File, Member, Repository
from corpusscan.errors import UnreadableError
from corpusscan.io.layout import compression
from corpusscan.io.places import faults
from corpusscan.io.places.place import Place
from corpusscan.io.places.storage import Remote
from corpusscan.io.planning import Plan
from corpusscan.kernels import carriers

LARGEST = 64 * 2**20  # bytes that are read of a pickle, in all of an archive
TEXT = 2**18  # of a program, a card, settings
ELSEWHERE = 1_000  # files that are opened where each costs a request
MEMBERS = 10_000  # of an archive that are told
_OPENED = 1_000  # of its members that are opened
_DIRECTORY = 2**24  # bytes of the list of members of a zip
_AT_ONCE = 16  # files elsewhere
NOT_OPENED = "not_opened"  # as there are too many
_CLOSED = frozenset({"symlink_outside", "symlink_to_folder", "not_a_file", "unreadable"})
_SIGNS = frozenset(
    {"readme.md", ".gitattributes", "dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json"}
)
_DAMAGE = (
    UnreadableError, OSError, zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, ValueError, EOFError,
    struct.error, RuntimeError, MemoryError, OverflowError,
)  # fmt: skip


def repositories(plan: Plan, inputs: list[str]) -> Iterator[Repository]:
    """The inputs that are more than a named file; their files are opened one after another, as they are asked for."""
    fates = {label: reason for label, _, _, reason in plan.skipped}
    for ordinal, given in enumerate(inputs):
        root = f"{ordinal}/" if len(inputs) > 1 else ""
        places = [place for place in plan.places if place.label.startswith(root)]
        pinned = next((place.pinned for place in places if place.pinned), "")
        if not pinned and all(place.named for place in places):
            continue
        root += f"{pinned}/" if pinned else ""
        name = pinned.partition("@")[0] if pinned else Path(given).resolve().name
        commit = pinned.rpartition("@")[2]
        found = places, root, fates
        yield Repository(
            PurePosixPath(name).name, root, "" if f"@{commit}" in given else commit, _files(*found), _left(*found)
        )


def _files(places: list[Place], root: str, fates: dict[str, str]) -> Iterator[File]:
    chosen = _chosen(places, fates)
    opened = _opened(chosen)

    def look(place: Place) -> File:
        fate = "companion" if place.companion else fates.get(place.label, "data")
        return _file(place, place.label.removeprefix(root), fate, place.label in opened)

    if all(isinstance(place.path, Path) for place in chosen):
        yield from map(look, chosen)
        return
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        rest = iter(chosen)
        while some := list(islice(rest, _AT_ONCE)):  # a few at a time: each may hold megabytes
            yield from pool.map(look, some)


def _left(places: list[Place], root: str, fates: dict[str, str]) -> int:
    """How many files elsewhere are not opened."""
    chosen = _chosen(places, fates)
    return sum(place.skip not in _CLOSED for place in chosen) - len(_opened(chosen))


def _chosen(places: list[Place], fates: dict[str, str]) -> list[Place]:
    """Of a repository all files; of another folder, which may hold a hundred thousand of data, what is no data."""
    files = [place for place in places if not place.label.endswith("/")]
    if any(place.pinned or PurePosixPath(place.label).name.lower() in _SIGNS for place in files):
        return files
    return [place for place in files if place.label in fates or place.companion]


def _opened(chosen: list[Place]) -> set[str]:
    """Files to open.  Elsewhere they are bounded: those that may carry code by their names come first."""
    suspects = carriers.PROGRAMS + carriers.PICKLES + carriers.ARCHIVES + carriers.SETTINGS + carriers.TEXTS
    able = [place for place in chosen if place.skip not in _CLOSED]
    here = [place for place in able if isinstance(place.path, Path)]
    there = [place for place in able if isinstance(place.path, Remote)]
    there.sort(key=lambda place: (not carriers.ends(place.label, suspects), place.label))
    return {place.label for place in here + there[:ELSEWHERE]}


def _file(place: Place, path: str, fate: str, opened: bool) -> File:
    if not opened:
        why = place.skip if place.skip in _CLOSED else NOT_OPENED
        return File(path, place.size, "", b"", whole=False, fate=fate, fault=why)
    try:
        with place.path.open("rb") as file:
            head = file.read(carriers.HEAD)
        packed = compression.kind_of(head, place.path.name.lower())
        blocks = compression.blocks(place.path, packed)
        if packed:
            head = next(blocks, b"")
    except _DAMAGE as error:
        return File(path, place.size, "", b"", whole=False, fate=fate, fault=_told(error))
    kind = carriers.kind_of(head[: carriers.HEAD])
    if fate == "pickle" and not kind and not carriers.ends(path, carriers.ARCHIVES):
        kind = "pickle"
    most = _most(path, kind, fate)
    data, fault = head[:most], ""
    members: list[Member] = []
    try:
        if kind == "zip":
            members.extend(_zip(place))  # those before the damage stay
        elif kind == "tar":
            members.extend(_tar(compression.blocks(place.path, packed)))
        elif len(data) == len(head) < most:
            data = _taken(compression.blocks(place.path, packed), most)
    except _DAMAGE as error:
        fault = _told(error)
    whole = len(data) < most and not fault
    return File(path, place.size, kind, data, whole, fate, tuple(members), fault)


def _told(error: BaseException) -> str:
    if isinstance(error, UnreadableError):
        return error.reason
    return faults.reason(error) if isinstance(error, OSError) and faults.is_fault(error) else "damaged"


def _most(path: str, kind: str, fate: str) -> int:
    """How many bytes are read of a file."""
    if kind in ("pickle", "npy"):
        return LARGEST
    texts = carriers.PROGRAMS + carriers.SETTINGS
    card = PurePosixPath(path).name.lower() == "readme.md"
    return TEXT if card or (fate != "data" and carriers.ends(path, texts)) else carriers.HEAD


def _taken(blocks: Iterable[bytes], most: int) -> bytes:
    data = bytearray()
    for block in blocks:
        data += block
        if len(data) >= most:
            break
    return bytes(data[:most])


def _member(name: str, odd: str, opened: bool, open_it: Callable[[], Any], room: int) -> Member:
    """A member, with its bytes if it is a pickle."""
    if odd or not opened:
        return Member(name, "", b"", odd)
    with open_it() as file:
        head = file.read(carriers.HEAD)
        kind = carriers.kind_of(head)
        is_pickle = kind in ("pickle", "npy") or carriers.ends(name, carriers.PICKLES)
        return Member(name, kind, head + file.read(room) if is_pickle else b"", "")


def _zip(place: Place) -> Iterator[Member]:
    with place.path.open("rb") as file:
        if _directory(file, place.size) > _DIRECTORY:
            raise UnreadableError("too_many_members")
        with zipfile.ZipFile(file) as archive:
            room = LARGEST
            for number, one in enumerate(archive.infolist()[:MEMBERS]):
                link = stat.S_ISLNK(one.external_attr >> 16)
                odd = "encrypted" if one.flag_bits & 1 else "link" if link else ""
                opened = number < _OPENED and room > 0 and not one.is_dir()
                member = _member(one.filename, odd, opened, lambda one=one: archive.open(one), room)  # type: ignore[misc]
                room -= len(member.data)
                yield member


def _directory(file: BinaryIO, size: int) -> int:
    """Bytes of the list of members, by the record at the end of the archive (APPNOTE 4.3.16)."""
    file.seek(max(size - 65_557, 0))
    end = file.read(65_557)
    at = end.rfind(b"PK\x05\x06")
    return int.from_bytes(end[at + 12 : at + 16], "little") if at >= 0 else 0


def _tar(blocks: Iterator[bytes]) -> Iterator[Member]:
    room = LARGEST
    with tarfile.open(fileobj=_Bounded(blocks, LARGEST), mode="r|") as archive:
        for number, one in enumerate(archive):
            if number >= MEMBERS:
                return
            odd = "link" if _leaves(one.linkname) else "device" if one.isdev() else ""
            opened = number < _OPENED and room > 0 and one.isfile()
            member = _member(one.name, odd, opened, lambda one=one: archive.extractfile(one), room)  # type: ignore[misc]
            room -= len(member.data)
            yield member


def _leaves(target: str) -> bool:
    """Whether a link leads out of the folder, as far as its target says so by itself."""
    return target.startswith("/") or ".." in target.split("/")


class _Bounded(io.RawIOBase):
    """The first bytes of a stream of blocks, as a file that ends there."""

    def __init__(self, blocks: Iterator[bytes], most: int) -> None:
        super().__init__()
        self._blocks, self._left, self._held = blocks, most, b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while len(self._held) < size and self._left > 0 and (block := next(self._blocks, b"")):
            self._held += block[: self._left]
            self._left -= len(block)
        part, self._held = self._held[:size], self._held[size:]
        return part
