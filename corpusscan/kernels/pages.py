"""The pages among the texts of a batch, and the batch as a reader sees it.

Detectors judge what a reader sees; what they find is placed in the raw page, where the reader of a report looks it up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from corpusscan.detector import Batch
from corpusscan.kernels import visible
from corpusscan.kernels.columns import buffers
from corpusscan.kernels.hashing import text_views
from corpusscan.kernels.visible import Seen

FIELD = "html"  # the column that always holds pages
_BEGIN = re.compile(
    rb"(?:\xef\xbb\xbf)?\s{0,256}(?:<\?xml\b[^<>]{0,256}>\s{0,256})?(?:<!--[^<>]{0,256}-->\s{0,256}){0,4}"
    rb"<(?:!doctype\s{1,16}html|html)[\s>]",
    re.IGNORECASE,
)
_HEAD = 2048  # bytes in which a page must show that it is one
_MAY_BEGIN = np.zeros(256, np.bool_)
_MAY_BEGIN[[*b" \t\r\n\f\v<\xef"]] = True

Key = tuple[int, str]  # row, field
_SPAN = {"row", "field", "start", "end"}


@dataclass(frozen=True)
class View:
    """A batch as a reader sees it; where it holds no page, that batch itself."""

    batch: Batch
    pages: Mapping[Key, Seen] = field(default_factory=dict)

    def raw(self, batch: Batch) -> Batch:
        """The pages of `batch`, from which this view was made, as they stand; with all that anomalies are of."""
        told = set(batch.anomalies["row"].to_pylist())
        keep = [key in self.pages or key[0] in told for key in _rows(batch.texts, "row", "field")]
        return Batch(batch.documents, batch.texts.filter(pa.array(keep, pa.bool_())), batch.anomalies, batch.key)

    def placed(self, table: pa.Table, whole: bool) -> pa.Table:
        """Rows (row, field, start, end) whose places are of visible text, with places of the raw pages.

        Where `whole`, what is all of the visible text is all of the page.  A list `places` is set to where the code
        points of `text` stand, which begins at `text_start` of `trigger_field`.
        """
        if not self.pages or not set(table.column_names) >= _SPAN:
            return table
        spans = [
            self.pages[row, name].placed(start, end, whole) if (row, name) in self.pages else (start, end)
            for row, name, start, end in _rows(table, "row", "field", "start", "end")
        ]
        columns: dict[str, list[Any]] = {name: [span[n] for span in spans] for n, name in enumerate(("start", "end"))}
        if "places" in table.column_names:
            columns["places"] = [
                self._places(*one) for one in _rows(table, "row", "trigger_field", "text_start", "text")
            ]
        for name, values in columns.items():
            at = table.schema.get_field_index(name)
            table = table.set_column(at, table.schema.field(at), pa.array(values, table.schema.field(at).type))
        return table

    def _places(self, row: int, name: str, start: int, text: str) -> list[int] | None:
        page = self.pages.get((row, name))
        return [page.placed(n, n, False)[0] for n in range(start, start + len(text) + 1)] if page else None


def _rows(table: pa.Table, *names: str) -> Iterator[tuple[Any, ...]]:
    return zip(*(table[name].to_pylist() for name in names), strict=True)


def place(row: Mapping[str, Any], at: int) -> int:
    """Where a code point of `text` stands in its field, in a row that `View.placed` may have set `places` of."""
    places = row["places"]
    return int(places[min(at, len(places) - 1)]) if places else int(row["text_start"]) + at


def view(batch: Batch) -> View:
    """The batch as a reader sees it: ask for it as a feature of the batch."""
    keys = _pages(batch)
    if not keys:
        return View(batch)
    texts, views = batch.texts, text_views(batch.texts["text"])
    starts = texts["start"].to_numpy().copy()
    found: dict[Key, Seen] = {}
    new: dict[int, memoryview | bytes] = {}
    for key, numbers in keys.items():
        raw, places = _whole([views[n] for n in numbers], starts[numbers])
        seen = visible.seen(np.frombuffer(raw, np.uint8))
        found[key] = seen
        for number, (start, part) in zip(numbers, _parts(seen, places), strict=True):
            starts[number], new[number] = start, part
    mask = np.zeros(len(texts), np.bool_)
    mask[list(new)] = True
    shown = pa.array([new[n] for n in sorted(new)], pa.large_binary()).cast(pa.large_string())
    column = pc.replace_with_mask(texts["text"].combine_chunks(), pa.array(mask), shown)
    texts = texts.set_column(texts.schema.get_field_index("text"), texts.schema.field("text"), column)
    texts = texts.set_column(texts.schema.get_field_index("start"), texts.schema.field("start"), pa.array(starts))
    texts = texts.filter(pc.fill_null(pc.greater(pc.binary_length(texts["text"]), 0), True))
    # What was wrong with the bytes of a page is told of the page as it stands.
    return View(Batch(batch.documents, texts, batch.anomalies.slice(0, 0), batch.key), found)


def _pages(batch: Batch) -> dict[Key, list[int]]:
    """The numbers of the texts of each page, in order; a page that is long comes in pieces."""
    texts = batch.texts
    named = pc.equal(texts["field"], FIELD)
    views = _suspects(texts["text"])
    candidates = np.flatnonzero(named.to_numpy(zero_copy_only=False).astype(np.bool_) | views).tolist()
    keys: dict[Key, list[int]] = {}
    rows, starts = texts["row"], texts["start"]
    split = bool(pc.any(pc.greater(starts, 0)).as_py())
    for number in candidates:
        text = texts["text"][number]
        if not text.is_valid or starts[number].as_py():
            continue
        name = texts["field"][number].as_py()
        if name == FIELD or _BEGIN.match(text.as_buffer(), 0, _HEAD):
            keys[rows[number].as_py(), name] = [number]
    if keys and split:
        for number in np.flatnonzero(starts.to_numpy() > 0).tolist():
            if (key := (rows[number].as_py(), texts["field"][number].as_py())) in keys:
                keys[key].append(number)
    return keys


def _suspects(column: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Texts that begin with white space, a mark or a tag: the only ones that may begin like a page."""
    parts = [np.zeros(0, np.bool_)]
    for chunk in column.chunks:
        octets, first = buffers(chunk)
        suspect = first[1:] > first[:-1]
        suspect[suspect] = _MAY_BEGIN[octets[first[:-1][suspect]]]
        parts.append(suspect)
    return np.concatenate(parts)


def _whole(views: list[memoryview], starts: npt.NDArray[np.int64]) -> tuple[memoryview | bytes, list[tuple[int, int]]]:
    """A page from its overlapping pieces, and begin and end of each in its code points."""
    if len(views) == 1:
        return views[0], [(0, np.iinfo(np.int64).max)]
    done, parts, places = 0, [], []
    for data, start in zip(views, starts.tolist(), strict=True):
        text = str(data, "utf-8")
        parts.append(text[done - start :])
        done = start + len(text)
        places.append((start, done))
    return "".join(parts).encode(), places


def _parts(seen: Seen, places: list[tuple[int, int]]) -> list[tuple[int, memoryview | bytes]]:
    """The visible text that stands in each piece of the page, with where it begins."""
    if len(places) == 1:
        return [(0, seen.text.data if len(seen.text) else b"")]
    text = seen.text.tobytes().decode()
    bounds = [(seen.behind(start), seen.behind(end)) for start, end in places]
    return [(begin, text[begin:end].encode()) for begin, end in bounds]
