"""Large compressed files in pieces: cut before they are read, cut again where that is needed later, then removed.

What stays is a note of where the pieces began and what they held, so that a scan whose artefacts
are all there reads nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from corpusscan import io
from corpusscan.engine.keys import identity
from corpusscan.engine.tasks import Cut, Map, Task
from corpusscan.io.layout.pieces import Pieces
from corpusscan.workspace import Workspace

FOLDER = "pieces"


class Cuts:
    """The files of one scan that are cut; `run` has tasks done."""

    def __init__(self, workspace: Workspace, run: Callable[[Sequence[Task]], Iterable[object]]) -> None:
        self.workspace, self.run = workspace, run
        self._files: dict[Path, Cut] = {}

    def shards(self, shards: list[io.Shard]) -> list[io.Shard]:
        """The shards to read; a file that could not be cut stays whole, and its reader says why.

        Nothing is cut where the workspace is not on this machine: pieces there would be read from afar twice.
        """
        if self.workspace.far:
            return shards
        cuts = {shard.index: Cut(shard, f"{FOLDER}/{identity(shard)}") for shard in shards if shard.piece}
        self._do([cut for cut in cuts.values() if not self.workspace.read_json(f"{cut.name}.json")])
        found: list[io.Shard] = []
        for shard in shards:
            cut = cuts.get(shard.index)
            if cut and (note := self.workspace.read_json(f"{cut.name}.json")):
                folder = cut.folder(self.workspace)
                self._files[folder] = cut
                found += io.pieces.shards(shard, msgspec.convert(note, Pieces), folder)
            else:
                found.append(shard)
        return [msgspec.structs.replace(shard, index=index) for index, shard in enumerate(found)]

    def restore(self, tasks: Iterable[Map]) -> None:
        """Make sure that the pieces which `tasks` read are there."""
        pieces = {path for task in tasks if (path := Path(task.shard.path)).parent in self._files}
        gone = {path.parent for path in pieces if not path.exists()}
        self._do([self._files[folder] for folder in sorted(gone)])

    def _do(self, cuts: list[Cut]) -> None:
        for _ in self.run(cuts) if cuts else ():
            pass

    def remove(self) -> None:
        """Give back the room that the pieces take."""
        for folder in self._files:
            shutil.rmtree(folder, ignore_errors=True)
