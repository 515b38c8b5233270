"""Hashes of documents: keyed ones to group by, plain ones to name by.

BLAKE3 (https://github.com/BLAKE3-team/BLAKE3-specs), keyed mode where an attacker could otherwise
prepare what collides.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from blake3 import blake3

from corpusscan.detector import Batch

DIGEST_BYTES = 16


def document_digests(batch: Batch) -> list[bytes]:
    """Keyed 16-byte digest of the texts of each document, in document order."""
    return _digests(batch, batch.key)


def content_hashes(batch: Batch) -> list[str]:
    """BLAKE3-128 (hex) of the texts of each document: the same in every run and every format."""
    return [digest.hex() for digest in _digests(batch, None)]


def _digests(batch: Batch, key: bytes | None) -> list[bytes]:
    rows = batch.documents["row"].to_numpy()
    texts = batch.texts
    owner = np.searchsorted(rows, texts["row"].to_numpy())
    views = text_views(texts["text"])
    if len(views) == len(rows) and np.array_equal(owner, np.arange(len(rows))):
        return [blake3(view, key=key).digest(DIGEST_BYTES) for view in views]
    return _joined(views, owner.tolist(), texts, len(rows), key)


def _joined(views: list[memoryview], owner: list[int], texts: pa.Table, count: int, key: bytes | None) -> list[bytes]:
    """Documents of several texts: the hash of their lengths and bytes, so that borders count; of one: its bytes."""
    parts: list[list[memoryview]] = [[] for _ in range(count)]
    for document, view in zip(owner, views, strict=True):
        parts[document].append(view)
    digests = []
    for own in parts:
        hasher = blake3(key=key)
        for view in own:
            if len(own) > 1:
                hasher.update(len(view).to_bytes(8, "little"))
            hasher.update(view)
        digests.append(hasher.digest(DIGEST_BYTES))
    return digests


def text_views(column: pa.ChunkedArray) -> list[memoryview]:
    """The UTF-8 bytes of each text, without a copy."""
    views: list[memoryview] = []
    for chunk in column.chunks:
        if not len(chunk):
            continue
        offsets = np.frombuffer(chunk.buffers()[1], np.int64)[chunk.offset : chunk.offset + len(chunk) + 1].tolist()
        data = memoryview(chunk.buffers()[2] or b"")
        views += [data[start:stop] for start, stop in zip(offsets[:-1], offsets[1:], strict=True)]
    return views


def text_lengths(column: pa.ChunkedArray) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """UTF-8 bytes of each text (int64)."""
    parts = [np.frombuffer(chunk.buffers()[1], np.int64)[chunk.offset : chunk.offset + len(chunk) + 1] for chunk in column.chunks if len(chunk)]
    return np.concatenate([np.diff(part) for part in parts]) if parts else np.zeros(0, np.int64)
