"""Labelled texts, read as a scan reads a corpus."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from corpusscan import io
from corpusscan.config import Columns
from corpusscan.errors import InputError

LABELS = {"1": True, "true": True, "0": False, "false": False}
LARGEST = 1 << 24  # bytes of a text that is read in one piece
_KEY = bytes(32)  # nothing here is hashed with it


@dataclass(frozen=True, eq=False)
class Examples:
    """Texts with what they are and where they are from, in the order in which they were read."""

    texts: pa.LargeStringArray
    positive: npt.NDArray[np.bool_]
    source: npt.NDArray[np.int64]  # number among `sources`
    sources: tuple[str, ...]  # by name

    def some(self, chosen: npt.NDArray[np.bool_]) -> Examples:
        """Those of them; sources keep their numbers."""
        texts = self.texts.filter(pa.array(chosen))
        return Examples(texts, self.positive[chosen], self.source[chosen], self.sources)


def read(paths: Iterable[str], columns: Columns) -> Examples:
    """The rows of JSON Lines or Parquet with a text, a label (1 or 0) and a source.

    Raises `InputError`, naming file and row, for another label or none; without sources each file is one.
    """
    texts: list[pa.LargeStringArray] = []
    labels: list[bool] = []
    sources: list[str] = []
    for path in paths:
        for shard in io.plan([path], columns, None).shards:
            for batch in io.read(shard, columns, LARGEST, _KEY, io.Account()):
                known = {row["row"]: row for row in batch.documents.select(["row", "label", "source"]).to_pylist()}
                for row in batch.texts["row"].to_pylist():
                    labels.append(_label(known[row]["label"], path, row))
                    sources.append(known[row]["source"] or path)
                texts += batch.texts["text"].chunks
    names = tuple(sorted(set(sources)))
    place = {name: number for number, name in enumerate(names)}
    column = pa.concat_arrays(texts) if texts else pa.array([], pa.large_string())
    found = Examples(column, np.array(labels, np.bool_), np.array([place[one] for one in sources], np.int64), names)
    if not found.positive.any() or found.positive.all():
        raise InputError(f"{', '.join(paths)}: training needs rows labelled 1 and rows labelled 0; one kind is missing")
    return found


def _label(told: str | None, path: str, row: int) -> bool:
    if told is None or told.lower() not in LABELS:
        raise InputError(f"{path}, row {row}: the label is {told!r}; write 1 or 0, or name its column: --label-column")
    return LABELS[told.lower()]
