"""From what the user named to files: every file below an input is data, a known companion, or a counted skip."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from corpusscan.addresses import is_address, shown
from corpusscan.errors import InputError
from corpusscan.io.places import elsewhere
from corpusscan.io.places.place import IGNORED_FOLDERS, Place, label, of_file
from corpusscan.io.places.storage import Location


def find(inputs: list[str], out: str | Path | None) -> list[Place]:
    """All files below `inputs` (files, folders, globs, addresses), without `out`, sorted by label.

    Raises `InputError` for an input that is missing, matches nothing, is empty or cannot be read.
    """
    places = []
    own = str(out) if out and is_address(str(out)) else Path(os.path.realpath(out)) if out else None
    for ordinal, given in enumerate(inputs):
        there = [*(_in_memory(Path(given)) if _is_in_memory(given, own) else _one(given))]
        found = [place for place in there if place.named or not _inside(place.path, own)]
        if isinstance(own, Path):
            _refuse_link(Path(str(out)), given)
        if there and not found:
            raise InputError(
                f"{shown(given)}: lies in {shown(out)}, where the report goes; choose another folder with -o"
            )
        if not any(place.size for place in found):
            raise InputError(
                f"{shown(given)}: holds no data; name a file, a folder or a glob with .jsonl, .parquet or .arrow files "
                "in it"
            )
        prefix = f"{ordinal}/" if len(inputs) > 1 else ""
        places += [msgspec.structs.replace(place, label=prefix + place.label) for place in found]
    return sorted(places, key=lambda place: place.label)


def _is_in_memory(given: str, own: str | Path | None) -> bool:
    """Whether it is a folder of tables that this very scan has laid down in its workspace, below OUT."""
    # os.path, as a name may be too long for the system to look at.
    there = isinstance(own, Path) and os.path.isdir(given)  # noqa: PTH112
    return there and Path(os.path.realpath(Path(given).parent)) == Path(str(own)) / "work" / "memory"


def _in_memory(folder: Path) -> Iterator[Place]:
    """Tables in memory that have names: each is data, whatever it is called."""
    for path in sorted(folder.iterdir()):
        yield of_file(f"{folder.name}/{path.name}", path, path.stat().st_size, named=True)


def _one(given: str) -> Iterator[Place]:
    if is_address(given):
        yield from elsewhere.find(given)
        return
    path = Path(given).expanduser()
    kind = _kind(path)
    if kind is not None and stat.S_ISDIR(kind):
        yield from _walk(path)
    elif kind is not None:
        yield _place(path, path.parent, named=True)
    elif glob.has_magic(given):
        root = root_of(given)
        for match in sorted(glob.glob(str(path), recursive=True)):  # noqa: PTH207  # Path.glob takes no absolute pattern
            if not Path(match).is_dir():
                yield _place(Path(match), root, named=False)
    else:
        raise InputError(
            f"{given}: no such file or folder; check the spelling, or quote a glob that your shell expands"
        )


def _refuse_link(out: Path, given: str) -> None:
    """Raises `InputError` for an OUT that is a link which stands in the input: who made that may have set it."""
    if out.is_symlink() and Path(given).is_dir() and _inside(out.parent, Path(os.path.realpath(given))):
        raise InputError(f"{out}: a link that lies in {given}, whose makers may have set it; choose another -o")


def _kind(path: Path) -> int | None:
    """The mode of what is there; None for nothing.  Raises `InputError` where nobody may look."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the path and its permissions") from None


def root_of(pattern: str) -> Path:
    """The folder below which all matches of a glob lie."""
    parts = Path(pattern).expanduser().parts[:-1]
    plain = [part for index, part in enumerate(parts) if not any(glob.has_magic(p) for p in parts[: index + 1])]
    return Path(*plain)


def _walk(root: Path) -> Iterator[Place]:
    closed: list[Path] = []

    def refuse(error: OSError) -> None:
        if Path(error.filename) == root:
            raise InputError(f"{root}: cannot be listed ({error.strerror}); give read access, or leave it out")
        closed.append(Path(error.filename))

    for folder, folders, files in os.walk(root, onerror=refuse):
        for name in sorted(folders):
            path = Path(folder) / name
            if path.is_symlink():
                yield Place(label=_label(path, root), path=path, skip="symlink_to_folder")
            elif name in IGNORED_FOLDERS:
                yield Place(label=_label(path, root) + "/", path=path, companion=True)
        folders[:] = sorted(name for name in folders if name not in IGNORED_FOLDERS)
        for name in sorted(files):
            yield _place(Path(folder) / name, root, named=False)
    for path in closed:
        yield Place(label=_label(path, root) + "/", path=path, skip="unreadable")


def _place(path: Path, root: Path, *, named: bool) -> Place:
    name = _label(path, root)
    try:
        status = path.stat()
    except OSError as error:
        if named:
            raise InputError(f"{path}: cannot be read ({error.strerror}); check the path and its permissions") from None
        return Place(label=name, path=path, skip="unreadable")
    if not stat.S_ISREG(status.st_mode):
        if named:
            raise InputError(
                f"{path}: is neither a file nor a folder; pipes and devices cannot be sharded, save them first"
            )
        return Place(label=name, path=path, skip="not_a_file")
    if not named and path.is_symlink() and _leaves(path, root):
        return Place(label=name, path=path, size=status.st_size, skip="symlink_outside")
    return of_file(name, path, status.st_size, named=named)


def _leaves(link: Path, root: Path) -> bool:
    """Whether a link leads out of the input: whoever made a corpus could have any file of this machine quoted.

    In the cache of the hub files are links to `blobs`, which lies beside the snapshots.
    """
    target, home = Path(os.path.realpath(link)), Path(os.path.realpath(root))
    return not target.is_relative_to(home) and not (target.parent.name == "blobs" and target.parents[1] in home.parents)


def _label(path: Path, root: Path) -> str:
    try:
        relative = path.relative_to(root)
    except ValueError:
        relative = Path(path.name)
    return label(os.fsencode(relative.as_posix()))


def _inside(path: Location, out: str | Path | None) -> bool:
    if isinstance(path, Path):  # not by Path.resolve, which raises where links go round
        return isinstance(out, Path) and Path(os.path.realpath(path)).is_relative_to(out)
    return isinstance(out, str) and elsewhere.inside(path, out)
