"""CSV: one parser, that of the standard library, over lines; a record may go over many of them, so nothing is cut.

The first record names the columns.  Cells beyond the last column are texts, too: other parsers may show them.
(RFC 4180, with what `csv` forgives: quotes inside unquoted cells, text behind a closing quote.)
"""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pyarrow as pa

from corpusscan.detector import Batch
from corpusscan.errors import UnreadableError
from corpusscan.io.layout import streams
from corpusscan.io.layout.compression import until_failure
from corpusscan.io.rows.batches import Aside
from corpusscan.io.rows.builder import Builder
from corpusscan.io.rows.columns import Layout
from corpusscan.io.rows.tables import layout_of
from corpusscan.io.rows.texts import is_clean
from corpusscan.io.shard import Shard

UNIT = "byte"
SUFFIXES = (".csv",)
MAX_RECORD = 32 * 2**20  # characters of a record: the parser holds a cell at four bytes each
MAX_CELLS, MAX_COLUMNS = 2**20, 2**14
_SOME, _ROWS = 2**20, 4096  # characters or records that are looked at together
_DELIMITERS = {"csv": ",;\t|", "tsv": "\t,;|"}

split = streams.whole


class _RefusedError(Exception):
    """The record at hand is too large; the text says under which reason it is counted."""


class _Lines:
    """Runs of lines for the parser; told where a record begins, it bounds what one may take."""

    def __init__(self, blocks: Iterator[bytes], delimiter: str) -> None:
        self._runs = _runs(blocks, delimiter)
        self.delimiter = delimiter
        self.odd = False  # whether bytes were met that are no UTF-8
        self.ended = False
        self.begin()

    def begin(self) -> None:
        """A record begins."""
        self._fed = self._cells = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> Iterable[str]:
        run = next(self._runs, None)
        if run is None:
            self.ended = True
            raise StopIteration
        # Of the first run since a record began only the end is its own.
        if self._fed > MAX_RECORD or not run.size:
            raise _RefusedError("record_too_large")
        if self._cells > MAX_CELLS:
            raise _RefusedError("too_many_values")
        self._fed += run.size
        self._cells += run.cells
        self.odd = self.odd or run.odd
        return run.lines


class _Run(NamedTuple):
    """Whole lines, their bytes, the cells they may have, whether they are no UTF-8; no bytes: of a line too long."""

    lines: Iterable[str]
    size: int
    cells: int
    odd: bool


def _runs(blocks: Iterator[bytes], delimiter: str) -> Iterator[_Run]:
    mark = delimiter.encode()
    for data in _whole_lines(blocks):
        if 0 < len(data) <= 2 * _SOME:
            text = data.decode("utf-8", "surrogateescape")
            yield _Run(io.StringIO(text, newline=""), len(data), data.count(mark), not is_clean(text))
            continue
        # A long line, with what came in the block of its end: looked at before anything is made of it.
        for line in data.splitlines(keepends=True) if data else [b""]:
            cells = line.count(mark)
            text = line.decode("utf-8", "surrogateescape") if cells <= MAX_CELLS else ""
            yield _Run((text,), len(text) and len(line), cells, not is_clean(text))


def _whole_lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Whole lines, those of a block together; b"" stands for one above MAX_RECORD bytes."""
    held: list[bytes] = []
    size, lost = 0, False
    for block in blocks:
        # A file of old may end its lines with CR alone; one at the end of a block may be half of CR LF.
        cut = max(block.rfind(b"\n"), block.rfind(b"\r", 0, len(block) - 1)) + 1
        if not cut:
            held, size = [*held, block], size + len(block)
            if size > MAX_RECORD:
                held, size, lost = [], 0, True
            continue
        begin = 0
        if lost:
            yield b""
            begin, lost = min(place for place in (block.find(b"\n"), block.find(b"\r")) if place >= 0) + 1, False
        if begin < cut:
            yield b"".join([*held, block[begin:cut]])
        held, size = [block[cut:]], len(block) - cut
    if lost or size:
        yield b"" if lost else b"".join(held)


class _Row(NamedTuple):
    """A record: its cells, or why it has none."""

    cells: list[str]
    reason: str = ""
    unclosed: bool = False  # the file ended inside a quoted cell


def _rows(lines: _Lines) -> Iterator[_Row]:
    """Records, the first one included; blank lines are none."""
    with _large_cells():
        while not lines.ended:
            # A chain that was refused a run is at its end; the parser itself goes on after what it refuses.
            parser = csv.reader(itertools.chain.from_iterable(lines), delimiter=lines.delimiter)
            try:
                yield from _parsed(parser, lines)
            except _RefusedError as refused:
                yield _Row([], str(refused))
            lines.begin()


def _parsed(parser: Iterator[list[str]], lines: _Lines) -> Iterator[_Row]:
    while True:
        try:
            for cells in parser:
                lines.begin()
                if cells:
                    yield _Row(cells, unclosed=lines.ended)
        except csv.Error as error:
            lines.begin()
            yield _Row([], "record_too_large" if "limit" in str(error) else "invalid_csv")
        else:
            return


@contextmanager
def _large_cells() -> Iterator[None]:
    before = csv.field_size_limit(MAX_RECORD)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _opened(shard: Shard, failures: list[UnreadableError]) -> tuple[list[str], _Lines, Iterator[_Row]]:
    """The names of the columns, and the records after them.  Raises `UnreadableError` without such names."""
    blocks = until_failure(streams.source(shard), failures)
    first = b""
    for block in blocks:
        first += block
        if b"\n" in block or len(first) > _SOME:
            break
    lines = _Lines(itertools.chain([first], blocks), _delimiter(first, _DELIMITERS[shard.format]))
    rows = _rows(lines)
    head = next(rows, _Row([], "no_header"))
    if head.reason or len(head.cells) > MAX_COLUMNS:
        raise failures[0] if failures else UnreadableError(head.reason or "too_many_columns", "in its first record")
    return [name.strip() for name in head.cells], lines, rows


def _delimiter(head: bytes, known: str) -> str:
    """The one that the first line has most of; of equals the first."""
    line = head.partition(b"\n")[0]
    return max(known, key=lambda one: (line.count(one.encode()), -known.index(one)))


def names(shard: Shard) -> Iterator[str]:
    """The columns of the file.  Raises `UnreadableError`."""
    yield from _opened(shard, [])[0]


def count(shard: Shard) -> int:
    """Records of the shard, as far as it can be read.  Raises `UnreadableError`."""
    return sum(1 for _ in _opened(shard, [])[2])


def schema(shard: Shard) -> pa.Schema:
    """The columns of the file, all of them strings.  Raises `UnreadableError`."""
    return pa.schema([(name, pa.large_string()) for name in names(shard)])


def tables(shard: Shard, rows: int) -> Iterator[pa.Table]:
    """The records of the shard as they are, at most so many at a time.

    Raises `UnreadableError` for those that are no rows of a table, and for bytes that are no UTF-8.
    """
    failures: list[UnreadableError] = []
    columns, lines, found = _opened(shard, failures)
    kind = pa.schema([(name, pa.large_string()) for name in columns])
    while held := list(itertools.islice(found, rows)):
        if lines.odd or any(row.reason or len(row.cells) > len(columns) for row in held):
            raise UnreadableError("invalid_csv", "cells beyond the columns, or bytes that are no UTF-8")
        cells = itertools.zip_longest(columns, *(row.cells for row in held), fillvalue="")
        yield pa.Table.from_arrays([pa.array(column[1:], pa.large_string()) for column in cells], schema=kind)
    if failures:
        raise failures[0]


def read(shard: Shard, builder: Builder) -> Iterator[Batch]:
    """Batches of the shard; counts in `builder.account` what could not be read.

    Raises `UnreadableError` where the rest of the shard cannot be read.
    """
    failures: list[UnreadableError] = []
    columns, lines, rows = _opened(shard, failures)
    layout = layout_of(columns, builder)
    reader = _Reader(columns, layout, lines, builder)
    for row in rows:
        reader.add(row)
        if builder.full and (batch := builder.take()):
            yield batch
    reader.flush()
    if failures:
        raise failures[0]


class _Reader:
    """Gathers records of as many cells as there are columns, to hand them over by column."""

    def __init__(self, columns: list[str], layout: Layout, lines: _Lines, builder: Builder) -> None:
        self.columns, self.layout, self.lines, self.builder = columns, layout, lines, builder
        self.places = {name: columns.index(name) for name in layout.used}
        self.held: list[list[str]] = []
        self.size = 0

    def add(self, row: _Row) -> None:
        """Take one record in."""
        if row.reason:
            self.flush()
            self.builder.error(row.reason)
            return
        if row.unclosed:
            self.builder.account.note("unclosed_quote")
        cells, more = row.cells, row.cells[len(self.columns) :]
        if len(cells) == len(self.columns):
            self.held.append(cells)
        else:
            self.flush()
            self.builder.account.note("ragged_record")
            self._one([*cells, *([""] * (len(self.columns) - len(cells)))], more)
        self.size += sum(map(len, cells))
        if self.size >= _SOME or len(self.held) >= _ROWS:
            self.flush()

    def flush(self) -> None:
        """Hand over what was gathered."""
        rows, self.held = self.held, []
        cost, self.size = self.size // max(len(rows), 1), 0
        if not rows:
            return
        columns: dict[str, list[str | bytes]] = {name: [row[at] for row in rows] for name, at in self.places.items()}
        if self.lines.odd:
            columns = {name: [_cell(str(cell)) for cell in cells] for name, cells in columns.items()}
        self.builder.extend(columns, self.layout, len(rows), cost)

    def _one(self, cells: list[str], more: list[str]) -> None:
        """Add a record of another length."""
        if not len(self.builder.wants(1)):
            self.builder.row += 1
            return
        aside = Aside([], [(f"#{number}", None, _cell(cell)) for number, cell in enumerate(more, len(self.columns))])
        record = {name: _cell(cell) for name, cell in zip(self.columns, cells, strict=False)}
        self.builder.add(record, sum(map(len, cells)), aside)


def _cell(text: str) -> str | bytes:
    """The cell; as bytes where these are no UTF-8."""
    return text if is_clean(text) else text.encode("utf-8", "surrogateescape")
