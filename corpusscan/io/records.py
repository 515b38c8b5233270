"""Parsed JSON objects, collected by column until they are a batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from corpusscan.config import Columns
from corpusscan.detector import Batch
from corpusscan.io.account import Account
from corpusscan.io.batches import Aside, assemble
from corpusscan.io.columns import Layout

BATCH_BYTES = 8 * 2**20
BATCH_ROWS = 16_384

Record = dict[str, Any]


class Builder:
    """Collects records into batches of bounded size and keeps the shard's account."""

    def __init__(self, columns: Columns, max_document: int, key: bytes, account: Account) -> None:
        self.chosen, self.max_document, self.key, self.account = columns, max_document, key, account
        self.row = 0
        self._layouts: dict[tuple[str, ...], Layout] = {}
        self._clear()

    def _clear(self) -> None:
        self._rows: list[tuple[int, int]] = []  # first and number, of records that follow one another
        self._count = 0
        self._columns: dict[str, list[Any]] = {}
        self._aside: dict[int, Aside] = {}
        self._bytes = 0

    @property
    def full(self) -> bool:
        """Whether the batch should be taken before more is added."""
        return self._bytes >= BATCH_BYTES or self._count >= BATCH_ROWS

    def layout(self, names: tuple[str, ...]) -> Layout:
        """The layout of these column names, remembered; an attacker's endless names are not."""
        known = self._layouts.get(names)
        if known is None:
            known = Layout.of(names, self.chosen)
            if len(self._layouts) < 1024 and sum(map(len, names)) <= 4096:
                self._layouts[names] = known
        return known

    def skip(self, reason: str, count: int = 1) -> None:
        """Records were left out by decision."""
        self.account.skip(reason, count)
        self.row += count

    def error(self, reason: str, count: int = 1) -> None:
        """Records could not be read."""
        self.account.error(reason, count)
        self.row += count

    def add(self, record: Record, cost: int, aside: Aside | None = None) -> None:
        """Add one record of about `cost` bytes."""
        if aside and (aside.anomalies or aside.texts):
            self._aside[self.row] = aside
        layout = self.layout(tuple(record))
        self.account.count(layout, 1)
        self._append([layout.values(record)], layout, cost)

    def extend(self, records: Iterable[Any], alike: Iterable[bool], cost: int) -> int:
        """Add the first of `records`, of about `cost` bytes each, whose columns are used alike; returns how many.

        `alike` says which are known to be objects with the names of the one before.  Stops before
        anything that is no object or raises `ValueError`.  What a record holds beside its used
        columns is let go at once, which keeps the memory it lay in warm for the next.
        """
        rows: list[tuple[Any, ...]] = []
        layout, counted = self.layout(()), 0
        values = layout.values
        try:
            for record, same in zip(records, alike, strict=False):
                if not same or not rows:
                    if type(record) is not dict:
                        break
                    other = self.layout(tuple(record))
                    if rows and other.used != layout.used:
                        break
                    self.account.count(layout, len(rows) - counted)
                    layout, values, counted = other, other.values, len(rows)
                rows.append(values(record))
        except ValueError:
            pass
        self.account.count(layout, len(rows) - counted)
        self._append(rows, layout, cost * len(rows))
        return len(rows)

    def _append(self, rows: Sequence[tuple[Any, ...]], layout: Layout, cost: int) -> None:
        if not rows:
            return
        if not layout.text and self.row not in self._aside:
            self.skip("no_text_column", len(rows))
            return
        for name, given in zip(layout.used, zip(*rows, strict=True), strict=False):
            column = self._columns.setdefault(name, [])
            if len(column) < self._count:
                column += [None] * (self._count - len(column))
            column += given
        self._rows.append((self.row, len(rows)))
        self._count += len(rows)
        self._bytes += cost
        self.row += len(rows)

    def take(self) -> Batch | None:
        """The records added since the last call, or None where there are none."""
        if not self._rows:
            return None
        rows = np.concatenate([np.arange(first, first + count, dtype=np.uint64) for first, count in self._rows])
        columns, aside = self._columns, self._aside
        for column in columns.values():
            column.extend([None] * (len(rows) - len(column)))
        self._clear()
        layout = self.layout(tuple(columns))
        return assemble(rows, columns, layout, aside, self.max_document, self.key, self.account)
