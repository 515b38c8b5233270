"""How the tests of this folder read: through a plan, over all shards, with the books checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from corpusscan import io, schema
from corpusscan.config import Columns

settings.register_profile("untimed", deadline=None)  # the first call compiles, or loads, kernels
settings.load_profile("untimed")
KEY = bytes(32)


@dataclass
class Reading:
    """All that came out of a folder, rows absolute within their file, and one account per shard."""

    plan: io.Plan
    documents: list[dict[str, Any]] = field(default_factory=list)
    texts: list[dict[str, Any]] = field(default_factory=list)
    anomalies: list[dict[str, Any]] = field(default_factory=list)
    accounts: list[io.Account] = field(default_factory=list)

    @property
    def only(self) -> io.Account:
        """The account of the one shard there is."""
        assert len(self.accounts) == 1
        return self.accounts[0]

    @property
    def contents(self) -> list[str]:
        """The texts, in order."""
        return [text["text"] for text in self.texts]

    def reasons(self, fate: str) -> dict[str, int]:
        """How often each reason was counted, over all shards."""
        counts: dict[str, int] = {}
        for account in self.accounts:
            for reason, count in (+account.reasons[fate]).items():
                counts[reason] = counts.get(reason, 0) + count
        return counts

    @property
    def whole(self) -> bool:
        """Whether a report would call the reading complete."""
        lost = any(a.skipped or a.errored or a.unknowable or a.stop is not None for a in self.accounts)
        return not lost and not self.plan.skipped


def read_folder(folder: Path, columns: Columns, max_document: int, shard_bytes: int | None) -> Reading:
    """Plan and read `folder`; fails where tables, accounts and rows contradict one another."""
    usual = io.planning._SHARD
    io.planning._SHARD = shard_bytes or usual
    try:
        result = Reading(io.plan([str(folder)], columns, None))
    finally:
        io.planning._SHARD = usual
    following: dict[str, int] = {}
    for shard in result.plan.shards:
        account, first = io.Account(), following.get(shard.file, 0)
        rows: list[int] = []
        for batch in io.read(shard, columns, max_document, KEY, account):
            assert batch.documents.schema == schema.DOCUMENTS
            assert batch.texts.schema == schema.TEXTS
            assert batch.anomalies.schema == schema.ANOMALIES
            batch.texts.validate(full=True)
            batch.documents.validate(full=True)
            rows += batch.documents["row"].to_pylist()
            for name in ("documents", "texts", "anomalies"):
                lines = getattr(batch, name).to_pylist()
                assert [line["row"] for line in lines] == sorted(line["row"] for line in lines)
                getattr(result, name).extend({**line, "row": line["row"] + first, "file": shard.file} for line in lines)
        assert rows == sorted(set(rows))
        assert account.scanned == len(rows)
        assert not rows or rows[-1] < account.rows
        for fate in ("skipped", "errored"):
            lost = getattr(account, fate)
            assert sum(account.reasons[fate].values()) >= lost
        if not account.unknowable:
            assert io.count(shard) == account.rows
        account.as_json()
        result.accounts.append(account)
        following[shard.file] = first + account.rows
    assert sum(a.text_bytes for a in result.accounts) == sum(len(text.encode()) for text in result.contents)
    return result


@pytest.fixture(scope="session")
def read(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Reading]:
    """Reads files given as bytes by name (bytes alone: `a.jsonl`) in a folder of their own."""

    def run(
        files: Mapping[str, bytes] | bytes,
        *,
        columns: Columns = Columns(),  # noqa: B008  # frozen
        max_document: int = 16 * 2**20,
        shard_bytes: int | None = None,
    ) -> Reading:
        folder = tmp_path_factory.mktemp("corpus")
        for name, data in ({"a.jsonl": files} if isinstance(files, bytes) else files).items():
            (folder / name).write_bytes(data)
        return read_folder(folder, columns, max_document, shard_bytes)

    return run
