"""One file below an input, and what its name alone says about it."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import msgspec

from corpusscan.io.places.storage import Location

_COMPANIONS = re.compile(
    r"(readme|license|licence|notice|copying|citation|changelog)(\..*)?"
    r"|\.git(attributes|ignore)|\.ds_store|dataset_infos?\.json|dataset_dict\.json|state\.json|metadata\.json"
    r"|_success|_metadata|_common_metadata|sha\d+sums?(\.txt)?|md5sums?(\.txt)?|checksums?(\.txt)?|manifest\.json"
    r"|.*\.idx|.*\.(md5|sha1|sha256|sha512|crc|asc|sig)",
    re.IGNORECASE,
)
IGNORED_FOLDERS = frozenset({".git", ".cache", ".huggingface", "__pycache__"})
# Programs that loaders of datasets have run, and what runs a program when it is loaded: no rows are looked for in them.
_NEVER_OPENED = {
    ".py": "loading_script", **dict.fromkeys((".pkl", ".pickle", ".dill", ".joblib", ".pt", ".pth"), "pickle")
}  # fmt: skip


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """One file below an input.  `skip` is the reason why it is no data, `companion` a harmless one."""

    label: str  # POSIX path relative to its input: the `file` of results
    path: Location
    size: int = 0
    skip: str | None = None
    companion: bool = False
    named: bool = False  # the user wrote this very path
    pinned: str = ""  # the address under which its input can be read again as it was


def of_file(label: str, path: Location, size: int, *, named: bool) -> Place:
    """The place of a file that can be opened; what the user named is data, whatever it is called."""
    companion = not named and bool(_COMPANIONS.fullmatch(path.name))
    skip = None if companion else _NEVER_OPENED.get(PurePosixPath(path.name).suffix.lower())
    return Place(label=label, path=path, size=size, companion=companion, named=named, skip=skip)


def label(path: bytes) -> str:
    """A path as text; bytes that are no UTF-8 are spelled \\xNN, and a backslash twice: no two paths share a label."""
    return path.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")
