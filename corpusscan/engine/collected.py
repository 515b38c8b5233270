"""What a scan has so far: names of the artefacts that its report is made of, and what could not be done."""

from __future__ import annotations

from dataclasses import dataclass, field
from sys import intern
from typing import Any

import pyarrow as pa

from corpusscan.detector import State
from corpusscan.engine import many
from corpusscan.engine.local import Lost
from corpusscan.io import Shard
from corpusscan.workspace import Workspace


@dataclass
class Collected:
    """Where everything lies that the report is made of."""

    shards: list[Shard]
    accounts: dict[int, str] = field(default_factory=dict)  # shard index -> artefact
    lost: dict[int, Lost] = field(default_factory=dict)
    flags: dict[str, list[tuple[int, str]]] = field(default_factory=dict)  # detector -> (shard, artefact)
    concluded: dict[str, State] = field(default_factory=dict)
    kept: dict[str, list[tuple[int, str]]] = field(default_factory=dict)  # detector -> (shard, artefact), for an index
    copies: pa.Table | None = None  # which documents are copies of one another, where a detector told
    limits: list[dict[str, Any]] = field(default_factory=list)  # what detectors left aside
    cards: list[tuple[int, str]] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)  # detector -> why it did not conclude
    seconds: dict[str, float] = field(default_factory=dict)
    needed: int = 0  # artefacts
    reused: int = 0  # of these, found finished
    _read: dict[str, dict[str, Any]] = field(default_factory=dict)

    def account(self, shard: int, workspace: Workspace) -> dict[str, Any]:
        """The account of a shard that was read; its file is opened once, or one of many where there are many."""
        name = self.accounts[shard]
        if name not in self._read and len(self.accounts) > many.GROUP:
            self._read_many(workspace)
        if name not in self._read:
            self._keep(name, workspace.read(name).to_pylist()[0])
        return dict(self._read[name])

    def _read_many(self, workspace: Workspace) -> None:
        names = sorted({name for shard, name in self.accounts.items() if shard not in self.lost} - self._read.keys())
        for some in many.groups(names):
            told = workspace.read(many.together(some, "accounts", pa.concat_tables, workspace))
            for name, account in zip(some, told.to_pylist(), strict=True):
                self._keep(name, account)

    def _keep(self, name: str, account: dict[str, Any]) -> None:
        """Most shards say the same of their columns, in words that need be there once."""
        self._read[name] = {key: intern(told) if isinstance(told, str) else told for key, told in account.items()}
