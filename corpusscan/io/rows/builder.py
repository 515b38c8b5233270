"""Parsed JSON objects, collected by column until they are a batch."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from corpusscan.config import Columns
from corpusscan.detector import Batch
from corpusscan.io.rows import arrow
from corpusscan.io.rows.account import Account
from corpusscan.io.rows.batches import Aside, Rows, assemble
from corpusscan.io.rows.columns import Layout

BATCH_BYTES = 2 * 2**20
BATCH_ROWS = 16_384
_PACKED = 128  # values that go into Arrow together, while they are in the processor's cache

Record = dict[str, Any]


class _Column:
    """The values of one column, null where a record lacks it."""

    def __init__(self) -> None:
        self._parts: list[arrow.Column] = []
        self._last: list[Any] = []
        self._packed = 0

    def add(self, values: Sequence[Any] | pa.Array, before: int) -> None:
        """Append `values`; `before` records came before them."""
        self._last += [None] * (before - self._packed - len(self._last))
        if isinstance(values, pa.Array):
            self._pack()
            self._keep(values)
            return
        self._last += values
        if len(self._last) >= _PACKED:
            self._pack()

    def _pack(self) -> None:
        if self._last:
            self._keep(arrow.packed(self._last))
            self._last = []

    def _keep(self, part: arrow.Column) -> None:
        self._parts.append(part)
        self._packed += len(part)

    def take(self, count: int) -> arrow.Column:
        """The column of all `count` records."""
        self.add((), count)
        self._pack()
        return arrow.joined(self._parts)


class Builder:
    """Collects records into batches of bounded size and keeps the shard's account."""

    def __init__(
        self, columns: Columns, max_document: int, key: bytes, account: Account, wanted: Rows | None = None
    ) -> None:
        self.chosen, self.max_document, self.key, self.account = columns, max_document, key, account
        self.wanted = wanted  # rows, where not all are
        self.row = 0
        self._layouts: dict[tuple[str, ...], Layout] = {}
        self._clear()

    def _clear(self) -> None:
        self._rows: list[int] = []
        self._columns: dict[str, _Column] = {}
        self._aside: dict[int, Aside] = {}
        self._bytes = 0

    @property
    def full(self) -> bool:
        """Whether the batch should be taken before more is added."""
        return self._bytes >= BATCH_BYTES or len(self._rows) >= BATCH_ROWS

    def wants(self, count: int) -> npt.NDArray[np.int64]:
        """Which of the next `count` rows are wanted: their distances from the next."""
        if self.wanted is None:
            return np.arange(count)
        first, last = np.searchsorted(self.wanted, np.array([self.row, self.row + count], np.uint64))
        return self.wanted[first:last].astype(np.int64) - self.row

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
        self.add_all([record], cost)

    def add_all(self, records: Sequence[Record], cost: int) -> None:
        """Add records of about `cost` bytes each, whatever their columns."""
        layouts = [self.layout(tuple(record)) for record in records]
        for layout, count in Counter(layouts).items():
            self.account.count(layout, count)
        for used, alike in itertools.groupby(zip(layouts, records, strict=True), lambda pair: pair[0].used):
            pairs = list(alike)
            columns = {name: [record[name] for _, record in pairs] for name in used}
            self._append(columns, pairs[0][0], len(pairs), cost)

    def extend(self, columns: Mapping[str, Sequence[Any] | pa.Array], layout: Layout, count: int, cost: int) -> None:
        """Add `count` records, of about `cost` bytes each, by their used columns: Python values or large_string.

        Of these only the rows that are wanted.
        """
        if self.wanted is None:
            self.account.count(layout, count)
            self._append(columns, layout, count, cost)
            return
        first = self.row
        for place in self.wants(count).tolist():
            self.row = first + place
            self.account.count(layout, 1)
            self._append({name: values[place : place + 1] for name, values in columns.items()}, layout, 1, cost)
        self.row = first + count

    def _append(self, columns: Mapping[str, Sequence[Any] | pa.Array], layout: Layout, count: int, cost: int) -> None:
        if not layout.text and self.row not in self._aside:
            self.skip("no_text_column", count)
            return
        for name, values in columns.items():
            if name not in self._columns:
                self._columns[name] = _Column()
            self._columns[name].add(values, len(self._rows))
        self._rows += range(self.row, self.row + count)
        self._bytes += cost * count
        self.row += count

    def take(self) -> Batch | None:
        """The records added since the last call, or None where there are none."""
        if not self._rows:
            return None
        rows = np.array(self._rows, np.uint64)
        columns, aside = {name: column.take(len(rows)) for name, column in self._columns.items()}, self._aside
        self._clear()
        layout = self.layout(tuple(columns))
        return assemble(rows, columns, layout, aside, self.max_document, self.key, self.account)
