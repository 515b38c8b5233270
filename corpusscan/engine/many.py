"""Small artefacts of very many shards: read a thousand at a time, and told together in one file from then on.

To open a file costs about as much as to read a page of it.  Conclusions ask again and again what a hundred thousand
shards left; where there are more than a group of them, what they say is brought together once, by whoever comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import orjson
import pyarrow as pa
from blake3 import blake3

from corpusscan.workspace import Workspace

GROUP = 1_000  # artefacts
_AT_ONCE = 8  # files, where they lie far away
_STRETCHES = 64  # in which names are handed to threads: to hand over each would take longer than a look at it

T = TypeVar("T")


def groups(names: Sequence[str]) -> list[Sequence[str]]:
    """The names, a thousand at a time."""
    return [names[start : start + GROUP] for start in range(0, len(names), GROUP)]


def together(names: Sequence[str], kind: str, merge: Callable[[list[pa.Table]], pa.Table], workspace: Workspace) -> str:
    """The artefact that says what these, which all exist, say together: `merge` of their tables, made once."""
    artefact = f"{kind}/{blake3(orjson.dumps(names)).hexdigest(20)}"
    if not workspace.has(artefact):
        workspace.write(artefact, merge(each(workspace.read, names)))
    return artefact


def each(of: Callable[[str], T], names: Sequence[str]) -> list[T]:
    """What a function that waits for files says of each name, in order."""
    size = max(len(names) // _STRETCHES, 1)
    stretches = [names[start : start + size] for start in range(0, len(names), size)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return [told for some in pool.map(lambda some: [of(name) for name in some], stretches) for told in some]
