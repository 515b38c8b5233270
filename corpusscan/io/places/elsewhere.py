"""From an address to files: those of a bucket or a server, and those of a dataset of the hub at one commit."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

import msgspec

from corpusscan.addresses import shown
from corpusscan.errors import InputError, UnreadableError
from corpusscan.io.places import hub
from corpusscan.io.places.answers import Facts
from corpusscan.io.places.buckets import Bucket
from corpusscan.io.places.place import IGNORED_FOLDERS, Place, label, of_file
from corpusscan.io.places.storage import Remote, driver, look


def find(given: str) -> Iterator[Place]:
    """The files that an address names.  Raises `InputError`."""
    folders: set[str] = set()  # of tools: each is told once
    try:
        for place in _places(given):
            if not (place.companion and place.label in folders):
                yield place
            if place.companion and place.label.endswith("/"):
                folders.add(place.label)
    except UnreadableError as error:
        raise InputError(f"{shown(given)}: cannot be read ({error}); check the address and your access") from None


def inside(file: Remote, folder: str) -> bool:
    """Whether a file lies below the address of a folder of the same storage."""
    (scheme, _, path), (own, _, there) = folder.partition("://"), file.store.partition("://")
    below = file.path or there
    return scheme.lower() == own.lower() and f"{below}/".startswith(f"{path.rstrip('/')}/")


def _places(given: str) -> Iterator[Place]:
    if given.startswith("hf://"):
        yield from _of_hub(given)
    elif given.startswith(("http://", "https://")):
        file = Remote(given, "", look(given, ""))
        yield of_file(_label(unquote(file.name)), file, file.facts.size, named=True)
    else:
        yield from _of_bucket(given)


def _of_hub(given: str) -> Iterator[Place]:
    dataset = hub.find(given)
    for path, facts in dataset.entries:
        place = _place(path, Remote(dataset.address, path, facts), f"{dataset.address}/", named=dataset.only)
        yield msgspec.structs.replace(place, pinned=dataset.address)


def _of_bucket(given: str) -> Iterator[Place]:
    bucket = driver(given)
    assert isinstance(bucket, Bucket)
    for path, facts, named in bucket.find():
        below = path.rpartition("/")[2] if named else bucket.below(path)
        place = _place(below, Remote(given, path, facts or Facts(0, "", sealed=False)), "", named=named)
        yield place if facts else msgspec.structs.replace(place, skip="not_a_file")


def _place(below: str, file: Remote, prefix: str, *, named: bool) -> Place:
    folders = below.split("/")[:-1]
    if (
        not named
        and (tool := next((n for n, folder in enumerate(folders) if folder in IGNORED_FOLDERS), None)) is not None
    ):
        return Place(label=prefix + _label("/".join(folders[: tool + 1])) + "/", path=file, companion=True)
    return of_file(prefix + _label(below), file, file.facts.size, named=named)


def _label(path: str) -> str:
    return label(path.encode("utf-8", "surrogatepass"))
