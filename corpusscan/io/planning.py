"""The plan: which files are read, in which shards, and which are not and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import msgspec

from corpusscan.addresses import is_address, shown
from corpusscan.config import Columns
from corpusscan.errors import InputError, UnreadableError
from corpusscan.io import formats
from corpusscan.io.formats import FORMATS
from corpusscan.io.layout import compression
from corpusscan.io.places import faults, hub, storage
from corpusscan.io.places.finding import find
from corpusscan.io.places.place import Place
from corpusscan.io.remedies import remedy
from corpusscan.io.rows.columns import TEXT
from corpusscan.io.shard import File, Shard

_SHARD, _LARGEST, _SHARDS = 32 * 2**20, 2**30, 20_000
_SMALLEST, _FEWEST = 4 * 2**20, 8  # bytes of a shard of a small corpus, so that there are some for every worker
_AT_ONCE = 16  # files elsewhere that are looked at
_FILES = 4096  # that may be one shard
# A compressed file is one shard while it is small, or one of many: cutting it takes time and room on the disk.
_WHOLE, _ALWAYS_CUT, _MANY = 128 * 2**20, 4 * 2**30, 64


class Plan(msgspec.Struct, frozen=True):
    """What a scan will read, and what it will not and why."""

    shards: list[Shard]
    skipped: list[tuple[str, int, str, str]]  # file, bytes, status (skipped, errored), reason
    companions: list[str]
    inputs: list[str]  # as they were read: of the hub at which commit, and without passwords
    places: list[Place] = []  # all of these files


def plan(inputs: list[str], columns: Columns, out: str | Path | None) -> Plan:
    """Shards in the order of their labels.

    Raises `InputError` when an input named by the user cannot be read or has no text column.
    """
    places = find(inputs, out)
    total = sum(place.size for place in places)
    target, whole = _shard(total), min(max(_WHOLE, total // _MANY), _ALWAYS_CUT)
    shards: list[Shard] = []
    skipped: list[tuple[str, int, str, str]] = []
    for place, found in _each([place for place in places if not place.companion], target, whole, columns):
        if isinstance(found, list):
            shards += found
            continue
        if place.named:
            raise InputError(f"{place.path}: cannot be read ({found}); {remedy(found.reason)}") from None
        damaged = found.reason.startswith(("corrupt_", "truncated_")) or found.reason in faults.REASONS
        status = "errored" if damaged else "skipped"
        skipped.append((place.label, place.size, status, found.reason))
    if not shards:
        example = f" ({skipped[0][0]}: {skipped[0][3]}; {remedy(skipped[0][3])})" if skipped else ""
        named, known = ", ".join(map(shown, inputs)), ", ".join(formats.suffixes())
        raise InputError(f"{named}: nothing that can be read{example}; known formats: {known}")
    shards = _gathered(shards, target, len(inputs) > 1)
    shards = [msgspec.structs.replace(shard, index=index) for index, shard in enumerate(shards)]
    _require_text(shards, inputs, columns)
    companions = [place.label for place in places if place.companion]
    return Plan(shards, skipped, companions, _read(inputs, places), places)


def _shard(total: int) -> int:
    """Bytes of a shard: smaller of a small corpus, larger of a very large one; by the corpus, never by the machine.

    A power of two where the corpus is small: one that grows a little is cut where it was.
    """
    even = 1 << max(total // _FEWEST, 1).bit_length() - 1
    return min(max(min(_SHARD, max(_SMALLEST, even)), total // _SHARDS), _LARGEST)


def _read(inputs: list[str], places: list[Place]) -> list[str]:
    read = [shown(given) if is_address(given) else given for given in inputs]
    for place in places:
        if place.pinned:
            ordinal = int(place.label.partition("/")[0]) if len(inputs) > 1 else 0
            read[ordinal] = place.pinned + hub.inside(inputs[ordinal])
    return read


def _each(
    places: list[Place], target: int, whole: int, columns: Columns
) -> Iterator[tuple[Place, list[Shard] | UnreadableError]]:
    """Each place with its shards, or why it has none."""

    def one(place: Place) -> list[Shard] | UnreadableError:
        try:
            return _split(place, target, whole, columns)
        except UnreadableError as error:
            return error

    if all(isinstance(place.path, Path) for place in places):
        yield from zip(places, map(one, places), strict=True)
        return
    with ThreadPoolExecutor(_AT_ONCE) as pool:  # every look at a file elsewhere is some waiting
        yield from zip(places, pool.map(one, places), strict=True)


def _split(place: Place, target: int, whole: int, columns: Columns) -> list[Shard]:
    if place.skip:
        raise UnreadableError(place.skip)
    try:
        stamp = faults.stamp(place.path)
        with place.path.open("rb") as file:
            head = file.read(16)
        name = formats.of(place, head, columns.lines)
        kind = FORMATS[name]
        tokenizer = [columns.tokenizer or ""] if hasattr(kind, "TOKENS") else []
        ranges = kind.split(place.path, target, *tokenizer)
        packed = None if hasattr(kind, "extents") or tokenizer else compression.kind_of(head, place.path.name.lower())
    except OSError as error:
        raise faults.unreadable(error, faults.READ) from None
    return [
        Shard(
            index=0, file=place.label, format=name, unit=kind.UNIT,
            start=start, stop=stop, bytes_total=place.size, bytes=size, compression=packed, **storage.place(place.path),
            piece=target if packed and place.size > whole and hasattr(kind, "LINES") else 0,
            tokenizer="".join(tokenizer),
            stamp=stamp,
        )
        for start, stop, size in ranges
    ]  # fmt: skip


def _gathered(shards: list[Shard], target: int, by_input: bool) -> list[Shard]:
    """Files that are a record each together, some `target` bytes of them; every other shard as it is."""
    found: list[list[Shard]] = []
    latest: dict[tuple[str, str], list[Shard]] = {}  # by format and input
    sizes: Counter[tuple[str, str]] = Counter()
    for shard in shards:
        about = shard.format, shard.file.split("/", 1)[0] if by_input else ""
        room = len(latest.get(about, ())) < _FILES and sizes[about] + shard.bytes <= target
        if about in latest and room and hasattr(FORMATS[shard.format], "FILES"):
            latest[about].append(shard)
        else:
            latest[about], sizes[about] = [shard], 0
            found.append(latest[about])
        sizes[about] += shard.bytes
    return [_one(group) for group in found]


def _one(group: list[Shard]) -> Shard:
    first, *more = group
    if not more:
        return first
    size = sum(one.bytes for one in group)
    files = tuple(
        File(
            label=one.file, bytes=one.bytes, compression=one.compression, stamp=one.stamp,
            **storage.place(storage.of(one)),
        )
        for one in group
    )  # fmt: skip
    return msgspec.structs.replace(
        first, file=f"{first.file} and {len(more)} more", unit="file", stop=len(group), bytes=size, bytes_total=size,
        compression=None, files=files, stamp="",
    )  # fmt: skip


def _require_text(shards: list[Shard], inputs: list[str], columns: Columns) -> None:
    """Every input has, in some file, a column that can be scanned and every column the user named."""
    for ordinal, given in enumerate(inputs):
        prefix = f"{ordinal}/" if len(inputs) > 1 else ""
        there: set[str] = set()
        # A key may be rare: before an input is refused, the beginning of each of its shards was seen.
        for name in _names([shard for shard in shards if shard.file.startswith(prefix)]):
            there.add(name)
            if not _missing(there, columns):
                break
        if there and (missing := _missing(there, columns)):
            found = ", ".join(name[:64] for name in sorted(there)[:20])
            raise InputError(f"{shown(given)}: no column {missing}; it has: {found}. Name the text with --text-column")


def _names(shards: list[Shard]) -> Iterator[str]:
    for shard in shards:
        with suppress(UnreadableError, OSError):
            yield from FORMATS[shard.format].names(shard)


def _missing(there: set[str], columns: Columns) -> str:
    chosen = [*columns.text, columns.id, columns.source, columns.time, columns.label]
    named = [name for name in chosen if name and name not in there]
    if named:
        return " or ".join(repr(name) for name in named)
    return "" if columns.text or there & set(TEXT) else f"known as text ({', '.join(TEXT[:6])}, ...)"
