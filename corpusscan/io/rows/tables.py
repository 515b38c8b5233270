"""Record batches of Arrow become batches of documents: whatever file they stood in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from corpusscan.detector import Batch
from corpusscan.errors import UnreadableError
from corpusscan.io.rows import arrow
from corpusscan.io.rows.batches import assemble
from corpusscan.io.rows.builder import BATCH_BYTES, BATCH_ROWS, Builder
from corpusscan.io.rows.columns import MAX_NAMES, Layout
from corpusscan.io.rows.features import NONE, Features, named

FEW = 128  # rows that are spelled out before anybody looks at how much that made


def runs(sizes: Sequence[int], target: int) -> list[tuple[int, int, int]]:
    """Runs (start, stop, bytes) of parts of these sizes, of about `target` bytes; an empty one where there are none."""
    told, start, size = [], 0, 0
    for stop, part in enumerate(sizes, 1):
        size += part
        if stop == len(sizes) or size >= target:
            told.append((start, stop, size))
            start, size = stop, 0
    return told or [(0, 0, 0)]


def layout_of(columns: list[str], builder: Builder, known: Features = NONE) -> Layout:
    """How these columns are used; media are not scanned, whatever their name.

    Raises `UnreadableError` where one of those that are used has its name twice.
    """
    layout = builder.layout(tuple(name for name in columns if name not in known.media))
    if aside := known.media.intersection(columns):
        layout = replace(layout, unscanned=(*layout.unscanned, *sorted(aside))[:MAX_NAMES])
    if len(set(columns)) < len(columns) and any(columns.count(name) > 1 for name in layout.used):
        raise UnreadableError("duplicate_column", "two columns of one name")
    return layout


def gathered(parts: Iterable[pa.RecordBatch], layout: Layout) -> Iterator[pa.RecordBatch]:
    """The same rows with their strings spelled out, in batches that are bounded by what they then hold.

    A dictionary and a view let one string stand in millions of rows.
    """
    held: list[pa.RecordBatch] = []
    rows = size = 0
    try:
        for part in parts:
            for few in _spelled(part, layout):
                held.append(few)
                rows, size = rows + len(few), size + few.nbytes
                if few is part or size >= 4 * BATCH_BYTES or rows >= BATCH_ROWS:
                    yield held[0] if len(held) == 1 else pa.concat_batches(held)
                    held, rows, size = [], 0, 0
    except Exception:
        if held:  # what was decoded before the damage is data
            yield pa.concat_batches(held)
        raise
    if held:
        yield pa.concat_batches(held)


def _spelled(rows: pa.RecordBatch, layout: Layout) -> Iterator[pa.RecordBatch]:
    """The rows as they are, or a few at a time where strings stand elsewhere."""
    columns = {name: arrow.once(rows[name]) for name in layout.used}
    elsewhere = [name for name, column in columns.items() if arrow.stands_elsewhere(column.type)]
    if not elsewhere:
        yield rows
        return
    for start in range(0, len(rows), FEW):
        few = {name: column.slice(start, FEW) for name, column in columns.items()}
        yield pa.RecordBatch.from_pydict(few | {name: arrow.raw(few[name]) for name in elsewhere})


def _taken(rows: pa.RecordBatch, layout: Layout, places: npt.NDArray[np.int64]) -> pa.RecordBatch:
    """Some rows; texts are checked first, as Arrow takes from no array of views."""
    plain = {name: arrow.checked(rows[name]) for name in layout.used}
    return pa.RecordBatch.from_pydict(plain).take(pa.array(places))


def batches(rows: pa.RecordBatch, layout: Layout, builder: Builder, known: Features = NONE) -> Iterator[Batch]:
    """Batches of bounded size of the wanted rows among these, which are the builder's next; classes by their names."""
    if not layout.text:
        return builder.skip("no_text_column", len(rows))
    numbers, following = builder.row + builder.wants(len(rows)), builder.row + len(rows)
    rows = _taken(rows, layout, numbers - builder.row) if builder.wanted is not None else rows
    size = max(sum(rows[name].nbytes for name in layout.text), 1)
    step = min(max(len(rows) * BATCH_BYTES // size, 1), BATCH_ROWS)
    for start in range(0, len(rows), step):
        part = rows.slice(start, step)
        columns: dict[str, arrow.Column] = {name: arrow.checked(part[name]) for name in layout.used}
        for name in known.classes.keys() & set(layout.label):
            columns[name] = named(columns[name], known.classes[name], builder.account)
        own = numbers[start : start + step].astype(np.uint64)
        batch = assemble(own, columns, layout, {}, builder.max_document, builder.key, builder.account)
        builder.account.count(layout, len(part))
        builder.row = int(own[-1]) + 1
        yield batch
    builder.row = following
    return None
