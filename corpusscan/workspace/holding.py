"""The workspace of a scan, opened: held by one scan at a time or by parts of one, tied to its inputs, published."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import orjson
from blake3 import blake3

from corpusscan.addresses import is_address
from corpusscan.errors import WorkspaceError
from corpusscan.workspace import leases, locks
from corpusscan.workspace.files import sweep, write_atomic
from corpusscan.workspace.objects import Objects
from corpusscan.workspace.part import PARTS, Part
from corpusscan.workspace.stores import Store, store
from corpusscan.workspace.tables import Workspace

WORK = "work"


class Opened(Workspace):
    """A workspace that is held.  `report` is a folder of this machine for the results, `scratch` one for the time."""

    def __init__(self, out: Store, report: Path, check: Callable[[], None] = lambda: None) -> None:
        super().__init__(out.below(WORK))
        self.out, self.report, self._check = out, report, check
        self.scratch = self.store.root or report / WORK
        self.kept: object = None  # what must live as long as `report` is read

    def publish(self, names: Sequence[str]) -> None:
        """Bring result files to where the report belongs.  Raises `WorkspaceError`, also where others took over."""
        self._check()
        if self.out.root is None:
            publish(self.report, self.out, names)


def publish(folder: Path, out: Store, names: Sequence[str]) -> None:
    """Copy files of a folder to a store.  Raises `WorkspaceError`."""
    for name in names:
        out.write(name, partial(shutil.copyfile, folder / name))


@contextmanager
def opened(out: str | Path, inputs: list[str], *, overwrite: bool, part: Part | None = None) -> Iterator[Opened]:
    """The workspace in `out/work`, held by one scan at a time, or by parts of one; and tied to its inputs.

    Raises `WorkspaceError` when another scan holds it, or when `out` holds something else.
    """
    place = store(out)
    with (_in_folder if place.root else _elsewhere)(place, part) as workspace:
        _own(place, [_lasting(name) for name in inputs], overwrite)
        begun = place.root / WORK / "unfinished" if place.root else None
        if begun and begun.exists() and not part:  # others may be writing beside a part
            sweep(begun.parent.parent)
        if begun:
            write_atomic(begun, lambda path: path.write_bytes(b""))
        yield workspace
        if begun:
            begun.unlink(missing_ok=True)


@contextmanager
def _in_folder(out: Store, part: Part | None) -> Iterator[Opened]:
    assert out.root
    root = out.root / WORK
    try:
        (root / PARTS if part else root).mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        why = "a link that leads to nothing" if out.root.is_symlink() and not out.root.exists() else error.strerror
        raise WorkspaceError(f"{out}: cannot be created ({why}); choose another folder with -o") from None
    _refuse_links(root)
    with locks.held(str(out), root, part):
        yield Opened(out, out.root)


def _refuse_links(root: Path) -> None:
    """Raises `WorkspaceError` for a link among the working files: a scan makes none, and would write where it leads.

    OUT itself may be one: it is the user's word.
    """
    for place in (root, *sorted(root.iterdir()), *sorted((root / PARTS).glob("*"))):
        if place.is_symlink():
            raise WorkspaceError(
                f"{place}: is a link, which no scan makes; remove it, or choose another folder with -o"
            )


@contextmanager
def _elsewhere(out: Store, part: Part | None) -> Iterator[Opened]:
    assert isinstance(out, Objects)
    told = out.told("")
    with leases.held(told, out.below(WORK), part) as lease:
        folder = tempfile.TemporaryDirectory(prefix="corpusscan-")
        workspace = Opened(out, Path(folder.name), lease.check)
        workspace.kept = folder
        yield workspace


def _own(out: Store, inputs: list[str], overwrite: bool) -> None:
    name = f"{WORK}/inputs.json"
    if not overwrite:
        mine = orjson.loads(out.read(name)) if out.exists(name) else None
        remedy = "choose another folder with -o, or add --overwrite"
        if mine is None and any(child != WORK for child in out.names()):
            raise WorkspaceError(f"{out.told('')}: holds something that is no report; {remedy}")
        if mine is not None and mine != inputs:
            raise WorkspaceError(f"{out.told('')}: holds the scan of {', '.join(mine)}; {remedy}")
    out.write(name, lambda path: path.write_bytes(orjson.dumps(inputs)))


def _lasting(given: str) -> str:
    """An input as every folder names it; of an address no password is kept, and what follows a `?` as a digest."""
    if not is_address(given):
        return str(Path(given).absolute())
    address, _, query = given.partition("?")
    bare = re.sub(r"(?<=://)[^/@]*@", "", address)
    return f"{bare}?{blake3(query.encode()).hexdigest(8)}" if query else bare
