"""What this program is: its source and the libraries that results depend on, as digests and versions."""

from __future__ import annotations

import importlib.metadata
import sys
from functools import cache
from pathlib import Path

import orjson
from blake3 import blake3

from corpusscan.version import __version__

_LIBRARIES = (
    "blake3",
    "google-re2",
    "isal",
    "numba",
    "numpy",
    "orjson",
    "polars",
    "py3langid",
    "pyarrow",
    "scipy",
    "tokenizers",
    "zstandard",
)


def digest(*parts: object) -> str:
    """BLAKE3 (hex) of JSON-able parts."""
    return str(blake3(orjson.dumps(parts, default=repr)).hexdigest(20))


@cache
def versions() -> dict[str, str]:
    """Versions of what results depend on."""
    found = {name: importlib.metadata.version(name) for name in _LIBRARIES}
    return {"corpusscan": __version__, "python": ".".join(map(str, sys.version_info[:3])), **found}


@cache
def source(*places: str) -> str:
    """The digest of files and folders of this package, with the data beside them."""
    root = Path(__file__).parent
    found = [file for place in places for file in [root / place, *(root / place).rglob("*")]]
    files = sorted(file for file in found if file.suffix in {".py", ".npz", ".txt"})
    return digest([(file.relative_to(root).as_posix(), blake3(file.read_bytes()).hexdigest()) for file in files])


@cache
def code() -> str:
    """What all processes of one scan must have in common: versions, and the source of this program."""
    return digest(versions(), source("."))
