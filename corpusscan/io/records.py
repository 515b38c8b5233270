"""Records (parsed JSON objects) become batches; texts inside nested values keep their own path."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

import pyarrow as pa

from corpusscan import schema
from corpusscan.config import Columns
from corpusscan.detector import Batch
from corpusscan.io.account import Account
from corpusscan.io.columns import ADDRESSES, Layout, host

BATCH_BYTES = 8 * 2**20
BATCH_ROWS = 16_384
OVERLAP = 4_096  # code points that neighbouring pieces of a long text share
ROLE_KEYS = ("role", "from", "speaker")
_SURROGATE = re.compile("[\ud800-\udfff]")

Anomaly = tuple[str, str, str]  # field, kind, detail
Text = tuple[str, str | None, str]  # field, role, text


class Builder:
    """Collects records into batches of bounded size and keeps the shard's account."""

    def __init__(self, columns: Columns, max_document: int, key: bytes, account: Account) -> None:
        self.columns, self.max_document, self.key, self.account = columns, max_document, key, account
        self.row = 0
        self._layouts: dict[tuple[str, ...], Layout] = {}
        self._clear()

    def _clear(self) -> None:
        self._documents: list[tuple[int, str | None, str | None, datetime | None, str | None]] = []
        self._texts: list[tuple[int, str, str | None, int, str]] = []
        self._anomalies: list[tuple[int, str, str, str]] = []
        self._bytes = 0

    @property
    def full(self) -> bool:
        """Whether the batch should be taken before more is added."""
        return self._bytes >= BATCH_BYTES or len(self._documents) >= BATCH_ROWS

    def layout(self, names: tuple[str, ...]) -> Layout:
        """The layout of these column names, remembered; an attacker's endless names are not."""
        known = self._layouts.get(names)
        if known is None:
            if len(self._layouts) >= 1024:
                self._layouts.clear()
            known = self._layouts[names] = Layout.of(names, self.columns)
        return known

    def skip(self, reason: str) -> None:
        """One record was left out by decision."""
        self.account.skip(reason)
        self.row += 1

    def error(self, reason: str) -> None:
        """One record could not be read."""
        self.account.error(reason)
        self.row += 1

    def add(
        self,
        record: dict[str, Any],
        cost: int,
        anomalies: Sequence[Anomaly] = (),
        extra: Sequence[Text] = (),
        layout: Layout | None = None,
    ) -> None:
        """Add one record of about `cost` bytes; `extra` are texts that the parsed object hides."""
        layout = layout or self.layout(tuple(record))
        self.account.count(layout, 1)
        if not layout.text and not extra:
            self.skip("no_text_column")
            return
        if layout.text and not anomalies and not extra and self._add_plain(record, layout):
            pass
        else:
            self._add_nested(record, layout, anomalies, extra)
        self._describe(record, layout)
        self.account.scanned += 1
        self._bytes += cost
        self.row += 1

    def _add_plain(self, record: dict[str, Any], layout: Layout) -> bool:
        """The common case: every text column holds a string of ordinary length."""
        values = [record[name] for name in layout.text]
        if any(type(value) is not str or len(value) * 4 > self.max_document for value in values):
            return False
        self._texts += [(self.row, name, None, 0, value) for name, value in zip(layout.text, values, strict=True) if value]
        if not any(values):
            self.account.note("nothing_to_scan")
        return True

    def _add_nested(
        self, record: dict[str, Any], layout: Layout, anomalies: Sequence[Anomaly], extra: Sequence[Text]
    ) -> None:
        found = list(extra)
        for name in layout.text:
            found += walk(record[name], name, self.account)
        if not any(text for _, _, text in found):
            self.account.note("nothing_to_scan")
        for field, role, text in found:
            clean, bad = _SURROGATE.subn("\ufffd", text)
            if bad:
                anomalies = [*anomalies, (field, "lone_surrogate", f"{bad} code points")]
            self._texts += [(self.row, field, role, start, piece) for start, piece in pieces(clean, self.max_document)]
        for _, kind, _ in anomalies:
            self.account.note(kind)
        self._anomalies += [(self.row, *_without_surrogates(anomaly)) for anomaly in anomalies]

    def _describe(self, record: dict[str, Any], layout: Layout) -> None:
        time = _first(record, layout.time)
        moment = instant(time) if time is not None else None
        source = _source(record, layout)
        self.account.without["source"] += source is None
        self.account.without["time"] += moment is None
        if time is not None and moment is None:
            self.account.note("unreadable_time")
        identity, label = _first(record, layout.id), _first(record, layout.label)
        self._documents.append((self.row, _label(identity), source, moment, _label(label)))

    def take(self) -> Batch | None:
        """The records added since the last call, or None where there are none."""
        if not self._documents:
            return None
        batch = Batch(
            documents=_table(self._documents, schema.DOCUMENTS),
            texts=_table(self._texts, schema.TEXTS),
            anomalies=_table(self._anomalies, schema.ANOMALIES),
            key=self.key,
        )
        self.account.text_bytes += text_bytes(batch)
        self._clear()
        return batch


def text_bytes(batch: Batch) -> int:
    """Bytes of text in a batch, as UTF-8."""
    return sum(
        chunk.buffers()[1] is not None and _span(chunk) for chunk in batch.texts["text"].chunks if len(chunk)
    )


def _span(chunk: pa.Array) -> int:
    offsets = memoryview(chunk.buffers()[1]).cast("q")
    return int(offsets[chunk.offset + len(chunk)] - offsets[chunk.offset])


def _table(rows: list[tuple[Any, ...]], layout: pa.Schema) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else [[] for _ in layout]
    return pa.Table.from_arrays(
        [pa.array(list(column), kind.type) for column, kind in zip(columns, layout, strict=True)], schema=layout
    )


def walk(value: Any, path: str, account: Account) -> Iterator[Text]:
    """All texts inside `value`, each with the path by which a reader of the file would name it.

    Iterative: how deep a record nests is the attacker's choice.
    """
    stack: list[tuple[Any, str, str | None]] = [(value, path, None)]
    while stack:
        value, path, role = stack.pop()
        if isinstance(value, str):
            yield path, role, value
        elif isinstance(value, dict):
            role = next((value[key] for key in ROLE_KEYS if isinstance(value.get(key), str)), role)
            inner = [(item, f"{path}.{key}", role) for key, item in value.items() if key not in ROLE_KEYS]
            stack += reversed(inner)
        elif isinstance(value, list | tuple):
            stack += [(value[index], f"{path}[{index}]", role) for index in reversed(range(len(value)))]
        elif isinstance(value, int | float) and not isinstance(value, bool):
            account.note("number_as_text")
            yield path, role, str(value)


def pieces(text: str, limit: int) -> Iterator[tuple[int, str]]:
    """`text` whole, or cut into overlapping pieces of at most `limit` UTF-8 bytes, with their start."""
    if len(text) * 4 <= limit or (text.isascii() and len(text) <= limit):
        if text:
            yield 0, text
        return
    step = limit // 4
    for start in range(0, max(len(text) - OVERLAP, 1), step - OVERLAP):
        yield start, text[start : start + step]


def _first(record: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((record[name] for name in names if record[name] is not None and record[name] != ""), None)


def _source(record: dict[str, Any], layout: Layout) -> str | None:
    for name in layout.source:
        value = record[name]
        if isinstance(value, str) and value:
            return _label(host(value) if name in ADDRESSES else value)
    return None


def _label(value: Any) -> str | None:
    if value is None:
        return None
    text = value if type(value) is str else str(value)
    return _SURROGATE.sub("\ufffd", text[:1024])


def _without_surrogates(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_SURROGATE.sub("\ufffd", text) for text in texts)


@lru_cache(maxsize=65_536)
def _parse_time(value: str | float) -> datetime | None:
    if isinstance(value, int | float):
        # Seconds, milliseconds or microseconds since 1970, told apart by magnitude (1973 to 5138 AD each).
        seconds = value / (1e6 if abs(value) >= 1e14 else 1e3 if abs(value) >= 1e11 else 1)
        return datetime.fromtimestamp(seconds, UTC)
    text = value.strip()
    if text.replace(".", "", 1).isdigit() and len(text) >= 9:
        return _parse_time(float(text))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = parsedate_to_datetime(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def instant(value: Any) -> datetime | None:
    """The moment meant by an ISO 8601 or e-mail date, a datetime, or a Unix time; None where unclear."""
    try:
        if isinstance(value, datetime):
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return _parse_time(value) if len(str(value)) <= 64 else None
    except (ValueError, OverflowError, OSError, TypeError, IndexError):
        return None
    return None
