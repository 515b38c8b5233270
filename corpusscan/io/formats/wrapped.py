"""A JSON object that holds its records in lists under keys (`{"data": [...]}`, `{"train": [...], "test": [...]}`).

Each list of objects is read as an array is, in the order of the file; what else stands beside the lists is named among
the columns that were not scanned.  An object that is a record itself is a line of JSON Lines: one that has a text of
its own, or a chat, or that is followed by another one.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import orjson

from corpusscan.detector import Batch
from corpusscan.errors import UnreadableError
from corpusscan.io.formats import jsonl
from corpusscan.io.layout import streams
from corpusscan.io.layout.compression import until_failure
from corpusscan.io.layout.lines import MAX_LINE
from corpusscan.io.places.storage import Location
from corpusscan.io.rows.account import Account
from corpusscan.io.rows.builder import Builder
from corpusscan.io.rows.columns import MAX_NAMES, TEXT, Layout
from corpusscan.io.shard import Shard
from corpusscan.kernels import wrapped
from corpusscan.kernels.wrapped import Event

UNIT = "byte"
SUFFIXES = ()  # names do not tell it from JSON Lines: its first bytes do
HEAD = 4 * 2**20  # of a file, its first bytes, by which it is told from JSON Lines; and
FAR = MAX_LINE  # those that may stand before its first list: no line is longer
LISTS = 1_000  # lists of a file that are told by name; rows of others are read, too
# What is said of a whole set as well as of a record: beside a list of objects it is no text of a record.
_ABOUT = ("title", "headline", "description", "abstract", "summary")
_TEXT = frozenset(TEXT).difference(_ABOUT)

_MORE = Layout((), (), (), (), (), (), ("...",))

split = streams.whole


def begins(path: Location, packed: str | None) -> bool:
    """Whether a file is one object that holds a list of objects and no text of its own, by its beginning."""
    reader, read, found = _Reader(), 0, False
    failures: list[UnreadableError] = []  # who reads the file will say so
    for block in until_failure(streams.unpacked(path, packed), failures):
        part = block[: (HEAD if found else FAR) - read]
        if reader.before and part.lstrip()[:1] not in (b"", b"{"):
            return False
        _, met, behind = reader.take(part)
        if behind.strip() or any(_name(one.key) in _TEXT for one in met):
            return False  # more objects are lines, and a text makes it a record
        found, read = found or any(one.kind == wrapped.TABLE for one in met), read + len(part)
        if read >= (HEAD if found else FAR):
            break
    return found


def names(shard: Shard) -> Iterator[str]:
    """Keys of the first records, as they are met.  Raises `UnreadableError`."""
    return jsonl.keys(_lines(shard, Account()))


def count(shard: Shard) -> int:
    """Elements of the lists of objects.  Raises `UnreadableError`."""
    return jsonl.counted(_lines(shard, Account()))


def read(shard: Shard, builder: Builder) -> Iterator[Batch]:
    """Batches of the elements; in the account, where each list begins and what was left out.

    Raises `UnreadableError` where the object does not end, or is not all of the file.
    """
    yield from jsonl.parsed(_lines(shard, builder.account), builder)
    if shard.fault:
        raise UnreadableError(shard.fault)


def _lines(shard: Shard, account: Account) -> Iterator[bytes]:
    """The elements of all lists of objects, a line each."""
    reader = _Reader()
    for block in streams.source(shard):
        told, met, behind = reader.take(block)
        for one in met:
            _note(one, account)
        yield told
        if behind.strip():
            raise UnreadableError("trailing_junk", "text behind the end of its object")
    if not reader.ended:
        raise UnreadableError("truncated_json", "its object does not end")


def _note(one: Event, account: Account) -> None:
    """What stands under a key, as far as there is room: who writes the file may write any number of them."""
    if one.kind == wrapped.TABLE and len(account.lists) < LISTS:
        account.lists.append((one.row, _name(one.key)))
    elif one.kind == wrapped.VALUE and len(account.layouts) < MAX_NAMES:
        account.count(Layout((), (), (), (), (), (), (f"{_name(one.key)} (beside the rows)",)), 1)
    elif one.kind == wrapped.VALUE:
        account.layouts[_MORE] += 1


class _Reader:
    """Takes the blocks of a file."""

    def __init__(self) -> None:
        self.state = wrapped.beginning()

    @property
    def ended(self) -> bool:
        """Whether its object did."""
        return bool(self.state.numbers[wrapped.ENDED])

    @property
    def before(self) -> bool:
        """Whether its object has not begun."""
        return not self.ended and not self.state.numbers[wrapped.DEPTH]

    def take(self, block: bytes) -> tuple[bytes, list[Event], bytes]:
        """The lines of a block, what was met in it, and what stands behind the end of the object."""
        data, parts, met = np.frombuffer(block, np.uint8), [], []
        out = np.empty(len(data), np.uint8)
        while len(data) and not self.ended:
            done, written, events = wrapped.lines(data, out, self.state)
            parts.append(out[:written].tobytes())
            met += events
            data = data[done:]
        return b"".join(parts), met, data.tobytes()


def _name(key: bytes) -> str:
    """A key as it is meant."""
    try:
        return str(orjson.loads(b'"' + key + b'"'))
    except orjson.JSONDecodeError:
        return key.decode("utf-8", "replace")
